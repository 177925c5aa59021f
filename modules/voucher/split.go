package voucher

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// split divides a part; the pieces stay with its holder.
func (v *Vouchers) split(c *kernel.Ctx, m *voucherv1.Split) error {
	pkg, p, err := partAt(c, m.Part)
	if err != nil {
		return err
	}
	if err := free(c, p); err != nil {
		return err
	}
	if sum, err := money.Sum(m.PiecesMinor...); err != nil || sum != p.Units() {
		return voucherv1.ErrPieces.At("pieces_minor", "%d, the part has %d", sum, p.Units())
	}
	if err := mayDivide(c, pkg, p, len(m.PiecesMinor)); err != nil {
		return err
	}
	if err := frozenNow(c, pkg).refuse(p); err != nil {
		return err
	}
	_, err = divide(c, pkg, p, m.PiecesMinor, voucherv1.Step_STEP_SPLIT)
	return err
}

// free refuses where the caller does not hold the part, or has it on offer.
func free(c *kernel.Ctx, p *voucherv1.Part) error {
	switch {
	case p.Holder.ID() != c.Caller():
		return voucherv1.ErrNotHolder
	case offered(p):
		return voucherv1.ErrNotHeld
	}
	return nil
}
