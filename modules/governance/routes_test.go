package governance

import (
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"google.golang.org/protobuf/proto"
)

// Every route: the wrong role, the wrong signer, another chain, an expired one, a replay.
func TestRoutesRefuseWhoMayNot(t *testing.T) {
	_, g := machine()
	for _, wrong := range []kerneltest.Actor{seatless, regulator} {
		row := func(makes func(c *kerneltest.Chain) proto.Message) kerneltest.Row {
			return kerneltest.Row{Wrong: wrong, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) { return ben, makes(c) }}
		}
		kerneltest.Routes(t, g.Module(), setup, map[string]kerneltest.Row{
			"governance.Propose":         row(func(c *kerneltest.Chain) proto.Message { return proposal(c, setFee(c, 7)) }),
			"governance.Vote":            row(func(c *kerneltest.Chain) proto.Message { return ballot(proposed(c, setFee(c, 7)), true) }),
			"governance.ShiftClock":      row(func(*kerneltest.Chain) proto.Message { return &governancev1.ShiftClock{ForwardS: 1} }),
			"governance.SetParameter":    row(func(c *kerneltest.Chain) proto.Message { return setFee(c, 7) }),
			"governance.SetValidator":    row(func(*kerneltest.Chain) proto.Message { return validator(5, 1, ann) }),
			"governance.ScheduleUpgrade": row(func(c *kerneltest.Chain) proto.Message { return upgrade(c, 2) }),
			"governance.CancelUpgrade": row(func(c *kerneltest.Chain) proto.Message {
				wants(t, kerneltest.Govern(c, upgrade(c, 2)), nil)
				return &governancev1.CancelUpgrade{}
			}),
		})
	}
}
