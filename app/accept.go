package app

import (
	"errors"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
)

// errTryAgain says that a node could not judge now; its code tells clients to send again.
var errTryAgain = errors.New("this node cannot judge transactions now; send it again in a moment")

// attempts bounds how often a judgement or a reading begins again because the head moved on beneath it.
const attempts = 5

func (a *App) judgeAgain(raw []byte) (e *pool.Entry, err error) {
	for range attempts {
		if e, err = a.judge(raw); !errors.Is(err, errTryAgain) {
			break
		}
	}
	return e, err
}

// judge is the whole admission of one transaction against the head: form, state, permission.
func (a *App) judge(raw []byte) (e *pool.Entry, err error) {
	defer a.cutShort(&err)
	tx, err := a.machine.Parse(raw)
	if err != nil {
		return nil, err
	}
	h := a.head.Load()
	if h.ctx == nil {
		return nil, errTryAgain
	}
	c := h.ctx.At(kernel.Info{Height: h.height, TimeUnixS: h.time})
	if lane, err := a.machine.LaneOf(c, tx); err == nil {
		if err := a.pool.Room(lane, len(raw)); err != nil {
			return nil, err
		}
	}
	if err := a.judgeState(c, tx); err != nil {
		return nil, a.known(err, tx.Hash)
	}
	if err := a.machine.Permit(c, tx); err != nil {
		return nil, err
	}
	e, err = a.entry(c, raw, tx)
	if err == nil {
		e.Judged(h.height)
	}
	return e, err
}

// cutShort turns a reading whose state was given up beneath it into errTryAgain.
func (a *App) cutShort(err *error) {
	if r := recover(); r != nil {
		failed, ok := r.(readFailed)
		if !ok {
			panic(r)
		}
		a.o.Log.Warn("a reading was cut short", "err", failed.err)
		*err = errTryAgain
	}
}

// judgeAt judges a transaction for a block after a head. What was found good against the same state before has only
// its expiry left to judge.
func (a *App) judgeAt(c *kernel.Ctx, height int64, e *pool.Entry) error {
	if e.GoodAt(height) {
		return a.machine.Still(c, e.Tx)
	}
	err := a.judgeState(c, e.Tx)
	if err == nil {
		e.Judged(height)
	}
	return err
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
	e, err := a.judgeAgain(raw)
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
