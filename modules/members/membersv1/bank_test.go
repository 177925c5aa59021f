package membersv1

import (
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"pgregory.net/rapid"
)

func atBank() *BankAccount {
	return &BankAccount{Bank: "Deutsche Bank", Bic: "DEUTDEFF500", Iban: "DE89370400440532013000", Holder: "Maker"}
}

func TestNumbersOfBanks(t *testing.T) {
	// Examples of the register of IBANs.
	for _, s := range []string{"DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947", "MT84MALT011000012345MTLCAST001S"} {
		if !ValidIBAN(s) {
			t.Errorf("%s is an IBAN", s)
		}
	}
	for _, s := range []string{"", "DE89370400440532013001", "de89370400440532013000", "DE89 3704 0044 0532 0130 00", "8989370400440532013000", "DEAA370400440532013000", "NO938601111794", strings.Repeat("A", 35)} {
		if ValidIBAN(s) {
			t.Errorf("%q is none", s)
		}
	}
	for s, want := range map[string]bool{
		"DEUTDEFF": true, "DEUTDEFF500": true, "BKCHCNBJ": true, "": false, "DEUTDEF": false, "DEUTDEFF5": false, "DEUT1EFF": false, "deutdeff": false, "DEUT-EFF": false,
	} {
		if ValidBIC(s) != want {
			t.Errorf("%q: a BIC %v", s, !want)
		}
	}
}

// One wrong digit of an IBAN is always found.
func TestAnIBANFindsSlips(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := []byte("DE89370400440532013000")
		at, to := rapid.IntRange(2, len(b)-1).Draw(r, "at"), byte('0'+rapid.IntRange(0, 9).Draw(r, "to"))
		if b[at] == to {
			return
		}
		if b[at] = to; ValidIBAN(string(b)) {
			r.Fatalf("%s is not found", b)
		}
	})
}

func TestSettlementCalls(t *testing.T) {
	long := strings.Repeat("X", 1000)
	wrong := func(change func(*BankAccount)) *BankAccount {
		a := atBank()
		change(a)
		return a
	}
	own := wrong(func(a *BankAccount) { a.Iban, a.Number = "", "6222-0212-0001" })
	for i, tc := range []struct {
		account *BankAccount
		field   string
	}{
		{atBank(), ""},
		{own, ""},
		{nil, ""},
		{wrong(func(a *BankAccount) { a.Bank = "" }), "account.bank"},
		{wrong(func(a *BankAccount) { a.Bank = long }), "account.bank"},
		{wrong(func(a *BankAccount) { a.Bic = "DEUT" }), "account.bic"},
		{wrong(func(a *BankAccount) { a.Iban = "" }), "account.iban"},
		{wrong(func(a *BankAccount) { a.Number = "1" }), "account.iban"},
		{wrong(func(a *BankAccount) { a.Iban = "DE89370400440532013001" }), "account.iban"},
		{wrong(func(a *BankAccount) { a.Iban, a.Number = "", "12 34" }), "account.number"},
		{wrong(func(a *BankAccount) { a.Iban, a.Number = "", long }), "account.number"},
		{wrong(func(a *BankAccount) { a.Holder = "" }), "account.holder"},
	} {
		for _, m := range []interface{ Validate() error }{
			&SetSettlementAccount{Currency: "EUR", Account: tc.account}, &ConfirmSettlementAccount{Currency: "EUR", Account: tc.account},
		} {
			if err := m.Validate(); tc.field == "" && err != nil {
				t.Errorf("row %d: %v", i, err)
			} else if tc.field != "" {
				refusedAt(t, tc.field, i, err, ErrField)
			}
		}
	}
	for _, m := range []interface{ Validate() error }{&SetSettlementAccount{Currency: "XYZ"}, &ConfirmSettlementAccount{}, &CancelSettlementAccount{}} {
		refusedAt(t, "currency", 0, m.Validate(), ErrField)
	}
	if err := (&CancelSettlementAccount{Currency: "EUR"}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestSameAccountAtABank(t *testing.T) {
	var none *BankAccount
	other := atBank()
	other.Holder = "Somebody"
	if !atBank().Same(atBank()) || !none.Same(nil) || none.Same(atBank()) || atBank().Same(nil) || atBank().Same(other) {
		t.Error("what is the same")
	}
}

func TestCallsOfRecovery(t *testing.T) {
	id32, long, policy := make([]byte, 32), strings.Repeat("x", 1000), good().Policy
	for i, tc := range []struct {
		m     interface{ Validate() error }
		field string
		code  *errs.Code
	}{
		{&Recover{Account: id32, Policy: policy, Reason: "x"}, "", nil},
		{&Recover{Policy: policy, Reason: "x"}, "account", ErrField},
		{&Recover{Account: id32, Policy: policy}, "reason", ErrField},
		{&Recover{Account: id32, Policy: policy, Reason: long}, "reason", ErrField},
		{&Recover{Account: id32, Reason: "x"}, "policy", ErrPolicy},
		{&VetoRecovery{Account: id32}, "", nil},
		{&VetoRecovery{}, "account", ErrField},
		{&CancelRecovery{Account: id32}, "", nil},
		{&CancelRecovery{}, "account", ErrField},
		{&CloseAccount{Account: id32}, "", nil},
		{&CloseAccount{}, "account", ErrField},
		{&SetSponsor{Member: id32, Sponsor: id32}, "", nil},
		{&SetSponsor{Member: id32}, "", nil},
		{&SetSponsor{}, "member", ErrField},
		{&SetSponsor{Sponsor: id32}, "member", ErrField},
		{&SetSponsor{Member: id32, Sponsor: []byte{1}}, "sponsor", ErrField},
		{&SetStanding{Member: id32, State: 3, Roles: 1}, "", nil},
		{&SetStanding{Member: id32, State: 3, Roles: 1, Seat: true}, "seat", ErrField},
		{&SetStanding{Member: id32, State: 3, Roles: 1, SupplierQuota: 1}, "supplier_quota", ErrField},
		{&SetStanding{Member: id32, State: 1, Roles: 1, Reason: long}, "reason", ErrField},
	} {
		err := tc.m.Validate()
		if tc.code == nil && err != nil {
			t.Errorf("row %d: %v", i, err)
		} else if tc.code != nil {
			refusedAt(t, tc.field, i, err, tc.code)
		}
	}
}
