package voucher

import (
	"encoding/binary"
	"slices"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// Only this file counts units: what of a package lies where, how a part is divided, how a payment is spread.

// share is what of x falls to the units (from, to] when x is spread over total units: ⌊to·x/total⌋ − ⌊from·x/total⌋.
// Over all units the shares sum to x exactly, however they are cut, and nobody gets more than a unit's worth beyond
// their proportion. For 0 ≤ x ≤ total no share is larger than to − from.
func share(from, to, x, total int64) int64 {
	upper, err := money.MulDiv(to, x, total, money.Floor)
	if err != nil {
		broken("%d of %d units spread over %d: %v", to, x, total, err)
	}
	lower, err := money.MulDiv(from, x, total, money.Floor)
	if err != nil {
		broken("%d of %d units spread over %d: %v", from, x, total, err)
	}
	return upper - lower
}

// span is one extent of a package; no number: closed, because it is paid or because it is extinguished.
type span struct {
	lo, hi       int64
	number       []byte
	extinguished bool
}

func (s span) closed() bool { return len(s.number) == 0 }

func (s span) same(o span) bool {
	return s.lo == o.lo && s.hi == o.hi && string(s.number) == string(o.number) && s.extinguished == o.extinguished
}

// directory reads the extents of a package, in order.
func directory(c *kernel.Ctx, pkg id.ID) []span {
	var out []span
	extents.Each(c, pkg, func(key []byte, e *voucherv1.Extent) bool {
		out = append(out, spanAt(key, e))
		return true
	})
	return out
}

func spanAt(key []byte, e *voucherv1.Extent) span {
	return span{lo: int64(binary.BigEndian.Uint64(key[id.Size:])), hi: e.Hi, number: e.Number, extinguished: e.Extinguished}
}

// lying reads the parts of a package that lie in [lo..hi], wholly or in part, in order.
func lying(c *kernel.Ctx, pkg id.ID, lo, hi int64) []*voucherv1.Part {
	return firstLying(c, pkg, lo, hi, voucherv1.MaxCutParts)
}

// firstLying reads the first of them, at most so many.
func firstLying(c *kernel.Ctx, pkg id.ID, lo, hi int64, most int) []*voucherv1.Part {
	var out []*voucherv1.Part
	extents.Between(c, extentAt(pkg, 0), extentAt(pkg, hi+1), func(key []byte, e *voucherv1.Extent) bool {
		if s := spanAt(key, e); s.hi >= lo && !s.closed() {
			out = append(out, liveAt(c, pkg, s))
		}
		return len(out) < most
	})
	return out
}

// liveAt is the part that a directory has in a place.
func liveAt(c *kernel.Ctx, pkg id.ID, s span) *voucherv1.Part {
	p, ok := parts.Get(c, kernel.Join(pkg, id.Must(s.number)))
	if !ok {
		broken("the part %x of package %s is in its directory and is not there", s.number, pkg)
	}
	return p
}

// redraw writes what differs between two directories of a package; neighbours that are closed become one.
func redraw(c *kernel.Ctx, pkg id.ID, old, now []span) {
	now = coalesce(now)
	for len(old) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(old) > 0 && old[0].lo < now[0].lo:
			extents.Delete(c, extentAt(pkg, old[0].lo))
			old = old[1:]
		case len(old) == 0 || now[0].lo < old[0].lo:
			extents.Insert(c, extentAt(pkg, now[0].lo), now[0].record())
			now = now[1:]
		default:
			if !old[0].same(now[0]) {
				extents.Update(c, extentAt(pkg, now[0].lo), now[0].record())
			}
			old, now = old[1:], now[1:]
		}
	}
}

func (s span) record() *voucherv1.Extent {
	return &voucherv1.Extent{Hi: s.hi, Number: s.number, Extinguished: s.extinguished}
}

// coalesce makes one of neighbours that are closed for the same reason.
func coalesce(spans []span) []span {
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && s.closed() && out[n-1].closed() && s.extinguished == out[n-1].extinguished {
			out[n-1].hi = s.hi
		} else {
			out = append(out, s)
		}
	}
	return out
}

// cut makes the pieces of a part, from the low end; their lengths add up to the part's. What the part has of closed
// units and, less what the cut costs, of further splits goes to the pieces by share.
func cut(c *kernel.Ctx, p *voucherv1.Part, lengths []int64, cost int) []*voucherv1.Part {
	var out []*voucherv1.Part
	splits, from := int64(p.SplitsLeft)-int64(cost), int64(0)
	for _, n := range lengths {
		to := from + n
		out = append(out, &voucherv1.Part{
			Package: p.Package, Number: c.NewID().Bytes(), Lo: p.Lo + from, Hi: p.Lo + to - 1, Holder: p.Holder, Head: p.Head,
			Depth: p.Depth, SplitsLeft: uint32(share(from, to, splits, p.Units())),
			ClosedMinor: share(from, to, p.ClosedMinor, p.Units()), State: p.State, Trail: p.Trail, Recourse: p.Recourse,
		})
		from = to
	}
	return out
}

