package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"google.golang.org/protobuf/proto"
)

// Bounds of a client under faults.
const (
	tryTime  = 6 * time.Second  // of one dialling, or one wait for an outcome, before another node is asked
	lifetime = 30 * time.Second // of a transaction
	settling = 4 * time.Minute  // of one transaction, however often the nodes fail
	retry    = 100 * time.Millisecond
)

// The world that load works on.
const (
	holderCount = 500 // accounts whose balances a heavy transaction changes
	mintCalls   = 100 // of a heavy transaction: the most that one may have
	currency    = "CNY"
	stakeMinor  = 1_000_000_000
)

// client is one account that goes on sending whatever happens to the nodes: it asks another node where one does not
// answer, and gives no transaction up before it knows what became of it.
type client struct {
	role   devnet.Role
	ends   []sdk.Endpoint
	trust  sdk.Trust
	at     int // the node that is asked now
	conn   *sdk.Client
	ledger *ledger
	next   func() []proto.Message
}

// connected dials the node that is asked now, with the others as witnesses.
func (c *client) connected(ctx context.Context) (*sdk.Client, error) {
	if c.conn != nil {
		return c.conn, nil
	}
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	conf := sdk.Config{Trust: c.trust, Account: c.role.Account, Signer: c.role.Signer, Alone: len(c.ends) == 1}
	for i := range c.ends {
		conf.Endpoints = append(conf.Endpoints, c.ends[(c.at+i)%len(c.ends)])
	}
	conn, err := sdk.Dial(ctx, conf)
	if err != nil {
		c.turn()
		return nil, err
	}
	c.conn = conn
	return conn, nil
}

// turn leaves the node that is asked now for the next.
func (c *client) turn() {
	c.close()
	c.at = (c.at + 1) % len(c.ends)
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing is kept
		c.conn = nil
	}
}

// work sends one transaction after the other until work ends, and settles the last within the time that ctx gives.
func (c *client) work(ctx context.Context, end <-chan struct{}) {
	defer c.close()
	for ctx.Err() == nil {
		select {
		case <-end:
			return
		default:
		}
		if _, err := c.send(ctx, c.next()...); err != nil {
			_ = pause(ctx, retry)
		}
	}
}

// send signs and sends messages as one transaction and waits until it is settled.
func (c *client) send(ctx context.Context, messages ...proto.Message) (sdk.Outcome, error) {
	d, err := c.draft(ctx, messages)
	if err != nil {
		return sdk.Outcome{}, err
	}
	c.ledger.count(&c.ledger.sent)
	began := time.Now()
	var o sdk.Outcome
	for time.Since(began) < settling {
		var known bool
		if o, known, err = c.try(ctx, d); known {
			c.note(o, err, began)
			return o, err
		}
		if pause(ctx, retry) != nil {
			break
		}
	}
	c.ledger.count(&c.ledger.open)
	return o, fmt.Errorf("a transaction of %s is not settled: %w", c.role.Name, err)
}

func (c *client) draft(ctx context.Context, messages []proto.Message) (*sdk.Draft, error) {
	conn, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	var calls []sdk.Call
	for _, m := range messages {
		calls = append(calls, sdk.Call{Message: m})
	}
	in, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	d, err := conn.Draft(in, lifetime, calls...)
	if err == nil {
		err = d.Sign(c.role.Signer)
	}
	if err != nil {
		c.turn()
	}
	return d, err
}

// try hands a transaction to the node that is asked now and waits there; known where it is settled for good.
func (c *client) try(ctx context.Context, d *sdk.Draft) (o sdk.Outcome, known bool, err error) {
	conn, err := c.connected(ctx)
	if err != nil {
		return o, false, err
	}
	in, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	p, err := conn.Submit(in, d)
	var refusal *sdk.Refusal
	if errors.As(err, &refusal) { // the node's own check: expired, or run already
		o, err = conn.Settle(in, d.Ticket())
		if errors.Is(err, sdk.ErrUnsettled) {
			c.turn()
			return o, false, fmt.Errorf("%w (%w)", err, refusal)
		}
	} else if err == nil {
		o, err = p.Wait(in)
	}
	switch {
	case err == nil, errors.Is(err, sdk.ErrNeverRan), errors.As(err, &refusal) && refusal.Proven:
		return o, true, err
	}
	c.turn()
	return o, false, err
}

// note writes a settled transaction down.
func (c *client) note(o sdk.Outcome, err error, began time.Time) {
	if errors.Is(err, sdk.ErrNeverRan) {
		c.ledger.count(&c.ledger.neverRan)
		return
	}
	if err != nil {
		c.ledger.refused(err.Error())
	}
	c.ledger.add(ack{ticket: o.Ticket, height: o.Height, code: o.Code, took: time.Since(began), at: time.Now()})
}

// load is clients that work at the same time.
type load struct {
	ledger  *ledger
	c       *cluster
	trust   sdk.Trust
	holders []id.ID
	end     chan struct{}
	once    sync.Once
	done    sync.WaitGroup
}

