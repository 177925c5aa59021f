package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// onOffer has alpha offer a whole part of 500 to beta, with a background.
func (w *world) onOffer(b *voucherv1.Background) *voucherv1.Part {
	w.TB.Helper()
	_, p := w.active(500, "a")
	it := w.give(p, beta, 0)
	it.Background = b
	w.Must(alpha, items(it))
	return w.again(p)
}

func acceptOffer(p *voucherv1.Part, flags ...[]byte) *voucherv1.AcceptOffer {
	return &voucherv1.AcceptOffer{Part: p.Ref(), Flags: flags}
}

// answers are the refusals that the three answers to an offer share.
func answers(t *testing.T, of func(*voucherv1.PartRef) proto.Message) {
	w := newWorld(t)
	p := w.onOffer(trading())
	_, held := w.active(100, "held")
	ref := &voucherv1.PartRef{Package: hash("x"), Number: hash("x"), Head: hash("x")}
	next := func(change func()) proto.Message {
		change()
		return of(proto.CloneOf(ref))
	}
	w.InOrder(
		kerneltest.Step{As: gamma, Do: of(nil), Want: voucherv1.ErrField},
		kerneltest.Step{As: gamma, Do: next(func() {}), Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: gamma, Do: next(func() { ref.Package = p.Package }), Want: voucherv1.ErrNoPart},
		kerneltest.Step{As: gamma, Do: next(func() { ref.Number = p.Number }), Want: voucherv1.ErrStaleHead},
	)
	if _, withdraws := of(ref).(*voucherv1.WithdrawOffer); withdraws {
		w.InOrder(
			kerneltest.Step{As: gamma, Do: of(held.Ref()), Want: voucherv1.ErrNotHolder},
			kerneltest.Step{As: alpha, Do: of(held.Ref()), Want: voucherv1.ErrNotOffered},
			kerneltest.Step{As: alpha, Do: of(p.Ref())},
		)
		return
	}
	w.InOrder(
		kerneltest.Step{As: gamma, Do: of(held.Ref()), Want: voucherv1.ErrNotOffered},
		kerneltest.Step{As: gamma, Do: of(p.Ref()), Want: voucherv1.ErrNotReceiver},
		kerneltest.Step{As: beta, Do: of(p.Ref())},
	)
}

func TestAnswersRefuse(t *testing.T) {
	answers(t, func(r *voucherv1.PartRef) proto.Message { return &voucherv1.AcceptOffer{Part: r} })
	answers(t, func(r *voucherv1.PartRef) proto.Message { return &voucherv1.RejectOffer{Part: r} })
	answers(t, func(r *voucherv1.PartRef) proto.Message { return &voucherv1.WithdrawOffer{Part: r} })
}

// What became of the invoices since the offer decides at acceptance.
func TestAcceptOfferJudgesTheBackgroundAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		meanwhile *voucherv1.InvoiceUse
		minor     int64
		want      kerneltest.Step
	}{
		"altered":   {&voucherv1.InvoiceUse{Fingerprint: hash("y"), IssueDay: today, TotalMinor: 100_000, UsedMinor: 5}, 5, kerneltest.Step{Want: voucherv1.ErrInvoiceAltered}},
		"overused":  {use("y", 99_501), 99_501, kerneltest.Step{Want: voucherv1.ErrInvoiceOverused}},
		"flagged":   {copyOf("z", use("y", 5)), 5, kerneltest.Step{Want: voucherv1.ErrFlagNotNamed}},
		"as it was": {use("y", 99_500), 99_500, kerneltest.Step{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.onOffer(trading(use("y", 500)))
			i := item(alpha, tc.minor, "")
			i.Background = trading(tc.meanwhile)
			r := w.Must(acme, issueOf(i))
			w.Must(alpha, accept(event[*voucherv1.Issued](w, r, 0).Package))
			w.InOrder(kerneltest.Step{As: beta, Do: acceptOffer(p), Want: tc.want.Want})
			if tc.want.Want == voucherv1.ErrFlagNotNamed {
				w.Must(beta, acceptOffer(p, hash("y/secondary")))
			}
		})
	}
}

