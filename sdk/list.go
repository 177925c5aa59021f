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

// Complete is every record of one kind that an account has, at one height: as many, and adding up to as much, as its
// proven totals say.
type Complete[T proto.Message] struct {
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

// complete reads a list until its proven records are all that the proven totals count. What the node lists are hints:
// records that are not there, or not the account's, are passed over.
func complete[T proto.Message](ctx context.Context, c *Client, k kind[T], account id.ID) (out Complete[T], err error) {
	hints := newHints()
	for try := 1; ; try++ {
		floor := c.floor.Load()
		height, err := c.list(ctx, k.list, account, hints)
		if err == nil && height < floor {
			err = fmt.Errorf("%w: the list is of height %d, and %d was shown before", ErrStale, height, floor)
		}
		if err == nil {
			out, err = gather(ctx, c, k, account, height, hints.keys)
		}
		if err == nil || try == readTries || ctx.Err() != nil {
			return out, err
		}
		if err := sleep(ctx, tryPause); err != nil {
			return out, err
		}
	}
}

// gather reads the account's totals and the hinted records at one height, and compares.
func gather[T proto.Message](ctx context.Context, c *Client, k kind[T], account id.ID, height int64, keys [][]byte) (Complete[T], error) {
	v, records, err := c.readVisible(ctx, height, append([][]byte{kernelv1.TotalsKey(account)}, keys...))
	if err != nil {
		return Complete[T]{}, err
	}
	out := Complete[T]{Verified: v}
	var want kernelv1.Total
	if out.Totals, err = linesOf(records[0], k.class); err != nil {
		return out, err
	}
	for _, l := range out.Totals {
		want.Count, want.AmountMinor = want.Count+l.Count, want.AmountMinor+l.AmountMinor
	}
	var sum int64
	for i, raw := range records[1:] {
		one := k.fresh()
		if raw == nil {
			continue
		}
		if err := kernelv1.Unframe(raw, one); err != nil {
			return out, err
		}
		if amount, mine := k.amount(keys[i], one, account); mine {
			out.Records, sum = append(out.Records, one), sum+amount
		}
	}
	if got := uint64(len(out.Records)); got != want.Count || sum != want.AmountMinor {
		return out, fmt.Errorf("%w: %s has %d records of %d minor units in all, proven are %d of %d",
			ErrIncomplete, k.list, got, sum, want.Count, want.AmountMinor)
	}
	return out, nil
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
	keys [][]byte
	seen map[string]bool
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

// readVisible is readAt where records that the node does not show count as absent: hints may name others'.
func (c *Client) readVisible(ctx context.Context, height int64, keys [][]byte) (Verified, [][]byte, error) {
	return c.readAt(ctx, height, keys)
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
