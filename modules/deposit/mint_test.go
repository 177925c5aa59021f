package deposit_test

import (
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestMint(t *testing.T) {
	w := newWorld(t)
	r := w.Must(bank, mint(acme, 700))
	w.moved(r, &depositv1.Moved{Bank: bank.Member.Bytes(), To: acme.ID.Bytes(), AmountMinor: 700, Currency: "CNY", Reference: "received"}, acme, bank)
	w.Must(bank, mint(acme, 1))
	w.Must(otherBank, mint(acme, 5))
	w.Must(bank, mint(bank, 9))
	if w.balance(bank, acme) != 701 || w.balance(otherBank, acme) != 5 || w.issued(bank) != 710 || w.issued(otherBank) != 5 {
		t.Error("balances", w.balance(bank, acme), w.balance(otherBank, acme), w.issued(bank), w.issued(otherBank))
	}
	w.held(acme, 2, 706)
	w.held(bank, 1, 9)
}

func TestMintCurrenciesAreApart(t *testing.T) {
	w := newWorld(t)
	w.Must(bank, mint(acme, 7), &depositv1.Mint{To: acme.ID.Bytes(), AmountMinor: 8, Currency: "JPY"})
	w.held(acme, 1, 7)
	if jpy := w.Totals(acme.ID).Total(depositv1.ClassHeld, "JPY"); jpy.Count != 1 || jpy.AmountMinor != 8 {
		t.Error(jpy)
	}
	w.Refused(depositv1.ErrInsufficient, acme, &depositv1.Redeem{Bank: bank.Member.Bytes(), AmountMinor: 8, Currency: "CNY"})
}

// The refusals in their order: each case has the faults of those below it too, where it can.
func TestMintRefusals(t *testing.T) {
	w := newWorld(t)
	invited := w.invite()
	w.Refused(depositv1.ErrField, bank, mint(stranger, 0))
	w.Refused(kernel.ErrUnknown, bank, mint(stranger, 1))
	w.Refused(kernel.ErrInactive, bank, mint(invited, 1))
	w.Refused(depositv1.ErrField, bank, mint(acme, money.Max+1))
	w.Must(bank, mint(acme, money.Max))
	w.NoInvariants = true
	w.Plant(depositv1.IssuedKey(bank.Member, "CNY"), &depositv1.Issued{Bank: bank.Member.Bytes(), Currency: "CNY", AmountMinor: money.MaxIssued - 5})
	w.Refused(kernel.ErrOverflow, bank, mint(zeta, 6)) // what the bank owes in all
	w.Must(bank, mint(zeta, 5))
	w.forbid()
	w.Refused(depositv1.ErrForbidden, bank, mint(stranger, 1))
}

// invite admits a supplier, whose account may not act before it has joined.
func (w *world) invite() kerneltest.Actor {
	w.TB.Helper()
	invitation := memberstest.Key("invitation")
	body := w.Body(bank, kerneltest.Call(bank, &membersv1.AdmitSupplier{
		Legal: memberstest.LEI("new"), IdentityCheck: id.Hash("check").Bytes(), InvitationKind: invitation.Kind, InvitationKey: invitation.PublicKey,
	}))
	if r := w.Raw(w.Sign(body, bank)); r.Err != nil {
		w.TB.Fatal(r.Err)
	}
	return kerneltest.Actor{ID: kernelv1.CreatedID(kernelv1.SeedOf(bank.ID, body.Id), 0, 1)}
}
