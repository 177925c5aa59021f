package sdk

import (
	"context"
	"errors"

	"github.com/splittally/splittally/sdk/internal/light"
)

// AskTrust asks a node for its newest header. It is the node's word and no trust yet: compare its hash, over another
// way, with what a member's client shows. On a network of one's own the word is enough.
func AskTrust(ctx context.Context, chain string, e Endpoint) (Trust, error) {
	n, err := newNode(&Client{chain: chain}, e)
	if err != nil {
		return Trust{}, err
	}
	defer n.transport.CloseIdleConnections()
	b, err := n.lightBlock(ctx, 0)
	if errors.Is(err, light.ErrFuture) {
		return Trust{}, errors.New("the node has no block yet: ask again in a moment")
	}
	if err != nil {
		return Trust{}, err
	}
	return Trust{Chain: chain, Height: b.Height, Hash: b.Hash()}, nil
}
