package deposit

import (
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

// redeem gives the caller's claim back to the bank, which pays it out. It is possible whatever becomes of the bank
// and of the parameter: a claim must always be redeemable.
func (d *Deposits) redeem(c *kernel.Ctx, m *depositv1.Redeem) error {
	bank, a := id.Must(m.Bank), money.Amount{Minor: m.AmountMinor, Currency: m.Currency}
	if err := take(c, bank, c.Caller(), a); err != nil {
		return err
	}
	if err := owe(c, bank, a.Currency, -a.Minor); err != nil {
		return err
	}
	d.moved(c, bank, c.Caller(), id.ID{}, a, m.Reference)
	return nil
}
