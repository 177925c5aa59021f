package governance

import (
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
)

// shiftClock moves a development network's business clock forward; block time, and what expires by it, stay.
func (g *Governance) shiftClock(c *kernel.Ctx, msg *governancev1.ShiftClock) error {
	if !c.Development() {
		return governancev1.ErrNotDev
	}
	if shifted := c.Now() - c.BlockTime(); shifted+msg.ForwardS > governancev1.MaxShiftS {
		return governancev1.ErrShiftTooLarge.At("forward_s", "%d s after %d, %d are left", msg.ForwardS, shifted, governancev1.MaxShiftS-shifted)
	}
	c.Emit(&governancev1.ClockShifted{ShiftS: c.ShiftClock(msg.ForwardS)})
	return nil
}
