package voucher

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// endorse appends an entry to a part's trail: the part gets the new head, the node keeps what it hashes.
func endorse(c *kernel.Ctx, p *voucherv1.Part, e *voucherv1.Endorsement) {
	e.Package, e.Number, e.Lo, e.Hi = p.Package, p.Number, p.Lo, p.Hi
	e.Height, e.TimeUnixS, e.Transaction, e.Call = c.Height(), c.Now(), c.Transaction().Bytes(), c.CallNumber()
	b, err := txv1.Encode(e)
	if err != nil {
		broken("an endorsement cannot be encoded: %v", err)
	}
	prev, _ := id.Of(p.Head) // zeros at the issue
	link, endorsed := voucherv1.Preimages(prev, b)
	c.Keep(link)
	c.Keep(endorsed)
	p.Head, p.Trail = kernelv1.KeptHash(link).Bytes(), p.Trail+1
}

// deliver gives a whole part to its receiver, who has taken it: an account of the obligor's member extinguishes it.
func deliver(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part, to kernel.Standing, why *voucherv1.Background, recourse bool) error {
	if toObligor(pkg, to) {
		return extinguish(c, pkg, p, to.Account, why)
	}
	return pass(c, pkg, p, to.Account, why, recourse)
}

// toObligor tells whether an account is the obligor's, or another of its member's.
func toObligor(pkg *voucherv1.Package, to kernel.Standing) bool {
	return is(pkg.ObligorMember, to.Member)
}

// pass gives a whole part to another holder: the number stays, the head changes, and beside the part only the
// totals of both are written.
func pass(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part, to id.ID, why *voucherv1.Background, recourse bool) error {
	from := p.Holder.ID()
	if err := tally(c, pkg, p, -1); err != nil {
		return err
	}
	giver, taker := from.Bytes(), to.Bytes()
	p.Holder, p.State, p.Offer, p.Depth = voucherv1.HeldBy(to), voucherv1.PartState_PART_STATE_HELD, nil, p.Depth+1
	p.Passes++
	if recourse {
		p.Recourse = voucherv1.RecourseHash(p.Recourse, giver).Bytes()
	}
	endorse(c, p, &voucherv1.Endorsement{
		Step: voucherv1.Step_STEP_PASSED, From: giver, To: taker, Background: why, Recourse: recourse,
	})
	parts.Update(c, keyOf(p), p)
	c.Emit(&voucherv1.Passed{
		Package: p.Package, Number: p.Number, From: giver, To: taker, AmountMinor: p.Outstanding(), Head: p.Head,
	}, from, to)
	return tally(c, pkg, p, 1)
}

// divide ends a part and puts pieces in its place that its holder holds; each has a number of its own and, as the
// first entry of its own trail, the step after the part's head: a split, for which whoever calls has judged mayDivide, or
// a cut, which costs the part nothing of its allowance.
func divide(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part, lengths []int64, step voucherv1.Step) ([]*voucherv1.Part, error) {
	if err := tally(c, pkg, p, -1); err != nil {
		return nil, err
	}
	cost := 0
	if step == voucherv1.Step_STEP_SPLIT {
		cost = len(lengths) - 1
	}
	pieces, holder := cut(c, p, lengths, cost), p.Holder.ID()
	replace(c, p, pieces)
	gone(c, pkg, p)
	event := &voucherv1.PartSplit{Package: p.Package, Parent: p.Number}
	for _, piece := range pieces {
		if piece.Outstanding() == 0 {
			continue
		}
		endorse(c, piece, &voucherv1.Endorsement{Step: step, From: holder.Bytes(), To: holder.Bytes()})
		born(c, pkg, piece)
		event.Children = append(event.Children, piece.Number)
		if err := tally(c, pkg, piece, 1); err != nil {
			return nil, err
		}
	}
	packages.Update(c, id.Must(pkg.Id), pkg)
	c.Emit(event, holder)
	return pieces, nil
}

// born writes a new part, and gone takes an ended one out of state; both count in their package, which whoever calls
// writes.
func born(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part) {
	parts.Insert(c, keyOf(p), p)
	pkg.Parts++
	pkg.Entries++
}

func gone(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part) {
	parts.Delete(c, keyOf(p))
	pkg.Parts--
	pkg.Entries += p.Passes
}

// mayDivide judges the part's allowance of splits and the package's number of parts.
func mayDivide(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part, pieces int) error {
	if more := pieces - 1; int64(more) > int64(p.SplitsLeft) {
		return voucherv1.ErrSplits.With("%d needed, %d left", more, p.SplitsLeft)
	}
	if most := c.Param(partsMax); int64(pkg.Parts)+int64(pieces)-1 > most {
		return voucherv1.ErrPartsFull.With("%d, %d are allowed", pkg.Parts, most)
	}
	return nil
}

// tally adds (1) a part as it is to the totals of its holder and, where it is on offer, of the receiver; or takes it
// away (−1).
func tally(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part, sign int64) error {
	return tallyBy(c, pkg, laidOn(c, pkg), p, sign, sign*p.Outstanding())
}

func tallyBy(c *kernel.Ctx, pkg *voucherv1.Package, laid ice, p *voucherv1.Part, count, minor int64) error {
	if laid.counts(p) {
		if err := c.Tally(p.Holder.ID(), voucherv1.ClassFrozen, pkg.Currency, count, minor); err != nil {
			return err
		}
	}
	if !offered(p) {
		return c.Tally(p.Holder.ID(), voucherv1.ClassHeld, pkg.Currency, count, minor)
	}
	if err := c.Tally(p.Holder.ID(), voucherv1.ClassOffered, pkg.Currency, count, minor); err != nil {
		return err
	}
	return c.Tally(id.Must(p.Offer.To), voucherv1.ClassIncoming, pkg.Currency, count, minor)
}
