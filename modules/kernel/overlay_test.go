package kernel_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"pgregory.net/rapid"
)

// model is what an overlay must be equal to: a map, and a stack of copies of it for the nested snapshots.
type model struct {
	now   map[uint64]uint64
	marks []map[uint64]uint64
}

// Any sequence of writes, deletions, nested snapshots and reverts over any committed state reads, walks and reports
// changes as the map does.
func TestOverlayAgainstAMap(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		committed := rapid.MapOf(rapid.Uint64Range(0, 15), rapid.Uint64Range(1, 9)).Draw(rt, "committed")
		base := newWorld(t).Mem
		seed(w, base, committed)
		o := kernel.NewOverlay(base)
		c := w.M.Begin(o, kernel.Info{Height: 2, TimeUnixS: w.Time + 1}, kernel.LoadIDs(w.M.View(base, kernel.Info{}))).Context()
		m, marks := &model{now: maps.Clone(committed)}, []int(nil)
		rt.Repeat(map[string]func(*rapid.T){
			"save": func(rt *rapid.T) {
				k, v := rapid.Uint64Range(0, 15).Draw(rt, "k"), rapid.Uint64Range(1, 9).Draw(rt, "v")
				numbers.Save(c, kernel.Uint64(k), number(v), true)
				m.now[k] = v
			},
			"delete": func(rt *rapid.T) {
				k := rapid.Uint64Range(0, 15).Draw(rt, "k")
				numbers.Save(c, kernel.Uint64(k), nil, false)
				delete(m.now, k)
			},
			"snapshot": func(*rapid.T) {
				marks, m.marks = append(marks, o.Snapshot()), append(m.marks, maps.Clone(m.now))
			},
			"revert": func(rt *rapid.T) {
				if len(marks) == 0 {
					return
				}
				to := rapid.IntRange(0, len(marks)-1).Draw(rt, "to") // past several at once too
				o.Revert(marks[to])
				m.now, marks, m.marks = m.marks[to], marks[:to], m.marks[:to]
			},
			"": func(rt *rapid.T) { compare(rt, c, o, committed, m.now) },
		})
	})
}

// seed writes the committed numbers into a state, as a block does.
func seed(w *world, base interface{ Apply([]kernel.Change) }, committed map[uint64]uint64) {
	c, o := w.open()
	for _, k := range slices.Sorted(maps.Keys(committed)) {
		numbers.Insert(c, kernel.Uint64(k), number(committed[k]))
	}
	base.Apply(o.Changes())
}

func compare(rt *rapid.T, c *kernel.Ctx, o *kernel.Overlay, committed, want map[uint64]uint64) {
	for k := range uint64(16) {
		got, ok := numbers.Get(c, kernel.Uint64(k))
		if v, there := want[k]; ok != there || got.GetCount() != v || numbers.Has(c, kernel.Uint64(k)) != there {
			rt.Fatalf("key %d: %v, want %d", k, got, v)
		}
	}
	from, to := rapid.Uint64Range(0, 16).Draw(rt, "from"), rapid.Uint64Range(0, 16).Draw(rt, "to")
	most := rapid.IntRange(1, 16).Draw(rt, "most")
	var got []uint64
	numbers.Between(c, kernel.Uint64(from), kernel.Uint64(to), func(key []byte, v *kernelv1.Count) bool {
		k := uint64(key[7])
		if want[k] != v.Count || len(key) != 8 {
			rt.Fatalf("key %x has %d, want %d", key, v.Count, want[k])
		}
		got = append(got, k)
		return len(got) < most
	})
	var expect []uint64
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if k >= from && k < to && len(expect) < most {
			expect = append(expect, k)
		}
	}
	if !slices.Equal(got, expect) {
		rt.Fatalf("[%d, %d): %v, want %v", from, to, got, expect)
	}
	compareChanges(rt, o, committed, want)
}

// compareChanges: sorted, each key once, none that is as it was, and none missing.
func compareChanges(rt *rapid.T, o *kernel.Overlay, committed, want map[uint64]uint64) {
	changed := map[uint64]bool{}
	var last []byte
	for _, ch := range o.Changes() {
		if bytes.Compare(ch.Key, last) <= 0 {
			rt.Fatalf("changes are not sorted at %x", ch.Key)
		}
		last = ch.Key
		if kernel.Prefix(ch.Key[:2]) != numbers.Declared().Prefix {
			continue
		}
		k := uint64(ch.Key[9])
		changed[k] = true
		_, there := want[k]
		if _, was := committed[k]; there != (ch.Value != nil) || !there && !was {
			rt.Fatalf("change of %d to %x", k, ch.Value)
		}
	}
	for k := range uint64(16) {
		before, was := committed[k]
		if after, is := want[k]; (was != is || before != after) && !changed[k] {
			rt.Fatalf("no change of %d: %d → %d", k, before, after)
		}
	}
}

func TestOverlayIsAReader(t *testing.T) {
	w := newWorld(t)
	c, o := w.open()
	numbers.Insert(c, 1, number(7))
	again := w.M.View(o, kernel.Info{})
	if v, ok := numbers.Get(again, 1); !ok || v.Count != 7 {
		t.Error("an overlay over an overlay does not read through")
	}
	if _, ok := numbers.Get(w.View(), 1); ok {
		t.Error("committed state has what was not committed")
	}
}

// A record written and removed within one block is no change. One that is written as it was is: its mark moves on, so
// that nobody can tell whether it changed.
func TestNoChangeIsNoChange(t *testing.T) {
	w := newWorld(t)
	c, o := w.open()
	numbers.Insert(c, 1, number(7))
	if ch := o.Changes(); len(ch) != 1 {
		t.Fatal(ch)
	}
	w.Mem.Apply(o.Changes())
	c, o = w.open() // of the same block hash: the same marks
	numbers.Insert(c, 2, number(7))
	numbers.Delete(c, 2)
	if ch := o.Changes(); len(ch) != 0 {
		t.Error(ch)
	}
	before, _ := o.Get(numbers.Key(1))
	numbers.Update(c, 1, number(7))
	after, _ := o.Get(numbers.Key(1))
	if ch := o.Changes(); len(ch) != 1 || bytes.Equal(before[:kernelv1.MarkSize], after[:kernelv1.MarkSize]) || !bytes.Equal(before[kernelv1.MarkSize:], after[kernelv1.MarkSize:]) {
		t.Error(ch)
	}
}
