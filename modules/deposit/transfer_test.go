package deposit_test

import (
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// suspend writes a member's state as a vote does.
func (w *world) suspend(a kerneltest.Actor) {
	w.TB.Helper()
	m := &membersv1.Member{}
	if !w.Read(membersv1.MemberKey(a.Member), m) {
		w.TB.Fatal("no member")
	}
	m.State = membersv1.MemberState_MEMBER_STATE_SUSPENDED
	w.Plant(membersv1.MemberKey(a.Member), m)
	w.NoInvariants = true // the members' count of seats does not know of it
}

func TestTransfer(t *testing.T) {
	w := newWorld(t)
	w.Must(bank, mint(acme, 10))
	r := w.Must(acme, transfer(bank, zeta, 4))
	w.moved(r, &depositv1.Moved{
		Bank: bank.Member.Bytes(), From: acme.ID.Bytes(), To: zeta.ID.Bytes(), AmountMinor: 4, Currency: "CNY", Reference: "order 7",
	}, acme, zeta, bank)
	w.held(acme, 1, 6)
	w.held(zeta, 1, 4)
	w.Must(acme, transfer(bank, zeta, 6))
	w.held(acme, 0, 0)
	w.held(zeta, 1, 10)
	if w.issued(bank) != 10 {
		t.Error("a transfer changed what the bank owes:", w.issued(bank))
	}
}

// The refusals in their order: each case has the faults of those below it too, where it can.
func TestTransferRefusals(t *testing.T) {
	w := newWorld(t)
	invited := w.invite()
	w.Refused(depositv1.ErrField, acme, transfer(bank, acme, 0))
	w.Refused(depositv1.ErrToSelf, acme, transfer(bank, acme, 1))
	w.Refused(kernel.ErrUnknown, acme, transfer(bank, stranger, 1))
	w.Refused(kernel.ErrInactive, acme, transfer(bank, invited, 1))
	w.Refused(depositv1.ErrInsufficient, acme, transfer(bank, zeta, 1))
	w.Refused(depositv1.ErrField, acme, transfer(bank, zeta, money.Max+1))
	w.Must(bank, mint(acme, 2))
	w.NoInvariants = true
	w.Plant(kernelv1.TotalsKey(zeta.ID), totals(1, money.MaxHeld-1))
	w.Refused(kernel.ErrOverflow, acme, transfer(bank, zeta, 2))
	w.Must(acme, transfer(bank, zeta, 1))
	w.forbid()
	w.Refused(depositv1.ErrForbidden, acme, transfer(bank, acme, 1))
}

// Zeta's limit of 5.00 CNY at once counts for each of the three calls, and over the calls of one transaction.
func TestLimits(t *testing.T) {
	for name, f := range map[string]func(w *world, minor int64) kernel.Result{
		"mint":     func(w *world, minor int64) kernel.Result { return w.Do(zeta, mint(acme, minor)) },
		"redeem":   func(w *world, minor int64) kernel.Result { return w.Do(zeta, redeem(bank, minor)) },
		"transfer": func(w *world, minor int64) kernel.Result { return w.Do(zeta, transfer(bank, acme, minor)) },
		"two in a row": func(w *world, minor int64) kernel.Result {
			return w.Do(zeta, redeem(bank, 250), redeem(bank, minor-250))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Must(bank, mint(zeta, 10_000))
			if r := f(w, 501); !errors.Is(r.Err, membersv1.ErrOverPayment) {
				t.Error("over the limit:", r.Err)
			}
			if r := f(w, 500); r.Err != nil {
				t.Error(r.Err)
			}
		})
	}
}

// What later modules pay with.
func TestMove(t *testing.T) {
	w := newWorld(t)
	invited := w.invite()
	w.Must(bank, mint(acme, 10))
	c := w.View()
	move := func(to kerneltest.Actor, minor int64) error {
		return w.deposits.Move(c, bank.Member, acme.ID, to.ID, "CNY", minor, "payment")
	}
	for _, tc := range []struct {
		to    kerneltest.Actor
		minor int64
		want  error
		left  int64
	}{
		{zeta, 11, depositv1.ErrInsufficient, 10},
		{zeta, 0, nil, 10},
		{invited, 3, nil, 7}, // a suspended or invited holder is paid too
		{acme, 7, nil, 7},    // to the payer itself: nothing changes
		{acme, 8, depositv1.ErrInsufficient, 7},
		{zeta, 7, nil, 0},
	} {
		if err := move(tc.to, tc.minor); !errors.Is(err, tc.want) {
			t.Errorf("%d: want %v, got %v", tc.minor, tc.want, err)
		}
		if got := c.Totals(acme.ID).Total(depositv1.ClassHeld, "CNY").AmountMinor; got != tc.left {
			t.Errorf("%d: %d left, want %d", tc.minor, got, tc.left)
		}
	}
	if bad := w.M.CheckInvariants(c); len(bad) > 0 {
		t.Error(bad)
	}
	w.forbid()
	if err := w.deposits.Move(w.View(), bank.Member, acme.ID, zeta.ID, "CNY", 0, ""); !errors.Is(err, depositv1.ErrForbidden) {
		t.Error("a forbidden move:", err)
	}
}

func TestMoveOfLessThanNothingIsFatal(t *testing.T) {
	w := newWorld(t)
	defer func() {
		if _, fatal := recover().(kernel.Fatal); !fatal {
			t.Error("no Fatal")
		}
	}()
	_ = w.deposits.Move(w.View(), bank.Member, acme.ID, zeta.ID, "CNY", -1, "")
}
