package voucher

import (
	"bytes"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// release ends a freeze before its time; of several over the same units the others stay.
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
	c.Unbook(f.Thaw)
	return v.end(c, pkg, f, true)
}

// thaw is the dated item of a freeze whose time is over. Whoever releases one takes it out of the queue, so that the freeze
// is there when this runs.
func (v *Vouchers) thaw(c *kernel.Ctx, _ int64, payload []byte) error {
	k := kernel.Join(id.ID(payload[:id.Size]), id.ID(payload[id.Size:]))
	f, ok := freezes.Get(c, k)
	pkg, there := packages.Get(c, k.A)
	if !ok || !there {
		broken("the end of freeze %s is booked, and there is none", k.B)
	}
	return v.end(c, pkg, f, false)
}

// end ends a freeze: what no other one meets is free, and what was paid for it goes to its holders.
func (v *Vouchers) end(c *kernel.Ctx, pkg *voucherv1.Package, f *voucherv1.StandingFreeze, released bool) error {
	others := laidOn(c, pkg).without(f.Id)
	lo, hi, err := within(pkg, f.Extent)
	if err != nil {
		broken("freeze %x lies outside of package %x", f.Id, f.Package)
	}
	freezes.Delete(c, freezeAt(f))
	pkg.Freezes--
	packages.Update(c, id.Must(pkg.Id), pkg)
	met := lying(c, id.Must(pkg.Id), lo, hi)
	if err := tallyFrozen(c, pkg, others, met, -1); err != nil {
		return err
	}
	ended := &voucherv1.FreezeEnded{Package: f.Package, Freeze: f.Id, Released: released}
	c.Emit(ended, overseers(pkg, f)...)
	for _, holder := range holders(met) {
		c.Emit(ended, holder)
	}
	if err := v.unblock(c, pkg, others); err != nil {
		return err
	}
	return c.Tally(id.Must(f.By), voucherv1.ClassLaid, pkg.Currency, -1, 0)
}

// unblock gives the holders of a package what was paid for units that no freeze meets any more.
func (v *Vouchers) unblock(c *kernel.Ctx, pkg *voucherv1.Package, still ice) error {
	for _, claim := range v.deposits.Blocked(c, id.Must(pkg.Id)) {
		if lo, hi, ok := voucherv1.ReadRange(claim.Extent); ok && still.on(lo, hi) != nil {
			continue
		}
		if err := v.deposits.Unblock(c, claim); err != nil {
			return err
		}
	}
	return nil
}
