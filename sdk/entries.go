package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// Bounds of walking an account's chain of entries back.
const (
	entryPage  = 200       // the gate's bound
	maxEntries = 1_000_000 // of one History
)

// Entry is what one transaction, or a block's own work (no Transaction), did to the account: how its totals changed, and
// the events that name it.
type Entry struct {
	*kernelv1.Entry
	Events []*kernelv1.Event
}

// History is what happened to the account up to now, proven: every entry is hashed by the one after it, and the last by
// the account's totals, so that none can be left out, doubled, changed or moved.
type History struct {
	Verified
	// Totals are the account's, at Verified's height.
	Totals *kernelv1.Totals
	// Deposits are its claims on banks at the same height, complete.
	Deposits []*depositv1.Balance
	// Entries are in order, the newest last: those that until let pass.
	Entries []*Entry
	// Whole: the first of Entries is the account's first.
	Whole bool
}

// History walks the account's entries back from its proven totals until the function says so of one, which is then left
// out; nil walks to the first. What was walked before comes from Config.Dir, hashed again.
// The endpoints are asked in turn: one that fails, lies or has no more is passed over. Where none is left, the error says
// why of each: ErrProof and ErrAnswer name the entry at which a node's word does not fit, ErrHistoryMissing that it has not one.
func (c *Client) History(ctx context.Context, until func(*kernelv1.Entry) bool) (out History, err error) {
	h := newHints()
	err = again(ctx, func() error {
		deposits, err := completeOnce(ctx, c, depositKind, h)
		if err != nil {
			return err
		}
		_, raws, err := c.readAt(ctx, deposits.Height, [][]byte{kernelv1.TotalsKey(c.account)})
		if err != nil {
			return err
		}
		out = History{Verified: deposits.Verified, Deposits: deposits.Records, Totals: &kernelv1.Totals{}}
		if raws[0] == nil {
			return nil
		}
		return kernelv1.Unframe(raws[0], out.Totals)
	})
	if err != nil {
		return out, err
	}
	return out, c.walkEntries(ctx, &out, until)
}

// walkEntries keeps what it has checked, however it ends: a walk that is begun anew goes on from there.
func (c *Client) walkEntries(ctx context.Context, h *History, until func(*kernelv1.Entry) bool) (err error) {
	w := &entryWalk{c: c, cache: c.entryCache(), nodes: slices.Clone(c.nodes)}
	defer func() { err = errors.Join(err, w.cache.keep(w.fresh)) }()
	head := h.Totals.EntriesHead
	for number := h.Totals.Entries; number > 0; number-- {
		if len(h.Entries) == maxEntries {
			return fmt.Errorf("%w: over %d entries; ask for a later period", ErrIncomplete, maxEntries)
		}
		e, err := w.next(ctx, head, number)
		if err != nil {
			return err
		}
		if until != nil && until(e.Entry) {
			break
		}
		h.Entries, head, h.Whole = append(h.Entries, e), e.Prev, number == 1
	}
	h.Whole = h.Whole || h.Totals.Entries == 0
	slices.Reverse(h.Entries)
	return nil
}

// entryWalk hands out entries by their hashes: from this machine where it has them, else from a node, a page at a time.
type entryWalk struct {
	c     *Client
	cache *entryCache
	nodes []*node // those that are asked; one that fails, has no more or lies is asked no more
	fails []error // of the others
	page  []*gatev1.AccountEntry
	fresh []*gatev1.AccountEntry // what a node gave, checked
}

func (w *entryWalk) next(ctx context.Context, head []byte, number uint64) (*Entry, error) {
	if len(w.page) == 0 {
		if one := w.cache.find(head); one != nil {
			if e, err := readEntry(w.c.account, head, number, one); err == nil {
				return e, nil
			}
		}
	}
	for {
		if len(w.page) == 0 {
			if err := w.fetch(ctx, head, number); err != nil {
				return nil, err
			}
		}
		one := w.page[0]
		e, err := readEntry(w.c.account, head, number, one)
		if err != nil {
			w.leave(err)
			continue
		}
		if w.page = w.page[1:]; w.cache.find(head) == nil {
			w.fresh = append(w.fresh, one)
		}
		return e, nil
	}
}

// leave asks the first of the nodes no more, and drops what it gave.
func (w *entryWalk) leave(why error) {
	w.nodes, w.page, w.fails = w.nodes[1:], nil, append(w.fails, why)
}

// fetch asks the endpoints in turn: one that joined late has not all, one may be down.
func (w *entryWalk) fetch(ctx context.Context, head []byte, number uint64) error {
	for len(w.nodes) > 0 {
		var answer *connect.Response[gatev1.EntriesResponse]
		err := again(ctx, func() (err error) {
			answer, err = w.nodes[0].gate.Entries(ctx, connect.NewRequest(&gatev1.EntriesRequest{Account: w.c.account.Bytes(), Head: head, Limit: entryPage}))
			return err
		})
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case connect.CodeOf(err) == connect.CodeFailedPrecondition:
			err = fmt.Errorf("%w: entry %d of account %s", ErrHistoryMissing, number, w.c.account.Short())
		case err == nil && (len(answer.Msg.Entries) == 0 || len(answer.Msg.Entries) > entryPage):
			err = fmt.Errorf("%w: %d entries where 1 to %d were asked for", ErrAnswer, len(answer.Msg.Entries), entryPage)
		}
		if err == nil {
			w.page = answer.Msg.Entries
			return nil
		}
		w.leave(err)
	}
	return errors.Join(w.fails...)
}

// readEntry checks one entry against the hash that names it, its number and account, and its events against it.
func readEntry(account id.ID, head []byte, number uint64, one *gatev1.AccountEntry) (*Entry, error) {
	e := &Entry{Entry: &kernelv1.Entry{}, Events: one.GetEvents()}
	if want, ok := id.Of(head); !ok || kernelv1.EntryHash(one.GetEntry()) != want {
		return nil, fmt.Errorf("%w: that entry number %d of the account is this one", ErrProof, number)
	}
	if err := proto.Unmarshal(one.Entry, e.Entry); err != nil {
		return nil, fmt.Errorf("%w: entry number %d: %w", ErrProof, number, err)
	}
	var digests []id.ID
	for _, event := range e.Events {
		digests = append(digests, kernelv1.EventDigest(event))
	}
	var events []byte
	if len(digests) > 0 {
		events = kernelv1.EventsHash(digests).Bytes()
	}
	switch {
	case e.Number != number || !bytes.Equal(e.Account, account[:]):
		return nil, fmt.Errorf("%w: entry number %d calls itself %d of %x", ErrProof, number, e.Number, e.Account)
	case !bytes.Equal(e.Entry.Events, events):
		return nil, fmt.Errorf("%w: the events of entry number %d, block %d", ErrProof, number, e.Height)
	}
	return e, nil
}
