package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/index/indexv1"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// Errors of readers.
var (
	ErrPruned = store.ErrPruned // the height's proofs are gone: start again at a newer one
	ErrFuture = store.ErrFuture // the node has not that height yet
	ErrNoList = errors.New("there is no such list")
)

// Status is where a node stands.
type Status struct {
	Height      int64
	TimeUnixS   int64
	ClockShiftS int64
	Development bool
}

// Status tells the last committed block and the business clock.
func (a *App) Status() Status {
	h := a.head.Load()
	s := Status{Height: h.height, TimeUnixS: h.time}
	if h.ctx != nil {
		s.ClockShiftS, s.Development = h.ctx.Now()-h.ctx.BlockTime(), h.ctx.Development()
	}
	return s
}

// Record is a state record with the proof of its presence or absence.
type Record struct {
	Present bool
	Value   []byte
	Proof   []byte
	MayRead bool
}

// ReadAt reads state keys at one height for a reader; height 0 is the newest that can be proven. A record that
// the reader has no right to is not shown, and neither is whether it is there.
func (a *App) ReadAt(r Reader, height int64, keys [][]byte) (int64, []Record, error) {
	if height != 0 {
		return a.readAt(r, height, keys)
	}
	for range attempts {
		height, out, err := a.readAt(r, a.provable(), keys)
		if !errors.Is(err, ErrPruned) {
			return height, out, err
		}
	}
	return 0, nil, ErrPruned
}

func (a *App) readAt(r Reader, height int64, keys [][]byte) (int64, []Record, error) {
	view, err := a.store.At(height)
	if err != nil {
		return 0, nil, err
	}
	out := make([]Record, len(keys))
	for i, k := range keys {
		if out[i], err = a.record(r, view, k); err != nil {
			return 0, nil, err
		}
	}
	return height, out, nil
}

// provable is the newest height whose root stands in a header already: the one before the head.
func (a *App) provable() int64 { return max(a.head.Load().height-1, 1) }

func (a *App) record(r Reader, view *store.View, stateKey []byte) (Record, error) {
	v, ok, err := view.Get(stateKey)
	if err != nil {
		return Record{}, err
	}
	if may, err := a.mayRead(r, stateKey, v, ok); err != nil || !may {
		return Record{}, err
	}
	proof, err := view.Proof(stateKey)
	return Record{Present: ok, Value: v, Proof: proof, MayRead: true}, err
}

// Reader is who asks: an account as the head knows it. The zero Reader has no session and reads what is public.
type Reader struct {
	Account   id.ID
	Member    id.ID
	Regulator bool
}

// ReaderOf finds the reader behind an account; an account that may not act may still read what is its own.
func (a *App) ReaderOf(account id.ID) (Reader, error) {
	s, err := a.standing(account)
	return Reader{Account: account, Member: s.Member, Regulator: s.Active && s.Roles.Has(RegulatorRole)}, err
}

// standing asks the newest state; where that moves on beneath the reading, the one after it.
func (a *App) standing(account id.ID) (s kernel.Standing, err error) {
	for range attempts {
		if s, err = a.standingNow(account); !errors.Is(err, errTryAgain) {
			break
		}
	}
	return s, err
}

func (a *App) standingNow(account id.ID) (s kernel.Standing, err error) {
	defer a.cutShort(&err)
	h := a.head.Load()
	if h.ctx == nil {
		return s, errTryAgain
	}
	return h.ctx.Standing(account)
}

// HoldsKey tells whether a key signs for an account today, or views for it.
func (a *App) HoldsKey(account id.ID, pub key.Public) (signs, views bool) {
	s, err := a.standing(account)
	if err != nil {
		return false, false
	}
	return slices.ContainsFunc(s.Keys, pub.Equal), slices.ContainsFunc(s.Viewers, pub.Equal)
}

// mayRead asks the chain. Where keys are made of public ids, presence and absence alike are told only to whom the key
// names; where they are hashes, only who knows the thing can ask, and may be told that it is not there.
func (a *App) mayRead(r Reader, stateKey, value []byte, present bool) (bool, error) {
	col := a.machine.CollectionOf(stateKey)
	if col == nil {
		return false, nil
	}
	if col.Owners != nil && a.inAudience(r, kernel.Audience{Parties: col.Owners(stateKey[len(col.Prefix):])}) {
		return true, nil
	}
	if !present {
		return col.Owners == nil, nil
	}
	m := col.New()
	if err := kernelv1.Unframe(value, m); err != nil {
		return false, err
	}
	return a.inAudience(r, col.Readers(m)), nil
}

// ids reads ids from records.
func ids(in [][]byte) []id.ID {
	out := make([]id.ID, 0, len(in))
	for _, b := range in {
		if one, ok := id.Of(b); ok {
			out = append(out, one)
		}
	}
	return out
}

func (a *App) inAudience(r Reader, who kernel.Audience) bool {
	if who.Public || r.Regulator {
		return true
	}
	for _, m := range who.Members {
		if !r.Member.IsZero() && m == r.Member {
			return true
		}
	}
	for _, p := range who.Parties {
		if a.isOf(r, p) {
			return true
		}
	}
	return false
}

