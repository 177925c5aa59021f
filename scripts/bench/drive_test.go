package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
)

// chain is a node that takes everything and puts it into a block a moment later.
type chain struct {
	follow *follower
	answer func(raw string) *gatev1.Submitted // nil: taken
	code   uint32                             // of every transaction in its block

	mu    sync.Mutex
	taken []string
}

func (c *chain) submit(_ context.Context, _ int, raws [][]byte) ([]*gatev1.Submitted, error) {
	block, out := &gatev1.BlockEvents{Height: 1}, []*gatev1.Submitted{}
	for _, raw := range raws {
		a := &gatev1.Submitted{}
		if c.answer != nil {
			c.mu.Lock()
			a = c.answer(string(raw))
			c.mu.Unlock()
		}
		if out = append(out, a); a.Code == 0 {
			c.mu.Lock()
			c.taken = append(c.taken, string(raw))
			c.mu.Unlock()
			block.Transactions = append(block.Transactions, &gatev1.TxEvents{Hash: id.Hash("raw", raw).Bytes(), Code: c.code})
		}
	}
	time.AfterFunc(5*time.Millisecond, func() { c.follow.block(block, time.Now()) })
	return out, nil
}

func orderOf(name string, done func(final) error) *order {
	return &order{raw: []byte(name), hash: id.Hash("raw", []byte(name)), done: done}
}

func driverOn(c *chain) *driver {
	c.follow = newFollower(nil)
	return &driver{follow: c.follow, submit: c.submit}
}

// TestDriverDeliversAll: each order is handed in and final once, with no more on the way than allowed.
func TestDriverDeliversAll(t *testing.T) {
	c := &chain{}
	d := driverOn(c)
	var mu sync.Mutex
	away, most, finals := 0, 0, 0
	err := d.run(t.Context(), pace{most: 7}, listed(numbers(200), func(i int) (*order, error) {
		mu.Lock()
		defer mu.Unlock()
		away++
		most = max(most, away)
		return orderOf(fmt.Sprint(i), func(f final) error {
			mu.Lock()
			defer mu.Unlock()
			away--
			finals++
			if f.height != 1 || f.seen.IsZero() {
				return errors.New("a final without its block")
			}
			return nil
		}), nil
	}))
	if err != nil || finals != 200 || len(c.taken) != 200 || away != 0 || most > 7 {
		t.Errorf("%v: %d final, %d taken, %d away, at most %d", err, finals, len(c.taken), away, most)
	}
}

// TestDriverSendsAgain: what a node has no room for now is sent again, and nothing twice.
func TestDriverSendsAgain(t *testing.T) {
	asked := map[string]int{}
	c := &chain{answer: func(raw string) *gatev1.Submitted {
		if asked[raw]++; asked[raw] < 3 {
			return &gatev1.Submitted{Code: abci.CodeTypeRetry}
		}
		return &gatev1.Submitted{}
	}}
	d := driverOn(c)
	finals := 0
	err := d.run(t.Context(), pace{most: 10}, listed(numbers(20), func(i int) (*order, error) {
		return orderOf(fmt.Sprint(i), func(final) error { finals++; return nil }), nil
	}))
	if err != nil || finals != 20 || len(c.taken) != 20 {
		t.Errorf("%v: %d final, %d taken", err, finals, len(c.taken))
	}
}

func TestDriverFails(t *testing.T) {
	good := func(final) error { return nil }
	for name, c := range map[string]struct {
		chain *chain
		done  func(final) error
		build error
		want  string
	}{
		"refused by the node": {&chain{answer: func(string) *gatev1.Submitted { return &gatev1.Submitted{Code: 7, Log: "no such part"} }}, good, nil, "no such part"},
		"failed in its block": {&chain{code: 999_999}, good, nil, "code 999999"},
		"not as the model":    {&chain{}, func(final) error { return errors.New("the model differs") }, nil, "the model differs"},
		"cannot be signed":    {&chain{}, good, errors.New("no key"), "no key"},
	} {
		t.Run(name, func(t *testing.T) {
			err := driverOn(c.chain).run(t.Context(), pace{most: 5}, listed(numbers(50), func(i int) (*order, error) {
				if c.build != nil {
					return nil, c.build
				}
				return orderOf(fmt.Sprint(i), c.done), nil
			}))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestDriverKeepsItsRate: orders go at their times whatever comes back, and their due times are those of the rate.
func TestDriverKeepsItsRate(t *testing.T) {
	d := driverOn(&chain{})
	var mu sync.Mutex
	var dues []time.Time
	began, n := time.Now(), 0
	err := d.run(t.Context(), pace{rate: 200, stop: began.Add(300 * time.Millisecond)}, func(due time.Time) (*order, bool, error) {
		mu.Lock()
		defer mu.Unlock()
		dues, n = append(dues, due), n+1
		return orderOf(fmt.Sprint(n), func(final) error { return nil }), true, nil
	})
	if err != nil || len(dues) < 55 || len(dues) > 61 {
		t.Fatalf("%v: %d orders in 0.3 s at 200 a second", err, len(dues))
	}
	first, last := dues[0], dues[0]
	for _, due := range dues {
		if due.Before(first) {
			first = due
		}
		if due.After(last) {
			last = due
		}
	}
	if want := time.Duration(len(dues)-1) * 5 * time.Millisecond; last.Sub(first) != want {
		t.Errorf("due over %v, want %v", last.Sub(first), want)
	}
}

// TestDriverStops: at its time, when the supply ends, and when it is told to.
func TestDriverStops(t *testing.T) {
	starved := func(time.Time) (*order, bool, error) { return nil, true, nil }
	if err := driverOn(&chain{}).run(t.Context(), pace{most: 5, stop: time.Now().Add(50 * time.Millisecond)}, starved); err != nil {
		t.Error("at its time:", err)
	}
	if err := driverOn(&chain{}).run(t.Context(), pace{most: 5}, func(time.Time) (*order, bool, error) { return nil, false, nil }); err != nil {
		t.Error("without supply:", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(30*time.Millisecond, func() { cancel(errors.New("a node died")) })
	if err := driverOn(&chain{}).run(ctx, pace{most: 5}, starved); err == nil || err.Error() != "a node died" {
		t.Error("told to:", err)
	}
}
