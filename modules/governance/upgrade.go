package governance

import (
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
)

// scheduleUpgrade plans the next protocol. A node whose program does not know it stops before that block, and says so.
func (g *Governance) scheduleUpgrade(c *kernel.Ctx, msg *governancev1.ScheduleUpgrade) error {
	if err := c.PlanUpgrade(msg.Protocol, msg.Height, msg.Info); err != nil {
		return err
	}
	c.Emit(&governancev1.UpgradePlanned{Protocol: msg.Protocol, Height: msg.Height, Info: msg.Info})
	return nil
}

// cancelUpgrade takes the plan back.
func (g *Governance) cancelUpgrade(c *kernel.Ctx, _ *governancev1.CancelUpgrade) error {
	plan := c.Plan()
	if err := c.CancelUpgrade(); err != nil {
		return err
	}
	c.Emit(&governancev1.UpgradeCancelled{Protocol: plan.Protocol, Height: plan.Height})
	return nil
}
