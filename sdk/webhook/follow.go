package webhook

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
)

// Bounds of following.
const (
	quiet     = 20 * time.Second // the longest time without a look, whatever the node tells
	firstWait = time.Second      // after a node that could not be reached
	longWait  = time.Minute
	maxAhead  = 366 // days
)

// ErrPlace says that the kept place is not in the account's chain of entries: it is of another network, or the chain began anew.
var ErrPlace = errors.New("the kept place does not belong to this account's chain; begin anew with another file")

// Place is how far an account was told of: everything up to Entry, and the days up to DueDay.
type Place struct {
	Chain   string `json:"chain"`
	Account string `json:"account"`
	Entry   uint64 `json:"entry"`
	// Head is the hash of that entry.
	Head   string `json:"head"`
	DueDay int32  `json:"due_day"` // days since 1970-01-01
}

// Follower finds what is new since a place.
type Follower struct {
	client  *sdk.Client
	place   Place
	ahead   []int32
	offsetS int32
	now     int64 // the chain's, unix seconds, and the day of it, when it was last looked at
	today   int32
	seen    int64 // the height that was looked at last
}

// Follow goes on from a place; nil begins now. ahead says how many days before the due day it is told, 0 for the day.
func Follow(ctx context.Context, c *sdk.Client, at *Place, ahead []int32) (*Follower, error) {
	f := &Follower{client: c, ahead: ahead}
	for _, d := range ahead {
		if d < 0 || d > maxAhead {
			return nil, fmt.Errorf("%d days ahead: 0 to %d can be told", d, maxAhead)
		}
	}
	network := &kernelv1.Network{}
	v, _, err := c.Get(ctx, kernelv1.NetworkKey(), network)
	if err != nil {
		return nil, err
	}
	f.offsetS, f.seen = network.UtcOffsetS, v.Height
	if at != nil {
		f.place = *at
		if at.Chain != c.Chain() || at.Account != c.Account().String() {
			return nil, ErrPlace
		}
		return f, nil
	}
	h, err := c.History(ctx, func(*kernelv1.Entry) bool { return true })
	if err != nil {
		return nil, err
	}
	today, err := c.Today(ctx)
	f.place = Place{Chain: c.Chain(), Account: c.Account().String(), Entry: h.Totals.Entries, Head: hex.EncodeToString(h.Totals.EntriesHead), DueDay: today - 1}
	return f, err
}

// Batch is what one entry, or one day, made; Place is where to go on once it was told.
type Batch struct {
	Notices []Notice
	Place   Place
}

// Next is what is new, in order. The follower goes on from there: whoever tells, keeps each batch's place afterwards.
func (f *Follower) Next(ctx context.Context) (out []Batch, err error) {
	place := f.place
	h, err := f.client.History(ctx, func(e *kernelv1.Entry) bool { return e.Number <= place.Entry })
	if err != nil {
		return nil, err
	}
	f.seen = h.Height
	if h.Totals.Entries < place.Entry {
		return nil, fmt.Errorf("%w: entry %d, there are %d", ErrPlace, place.Entry, h.Totals.Entries)
	}
	if err := f.look(ctx); err != nil {
		return nil, err
	}
	for i, e := range h.Entries {
		if hex.EncodeToString(e.Prev) != place.Head {
			return nil, fmt.Errorf("%w: entry %d", ErrPlace, place.Entry)
		}
		place.Entry, place.Head = e.Number, hex.EncodeToString(h.Totals.EntriesHead)
		if i+1 < len(h.Entries) {
			place.Head = hex.EncodeToString(h.Entries[i+1].Prev)
		}
		out = append(out, Batch{f.noticesOf(e), place})
	}
	if len(h.Entries) == 0 && hex.EncodeToString(h.Totals.EntriesHead) != place.Head {
		return nil, fmt.Errorf("%w: entry %d", ErrPlace, place.Entry)
	}
	if err := f.late(ctx, out); err != nil {
		return nil, err
	}
	day, err := f.days(ctx, place)
	if err != nil {
		return nil, err
	}
	if day != nil {
		out = append(out, *day)
		place = day.Place
	}
	f.place = place
	return out, nil
}

// look takes the chain's time and day.
func (f *Follower) look(ctx context.Context) error {
	now, err := f.client.Now(ctx)
	f.now = now.Unix()
	f.today = kernelv1.DayOf(f.now, f.offsetS)
	return err
}

