package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

func TestPayRefusals(t *testing.T) {
	w := newWorld(t)
	pkg, _ := w.active(500, "a")
	waiting := w.pending(100, "b")
	w.InOrder(
		kerneltest.Step{As: alpha, Do: payment(pkg, 0), Want: voucherv1.ErrField},
		kerneltest.Step{As: alpha, Do: payment(&voucherv1.Package{Id: hash("x")}, 501), Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: alpha, Do: payment(waiting, 501), Want: voucherv1.ErrNotObligor},
		kerneltest.Step{As: acme, Do: payment(waiting, 501), Want: voucherv1.ErrNotLive},
		kerneltest.Step{As: acme, Do: payment(pkg, 501), Want: voucherv1.ErrNotDue},
	)
	w.untilDue(0)
	w.InOrder(
		kerneltest.Step{As: acme, Do: payment(pkg, 501), Want: voucherv1.ErrOverOutstanding},
		kerneltest.Step{As: acme, Do: payment(pkg, 500), Want: depositv1.ErrInsufficient},
	)
	w.mint(acme, 500)
	w.Must(acme, payment(pkg, 100))
	w.Refused(voucherv1.ErrOverOutstanding, acme, payment(pkg, 401))
	w.Must(acme, payment(pkg, 400))
	w.Refused(voucherv1.ErrNotLive, acme, payment(pkg, 1))
	w.Must(acme, &voucherv1.CancelPackage{Package: waiting.Id})
	w.Refused(voucherv1.ErrNotLive, acme, payment(waiting, 1))
}

// Due is what the date says: nothing was written to make it so.
func TestADayBeforeTheDueDayNothingIsPaid(t *testing.T) {
	w := newWorld(t)
	pkg, _ := w.active(500, "a")
	w.mint(acme, 500)
	w.untilDue(-1)
	w.Refused(voucherv1.ErrNotDue, acme, payment(pkg, 500))
	w.Advance(86_400 - (w.Time+8*3600)%86_400 - 3) // two blocks before midnight by the chain's offset
	w.Refused(voucherv1.ErrNotDue, acme, payment(pkg, 500))
	w.Must(acme, payment(pkg, 500))
}

// thirds has parts of alpha's, beta's and gamma's over the units (0, 100], (100, 250] and (250, 301].
func thirds(t *testing.T) (*world, *voucherv1.Package) {
	w := newWorld(t)
	pkg, p := w.active(301, "a")
	w.Must(alpha, splitInto(p.Ref(), 100, 150, 51))
	all := w.parts(pkg.Id)
	w.handed(alpha, beta, all[1], 0)
	w.handed(alpha, gamma, all[2], 0)
	w.untilDue(0)
	w.mint(acme, 1_000)
	return w, w.pkg(pkg.Id)
}

func TestAPaymentIsSpread(t *testing.T) {
	w, pkg := thirds(t)
	r := w.Must(acme, payment(pkg, 100))
	// ⌊100·100/301⌋ = 33, ⌊250·100/301⌋ = 83, 100
	for i, want := range []struct {
		who   kerneltest.Actor
		minor int64
	}{{alpha, 33}, {beta, 50}, {gamma, 17}} {
		e := event[*voucherv1.Paid](w, r, i)
		if w.balance(want.who) != want.minor || e.AmountMinor != want.minor || len(e.Legs) != 1 || id.Must(e.Legs[0].Payee) != want.who.ID {
			t.Errorf("%d: %d, %v", i, w.balance(want.who), e)
		}
		if e.State != voucherv1.PackageState_PACKAGE_STATE_PART_SETTLED {
			t.Error(e.State)
		}
	}
	w.total(alpha, voucherv1.ClassHeld, 1, 67)
	w.total(beta, voucherv1.ClassHeld, 1, 100)
	w.total(acme, voucherv1.ClassOwed, 1, 201)
	if l := w.lineOf(acme); l.OutstandingMinor != 201 {
		t.Error(l)
	}
	if pkg = w.pkg(pkg.Id); pkg.ClosedMinor != 100 || pkg.Parts != 3 {
		t.Error(pkg)
	}
}

