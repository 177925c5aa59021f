package voucher

import (
	"bytes"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// thawStep is how many parts and blocked claims one step of a freeze's end deals with; the next step is a dated item of
// its own, which weighs as much.
const thawStep = 100

// release ends a freeze before its time; of several over the same units the others stay. One that is over, and keeps claims
// that could not become balances, tries them again.
func (v *Vouchers) release(c *kernel.Ctx, m *voucherv1.Release) error {
	pkg, err := packageAt(c, m.Package)
	if err != nil {
		return err
	}
	f, ok := freezes.Get(c, kernel.Join(id.Must(m.Package), id.Must(m.Freeze)))
	if !ok {
		return voucherv1.ErrNoFreeze.At("freeze", "%x", m.Freeze)
	}
	member, err := memberOf(c)
	if err != nil {
		return err
	}
	if c.Caller() != kernel.Governance && !bytes.Equal(member, f.Member) {
		return voucherv1.ErrNotFreezer.With("laid by account %x", f.By)
	}
	if over := len(f.Thaw) == 0; over {
		f.LastClaim, f.KeptClaims = nil, 0
	} else {
		c.Unbook(f.Thaw)
	}
	if f.Stands(c.Now()) {
		f.Released, f.UntilUnixS = true, c.Now()
	}
	return v.goOn(c, pkg, f)
}

// thaw is the dated item of a freeze whose time is over, and of each further step of its end. Whoever releases one takes
// it out of the queue, so that the freeze is there when this runs.
func (v *Vouchers) thaw(c *kernel.Ctx, _ int64, payload []byte) error {
	k := kernel.Join(id.ID(payload[:id.Size]), id.ID(payload[id.Size:]))
	f, ok := freezes.Get(c, k)
	pkg, there := packages.Get(c, k.A)
	if !ok || !there {
		broken("the end of freeze %s is booked, and there is none", k.B)
	}
	return v.goOn(c, pkg, f)
}

// goOn makes one step of a freeze's end: parts first, then what was paid for them. Who was told of the freeze is told of its
// end, holders as their parts' turn comes.
func (v *Vouchers) goOn(c *kernel.Ctx, pkg *voucherv1.Package, f *voucherv1.StandingFreeze) error {
	if f.NextUnit == 0 {
		c.Emit(endOf(f), overseers(pkg, f)...)
	}
	left, err := freeParts(c, pkg, f)
	if err != nil {
		return err
	}
	if left > 0 {
		left = v.unblock(c, pkg, f, left)
	}
	f.Thaw = nil
	switch {
	case left == 0:
		if f.Thaw, err = c.Book(f.UntilUnixS, kernel.LawLane, kindThaw, freezeAt(f).Append(nil)); err != nil {
			return err
		}
	case f.KeptClaims == 0:
		return finish(c, pkg, f)
	}
	freezes.Update(c, freezeAt(f), f)
	return nil
}

func endOf(f *voucherv1.StandingFreeze) *voucherv1.FreezeEnded {
	return &voucherv1.FreezeEnded{Package: f.Package, Freeze: f.Id, Released: f.Released}
}

// finish takes a freeze whose end is written out of state.
func finish(c *kernel.Ctx, pkg *voucherv1.Package, f *voucherv1.StandingFreeze) error {
	freezes.Delete(c, freezeAt(f))
	pkg.Freezes--
	packages.Update(c, id.Must(pkg.Id), pkg)
	return c.Tally(id.Must(f.By), voucherv1.ClassLaid, pkg.Currency, -1, 0)
}

// freeParts takes the next parts, at most thawStep, out of what is counted as frozen, and returns how much of the step is
// left; none where there are more of them.
func freeParts(c *kernel.Ctx, pkg *voucherv1.Package, f *voucherv1.StandingFreeze) (left int, err error) {
	lo, hi, err := within(pkg, f.Extent)
	if err != nil {
		broken("freeze %x lies outside of package %x", f.Id, f.Package)
	}
	if f.NextUnit > hi {
		return thawStep, nil
	}
	met := firstLying(c, id.Must(pkg.Id), max(lo, f.NextUnit), hi, thawStep)
	if err := tallyFrozen(c, pkg, laidOn(c, pkg).without(f.Id), met, -1); err != nil {
		return 0, err
	}
	for _, holder := range holders(met) {
		c.Emit(endOf(f), holder)
	}
	f.NextUnit = hi + 1
	if len(met) == thawStep {
		f.NextUnit = met[thawStep-1].Hi + 1
	}
	return thawStep - len(met), nil
}

// unblock gives the holders of a package what was paid for units that no freeze holds any more, of the next claims at most
// so many, and returns how much of the step is left. A claim that cannot become a balance is kept, so that it does not keep
// the others': it is told, and tried again when the freeze is released.
func (v *Vouchers) unblock(c *kernel.Ctx, pkg *voucherv1.Package, f *voucherv1.StandingFreeze, most int) (left int) {
	still := laidOn(c, pkg).without(f.Id).standing(c.Now())
	claims := v.deposits.BlockedAfter(c, id.Must(pkg.Id), f.LastClaim, most)
	for _, claim := range claims {
		f.LastClaim = depositv1.ClaimPlace(claim)
		lo, hi, ok := voucherv1.ReadRange(claim.Extent)
		if ok && still.on(lo, hi) != nil {
			continue
		}
		if err := c.Try(func(c *kernel.Ctx) error { return v.deposits.Unblock(c, claim) }); err != nil {
			keep(c, pkg, f, claim, kernel.CodeNumber(err))
		}
	}
	return most - len(claims)
}

// keep counts a claim that stays blocked where the freeze is over. One of another freeze, which meets it too, is that one's.
func keep(c *kernel.Ctx, pkg *voucherv1.Package, f *voucherv1.StandingFreeze, claim *depositv1.BlockedClaim, code uint32) {
	if lo, hi, ok := voucherv1.ReadRange(claim.Extent); !ok || !f.Meets(lo, hi) {
		return
	}
	f.KeptClaims++
	c.Emit(&voucherv1.ClaimKept{
		Package: f.Package, Freeze: f.Id, Number: claim.Number, Bank: claim.Bank, AmountMinor: claim.AmountMinor, Code: code,
	}, append(overseers(pkg, f), id.Must(claim.Holder))...)
}
