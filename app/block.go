package app

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
)

// errTryAgain says that a node could not judge now; its code tells clients to send again.
var errTryAgain = errors.New("this node cannot judge transactions now; send it again in a moment")

// judge is the whole admission of one transaction against the head: form, state, permission.
func (a *App) judge(raw []byte) (e *pool.Entry, err error) {
	defer func() {
		if r := recover(); r != nil {
			failed, ok := r.(readFailed)
			if !ok {
				panic(r)
			}
			a.o.Log.Warn("a judgement was cut short", "err", failed.err)
			err = errTryAgain
		}
	}()
	tx, err := a.machine.Parse(raw)
	if err != nil {
		return nil, err
	}
	h := a.head.Load()
	if h.ctx == nil {
		return nil, errTryAgain
	}
	if err := a.judgeState(h.ctx, tx); err != nil {
		return nil, a.known(err, tx.Hash)
	}
	if err := a.machine.Permit(h.ctx, tx); err != nil {
		return nil, err
	}
	return a.entry(h.ctx, raw, tx)
}

func (a *App) judgeState(c *kernel.Ctx, tx *kernel.Tx) error {
	a.idsMu.RLock()
	defer a.idsMu.RUnlock()
	return a.machine.Judge(c, tx, a.ids, a.signatures.Verify)
}

func (a *App) entry(c *kernel.Ctx, raw []byte, tx *kernel.Tx) (*pool.Entry, error) {
	lane, err := a.machine.LaneOf(c, tx)
	e := &pool.Entry{Raw: raw, Tx: tx, Lane: lane}
	if err == nil && !e.Fits(blockRoom(MaxBlockBytes)) {
		return nil, kernel.ErrTooHeavy.With("weight %d of %d, %d bytes", tx.Weight, int64(pool.MaxWeight), len(raw))
	}
	return e, err
}

// known tells a copy of an included transaction from another body under its id.
func (a *App) known(err error, hash id.ID) error {
	if !errors.Is(err, kernel.ErrIDReused) {
		return err
	}
	side := a.store.Side()
	defer side.Release()
	tx, place, found := index.Outcome(side, hash)
	switch {
	case found != nil || tx == nil:
		return err
	case tx.Code == 0:
		return kernel.ErrIncluded.With("in block %d, with effect", place.Height)
	default:
		return kernel.ErrIncluded.With("in block %d, refused with code %d (%s)", place.Height, tx.Code, nameOf(tx.Code))
	}
}

func nameOf(code uint32) string {
	if c := errs.ByNumber(code); c != nil {
		return c.Name
	}
	return "unknown"
}

// Accept takes a transaction into the pool, or says why not; TryAgain tells which refusals are of the moment.
func (a *App) Accept(raw []byte) (hash id.ID, err error) {
	defer a.failOnFatal(&err)
	if e := a.pool.Find(raw); e != nil {
		a.pool.Again(e)
		return e.Tx.Hash, nil
	}
	e, err := a.judge(raw)
	if err != nil {
		a.metrics.refused.Inc()
		return id.ID{}, err
	}
	return e.Tx.Hash, a.pool.Add(e)
}

// failOnFatal hands unreadable state to the watchdog: the engine and the gate would only log such a panic.
func (a *App) failOnFatal(err *error) {
	if p := recover(); p != nil {
		if !a.FailIfFatal(p) {
			panic(p)
		}
		*err = errTryAgain
	}
}

// FailIfFatal tells the watchdog where a recovered panic means broken or unreadable state.
func (a *App) FailIfFatal(p any) bool {
	switch p := p.(type) {
	case kernel.Fatal:
		a.o.Fail(p.Error())
	case *store.Unreadable:
		a.o.Fail(p.Error())
	default:
		return false
	}
	return true
}

// propose picks the transactions of a block. An idle chain's proposer waits a little for one to come, but not when
// the last block carried some: its results can be proven only by the next header.
func (a *App) propose(height int64, at time.Time, maxBytes int64) [][]byte {
	h := a.head.Load()
	if h.ctx == nil {
		return nil
	}
	if !a.busy && a.pool.Len() == 0 {
		a.waitForOne()
	}
	c := h.ctx.At(kernel.Info{Height: height, TimeUnixS: at.Unix()})
	picked := a.pool.Propose(blockRoom(min(maxBytes, MaxBlockBytes)), func(e *pool.Entry) bool {
		return a.judgeState(c, e.Tx) == nil
	})
	out := make([][]byte, len(picked))
	for i, e := range picked {
		out[i] = e.Raw
	}
	return out
}

func blockRoom(bytes int64) pool.Room { return pool.Room{Bytes: bytes, Weight: pool.MaxWeight} }

