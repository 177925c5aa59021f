package app

import (
	"errors"
	"fmt"
	"time"

	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/modules/kernel"
)

// propose picks the transactions of a block. An idle chain's proposer waits a little for one to come, but not when
// the last block carried some: its results can be proven only by the next header.
func (a *App) propose(height int64, at time.Time, maxBytes int64) [][]byte {
	h := a.head.Load()
	if h.ctx == nil {
		return nil
	}
	if a.leftBehind() != nil {
		return nil
	}
	if !a.busy && a.pool.Len() == 0 {
		a.waitForOne()
	}
	c := h.ctx.At(kernel.Info{Height: height, TimeUnixS: at.Unix()})
	room := blockRoom(min(maxBytes, MaxBlockBytes))
	room.Enough = a.pace.enough()
	picked := a.pool.Propose(room, func(e *pool.Entry) bool {
		return a.judgeAt(c, h.height, e) == nil
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
	if u := a.UpgradeNeeded(); u != nil {
		return u
	}
	c := h.ctx.At(kernel.Info{Height: height, TimeUnixS: at.Unix()})
	entries, err := a.entries(raws)
	if err != nil {
		return err
	}
	seen, judged := map[kernel.ReplayKey]struct{}{}, make([]*pool.Entry, len(entries))
	for i, e := range entries {
		if _, twice := seen[e.Tx.ReplayKey()]; twice {
			return fmt.Errorf("transaction %d repeats an id", i)
		}
		seen[e.Tx.ReplayKey()] = struct{}{}
		if err := a.judgeAt(c, h.height, e); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
		lane, err := a.machine.LaneOf(c, e.Tx)
		if err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
		judged[i] = &pool.Entry{Raw: e.Raw, Tx: e.Tx, Lane: lane}
	}
	return pool.CheckLanes(judged, blockRoom(maxBytes))
}
