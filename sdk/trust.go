package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/sdk/internal/light"
)

// AskTrust asks a node for its newest header. It is the node's word and no trust yet: compare its hash, over another
// way, with what a member's client shows. On a network of one's own the word is enough.
func AskTrust(ctx context.Context, chain string, e Endpoint) (Trust, error) {
	b, err := askBlock(ctx, chain, e, 0)
	if err != nil {
		return Trust{}, err
	}
	return Trust{Chain: chain, Height: b.Height, Hash: b.Hash()}, nil
}

// TrustGenesis trusts a genesis file: it asks a node for the first block and takes it only if the genesis' validators
// signed it, by more than two thirds. ErrHeader where the node shows another. It serves for the 14 days after genesis;
// later, begin from a newer header that members vouch for.
func TrustGenesis(ctx context.Context, genesis []byte, e Endpoint) (Trust, error) {
	doc, err := types.GenesisDocFromJSON(genesis)
	if err != nil {
		return Trust{}, fmt.Errorf("this is no genesis file: %w", err)
	}
	if len(doc.Validators) == 0 {
		return Trust{}, errors.New("the genesis file names no validators, so that nothing follows from it: begin from a header that members vouch for")
	}
	var all []*types.Validator
	for _, v := range doc.Validators {
		all = append(all, types.NewValidator(v.PubKey, v.Power))
	}
	set := types.NewValidatorSet(all)
	b, err := askBlock(ctx, doc.ChainID, e, doc.InitialHeight)
	if err != nil {
		return Trust{}, err
	}
	if b.Height != doc.InitialHeight || !bytes.Equal(b.ValidatorsHash, set.Hash()) {
		return Trust{}, fmt.Errorf("%w: block %d is not of the genesis' validators", ErrHeader, b.Height)
	}
	if err := set.VerifyCommitLight(doc.ChainID, b.Commit.BlockID, b.Height, b.Commit); err != nil {
		return Trust{}, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	return Trust{Chain: doc.ChainID, Height: b.Height, Hash: b.Hash()}, nil
}

func askBlock(ctx context.Context, chain string, e Endpoint, height int64) (*types.LightBlock, error) {
	n, err := newNode(&Client{chain: chain}, e)
	if err != nil {
		return nil, err
	}
	defer n.transport.CloseIdleConnections()
	b, err := n.lightBlock(ctx, height)
	if errors.Is(err, light.ErrFuture) {
		return nil, fmt.Errorf("the node has not this block yet, or no longer: %w", err)
	}
	return b, err
}
