package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// Bounds of the mutation of transactions.
const (
	eachBase  = 6 // right transactions of each kind
	manyKeys  = 3 // of the account of several
	manyNeed  = 2
	shownMost = 200 // bytes of a transaction in a message
	checkLess = 4   // one mutation in so many is also proposed in a block
)

// bench is a node's application without an engine, two blocks old, and right transactions for it.
type bench struct {
	a     *app.App
	x     *app.ABCI
	now   int64
	bases [][]byte
}

// newBench makes a chain with accounts of every kind of key and one of several keys.
func newBench(dir string, seed uint64) (*bench, error) {
	net, err := devnet.Make(devnet.Options{Dir: filepath.Join(dir, "net"), Validators: validators})
	if err != nil {
		return nil, err
	}
	a, err := app.Open(app.Options{Chain: devnet.ChainID, Store: store.Options{
		Dir: filepath.Join(dir, "state"), NodeCacheMiB: 32, BlockCacheMiB: 8, WriteBufferMiB: 8, NoSync: true,
	}})
	if err != nil {
		return nil, err
	}
	b := &bench{a: a, x: app.NewABCI(a), now: net.Genesis.GenesisTime.Unix()}
	if err := b.begin(net); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	b.bases, err = b.rightOnes(net, seed)
	return b, err
}

func (b *bench) begin(net *devnet.Net) error {
	_, err := b.x.InitChain(context.Background(), &abci.RequestInitChain{
		ChainId: devnet.ChainID, Time: net.Genesis.GenesisTime, AppStateBytes: net.Genesis.AppState, InitialHeight: 1,
		ConsensusParams: &cmtproto.ConsensusParams{Block: &cmtproto.BlockParams{MaxBytes: app.MaxBlockBytes + app.EngineBytes, MaxGas: -1}},
	})
	if err != nil {
		return err
	}
	return b.run()
}

// run decides a block; every transaction must take effect.
func (b *bench) run(raws ...[]byte) error {
	b.now++
	h := b.a.Status().Height + 1
	r, err := b.x.FinalizeBlock(context.Background(), &abci.RequestFinalizeBlock{
		Height: h, Time: time.Unix(b.now, 0), Txs: raws, Hash: id.Hash("block", fmt.Append(nil, h)).Bytes(),
	})
	if err != nil {
		return err
	}
	for i, one := range r.TxResults {
		if one.Code != 0 {
			return fmt.Errorf("preparing transaction %d fails with code %d", i, one.Code)
		}
	}
	_, err = b.x.Commit(context.Background(), &abci.RequestCommit{})
	return err
}

// rightOnes opens the accounts and makes right transactions of many forms.
func (b *bench) rightOnes(net *devnet.Net, seed uint64) ([][]byte, error) {
	f := newForge(devnet.ChainID, net.Roles, childRand(seed, 21))
	f.now = b.now
	kinds := keyKinds()
	var all []key.Signer
	var calls []proto.Message
	for i, k := range kinds {
		s, err := key.FromSecret(k, id.Hash("mutate key", []byte{byte(i)}).Bytes())
		if err != nil {
			return nil, err
		}
		all = append(all, s)
		calls = append(calls, &membersv1.OpenAccount{Name: k.String(), Policy: policy(s)})
	}
	several, signers, err := severalKeys(kinds)
	if err != nil {
		return nil, err
	}
	calls = append(calls, &membersv1.OpenAccount{Name: "several", Policy: several})
	body := f.body("tier1", calls...)
	if err := b.run(f.sign(body, "tier1")); err != nil {
		return nil, err
	}
	seedOf := kernelv1.SeedOf(f.cast["tier1"].Account, body.Id)
	var out [][]byte
	for range eachBase {
		out = append(out, f.good(), f.issue(1), f.issue(3), f.together())
		for i, s := range all {
			out = append(out, f.of(kernelv1.CreatedID(seedOf, uint32(i), 0), s))
		}
		out = append(out, f.of(kernelv1.CreatedID(seedOf, uint32(len(all)), 0), signers[:manyNeed]...))
	}
	return out, b.allRight(out)
}

// keyKinds are the kinds of keys that this version knows.
func keyKinds() (out []key.Kind) {
	for _, name := range []string{"secp256k1", "p256", "sm2"} {
		if k, err := key.KindOf(name); err == nil {
			out = append(out, k)
		}
	}
	return out
}

