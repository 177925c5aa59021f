package depositv1_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

var (
	bank  = id.Hash("bank").Bytes()
	other = id.Hash("other").Bytes()
)

// One line a case: the field that must be named, in order of precedence where several are wrong.
func TestValidate(t *testing.T) {
	long, longest := strings.Repeat("x", 141), strings.Repeat("x", 140)
	for name, tc := range map[string]struct {
		m     interface{ Validate() error }
		field string
	}{
		"mint":                        {&depositv1.Mint{To: other, AmountMinor: 1, Currency: "CNY"}, ""},
		"mint, longest reference":     {&depositv1.Mint{To: other, AmountMinor: 1, Currency: "CNY", Reference: longest}, ""},
		"mint to nobody":              {&depositv1.Mint{AmountMinor: 0, Currency: "CNY"}, "to"},
		"mint to the zero id":         {&depositv1.Mint{To: make([]byte, 32), AmountMinor: 1, Currency: "CNY"}, "to"},
		"mint of nothing":             {&depositv1.Mint{To: other, Currency: "XXX"}, "amount_minor"},
		"mint of less":                {&depositv1.Mint{To: other, AmountMinor: -1, Currency: "CNY"}, "amount_minor"},
		"mint of no currency":         {&depositv1.Mint{To: other, AmountMinor: 1, Reference: long}, "currency"},
		"mint in lower case":          {&depositv1.Mint{To: other, AmountMinor: 1, Currency: "cny"}, "currency"},
		"mint with a long reference":  {&depositv1.Mint{To: other, AmountMinor: 1, Currency: "CNY", Reference: long}, "reference"},
		"redeem":                      {&depositv1.Redeem{Bank: bank, AmountMinor: 1, Currency: "JPY"}, ""},
		"redeem with no bank":         {&depositv1.Redeem{Bank: bank[1:], Currency: "JPY"}, "bank"},
		"redeem nothing":              {&depositv1.Redeem{Bank: bank, Currency: "JPY"}, "amount_minor"},
		"transfer":                    {&depositv1.Transfer{Bank: bank, To: other, AmountMinor: 1, Currency: "EUR"}, ""},
		"transfer: bank before to":    {&depositv1.Transfer{}, "bank"},
		"transfer: to before amount":  {&depositv1.Transfer{Bank: bank, To: other[:31]}, "to"},
		"transfer: amount, currency":  {&depositv1.Transfer{Bank: bank, To: other}, "amount_minor"},
		"transfer: unknown currency":  {&depositv1.Transfer{Bank: bank, To: other, AmountMinor: 1, Currency: "ZZZ"}, "currency"},
		"transfer: a long reference":  {&depositv1.Transfer{Bank: bank, To: other, AmountMinor: 1, Currency: "EUR", Reference: long}, "reference"},
		"transfer of the most it can": {&depositv1.Transfer{Bank: bank, To: other, AmountMinor: money.Max, Currency: "EUR"}, ""},
		"transfer of more":            {&depositv1.Transfer{Bank: bank, To: other, AmountMinor: money.Max + 1, Currency: "EUR"}, "amount_minor"},
		"mint of more":                {&depositv1.Mint{To: other, AmountMinor: money.Max + 1, Currency: "EUR"}, "amount_minor"},
		"redemption of all":           {&depositv1.Redeem{Bank: bank, AmountMinor: 1<<63 - 1, Currency: "EUR"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.m.Validate()
			if tc.field == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var e *errs.Error
			if !errors.As(err, &e) || e.Code != depositv1.ErrField || e.Field != tc.field {
				t.Errorf("want field %s, got %v", tc.field, err)
			}
		})
	}
}

func TestKeysGolden(t *testing.T) {
	var b, h id.ID
	for i := range b {
		b[i], h[i] = 0xbb, 0x44
	}
	rep := func(s string) string { return strings.Repeat(s, 32) }
	for name, tc := range map[string]struct {
		got  []byte
		want string
	}{
		"balance": {depositv1.BalanceKey(b, h, "CNY"), "0301" + rep("bb") + rep("44") + hex.EncodeToString([]byte("CNY"))},
		"issued":  {depositv1.IssuedKey(b, "CNY"), "0302" + rep("bb") + "434e59"},
		"blocked": {depositv1.BlockedKey(h, b, h), "0303" + rep("44") + rep("bb") + rep("44")},
	} {
		if hex.EncodeToString(tc.got) != tc.want {
			t.Errorf("%s: %x", name, tc.got)
		}
	}
	if depositv1.ClassHeld != 301 || depositv1.ClassBlocked != 302 || depositv1.ListDeposits != "deposits" || depositv1.ListBlocked != "deposits.blocked" || depositv1.ParamAllowed != "deposit.allowed" {
		t.Error("names and numbers of the wire")
	}
}

// Numbers never change their meaning.
func TestErrorNumbers(t *testing.T) {
	for want, code := range map[uint32]*errs.Code{
		301: depositv1.ErrField, 302: depositv1.ErrForbidden, 303: depositv1.ErrToSelf, 304: depositv1.ErrInsufficient,
	} {
		if code.Number != want || code.Module != "deposit" || errs.ByNumber(want) != code {
			t.Errorf("%s is %d of %s, not %d", code.Name, code.Number, code.Module, want)
		}
	}
}
