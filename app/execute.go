package app

import (
	"errors"
	"fmt"
	"strings"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel"
)

// entries finds parsed transactions in the pool, or parses them.
func (a *App) entries(raws [][]byte) ([]*pool.Entry, error) {
	out := make([]*pool.Entry, len(raws))
	for i, raw := range raws {
		if e := a.pool.Find(raw); e != nil {
			out[i] = e
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
	weight  int64
	outcome *kernel.Outcome
}

// execute runs a decided block and stages what it changes.
func (a *App) execute(info kernel.Info, raws [][]byte) ([]kernel.Result, *kernel.Outcome, []byte, error) {
	if err := a.leftBehind(); err != nil {
		return nil, nil, nil, err
	}
	defer a.pace.run()()
	entries, err := a.entries(raws)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("a decided block has a transaction without form: %w", err)
	}
	state := kernel.NewOverlay(a.store)
	if info.Height == 1 && a.first != nil {
		state = a.first
	}
	a.report(info)
	run := a.machine.Begin(state, info, a.ids)
	results := make([]kernel.Result, len(entries))
	for i, e := range entries {
		results[i] = run.Deliver(e.Tx)
	}
	outcome := run.End()
	side, err := a.index.Changes(index.Block{Height: info.Height, TimeUnixS: info.TimeUnixS, Results: results, Outcome: outcome, Before: run.Before})
	if err != nil {
		return nil, nil, nil, err
	}
	root, err := a.store.Stage(info.Height, info.TimeUnixS, stateChanges(outcome.Changes), sideChanges(side))
	a.block = &block{info: info, outcome: outcome}
	for _, e := range entries {
		a.block.ids, a.block.weight = append(a.block.ids, e.Tx.ReplayKey()), a.block.weight+e.Tx.Weight
	}
	return results, outcome, root, err
}

// report tells the operator of validators that broke the engine's rules.
func (a *App) report(info kernel.Info) {
	for _, e := range info.Misbehaviour {
		a.metrics.accused.Inc()
		a.o.Log.Error("a validator broke the rules", "offence", e.Offence, "validator", fmt.Sprintf("%X", e.Address), "at", e.Height)
	}
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
	stop := a.pace.run()
	if err := a.store.Commit(); err != nil {
		return err
	}
	stop()
	a.pace.done(b.weight)
	a.idsMu.Lock()
	a.ids.Apply(b.outcome.IDs)
	a.idsMu.Unlock()
	a.block, a.first, a.busy = nil, nil, len(b.ids) > 0
	if err := a.moveHead(b.info.TimeUnixS); err != nil {
		return err
	}
	a.pool.Forget(b.ids, b.info.TimeUnixS)
	a.metrics.committed(len(b.ids))
	if u := a.UpgradeNeeded(); u != nil && a.o.Upgrade != nil {
		a.o.Upgrade(u)
	}
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
