package deposit_test

import (
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
)

func TestRedeem(t *testing.T) {
	w := newWorld(t)
	w.Must(bank, mint(acme, 10))
	r := w.Must(acme, redeem(bank, 4))
	w.moved(r, &depositv1.Moved{Bank: bank.Member.Bytes(), From: acme.ID.Bytes(), AmountMinor: 4, Currency: "CNY"}, acme, bank)
	w.held(acme, 1, 6)
	w.Refused(depositv1.ErrInsufficient, acme, redeem(bank, 7))
	w.Must(acme, redeem(bank, 6))
	w.held(acme, 0, 0)
	if w.Read(depositv1.BalanceKey(bank.Member, acme.ID, "CNY"), &depositv1.Balance{}) || w.Read(depositv1.IssuedKey(bank.Member, "CNY"), &depositv1.Issued{}) {
		t.Error("records of nothing are there")
	}
}

// With the bank that minted it, and with it alone.
func TestRedeemWithAnotherBank(t *testing.T) {
	w := newWorld(t)
	w.Must(bank, mint(acme, 10))
	w.Refused(depositv1.ErrInsufficient, acme, redeem(otherBank, 1))
	w.Refused(depositv1.ErrInsufficient, zeta, redeem(bank, 1))
	w.Refused(depositv1.ErrField, acme, redeem(stranger, 1))
}

func TestRedeemWhateverBecomesOfTheBank(t *testing.T) {
	w := newWorld(t)
	w.Must(bank, mint(acme, 10), mint(bank, 1))
	w.forbid()
	w.Must(acme, redeem(bank, 9))
	w.suspend(bank)
	w.Must(acme, redeem(bank, 1))
	if w.issued(bank) != 1 {
		t.Error("issued", w.issued(bank))
	}
	if w.Totals(acme.ID).SentCount != 2 || w.Totals(acme.ID).Total(depositv1.ClassHeld, "CNY").Count != 0 {
		t.Error(w.Totals(acme.ID))
	}
}

// A claim that the bank's own sum does not know of is no refusal: state is broken, and the process stops.
func TestRedeemOverIssuedIsFatal(t *testing.T) {
	w := newWorld(t)
	w.Must(bank, mint(acme, 10))
	w.Plant(depositv1.IssuedKey(bank.Member, "CNY"), &depositv1.Issued{Bank: bank.Member.Bytes(), Currency: "CNY", AmountMinor: 1})
	defer func() {
		if _, fatal := recover().(kernel.Fatal); !fatal {
			t.Error("no Fatal")
		}
	}()
	w.Do(acme, redeem(bank, 2))
}
