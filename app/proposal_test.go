package app_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// engineRoom is what the engine offers the transactions of a block on a development network, about.
const engineRoom = app.MaxBlockBytes + app.EngineBytes - 2_000

// round does what the engine does with a block: propose, judge, run, commit.
func (r *rig) round() [][]byte {
	r.tb.Helper()
	raws := r.propose(engineRoom)
	if !r.accepts(raws...) {
		r.tb.Fatalf("the node refuses its own proposal of %d transactions", len(raws))
	}
	r.run(raws...)
	return raws
}

func TestSignatureIsVerifiedOnce(t *testing.T) {
	proposer, other := newRig(t), newRig(t)
	raw := proposer.tx("bank", mint("tier1", 100))
	if code := proposer.check(raw); code != 0 {
		t.Fatal(code)
	}
	proposer.check(raw)
	block := proposer.propose(engineRoom)
	if len(block) != 1 || !bytes.Equal(block[0], raw) {
		t.Fatalf("proposed %d", len(block))
	}
	for _, r := range []*rig{proposer, other} {
		for range 2 { // asked again it says the same
			if !r.accepts(block...) {
				t.Fatal("refused")
			}
		}
		r.must(block...)
		if n := r.a.SignaturesVerified(); n != 1 {
			t.Errorf("a node verified one signature %d times", n)
		}
	}
	gossiped := newRig(t)
	if res, err := gossiped.x.InsertTx(context.Background(), &abci.RequestInsertTx{Tx: raw}); err != nil || res.Code != 0 {
		t.Fatal(res, err)
	}
	gossiped.round()
	if n := gossiped.a.SignaturesVerified(); n != 1 {
		t.Errorf("through gossip: %d times", n)
	}
}

// refusal is one way to spoil a transaction that is good otherwise.
type refusal struct {
	name string
	make func(r *rig) []byte
	code *uint32 // of CheckTx; nil where CheckTx has its own test
}

func number(n uint32) *uint32 { return &n }

func refusals() []refusal {
	spoil := func(f func(*txv1.Body)) func(r *rig) []byte {
		return func(r *rig) []byte {
			b := r.body("bank", mint("tier1", 5))
			f(b)
			return r.sign(b, "bank")
		}
	}
	return []refusal{
		{"garbage", func(*rig) []byte { return []byte("garbage") }, number(kernel.ErrMalformed.Number)},
		{"empty", func(*rig) []byte { return []byte{} }, nil},
		{"cut short", func(r *rig) []byte { raw := r.tx("bank", mint("tier1", 5)); return raw[:len(raw)-1] }, number(kernel.ErrMalformed.Number)},
		{"not canonical", func(r *rig) []byte { return append(r.tx("bank", mint("tier1", 5)), 0x78, 0) }, number(kernel.ErrNotCanonical.Number)},
		{"wrong chain", spoil(func(b *txv1.Body) { b.ChainId = "splittally-prod" }), number(kernel.ErrWrongChain.Number)},
		{"expired", spoil(func(b *txv1.Body) { b.ExpiresUnixS = begun.Unix() }), number(kernel.ErrExpired.Number)},
		{"expiry too far", spoil(func(b *txv1.Body) { b.ExpiresUnixS += txv1.WindowS }), number(kernel.ErrTooFarAhead.Number)},
		{"unknown sender", spoil(func(b *txv1.Body) { b.Sender = fingerprint(7) }), number(kernel.ErrUnknown.Number)},
		{"unknown method", spoil(func(b *txv1.Body) { b.Calls[0].Method = "deposit.Rob" }), number(kernel.ErrUnknownMethod.Number)},
		{"unsigned", func(r *rig) []byte { return r.sign(r.body("bank", mint("tier1", 5))) }, number(kernel.ErrSignatures.Number)},
		{"signed by another", func(r *rig) []byte { return r.sign(r.body("bank", mint("tier1", 5)), "tier1") }, number(kernel.ErrMissingKey.Number)},
		{"signed by too many", func(r *rig) []byte { return r.sign(r.body("bank", mint("tier1", 5)), "bank", "tier1") }, number(kernel.ErrNeedless.Number)},
		{"as another", spoil(func(b *txv1.Body) { b.Calls[0].As = account("obligor") }), number(kernel.ErrMissingKey.Number)},
		{"on another's lane", spoil(func(b *txv1.Body) { b.Lane = account("obligor") }), number(kernel.ErrMissingKey.Number)},
		{"bad signature", func(r *rig) []byte { return forged(r, r.tx("bank", mint("tier1", 5))) }, number(kernel.ErrBadSignature.Number)},
		{"signature of another body", func(r *rig) []byte {
			return withBody(r, r.tx("bank", mint("tier1", 5)), r.body("bank", mint("tier1", 5_000_000)))
		}, number(kernel.ErrBadSignature.Number)},
	}
}