// days tells what falls due, once a day; nil where the day was told.
func (f *Follower) days(ctx context.Context, place Place) (*Batch, error) {
	if f.today <= place.DueDay {
		return nil, nil
	}
	all, err := f.obligations(ctx)
	if err != nil {
		return nil, err
	}
	b := &Batch{}
	for _, one := range all {
		for _, ahead := range f.ahead {
			if when := one.p.DueDay - ahead; when > place.DueDay && when <= f.today {
				b.Notices = append(b.Notices, f.due(one, ahead))
			}
		}
	}
	place.DueDay = f.today
	b.Place = place
	return b, nil
}

// late tells, with the entry by which the account got a voucher, that its day of being told was before: the nearest of
// them, once.
func (f *Follower) late(ctx context.Context, batches []Batch) error {
	got := map[string]*Batch{} // by kind and package
	for i := range batches {
		for _, n := range batches[i].Notices {
			switch n.Kind {
			case "voucher_received", "voucher_accepted":
				got[KindDue+n.Voucher] = &batches[i]
			case "voucher_issued":
				got[KindPaymentDue+n.Voucher] = &batches[i]
			}
		}
	}
	if len(got) == 0 || len(f.ahead) == 0 {
		return nil
	}
	all, err := f.obligations(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		b := got[one.kind+hex.EncodeToString(one.p.Id)]
		if ahead, ok := f.missed(one.p.DueDay); ok && b != nil {
			b.Notices = append(b.Notices, f.due(one, ahead))
		}
	}
	return nil
}

// missed is the nearest of the days ahead that was told before what falls due then was there.
func (f *Follower) missed(dueDay int32) (nearest int32, ok bool) {
	for _, ahead := range f.ahead {
		if dueDay-ahead <= f.place.DueDay && (!ok || ahead < nearest) {
			nearest, ok = ahead, true
		}
	}
	return nearest, ok
}

// obligation is a part that the account holds, or a package that it owes.
type obligation struct {
	kind string
	p    *voucherv1.Package
	part *voucherv1.Part // nil for a package
	at   sdk.Verified
}

// obligations are all of the account's, complete.
func (f *Follower) obligations(ctx context.Context) (out []obligation, err error) {
	for _, list := range []func(context.Context) (sdk.Complete[sdk.Holding], error){f.client.Holdings, f.client.Offered} {
		held, err := list(ctx)
		if err != nil {
			return nil, err
		}
		for _, h := range held.Records {
			out = append(out, obligation{KindDue, h.Package, h.Part, held.Verified})
		}
	}
	owed, err := f.client.Owed(ctx)
	for _, p := range owed.Records {
		out = append(out, obligation{KindPaymentDue, p, nil, owed.Verified})
	}
	return out, err
}

// Wait waits until the node tells of something after what Next saw, or it is time to look anyway: a node that hides events delays a notice by
// that much, and cannot suppress it.
func (f *Follower) Wait(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	for b, err := range f.client.Events(short, f.seen+1) {
		if err != nil {
			break
		}
		for _, tx := range b.Transactions {
			if len(tx.Events) > 0 {
				return nil
			}
		}
		if len(b.BlockEvents) > 0 {
			return nil
		}
	}
	return ctx.Err()
}

// Run tells what is new, batch by batch, until the context ends. It goes on through nodes and a webhook's server that cannot be
// reached, which troubled hears of; whatever else goes wrong ends it.
func (f *Follower) Run(ctx context.Context, tell func(context.Context, Batch) error, troubled func(error)) error {
	for wait := firstWait; ctx.Err() == nil; {
		err := f.once(ctx, tell)
		if err == nil {
			err = f.Wait(ctx)
		}
		switch {
		case ctx.Err() != nil:
		case err == nil:
			wait = firstWait
		case !passing(err):
			return err
		default:
			troubled(err)
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
			wait = min(2*wait, longWait)
		}
	}
	return nil
}

func (f *Follower) once(ctx context.Context, tell func(context.Context, Batch) error) error {
	before := f.place
	batches, err := f.Next(ctx)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if err := tell(ctx, b); err != nil {
			f.place = before
			return err
		}
		before = b.Place
	}
	return nil
}

// passing tells whether it may work when it is tried again. What became of a notice decides first: a server's timeout looks
// like a node's.
func passing(err error) bool {
	switch {
	case errors.Is(err, ErrUndelivered):
		return true
	case errors.Is(err, ErrRejected):
		return false
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeResourceExhausted, connect.CodeDeadlineExceeded:
		return true
	}
	return errors.Is(err, sdk.ErrStale) || errors.Is(err, sdk.ErrNoWitness) || errors.Is(err, context.DeadlineExceeded)
}
