package governance

import (
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
)

// upgrade plans a protocol for a height that is far enough ahead.
func upgrade(c *kerneltest.Chain, protocol uint32) *governancev1.ScheduleUpgrade {
	return &governancev1.ScheduleUpgrade{Protocol: protocol, Height: c.Height + 100, Info: "v2"}
}

func TestAnUpgradeIsPlannedAndTakenBack(t *testing.T) {
	c := setup(t)
	plan := upgrade(c, 2)
	p := proposed(c, plan)
	c.Must(ben, ballot(p, true))
	r := c.Must(cleo, ballot(p, true))
	if e := memberstest.Event[*governancev1.UpgradePlanned](c, r); e.Height != plan.Height || e.Protocol != 2 || e.Info != "v2" {
		t.Errorf("the event is %v", e)
	}
	if got := c.View().Plan(); got.GetHeight() != plan.Height || c.View().Protocol() != 1 {
		t.Errorf("the plan is %v", got)
	}
	p = proposed(c, &governancev1.CancelUpgrade{})
	c.Must(ben, ballot(p, true))
	r = c.Must(cleo, ballot(p, true))
	if e := memberstest.Event[*governancev1.UpgradeCancelled](c, r); e.Height != plan.Height || e.Protocol != 2 {
		t.Errorf("the event is %v", e)
	}
	if got := c.View().Plan(); got != nil {
		t.Errorf("the plan is %v", got)
	}
}

func TestUpgradeRefusesInOrder(t *testing.T) {
	c := setup(t)
	soon := upgrade(c, 2)
	soon.Height = c.Height + 1
	c.InOrder(
		kerneltest.Step{Do: &governancev1.CancelUpgrade{}, Want: kernel.ErrUpgrade},
		kerneltest.Step{Do: &governancev1.ScheduleUpgrade{Protocol: 1}, Want: governancev1.ErrField},
		kerneltest.Step{Do: upgrade(c, 3), Want: kernel.ErrUpgrade},
		kerneltest.Step{Do: soon, Want: kernel.ErrUpgrade},
		kerneltest.Step{Do: upgrade(c, 2)},
		kerneltest.Step{Do: upgrade(c, 2), Want: kernel.ErrUpgrade},
		kerneltest.Step{Do: &governancev1.CancelUpgrade{}},
	)
}
