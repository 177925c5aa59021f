package governance

import (
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
)

// setParameter gives a parameter a value from a later day on, so that no law changes backwards or under a running
// day; genesis, before any day has run, may name any.
func (g *Governance) setParameter(c *kernel.Ctx, msg *governancev1.SetParameter) error {
	if !genesis(c) && msg.FromDay <= c.Today() {
		return governancev1.ErrFromDay.At("from_day", "%d, today is %d", msg.FromDay, c.Today())
	}
	if err := c.SetParam(msg.Name, msg.FromDay, msg.Value, msg.Source); err != nil {
		return err
	}
	c.Emit(&governancev1.ParameterSet{Name: msg.Name, FromDay: msg.FromDay, Value: msg.Value, Source: msg.Source})
	return nil
}

// genesis tells whether the call is one of genesis, before the first block.
func genesis(c *kernel.Ctx) bool { return c.Height() == 0 }
