package voucher

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// sums adds up by a key; order keeps the keys as they are first met, since a map has none.
type sums struct {
	of    map[sumKey]*sum
	order []sumKey
}

type sumKey struct {
	account  id.ID
	class    uint32
	currency string
}

type sum struct {
	count, minor int64
	met          bool
}

func newSums() *sums { return &sums{of: map[sumKey]*sum{}} }

func (s *sums) add(account id.ID, class uint32, currency string, minor int64) {
	k := sumKey{account, class, currency}
	if s.of[k] == nil {
		s.of[k] = &sum{}
		s.order = append(s.order, k)
	}
	s.of[k].count++
	s.of[k].minor += minor
}

// meet hands out what was added up under a key, once.
func (s *sums) meet(k sumKey) sum {
	if s.of[k] == nil {
		return sum{}
	}
	s.of[k].met = true
	return *s.of[k]
}

func (s *sums) unmet(tell func(sumKey, sum)) {
	for _, k := range s.order {
		if one := s.of[k]; !one.met && *one != (sum{}) {
			tell(k, *one)
		}
	}
}

// checkTotals: the totals of every account, by class and currency, are the sums over parts and packages.
func checkTotals(c *kernel.Ctx, violated violation) {
	want := newSums()
	sumParts(c, want)
	sumPackages(c, want)
	sumFreezes(c, want)
	c.EachTotals(func(account id.ID, t *kernelv1.Totals) bool {
		for _, l := range t.Lines {
			if l.Class/100 != voucherv1.ClassHeld/100 {
				continue
			}
			if s := want.meet(sumKey{account, l.Class, l.Currency}); uint64(s.count) != l.Count || s.minor != l.AmountMinor {
				violated("account %s class %d: %d with %d %s, its records are %d with %d", account, l.Class, l.Count, l.AmountMinor, l.Currency, s.count, s.minor)
			}
		}
		return true
	})
	want.unmet(func(k sumKey, s sum) {
		violated("account %s class %d has no total, its records are %d with %d %s", k.account, k.class, s.count, s.minor, k.currency)
	})
}

func sumParts(c *kernel.Ctx, want *sums) {
	parts.Each(c, nil, func(_ []byte, p *voucherv1.Part) bool {
		pkg, ok := packages.Get(c, id.Must(p.Package))
		if !ok {
			return true // checkRanges tells
		}
		class := uint32(voucherv1.ClassHeld)
		if offered(p) {
			class = voucherv1.ClassOffered
			want.add(id.Must(p.Offer.To), voucherv1.ClassIncoming, pkg.Currency, p.Outstanding())
		}
		want.add(p.Holder.ID(), class, pkg.Currency, p.Outstanding())
		if laidOn(c, pkg).counts(p) {
			want.add(p.Holder.ID(), voucherv1.ClassFrozen, pkg.Currency, p.Outstanding())
		}
		return true
	})
}

func sumPackages(c *kernel.Ctx, want *sums) {
	packages.Each(c, nil, func(_ []byte, pkg *voucherv1.Package) bool {
		if pending(pkg) {
			want.add(id.Must(pkg.Creditor), voucherv1.ClassPending, pkg.Currency, pkg.AmountMinor)
		}
		if !pkg.Ended() {
			want.add(id.Must(pkg.Obligor), voucherv1.ClassOwed, pkg.Currency, pkg.Outstanding())
		}
		return true
	})
}

func sumFreezes(c *kernel.Ctx, want *sums) {
	freezes.Each(c, nil, func(_ []byte, f *voucherv1.StandingFreeze) bool {
		pkg, there := packages.Get(c, id.Must(f.Package))
		if there {
			want.add(id.Must(f.By), voucherv1.ClassLaid, pkg.Currency, 0)
		}
		return true
	})
}
