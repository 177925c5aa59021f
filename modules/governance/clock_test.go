package governance

import (
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
)

const year = 365 * 86_400

func TestShiftClock(t *testing.T) {
	c := setup(t)
	day := c.View().Today()
	c.Must(ann, &governancev1.ShiftClock{ForwardS: 86_400})
	c.Must(ben, &governancev1.ShiftClock{ForwardS: 86_400})
	view := c.View()
	if view.Today() != day+2 || view.Now() != c.Time+2*86_400 || view.BlockTime() != c.Time {
		t.Errorf("the day is %d after %d; block time stays", view.Today(), day)
	}
	c.Must(ann, &governancev1.ShiftClock{ForwardS: 9 * year})
	c.Refused(governancev1.ErrShiftTooLarge, ann, &governancev1.ShiftClock{ForwardS: 2 * year})
}

// Shifts of one block add up, and are bounded together.
func TestShiftsOfOneBlock(t *testing.T) {
	c := setup(t)
	first := memberstest.Judged(c, ann, &governancev1.ShiftClock{ForwardS: 6 * year})
	second := memberstest.Judged(c, ben, &governancev1.ShiftClock{ForwardS: 6 * year})
	third := memberstest.Judged(c, cleo, &governancev1.ShiftClock{ForwardS: year})
	res := c.Block(first, second, third)
	wants(t, res[0].Err, nil)
	wants(t, res[1].Err, governancev1.ErrShiftTooLarge)
	wants(t, res[2].Err, nil)
	if got := c.View().Now() - c.Time; got != 7*year {
		t.Errorf("the clock is shifted by %d s", got)
	}
}

func TestTheClockOfARealNetworkIsNotShifted(t *testing.T) {
	m, _ := machine()
	mem := kerneltest.NewMemory()
	state, _, err := m.InitGenesis(mem, &kernel.Genesis{Calls: genesisCalls()}, kernel.Info{TimeUnixS: kerneltest.Start})
	if err != nil {
		t.Fatal(err)
	}
	mem.Apply(state.Changes())
	c := &kerneltest.Chain{TB: t, M: m, Mem: mem, Time: kerneltest.Start}
	c.IDs = kernel.LoadIDs(c.View())
	c.Refused(governancev1.ErrNotDev, ann, &governancev1.ShiftClock{ForwardS: 1})
}
