package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// dueAndFrozen has parts of alpha's [1..200], beta's [201..300] and alpha's [301..500], of which the court has frozen
// [101..300] for an hour.
func dueAndFrozen(t *testing.T) (*world, *voucherv1.Package, *voucherv1.StandingFreeze) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.Must(alpha, splitInto(p.Ref(), 200, 100, 200))
	w.handed(alpha, beta, w.parts(pkg.Id)[1], 0)
	w.untilDue(0)
	w.mint(acme, 1_000)
	f := w.frozen(court, pkg.Id, 101, 300, 1)
	return w, w.pkg(pkg.Id), f
}

// Money for what is frozen waits in blocked claims, which are nobody's balance, and goes to the holder at the end.
func TestPayingWhatIsFrozen(t *testing.T) {
	w, pkg, f := dueAndFrozen(t)
	r := w.Must(acme, payment(pkg, 250))
	if w.balance(alpha) != 150 || w.balance(beta) != 0 || w.balance(acme) != 750 {
		t.Error(w.balance(alpha), w.balance(beta), w.balance(acme))
	}
	w.blocked(alpha, 1, 50)
	w.blocked(beta, 1, 50)
	w.total(alpha, voucherv1.ClassHeld, 3, 200)
	w.total(alpha, voucherv1.ClassFrozen, 1, 50)
	w.total(beta, voucherv1.ClassFrozen, 1, 50)
	first := event[*voucherv1.Paid](w, r, 0)
	if first.AmountMinor != 200 || len(first.Legs) != 3 || first.Legs[0].Blocked || !first.Legs[1].Blocked || first.Legs[2].Blocked {
		t.Error(first)
	}
	b := event[*depositv1.Blocked](w, r, 0)
	if id.Must(b.Holder) != alpha.ID || id.Must(b.From) != acme.ID || b.AmountMinor != 50 || string(b.Freeze) != string(f.Id) {
		t.Error(b)
	}
	// Paid in full: parts are gone, the claims stay, one for each part and bank.
	w.Must(acme, payment(pkg, 250))
	w.blocked(alpha, 1, 100)
	w.blocked(beta, 1, 100)
	w.total(alpha, voucherv1.ClassFrozen, 0, 0)
	w.total(beta, voucherv1.ClassHeld, 0, 0)
	if now := w.pkg(pkg.Id); !now.Ended() || now.Freezes != 1 {
		t.Error(now)
	}
	w.Refused(depositv1.ErrInsufficient, beta, &depositv1.Redeem{Bank: bank.Member.Bytes(), AmountMinor: 1, Currency: "CNY"})
	w.Advance(hours)
	w.blocked(alpha, 0, 0)
	w.blocked(beta, 0, 0)
	if w.balance(alpha) != 400 || w.balance(beta) != 100 {
		t.Error(w.balance(alpha), w.balance(beta))
	}
}

// A claim is released once no freeze meets it any more: by release or by time, in whatever order; a freeze that takes over
// meets money of which no unit is outstanding.
func TestBlockedUntilNoFreezeStands(t *testing.T) {
	w, pkg, f := dueAndFrozen(t)
	w.Must(acme, payment(pkg, 500))
	if _, err := w.voted(w.freezing(pkg.Id, 250, 260, 24*30)); err != nil {
		t.Fatal(err)
	}
	g := w.laid(pkg.Id).without(f.Id)[0]
	w.frozen(police, pkg.Id, 101, 101, 2)
	r := w.Must(court, release(f))
	w.blocked(alpha, 1, 100) // the police's
	w.blocked(beta, 1, 100)  // governance's
	if w.balance(alpha) != 300 {
		t.Error(w.balance(alpha))
	}
	if e := event[*voucherv1.FreezeEnded](w, r, 0); !e.Released {
		t.Error(e)
	}
	w.Advance(2 * hours)
	w.blocked(alpha, 0, 0)
	w.blocked(beta, 1, 100)
	if _, err := w.voted(release(g)); err != nil {
		t.Error(err)
	}
	w.blocked(beta, 0, 0)
	if w.balance(alpha) != 400 || w.balance(beta) != 100 {
		t.Error(w.balance(alpha), w.balance(beta))
	}
	w.Refused(voucherv1.ErrNothingThere, police, w.freezing(pkg.Id, 1, 500, 1))
}

// In the second in which a freeze ends, before its item runs, a payment goes to the holder.
func TestPayingInTheLastSecond(t *testing.T) {
	w, pkg, f := dueAndFrozen(t)
	w.Time = f.UntilUnixS - 1
	r := w.Must(acme, payment(pkg, 500))
	if len(event[*voucherv1.Paid](w, r, 0).Legs) == 0 || w.balance(alpha) != 400 || w.balance(beta) != 100 {
		t.Error(w.balance(alpha), w.balance(beta))
	}
}

// Where deposits become forbidden, what was paid before still reaches its holder.
func TestForbiddenDepositsAreReleased(t *testing.T) {
	w, pkg, f := dueAndFrozen(t)
	w.Must(acme, payment(pkg, 500))
	w.param(depositv1.ParamAllowed, 0)
	w.Must(court, release(f))
	if w.balance(alpha) != 400 || w.balance(beta) != 100 {
		t.Error(w.balance(alpha), w.balance(beta))
	}
}
