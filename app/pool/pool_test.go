package pool_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/modules/kernel"
)

func TestLanesTakeTurns(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	for n := range 3 {
		for lane := range 3 {
			if lane < 2 || n < 1 {
				mustAdd(t, p, entry(lane, n, 100, 1))
			}
		}
	}
	for i, want := range []string{"0.0 1.0 2.0 0.1 1.1 0.2 1.2 ", "1.0 2.0 0.0 1.1 0.1 1.2 0.2 ", "2.0 0.0 1.0 0.1 1.1 0.2 1.2 ", "0.0 1.0 2.0 0.1 1.1 0.2 1.2 "} {
		if got := names(p.Propose(roomy, anyone)); got != want {
			t.Errorf("proposal %d: %s, want %s", i, got, want)
		}
	}
	if p.Len() != 7 {
		t.Errorf("%d wait: a proposal alone removes nothing", p.Len())
	}
}

func TestQuotaIsOfOneLane(t *testing.T) {
	for name, limits := range map[string]pool.Limits{"count": {LaneTxs: 3, LaneBytes: 1 << 20, Bytes: 1 << 20}, "bytes": {LaneTxs: 100, LaneBytes: 399, Bytes: 1 << 20}} {
		t.Run(name, func(t *testing.T) {
			p := pool.New(limits)
			first := entry(0, 0, 100, 1)
			mustAdd(t, p, first, entry(0, 1, 100, 1), entry(0, 2, 100, 1))
			late := entry(0, 3, 100, 1)
			if err := p.Add(late); !errors.Is(err, kernel.ErrLaneFull) {
				t.Fatalf("a full lane took one more: %v", err)
			}
			if p.Find(late.Raw) != nil || p.Len() != 3 {
				t.Error("what was refused is there")
			}
			mustAdd(t, p, entry(1, 0, 100, 1), first)
			remove(p, first)
			mustAdd(t, p, late)
			if err := p.Add(first); !errors.Is(err, kernel.ErrLaneFull) {
				t.Errorf("the lane was not filled again: %v", err)
			}
		})
	}
}

func TestWholePoolIsBounded(t *testing.T) {
	p := pool.New(pool.Limits{LaneTxs: 100, LaneBytes: 1 << 20, Bytes: 299})
	first := entry(0, 0, 100, 1)
	mustAdd(t, p, first, entry(1, 0, 100, 1))
	third := entry(2, 0, 100, 1)
	if err := p.Add(third); !errors.Is(err, kernel.ErrLaneFull) {
		t.Fatalf("a full pool took one more: %v", err)
	}
	remove(p, first)
	mustAdd(t, p, third)
}

func TestOneIDOneBody(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	e := entry(0, 1, 100, 1)
	mustAdd(t, p, e, e)
	if err := p.Add(another(e)); !errors.Is(err, kernel.ErrIDReused) {
		t.Errorf("another body under the id: %v", err)
	}
	if err := p.Add(again(e)); err != nil {
		t.Errorf("the same body signed again is the same transaction: %v", err)
	}
	if p.Len() != 1 {
		t.Errorf("%d wait, not 1", p.Len())
	}
	remove(p, e)
	mustAdd(t, p, another(e))
}

func TestReapHandsOutOnce(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	big := entry(0, 0, 5_000, 1)
	mustAdd(t, p, big, entry(0, 1, 400, 1), entry(1, 0, 500, 1), entry(1, 1, 200, 1), big)
	for i, want := range []int{1, 2, 1, 0} {
		if got := p.Reap(1_000); len(got) != want {
			t.Fatalf("reap %d: %d transactions, want %d", i, len(got), want)
		}
	}
	mustAdd(t, p, entry(2, 0, 100, 1), entry(2, 1, 100, 1))
	if got := p.Reap(0); len(got) != 2 {
		t.Errorf("without a bound: %d, want 2", len(got))
	}
}

func TestRemoveForgets(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	a, b := entry(0, 0, 100, 1), entry(0, 1, 100, 1)
	mustAdd(t, p, a, b)
	remove(p, a, a, entry(7, 7, 100, 1))
	if p.Find(a.Raw) != nil || p.Find(b.Raw) != b || p.Len() != 1 {
		t.Fatal("removed too much or too little")
	}
	if got := names(p.Propose(roomy, anyone)); got != "0.1 " {
		t.Errorf("proposed %s", got)
	}
}

func TestProposeForgetsWhatIsUnfit(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	good, bad := entry(0, 0, 100, 1), entry(0, 1, 100, 1)
	mustAdd(t, p, bad, good)
	out := p.Propose(roomy, func(e *pool.Entry) bool { return e == good })
	if len(out) != 1 || out[0] != good || p.Find(bad.Raw) != nil || p.Find(good.Raw) == nil {
		t.Errorf("proposed %s, %d wait", names(out), p.Len())
	}
}

