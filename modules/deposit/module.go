// Package deposit keeps claims on banks that move on the chain. There is no pool of money: a deposit is redeemable
// with the bank that minted it, and with it alone [77 art. 4, 14].
package deposit

import (
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// Deposits is the module, as later modules use it.
type Deposits struct{ members *members.Members }

// New makes the module.
func New(m *members.Members) *Deposits { return &Deposits{members: m} }

var allowed = &kernel.Param{Name: depositv1.ParamAllowed, Default: 1, Min: 0, Max: 1, Source: "[77 art. 4, 14]"}

// Module is the table of contents.
func (d *Deposits) Module() *kernel.Module {
	bank, holder := kernel.Need{Roles: membersv1.RoleBank}, kernel.Need{Roles: membersv1.Trading}
	return &kernel.Module{
		Name:        "deposit",
		Collections: []*kernel.Collection{balances.Declared(), issued.Declared(), blocked.Declared()},
		Params:      []*kernel.Param{allowed},
		Routes: []kernel.Route{
			kernel.On("deposit.Mint", bank, gives[*depositv1.Mint], d.mint),
			kernel.On("deposit.Redeem", holder, gives[*depositv1.Redeem], d.redeem),
			kernel.On("deposit.Transfer", holder, gives[*depositv1.Transfer], d.transfer),
		},
		Invariants: []kernel.Invariant{
			{Name: "issued", Check: checkIssued},
			{Name: "totals", Check: checkTotals},
		},
	}
}

// claim is what the three messages have in common.
type claim interface {
	GetAmountMinor() int64
	GetCurrency() string
}

// gives is the whole amount: a mint makes the bank owe it, a transfer passes it on, a redemption gives it back. So
// the account's limits bound what a stolen key can do in each of the three.
func gives[M claim](_ *kernel.Ctx, m M) ([]money.Amount, error) {
	return []money.Amount{{Minor: m.GetAmountMinor(), Currency: m.GetCurrency()}}, nil
}
