package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// followWait is how long one call of the gate's long poll waits for a block.
const followWait = 10 * time.Second

// final is a transaction in a block, as a client that follows the events sees it.
type final struct {
	hash      id.ID
	height    int64
	timeUnixS int64
	code      uint32
	events    []*kernelv1.Event
	seen      time.Time
}

// follower reads the events of all blocks, without gaps, and tells those who wait for a transaction.
type follower struct {
	session *session
	timeS   atomic.Int64 // of the newest block
	height  atomic.Int64
	blocks  atomic.Int64

	mu      sync.Mutex
	waiting map[id.ID]func(final)
}

func newFollower(s *session) *follower {
	return &follower{session: s, waiting: map[id.ID]func(final){}}
}

// run follows until the context ends, or a call fails.
func (f *follower) run(ctx context.Context) error {
	for next := int64(1); ; {
		r, err := f.session.gate.Events(ctx, connect.NewRequest(&gatev1.EventsRequest{FromHeight: next, WaitMs: uint32(followWait.Milliseconds())}))
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return errors.Join(errors.New("the events cannot be followed"), err)
		}
		seen := time.Now()
		for _, b := range r.Msg.Blocks {
			f.block(b, seen)
		}
		next = r.Msg.NextHeight
	}
}

func (f *follower) block(b *gatev1.BlockEvents, seen time.Time) {
	f.timeS.Store(b.TimeUnixS)
	f.height.Store(b.Height)
	if len(b.Transactions) > 0 {
		f.blocks.Add(1)
	}
	for _, tx := range b.Transactions {
		hash, _ := id.Of(tx.Hash)
		if done := f.take(hash); done != nil {
			done(final{hash: hash, height: b.Height, timeUnixS: b.TimeUnixS, code: tx.Code, events: tx.Events, seen: seen})
		}
	}
}

// expect has done called, once, when the transaction is in a block.
func (f *follower) expect(hash id.ID, done func(final)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting[hash] = done
}

func (f *follower) take(hash id.ID) func(final) {
	f.mu.Lock()
	defer f.mu.Unlock()
	done := f.waiting[hash]
	delete(f.waiting, hash)
	return done
}

// message finds the nth event of a type; an error where a block has it not, for then chain and bench differ.
func message[E any](f final, n int) (E, error) {
	var none E
	for _, e := range f.events {
		m, err := e.Decode()
		if err != nil {
			return none, err
		}
		if found, ok := m.(E); ok {
			if n--; n < 0 {
				return found, nil
			}
		}
	}
	return none, errors.New("a transaction left no event of the kind that it must: the bench is older than the chain")
}