// What a lane's share cannot hold would stop all that stands behind it: the application refuses it at the door.
func TestFits(t *testing.T) {
	room := pool.Room{Bytes: 1_000, Weight: 100}
	for name, c := range map[string]struct {
		size   int
		weight int64
		want   bool
	}{
		"small": {100, 1, true}, "half the weight": {100, 50, true}, "over half the weight": {100, 51, false}, "over all": {100, 101, false},
		"half the bytes": {500 - framing, 1, true}, "over half the bytes": {500 - framing + 1, 1, false},
	} {
		if got := entry(0, 0, c.size, c.weight).Fits(room); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A client that sends again makes the node tell others again, though not each time.
func TestAgain(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	e := entry(0, 0, 100, 1)
	mustAdd(t, p, e)
	p.Reap(0)
	p.Again(e)
	if n := len(p.Reap(0)); n != 0 {
		t.Errorf("told again at once: %d", n)
	}
	time.Sleep(1_050 * time.Millisecond)
	p.Again(e)
	p.Again(e)
	if n := len(p.Reap(0)); n != 1 {
		t.Errorf("after a second: told %d times, want once", n)
	}
	p.Again(e)
	remove(p, e)
	if n := len(p.Reap(0)); n != 0 {
		t.Errorf("one in a block was handed out: %d", n)
	}
}

// Nobody takes from the pool while a node catches up: what blocks carry must not pile up there.
func TestGossipIsBounded(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	for n := range 20_000 {
		e := entry(0, n, 16, 1)
		mustAdd(t, p, e)
		remove(p, e)
	}
	last := entry(0, 20_000, 16, 1)
	mustAdd(t, p, last)
	if got := p.Reap(0); len(got) != 1 {
		t.Errorf("%d handed out, want the one that waits", len(got))
	}
}

func TestExpiredIsForgotten(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	old, young := entry(0, 0, 100, 1), entry(0, 1, 100, 1)
	old.Tx.Body.ExpiresUnixS, young.Tx.Body.ExpiresUnixS = 1_000, 1_001
	mustAdd(t, p, old, young)
	p.Forget(nil, 999)
	if p.Len() != 2 {
		t.Fatal("forgotten before its time")
	}
	p.Forget(nil, 1_000)
	if p.Find(old.Raw) != nil || p.Find(young.Raw) == nil {
		t.Error("what has expired by block time waits, or what has not is gone")
	}
}

func TestArrivedWakes(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	select {
	case <-p.Arrived():
		t.Fatal("nothing has come")
	default:
	}
	mustAdd(t, p, entry(0, 0, 100, 1), entry(0, 1, 100, 1))
	select {
	case <-p.Arrived():
	case <-time.After(time.Second):
		t.Fatal("nobody was woken")
	}
}

// Ten thousand of one member's and five of another's: all five are in the first block, in turn.
func TestFloodCrowdsNobodyOut(t *testing.T) {
	p := pool.New(pool.Limits{LaneTxs: 10_000, LaneBytes: 1 << 30, Bytes: 1 << 30})
	for n := range 10_000 {
		mustAdd(t, p, entry(0, n, 300, 1))
	}
	if err := p.Add(entry(0, 10_000, 300, 1)); !errors.Is(err, kernel.ErrLaneFull) {
		t.Fatal("the flood has no bound")
	}
	for n := range 5 {
		mustAdd(t, p, entry(1, n, 300, 1))
	}
	room := pool.Room{Bytes: 300_000, Weight: 500}
	out := p.Propose(room, anyone)
	count := map[int]int{}
	for i, e := range out {
		if e.Lane == laneID(1) {
			count[1]++
			if i >= 10 {
				t.Errorf("a quiet member's transaction stands at %d", i)
			}
			continue
		}
		count[0]++
	}
	if count[1] != 5 || count[0] != 250 {
		t.Errorf("the block has %d of the quiet lane and %d of the flooding one, want 5 and half of the weight, 250", count[1], count[0])
	}
	remove(p, out...)
	if out = p.Propose(room, anyone); len(out) != 500 {
		t.Errorf("alone, the lane fills the block: %d of 500", len(out))
	}
}

func TestConcurrentUse(t *testing.T) {
	p := pool.New(pool.DefaultLimits)
	var all sync.WaitGroup
	for lane := range 4 {
		all.Go(func() {
			for n := range 200 {
				if err := p.Add(entry(lane, n, 100, 1)); err != nil {
					t.Error(err)
				}
				p.Find(entry(lane, n, 100, 1).Raw)
			}
		})
	}
	seen := map[string]bool{}
	all.Go(func() {
		for range 50 {
			for _, e := range p.Propose(pool.Room{Bytes: 5_000, Weight: 100}, anyone) {
				seen[fmt.Sprint(names([]*pool.Entry{e}))] = true
				remove(p, e)
			}
			p.Reap(1_000)
		}
	})
	all.Wait()
	if p.Len()+len(seen) != 800 {
		t.Errorf("%d wait and %d were proposed, of 800", p.Len(), len(seen))
	}
}

func BenchmarkPropose(b *testing.B) {
	p := pool.New(pool.DefaultLimits)
	for lane := range 4 {
		for n := range 5_000 {
			if err := p.Add(entry(lane, n, 300, 1)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(p.Propose(roomy, anyone)) == 0 {
			b.Fatal("nothing proposed")
		}
	}
}
