package kernel_test

import (
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

const day = 86_400

func TestParamsAreDated(t *testing.T) {
	w := newWorld(t)
	today := w.View().Today()
	value := func() int64 { return w.View().Param(toyParam) }
	if value() != 5 {
		t.Error("before any vote the default holds:", value())
	}
	w.must(alice, func(c *kernel.Ctx) error {
		for _, v := range []struct {
			inDays int32
			value  int64
		}{{3, 30}, {1, 10}, {5, 50}, {3, 31}} { // the last replaces the first
			if err := c.SetParam("toy.size_bytes", today+v.inDays, v.value, "vote"); err != nil {
				return err
			}
		}
		return nil
	})
	for i, want := range []int64{5, 10, 10, 31, 31, 50, 50} {
		if got := value(); got != want {
			t.Errorf("in %d days: %d, want %d", i, got, want)
		}
		w.Advance(day - 1)
	}
	rec := &kernelv1.Parameter{}
	if !w.Read(kernelv1.ParameterKey("toy.size_bytes"), rec) || len(rec.Values) != 3 || rec.Values[1].Value != 31 || rec.Values[1].Source != "vote" {
		t.Error("old values stay, for old blocks:", rec)
	}
}

func TestParamsRefused(t *testing.T) {
	w := newWorld(t)
	c, _ := w.open()
	for _, tc := range []struct {
		name  string
		value int64
		want  error
	}{
		{"toy.size_bytes", 1, nil},
		{"toy.size_bytes", 100, nil},
		{"toy.size_bytes", 0, kernel.ErrParameterSize},
		{"toy.size_bytes", 101, kernel.ErrParameterSize},
		{"toy.unknown", 1, kernel.ErrParameter},
		{"", 1, kernel.ErrParameter},
	} {
		if err := c.SetParam(tc.name, 1, tc.value, ""); !errors.Is(err, tc.want) {
			t.Errorf("%s = %d: want %v, got %v", tc.name, tc.value, tc.want, err)
		}
	}
	for d := int32(2); ; d++ {
		err := c.SetParam("toy.size_bytes", d, 7, "")
		if err == nil && d <= 1000 {
			continue
		}
		if d != 1001 || !errors.Is(err, kernel.ErrParameterSize) {
			t.Errorf("value number %d: %v", d, err)
		}
		break
	}
}

// A value holds from the next block on: within a block nobody's limits change under its feet.
func TestParamsChangeBetweenBlocks(t *testing.T) {
	w := newWorld(t)
	w.must(alice, func(c *kernel.Ctx) error {
		if err := c.SetParam("toy.size_bytes", c.Today(), 9, ""); err != nil {
			return err
		}
		if got := c.Param(toyParam); got != 5 {
			t.Error("in the block:", got)
		}
		return nil
	})
	if got := w.View().Param(toyParam); got != 9 {
		t.Error("after it:", got)
	}
	if p := w.M.Params(); len(p) != 1 || p[0] != toyParam {
		t.Error(p)
	}
}

func TestParamsOfTheProgram(t *testing.T) {
	w := newWorld(t)
	fatally(t, "a parameter that no module declares", func() { w.View().Param(&kernel.Param{Name: "toy.undeclared"}) })
	twice := &kernel.Module{Name: "other", Params: []*kernel.Param{{Name: "toy.size_bytes"}}}
	panics(t, "two parameters of one name", func() { kernel.NewMachine("x", newRegistry(), w.toy.module(), twice) })
}

// The shift moves business time alone, from the next block on; shifts add up, and a failed one is none.
func TestShiftClock(t *testing.T) {
	w := newWorld(t)
	shift := func(s int64, err error) script {
		return func(c *kernel.Ctx) error {
			c.ShiftClock(s)
			if c.Now() != c.BlockTime() {
				t.Error("the clock moved within the block")
			}
			return err
		}
	}
	tx := func(f script) *kernel.Tx { return w.parse(w.Body(alice, w.call(alice, "toy.Do", f)), alice) }
	w.Block(tx(shift(day, nil)), tx(shift(7*day, errRefused)), tx(shift(2*day, nil)), tx(func(c *kernel.Ctx) error {
		if got := c.ShiftClock(10); got != 3*day+10 {
			t.Error("shifts of one block do not add up:", got)
		}
		return nil
	}))
	c := w.View()
	if c.BlockTime() != w.Time || c.Now() != w.Time+3*day+10 {
		t.Error(c.Now() - w.Time)
	}
	clock := &kernelv1.Clock{}
	if !w.Read(kernelv1.ClockKey(), clock) || clock.ShiftS != 3*day+10 {
		t.Error(clock)
	}
	got := w.record()
	w.must(alice, book(w.Time+3*day, alice.Member, 1)) // due by the shifted clock
	if len(*got) != 1 {
		t.Error("the queue runs by business time")
	}
	w.must(alice, nil) // and expiries by the block's own
}
