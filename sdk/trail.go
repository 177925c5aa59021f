package sdk

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// trailPage is how many entries one call asks for, the gate's bound.
const trailPage = 1_000

// Trail is who passed a part on to whom for what, from its issue to its proven head: every entry's hash was checked.
func (c *Client) Trail(ctx context.Context, pkg, number id.ID) ([]*voucherv1.Endorsement, Verified, error) {
	var out []*voucherv1.Endorsement
	var v Verified
	err := again(ctx, func() error {
		at, raws, err := c.readAt(ctx, 0, [][]byte{voucherv1.PartKey(pkg, number)})
		if err := notFound(err != nil || raws[0] != nil, err); err != nil {
			return err
		}
		part := &voucherv1.Part{}
		if err := kernelv1.Unframe(raws[0], part); err != nil {
			return err
		}
		head, ok := id.Of(part.Head)
		if !ok {
			return fmt.Errorf("%w: a head of %d bytes", ErrAnswer, len(part.Head))
		}
		v = at
		out, err = c.walkTrail(ctx, pkg, number, head)
		return err
	})
	return out, v, err
}

// walkTrail walks back from a head to the issue; the oldest comes first in what it returns.
func (c *Client) walkTrail(ctx context.Context, pkg, number, head id.ID) ([]*voucherv1.Endorsement, error) {
	r, err := c.nodes[0].gate.Trail(ctx, connect.NewRequest(&gatev1.TrailRequest{
		Package: pkg.Bytes(), Number: number.Bytes(), Head: head.Bytes(), Limit: trailPage,
	}))
	if err != nil {
		return nil, err
	}
	out, rest, err := readTrail(pkg, head, r.Msg.Entries)
	if err != nil {
		return nil, err
	}
	if !rest.IsZero() {
		return nil, fmt.Errorf("%w: the trail ends after %d entries, before its issue", ErrIncomplete, len(out))
	}
	slices.Reverse(out)
	return out, nil
}

// readTrail checks entries, newest first, from a head, and returns the head before the last of them.
func readTrail(pkg, head id.ID, entries [][]byte) (out []*voucherv1.Endorsement, at id.ID, err error) {
	at = head
	for _, b := range entries {
		if at.IsZero() || len(out) == voucherv1.MaxTrail {
			return nil, at, fmt.Errorf("%w: entries before the issue", ErrProof)
		}
		prev, e, err := voucherv1.ReadEntry(at, b)
		if err != nil {
			return nil, at, fmt.Errorf("%w: %w", ErrProof, err)
		}
		if !bytes.Equal(e.Package, pkg[:]) || prev.IsZero() != (e.Step == voucherv1.Step_STEP_ISSUED) {
			return nil, at, fmt.Errorf("%w: an entry of another package, or no issue at the beginning", ErrProof)
		}
		out, at = append(out, e), prev
	}
	return out, at, nil
}
