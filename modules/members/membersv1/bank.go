package membersv1

import (
	"strings"

	"github.com/splittally/splittally/modules/kernel/money"
)

// Bounds of an account at a bank, in characters.
const (
	bicShort  = 8
	bicLong   = 11
	ibanLeast = 15
	ibanMost  = 34
	MaxNumber = 40
)

const (
	digits   = "0123456789"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// Validate judges the message alone.
func (m *SetSettlementAccount) Validate() error { return settlement(m.Currency, m.Account) }

// Validate judges the message alone.
func (m *ConfirmSettlementAccount) Validate() error { return settlement(m.Currency, m.Account) }

// Validate judges the message alone.
func (m *CancelSettlementAccount) Validate() error { return currency(m.Currency) }

func settlement(code string, a *BankAccount) error {
	if a == nil {
		return currency(code)
	}
	return first(currency(code), a.check())
}

func currency(code string) error {
	if _, known := money.Digits(code); !known {
		return ErrField.At("currency", "%.10q is unknown", code)
	}
	return nil
}

func (a *BankAccount) check() error {
	return first(
		text("account.bank", a.Bank, MaxName),
		a.checkBIC(),
		a.checkNumber(),
		text("account.holder", a.Holder, MaxName),
	)
}

func (a *BankAccount) checkBIC() error {
	if !ValidBIC(a.Bic) {
		return ErrField.At("account.bic", "%.20q is no BIC [ISO 9362]", a.Bic)
	}
	return nil
}

// checkNumber judges that there is an IBAN or a number of the bank's own, and not both.
func (a *BankAccount) checkNumber() error {
	switch {
	case (a.Iban == "") == (a.Number == ""):
		return ErrField.At("account.iban", "an IBAN or the bank's own number is needed, and not both")
	case a.Iban != "" && !ValidIBAN(a.Iban):
		return ErrField.At("account.iban", "%.40q: the check digits do not fit, or its form [ISO 13616]", a.Iban)
	case len(a.Number) > MaxNumber || !only(a.Number, digits+capitals+"-"):
		return ErrField.At("account.number", "%.50q: at most %d digits, capitals and hyphens", a.Number, MaxNumber)
	}
	return nil
}

// ValidBIC tells whether s has the form of a Business Identifier Code: four letters or digits, a country, two for the place
// and, where it names a branch, three more [ISO 9362].
func ValidBIC(s string) bool {
	return (len(s) == bicShort || len(s) == bicLong) && only(s, digits+capitals) && only(s[4:6], capitals)
}

// ValidIBAN tells whether s is an International Bank Account Number: country, two check digits by ISO 7064 MOD 97-10, and at
// least 11 more [ISO 13616].
func ValidIBAN(s string) bool {
	if len(s) < ibanLeast || len(s) > ibanMost || !only(s, digits+capitals) || !only(s[:2], capitals) || !only(s[2:4], digits) {
		return false
	}
	return mod97(s[4:]+s[:4]) == 1
}

// mod97 is the rest of digits, and capitals that count from 10, by 97.
func mod97(s string) int {
	rest := 0
	for _, r := range []byte(s) {
		if r <= '9' {
			rest = (rest*10 + int(r-'0')) % 97
		} else {
			rest = (rest*100 + int(r-'A') + 10) % 97
		}
	}
	return rest
}

func only(s, alphabet string) bool { return strings.Trim(s, alphabet) == "" }

// Same tells whether two are the same account; two that are not there are the same.
func (a *BankAccount) Same(b *BankAccount) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Bank == b.Bank && a.Bic == b.Bic && a.Iban == b.Iban && a.Number == b.Number && a.Holder == b.Holder
}
