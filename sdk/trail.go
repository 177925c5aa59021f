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

// trailPage is how many steps one call asks for, the gate's bound.
const trailPage = 1_000

// Trail is who passed a part on to whom for what, from its issue to its proven head: every entry's hash was checked. After
// merges it is a tree that grows together, without the trails of what had no unit of the part: entries come in an order in which each stands behind all that it follows, what
// was merged in order of range, and what several come from once. At most voucherv1.MaxTrail entries.
func (c *Client) Trail(ctx context.Context, pkg, number id.ID) ([]*voucherv1.Endorsement, Verified, error) {
	var out []*voucherv1.Endorsement
	var v Verified
	err := again(ctx, func() error {
		key := voucherv1.PartKey(pkg, number)
		at, raws, err := c.readAt(ctx, 0, [][]byte{key})
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
		out, err = c.walkTrail(ctx, key, part, head)
		return err
	})
	return out, v, err
}

// walkTrail walks back from a part's head to the issue.
func (c *Client) walkTrail(ctx context.Context, key []byte, part *voucherv1.Part, head id.ID) ([]*voucherv1.Endorsement, error) {
	w := newWalk(part, head)
	for !w.done() {
		r, err := c.nodes[0].gate.Trail(ctx, connect.NewRequest(&gatev1.TrailRequest{
			Key: key, Head: head.Bytes(), Skip: uint32(len(w.steps)), Limit: trailPage,
		}))
		if err != nil {
			return nil, err
		}
		if len(r.Msg.Entries) == 0 {
			return nil, fmt.Errorf("%w: the trail ends after %d steps, before its issue", ErrIncomplete, len(w.steps))
		}
		for _, b := range r.Msg.Entries {
			if err := w.take(b); err != nil {
				return nil, err
			}
		}
	}
	return w.inOrder()
}

// walk is a walk back through a trail: steps that were checked, and hashes that they lead to.
type walk struct {
	part    *voucherv1.Part
	head    id.ID
	wanted  map[id.ID]bool
	steps   map[id.ID]*voucherv1.Link
	entries int
}

func newWalk(part *voucherv1.Part, head id.ID) *walk {
	return &walk{part: part, head: head, wanted: map[id.ID]bool{head: true}, steps: map[id.ID]*voucherv1.Link{}}
}

func (w *walk) done() bool { return len(w.wanted) == 0 }

// take checks one step: its hash is one that the steps before lead to, and it is of this package.
func (w *walk) take(b []byte) error {
	l, err := voucherv1.ReadLink(b)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	if !w.wanted[l.Hash] {
		return fmt.Errorf("%w: a step %s to which the trail does not lead, or not again", ErrProof, l.Hash)
	}
	if e := l.Endorsement; e != nil {
		if w.entries++; w.entries > voucherv1.MaxTrail {
			return fmt.Errorf("%w: a trail of more than %d entries", ErrProof, voucherv1.MaxTrail)
		}
		if !bytes.Equal(e.Package, w.part.Package) || l.Before[0].IsZero() != (e.Step == voucherv1.Step_STEP_ISSUED) {
			return fmt.Errorf("%w: an entry of another package, or no issue at the beginning", ErrProof)
		}
	}
	delete(w.wanted, l.Hash)
	w.steps[l.Hash] = l
	l.Before = l.Through(w.part.Lo, w.part.Hi)
	for _, h := range l.Before {
		if !h.IsZero() && w.steps[h] == nil {
			w.wanted[h] = true
		}
	}
	return nil
}

// inOrder lists the entries, each behind all that it follows. A join stands before a merge and nowhere else.
func (w *walk) inOrder() ([]*voucherv1.Endorsement, error) {
	out := make([]*voucherv1.Endorsement, 0, w.entries)
	listed := map[id.ID]bool{{}: true} // zeros: before the issue
	for todo := []id.ID{w.head}; len(todo) > 0; {
		l := w.steps[todo[len(todo)-1]]
		if l == nil || listed[l.Hash] {
			todo = todo[:len(todo)-1]
			continue
		}
		if waits := slices.DeleteFunc(slices.Clone(l.Before), func(h id.ID) bool { return listed[h] }); len(waits) > 0 {
			slices.Reverse(waits)
			todo = append(todo, waits...)
			continue
		}
		listed[l.Hash] = true
		if l.Endorsement == nil {
			continue
		}
		before := w.steps[l.Before[0]]
		if joined := before != nil && before.Endorsement == nil; joined != (l.Endorsement.Step == voucherv1.Step_STEP_MERGED) {
			return nil, fmt.Errorf("%w: parts that became one without a merge, or a merge of one part", ErrProof)
		}
		out = append(out, l.Endorsement)
	}
	return out, nil
}
