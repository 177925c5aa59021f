package formtest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/governance"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// The accounts: genesis call i makes member and account i.
var (
	acme    = actor(0, "acme")    // obligor
	limited = actor(1, "limited") // obligor whose account has limits
	alpha   = actor(2, "alpha")   // suppliers, who open one-time accounts
	beta    = actor(3, "beta")
	court   = actor(4, "court")

	alphaOnce = once("alpha once")
	betaOnce  = once("beta once")
	unopened  = once("unopened")
)

func actor(call uint32, name string) kerneltest.Actor {
	seed := kernelv1.GenesisSeed(kerneltest.ChainID)
	return kerneltest.Actor{
		Member: kernelv1.CreatedID(seed, call, 0), ID: kernelv1.CreatedID(seed, call, 1), Signers: []key.Signer{kerneltest.Signer(name)},
	}
}

// once is a one-time account with its key.
func once(name string) kerneltest.Actor {
	s := kerneltest.Signer(name)
	return kerneltest.Actor{ID: oneTimeOf(s.Public()), Signers: []key.Signer{s}}
}

// machine is the chain's four modules and the second form.
func machine(chain string) *kernel.Machine {
	m := members.New()
	s, d := &Sealed{members: m}, deposit.New(m)
	return kernel.NewMachine(chain, s,
		m.Module(), governance.New(m).Module(), d.Module(), voucher.New(m, d).Module(), s.Module())
}

func genesis() *kernel.Genesis {
	limits := []*membersv1.Limit{{Currency: "CNY", PerTransactionMinor: 100, PerDayMinor: 100}}
	return &kernel.Genesis{Development: true, UTCOffsetS: 8 * 3600, Calls: []kernel.GenesisCall{
		admit("acme", membersv1.RoleCoreEnterprise), admit("limited", membersv1.RoleCoreEnterprise, limits...),
		admit("alpha", membersv1.RoleSupplier), admit("beta", membersv1.RoleSupplier), admit("court", membersv1.RoleAuthority),
		kerneltest.GenesisCall(&voucherv1.SetLine{Obligor: acme.ID.Bytes(), Currency: "CNY", LimitMinor: 1_000_000}),
	}}
}

func admit(name string, roles uint32, limits ...*membersv1.Limit) kernel.GenesisCall {
	pub := kerneltest.Signer(name).Public()
	return kerneltest.GenesisCall(&membersv1.AdmitMember{
		Legal: &membersv1.Legal{Name: name, CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_LEI, Credential: lei(name)},
		Roles: roles,
		Policy: &membersv1.Policy{Threshold: 1, Limits: limits, Keys: []*membersv1.Key{
			{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN},
		}},
	})
}

// lei is a legal entity identifier that a name determines.
func lei(name string) string {
	digits := fmt.Sprintf("%X", id.Hash(name).Bytes())[:18]
	for check := range 100 {
		if s := fmt.Sprintf("%s%02d", digits, check); membersv1.ValidLEI(s) {
			return s
		}
	}
	panic("no check digits fit " + digits)
}

// ledger is a test chain whose blocks go through the index too.
type ledger struct {
	*kerneltest.Chain
	index *index.Index
	side  side
	first *kernel.Overlay
	last  *kernel.Outcome
}

// side is where the index is read from.
type side struct{ *kerneltest.Memory }

func (s side) Get(k []byte) ([]byte, bool, error) {
	v, ok := s.Memory.Get(k)
	return v, ok, nil
}

func (s side) Range(start, end []byte, reverse bool, fn func(k, v []byte) bool) error {
	if reverse {
		return fmt.Errorf("the memory walks forward alone")
	}
	s.Memory.Range(start, end, fn)
	return nil
}

// start begins a chain from a genesis that has gone through its file.
func start(t *testing.T, chain string, g *kernel.Genesis) *ledger {
	t.Helper()
	file, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	if g, err = kernel.ParseGenesis(file); err != nil {
		t.Fatal(err)
	}
	m, mem := machine(chain), kerneltest.NewMemory()
	l := &ledger{
		Chain: &kerneltest.Chain{TB: t, M: m, Mem: mem, Time: kerneltest.Start},
		index: index.New(m.Collections()), side: side{kerneltest.NewMemory()},
	}
	if l.first, _, err = m.InitGenesis(mem, g, kernel.Info{TimeUnixS: l.Time}); err != nil {
		t.Fatal(err)
	}
	l.IDs = kernel.LoadIDs(m.View(mem, kernel.Info{}))
	l.block()
	return l
}

