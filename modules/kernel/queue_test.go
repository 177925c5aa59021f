package kernel_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"pgregory.net/rapid"
)

// book books items of kind "one" for a lane, n of them for a second.
func book(due int64, lane id.ID, n int) script {
	return func(c *kernel.Ctx) error {
		for range n {
			if _, err := c.Book(due, lane, "one", lane[:]); err != nil {
				return err
			}
		}
		return nil
	}
}

// done collects, of one world, which item ran when: lane and due time, in order.
type ran struct {
	lane id.ID
	due  int64
}

func (w *world) record() *[]ran {
	var all []ran
	w.toy.due["one"] = func(_ *kernel.Ctx, due int64, payload []byte) error {
		all = append(all, ran{id.Must(payload), due})
		return nil
	}
	return &all
}

// queueIsEmpty fails the test where an item, or a lane's count, is left.
func (w *world) queueIsEmpty() {
	w.TB.Helper()
	for _, p := range []kernel.Prefix{kernelv1.PrefixQueue, kernelv1.PrefixQueueLanes} {
		w.Mem.Range(p[:], kernel.After(p[:]), func(k, _ []byte) bool {
			w.TB.Errorf("%x is left", k)
			return true
		})
	}
}

func TestItemsRunWhenDue(t *testing.T) {
	w := newWorld(t)
	got := w.record()
	at := w.Time + 50
	w.must(alice, book(at, bob.Member, 1))
	w.must(alice, book(w.Time-1000, alice.Member, 1)) // in the past: at once
	if len(*got) != 1 || (*got)[0] != (ran{alice.Member, w.Time - 1001}) {
		t.Error(*got)
	}
	for w.Time < at-1 {
		w.Block()
	}
	if len(*got) != 1 {
		t.Error("an item ran before its time")
	}
	w.Block()
	if len(*got) != 2 || (*got)[1] != (ran{bob.Member, at}) {
		t.Error(*got)
	}
	w.queueIsEmpty()
}

// Items run by (due, round, hash): law's first, then by time; within a second the lanes take turns, however many one
// of them has booked.
func TestOrderAndFairness(t *testing.T) {
	w := newWorld(t)
	got := w.record()
	due := w.Time + 100
	w.must(alice, book(due, alice.Member, 5), book(due, bob.Member, 2), book(due, carol.Member, 1), book(due-1, alice.Member, 2))
	w.must(alice, book(due+1, kernel.LawLane, 1), book(due, alice.Member, 1))
	w.Advance(200)
	lanes := func(rs []ran) (out []string) {
		names := map[id.ID]string{alice.Member: "a", bob.Member: "b", carol.Member: "c", kernel.LawLane: "law"}
		for _, r := range rs {
			out = append(out, names[r.lane])
		}
		return out
	}
	all := lanes(*got)
	first, rest := all[:3], all[3:]
	if !slices.Equal(first, []string{"law", "a", "a"}) || (*got)[1].due != due-1 {
		t.Error("law first, then what was due before:", all)
	}
	slices.Sort(rest[0:3]) // a round is in order of hash
	slices.Sort(rest[3:5])
	if want := []string{"a", "b", "c", "a", "b", "a", "a", "a", "a"}; !slices.Equal(rest, want) {
		t.Errorf("rounds: %v, want %v", rest, want)
	}
	w.queueIsEmpty()
}

// Within one round the order is that of the hash, which nobody chooses.
func TestOrderOfHashes(t *testing.T) {
	w := newWorld(t)
	var hashes [][]byte
	w.toy.due["one"] = func(c *kernel.Ctx, _ int64, _ []byte) error {
		tx := c.Transaction()
		hashes = append(hashes, tx[:])
		return nil
	}
	var fs []script
	for i := range 20 {
		fs = append(fs, book(w.Time, id.Hash(fmt.Sprint(i)), 1))
	}
	w.must(alice, fs...)
	if len(hashes) != 20 || !slices.IsSortedFunc(hashes, bytes.Compare) {
		t.Error(len(hashes), "items, not in order of hash")
	}
}