func TestAnAcceptedOfferPasses(t *testing.T) {
	w := newWorld(t)
	p := w.onOffer(trading(use("y", 500)))
	if invoices.Has(w.View(), id.Must(hash("y"))) {
		t.Error("the invoice is taken up before acceptance")
	}
	r := w.Must(beta, acceptOffer(p))
	if inv, _ := invoices.Get(w.View(), id.Must(hash("y"))); inv.GetUsedMinor() != 500 {
		t.Error("the invoice is not taken up:", inv)
	}
	now := w.again(p)
	if now.Holder.ID() != beta.ID || now.Depth != 1 || offered(now) || now.Offer != nil || string(now.Head) == string(p.Head) {
		t.Error(now)
	}
	if e := event[*voucherv1.Passed](w, r, 0); string(e.Head) != string(now.Head) || e.AmountMinor != 500 {
		t.Error(e)
	}
	w.total(alpha, voucherv1.ClassOffered, 0, 0)
	w.total(beta, voucherv1.ClassIncoming, 0, 0)
	w.total(beta, voucherv1.ClassHeld, 1, 500)
	w.Advance(2 * 86_400) // its lapse is no longer booked
	w.total(beta, voucherv1.ClassHeld, 1, 500)
}

// An offer that ends keeps the part's head, so that the holder's references stay good.
func TestAnOfferEnds(t *testing.T) {
	for name, end := range map[string]func(*world, *voucherv1.Part){
		"rejected":  func(w *world, p *voucherv1.Part) { w.Must(beta, &voucherv1.RejectOffer{Part: p.Ref(), Reason: "no"}) },
		"withdrawn": func(w *world, p *voucherv1.Part) { w.Must(alpha, &voucherv1.WithdrawOffer{Part: p.Ref()}) },
		"lapsed":    func(w *world, _ *voucherv1.Part) { w.Advance(86_400) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.onOffer(trading())
			end(w, p)
			now := w.again(p)
			if offered(now) || now.Offer != nil || now.Holder.ID() != alpha.ID || string(now.Head) != string(p.Head) || now.Depth != 0 {
				t.Error(now)
			}
			w.total(alpha, voucherv1.ClassHeld, 1, 500)
			w.total(alpha, voucherv1.ClassOffered, 0, 0)
			w.total(beta, voucherv1.ClassIncoming, 0, 0)
			w.Refused(voucherv1.ErrNotOffered, beta, acceptOffer(p))
			w.Must(alpha, items(w.give(p, beta, 0)))
		})
	}
}

// An offer is over when its time is, whether or not its dated item has run; and an acceptance in that very block
// comes too late.
func TestAnOfferIsOverByTheClock(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(500, "a")
	it := w.give(p, beta, 0)
	it.OfferExpiresUnixS = w.Time + 1
	w.Refused(voucherv1.ErrOfferExpiry, alpha, items(it)) // it is that time in the next block
	it.OfferExpiresUnixS = w.Time + 3
	w.Must(alpha, items(it)) // a second later
	w.Advance(0)
	w.Refused(voucherv1.ErrOfferLapsed, beta, acceptOffer(p))
	if offered(w.again(p)) {
		t.Error("it did not lapse in the block of its time")
	}
}

func TestAnOfferIsNotAcceptedAfterTheDueDay(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(500, "a")
	w.untilDue(-1)
	it := w.give(p, beta, 0)
	it.OfferExpiresUnixS = w.Time + 10*86_400
	w.Must(alpha, items(it))
	w.untilDue(1)
	w.Refused(voucherv1.ErrAfterDue, beta, acceptOffer(w.again(p)))
	w.Must(beta, &voucherv1.RejectOffer{Part: p.Ref()})
}
