package sdk

import (
	"bytes"
	"context"
	"fmt"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// Bounds of walking a sender's chain of transactions back.
const (
	firstLinks = 16 // of a walk that expects to find it soon
	moreLinks  = 1_000
	maxLinks   = 1_000_000
)

// Settle finds out for good what became of a transaction whose answer was lost: its sender's chain of transactions is
// walked back from a proven head. It returns what Do returns; ErrUnsettled while the transaction has neither run nor
// expired: try again after Ticket.ExpiresUnixS.
func (c *Client) Settle(ctx context.Context, t Ticket) (Outcome, error) {
	o, err := c.prove(ctx, t, 0)
	return verdict(o, nil, err)
}

// prove looks for a transaction in the proven chain of its sender, as of a height (0: the newest).
func (c *Client) prove(ctx context.Context, t Ticket, height int64) (o Outcome, err error) {
	o.Ticket = t
	err = again(ctx, func() error {
		v, raw, err := c.readAt(ctx, height, [][]byte{kernelv1.TotalsKey(t.Sender)})
		if err != nil {
			height = 0 // the node may have dropped it, or never had it: the newest will do
			return err
		}
		totals := &kernelv1.Totals{}
		if raw[0] != nil {
			if err := kernelv1.Unframe(raw[0], totals); err != nil {
				return err
			}
		}
		o.Proof = v
		link, err := c.findLink(ctx, t, totals)
		if err != nil {
			return err
		}
		return o.judge(link)
	})
	return o, err
}

// judge says what a link, or that there is none, means.
func (o *Outcome) judge(link *kernelv1.Link) error {
	switch {
	case link == nil && o.Proof.Time.Unix() > o.Ticket.ExpiresUnixS:
		return ErrNeverRan
	case link == nil:
		return fmt.Errorf("%w (not in a block up to %d)", ErrUnsettled, o.Proof.Height)
	case !bytes.Equal(link.BodyHash, o.Ticket.Body[:]):
		return fmt.Errorf("%w: under its id, another transaction of the sender ran in block %d", ErrNeverRan, link.Height)
	}
	o.Height, o.Code = link.Height, link.Code
	return nil
}

// findLink walks back from the proven head to the ticket's id, or to links from before it was made: nil then.
func (c *Client) findLink(ctx context.Context, t Ticket, totals *kernelv1.Totals) (*kernelv1.Link, error) {
	head, number := totals.SentHead, totals.SentCount
	for limit, seen := uint32(firstLinks), 0; number > 0 && seen < maxLinks; limit = moreLinks {
		r, err := c.nodes[0].gate.Sent(ctx, connect.NewRequest(&gatev1.SentRequest{Account: t.Sender.Bytes(), Head: head, Limit: limit}))
		if err != nil {
			return nil, err
		}
		if len(r.Msg.Links) == 0 {
			return nil, fmt.Errorf("%w: the node does not show the account's transaction number %d", ErrAnswer, number)
		}
		for _, b := range r.Msg.Links {
			link, err := readLink(head, number, b)
			if err != nil {
				return nil, err
			}
			if bytes.Equal(link.Id, t.TxID[:]) && link.Height > t.SinceHeight {
				return link, nil
			}
			if link.Height <= t.SinceHeight || number == 1 {
				return nil, nil
			}
			head, number, seen = link.Prev, number-1, seen+1
		}
	}
	if number > 0 {
		return nil, fmt.Errorf("%w: over %d transactions were sent since", ErrUnsettled, maxLinks)
	}
	return nil, nil
}

// readLink checks one link against the hash that names it and the number that it must have.
func readLink(head []byte, number uint64, b []byte) (*kernelv1.Link, error) {
	link := &kernelv1.Link{}
	if want, ok := id.Of(head); !ok || kernelv1.LinkHash(b) != want {
		return nil, fmt.Errorf("%w: that transaction number %d of the account is this one", ErrProof, number)
	}
	if err := proto.Unmarshal(b, link); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if link.Number != number {
		return nil, fmt.Errorf("%w: transaction number %d of the account calls itself %d", ErrProof, number, link.Number)
	}
	return link, nil
}