// forged turns a bit of the signature.
func forged(r *rig, raw []byte) []byte {
	return changed(r, raw, func(tx *txv1.Transaction) { tx.Signatures[0].Signature[40] ^= 1 })
}

// withBody puts another body under a transaction's signatures.
func withBody(r *rig, raw []byte, b *txv1.Body) []byte {
	return changed(r, raw, func(tx *txv1.Transaction) { tx.Body, _ = txv1.Encode(b) })
}

func changed(r *rig, raw []byte, f func(*txv1.Transaction)) []byte {
	r.tb.Helper()
	tx := &txv1.Transaction{}
	if err := proto.Unmarshal(raw, tx); err != nil {
		r.tb.Fatal(err)
	}
	f(tx)
	out, err := txv1.Encode(tx)
	if err != nil {
		r.tb.Fatal(err)
	}
	return out
}

func TestRefused(t *testing.T) {
	r := newRig(t)
	for _, c := range refusals() {
		t.Run(c.name, func(t *testing.T) {
			raw := c.make(r)
			if code := r.check(raw); code == 0 || c.code != nil && code != *c.code {
				t.Errorf("CheckTx gives code %d", code)
			}
			if r.accepts(raw) {
				t.Error("a proposal that carries it is accepted")
			}
			if good := r.tx("bank", mint("tier1", 5)); r.accepts(good, raw) || r.accepts(raw, good) {
				t.Error("a proposal that carries it beside a good one is accepted")
			}
			if len(r.propose(engineRoom)) != 0 {
				t.Error("it is proposed")
			}
		})
	}
	if !r.accepts(r.tx("bank", mint("tier1", 5))) {
		t.Error("the good one is refused too: this shows nothing")
	}
}

func TestIDIsUsedOnce(t *testing.T) {
	r := newRig(t)
	b := r.body("bank", mint("tier1", 100))
	raw := r.sign(b, "bank")
	other := proto.CloneOf(b)
	call, err := txv1.CallOf(id.ID{}, mint("tier1", 999))
	if err != nil {
		t.Fatal(err)
	}
	other.Calls = []*txv1.Call{call}
	reused := r.sign(other, "bank")
	if r.accepts(raw, raw) || r.accepts(raw, reused) {
		t.Error("an id twice in one block is accepted")
	}
	r.must(raw)
	if r.accepts(raw) || r.accepts(reused) {
		t.Error("a consumed id is accepted")
	}
	if code := r.check(raw); code != kernel.ErrIncluded.Number {
		t.Errorf("a copy: code %d, want AlreadyIncluded", code)
	}
	if code := r.check(reused); code != kernel.ErrIDReused.Number {
		t.Errorf("another body: code %d, want IDReused", code)
	}
	r.reopen()
	if code := r.check(raw); code != kernel.ErrIncluded.Number || r.accepts(raw) {
		t.Errorf("after a restart, a copy: code %d, want AlreadyIncluded", code)
	}
	for s := int64(0); s <= txv1.WindowS+1; s += 60 {
		r.runAt(begun.Add(time.Duration(s+20) * time.Second))
	}
	late := r.a.Status().TimeUnixS
	if code := r.check(raw); code != kernel.ErrExpired.Number || r.acceptsAt(time.Unix(late, 0), raw) {
		t.Errorf("after its window, a copy: code %d, want Expired", code)
	}
}

// A copy is told the first outcome, refusals too, and never runs.
func TestCopyIsToldTheFirstOutcome(t *testing.T) {
	r := newRig(t)
	failing := r.tx("tier1", pass("tier2", 1_000))
	if res := r.run(failing); res.TxResults[0].Code == 0 {
		t.Fatal("a transfer of nothing took effect")
	}
	r.must(r.tx("bank", mint("tier1", 5_000)))
	res, err := r.x.CheckTx(context.Background(), &abci.RequestCheckTx{Tx: failing})
	if err != nil || res.Code != kernel.ErrIncluded.Number {
		t.Fatalf("%v %v", res, err)
	}
	for _, word := range []string{"block 2", "Insufficient"} {
		if !bytes.Contains([]byte(res.Log), []byte(word)) {
			t.Errorf("the answer %q has no %q", res.Log, word)
		}
	}
	if len(r.propose(engineRoom)) != 0 {
		t.Error("the copy is proposed")
	}
}

