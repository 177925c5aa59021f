package light

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/cometbft/cometbft/types"
)

// confirm has a verified block compared with what the witnesses have. One that shows the same is enough; one that
// shows another that also verifies is a fork; what does not verify is a witness's own fault and counts for nothing.
func (c *Client) confirm(ctx context.Context, from, b *types.LightBlock) error {
	witnesses := c.o.Sources[1:]
	if len(witnesses) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	answers := make(chan error, len(witnesses))
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for _, w := range witnesses {
		all.Go(func() { answers <- c.compare(ctx, w, from, b) })
	}
	var faults []error
	for range witnesses {
		switch err := <-answers; {
		case err == nil, errors.Is(err, ErrFork):
			return err
		default:
			faults = append(faults, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoWitness, errors.Join(faults...))
}

func (c *Client) compare(ctx context.Context, w Source, from, b *types.LightBlock) error {
	other, err := c.await(ctx, w, b.Height)
	if err != nil {
		return err
	}
	if bytes.Equal(other.Hash(), b.Hash()) {
		return nil
	}
	if err := c.walk(ctx, w, from, other); err != nil {
		return err
	}
	return fmt.Errorf("%w: at height %d, %X and %X", ErrFork, b.Height, b.Hash(), other.Hash())
}