func (a *App) waitForOne() {
	t := time.NewTimer(a.o.IdleWait)
	defer t.Stop()
	select {
	case <-a.pool.Arrived():
	case <-t.C:
	case <-a.closed:
	}
}

// checkProposal judges a proposed block by its content and the state before it alone.
func (a *App) checkProposal(height int64, at time.Time, raws [][]byte, maxBytes int64) error {
	h := a.head.Load()
	if h.ctx == nil {
		if len(raws) > 0 {
			return errors.New("the first block carries no transactions")
		}
		return nil
	}
	c := h.ctx.At(kernel.Info{Height: height, TimeUnixS: at.Unix()})
	entries, err := a.entries(raws)
	if err != nil {
		return err
	}
	seen := map[kernel.ReplayKey]struct{}{}
	for i, e := range entries {
		if _, twice := seen[e.Tx.ReplayKey()]; twice {
			return fmt.Errorf("transaction %d repeats an id", i)
		}
		seen[e.Tx.ReplayKey()] = struct{}{}
		if err := a.judgeState(c, e.Tx); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
		if e.Lane, err = a.machine.LaneOf(c, e.Tx); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return pool.CheckLanes(entries, blockRoom(maxBytes))
}

// entries finds parsed transactions in the pool, or parses them.
func (a *App) entries(raws [][]byte) ([]*pool.Entry, error) {
	out := make([]*pool.Entry, len(raws))
	for i, raw := range raws {
		if e := a.pool.Find(raw); e != nil {
			out[i] = &pool.Entry{Raw: raw, Tx: e.Tx}
			continue
		}
		tx, err := a.machine.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
		out[i] = &pool.Entry{Raw: raw, Tx: tx}
	}
	return out, nil
}

// block is one that was executed and waits for its commit.
type block struct {
	info    kernel.Info
	ids     []kernel.ReplayKey
	outcome *kernel.Outcome
}

// execute runs a decided block and stages what it changes.
func (a *App) execute(info kernel.Info, raws [][]byte) ([]kernel.Result, *kernel.Outcome, []byte, error) {
	entries, err := a.entries(raws)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("a decided block has a transaction without form: %w", err)
	}
	state := kernel.NewOverlay(a.store)
	if info.Height == 1 && a.first != nil {
		state = a.first
	}
	run := a.machine.Begin(state, info, a.ids)
	results := make([]kernel.Result, len(entries))
	for i, e := range entries {
		results[i] = run.Deliver(e.Tx)
	}
	outcome := run.End()
	side, err := a.index.Changes(index.Block{Height: info.Height, TimeUnixS: info.TimeUnixS, Results: results, Outcome: outcome, Before: a.store})
	if err != nil {
		return nil, nil, nil, err
	}
	root, err := a.store.Stage(info.Height, info.TimeUnixS, stateChanges(outcome.Changes), sideChanges(side))
	a.block = &block{info: info, outcome: outcome}
	for _, e := range entries {
		a.block.ids = append(a.block.ids, e.Tx.ReplayKey())
	}
	return results, outcome, root, err
}

func stateChanges(in []kernel.Change) []store.Change {
	out := make([]store.Change, len(in))
	for i, c := range in {
		out[i] = store.Change(c)
	}
	return out
}

func sideChanges(in []index.Change) []store.Change {
	out := make([]store.Change, len(in))
	for i, c := range in {
		out[i] = store.Change(c)
	}
	return out
}

// commit makes the executed block durable, then lets readers and the pool see it.
func (a *App) commit() error {
	b := a.block
	if b == nil {
		return errors.New("there is no executed block to commit")
	}
	if err := a.store.Commit(); err != nil {
		return err
	}
	a.idsMu.Lock()
	a.ids.Apply(b.outcome.IDs)
	a.idsMu.Unlock()
	a.block, a.first, a.busy = nil, nil, len(b.ids) > 0
	if err := a.moveHead(b.info.TimeUnixS); err != nil {
		return err
	}
	a.pool.Forget(b.ids, b.info.TimeUnixS)
	a.metrics.committed(len(b.ids))
	if a.o.CheckInvariants {
		return a.CheckInvariants()
	}
	return nil
}

// CheckInvariants runs every invariant over committed state; all violations are in the error.
func (a *App) CheckInvariants() error {
	c := a.machine.View(a.store, kernel.Info{Height: a.store.Height(), TimeUnixS: a.head.Load().time})
	if bad := a.machine.CheckInvariants(c); len(bad) > 0 {
		return fmt.Errorf("broken at height %d: %s", a.store.Height(), strings.Join(bad, "; "))
	}
	return nil
}
