package governance

import (
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
)

// shiftClock moves a development network's business clock forward from the next block on; block time, and what
// expires by it, stay.
func (g *Governance) shiftClock(c *kernel.Ctx, msg *governancev1.ShiftClock) error {
	if !c.Development() {
		return governancev1.ErrNotDev
	}
	// Only the write knows what other calls of this block have shifted; a refusal takes it back.
	shift := c.ShiftClock(msg.ForwardS)
	if shift > governancev1.MaxShiftS {
		before := shift - msg.ForwardS
		return governancev1.ErrShiftTooLarge.At("forward_s", "%d s after %d, %d are left", msg.ForwardS, before, governancev1.MaxShiftS-before)
	}
	c.Emit(&governancev1.ClockShifted{ShiftS: shift})
	return nil
}
