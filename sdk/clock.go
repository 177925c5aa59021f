package sdk

import (
	"context"
	"fmt"
	"time"

	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/sdk/internal/light"
)

// anchor is a verified block time with the moment at which it was seen.
type anchor struct {
	block time.Time
	at    time.Time
}

// anchorAge is how long the chain's time is reckoned from one block.
const anchorAge = 30 * time.Second

// fresh refuses a header that is too old for what hangs on it, or ahead of this machine's clock.
func (c *Client) fresh(header time.Time) error {
	age := c.conf.Now().Sub(header)
	switch {
	case age > c.conf.MaxAge:
		return fmt.Errorf("%w: its header is %s old, %s is allowed; the node is behind, the chain stands still, or this machine's clock is fast",
			ErrStale, age.Round(time.Second), c.conf.MaxAge)
	case age < -light.MaxDrift:
		return fmt.Errorf("%w: its header is %s ahead of this machine's clock: set the clock", ErrStale, (-age).Round(time.Second))
	}
	return nil
}

func (c *Client) see(block time.Time) {
	c.clockMu.Lock()
	defer c.clockMu.Unlock()
	if block.After(c.seen.block) {
		c.seen = anchor{block: block, at: c.conf.Now()}
	}
}

// BlockTime is the chain's time now, reckoned from the newest verified header: what expiries of transactions count by.
func (c *Client) BlockTime(ctx context.Context) (time.Time, error) {
	if t, ok := c.reckon(); ok {
		return t, nil
	}
	if err := c.catchUp(ctx); err != nil {
		return time.Time{}, err
	}
	t, _ := c.reckon()
	return t, nil
}

func (c *Client) reckon() (time.Time, bool) {
	c.clockMu.Lock()
	defer c.clockMu.Unlock()
	since := c.conf.Now().Sub(c.seen.at)
	return c.seen.block.Add(since), since >= 0 && since < anchorAge
}

// Now is the chain's business time: block time, with the shift that a development network may have. Offers lapse by it.
func (c *Client) Now(ctx context.Context) (time.Time, error) {
	now, _, err := c.business(ctx)
	return now, err
}

// Today is the chain's day by its own offset from UTC: days since 1970-01-01. Due days count by it.
func (c *Client) Today(ctx context.Context) (int32, error) {
	now, network, err := c.business(ctx)
	return kernelv1.DayOf(now.Unix(), network.GetUtcOffsetS()), err
}

func (c *Client) business(ctx context.Context) (time.Time, *kernelv1.Network, error) {
	_, raws, err := c.GetAll(ctx, kernelv1.NetworkKey(), kernelv1.ClockKey())
	if err != nil {
		return time.Time{}, nil, err
	}
	network, clock := &kernelv1.Network{}, &kernelv1.Clock{}
	if raws[0] != nil {
		err = kernelv1.Unframe(raws[0], network)
	}
	if err == nil && raws[1] != nil {
		err = kernelv1.Unframe(raws[1], clock)
	}
	if err != nil {
		return time.Time{}, nil, err
	}
	now, err := c.BlockTime(ctx)
	return now.Add(time.Duration(clock.ShiftS) * time.Second), network, err
}
