package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// Bounds of sending.
const (
	senders     = 4 // connections' worth of batches on the way at once
	batchMost   = 64
	batchBytes  = 2 << 20
	retriesMost = 500
	retryStep   = 20 * time.Millisecond
	starvedStep = 2 * time.Millisecond
	openMost    = 50_000 // on the way at a fixed rate; reached only by a network that has fallen far behind
	drainWithin = 2 * time.Minute
)

// order is a signed transaction and what to do when it is final with effect.
type order struct {
	raw  []byte
	hash id.ID
	due  time.Time // when it was to be sent
	done func(final) error
}

// supply makes the next order. Nil and true: none can be made now. Nil and false: there will be no more.
type supply func(due time.Time) (o *order, more bool, err error)

// pace says how orders are sent.
type pace struct {
	rate float64   // orders a second, whatever comes back; 0: as many as most allows
	most int       // on the way at once
	stop time.Time // the zero time: when the supply ends
}

// driver sends orders and learns when they are final.
type driver struct {
	follow *follower
	submit func(ctx context.Context, sender int, raws [][]byte) ([]*gatev1.Submitted, error)
}

// drive is one run of a driver.
type drive struct {
	*driver
	pace   pace
	source supply
	way    *semaphore.Weighted // room for orders on the way
	ended  atomic.Bool
	fail   context.CancelCauseFunc
	again  atomic.Int64 // orders that a node asked to send again
}

// run sends until the pace or the supply ends, and returns when every order is final. One that is refused, or fails in
// its block, ends the run: the generator knows the state, so that nothing may fail.
func (d *driver) run(ctx context.Context, p pace, source supply) error {
	if p.rate > 0 {
		p.most = openMost
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	r := &drive{driver: d, pace: p, source: source, way: semaphore.NewWeighted(int64(p.most)), fail: fail}
	permits := make(chan time.Time, batchMost)
	g, in := errgroup.WithContext(ctx)
	g.Go(func() error { defer close(permits); return r.permit(in, permits) })
	for i := range senders {
		g.Go(func() error { return r.send(in, i, permits) })
	}
	err := g.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	return r.drain(ctx)
}

// drain waits until nothing is on the way.
func (r *drive) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, drainWithin, errors.New("transactions that the pool took are in no block after two minutes"))
	defer cancel()
	if r.way.Acquire(ctx, int64(r.pace.most)) != nil {
		return context.Cause(ctx)
	}
	return nil
}

// permit lets orders go: at their times, or as soon as there is room.
func (r *drive) permit(ctx context.Context, out chan<- time.Time) error {
	began := time.Now()
	for n := 0; !r.ended.Load(); n++ {
		due, err := r.next(ctx, began, n)
		if err != nil || !r.pace.stop.IsZero() && due.After(r.pace.stop) {
			return err
		}
		if err := r.way.Acquire(ctx, 1); err != nil {
			return context.Cause(ctx)
		}
		select {
		case out <- due:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// next is when order number n is due; it waits until then.
func (r *drive) next(ctx context.Context, began time.Time, n int) (time.Time, error) {
	if r.pace.rate == 0 {
		return time.Now(), nil
	}
	due := began.Add(time.Duration(float64(n) / r.pace.rate * float64(time.Second)))
	if wait := time.Until(due); wait > 0 {
		return due, pause(ctx, wait)
	}
	return due, nil
}

// send makes orders for permits and hands them in, as many together as are due.
func (r *drive) send(ctx context.Context, sender int, permits <-chan time.Time) error {
	for due := range permits {
		batch, size := make([]*order, 0, batchMost), 0
		for ok := true; ok; due, ok = another(permits, len(batch), size) {
			o, err := r.make(ctx, due)
			if err != nil {
				return err
			}
			if o != nil {
				batch, size = append(batch, o), size+len(o.raw)
			}
		}
		if err := r.handIn(ctx, sender, batch); err != nil {
			return err
		}
	}
	return nil
}

// another takes a permit that is there already, while the batch has room.
func another(permits <-chan time.Time, orders, size int) (time.Time, bool) {
	if orders >= batchMost || size >= batchBytes {
		return time.Time{}, false
	}
	select {
	case due, ok := <-permits:
		return due, ok
	default:
		return time.Time{}, false
	}
}

// make asks the supply; where it has nothing the permit's room is given back.
func (r *drive) make(ctx context.Context, due time.Time) (*order, error) {
	o, more, err := r.source(due)
	if o != nil || err != nil {
		return o, err
	}
	r.way.Release(1)
	if more {
		return nil, pause(ctx, starvedStep)
	}
	r.ended.Store(true)
	return nil, nil
}

// handIn submits a batch; what the node asks to send again is sent again.
func (r *drive) handIn(ctx context.Context, sender int, batch []*order) error {
	for _, o := range batch {
		r.follow.expect(o.hash, func(f final) { r.settle(o, f) })
	}
	for range retriesMost {
		if len(batch) == 0 {
			return nil
		}
		left, err := r.handInOnce(ctx, sender, batch)
		if err != nil {
			return err
		}
		if batch = left; len(left) > 0 {
			r.again.Add(int64(len(left)))
			if err := pause(ctx, retryStep); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("a node asked %d times to send %d transactions again", retriesMost, len(batch))
}

func (r *drive) handInOnce(ctx context.Context, sender int, batch []*order) (again []*order, err error) {
	raws := make([][]byte, len(batch))
	for i, o := range batch {
		raws[i] = o.raw
	}
	answers, err := r.submit(ctx, sender, raws)
	if err != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	for i, a := range answers {
		switch {
		case a.Code >= abci.CodeTypeRetry:
			again = append(again, batch[i])
		case a.Code != 0:
			return nil, fmt.Errorf("a node refuses a transaction: %s", a.Log)
		}
	}
	return again, nil
}

// settle ends an order that is in a block.
func (r *drive) settle(o *order, f final) {
	err := fmt.Errorf("a transaction failed in block %d with code %d (%s)", f.height, f.code, codeName(f.code))
	if f.code == 0 {
		err = o.done(f)
	}
	if err != nil {
		r.fail(err)
	}
	r.way.Release(1)
}

func codeName(code uint32) string {
	if c := errs.ByNumber(code); c != nil {
		return c.Name
	}
	return "unknown"
}

// listed supplies a list of orders, made when they are sent.
func listed[T any](all []T, build func(T) (*order, error)) supply {
	var mu sync.Mutex
	return func(due time.Time) (*order, bool, error) {
		mu.Lock()
		if len(all) == 0 {
			mu.Unlock()
			return nil, false, nil
		}
		one := all[0]
		all = all[1:]
		mu.Unlock()
		o, err := build(one)
		if o != nil {
			o.due = due
		}
		return o, true, err
	}
}
