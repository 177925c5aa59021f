package deposit

import (
	"fmt"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

// transfer passes the caller's claim on to another active account.
func (d *Deposits) transfer(c *kernel.Ctx, m *depositv1.Transfer) error {
	if err := mustAllow(c); err != nil {
		return err
	}
	to := id.Must(m.To)
	if to == c.Caller() {
		return depositv1.ErrToSelf
	}
	if _, err := c.Active(to); err != nil {
		return err
	}
	if err := d.Move(c, id.Must(m.Bank), c.Caller(), to, m.Currency, m.AmountMinor, m.Reference); err != nil {
		return err
	}
	return Room(c, to, m.Currency)
}

// Move moves a claim of amountMinor minor units on a bank (a member) from one account to another, books the totals
// and tells the parties. The module that calls it answers for from's consent. The receiver need not be active, so
// that one suspended holder does not keep a payment from all the others. An amount of 0 moves nothing.
// Errors: ErrForbidden, ErrInsufficient, kernel.ErrOverflow.
func (d *Deposits) Move(c *kernel.Ctx, bank, from, to id.ID, currency string, amountMinor int64, reference string) error {
	if amountMinor < 0 {
		panic(kernel.Fatal{Err: fmt.Errorf("deposit: a move of %d minor units", amountMinor)})
	}
	if err := mustAllow(c); err != nil || amountMinor == 0 {
		return err
	}
	a := money.Amount{Minor: amountMinor, Currency: currency}
	if err := take(c, bank, from, a); err != nil {
		return err
	}
	if err := give(c, bank, to, a); err != nil {
		return err
	}
	d.moved(c, bank, from, to, a, reference)
	return nil
}
