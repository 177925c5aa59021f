package voucher

import (
	"math"
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// manyParts is a package of 500 in 250 parts of alpha's, frozen whole for an hour and half paid: 250 claims are blocked.
func manyParts(t *testing.T) (*world, *voucherv1.Package, *voucherv1.StandingFreeze) {
	t.Helper()
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.Must(alpha, splitInto(p.Ref(), 100, 100, 100, 100, 100))
	for _, p := range w.parts(pkg.Id) {
		w.Must(alpha, splitInto(p.Ref(), slices.Repeat([]int64{2}, 50)...))
	}
	w.untilDue(0)
	w.mint(acme, 1_000)
	f := w.frozen(court, pkg.Id, 1, 500, 1)
	w.Must(acme, payment(pkg, 250))
	w.total(alpha, voucherv1.ClassFrozen, 250, 250)
	w.blocked(alpha, 250, 250)
	return w, w.pkg(pkg.Id), f
}

// toEnd lets blocks pass until a freeze is gone, and returns how many parts and claims each of them dealt with.
func (w *world) toEnd(f *voucherv1.StandingFreeze) (steps [][2]uint64) {
	w.TB.Helper()
	at := func() [2]uint64 {
		t := w.Totals(alpha.ID)
		return [2]uint64{t.Total(voucherv1.ClassFrozen, "CNY").Count, t.Total(depositv1.ClassBlocked, "CNY").Count}
	}
	for before := at(); w.pkg(f.Package).Freezes > 0; {
		w.Block()
		now := at()
		if steps = append(steps, [2]uint64{before[0] - now[0], before[1] - now[1]}); len(steps) > 20 {
			w.TB.Fatal("it does not end:", steps)
		}
		before = now
	}
	return steps
}

// The end of a large freeze is written in steps of bounded work, a block after the other; parts are free from its time on.
func TestALargeFreezeEndsInSteps(t *testing.T) {
	w, pkg, f := manyParts(t)
	w.Time = f.UntilUnixS - 1
	want := [][2]uint64{{100, 0}, {100, 0}, {50, 50}, {0, 100}, {0, 100}, {0, 0}} // the last step finds nothing more
	if got := w.toEnd(f); !slices.Equal(got, want) {
		t.Error("blocks dealt with", got)
	}
	w.blocked(alpha, 0, 0)
	w.total(alpha, voucherv1.ClassFrozen, 0, 0)
	w.total(court, voucherv1.ClassLaid, 0, 0)
	if w.balance(alpha) != 250 || len(w.laid(pkg.Id)) != 0 {
		t.Error(w.balance(alpha), w.laid(pkg.Id))
	}
}

// Between the steps parts are split, merged across the border of what is done, paid and frozen again; every block's
// invariants hold.
func TestWhatHappensBetweenTheSteps(t *testing.T) {
	w, pkg, f := manyParts(t)
	w.Time = f.UntilUnixS - 1
	w.Block()
	all := w.parts(pkg.Id)
	w.Must(alpha, w.merging(all[90:110]...)) // the first hundred are done
	w.Must(alpha, splitInto(w.parts(pkg.Id)[0].Ref(), 1, 1))
	g := w.frozen(police, pkg.Id, 1, 100, 1)
	w.Must(acme, payment(w.pkg(pkg.Id), 100))
	w.Advance(hours)
	w.toEnd(g)
	w.blocked(alpha, 0, 0)
	w.total(alpha, voucherv1.ClassFrozen, 0, 0)
	if w.balance(alpha) != 350 {
		t.Error(w.balance(alpha))
	}
}

// A release makes the first step itself; it may be repeated while the rest goes on.
func TestALargeFreezeIsReleasedInSteps(t *testing.T) {
	w, pkg, f := manyParts(t)
	w.Must(court, release(f))
	if now := w.freezeOf(pkg.Id, f.Id); !now.Released || now.UntilUnixS != w.Time || now.Stands(w.Time) {
		t.Error(now)
	}
	w.Must(court, release(f))
	w.toEnd(f)
	w.blocked(alpha, 0, 0)
	if w.balance(alpha) != 250 {
		t.Error(w.balance(alpha))
	}
}

// Many freezes that end in one second do no more in a block than the queue has place for.
func TestFreezesOfOneSecond(t *testing.T) {
	w := newWorld(t)
	pkg, _ := w.active(500, "a")
	for range kernel.QueuePerBlock/thawStep + 10 {
		w.frozen(court, pkg.Id, 1, 500, 1)
	}
	w.Advance(2 * hours)
	if n := w.pkg(pkg.Id).Freezes; n != 10 {
		t.Errorf("%d freezes are left after a block", n)
	}
	w.Block()
	if n := w.pkg(pkg.Id).Freezes; n != 0 {
		t.Errorf("%d freezes are left", n)
	}
}

// A claim that cannot become a balance keeps nothing but itself: it is told, stays blocked, and is tried again by release.
func TestAClaimThatFailsIsKeptAndTriedAgain(t *testing.T) {
	w, pkg, f := dueAndFrozen(t)
	w.Must(acme, payment(pkg, 500))
	full := math.MaxInt64 - w.Totals(beta.ID).Total(depositv1.ClassHeld, "CNY").AmountMinor
	w.holding(beta, full)
	w.Advance(hours)
	w.blocked(alpha, 0, 0)
	w.blocked(beta, 1, 100)
	now := w.freezeOf(pkg.Id, f.Id)
	if now.KeptClaims != 1 || len(now.Thaw) != 0 || w.pkg(pkg.Id).Freezes != 1 {
		t.Error(now)
	}
	r := w.Must(court, release(f)) // in vain
	if e := event[*voucherv1.ClaimKept](w, r, 0); e.AmountMinor != 100 || e.Code == 0 || string(e.Freeze) != string(f.Id) {
		t.Error(e)
	}
	if last := r.Events[len(r.Events)-1]; id.Must(last.Parties[len(last.Parties)-1]) != beta.ID {
		t.Errorf("its holder is not told: %x", last.Parties)
	}
	w.holding(beta, -full)
	w.NoInvariants = false
	w.Block()
	w.Must(acme, &depositv1.Transfer{Bank: bank.Member.Bytes(), To: beta.ID.Bytes(), AmountMinor: 1, Currency: "CNY"})
	w.Must(court, release(f))
	w.blocked(beta, 0, 0)
	w.total(court, voucherv1.ClassLaid, 0, 0)
	if w.balance(beta) != 101 || w.pkg(pkg.Id).Freezes != 0 {
		t.Error(w.balance(beta), w.pkg(pkg.Id))
	}
}

// While a freeze keeps a claim, another over the same units tries it again at its own end.
func TestAKeptClaimIsTriedByTheNextFreeze(t *testing.T) {
	w, pkg, f := dueAndFrozen(t)
	w.Must(acme, payment(pkg, 500))
	full := math.MaxInt64 - w.Totals(beta.ID).Total(depositv1.ClassHeld, "CNY").AmountMinor
	w.holding(beta, full)
	w.Must(court, release(f))
	w.holding(beta, -full)
	w.NoInvariants = false
	w.Block()
	g := w.frozen(police, pkg.Id, 250, 260, 1)
	w.Must(court, release(f)) // the police's meets it
	w.blocked(beta, 1, 100)
	w.Must(police, release(g))
	w.blocked(beta, 0, 0)
	if w.balance(beta) != 100 {
		t.Error(w.balance(beta))
	}
}
