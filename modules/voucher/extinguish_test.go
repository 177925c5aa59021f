package voucher

import (
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// returned gives units back to an account of the obligor's through an offer and its acceptance.
func (w *world) returned(from, to kerneltest.Actor, p *voucherv1.Part, minor int64) kernel.Result {
	w.TB.Helper()
	r := w.Must(from, items(w.give(p, to, minor)))
	return w.Must(to, acceptOffer(w.part(p.Package, event[*voucherv1.Offered](w, r, 0).Number)))
}

// What an obligor holds of its own paper is extinguished: units, line and what it owes go down, and no invoice is freed.
func TestExtinction(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	r := w.returned(alpha, acme, p, 200)
	e := event[*voucherv1.Extinguished](w, r, 0)
	if e.AmountMinor != 200 || id.Must(e.From) != alpha.ID || id.Must(e.To) != acme.ID || e.State != voucherv1.PackageState_PACKAGE_STATE_ACTIVE {
		t.Error(e)
	}
	now := w.pkg(pkg.Id)
	if now.ClosedMinor != 200 || now.ExtinguishedMinor != 200 || now.Paid() != 0 || now.Outstanding() != 300 || now.Parts != 1 || now.Ended() {
		t.Error(now)
	}
	d := directory(w.View(), id.Must(pkg.Id))
	if len(d) != 2 || !d[0].closed() || !d[0].extinguished || d[0].hi != 200 || d[1].closed() {
		t.Error(d)
	}
	w.total(alpha, voucherv1.ClassHeld, 1, 300)
	w.total(acme, voucherv1.ClassHeld, 0, 0)
	w.total(acme, voucherv1.ClassIncoming, 0, 0)
	w.total(acme, voucherv1.ClassOwed, 1, 300)
	if l := w.lineOf(acme); l.OutstandingMinor != 300 {
		t.Error(l)
	}
	if inv, _ := invoices.Get(w.View(), id.Must(hash("a"))); inv.UsedMinor != 500 {
		t.Error("the use of the invoice was freed:", inv)
	}
	// The rest goes on passing from hand to hand: nothing was paid.
	w.handed(alpha, beta, w.parts(pkg.Id)[0], 0)
}

// The trail of what is extinguished ends with its own step.
func TestTrailOfWhatIsExtinguished(t *testing.T) {
	w := newWorld(t)
	pkg := w.pending(500, "a")
	r := w.Must(alpha, accept(pkg.Id))
	kept := slices.Clone(r.Kept)
	r = w.returned(alpha, acme, w.parts(pkg.Id)[0], 0)
	kept = append(kept, r.Kept...)
	trail := walk(t, kept, id.Must(event[*voucherv1.Extinguished](w, r, 0).Head))
	if len(trail) != 2 || trail[0].Step != voucherv1.Step_STEP_EXTINGUISHED || id.Must(trail[0].To) != acme.ID || len(trail[0].Background.Contract) == 0 {
		t.Error(trail)
	}
}

// Any account of the obligor's member counts, under a standing acceptance too, from any depth; the obligor's own account
// is told.
func TestExtinctionByAnotherAccount(t *testing.T) {
	w := newWorld(t)
	w.param(voucherv1.ParamDepthMax, 1)
	pkg, p := w.active(500, "a")
	p = w.handed(alpha, beta, p, 0)
	branch := w.opened()
	w.Refused(voucherv1.ErrDepth, beta, items(w.give(p, gamma, 0)))
	w.welcome(branch, 500)
	it := w.give(p, branch, 0)
	it.OfferExpiresUnixS = 0
	r := w.Must(beta, items(it))
	event[*voucherv1.Extinguished](w, r, 0)
	if last := r.Events[len(r.Events)-1]; len(last.Parties) != 3 || id.Must(last.Parties[2]) != acme.ID {
		t.Errorf("%x", last.Parties)
	}
	now := w.pkg(pkg.Id)
	if now.State != voucherv1.PackageState_PACKAGE_STATE_SETTLED || now.Parts != 0 || !now.Ended() {
		t.Error(now)
	}
	w.total(acme, voucherv1.ClassOwed, 0, 0)
	w.total(beta, voucherv1.ClassHeld, 0, 0)
	w.untilDue(0)
	w.mint(acme, 500)
	w.Refused(voucherv1.ErrNotLive, acme, payment(pkg, 1))
}

// What is left after an extinction is paid as ever; what is extinguished and what is paid stay apart.
func TestPayingAfterAnExtinction(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.Must(alpha, splitInto(p.Ref(), 100, 150, 250))
	all := w.parts(pkg.Id)
	w.returned(alpha, acme, all[1], 0)
	w.untilDue(0)
	w.mint(acme, 350)
	w.Must(acme, payment(pkg, 100))
	if now := w.pkg(pkg.Id); now.State != voucherv1.PackageState_PACKAGE_STATE_PART_SETTLED || now.Paid() != 100 {
		t.Error(now)
	}
	w.Refused(voucherv1.ErrAfterDue, alpha, items(w.give(w.again(all[0]), acme, 0)))
	w.Must(acme, payment(pkg, 250))
	d := directory(w.View(), id.Must(pkg.Id))
	if len(d) != 3 || !d[1].extinguished || d[0].extinguished || d[2].extinguished || w.balance(alpha) != 350 {
		t.Error(d, w.balance(alpha))
	}
	if now := w.pkg(pkg.Id); now.State != voucherv1.PackageState_PACKAGE_STATE_SETTLED || now.Paid() != 350 || now.ExtinguishedMinor != 150 {
		t.Error(now)
	}
}