// A block runs a bounded number, law has half of it for itself, and the rest waits for the next blocks.
func TestBoundOfABlock(t *testing.T) {
	const half = kernel.QueuePerBlock / 2
	for name, tc := range map[string]struct {
		law, others int
		want        [][2]int // by block: law's and the others'
	}{
		"others alone":     {0, half + 500, [][2]int{{0, half}, {0, 500}}},
		"law alone":        {2*half + 100, 0, [][2]int{{2 * half, 0}, {100, 0}}},
		"little law":       {10, half + 1, [][2]int{{10, half}, {0, 1}}},
		"more law than ½":  {half + 300, half, [][2]int{{half + 300, half - 300}, {0, 300}}},
		"law fills blocks": {2*half + 1, 3, [][2]int{{2 * half, 0}, {1, 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			got := w.record()
			c, o := w.open()
			if err := errors.Join(book(w.Time, kernel.LawLane, tc.law)(c), book(w.Time, alice.Member, tc.others)(c)); err != nil {
				t.Fatal(err)
			}
			w.Mem.Apply(o.Changes())
			for i, want := range tc.want {
				*got = nil
				w.Block()
				law := 0
				for _, r := range *got {
					if r.lane == kernel.LawLane {
						law++
					}
				}
				if law != want[0] || len(*got)-law != want[1] {
					t.Errorf("block %d ran %d of law and %d others, want %v", i, law, len(*got)-law, want)
				}
			}
			w.queueIsEmpty()
		})
	}
}

const heavy = 300

// What counts for more than one item leaves less of the block to others, and waits where there is not enough.
func TestHeavyItemsFillABlock(t *testing.T) {
	w := newWorld(t)
	light := w.record()
	ran := 0
	w.toy.due["heavy"] = func(*kernel.Ctx, int64, []byte) error { ran++; return nil }
	c, o := w.open()
	for range 8 {
		if _, err := c.Book(w.Time, kernel.LawLane, "heavy", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := book(w.Time, alice.Member, kernel.QueuePerBlock)(c); err != nil {
		t.Fatal(err)
	}
	w.Mem.Apply(o.Changes())
	for i, want := range [][2]int{{6, 200}, {8, 1_200}, {8, 2_000}} {
		if w.Block(); ran != want[0] || len(*light) != want[1] {
			t.Errorf("after block %d: %d heavy ones and %d others, want %v", i, ran, len(*light), want)
		}
	}
	w.queueIsEmpty()
}

// A failing item takes back what it alone wrote, is recorded with its code, and is not tried again.
func TestAFailingItem(t *testing.T) {
	w := newWorld(t)
	runs := 0
	w.toy.due["two"] = func(c *kernel.Ctx, _ int64, _ []byte) error {
		runs++
		if c.Caller() != (id.ID{}) || c.CallNumber() != 0 {
			t.Error("an item is called by", c.Caller())
		}
		return busy(2, errRefused)(c)
	}
	w.toy.due["one"] = func(c *kernel.Ctx, _ int64, _ []byte) error {
		numbers.Insert(c, 1, number(1))
		c.Emit(number(1))
		return nil
	}
	due := w.Time + 10
	w.must(alice, func(c *kernel.Ctx) error {
		_, err := c.Book(due, alice.Member, "two", nil)
		return err
	}, book(due, alice.Member, 1))
	w.Time = due
	events := w.outcome().Events
	w.Block()
	if runs != 1 || !numbers.Has(w.View(), 1) || numbers.Has(w.View(), 2) {
		t.Error(runs, "runs; what is written is wrong")
	}
	if len(w.Totals(alice.ID).Lines) != 0 {
		t.Error("totals of a failed item", w.Totals(alice.ID))
	}
	w.queueIsEmpty()
	var codes []string
	for _, e := range events {
		m, err := e.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := m.(*kernelv1.ItemDone); ok {
			codes = append(codes, fmt.Sprintf("%s %d", d.Kind, d.Code))
		}
	}
	if want := []string{fmt.Sprintf("two %d", errRefused.Number), "one 0"}; len(events) != 3 || !slices.Equal(codes, want) {
		t.Errorf("%d events, items %v, want %v", len(events), codes, want)
	}
}

// outcome makes and commits the next block, without transactions, and returns what it left.
func (w *world) outcome() *kernel.Outcome {
	w.Height++
	w.Time++
	info := kernel.Info{Height: w.Height, TimeUnixS: w.Time, Hash: id.Hash("outcome", []byte{byte(w.Height)}).Bytes()}
	o := w.M.Begin(kernel.NewOverlay(w.Mem), info, w.IDs).End()
	w.Mem.Apply(o.Changes)
	w.IDs.Apply(o.IDs)
	return o
}

func TestUnbook(t *testing.T) {
	w := newWorld(t)
	got := w.record()
	due := w.Time + 100
	var keys [][]byte
	w.must(alice, func(c *kernel.Ctx) error {
		for range 3 {
			k, err := c.Book(due, alice.Member, "one", alice.Member[:])
			if err != nil {
				return err
			}
			keys = append(keys, k)
		}
		return nil
	})
	w.must(alice, func(c *kernel.Ctx) error {
		c.Unbook(keys[1])
		c.Unbook(keys[1]) // what is not booked any more changes nothing
		return nil
	})
	w.Advance(100)
	if len(*got) != 2 {
		t.Error(len(*got), "items ran")
	}
	w.must(alice, func(c *kernel.Ctx) error {
		c.Unbook(keys[0]) // done long ago
		return nil
	})
	w.queueIsEmpty()
	c, _ := w.open()
	fatally(t, "no key", func() { c.Unbook([]byte{1, 2}) })
	fatally(t, "no such kind", func() { _, _ = c.Book(due, alice.Member, "three", nil) })
	if _, err := c.Book(-1, alice.Member, "one", nil); !errors.Is(err, kernel.ErrDueTime) {
		t.Errorf("a negative time: %v", err)
	}
}

// An item may take back another that is due in the same block, and book further ones, which wait for the next block.
func TestItemsThatMeetItems(t *testing.T) {
	w := newWorld(t)
	var other []byte
	var order []string
	w.toy.due["one"] = func(c *kernel.Ctx, due int64, _ []byte) error {
		order = append(order, "one")
		c.Unbook(other)
		_, err := c.Book(due, alice.Member, "two", []byte("booked by an item"))
		return err
	}
	w.toy.due["two"] = func(_ *kernel.Ctx, _ int64, p []byte) error {
		order = append(order, string(p))
		return nil
	}
	w.must(alice, func(c *kernel.Ctx) error {
		due := c.Now() + 10
		if _, err := c.Book(due, alice.Member, "one", nil); err != nil {
			return err
		}
		k, err := c.Book(due+1, alice.Member, "two", []byte("taken back"))
		other = k
		return err
	})
	w.Advance(20)
	if !slices.Equal(order, []string{"one"}) {
		t.Error(order)
	}
	w.Block()
	if !slices.Equal(order, []string{"one", "booked by an item"}) {
		t.Error(order)
	}
	w.queueIsEmpty()
}

// A lane has a maximum of open items; law has none.
func TestALaneIsBounded(t *testing.T) {
	w := newWorld(t)
	for _, lane := range []id.ID{alice.Member, kernel.LawLane} {
		w.Plant(kernelv1.StateKey(kernelv1.PrefixQueueLanes, lane[:]), number(kernel.QueuePerLane-1))
	}
	c, _ := w.open()
	book := func(lane id.ID) error { _, err := c.Book(w.Time, lane, "one", nil); return err }
	if err := book(alice.Member); err != nil {
		t.Error(err)
	}
	if err := book(alice.Member); !errors.Is(err, kernel.ErrQueueFull) {
		t.Error(err)
	}
	if err := errors.Join(book(kernel.LawLane), book(kernel.LawLane), book(bob.Member)); err != nil {
		t.Error(err)
	}
}

// Any bookings, unbookings and pauses: every item that is not taken back runs once, at its time or later, and when
// all is done no item and no count is left.
func TestQueueAgainstAModel(t *testing.T) {
	lanes := []id.ID{alice.Member, bob.Member, kernel.LawLane}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		type item struct {
			due int64
			key []byte
		}
		open, seen := map[byte]item{}, byte(0)
		w.toy.due["one"] = func(c *kernel.Ctx, due int64, p []byte) error {
			it, there := open[p[0]]
			if !there || it.due != due || due > c.Now() {
				rt.Fatalf("item %d ran for %d at %d: %v", p[0], due, c.Now(), it)
			}
			delete(open, p[0])
			return nil
		}
		for range rapid.IntRange(1, 15).Draw(rt, "blocks") {
			var fs []script
			for range rapid.IntRange(0, 3).Draw(rt, "bookings") {
				due, lane := w.Time+rapid.Int64Range(0, 20).Draw(rt, "in"), rapid.SampledFrom(lanes).Draw(rt, "lane")
				fs = append(fs, func(c *kernel.Ctx) error {
					k, err := c.Book(due, lane, "one", []byte{seen})
					open[seen] = item{due, k}
					seen++
					return err
				})
			}
			if n := byte(rapid.IntRange(0, 20).Draw(rt, "unbook")); n < seen {
				fs = append(fs, func(c *kernel.Ctx) error {
					if it, there := open[n]; there {
						c.Unbook(it.key)
						delete(open, n)
					}
					return nil
				})
			}
			if len(fs) > 0 {
				w.must(alice, fs...)
			}
			w.Advance(rapid.Int64Range(0, 10).Draw(rt, "pause"))
		}
		w.Advance(100)
		if len(open) != 0 {
			rt.Fatalf("%d items never ran", len(open))
		}
		w.queueIsEmpty()
	})
}

// The key of an item, as Unbook takes it: law or not, due, round, hash.
func TestQueueKeyGolden(t *testing.T) {
	w := newWorld(t)
	c, _ := w.open()
	for i, lane := range []id.ID{kernel.LawLane, alice.Member, alice.Member} {
		k, err := c.Book(0x01020304, lane, "one", nil)
		want := []byte{0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0}
		if i > 0 {
			want[0], want[16] = 1, byte(i-1)
		}
		if err != nil || len(k) != 17+id.Size || !bytes.Equal(k[:17], want) {
			t.Errorf("%x, want %x (%v)", k, want, err)
		}
	}
	if _, err := c.Book(math.MaxInt64, alice.Member, "one", nil); err != nil {
		t.Error(err)
	}
}
