package kerneltest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// ChainID is the id of test chains.
const ChainID = "test-1"

// Start is the time of genesis: 2026-01-05 00:00:00 UTC.
const Start = 1_767_571_200

// Chain is a machine with its state.
type Chain struct {
	TB         testing.TB
	M          *kernel.Machine
	Mem        *Memory
	IDs        *kernel.IDSet
	Height     int64
	Time       int64
	Validators []kernel.ValidatorUpdate
	// NoInvariants switches the check after every block off, for tests that plant a fault.
	NoInvariants bool
	// Misbehaviour is what the next block proves of validators.
	Misbehaviour []kernel.Misbehaviour
	first        *kernel.Overlay
	number       uint64
}

// Actor is an account with the keys that sign for it.
type Actor struct {
	ID      id.ID
	Member  id.ID
	Signers []key.Signer
}

// New starts a chain whose genesis makes the calls.
func New(tb testing.TB, m *kernel.Machine, calls ...kernel.GenesisCall) *Chain {
	tb.Helper()
	c := &Chain{TB: tb, M: m, Mem: NewMemory(), Time: Start}
	state, updates, err := m.InitGenesis(c.Mem, &kernel.Genesis{Development: true, UTCOffsetS: 8 * 3600, Calls: calls}, kernel.Info{TimeUnixS: Start})
	if err != nil {
		tb.Fatal(err)
	}
	c.first, c.Validators, c.IDs = state, updates, kernel.LoadIDs(m.View(c.Mem, kernel.Info{}))
	c.Block()
	return c
}

// GenesisCall makes a call of genesis from a message.
func GenesisCall(m proto.Message) kernel.GenesisCall {
	b, err := protojson.Marshal(m)
	if err != nil {
		panic(err)
	}
	return kernel.GenesisCall{Method: Method(m), Message: b}
}

// Method is the name of a message's method: splittally.voucher.v1.Transfer is voucher.Transfer.
func Method(m proto.Message) string {
	parts := strings.Split(string(m.ProtoReflect().Descriptor().FullName()), ".")
	return parts[1] + "." + parts[3]
}

// Signer is a key that a name determines.
func Signer(name string) key.Signer {
	secret := id.Hash("test key", []byte(name))
	s, err := key.FromSecret(key.Secp256k1, secret[:])
	if err != nil {
		panic(err)
	}
	return s
}

// Call makes a call of a transaction, acting as an actor.
func Call(as Actor, m proto.Message) *txv1.Call {
	b, err := txv1.Encode(m)
	if err != nil {
		panic(err)
	}
	return &txv1.Call{As: as.ID.Bytes(), Method: Method(m), Message: b}
}

// Body makes a fresh body from a sender.
func (c *Chain) Body(sender Actor, calls ...*txv1.Call) *txv1.Body {
	c.number++
	txID := make([]byte, txv1.IDSize)
	binary.BigEndian.PutUint64(txID, c.number)
	return &txv1.Body{ChainId: ChainID, Sender: sender.ID.Bytes(), Id: txID, ExpiresUnixS: c.Time + txv1.WindowS/2, Calls: calls}
}

// Sign signs a body with the actors' keys, each key once.
func (c *Chain) Sign(body *txv1.Body, actors ...Actor) []byte {
	var signers []key.Signer
	for _, a := range actors {
		for _, s := range a.Signers {
			if !has(signers, s) {
				signers = append(signers, s)
			}
		}
	}
	raw, _, err := txv1.Sign(body, signers...)
	if err != nil {
		c.TB.Fatal(err)
	}
	return raw
}

func has(all []key.Signer, s key.Signer) bool {
	for _, o := range all {
		if o.Public().Equal(s.Public()) {
			return true
		}
	}
	return false
}

// Do sends one transaction of the actor's calls in a block of its own.
func (c *Chain) Do(a Actor, ms ...proto.Message) kernel.Result {
	c.TB.Helper()
	var calls []*txv1.Call
	for _, m := range ms {
		calls = append(calls, Call(a, m))
	}
	return c.Raw(c.Sign(c.Body(a, calls...), a))
}

// Must is Do, and fails the test where the transaction is refused.
func (c *Chain) Must(a Actor, ms ...proto.Message) kernel.Result {
	c.TB.Helper()
	r := c.Do(a, ms...)
	if r.Err != nil {
		c.TB.Fatalf("%s: %v", Method(ms[0]), r.Err)
	}
	return r
}