// severalKeys is a policy of several keys, one of each kind.
func severalKeys(kinds []key.Kind) (*membersv1.Policy, []key.Signer, error) {
	p := &membersv1.Policy{Threshold: manyNeed}
	var signers []key.Signer
	for i := range manyKeys {
		s, err := key.FromSecret(kinds[i%len(kinds)], id.Hash("mutate key of several", []byte{byte(i)}).Bytes())
		if err != nil {
			return nil, nil, err
		}
		pub := s.Public()
		signers = append(signers, s)
		p.Keys = append(p.Keys, &membersv1.Key{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: fmt.Sprint("holder ", i)})
	}
	return p, signers, nil
}

// together is a transaction in which two accounts act.
func (f *forge) together() []byte {
	b := f.body("tier1", f.pay(), f.pay())
	b.Calls[1].As = f.cast["tier3"].Account.Bytes()
	return f.sign(b, "tier1", "tier3")
}

// of is a payment by any account.
func (f *forge) of(account id.ID, signers ...key.Signer) []byte {
	b := f.body("tier1", f.pay())
	b.Sender = account.Bytes()
	raw, _, err := txv1.Sign(b, signers...)
	if err != nil {
		panic(err) // keys in memory sign everything
	}
	return raw
}

// allRight judges the right ones by a block of them: admission itself stays untouched, so that nothing masks a mutation.
func (b *bench) allRight(raws [][]byte) error {
	for i, raw := range raws {
		if !b.proposable(raw) {
			return fmt.Errorf("right transaction %d of %d is refused: %.200x", i, len(raws), raw)
		}
	}
	return nil
}

func (b *bench) proposable(raw []byte) bool {
	r, err := b.x.ProcessProposal(context.Background(), &abci.RequestProcessProposal{Height: b.a.Status().Height + 1, Time: time.Unix(b.now+1, 0), Txs: [][]byte{raw}})
	return err == nil && r.Status == abci.ResponseProcessProposal_ACCEPT
}

// tally counts what became of mutations.
type tally struct {
	mu       sync.Mutex
	tried    int
	same     int // came out unchanged
	how      map[string]int
	refusals map[string]int
	faults   []string
}

func newTally() *tally { return &tally{how: map[string]int{}, refusals: map[string]int{}} }

func (t *tally) fault(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, text)
}

// merge adds what one worker counted.
func (t *tally) merge(o *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tried, t.same = t.tried+o.tried, t.same+o.same
	for k, n := range o.how {
		t.how[k] += n
	}
	for k, n := range o.refusals {
		t.refusals[k] += n
	}
	t.faults = append(t.faults, o.faults...)
}

// mutateTransactions tries so many on all cores.
func mutateTransactions(ctx context.Context, b *bench, seed uint64, count int) *tally {
	out, workers := newTally(), runtime.GOMAXPROCS(0)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			one, rnd := newTally(), childRand(seed, uint64(1000+w))
			for i := w; i < count && ctx.Err() == nil; i += workers {
				b.try(rnd, one)
			}
			out.merge(one)
		})
	}
	all.Wait()
	return out
}

// try mutates one right transaction and judges what admission says: anything but its own bytes must be refused.
func (b *bench) try(rnd *rand.Rand, t *tally) {
	base, mutant, how := b.mutant(rnd, t)
	t.tried++
	t.how[how]++
	b.judge(mutant, base, how, rnd.IntN(checkLess) == 0, t)
}

// judge has admission judge a mutation, and where asked for a proposal of it too.
func (b *bench) judge(mutant, base []byte, how string, propose bool, t *tally) {
	defer func() {
		if p := recover(); p != nil {
			t.faults = append(t.faults, fmt.Sprintf("%s: panic: %v: %s\n%s", how, p, shown(mutant), debug.Stack()))
		}
	}()
	_, err := b.a.Accept(mutant)
	if err == nil {
		t.faults = append(t.faults, fmt.Sprintf("%s: taken: %s, from %s", how, shown(mutant), shown(base)))
		return
	}
	t.refusals[refusalOf(err)]++
	if propose && b.proposable(mutant) {
		t.faults = append(t.faults, fmt.Sprintf("%s: taken in a proposal: %s, from %s", how, shown(mutant), shown(base)))
	}
}

// mutant is a transaction that differs from every right one.
func (b *bench) mutant(rnd *rand.Rand, t *tally) (base, mutant []byte, how string) {
	for {
		base = b.bases[rnd.IntN(len(b.bases))]
		mutant, how = mutateTx(rnd, base, b.bases)
		if !slices.ContainsFunc(b.bases, func(one []byte) bool { return bytes.Equal(one, mutant) }) {
			return base, mutant, how
		}
		t.same++
	}
}

func shown(raw []byte) string {
	if len(raw) > shownMost {
		return hex.EncodeToString(raw[:shownMost]) + fmt.Sprintf("… (%d bytes)", len(raw))
	}
	return hex.EncodeToString(raw)
}

