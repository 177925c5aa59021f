package sdk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/sdk/internal/proof"
	"google.golang.org/protobuf/proto"
)

// Verified says what an answer was proven against: the state after the block of Height, whose root stands in the next
// header, which has Time.
type Verified struct {
	Height int64
	Time   time.Time
}

// Bounds of reading.
const (
	readBatch = 256     // keys in one call, the gate's bound
	maxKeys   = 200_000 // in one GetAll
	readTries = 5       // where heights are pruned, or lists move, in between
	tryPause  = 50 * time.Millisecond
)

// Get reads the record under a state key, such as voucherv1.PartKey gives, into a message. found false is proven too.
func (c *Client) Get(ctx context.Context, stateKey []byte, into proto.Message) (v Verified, found bool, err error) {
	v, records, err := c.GetAll(ctx, stateKey)
	if err != nil || records[0] == nil {
		return v, false, err
	}
	return v, true, kernelv1.Unframe(records[0], into)
}

// GetAll reads records at one height, in the order of the keys; nil where one is proven absent. Each is as stored:
// kernelv1.Unframe decodes it. It begins again, a few times, where the node drops the height meanwhile.
func (c *Client) GetAll(ctx context.Context, stateKeys ...[]byte) (v Verified, records [][]byte, err error) {
	err = again(ctx, func() error {
		v, records, err = c.readAt(ctx, 0, stateKeys)
		return err
	})
	return v, records, err
}

// again makes a try again, a few times, where another may come out better: the height was dropped, the list moved, the
// node is busy.
func again(ctx context.Context, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		moved := pruned(err) || passing(err) || errors.Is(err, ErrIncomplete) || errors.Is(err, ErrStale)
		if err == nil || !moved || n == readTries {
			return err
		}
		if sleep(ctx, tryPause) != nil {
			return err
		}
	}
}

// readAt reads at one height; 0 is the newest that the node can prove. A record that the account may not read is an error.
func (c *Client) readAt(ctx context.Context, height int64, keys [][]byte) (Verified, [][]byte, error) {
	return c.readBatches(ctx, height, keys, false)
}

// readVisible is readAt where a record that the node does not show is passed over as if absent: nothing may be concluded
// from it.
func (c *Client) readVisible(ctx context.Context, height int64, keys [][]byte) (Verified, [][]byte, error) {
	return c.readBatches(ctx, height, keys, true)
}

func (c *Client) readBatches(ctx context.Context, height int64, keys [][]byte, hidden bool) (v Verified, out [][]byte, err error) {
	if n := len(keys); n == 0 || n > maxKeys {
		return v, nil, fmt.Errorf("%d keys, where 1 to %d are read at once", n, maxKeys)
	}
	out = make([][]byte, 0, len(keys))
	for len(keys) > 0 {
		batch := keys[:min(readBatch, len(keys))]
		keys = keys[len(batch):]
		var records [][]byte
		if v, records, err = c.readBatch(ctx, height, batch, hidden); err != nil {
			return v, nil, err
		}
		height, out = v.Height, append(out, records...)
	}
	return v, out, nil
}

func (c *Client) readBatch(ctx context.Context, height int64, keys [][]byte, hidden bool) (Verified, [][]byte, error) {
	floor := c.floor.Load()
	r, err := c.nodes[0].gate.Read(ctx, connect.NewRequest(&gatev1.ReadRequest{Height: height, Keys: keys}))
	if err != nil {
		return Verified{}, nil, err
	}
	switch got := r.Msg.Height; {
	case got < 1 || height != 0 && got != height:
		return Verified{}, nil, fmt.Errorf("%w: height %d where %d was asked for", ErrAnswer, got, height)
	case height == 0 && got < floor:
		return Verified{}, nil, fmt.Errorf("%w: it is of height %d, and %d was shown before", ErrStale, got, floor)
	}
	v, root, err := c.rootOf(ctx, r.Msg.Height)
	if err != nil {
		return v, nil, err
	}
	out, err := checkRecords(root, keys, r.Msg.Records, hidden)
	return v, out, err
}

// rootOf is the root of the state after a block, from the next header, which must be fresh.
func (c *Client) rootOf(ctx context.Context, height int64) (Verified, []byte, error) {
	b, err := c.light.At(ctx, height+1)
	if err != nil {
		return Verified{}, nil, fmt.Errorf("header %d: %w", height+1, headerError(err))
	}
	if err := c.fresh(b.Time); err != nil {
		return Verified{}, nil, err
	}
	c.see(b.Time)
	c.raise(height)
	return Verified{Height: height, Time: b.Time}, b.AppHash, nil
}

// raise lifts the height below which no newest state may lie any more: what was seen once is not unseen.
func (c *Client) raise(height int64) {
	for floor := c.floor.Load(); height > floor && !c.floor.CompareAndSwap(floor, height); floor = c.floor.Load() {
	}
}

// checkRecords checks each answer under the key that was asked for, never under the one that the answer names.
func checkRecords(root []byte, keys [][]byte, records []*gatev1.Record, hidden bool) ([][]byte, error) {
	if len(records) != len(keys) {
		return nil, fmt.Errorf("%w: %d records for %d keys", ErrAnswer, len(records), len(keys))
	}
	out := make([][]byte, len(keys))
	for i, r := range records {
		var err error
		switch {
		case !r.GetMayRead() && hidden:
		case !r.GetMayRead():
			err = fmt.Errorf("%w: key %x", ErrNotVisible, keys[i])
		case r.Present:
			err = proof.Present(root, keys[i], r.Value, r.Proof)
			out[i] = r.Value
		default:
			err = proof.Absent(root, keys[i], r.Proof)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// notFound gives a proven absence as an error, for callers that need the record.
func notFound(found bool, err error) error {
	if err == nil && !found {
		return ErrNotFound
	}
	return err
}
