package voucher

import (
	"encoding/binary"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

type violation = func(format string, args ...any)

// checkRanges: live parts and closed ranges partition every accepted package, and its counts are theirs; one that was
// never accepted has neither. Every part and every extent is in a package's directory.
func checkRanges(c *kernel.Ctx, violated violation) {
	packages.Each(c, nil, func(_ []byte, pkg *voucherv1.Package) bool {
		spans := directory(c, id.Must(pkg.Id))
		if pending(pkg) || pkg.State == voucherv1.PackageState_PACKAGE_STATE_CANCELLED {
			if len(spans) > 0 || pkg.Parts > 0 || pkg.ClosedMinor > 0 {
				violated("package %x was not accepted and has %d extents, %d parts, %d closed", pkg.Id, len(spans), pkg.Parts, pkg.ClosedMinor)
			}
			return true
		}
		checkPartition(pkg, spans, violated)
		checkCounts(c, pkg, spans, violated)
		return true
	})
	parts.Each(c, nil, func(_ []byte, p *voucherv1.Part) bool {
		e, ok := extents.Get(c, extentAt(id.Must(p.Package), p.Lo))
		if !ok || string(e.Number) != string(p.Number) || e.Hi != p.Hi || p.ClosedMinor < 0 || p.Outstanding() <= 0 {
			violated("part %x at [%d..%d] of package %x, %d closed, is not what lies there", p.Number, p.Lo, p.Hi, p.Package, p.ClosedMinor)
		}
		return true
	})
	extents.Each(c, nil, func(key []byte, _ *voucherv1.Extent) bool {
		if pkg := id.ID(key[:id.Size]); !packages.Has(c, pkg) {
			violated("an extent at %d of package %s, which is not there", binary.BigEndian.Uint64(key[id.Size:]), pkg)
		}
		return true
	})
}

func checkPartition(pkg *voucherv1.Package, spans []span, violated violation) {
	next := int64(1)
	for i, s := range spans {
		if s.lo != next || s.hi < s.lo {
			violated("package %x: [%d..%d] where %d comes next", pkg.Id, s.lo, s.hi, next)
		}
		if i > 0 && len(s.number) == 0 && len(spans[i-1].number) == 0 {
			violated("package %x: two closed ranges meet at %d", pkg.Id, s.lo)
		}
		next = s.hi + 1
	}
	if next != pkg.AmountMinor+1 {
		violated("package %x: its extents end at %d of %d", pkg.Id, next-1, pkg.AmountMinor)
	}
}

func checkCounts(c *kernel.Ctx, pkg *voucherv1.Package, spans []span, violated violation) {
	var live, closed int64
	for _, s := range spans {
		if len(s.number) == 0 {
			closed += s.hi - s.lo + 1
			continue
		}
		p, ok := parts.Get(c, kernel.Join(id.Must(pkg.Id), id.Must(s.number)))
		if !ok {
			violated("package %x: part %x is in its directory and is not there", pkg.Id, s.number)
			continue
		}
		live, closed = live+1, closed+p.ClosedMinor
	}
	if live != int64(pkg.Parts) || closed != pkg.ClosedMinor {
		violated("package %x: %d parts and %d closed, its extents have %d and %d", pkg.Id, pkg.Parts, pkg.ClosedMinor, live, closed)
	}
	want := voucherv1.PackageState_PACKAGE_STATE_PART_SETTLED
	switch closed {
	case 0:
		want = voucherv1.PackageState_PACKAGE_STATE_ACTIVE
	case pkg.AmountMinor:
		want = voucherv1.PackageState_PACKAGE_STATE_SETTLED
	}
	if pkg.State != want {
		violated("package %x: %d of %d closed and %s", pkg.Id, closed, pkg.AmountMinor, pkg.State)
	}
}

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

// checkLines: what a line has outstanding is the sum of its obligor's packages that have not ended.
func checkLines(c *kernel.Ctx, violated violation) {
	want := newSums()
	packages.Each(c, nil, func(_ []byte, pkg *voucherv1.Package) bool {
		if !pkg.Ended() {
			want.add(id.Must(pkg.Obligor), 0, pkg.Currency, pkg.Outstanding())
		}
		return true
	})
	lines.Each(c, nil, func(_ []byte, l *voucherv1.Line) bool {
		s := want.meet(sumKey{id.Must(l.Obligor), 0, l.Currency})
		if l.OutstandingMinor != s.minor || l.LimitMinor < 0 {
			violated("the line of %x in %s has %d outstanding, its packages %d", l.Obligor, l.Currency, l.OutstandingMinor, s.minor)
		}
		return true
	})
	want.unmet(func(k sumKey, s sum) {
		violated("account %s owes %d %s and has no line", k.account, s.minor, k.currency)
	})
}

// checkInvoices: no invoice is used beyond its total, and every flag leads to an invoice.
func checkInvoices(c *kernel.Ctx, violated violation) {
	invoices.Each(c, nil, func(key []byte, i *voucherv1.Invoice) bool {
		if i.UsedMinor <= 0 || i.UsedMinor > i.TotalMinor || string(key) != string(i.Fingerprint) {
			violated("invoice %x: %d used of %d", key, i.UsedMinor, i.TotalMinor)
		}
		return true
	})
	flagged.Each(c, nil, func(key []byte, f *voucherv1.InvoiceFlag) bool {
		if i, ok := id.Of(f.Fingerprint); !ok || !invoices.Has(c, i) {
			violated("the flag %x leads to no invoice", key)
		}
		return true
	})
}

// booked reads the kernel's dated queue by the keys that Book returns.
var booked = kernel.NewMap[kernel.Text]("voucher.booked", kernelv1.PrefixQueue, nobody[*kernelv1.QueueItem])

// checkOffers: a part is on offer or it has no offer, and each offer is booked to lapse when it says.
func checkOffers(c *kernel.Ctx, violated violation) {
	parts.Each(c, nil, func(_ []byte, p *voucherv1.Part) bool {
		o := p.GetOffer()
		if offered(p) != (o != nil) || !offered(p) && p.State != voucherv1.PartState_PART_STATE_HELD {
			violated("part %x is %s, its offer %v", p.Number, p.State, o)
		}
		if o == nil {
			return true
		}
		item, ok := booked.Get(c, kernel.Text(o.Lapse))
		if !ok || item.DueUnixS != o.ExpiresUnixS || string(item.Payload) != string(keyOf(p).Append(nil)) {
			violated("the offer of part %x is not booked to lapse at %d", p.Number, o.ExpiresUnixS)
		}
		return true
	})
}
