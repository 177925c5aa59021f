package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/money"
)

// holding plants deposits into an account's totals: so many minor units more, which its balances know nothing of.
func (w *world) holding(a kerneltest.Actor, more int64) {
	w.TB.Helper()
	w.NoInvariants = true
	c := w.View()
	if err := c.Tally(a.ID, depositv1.ClassHeld, "CNY", 0, more); err != nil {
		w.TB.Fatal(err)
	}
	w.Plant(kernelv1.TotalsKey(a.ID), c.Totals(a.ID))
}

// Nobody is given more than it can be paid for: by issue, by offer or at once. What was given is paid.
func TestWhoeverIsFullIsGivenNothingMore(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.welcome(gamma, 500)
	w.mint(acme, 500)
	w.holding(alpha, money.MaxHeld-500)
	w.holding(beta, money.MaxHeld-100)
	w.holding(gamma, money.MaxHeld-100)
	w.Refused(kernel.ErrOverflow, acme, issueOf(item(alpha, 1, "b")))
	w.Refused(kernel.ErrOverflow, alpha, items(w.give(p, beta, 101)))
	atOnce := w.give(p, gamma, 101)
	atOnce.OfferExpiresUnixS = 0
	w.Refused(kernel.ErrOverflow, alpha, items(atOnce))
	atOnce.AmountMinor = 100
	w.Must(alpha, items(atOnce))
	w.handed(alpha, beta, w.parts(pkg.Id)[1], 100)
	w.untilDue(0)
	w.Must(acme, payment(pkg, 500))
	for _, a := range []kerneltest.Actor{alpha, beta, gamma} {
		if minor := w.Totals(a.ID).Total(depositv1.ClassHeld, "CNY").AmountMinor; minor != money.MaxHeld && a.ID != alpha.ID {
			t.Errorf("%s has %d", a.ID, minor)
		}
	}
}

// What goes back to its obligor is no gift: it is not asked whether there is room.
func TestAnExtinctionNeedsNoRoomOfItsOwn(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(500, "a")
	w.holding(acme, money.MaxHeld-1_000)
	w.returned(alpha, acme, p, 0)
}