// isOf tells whether an account, or a member, is the reader's own or a regulator asks.
func (a *App) isOf(r Reader, subject id.ID) bool {
	if r.Regulator {
		return true
	}
	if r.Member.IsZero() {
		return false
	}
	if subject == r.Account || subject == r.Member {
		return true
	}
	s, err := a.standing(subject)
	return err == nil && s.Member == r.Member
}

// List reads a page of a list: state keys at the index's height, which is the head's. The subject is an account or
// member of the reader's, or the list is public.
func (a *App) List(r Reader, name string, subject id.ID, after []byte, limit int) (height int64, keys [][]byte, more bool, err error) {
	list := a.listOf(name)
	if list == nil {
		return 0, nil, false, fmt.Errorf("%w: %q", ErrNoList, name)
	}
	if !list.Public && !a.isOf(r, subject) {
		return 0, nil, false, kernel.ErrNotPermitted.With("list %s of %s", name, subject)
	}
	side := a.store.Side()
	defer side.Release()
	keys, more, err = index.List(side, name, subject, after, limit)
	return side.Height(), keys, more, err
}

func (a *App) listOf(name string) *kernel.List {
	for _, c := range a.machine.Collections() {
		for i := range c.Lists {
			if c.Lists[i].Name == name {
				return &c.Lists[i]
			}
		}
	}
	return nil
}

// Outcome is what became of a transaction, with the events that the reader may see.
type Outcome struct {
	Height int64
	Number uint32
	Tx     *indexv1.Tx
}

// OutcomeOf finds a transaction; it waits until it is there or the context ends. Nil where it is not there.
func (a *App) OutcomeOf(ctx context.Context, r Reader, hash id.ID) (*Outcome, error) {
	for {
		h := a.head.Load()
		tx, place, err := a.findOutcome(hash)
		if err != nil {
			return nil, err
		}
		if tx != nil {
			tx.Events = a.Visible(r, tx.Events)
			if !a.inAudience(r, kernel.Audience{Parties: ids(tx.Accounts)}) {
				tx.Log = ""
			}
			return &Outcome{Height: place.Height, Number: place.Number, Tx: tx}, nil
		}
		if !a.wait(ctx, h) {
			return nil, a.outcomeBefore()
		}
	}
}

func (a *App) findOutcome(hash id.ID) (*indexv1.Tx, index.Place, error) {
	side := a.store.Side()
	defer side.Release()
	return index.Outcome(side, hash)
}

// wait returns true when a block came after h, false when the context or the node ended.
func (a *App) wait(ctx context.Context, h *head) bool {
	select {
	case <-h.next:
		return true
	case <-ctx.Done():
	case <-a.closed:
	}
	return false
}

// Visible keeps the events that a reader may see.
func (a *App) Visible(r Reader, events []*kernelv1.Event) []*kernelv1.Event {
	var out []*kernelv1.Event
	for _, e := range events {
		if a.maySee(r, e) {
			out = append(out, e)
		}
	}
	return out
}

func (a *App) maySee(r Reader, e *kernelv1.Event) bool {
	switch e.Visibility {
	case kernelv1.Visibility_VISIBILITY_UNSPECIFIED:
		return true
	case kernelv1.Visibility_VISIBILITY_PARTY:
		return a.inAudience(r, kernel.Audience{Parties: ids(e.Parties)})
	default:
		return r.Regulator
	}
}

// BlockOf reads what a block left, with the events that the reader may see; it waits for one that is not there yet.
func (a *App) BlockOf(ctx context.Context, r Reader, height int64) (*indexv1.Block, []*indexv1.Tx, error) {
	if height < a.HistoryFrom() {
		return nil, nil, a.noHistory(height)
	}
	for h := a.head.Load(); h.height < height; h = a.head.Load() {
		if !a.wait(ctx, h) {
			return nil, nil, nil
		}
	}
	side := a.store.Side()
	defer side.Release()
	b, txs, err := index.BlockAt(side, height)
	if err != nil || b == nil {
		return nil, nil, err
	}
	b.Events = a.Visible(r, b.Events)
	for _, tx := range txs {
		tx.Events = a.Visible(r, tx.Events)
	}
	return b, txs, nil
}

// AccountOf finds the account that a key signs for.
func (a *App) AccountOf(pub key.Public) (id.ID, bool) {
	h := a.head.Load()
	if h.ctx == nil {
		return id.ID{}, false
	}
	raw, ok := committed{h.view}.Get(membersv1.KeyUseKey(pub.ID()))
	use := &membersv1.KeyUse{}
	if !ok || kernelv1.Unframe(raw, use) != nil || use.Waits {
		return id.ID{}, false
	}
	return id.Of(use.Account)
}

// TryAgain tells whether an error is of the moment: the same bytes may be sent again.
func TryAgain(err error) bool {
	return errs.CodeOf(err) == nil || errors.Is(err, kernel.ErrLaneFull)
}