// block runs transactions in a block, a second after the last; index and state are written together.
func (l *ledger) block(txs ...*kernel.Tx) []kernel.Result {
	l.TB.Helper()
	l.Height++
	l.Time++
	state := kernel.NewOverlay(l.Mem)
	if l.first != nil {
		state, l.first = l.first, nil
	}
	run := l.M.Begin(state, kernel.Info{Height: l.Height, TimeUnixS: l.Time, Hash: binary.BigEndian.AppendUint64(nil, uint64(l.Height))}, l.IDs)
	var results []kernel.Result
	for _, tx := range txs {
		results = append(results, run.Deliver(tx))
	}
	l.last = run.End()
	changes, err := l.index.Changes(index.Block{Height: l.Height, TimeUnixS: l.Time, Results: results, Outcome: l.last, Before: l.Mem.Get})
	if err != nil {
		l.TB.Fatal(err)
	}
	for _, c := range changes {
		l.side.Apply([]kernel.Change{{Key: c.Key, Value: c.Value}})
	}
	l.Mem.Apply(l.last.Changes)
	l.IDs.Apply(l.last.IDs)
	if bad := l.M.CheckInvariants(l.View()); len(bad) > 0 {
		l.TB.Fatalf("height %d: %s", l.Height, strings.Join(bad, "\n"))
	}
	return results
}

// parsed is a judged transaction of an actor's calls.
func (l *ledger) parsed(a kerneltest.Actor, ms ...proto.Message) (*kernel.Tx, error) {
	var calls []*txv1.Call
	for _, m := range ms {
		calls = append(calls, kerneltest.Call(a, m))
	}
	body := l.Body(a, calls...)
	body.ChainId = l.M.Chain()
	return l.Judge(l.Sign(body, a))
}

func (l *ledger) do(a kerneltest.Actor, ms ...proto.Message) kernel.Result {
	tx, err := l.parsed(a, ms...)
	if err != nil {
		return kernel.Result{Err: err}
	}
	return l.block(tx)[0]
}

func (l *ledger) must(a kerneltest.Actor, ms ...proto.Message) kernel.Result {
	l.TB.Helper()
	r := l.do(a, ms...)
	if r.Err != nil {
		l.TB.Fatalf("%s: %v", kerneltest.Method(ms[0]), r.Err)
	}
	return r
}

func (l *ledger) refused(want *errs.Code, a kerneltest.Actor, m proto.Message) {
	l.TB.Helper()
	if r := l.do(a, m); errs.CodeOf(r.Err) != want {
		l.TB.Errorf("%s: want %s, got %v", kerneltest.Method(m), want.Name, r.Err)
	}
}

// pass moves time forward by seconds and makes a block.
func (l *ledger) pass(seconds int64) {
	l.Time += seconds
	l.block()
}

// listed are a list's state keys. It checks them against the proven count, as a wallet does.
func (l *ledger) listed(name string, class uint32, of kerneltest.Actor) [][]byte {
	l.TB.Helper()
	keys, more, err := index.List(l.side, name, of.ID, nil, 100)
	if err != nil || more {
		l.TB.Fatal(more, err)
	}
	total := l.Totals(of.ID).Total(class, "")
	if int(total.Count) != len(keys) || total.AmountMinor != 0 {
		l.TB.Errorf("%s has %d records, the totals say %d with %d", name, len(keys), total.Count, total.AmountMinor)
	}
	return keys
}

// part is the only part on a list; nil where there is none.
func (l *ledger) part(name string, class uint32, of kerneltest.Actor) *Part {
	l.TB.Helper()
	keys := l.listed(name, class, of)
	if len(keys) == 0 {
		return nil
	}
	p := &Part{}
	if len(keys) > 1 || !l.Read(keys[0], p) {
		l.TB.Fatalf("%s has %d records", name, len(keys))
	}
	return p
}

func (l *ledger) held(of kerneltest.Actor) *Part { return l.part(listHeld, classHeld, of) }

func (l *ledger) offered(of kerneltest.Actor) *Part { return l.part(listOffered, classOffered, of) }

func (l *ledger) incoming(of kerneltest.Actor) *Part { return l.part(listIncoming, classIncoming, of) }
