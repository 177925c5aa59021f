package deposit

import (
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/money"
)

// sum is what balances add up to under one (bank or holder, currency).
type sum struct {
	of       id.ID
	currency string
	count    uint64
	minor    int64
}

// sums groups balances; order keeps the groups as they are first met, since a map has none.
type sums struct {
	groups map[string]*sum
	order  []*sum
}

func (s *sums) of(who id.ID, currency string) *sum {
	k := string(who[:]) + currency
	if s.groups[k] == nil {
		s.groups[k] = &sum{of: who, currency: currency}
		s.order = append(s.order, s.groups[k])
	}
	return s.groups[k]
}

// sumBalances tells of balances that are not positive, stand under another key or add up to more than can be counted.
func sumBalances(c *kernel.Ctx, by func(*depositv1.Balance) []byte, violated func(string, ...any)) *sums {
	all := &sums{groups: map[string]*sum{}}
	balances.Each(c, nil, func(key []byte, b *depositv1.Balance) bool {
		if string(key) != string(b.Bank)+string(b.Holder)+b.Currency || b.AmountMinor <= 0 {
			violated("the balance at %x is %d %s of %x with %x", key, b.AmountMinor, b.Currency, b.Holder, b.Bank)
			return true
		}
		s := all.of(id.Must(by(b)), b.Currency)
		total, err := money.Add(s.minor, b.AmountMinor)
		if err != nil {
			violated("the balances of %s in %s: %v", s.of, s.currency, err)
		}
		s.count, s.minor = s.count+1, total
		return true
	})
	return all
}

// sumBlocked adds the blocked claims to sums, and tells of those that are not positive or stand under another key.
func sumBlocked(c *kernel.Ctx, all *sums, by func(*depositv1.BlockedClaim) []byte, violated func(string, ...any)) *sums {
	blocked.Each(c, nil, func(key []byte, b *depositv1.BlockedClaim) bool {
		if string(key) != string(b.Package)+string(b.Number)+string(b.Bank) || b.AmountMinor <= 0 {
			violated("the blocked claim at %x is %d %s of %x with %x", key, b.AmountMinor, b.Currency, b.Holder, b.Bank)
			return true
		}
		s := all.of(id.Must(by(b)), b.Currency)
		total, err := money.Add(s.minor, b.AmountMinor)
		if err != nil {
			violated("the claims of %s in %s: %v", s.of, s.currency, err)
		}
		s.count, s.minor = s.count+1, total
		return true
	})
	return all
}

// checkIssued: what a bank owes in all is the sum of what it owes each holder, blocked or not, by currency.
func checkIssued(c *kernel.Ctx, violated func(string, ...any)) {
	owed := sumBalances(c, (*depositv1.Balance).GetBank, violated)
	sumBlocked(c, owed, (*depositv1.BlockedClaim).GetBank, violated)
	for _, s := range owed.order {
		if i, _ := issued.Get(c, kernel.Join(s.of, kernel.Text(s.currency))); i.GetAmountMinor() != s.minor {
			violated("bank %s has issued %d %s, its balances are %d", s.of, i.GetAmountMinor(), s.currency, s.minor)
		}
	}
	issued.Each(c, nil, func(key []byte, i *depositv1.Issued) bool {
		if owed.groups[string(key)] == nil || string(key) != string(i.Bank)+i.Currency {
			violated("issued at %x is %d %s of bank %x, without balances", key, i.AmountMinor, i.Currency, i.Bank)
		}
		return true
	})
}

// checkTotals: an account's totals of classes 301 and 302 are number and sum of its balances and of its blocked claims,
// by currency. checkIssued has told of faults of the records themselves.
func checkTotals(c *kernel.Ctx, violated func(string, ...any)) {
	nobody := func(string, ...any) {}
	compareTotals(c, depositv1.ClassHeld, sumBalances(c, (*depositv1.Balance).GetHolder, nobody), "balances", violated)
	held := sumBlocked(c, &sums{groups: map[string]*sum{}}, (*depositv1.BlockedClaim).GetHolder, nobody)
	compareTotals(c, depositv1.ClassBlocked, held, "blocked claims", violated)
}

func compareTotals(c *kernel.Ctx, class uint32, held *sums, what string, violated func(string, ...any)) {
	for _, s := range held.order {
		t := c.Totals(s.of).Total(class, s.currency)
		if t.Count != s.count || t.AmountMinor != s.minor {
			violated("account %s: totals say %d %s of %d %s, there are %d of %d", s.of, t.Count, what, t.AmountMinor, s.currency, s.count, s.minor)
		}
	}
	c.EachTotals(func(account id.ID, t *kernelv1.Totals) bool {
		for _, l := range t.Lines {
			if l.Class == class && held.groups[string(account[:])+l.Currency] == nil {
				violated("account %s: totals say %d %s in %s, there are none", account, l.Count, what, l.Currency)
			}
		}
		return true
	})
}
