package depositv1

import (
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// The prefixes of the module's collections; module number 3.
var (
	PrefixBalance = kernelv1.Prefix{3, 1}
	PrefixIssued  = kernelv1.Prefix{3, 2}
	PrefixBlocked = kernelv1.Prefix{3, 3}
)

// The classes of an account's totals, by currency.
const (
	ClassHeld    = 301 // balances, one for each bank, and their sum
	ClassBlocked = 302 // blocked claims and their sum; no part of the former
)

// The lists; the subject of each is the account.
const (
	ListDeposits = "deposits"         // balances by holder
	ListBlocked  = "deposits.blocked" // blocked claims by holder
)

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

// BlockedKey is the state key of the BlockedClaim on a bank (a member) for what was paid of a part of a package.
func BlockedKey(pkg, number, bank id.ID) []byte {
	return kernelv1.StateKey(PrefixBlocked, pkg[:], number[:], bank[:])
}

// ClaimPlace is where a blocked claim stands among those of its package: its number and bank.
func ClaimPlace(b *BlockedClaim) []byte { return append(append([]byte(nil), b.Number...), b.Bank...) }
