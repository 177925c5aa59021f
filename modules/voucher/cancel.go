package voucher

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// rejectPackage is the creditor's no.
func (v *Vouchers) rejectPackage(c *kernel.Ctx, m *voucherv1.RejectPackage) error {
	pkg, err := packageAt(c, m.Package)
	if err == nil && !is(pkg.Creditor, c.Caller()) {
		err = voucherv1.ErrNotCreditor
	}
	if err != nil {
		return err
	}
	return end(c, pkg, true, m.Reason)
}

// cancelPackage takes a package back that its creditor has not accepted.
func (v *Vouchers) cancelPackage(c *kernel.Ctx, m *voucherv1.CancelPackage) error {
	pkg, err := packageAt(c, m.Package)
	if err == nil && !is(pkg.Obligor, c.Caller()) {
		err = voucherv1.ErrNotObligor
	}
	if err != nil {
		return err
	}
	return end(c, pkg, false, m.Reason)
}

// end ends a package before acceptance and frees the obligor's line. No invoice's use was taken up yet.
func end(c *kernel.Ctx, pkg *voucherv1.Package, byCreditor bool, reason string) error {
	if !pending(pkg) {
		return voucherv1.ErrNotPending
	}
	freeLine(c, pkg, pkg.AmountMinor)
	pkg.State = voucherv1.PackageState_PACKAGE_STATE_CANCELLED
	packages.Update(c, id.Must(pkg.Id), pkg)
	c.Emit(&voucherv1.Ended{Package: pkg.Id, ByCreditor: byCreditor, Reason: reason}, id.Must(pkg.Obligor), id.Must(pkg.Creditor))
	return tallyPending(c, pkg, -1)
}
