package voucher

import (
	"bytes"
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// The order of refusals: each row mends what the row before was refused for.
func TestTransferRefusals(t *testing.T) {
	w := newWorld(t)
	w.param(voucherv1.ParamDepthMax, 1)
	w.param(voucherv1.ParamSplitsMax, 1)
	w.param(voucherv1.ParamPartsMax, 2)
	_, known := w.active(90_000, "x")
	_, p := w.active(500, "a")
	it := w.give(p, stranger, 600)
	it.OfferExpiresUnixS = w.Time
	it.Background = trading(use("x", 10_001))
	it.Background.Invoices[0].IssueDay = today
	it.Part.Package, it.Part.Number, it.Part.Head = hash("x"), hash("x"), hash("x")
	fix := func(change func()) *voucherv1.Transfer {
		change()
		return items(proto.CloneOf(it))
	}
	w.InOrder(
		kerneltest.Step{As: beta, Do: items(), Want: voucherv1.ErrField},
		kerneltest.Step{As: beta, Do: fix(func() {}), Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: beta, Do: fix(func() { it.Part.Package = p.Package }), Want: voucherv1.ErrNoPart},
		kerneltest.Step{As: beta, Do: fix(func() { it.Part.Number = p.Number }), Want: voucherv1.ErrStaleHead},
		kerneltest.Step{As: beta, Do: fix(func() { it.Part.Head = p.Head }), Want: voucherv1.ErrNotHolder},
		kerneltest.Step{As: alpha, Do: fix(func() {}), Want: kernel.ErrUnknown},
		kerneltest.Step{As: alpha, Do: fix(func() { it.To = alpha.ID.Bytes() }), Want: voucherv1.ErrToHolder},
		kerneltest.Step{As: alpha, Do: fix(func() { it.To = beta.ID.Bytes() }), Want: voucherv1.ErrPartAmount},
		kerneltest.Step{As: alpha, Do: fix(func() { it.AmountMinor = 500 }), Want: voucherv1.ErrBackgroundSum},
		kerneltest.Step{As: alpha, Do: fix(func() { it.AmountMinor = 400 }), Want: voucherv1.ErrBackgroundSum},
		kerneltest.Step{As: alpha, Do: fix(func() { it.Background.Invoices[0].UsedMinor = 400 }), Want: voucherv1.ErrInvoiceAltered},
		kerneltest.Step{As: alpha, Do: fix(func() { it.Background = trading(use("x", 400)) }), Want: voucherv1.ErrOfferExpiry},
		kerneltest.Step{As: alpha, Do: fix(func() { it.OfferExpiresUnixS = w.Time + 31*86_400 }), Want: voucherv1.ErrOfferExpiry},
		kerneltest.Step{As: alpha, Do: fix(func() { it.OfferExpiresUnixS = w.Time + 1 - 86_400 }), Want: voucherv1.ErrOfferExpiry},
		kerneltest.Step{As: alpha, Do: fix(func() { it.OfferExpiresUnixS = 0 }), Want: voucherv1.ErrNotCovered},
		kerneltest.Step{As: alpha, Do: fix(func() { it.OfferExpiresUnixS = w.Time + 30*86_400 })},
	)
	rest := w.parts(p.Package)[1]
	w.Refused(voucherv1.ErrSplits, alpha, items(w.give(rest, beta, 50)))
	w.Refused(voucherv1.ErrNotHeld, alpha, items(w.give(w.parts(p.Package)[0], gamma, 0)))
	known = w.handed(alpha, beta, known, 0)
	over := w.give(rest, gamma, 0)
	over.Background = trading(use("x", 100), use("y", 0))
	over.Background.Invoices = over.Background.Invoices[:1]
	w.Must(alpha, items(over))
	w.Refused(voucherv1.ErrDepth, beta, items(w.give(known, gamma, 1)))
}

func TestOverusedAndFullAreSeenEarly(t *testing.T) {
	w := newWorld(t)
	w.param(voucherv1.ParamPartsMax, 1)
	_, p := w.active(500, "x")
	w.active(99_900, "y")
	it := w.give(p, beta, 0)
	it.Background = trading(use("y", 101), use("z", 399))
	w.Refused(voucherv1.ErrInvoiceOverused, alpha, items(it))
	w.Refused(voucherv1.ErrPartsFull, alpha, items(w.give(p, beta, 1)))
}

func TestAfterTheDueDayNothingIsPassedOn(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	_, q := w.active(500, "b")
	w.untilDue(0)
	p = w.handed(alpha, beta, p, 0)
	w.mint(acme, 500)
	w.Must(acme, payment(pkg, 1))
	w.Refused(voucherv1.ErrAfterDue, beta, items(w.give(w.again(p), gamma, 0))) // payment has begun
	w.untilDue(1)
	w.Refused(voucherv1.ErrAfterDue, alpha, items(w.give(q, beta, 0)))
}

func TestAPartialOfferSplits(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(500, "a")
	w.Must(alpha, items(w.give(p, beta, 200)))
	both := w.parts(p.Package)
	low, rest := both[0], both[1]
	if low.Hi != 200 || !offered(low) || low.Depth != 0 || rest.Lo != 201 || offered(rest) || low.Holder.ID() != alpha.ID {
		t.Error(low, rest)
	}
	if low.SplitsLeft != 199 || rest.SplitsLeft != 300 {
		t.Error("499 over 200 and 300 units:", low.SplitsLeft, rest.SplitsLeft)
	}
	w.total(alpha, voucherv1.ClassHeld, 1, 300)
	w.total(alpha, voucherv1.ClassOffered, 1, 200)
	w.total(beta, voucherv1.ClassIncoming, 1, 200)
	w.total(beta, voucherv1.ClassHeld, 0, 0)
}

// Of two transfers of one part in one block the second is refused and says why.
func TestTwoTransfersOfOnePart(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(500, "a")
	w.welcome(beta, 500)
	w.welcome(gamma, 500)
	var txs []*kernel.Tx
	for _, to := range []kerneltest.Actor{beta, gamma} {
		tx, err := w.Judge(w.Sign(w.Body(alpha, kerneltest.Call(alpha, items(w.give(p, to, 0)))), alpha))
		if err != nil {
			t.Fatal(err)
		}
		txs = append(txs, tx)
	}
	r := w.Block(txs...)
	if r[0].Err != nil || !errors.Is(r[1].Err, voucherv1.ErrStaleHead) {
		t.Error(r[0].Err, r[1].Err)
	}
	w.total(beta, voucherv1.ClassHeld, 1, 500)
	w.total(gamma, voucherv1.ClassHeld, 0, 0)
}

// All items take effect or none does.
func TestATransferIsAtomic(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(500, "a")
	_, q := w.active(500, "b")
	w.Refused(voucherv1.ErrToHolder, alpha, items(w.give(p, beta, 100), w.give(q, alpha, 0)))
	w.total(alpha, voucherv1.ClassHeld, 2, 1_000)
	w.Must(alpha, items(w.give(p, beta, 100), w.give(q, gamma, 0)))
	w.total(alpha, voucherv1.ClassOffered, 2, 600)
}

func TestStandingAcceptance(t *testing.T) {
	w := newWorld(t)
	w.Refused(kernel.ErrUnknown, beta, &voucherv1.SetStandingAcceptance{Checker: stranger.ID.Bytes(), Currency: "CNY", MaxMinor: 1, UntilUnixS: 1})
	_, p := w.active(500, "a")
	until := w.Time + 1_000
	w.Must(beta, &voucherv1.SetStandingAcceptance{Checker: bank.ID.Bytes(), Currency: "CNY", MaxMinor: 400, UntilUnixS: until})
	atOnce := func(minor int64, b *voucherv1.Background) *voucherv1.Transfer {
		it := w.give(p, beta, minor)
		it.OfferExpiresUnixS, it.Background = 0, b
		return items(it)
	}
	both := trading(use("y", 300))
	w.Refused(voucherv1.ErrNotCovered, alpha, atOnce(400, trading())) // nothing is checked
	w.Must(alpha, &voucherv1.CheckDocument{Documents: [][]byte{hash("contract"), hash("y")}})
	w.Refused(voucherv1.ErrNotCovered, alpha, atOnce(400, trading())) // not by the account that beta names
	w.Must(bank, &voucherv1.CheckDocument{Documents: [][]byte{hash("contract")}})
	w.Refused(voucherv1.ErrNotCovered, alpha, atOnce(401, trading())) // more than beta takes
	w.Refused(voucherv1.ErrNotCovered, alpha, atOnce(300, both))      // the invoice is not checked
	copied, inflated := copyOf("copy", use("a", 300)), use("y", 300)
	inflated.TotalMinor++
	w.Must(bank, &voucherv1.CheckDocument{Documents: [][]byte{
		hash("contract"), hash("y"), use("y", 300).Document("CNY").Bytes(), copied.Document("CNY").Bytes(),
	}})
	w.Refused(voucherv1.ErrNotCovered, alpha, atOnce(300, trading(inflated))) // not with the total that the bank saw
	w.Refused(voucherv1.ErrNotCovered, alpha, atOnce(300, trading(copied)))   // a flag needs a person

	w.Must(alpha, atOnce(300, both))
	low := w.parts(p.Package)[0]
	if low.Holder.ID() != beta.ID || low.Depth != 1 {
		t.Error(low)
	}
	if inv, _ := invoices.Get(w.View(), id.Must(hash("y"))); inv.UsedMinor != 300 || !bytes.Equal(inv.LastUse, low.Number) {
		t.Error(inv)
	}
	p = w.parts(p.Package)[1]
	w.Advance(1_000)
	w.Refused(voucherv1.ErrNotCovered, alpha, atOnce(0, trading())) // its time is over
	w.Must(beta, &voucherv1.SetStandingAcceptance{Currency: "CNY"})
	if w.Read(voucherv1.StandingAcceptanceKey(beta.ID, "CNY"), &voucherv1.StandingAcceptance{}) {
		t.Error("an ended standing acceptance is still there")
	}
}

// What was checked first stays as it is.
func TestCheckDocumentOnce(t *testing.T) {
	w := newWorld(t)
	r := w.Must(bank, &voucherv1.CheckDocument{Documents: [][]byte{hash("a")}})
	if e := event[*voucherv1.DocumentChecked](w, r, 0); len(e.Documents) != 1 {
		t.Error(e)
	}
	first := &voucherv1.DocumentCheck{}
	w.Read(voucherv1.DocumentCheckKey(bank.ID, id.Must(hash("a"))), first)
	if r = w.Must(bank, &voucherv1.CheckDocument{Documents: [][]byte{hash("a")}}); len(r.Events) != 0 {
		t.Error(r.Events)
	}
	again := &voucherv1.DocumentCheck{}
	w.Read(voucherv1.DocumentCheckKey(bank.ID, id.Must(hash("a"))), again)
	if first.TimeUnixS == 0 || !proto.Equal(first, again) {
		t.Error(first, again)
	}
}

// The hot path: a whole part under a standing acceptance and against a contract writes the part and the totals of
// both, and of the module nothing else.
func TestAWholeMoveWritesThreeKeys(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(500, "a")
	w.welcome(beta, 500)
	tx, err := w.Judge(w.Sign(w.Body(alpha, kerneltest.Call(alpha, items(w.give(p, beta, 0)))), alpha))
	if err != nil {
		t.Fatal(err)
	}
	run := w.M.Begin(kernel.NewOverlay(w.Mem), kernel.Info{Height: w.Height + 1, TimeUnixS: w.Time + 1, Hash: hash("h")}, w.IDs)
	if r := run.Deliver(tx); r.Err != nil {
		t.Fatal(r.Err)
	}
	want := [][]byte{voucherv1.PartKey(id.Must(p.Package), id.Must(p.Number)), kernelv1.TotalsKey(alpha.ID), kernelv1.TotalsKey(beta.ID)}
	for _, ch := range run.End().Changes {
		if col := w.M.CollectionOf(ch.Key).Name; col == "kernel.ids" || col == "kernel.range" {
			continue // one each for the whole block
		}
		found := false
		for i := range want {
			if found = bytes.Equal(want[i], ch.Key); found {
				want = append(want[:i], want[i+1:]...)
				break
			}
		}
		if !found {
			t.Errorf("it writes %x", ch.Key)
		}
	}
	if len(want) != 0 {
		t.Errorf("it does not write %x", want)
	}
}

// What a transfer gives away is counted against the account's limits when it is offered.
func TestATransferIsCharged(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(500, "a")
	pol := memberstest.Policy(1, "alpha")
	pol.Limits = []*membersv1.Limit{{Currency: "CNY", PerTransactionMinor: 300, PerDayMinor: 400}}
	w.Must(alpha, &membersv1.SetPolicy{Account: alpha.ID.Bytes(), Policy: pol})
	w.Refused(membersv1.ErrOverPayment, alpha, items(w.give(p, beta, 0)))
	w.Must(alpha, items(w.give(p, beta, 300)))
	low, rest := w.parts(p.Package)[0], w.parts(p.Package)[1]
	w.Must(beta, &voucherv1.RejectOffer{Part: low.Ref()})
	w.Refused(membersv1.ErrOverDay, alpha, items(w.give(rest, beta, 0))) // an offer that ended gives nothing back
}
