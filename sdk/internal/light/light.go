// Package light verifies the chain's headers for a client that trusts no node. The cryptography is CometBFT's
// (light.Verify); the walk is ours, for what its light.Client does not give: a bound on the change of voting power in one
// block, waiting that ends with its context, witnesses that are not lost for good, and no headers before the trusted one.
package light

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	cmtlight "github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/types"
)

// Bounds of verification.
const (
	TrustingPeriod = 14 * 24 * time.Hour
	// MaxDrift is how far a header's time may lie ahead of this machine's clock.
	MaxDrift  = 5 * time.Second
	maxSteps  = 256 // of a walk between two headers
	maxKept   = 512 // verified headers in memory
	waitFor   = 10 * time.Second
	pause     = 25 * time.Millisecond
	saveEvery = time.Minute
)

// Refusals.
var (
	ErrExpired   = errors.New("the last trusted header is more than 14 days old: take a checkpoint that two members signed")
	ErrForged    = errors.New("the header does not follow from the trusted ones: the node lies, or is of another chain")
	ErrPower     = errors.New("a third or more of the voting power would change in one block, which the chain does not allow")
	ErrFork      = errors.New("two nodes show different headers, both validly signed: stop, and tell the members")
	ErrNoWitness = errors.New("no witness confirmed the header: check the witnesses' addresses, or name others")
	ErrTooOld    = errors.New("the height lies before the trusted header")
	ErrFuture    = errors.New("the node has not this height yet")
)

// Source gives the light block of a height, 0 for the newest; ErrFuture where the node has it not yet. What it gives
// is not believed.
type Source func(ctx context.Context, height int64) (*types.LightBlock, error)

// Root is a header that is trusted to begin with.
type Root struct {
	Height int64
	Hash   []byte
}

// Options of a Client. The first source is the one that is read from, the others are its witnesses.
type Options struct {
	Chain   string
	Root    Root
	Sources []Source
	File    string // where the newest trusted block is kept; empty for nowhere
	Now     func() time.Time
}

// Client verifies headers. It is safe for concurrent use.
type Client struct {
	o       Options
	turn    chan struct{} // held by whoever verifies
	kept    map[int64]*types.LightBlock
	oldest  *types.LightBlock // of the kept ones; walks begin at or after it
	newest  *types.LightBlock
	savedAt time.Time
}

// New begins at the trusted root, or at the newer block that the file has.
func New(ctx context.Context, o Options) (*Client, error) {
	c := &Client{o: o, turn: make(chan struct{}, 1), kept: map[int64]*types.LightBlock{}}
	start, err := c.start(ctx)
	if err != nil {
		return nil, err
	}
	if cmtlight.HeaderExpired(start.SignedHeader, TrustingPeriod, o.Now()) {
		return nil, fmt.Errorf("%w (height %d of %s)", ErrExpired, start.Height, start.Time.Format(time.DateOnly))
	}
	c.oldest = start
	return c, c.trust(start)
}

func (c *Client) start(ctx context.Context) (*types.LightBlock, error) {
	saved, err := Load(c.o.File, c.o.Chain)
	if err != nil {
		return nil, err
	}
	if saved != nil && saved.Height == c.o.Root.Height && !bytes.Equal(saved.Hash(), c.o.Root.Hash) {
		return nil, fmt.Errorf("%w: block %d of %s is not the one that you trust", ErrForged, saved.Height, c.o.File)
	}
	if saved != nil && saved.Height >= c.o.Root.Height {
		return saved, nil
	}
	if len(c.o.Root.Hash) == 0 {
		return nil, errors.New("nothing is trusted yet: give a trusted height and hash, from a member or the network's description")
	}
	return c.root(ctx)
}

// root fetches the trusted header and checks that it is the one whose hash is trusted, signed by its own validators.
func (c *Client) root(ctx context.Context) (*types.LightBlock, error) {
	b, err := c.fetch(ctx, c.o.Sources[0], c.o.Root.Height)
	if err != nil {
		return nil, fmt.Errorf("the trusted header %d: %w", c.o.Root.Height, err)
	}
	if !bytes.Equal(b.Hash(), c.o.Root.Hash) {
		return nil, fmt.Errorf("%w: block %d has hash %X, trusted is %X", ErrForged, b.Height, b.Hash(), c.o.Root.Hash)
	}
	if err := b.ValidatorSet.VerifyCommitLight(c.o.Chain, b.Commit.BlockID, b.Height, b.Commit); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForged, err)
	}
	return b, nil
}