// Refused is Do, and fails the test unless the transaction is refused with the code.
func (c *Chain) Refused(code *errs.Code, a Actor, ms ...proto.Message) {
	c.TB.Helper()
	if r := c.Do(a, ms...); !errors.Is(r.Err, code) {
		c.TB.Errorf("%s: want %s, got %v", Method(ms[0]), code.Name, r.Err)
	}
}

// Raw sends bytes: judged as a node judges them, then run in a block of their own.
func (c *Chain) Raw(raw []byte) kernel.Result {
	c.TB.Helper()
	tx, err := c.Judge(raw)
	if err != nil {
		return kernel.Result{Err: err, Code: kernel.CodeNumber(err)}
	}
	return c.Block(tx)[0]
}

// Judge parses and judges bytes against committed state.
func (c *Chain) Judge(raw []byte) (*kernel.Tx, error) {
	tx, err := c.M.Parse(raw)
	if err != nil {
		return nil, err
	}
	return tx, c.M.Judge(c.View(), tx, c.IDs, key.Verify)
}

// Block runs transactions in one block, a second after the last, and commits.
func (c *Chain) Block(txs ...*kernel.Tx) []kernel.Result {
	c.TB.Helper()
	c.Height++
	c.Time++
	state := kernel.NewOverlay(c.Mem)
	if c.first != nil {
		state, c.first = c.first, nil
	}
	info := c.info()
	info.Misbehaviour, c.Misbehaviour = c.Misbehaviour, nil
	run := c.M.Begin(state, info, c.IDs)
	var out []kernel.Result
	for _, tx := range txs {
		out = append(out, run.Deliver(tx))
	}
	o := run.End()
	c.Mem.Apply(o.Changes)
	c.IDs.Apply(o.IDs)
	c.Validators = append(c.Validators, o.Validators...)
	if !c.NoInvariants {
		if bad := c.M.CheckInvariants(c.View()); len(bad) > 0 {
			c.TB.Fatalf("height %d: %s", c.Height, strings.Join(bad, "\n"))
		}
	}
	return out
}

func (c *Chain) info() kernel.Info {
	h := id.Hash("block hash", binary.BigEndian.AppendUint64(nil, uint64(c.Height)))
	return kernel.Info{Height: c.Height, TimeUnixS: c.Time, Hash: h.Bytes()}
}

// Advance moves block time forward and makes a block.
func (c *Chain) Advance(seconds int64) {
	c.TB.Helper()
	c.Time += seconds
	c.Block()
}

// View is a context over committed state.
func (c *Chain) View() *kernel.Ctx { return c.M.View(c.Mem, c.info()) }

// Read decodes the committed record at a state key; false where there is none.
func (c *Chain) Read(stateKey []byte, into proto.Message) bool {
	c.TB.Helper()
	raw, ok := c.Mem.Get(stateKey)
	if ok {
		if err := kernelv1.Unframe(raw, into); err != nil {
			c.TB.Fatal(err)
		}
	}
	return ok
}

// Totals are the totals of an account.
func (c *Chain) Totals(account id.ID) *kernelv1.Totals { return c.View().Totals(account) }

// Plant writes a record as no handler would, so that an invariant is shown to catch it; nil deletes.
func (c *Chain) Plant(stateKey []byte, m proto.Message) {
	var v []byte
	if m != nil {
		b, err := txv1.Encode(m)
		if err != nil {
			c.TB.Fatal(err)
		}
		v = append(bytes.Repeat([]byte{7}, kernelv1.MarkSize), b...)
	}
	c.Mem.Apply([]kernel.Change{{Key: stateKey, Value: v}})
}

// Case is one row of a table: what an actor does, and what must come of it.
type Case struct {
	Name  string
	As    Actor
	Do    proto.Message
	Want  *errs.Code // nil: it takes effect
	After func(*Chain)
}

// Run plays each case on a chain of its own that setup makes.
func Run(t *testing.T, setup func(testing.TB) *Chain, cases []Case) {
	for i, tc := range cases {
		t.Run(fmt.Sprintf("%02d %s", i, tc.Name), func(t *testing.T) {
			c := setup(t)
			r := c.Do(tc.As, tc.Do)
			if tc.Want == nil && r.Err != nil || tc.Want != nil && !errors.Is(r.Err, tc.Want) {
				t.Fatalf("want %v, got %v", tc.Want, r.Err)
			}
			if tc.After != nil {
				tc.After(c)
			}
		})
	}
}
