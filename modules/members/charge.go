package members

import (
	"bytes"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// Charge judges what one call gives away against the account's limits, by currency, and books it: over all calls of
// the transaction, and over the chain's day. A currency without a limit is not booked.
func (m *Members) Charge(c *kernel.Ctx, account id.ID, given []money.Amount) error {
	a, ok := accounts.Get(c, account)
	if !ok {
		broken("a charge to account %s, which is not there", account)
	}
	for _, g := range given {
		limit := a.Policy.Limit(g.Currency)
		if limit == nil {
			continue
		}
		if err := charge(c, account, limit, g); err != nil {
			return err
		}
	}
	return nil
}

func charge(c *kernel.Ctx, account id.ID, limit *membersv1.Limit, g money.Amount) error {
	if g.Minor < 0 {
		return kernel.ErrOverflow.With("a call gives %s", g)
	}
	k := kernel.Join(account, kernel.Text(g.Currency))
	u := used(c, account, k)
	if left := limit.PerTransactionMinor - u.TransactionUsedMinor; g.Minor > left {
		return over(membersv1.ErrOverPayment, g, left, limit.PerTransactionMinor)
	}
	if left := limit.PerDayMinor - u.UsedMinor; g.Minor > left {
		return over(membersv1.ErrOverDay, g, left, limit.PerDayMinor)
	}
	u.UsedMinor += g.Minor
	u.TransactionUsedMinor += g.Minor
	dayUses.Save(c, k, u, true)
	return nil
}

// used is what the account has used today and in this transaction: a record of another day or transaction starts
// again from zero.
func used(c *kernel.Ctx, account id.ID, k inCurrency) *membersv1.DayUse {
	u, ok := dayUses.Get(c, k)
	if !ok {
		u = &membersv1.DayUse{Account: account.Bytes()}
	}
	if u.Day != c.Today() {
		u.Day, u.UsedMinor = c.Today(), 0
	}
	if tx := c.Transaction(); !bytes.Equal(u.Transaction, tx[:]) {
		u.Transaction, u.TransactionUsedMinor = tx.Bytes(), 0
	}
	return u
}

// over says how much is left of a limit, which is nothing where it was lowered below what is used.
func over(code *errs.Code, g money.Amount, left, limit int64) error {
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: g.Currency} }
	return code.With("%s is given, %s of %s is left", g, in(max(left, 0)), in(limit))
}