// prepare opens the accounts and gives everybody something to pass on. Every node must run.
func prepare(ctx context.Context, c *cluster, withHolders bool) (*load, error) {
	l := &load{ledger: newLedger(), c: c, end: make(chan struct{})}
	var err error
	if l.trust, err = sdk.AskTrust(ctx, devnet.ChainID, c.endpoint(0)); err != nil {
		return nil, err
	}
	bank := l.client("bank", nil)
	defer bank.close()
	var mints []proto.Message
	for _, name := range payers {
		mints = append(mints, &depositv1.Mint{To: c.net.Role(name).Account.Bytes(), AmountMinor: stakeMinor, Currency: currency})
	}
	if _, err := bank.send(ctx, mints...); err != nil || !withHolders {
		return l, err
	}
	return l, l.openHolders(ctx)
}

// payers are the roles that pass money around.
var payers = []string{"obligor", "factor", "tier1", "tier2", "tier3"}

func (c *cluster) endpoint(i int) sdk.Endpoint {
	return sdk.Endpoint{URL: "https://" + c.net.Nodes[i].GateListen, Pin: c.net.IDs[i].Pin}
}

// client makes a client of a role that asks its own node first.
func (l *load) client(role string, next func() []proto.Message) *client {
	r := l.c.net.Role(role)
	out := &client{role: r, trust: l.trust, at: r.Node, ledger: l.ledger, next: next}
	for i := range min(validators, len(l.c.nodes)) {
		out.ends = append(out.ends, l.c.endpoint(i))
	}
	return out
}

func (l *load) openHolders(ctx context.Context) error {
	tier1 := l.client("tier1", nil)
	defer tier1.close()
	for first := 0; first < holderCount; first += mintCalls {
		var calls []proto.Message
		for i := first; i < first+mintCalls; i++ {
			calls = append(calls, &membersv1.OpenAccount{Name: fmt.Sprintf("holder %d", i), Policy: policy(secret("holder", i))})
		}
		o, err := tier1.send(ctx, calls...)
		if err != nil {
			return fmt.Errorf("accounts: %w", err)
		}
		for i := range mintCalls {
			l.holders = append(l.holders, o.Created(uint32(i), 0))
		}
	}
	return nil
}

// secret is the key that a name and number determine.
func secret(name string, i int) key.Signer {
	h := id.Hash("chaos key", fmt.Appendf(nil, "%s %d", name, i))
	s, err := key.FromSecret(key.Secp256k1, h[:])
	if err != nil {
		panic(err) // a hash is a scalar but with probability 2^-128, and these names are fixed
	}
	return s
}

func policy(s key.Signer) *membersv1.Policy {
	pub := s.Public()
	return &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{{
		Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN,
	}}}
}

// heavy is a transaction that changes several hundred records of state.
func (l *load) heavy(rnd *rand.Rand) func() []proto.Message {
	return func() []proto.Message {
		var out []proto.Message
		for _, i := range rnd.Perm(len(l.holders))[:mintCalls] {
			out = append(out, &depositv1.Mint{To: l.holders[i].Bytes(), AmountMinor: 1 + rnd.Int64N(1000), Currency: currency})
		}
		return out
	}
}

// light is a transaction that passes a little money on.
func (l *load) light(rnd *rand.Rand, from string) func() []proto.Message {
	bank := l.c.net.Role("bank").Member
	return func() []proto.Message {
		to := payers[rnd.IntN(len(payers))]
		for to == from {
			to = payers[rnd.IntN(len(payers))]
		}
		return []proto.Message{&depositv1.Transfer{
			Bank: bank.Bytes(), To: l.c.net.Role(to).Account.Bytes(), AmountMinor: 1 + rnd.Int64N(1000), Currency: currency,
		}}
	}
}

// begin lets clients work until stop: heavy ones of the bank, and one light one for each of some payers.
func (l *load) begin(ctx context.Context, seed uint64, heavies, lights int) {
	for i := range heavies {
		c := l.client("bank", l.heavy(childRand(seed, uint64(100+i))))
		c.at = (c.at + i) % len(c.ends)
		l.done.Go(func() { c.work(ctx, l.end) })
	}
	for i, name := range payers[:lights] {
		c := l.client(name, l.light(childRand(seed, uint64(200+i)), name))
		l.done.Go(func() { c.work(ctx, l.end) })
	}
}

// stop lets every client settle what it has on the way; the nodes must run.
func (l *load) stop() {
	l.once.Do(func() { close(l.end) })
	l.done.Wait()
}

// journalBytes is how long the journals of a node's state are: what one block changes is appended in one batch.
func journalBytes(stateDir string) int64 {
	files, _ := filepath.Glob(filepath.Join(stateDir, "*.log"))
	var sum int64
	for _, f := range files {
		if s, err := os.Stat(f); err == nil {
			sum += s.Size()
		}
	}
	return sum
}