// At returns the verified block of a height; it waits up to 10 s for one that is not there yet.
func (c *Client) At(ctx context.Context, height int64) (*types.LightBlock, error) {
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	defer c.unlock()
	if b, ok := c.kept[height]; ok {
		return b, nil
	}
	b, err := c.await(ctx, c.o.Sources[0], height)
	if err != nil {
		return nil, err
	}
	return b, c.accept(ctx, b)
}

// Newest asks the first source for its newest block and verifies it.
func (c *Client) Newest(ctx context.Context) (*types.LightBlock, error) {
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	defer c.unlock()
	b, err := c.fetch(ctx, c.o.Sources[0], 0)
	if err != nil {
		return nil, err
	}
	if have, ok := c.kept[b.Height]; ok {
		return have, nil
	}
	return b, c.accept(ctx, b)
}

// Last is the newest block verified so far.
func (c *Client) Last(ctx context.Context) (*types.LightBlock, error) {
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	defer c.unlock()
	return c.newest, nil
}

func (c *Client) lock(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) unlock() { <-c.turn }

// accept verifies a block from the nearest trusted one before it, has it confirmed, and trusts it from then on.
func (c *Client) accept(ctx context.Context, b *types.LightBlock) error {
	from, err := c.before(b.Height)
	if err != nil {
		return err
	}
	if err := c.walk(ctx, c.o.Sources[0], from, b); err != nil {
		return err
	}
	if err := c.confirm(ctx, from, b); err != nil {
		return err
	}
	return c.trust(b)
}

func (c *Client) before(height int64) (*types.LightBlock, error) {
	if height <= c.oldest.Height {
		return nil, fmt.Errorf("%w: %d, trusted is %d", ErrTooOld, height, c.oldest.Height)
	}
	if height > c.newest.Height {
		return c.newest, nil
	}
	best := c.oldest
	for h, b := range c.kept {
		if h < height && h > best.Height {
			best = b
		}
	}
	return best, nil
}

// trust keeps a verified block; the newest goes to the file once a minute, and when the client closes.
func (c *Client) trust(b *types.LightBlock) error {
	if len(c.kept) >= maxKept {
		c.forget()
	}
	c.kept[b.Height] = b
	if c.newest != nil && b.Height <= c.newest.Height {
		return nil
	}
	c.newest = b
	if now := c.o.Now(); now.Sub(c.savedAt) >= saveEvery {
		c.savedAt = now
		return save(c.o.File, b)
	}
	return nil
}

// forget drops the older half of what is kept.
func (c *Client) forget() {
	heights := slices.Sorted(maps.Keys(c.kept))
	half := len(heights) / 2
	for _, h := range heights[:half] {
		delete(c.kept, h)
	}
	c.oldest = c.kept[heights[half]]
}

// Close writes the newest trusted block to the file.
func (c *Client) Close() error {
	c.turn <- struct{}{}
	defer c.unlock()
	return save(c.o.File, c.newest)
}

// fetch gets a block whose form, height and validator set fit each other; its signatures are judged elsewhere.
func (c *Client) fetch(ctx context.Context, s Source, height int64) (*types.LightBlock, error) {
	b, err := s(ctx, height)
	if err != nil {
		return nil, err
	}
	if err := checkForm(b, c.o.Chain); err != nil {
		return nil, err
	}
	if height != 0 && b.Height != height {
		return nil, fmt.Errorf("%w: block %d where %d was asked for", ErrForged, b.Height, height)
	}
	return b, nil
}

// await is fetch, asking again for up to 10 s while the node has not the height yet.
func (c *Client) await(ctx context.Context, s Source, height int64) (*types.LightBlock, error) {
	ctx, cancel := context.WithTimeout(ctx, waitFor)
	defer cancel()
	for {
		b, err := c.fetch(ctx, s, height)
		if !errors.Is(err, ErrFuture) {
			return b, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}
