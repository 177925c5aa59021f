package sdk

import (
	"context"
	"fmt"
	"iter"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// Bounds of lists.
const (
	listPage   = 1_000
	maxListed  = 100_000 // records of one kind that an account may have for its list to be proven
	maxKeySize = 256     // bytes
)

// Complete is everything of one kind that an account has, at one height: as many records, adding up to as much, as its
// proven totals say.
type Complete[T any] struct {
	Verified
	Records []T
	// Totals are the proven count and sum by currency; none where there are no records.
	Totals []*kernelv1.Total
}

// kind is one kind of record with a proven total: where it is listed, and what of it counts.
type kind[T proto.Message] struct {
	list  string
	class uint32
	fresh func() T
	// amount is what the record adds to the account's sum, in minor units; false where it does not belong there.
	amount func(stateKey []byte, record T, account id.ID) (int64, bool)
}

// complete reads a list until its proven records are all that the proven totals count.
func complete[T proto.Message](ctx context.Context, c *Client, k kind[T]) (out Complete[T], err error) {
	h := newHints()
	err = again(ctx, func() error {
		out, err = completeOnce(ctx, c, k, h)
		return err
	})
	return out, err
}

// completeOnce reads the list and its records. What the node lists are hints: what is not there, not the account's or not
// visible is passed over, and then missing from the count.
func completeOnce[T proto.Message](ctx context.Context, c *Client, k kind[T], h *hints) (out Complete[T], err error) {
	floor := c.floor.Load()
	height, err := c.list(ctx, k.list, c.account, h)
	if err != nil {
		return out, err
	}
	if height < floor {
		return out, fmt.Errorf("%w: the list is of height %d, and %d was shown before", ErrStale, height, floor)
	}
	if h.reads++; h.reads == 1 {
		height = 0 // most often nothing has changed since, and that height needs no waiting for its header
	}
	return gather(ctx, c, k, height, h.keys)
}

// gather reads the account's totals and the hinted records at one height, 0 for the newest provable, and compares.
func gather[T proto.Message](ctx context.Context, c *Client, k kind[T], height int64, keys [][]byte) (out Complete[T], err error) {
	v, totals, err := c.readAt(ctx, height, [][]byte{kernelv1.TotalsKey(c.account)})
	if err != nil {
		return out, err
	}
	lines, err := linesOf(totals[0], k.class)
	if err != nil {
		return out, err
	}
	records, sum, err := k.read(ctx, c, v.Height, keys)
	if err != nil {
		return out, err
	}
	var want kernelv1.Total
	for _, l := range lines {
		want.Count, want.AmountMinor = want.Count+l.Count, want.AmountMinor+l.AmountMinor
	}
	if uint64(len(records)) != want.Count || sum != want.AmountMinor {
		return out, fmt.Errorf("%w: %s has %d records of %d minor units in all, proven are %d of %d",
			ErrIncomplete, k.list, len(records), sum, want.Count, want.AmountMinor)
	}
	return Complete[T]{Verified: v, Records: records, Totals: lines}, nil
}

// read reads the hinted records and keeps those that belong to the account.
func (k *kind[T]) read(ctx context.Context, c *Client, height int64, keys [][]byte) (out []T, sum int64, err error) {
	if len(keys) == 0 {
		return nil, 0, nil
	}
	_, raws, err := c.readVisible(ctx, height, keys)
	if err != nil {
		return nil, 0, err
	}
	for i, raw := range raws {
		if raw == nil {
			continue
		}
		one := k.fresh()
		if err := kernelv1.Unframe(raw, one); err != nil {
			return nil, 0, err
		}
		if amount, mine := k.amount(keys[i], one, c.account); mine {
			out, sum = append(out, one), sum+amount
		}
	}
	return out, sum, nil
}

func linesOf(raw []byte, class uint32) (out []*kernelv1.Total, err error) {
	if raw == nil {
		return nil, nil
	}
	t := &kernelv1.Totals{}
	if err := kernelv1.Unframe(raw, t); err != nil {
		return nil, err
	}
	for _, l := range t.Lines {
		if l.Class == class {
			out = append(out, l)
		}
	}
	return out, nil
}

// hints are state keys that a node names, each once.
type hints struct {
	keys  [][]byte
	seen  map[string]bool
	reads int // how often they were tried
}

func newHints() *hints { return &hints{seen: map[string]bool{}} }

func (h *hints) add(keys [][]byte) error {
	for _, k := range keys {
		if len(k) == 0 || len(k) > maxKeySize || len(h.keys) == maxListed {
			return fmt.Errorf("%w: a list of over %d records, or a key of %d bytes", ErrAnswer, maxListed, len(k))
		}
		if !h.seen[string(k)] {
			h.seen[string(k)] = true
			h.keys = append(h.keys, k)
		}
	}
	return nil
}

// list adds the keys of all pages, and returns the height of the last.
func (c *Client) list(ctx context.Context, name string, subject id.ID, into *hints) (int64, error) {
	var after []byte
	for range maxListed/listPage + 1 {
		r, err := c.nodes[0].gate.List(ctx, connect.NewRequest(&gatev1.ListRequest{
			List: name, Subject: subject.Bytes(), After: after, Limit: listPage,
		}))
		if err != nil {
			return 0, err
		}
		if err := into.add(r.Msg.Keys); err != nil {
			return 0, err
		}
		if !r.Msg.More || len(r.Msg.Keys) == 0 {
			return r.Msg.Height, nil
		}
		after = r.Msg.Keys[len(r.Msg.Keys)-1]
	}
	return 0, fmt.Errorf("%w: the list %s has no end", ErrAnswer, name)
}

// each walks a public list page by page; every record is proven, that none is missing is not.
func each[T proto.Message](ctx context.Context, c *Client, list string, subject id.ID, fresh func() T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		h := newHints()
		if _, err := c.list(ctx, list, subject, h); err != nil {
			yield(none, err)
			return
		}
		for keys := h.keys; len(keys) > 0; {
			page := keys[:min(readBatch, len(keys))]
			keys = keys[len(page):]
			_, records, err := c.GetAll(ctx, page...)
			if err != nil {
				yield(none, err)
				return
			}
			for _, raw := range records {
				if !yieldRecord(raw, fresh(), yield) {
					return
				}
			}
		}
	}
}

func yieldRecord[T proto.Message](raw []byte, one T, yield func(T, error) bool) bool {
	if raw == nil {
		return true
	}
	return yield(one, kernelv1.Unframe(raw, one))
}