// One body under two signatures of a P-256 key is one transaction, wherever they meet.
func TestSameBodyOtherSignature(t *testing.T) {
	r := newRig(t)
	r.must(r.tx("tier1", &membersv1.SetPolicy{Account: account("tier1"), Policy: policyOf(p256("tier1"), p256("tier1 too"))}))
	b := r.body("tier1", pass("tier2", 1))
	one, _, err1 := txv1.Sign(b, p256("tier1"))
	two, _, err2 := txv1.Sign(b, p256("tier1 too"))
	if err1 != nil || err2 != nil || bytes.Equal(one, two) {
		t.Fatal(err1, err2)
	}
	if a, b := r.check(one), r.check(two); a != 0 || b != 0 {
		t.Fatalf("codes %d and %d: the same body signed by the account's other key is the same transaction", a, b)
	}
	if r.accepts(one, two) {
		t.Error("both stand in one block")
	}
	r.run(two)
	if code := r.check(one); code != kernel.ErrIncluded.Number {
		t.Errorf("code %d, want AlreadyIncluded", code)
	}
	if n := waiting(t, r); n != 0 {
		t.Errorf("%d wait: the one that was overtaken stays for ever", n)
	}
}

func policyOf(signers ...key.Signer) *membersv1.Policy {
	p := &membersv1.Policy{Threshold: 1}
	for _, s := range signers {
		p.Keys = append(p.Keys, &membersv1.Key{Kind: uint32(s.Public().Kind), PublicKey: s.Public().Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: "test"})
	}
	return p
}

// waiting is how many transactions the node says that it keeps.
func waiting(t testing.TB, r *rig) int {
	t.Helper()
	families, err := r.a.Metrics().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "splittally_pool_transactions" {
			return int(f.GetMetric()[0].GetGauge().GetValue())
		}
	}
	t.Fatal("no metric of the pool")
	return 0
}

// A node that never proposes forgets what has expired: else a lane fills for good.
func TestExpiredLeavesThePool(t *testing.T) {
	r := newRig(t)
	for range 3 {
		if code := r.check(r.tx("tier1", pass("tier2", 1))); code != 0 {
			t.Fatal(code)
		}
	}
	r.runAt(begun.Add(2 * txv1.WindowS * time.Second))
	if n := waiting(t, r); n != 0 {
		t.Errorf("%d wait after their expiry", n)
	}
}

func TestTooHeavyIsRefused(t *testing.T) {
	r := newRig(t)
	heavy := r.body("obligor")
	for i := range uint64(21) { // 21 issues weigh 10,500: over one lane's share
		call, err := txv1.CallOf(id.ID{}, issue("tier1", 1, i))
		if err != nil {
			t.Fatal(err)
		}
		heavy.Calls = append(heavy.Calls, call)
	}
	if code := r.check(r.sign(heavy, "obligor")); code != kernel.ErrTooHeavy.Number {
		t.Errorf("code %d: it would stop its lane", code)
	}
	heavy.Calls, heavy.Id = heavy.Calls[:20], fingerprint(1)[:txv1.IDSize]
	if code := r.check(r.sign(heavy, "obligor")); code != 0 {
		t.Errorf("code %d for one that fits the share", code)
	}
	if n := len(r.round()); n != 1 {
		t.Errorf("%d proposed", n)
	}
}

// More waits than a block holds: what one node proposes, every node accepts, until nothing is left.
func TestFullBlocksAreAccepted(t *testing.T) {
	fast := func(o *app.Options) { o.CheckInvariants = false }
	r, other := newRig(t, fast), newRig(t, fast)
	sent := 0
	for i := range uint64(11) { // of nearly 1 MiB each
		raw := longIssue(r, i)
		if code := r.check(raw); code != 0 {
			t.Fatalf("code %d for %d bytes", code, len(raw))
		}
		sent++
	}
	for n := 0; sent > 0; n++ {
		raws := r.propose(engineRoom)
		if len(raws) == 0 || n > 3 {
			t.Fatalf("%d are left", sent)
		}
		if !r.accepts(raws...) || !other.accepts(raws...) {
			t.Fatalf("a proposal of %d transactions, %d bytes, is refused", len(raws), len(bytes.Join(raws, nil)))
		}
		r.run(raws...)
		other.run(raws...)
		sent -= len(raws)
	}
}

