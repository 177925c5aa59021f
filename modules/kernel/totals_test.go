package kernel_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"pgregory.net/rapid"
)

func TestTally(t *testing.T) {
	w := newWorld(t)
	c, _ := w.open()
	for _, step := range []struct {
		class    uint32
		currency string
		count    int64
		minor    int64
		want     int // lines there are
	}{
		{402, "CNY", 1, 100, 1},
		{401, "USD", 1, 1, 2},
		{401, "CNY", 2, 50, 3},
		{401, "CNY", -1, -50, 3}, // one record without an amount is a line still
		{401, "CNY", 0, 7, 3},
		{402, "CNY", -1, -100, 2},
		{401, "CNY", -1, -7, 1},
		{401, "EUR", 0, 0, 1}, // nothing is no line
	} {
		if err := c.Tally(alice.ID, step.class, step.currency, step.count, step.minor); err != nil {
			t.Fatal(err)
		}
		if got := len(c.Totals(alice.ID).Lines); got != step.want {
			t.Errorf("%+v: %d lines", step, got)
		}
	}
	if l := c.Totals(alice.ID).Total(401, "USD"); l.Count != 1 || l.AmountMinor != 1 {
		t.Error(l)
	}
	if l := c.Totals(bob.ID).Total(401, "USD"); l.Count != 0 || l.AmountMinor != 0 || l.Class != 401 || l.Currency != "USD" {
		t.Error("who has nothing has an empty line:", l)
	}
}

func TestTallyRefusesOverflow(t *testing.T) {
	w := newWorld(t)
	c, _ := w.open()
	if err := c.Tally(alice.ID, 1, "CNY", 1, math.MaxInt64); err != nil {
		t.Fatal(err)
	}
	if err := c.Tally(alice.ID, 1, "CNY", 1, 1); !errors.Is(err, kernel.ErrOverflow) {
		t.Error(err)
	}
	if l := c.Totals(alice.ID).Total(1, "CNY"); l.Count != 1 || l.AmountMinor != math.MaxInt64 {
		t.Error("a refused tally changed", l)
	}
	fatally(t, "a count below zero", func() { _ = c.Tally(alice.ID, 1, "CNY", -2, -1) })
	fatally(t, "a sum below zero", func() { _ = c.Tally(bob.ID, 1, "CNY", 1, -1) })
}

// Any tallies add up as a map does; lines are sorted by class and currency, and none is zero.
func TestTotalsAgainstAMap(t *testing.T) {
	type line struct {
		who      int
		class    uint32
		currency string
	}
	who := []id.ID{alice.ID, bob.ID}
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		c, _ := w.open()
		model := map[line][2]int64{}
		for range rapid.IntRange(0, 30).Draw(rt, "steps") {
			l := line{rapid.IntRange(0, 1).Draw(rt, "who"), rapid.Uint32Range(1, 3).Draw(rt, "class"), rapid.SampledFrom([]string{"CNY", "EUR", "JPY"}).Draw(rt, "currency")}
			now := model[l]
			count, minor := rapid.Int64Range(-now[0], 3).Draw(rt, "count"), rapid.Int64Range(-now[1], 50).Draw(rt, "minor")
			if err := c.Tally(who[l.who], l.class, l.currency, count, minor); err != nil {
				rt.Fatal(err)
			}
			model[l] = [2]int64{now[0] + count, now[1] + minor}
		}
		lines := 0
		c.EachTotals(func(account id.ID, tot *kernelv1.Totals) bool {
			lines += len(tot.Lines)
			if !slices.IsSortedFunc(tot.Lines, func(a, b *kernelv1.Total) int {
				if a.Class != b.Class {
					return int(a.Class) - int(b.Class)
				}
				return slices.Compare([]byte(a.Currency), []byte(b.Currency))
			}) {
				rt.Fatal("lines are not sorted", tot)
			}
			return true
		})
		for l, want := range model {
			if got := c.Totals(who[l.who]).Total(l.class, l.currency); got.Count != uint64(want[0]) || got.AmountMinor != want[1] {
				rt.Fatalf("%+v: %v, want %v", l, got, want)
			}
			if want != [2]int64{} {
				lines--
			}
		}
		if lines != 0 {
			rt.Fatalf("%d lines of nothing", lines)
		}
	})
}
