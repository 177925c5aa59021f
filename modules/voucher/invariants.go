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
		if i > 0 && s.closed() && spans[i-1].closed() && s.extinguished == spans[i-1].extinguished {
			violated("package %x: two closed ranges meet at %d", pkg.Id, s.lo)
		}
		if s.extinguished && !s.closed() {
			violated("package %x: a part lies at %d, where it says extinguished", pkg.Id, s.lo)
		}
		next = s.hi + 1
	}
	if next != pkg.AmountMinor+1 {
		violated("package %x: its extents end at %d of %d", pkg.Id, next-1, pkg.AmountMinor)
	}
}

func checkCounts(c *kernel.Ctx, pkg *voucherv1.Package, spans []span, violated violation) {
	var live, closed, extinguished int64
	var parts []*voucherv1.Part
	for _, s := range spans {
		if s.closed() {
			closed += s.hi - s.lo + 1
			if s.extinguished {
				extinguished += s.hi - s.lo + 1
			}
			continue
		}
		p, ok := partIn(c, pkg, s)
		if !ok {
			violated("package %x: part %x is in its directory and is not there", pkg.Id, s.number)
			continue
		}
		live, closed, parts = live+1, closed+p.ClosedMinor, append(parts, p)
	}
	if live != int64(pkg.Parts) || closed != pkg.ClosedMinor || extinguished != pkg.ExtinguishedMinor {
		violated("package %x: %d parts, %d closed, %d extinguished, its extents have %d, %d and %d",
			pkg.Id, pkg.Parts, pkg.ClosedMinor, pkg.ExtinguishedMinor, live, closed, extinguished)
	}
	if want := liveState(pkg); pkg.State != want {
		violated("package %x: %d of %d closed, %d extinguished, and %s", pkg.Id, closed, pkg.AmountMinor, extinguished, pkg.State)
	}
	checkAllowances(pkg, parts, violated)
}

func partIn(c *kernel.Ctx, pkg *voucherv1.Package, s span) (*voucherv1.Part, bool) {
	return parts.Get(c, kernel.Join(id.Must(pkg.Id), id.Must(s.number)))
}

// checkAllowances: no trail is longer than it may be or than the package's entries allow, and the parts have no more splits
// together than a package may have.
func checkAllowances(pkg *voucherv1.Package, all []*voucherv1.Part, violated violation) {
	var splits uint64
	for _, p := range all {
		splits += uint64(p.SplitsLeft)
		if p.Trail < 1+p.Passes || p.Trail > voucherv1.MaxTrail {
			violated("part %x: a trail of %d entries, %d passes", p.Number, p.Trail, p.Passes)
		}
	}
	if splits > voucherv1.MaxSplits || pkg.Entries < pkg.Parts {
		violated("package %x: %d splits left, %d entries for %d parts", pkg.Id, splits, pkg.Entries, pkg.Parts)
	}
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
