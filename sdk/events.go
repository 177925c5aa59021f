package sdk

import (
	"context"
	"fmt"
	"iter"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
)

// Bounds of following events.
const (
	eventBlocks = 100
	eventWait   = 25 * time.Second
)

// Events follows the chain from a height on: every block once, in order, without gaps, waiting for new ones until the
// context ends. An error is yielded last; go on later from the height after the last block that came. What a block tells
// is the node's word and only what this account may see: read state with proof before acting on it.
func (c *Client) Events(ctx context.Context, fromHeight int64) iter.Seq2[*gatev1.BlockEvents, error] {
	return func(yield func(*gatev1.BlockEvents, error) bool) {
		for next := max(1, fromHeight); ; {
			blocks, err := c.eventsFrom(ctx, next)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, b := range blocks {
				if !yield(b, nil) {
					return
				}
				next = b.Height + 1
			}
		}
	}
}

// eventsFrom asks for blocks until there are some, and checks that none is left out.
func (c *Client) eventsFrom(ctx context.Context, height int64) (blocks []*gatev1.BlockEvents, err error) {
	err = again(ctx, func() error {
		r, err := c.nodes[0].gate.Events(ctx, connect.NewRequest(&gatev1.EventsRequest{
			FromHeight: height, Blocks: eventBlocks, WaitMs: uint32(eventWait.Milliseconds()),
		}))
		if err != nil {
			return err
		}
		blocks = r.Msg.Blocks
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, b := range blocks {
		if b.GetHeight() != height+int64(i) {
			return nil, fmt.Errorf("%w: events of block %d where those of %d follow", ErrAnswer, b.GetHeight(), height+int64(i))
		}
	}
	return blocks, ctx.Err()
}
