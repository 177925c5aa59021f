package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// The size of the world: accounts that hold parts, by the member they are of.
const (
	memberCount   = 20
	accountsEach  = 50
	accountsCount = memberCount * accountsEach
)

// expiresIn is how far ahead of block time transactions expire, in seconds.
const expiresIn = 300

// actor is an account with its key.
type actor struct {
	account id.ID
	signer  key.Signer
}

// world is the network with everybody in it.
type world struct {
	net      *devnet.Net
	members  []actor // main accounts of the suppliers
	holders  []actor // holders[i] is of member i % memberCount
	obligor  actor
	checker  actor // whose checks the holders' standing acceptances count
	reader   *session
	senders  []*session
	follow   *follower
	driver   *driver
	model    *model
	invoices atomic.Int64 // how many have been used
}

// layOut makes a network whose genesis admits the suppliers, each with a lane of its own.
func layOut(dir string, validators int) (*devnet.Net, error) {
	o := devnet.Options{Dir: dir, Validators: validators}
	for i := range memberCount {
		o.Extra = append(o.Extra, devnet.Call(&membersv1.AdmitMember{
			Legal: &membersv1.Legal{
				Name: fmt.Sprintf("Supplier %d", i), Credential: creditCode(i), CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC,
			},
			Roles: membersv1.RoleSupplier, Policy: policy(secret("member", i)),
		}))
	}
	o.Tune = tune
	return devnet.Make(o)
}

// tune gives a node memory for a state of a million parts, and the bench no limit of calls.
func tune(c *node.Config) {
	c.NodeCacheMiB, c.BlockCacheMiB, c.WriteBufferMiB = 1024, 256, 64
	c.CallsPerSecond = 1_000_000
	c.LogLevel = "warn"
}

// creditCode is a unified social credit code: the check character is the one that fits.
func creditCode(i int) string {
	base := fmt.Sprintf("91310000MA1BEN%03d", i)
	for _, check := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if code := base + string(check); membersv1.ValidUSCC(code) {
			return code
		}
	}
	panic("bench: no check character fits " + base)
}

// secret is the key that a name and number determine.
func secret(name string, i int) key.Signer {
	h := id.Hash("bench key", fmt.Appendf(nil, "%s %d", name, i))
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

// enter opens the sessions: the regulator's, who sees every event, and one for each sender, by turns over the nodes.
func enter(ctx context.Context, net *devnet.Net, o options) (*world, error) {
	w := &world{net: net, model: newModel(accountsCount, o.seed), obligor: actorOf(net.Role("obligor")), checker: actorOf(net.Role("bank"))}
	var err error
	if w.reader, err = dial(ctx, net, 0, net.Role("regulator")); err != nil {
		return nil, err
	}
	for i := range senders { // over all nodes by turns
		s, err := dial(ctx, net, i%len(net.Nodes), net.Role("operator"))
		if err != nil {
			return nil, err
		}
		w.senders = append(w.senders, s)
	}
	w.follow = newFollower(w.reader)
	w.driver = &driver{follow: w.follow, submit: w.submit}
	return w, w.findMembers(ctx)
}

func actorOf(r devnet.Role) actor { return actor{account: r.Account, signer: r.Signer} }

// close ends the connections.
func (w *world) close() {
	for _, s := range append(w.senders, w.reader) {
		s.close()
	}
}

// findMembers asks the chain which accounts the suppliers' keys have.
func (w *world) findMembers(ctx context.Context) error {
	var keys [][]byte
	for i := range memberCount {
		w.members = append(w.members, actor{signer: secret("member", i)})
		keys = append(keys, membersv1.KeyUseKey(w.members[i].signer.Public().ID()))
	}
	uses, err := read[membersv1.KeyUse](ctx, w.reader, keys)
	if err != nil {
		return err
	}
	for i, u := range uses {
		account, ok := id.Of(u.Account)
		if !ok {
			return fmt.Errorf("supplier %d is not on the chain", i)
		}
		w.members[i].account = account
	}
	return nil
}

// order signs calls of an account as one transaction. Things that call number 0 makes are named from the seed.
func (w *world) order(from actor, done func(final) error, calls ...proto.Message) (*order, id.ID, error) {
	now := w.follow.timeS.Load()
	if now == 0 {
		now = time.Now().Unix()
	}
	txID := randomID()
	body := &txv1.Body{ChainId: devnet.ChainID, Sender: from.account.Bytes(), Id: txID, ExpiresUnixS: now + expiresIn}
	for _, m := range calls {
		call, err := txv1.CallOf(id.ID{}, m)
		if err != nil {
			return nil, id.ID{}, err
		}
		body.Calls = append(body.Calls, call)
	}
	raw, hash, err := txv1.Sign(body, from.signer)
	if done == nil {
		done = func(final) error { return nil }
	}
	return &order{raw: raw, hash: hash, done: done}, kernelv1.SeedOf(from.account, txID), err
}

// checkCounts compares how many parts the model gives each account with what the chain's totals say.
func (w *world) checkCounts(ctx context.Context) error {
	var keys [][]byte
	for _, h := range w.holders {
		keys = append(keys, kernelv1.TotalsKey(h.account))
	}
	totals, err := read[kernelv1.Totals](ctx, w.reader, keys)
	if err != nil {
		return err
	}
	for i, t := range totals {
		if got := t.Total(voucherv1.ClassHeld, currency).Count; got != uint64(w.model.held[i]) {
			return fmt.Errorf("the chain says that account %d holds %d parts, the model %d", i, got, w.model.held[i])
		}
	}
	return nil
}

// genesisDay is today by the chain's offset.
func genesisDay() int32 { return kernelv1.DayOf(time.Now().Unix(), chainOffsetS) }

// chainOffsetS is the offset of development networks.
const chainOffsetS = 8 * 3600
