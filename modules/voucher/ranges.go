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

// span is one extent of a package; no number: closed.
type span struct {
	lo, hi int64
	number []byte
}

// directory reads the extents of a package, in order.
func directory(c *kernel.Ctx, pkg id.ID) []span {
	var out []span
	extents.Each(c, pkg, func(key []byte, e *voucherv1.Extent) bool {
		out = append(out, span{lo: int64(binary.BigEndian.Uint64(key[id.Size:])), hi: e.Hi, number: e.Number})
		return true
	})
	return out
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
			if old[0].hi != now[0].hi || string(old[0].number) != string(now[0].number) {
				extents.Update(c, extentAt(pkg, now[0].lo), now[0].record())
			}
			old, now = old[1:], now[1:]
		}
	}
}

func (s span) record() *voucherv1.Extent { return &voucherv1.Extent{Hi: s.hi, Number: s.number} }

// coalesce makes one of neighbours that are closed.
func coalesce(spans []span) []span {
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && len(s.number) == 0 && len(out[n-1].number) == 0 {
			out[n-1].hi = s.hi
		} else {
			out = append(out, s)
		}
	}
	return out
}

// cut makes the pieces of a part, from the low end; their lengths add up to the part's. What the part has of closed
// units and, after one for each piece beyond the first, of further splits goes to the pieces by share.
func cut(c *kernel.Ctx, p *voucherv1.Part, lengths []int64) []*voucherv1.Part {
	var out []*voucherv1.Part
	splits, from := int64(p.SplitsLeft)-int64(len(lengths)-1), int64(0)
	for _, n := range lengths {
		to := from + n
		out = append(out, &voucherv1.Part{
			Package: p.Package, Number: c.NewID().Bytes(), Lo: p.Lo + from, Hi: p.Lo + to - 1, Holder: p.Holder, Head: p.Head,
			Depth: p.Depth, SplitsLeft: uint32(share(from, to, splits, p.Units())),
			ClosedMinor: share(from, to, p.ClosedMinor, p.Units()), State: p.State,
		})
		from = to
	}
	return out
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
		if len(s.number) == 0 {
			continue
		}
		p, ok := parts.Get(c, kernel.Join(id.Must(pkg.Id), id.Must(s.number)))
		if !ok {
			broken("the part %x of package %x is in its directory and is not there", s.number, pkg.Id)
		}
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