// longIssue is nearly as long as a transaction may be.
func longIssue(r *rig, n uint64) []byte {
	r.tb.Helper()
	b := r.body("obligor")
	for part := range uint64(4) {
		m := issue("tier1", 940, n<<20+part<<16)
		for i, item := range m.Items {
			for s := range uint64(4) {
				item.Background.Invoices[0].Secondary = append(item.Background.Invoices[0].Secondary, fingerprint(1<<50+n<<30+part<<20+uint64(i)<<4+s))
			}
		}
		call, err := txv1.CallOf(id.ID{}, m)
		if err != nil {
			r.tb.Fatal(err)
		}
		b.Calls = append(b.Calls, call)
	}
	raw := r.sign(b, "obligor")
	if len(raw) < 980<<10 || len(raw) > txv1.MaxBytesLarge {
		r.tb.Fatalf("%d bytes", len(raw))
	}
	return raw
}

// Two lanes: none may have more than half of a block's weight. Suppliers without a sponsor have lanes of their own.
func TestLanesOfAProposal(t *testing.T) {
	r := newRig(t)
	var flood [][]byte
	for i := range uint64(pool.MaxWeight/2/500 + 1) {
		flood = append(flood, r.tx("obligor", issue("tier1", 1, i)))
	}
	if !r.accepts(flood...) {
		t.Error("a lane alone may fill the block")
	}
	quiet := r.tx("tier1", pass("tier2", 1))
	if r.accepts(append(slices.Clone(flood), quiet)...) || r.accepts(append([][]byte{quiet}, flood...)...) {
		t.Error("one of two lanes has more than half of the weight")
	}
	if !r.accepts(append(slices.Clone(flood[:len(flood)-1]), quiet)...) {
		t.Error("half of the weight is refused")
	}
	for _, raw := range append(flood, quiet) {
		if code := r.check(raw); code != 0 {
			t.Fatal(code)
		}
	}
	if raws := r.round(); len(raws) != len(flood) {
		t.Errorf("%d of %d are proposed, one is left for the next", len(raws), len(flood)+1)
	}
	if raws := r.round(); len(raws) != 1 || waiting(t, r) != 0 {
		t.Errorf("%d are left, %d proposed", waiting(t, r), len(raws))
	}
}

func TestFirstBlockIsEmpty(t *testing.T) {
	r := &rig{tb: t, o: app.Options{Chain: chainID(), Store: smallStore(t.TempDir())}}
	r.open()
	defer r.a.Close() //nolint:errcheck // of a test
	r.initChain(laid().Genesis.AppState)
	raw := r.tx("bank", mint("tier1", 1))
	if r.accepts(raw) || !r.accepts() {
		t.Error("the first block carries no transactions, and is fine without")
	}
	if code := r.check(raw); code < abci.CodeTypeRetry {
		t.Errorf("code %d before the first block, want one that says try again", code)
	}
	if len(r.propose(engineRoom)) != 0 {
		t.Error("something was proposed")
	}
}

// A part that two transactions of one block pass on goes to the first; the other fails and leaves nothing.
func TestDoubleSpendInOneBlock(t *testing.T) {
	r := newRig(t)
	r.must(r.tx("obligor", issue("tier1", 1, 1)))
	pkg := readAll(r, voucherv1.ListPending, "tier1", newPackage)[0]
	r.must(r.tx("tier1", &voucherv1.AcceptPackage{Package: pkg.Id}))
	p := readAll(r, voucherv1.ListHeld, "tier1", newPart)[0]
	give := func(to string) []byte {
		return r.tx("tier1", &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
			Part: p.Ref(), To: account(to), OfferExpiresUnixS: r.at().Unix() + 60, Background: &voucherv1.Background{Contract: fingerprint(3)},
		}}})
	}
	res := r.run(give("tier2"), give("tier3"))
	if res.TxResults[0].Code != 0 || res.TxResults[1].Code == 0 {
		t.Errorf("codes %d and %d", res.TxResults[0].Code, res.TxResults[1].Code)
	}
	if got := len(readAll(r, voucherv1.ListIncoming, "tier3", newPart)); got != 0 {
		t.Errorf("tier3 has %d offers", got)
	}
}
