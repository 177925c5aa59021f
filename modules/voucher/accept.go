package voucher

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// acceptPackage is the creditor's signature beside the obligor's: the use of the invoices is taken up, and the first
// part, the whole range, comes to be. Its trail begins with the issue, where the invoices stand from now on.
func (v *Vouchers) acceptPackage(c *kernel.Ctx, m *voucherv1.AcceptPackage) error {
	pkg, err := packageAt(c, m.Package)
	if err != nil {
		return err
	}
	if err := mayAccept(c, pkg); err != nil {
		return err
	}
	t, err := judge(c, pkg.Background, pkg.Currency, pkg.AmountMinor)
	if err != nil {
		return err
	}
	if err := t.named(m.Flags); err != nil {
		return err
	}
	t.takeUp(c, pkg.Id)
	return activate(c, pkg)
}

func mayAccept(c *kernel.Ctx, pkg *voucherv1.Package) error {
	switch {
	case !is(pkg.Creditor, c.Caller()):
		return voucherv1.ErrNotCreditor
	case !pending(pkg):
		return voucherv1.ErrNotPending
	case c.Today() > pkg.DueDay:
		return voucherv1.ErrAfterDue.With("it was due on day %d, today is %d", pkg.DueDay, c.Today())
	}
	return nil
}

func activate(c *kernel.Ctx, pkg *voucherv1.Package) error {
	if err := c.Tally(id.Must(pkg.Creditor), voucherv1.ClassPending, pkg.Currency, -1, -pkg.AmountMinor); err != nil {
		return err
	}
	p := &voucherv1.Part{
		Package: pkg.Id, Number: c.NewID().Bytes(), Lo: 1, Hi: pkg.AmountMinor, Holder: voucherv1.HeldBy(id.Must(pkg.Creditor)),
		SplitsLeft: uint32(c.Param(splitsMax)), State: voucherv1.PartState_PART_STATE_HELD,
	}
	endorse(c, p, &voucherv1.Endorsement{
		Step: voucherv1.Step_STEP_ISSUED, From: pkg.Obligor, To: pkg.Creditor, Background: pkg.Background,
	})
	pkg.State = voucherv1.PackageState_PACKAGE_STATE_ACTIVE
	pkg.Background = &voucherv1.Background{Contract: pkg.Background.Contract}
	born(c, pkg, p)
	packages.Update(c, id.Must(pkg.Id), pkg)
	redraw(c, id.Must(pkg.Id), nil, spansOf([]*voucherv1.Part{p}))
	c.Emit(&voucherv1.Accepted{Package: pkg.Id, Number: p.Number}, id.Must(pkg.Obligor), id.Must(pkg.Creditor))
	return tally(c, pkg, p, 1)
}
