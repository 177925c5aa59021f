package pool_test

import (
	"testing"

	"github.com/splittally/splittally/app/pool"
)

// framing is what the rule adds to the bytes of each transaction.
const framing = 8

func TestCheckLanes(t *testing.T) {
	room := pool.Room{Bytes: 1_000, Weight: 100}
	type one struct {
		lane, size int
		weight     int64
	}
	for _, tc := range []struct {
		name string
		in   []one
		ok   bool
	}{
		{"empty", nil, true},
		{"one lane fills the bytes", []one{{0, 1_000 - framing, 1}}, true},
		{"one lane over the bytes", []one{{0, 1_000 - framing + 1, 1}}, false},
		{"one lane fills the weight", []one{{0, 100, 60}, {0, 100, 40}}, true},
		{"one lane over the weight", []one{{0, 100, 60}, {0, 100, 41}}, false},
		{"two lanes, half each", []one{{0, 500 - framing, 50}, {1, 500 - framing, 50}}, true},
		{"two lanes, one a byte over half", []one{{0, 500 - framing + 1, 1}, {1, 100, 1}}, false},
		{"two lanes, one over half of the weight", []one{{0, 100, 51}, {1, 100, 1}}, false},
		{"two lanes, the second over half", []one{{0, 100, 1}, {1, 100, 30}, {1, 100, 30}}, false},
		{"three lanes over all", []one{{0, 400, 1}, {1, 400, 1}, {2, 400, 1}}, false},
		{"three lanes over all of the weight", []one{{0, 100, 40}, {1, 100, 40}, {2, 100, 40}}, false},
		{"framing counts", []one{{0, 500, 1}, {1, 100, 1}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var entries []*pool.Entry
			for i, o := range tc.in {
				entries = append(entries, entry(o.lane, i, o.size, o.weight))
			}
			if err := pool.CheckLanes(entries, room); (err == nil) != tc.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestProposeUsesTheRoom(t *testing.T) {
	for _, tc := range []struct {
		name  string
		lanes int
		room  pool.Room
		want  int
	}{
		{"alone by bytes", 1, pool.Room{Bytes: 10 * (100 + framing), Weight: 1_000}, 10},
		{"alone by weight", 1, pool.Room{Bytes: 1 << 20, Weight: 7}, 7},
		{"two by bytes", 2, pool.Room{Bytes: 10 * (100 + framing), Weight: 1_000}, 10},
		{"three by weight", 3, pool.Room{Bytes: 1 << 20, Weight: 9}, 9},
		{"nothing fits", 2, pool.Room{Bytes: 100, Weight: 9}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pool.New(pool.DefaultLimits)
			for n := range 20 {
				for lane := range tc.lanes {
					mustAdd(t, p, entry(lane, n, 100, 1))
				}
			}
			out := p.Propose(tc.room, anyone)
			if len(out) != tc.want {
				t.Errorf("%d picked, want %d", len(out), tc.want)
			}
			if err := pool.CheckLanes(out, tc.room); err != nil {
				t.Error(err)
			}
		})
	}
}