// What is paid leaves no part, and one closed range.
func TestASettledPackage(t *testing.T) {
	w, pkg := thirds(t)
	w.Must(acme, payment(pkg, 100))
	r := w.Must(acme, payment(pkg, 201))
	if e := event[*voucherv1.Paid](w, r, 0); e.State != voucherv1.PackageState_PACKAGE_STATE_SETTLED {
		t.Error(e)
	}
	for who, want := range map[*kerneltest.Actor]int64{&alpha: 100, &beta: 150, &gamma: 51} {
		if got := w.balance(*who); got != want {
			t.Errorf("%d, want %d", got, want)
		}
		w.total(*who, voucherv1.ClassHeld, 0, 0)
	}
	w.total(acme, voucherv1.ClassOwed, 0, 0)
	if pkg = w.pkg(pkg.Id); pkg.Parts != 0 || pkg.Outstanding() != 0 || !pkg.Ended() {
		t.Error(pkg)
	}
	if d := directory(w.View(), id.Must(pkg.Id)); len(d) != 1 || d[0].lo != 1 || d[0].hi != 301 || len(d[0].number) != 0 {
		t.Error(d)
	}
}

// One payee has one leg of money for all of its parts, and is told of its own alone.
func TestAPayeeIsToldOfItsOwn(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(400, "a")
	w.Must(alpha, splitInto(p.Ref(), 100, 100, 200))
	w.handed(alpha, beta, w.parts(pkg.Id)[1], 0)
	w.untilDue(0)
	w.mint(acme, 400)
	r := w.Must(acme, payment(pkg, 200))
	first, second := event[*voucherv1.Paid](w, r, 0), event[*voucherv1.Paid](w, r, 1)
	if len(first.Legs) != 2 || first.AmountMinor != 150 || len(second.Legs) != 1 || second.AmountMinor != 50 {
		t.Error(first, second)
	}
	for _, e := range r.Events {
		if m, _ := e.Decode(); m == nil || string(m.ProtoReflect().Descriptor().Name()) != "Paid" {
			continue
		}
		if len(e.Parties) != 2 || id.Must(e.Parties[0]) != acme.ID {
			t.Errorf("%x", e.Parties)
		}
	}
}

// A part on offer is paid to its holder; what is paid whole is on offer no more.
func TestPayingWhatIsOnOffer(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(300, "a")
	w.untilDue(0)
	w.mint(acme, 300)
	w.Must(alpha, items(w.give(p, beta, 100)))
	w.Must(acme, payment(pkg, 150))
	w.total(alpha, voucherv1.ClassOffered, 1, 50)
	w.total(beta, voucherv1.ClassIncoming, 1, 50)
	w.Refused(voucherv1.ErrAfterDue, beta, acceptOffer(w.parts(pkg.Id)[0]))
	w.Must(acme, payment(pkg, 150))
	w.total(alpha, voucherv1.ClassOffered, 0, 0)
	w.total(beta, voucherv1.ClassIncoming, 0, 0)
	if w.balance(alpha) != 300 {
		t.Error(w.balance(alpha))
	}
	w.Advance(2 * 86_400)
}

// Which units are paid is said when the part is split: by share, and a piece that is wholly paid is none.
func TestSplittingWhatIsPaidInPart(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(10, "a")
	w.untilDue(0)
	w.mint(acme, 10)
	w.Must(acme, payment(pkg, 9))
	w.Must(alpha, splitInto(w.again(p).Ref(), 1, 4, 5))
	d := directory(w.View(), id.Must(pkg.Id))
	if len(d) != 2 || len(d[0].number) == 0 || d[0].hi != 1 || len(d[1].number) != 0 || d[1].hi != 10 {
		t.Error("of 1, 4 and 5 units 0, 4 and 5 are paid:", d)
	}
	w.total(alpha, voucherv1.ClassHeld, 1, 1)
	if pkg = w.pkg(pkg.Id); pkg.Parts != 1 || pkg.ClosedMinor != 9 {
		t.Error(pkg)
	}
	w.Must(acme, payment(pkg, 1))
}

func TestAPaymentIsCharged(t *testing.T) {
	w := newWorld(t)
	pkg, _ := w.active(500, "a")
	pol := memberstest.Policy(1, "acme")
	pol.Limits = []*membersv1.Limit{{Currency: "CNY", PerTransactionMinor: 100, PerDayMinor: 100}}
	w.Must(acme, &membersv1.SetPolicy{Account: acme.ID.Bytes(), Policy: pol})
	w.untilDue(0)
	w.mint(acme, 500)
	w.Refused(membersv1.ErrOverPayment, acme, payment(pkg, 101))
	w.Refused(membersv1.ErrOverPayment, acme, issueOf(item(alpha, 101, "b")))
	w.Must(acme, payment(pkg, 100))
}

// Where deposits are forbidden nothing is paid in them, and nothing is closed.
func TestDepositsForbidden(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.untilDue(0)
	w.mint(acme, 500)
	w.param(depositv1.ParamAllowed, 0)
	w.Refused(depositv1.ErrForbidden, acme, payment(pkg, 500))
	if w.again(p).ClosedMinor != 0 {
		t.Error("units were closed without money")
	}
}
