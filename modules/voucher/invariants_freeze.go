package voucher

import (
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// checkFreezes: each freeze lies within a live package, which counts it, is booked to end at its time, or is over and keeps
// claims, and what an authority laid is remembered.
func checkFreezes(c *kernel.Ctx, violated violation) {
	counted := map[id.ID]uint32{}
	freezes.Each(c, nil, func(key []byte, f *voucherv1.StandingFreeze) bool {
		pkg, there := packages.Get(c, id.Must(f.Package))
		if !there || pending(pkg) || string(key) != string(freezeAt(f).Append(nil)) {
			violated("freeze %x is laid on package %x, which is not there or not accepted", f.Id, f.Package)
			return true
		}
		counted[id.Must(f.Package)]++
		if _, _, err := within(pkg, f.Extent); err != nil {
			violated("freeze %x: %v", f.Id, err)
		}
		if !endBooked(c, key, f) && !over(f) {
			violated("freeze %x is not booked to end at %d", f.Id, f.UntilUnixS)
		}
		if len(f.Member) > 0 && !memories.Has(c, memoryOf(f)) {
			violated("freeze %x of member %x is not remembered", f.Id, f.Member)
		}
		return true
	})
	packages.Each(c, nil, func(_ []byte, pkg *voucherv1.Package) bool {
		if n := counted[id.Must(pkg.Id)]; n != pkg.Freezes {
			violated("package %x says %d freezes, there are %d", pkg.Id, pkg.Freezes, n)
		}
		return true
	})
}

func endBooked(c *kernel.Ctx, key []byte, f *voucherv1.StandingFreeze) bool {
	item, ok := booked.Get(c, kernel.Text(f.Thaw))
	return ok && item.DueUnixS == f.UntilUnixS && string(item.Payload) == string(key)
}

// over tells whether the end of a freeze is written but for claims that it keeps.
func over(f *voucherv1.StandingFreeze) bool {
	_, hi, _ := voucherv1.ReadRange(f.Extent)
	return len(f.Thaw) == 0 && f.KeptClaims > 0 && f.NextUnit > hi
}

// checkBlocked: money is blocked only for units that a freeze meets.
func (v *Vouchers) checkBlocked(c *kernel.Ctx, violated violation) {
	v.deposits.EachBlocked(c, func(claim *depositv1.BlockedClaim) bool {
		pkg, there := packages.Get(c, id.Must(claim.Package))
		lo, hi, ok := voucherv1.ReadRange(claim.Extent)
		if !there || !ok || laidOn(c, pkg).on(lo, hi) == nil {
			violated("%d %s of %x are blocked for part %x, which no freeze meets", claim.AmountMinor, claim.Currency, claim.Holder, claim.Number)
		}
		return true
	})
}