// extentOf is where a part lies, as freezes and claims name it.
func extentOf(p *voucherv1.Part) []byte { return voucherv1.RangeExtent(p.Lo, p.Hi) }

// within reads an extent of a package: its first and last unit.
func within(pkg *voucherv1.Package, extent []byte) (lo, hi int64, err error) {
	lo, hi, ok := voucherv1.ReadRange(extent)
	if !ok || hi > pkg.AmountMinor {
		return 0, 0, voucherv1.ErrExtent.At("extent", "%x is no range of units 1 to %d", extent, pkg.AmountMinor)
	}
	return lo, hi, nil
}

// borders are the lengths of the pieces of a part that [lo..hi] meets: of what lies before it, in it and after it.
func borders(p *voucherv1.Part, lo, hi int64) []int64 {
	var out []int64
	if before := lo - p.Lo; before > 0 {
		out = append(out, before)
	}
	out = append(out, min(p.Hi, hi)-max(p.Lo, lo)+1)
	if after := p.Hi - hi; after > 0 {
		out = append(out, after)
	}
	return out
}

// adjacent tells whether a part begins where another ends.
func adjacent(a, b *voucherv1.Part) bool { return b.Lo == a.Hi+1 }

// fuse makes one part of neighbours, and puts it in their place in the directory. Closed units and further splits add
// up: what a cut divides by share, and a payment spreads, is the same over the whole as over its pieces. The depth is
// that of the deepest.
func fuse(c *kernel.Ctx, all []*voucherv1.Part) *voucherv1.Part {
	first := all[0]
	out := &voucherv1.Part{
		Package: first.Package, Number: c.NewID().Bytes(), Lo: first.Lo, Holder: first.Holder, State: first.State, Recourse: first.Recourse,
	}
	for _, p := range all {
		out.Hi, out.Depth = p.Hi, max(out.Depth, p.Depth)
		out.ClosedMinor, out.SplitsLeft = out.ClosedMinor+p.ClosedMinor, out.SplitsLeft+p.SplitsLeft
	}
	redraw(c, id.Must(first.Package), spansOf(all), spansOf([]*voucherv1.Part{out}))
	return out
}

// closeWhole closes a part's place in the directory as extinguished.
func closeWhole(c *kernel.Ctx, p *voucherv1.Part) {
	pkg := id.Must(p.Package)
	old := directory(c, pkg)
	now := slices.Clone(old)
	i := slices.IndexFunc(now, func(s span) bool { return s.lo == p.Lo })
	if i < 0 {
		broken("no extent at %d of package %s", p.Lo, pkg)
	}
	now[i].number, now[i].extinguished = nil, true
	redraw(c, pkg, old, now)
}

// replace puts pieces in the place of a part in its package's directory; a piece with nothing outstanding is closed.
func replace(c *kernel.Ctx, p *voucherv1.Part, pieces []*voucherv1.Part) {
	pkg, lo := id.Must(p.Package), p.Lo
	if p.ClosedMinor == 0 { // the usual case, where no neighbour is looked at
		old := []span{{lo: lo, hi: p.Hi, number: p.Number}}
		redraw(c, pkg, old, spansOf(pieces))
		return
	}
	old := directory(c, pkg)
	i := slices.IndexFunc(old, func(s span) bool { return s.lo == lo })
	if i < 0 {
		broken("no extent at %d of package %s", lo, pkg)
	}
	redraw(c, pkg, old, slices.Concat(old[:i], spansOf(pieces), old[i+1:]))
}

func spansOf(pieces []*voucherv1.Part) []span {
	out := make([]span, len(pieces))
	for i, p := range pieces {
		out[i] = span{lo: p.Lo, hi: p.Hi}
		if p.Outstanding() > 0 {
			out[i].number = p.Number
		}
	}
	return out
}

// leg is what one part gets of a payment; at is its place in the directory.
type leg struct {
	at    int
	part  *voucherv1.Part
	minor int64
}

// spread spreads a payment over what is outstanding of a package, in order of range; parts that get nothing have
// no leg.
func spread(c *kernel.Ctx, pkg *voucherv1.Package, spans []span, amountMinor int64) []leg {
	var legs []leg
	total, from := pkg.Outstanding(), int64(0)
	for i, s := range spans {
		if s.closed() {
			continue
		}
		p := liveAt(c, id.Must(pkg.Id), s)
		to := from + p.Outstanding()
		if got := share(from, to, amountMinor, total); got > 0 {
			legs = append(legs, leg{at: i, part: p, minor: got})
		}
		from = to
	}
	if from != total {
		broken("package %x has %d outstanding, its parts %d", pkg.Id, total, from)
	}
	return legs
}