func refusalOf(err error) string {
	if c := errs.CodeOf(err); c != nil {
		return c.Name
	}
	return "other"
}

// txBends are ways of bending that know what a transaction is.
var txBends = []struct {
	name string
	bend func(rnd *rand.Rand, tx, other *txv1.Transaction)
}{
	{"signatures in another order", func(rnd *rand.Rand, tx, _ *txv1.Transaction) {
		rnd.Shuffle(len(tx.Signatures), func(i, j int) { tx.Signatures[i], tx.Signatures[j] = tx.Signatures[j], tx.Signatures[i] })
	}},
	{"a signature twice", func(rnd *rand.Rand, tx, _ *txv1.Transaction) {
		tx.Signatures = append(tx.Signatures, tx.Signatures[rnd.IntN(len(tx.Signatures))])
	}},
	{"a signature left out", func(rnd *rand.Rand, tx, _ *txv1.Transaction) {
		i := rnd.IntN(len(tx.Signatures))
		tx.Signatures = slices.Delete(tx.Signatures, i, i+1)
	}},
	{"another's signatures", func(_ *rand.Rand, tx, other *txv1.Transaction) { tx.Signatures = other.Signatures }},
	{"another's signatures too", func(_ *rand.Rand, tx, other *txv1.Transaction) {
		tx.Signatures = append(tx.Signatures, other.Signatures...)
		txv1.SortSignatures(tx)
	}},
	{"another's body", func(_ *rand.Rand, tx, other *txv1.Transaction) { tx.Body = other.Body }},
	{"the other s", func(rnd *rand.Rand, tx, _ *txv1.Transaction) {
		flipS(tx.Signatures[rnd.IntN(len(tx.Signatures))].Signature)
	}},
	{"a number beyond the curve", func(rnd *rand.Rand, tx, _ *txv1.Transaction) {
		s := tx.Signatures[rnd.IntN(len(tx.Signatures))].Signature
		copy(s[32*rnd.IntN(2):], [][]byte{make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), order.FillBytes(make([]byte, 32))}[rnd.IntN(3)])
	}},
	{"another kind of key", func(rnd *rand.Rand, tx, _ *txv1.Transaction) {
		tx.Signatures[rnd.IntN(len(tx.Signatures))].Kind = uint32(rnd.IntN(6))
		txv1.SortSignatures(tx)
	}},
	{"the other point", func(rnd *rand.Rand, tx, _ *txv1.Transaction) {
		tx.Signatures[rnd.IntN(len(tx.Signatures))].PublicKey[0] ^= 1
		txv1.SortSignatures(tx)
	}},
	{"an attachment", func(_ *rand.Rand, tx, _ *txv1.Transaction) {
		tx.Attachments = append(tx.Attachments, &txv1.Attachment{Kind: 1, Data: []byte{1}})
	}},
	{"a body that says something else", changeBody},
}

// changeBody changes what the body says, in the one encoding, without signing again.
func changeBody(rnd *rand.Rand, tx, _ *txv1.Transaction) {
	b := &txv1.Body{}
	if proto.Unmarshal(tx.Body, b) != nil {
		return
	}
	switch rnd.IntN(6) {
	case 0:
		b.ExpiresUnixS += 1 + rnd.Int64N(300)
	case 1:
		b.Id[rnd.IntN(len(b.Id))]++
	case 2:
		b.Lane = b.Sender
	case 3:
		b.Calls = append(b.Calls, b.Calls[0])
	case 4:
		b.Calls[0].As = b.Sender
	default:
		c := b.Calls[rnd.IntN(len(b.Calls))]
		if len(c.Message) == 0 {
			c.Message = []byte{8, 1}
		} else {
			c.Message[rnd.IntN(len(c.Message))]++
		}
	}
	if raw, err := txv1.Encode(b); err == nil {
		tx.Body = raw
	}
}

// mutateTx is a right transaction bent in one way.
func mutateTx(rnd *rand.Rand, base []byte, stock [][]byte) ([]byte, string) {
	if rnd.IntN(2) == 0 {
		return (&bender{rnd, stock}).bent(base)
	}
	tx, other := &txv1.Transaction{}, &txv1.Transaction{}
	if proto.Unmarshal(base, tx) != nil || proto.Unmarshal(stock[rnd.IntN(len(stock))], other) != nil {
		panic("a right transaction cannot be read")
	}
	one := txBends[rnd.IntN(len(txBends))]
	one.bend(rnd, tx, other)
	raw, err := txv1.Encode(tx)
	if err != nil {
		panic(err) // it is a message of the chain's own
	}
	return raw, one.name
}
