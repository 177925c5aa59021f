package deposit

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

// Room refuses what somebody has chosen to give an account where all that its totals count in the currency is now more than
// money.MaxHeld: what it has, what it is offered and what waits for it, whatever the class. Whoever gives by choice asks
// after it has booked; what comes in by rule moves from one class to another and is not asked. So nobody fills an account
// up to where a payment or the end of a freeze would find no place. Error: kernel.ErrOverflow.
func Room(c *kernel.Ctx, account id.ID, currency string) error {
	sum := uint64(0)
	for _, l := range c.Totals(account).Lines {
		if l.Currency != currency {
			continue
		}
		if sum += uint64(l.AmountMinor); sum > money.MaxHeld {
			return kernel.ErrOverflow.With("account %s would have more than %s", account, money.Amount{Minor: money.MaxHeld, Currency: currency})
		}
	}
	return nil
}
