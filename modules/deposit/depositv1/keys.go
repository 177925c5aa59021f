package depositv1

import (
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// The prefixes of the module's collections; module number 3.
var (
	PrefixBalance = kernelv1.Prefix{3, 1}
	PrefixIssued  = kernelv1.Prefix{3, 2}
)

// ClassHeld is the class of an account's totals that counts its balances, one for each bank, and their sum, by
// currency.
const ClassHeld = 301

// ListDeposits is the list of an account's balances; its subject is the account.
const ListDeposits = "deposits"

// ParamAllowed is the parameter that is 1 where deposits are allowed and 0 where they are not.
const ParamAllowed = "deposit.allowed"

// BalanceKey is the state key of the Balance that a bank (a member) owes a holder (an account) in a currency.
func BalanceKey(bank, holder id.ID, currency string) []byte {
	return kernelv1.StateKey(PrefixBalance, bank[:], holder[:], []byte(currency))
}

// IssuedKey is the state key of the Issued record: what a bank (a member) owes in all in a currency.
func IssuedKey(bank id.ID, currency string) []byte {
	return kernelv1.StateKey(PrefixIssued, bank[:], []byte(currency))
}
