package headers

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	cmtstate "github.com/cometbft/cometbft/proto/tendermint/state"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/statesync"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"
)

// Provider gives the engine what it begins from after a snapshot was taken in.
type Provider struct {
	source  *Source
	genesis *types.GenesisDoc
	log     func(what string, err error)
}

var _ statesync.StateProvider = (*Provider)(nil)

// NewProvider makes a provider. log is told why a header is not to be had: the engine passes over it in silence.
func NewProvider(s *Source, genesis *types.GenesisDoc, log func(what string, err error)) *Provider {
	return &Provider{source: s, genesis: genesis, log: log}
}

func (p *Provider) block(ctx context.Context, height uint64) (*types.LightBlock, error) {
	b, err := p.source.Block(ctx, int64(height))
	if err != nil {
		p.log(fmt.Sprintf("header %d", height), err)
	}
	return b, err
}

// AppHash is the root after a height: it is in the header of the next one. The one after that is needed later on, and is
// waited for here.
func (p *Provider) AppHash(ctx context.Context, height uint64) ([]byte, error) {
	if _, err := p.block(ctx, height+2); err != nil {
		return nil, err
	}
	b, err := p.block(ctx, height+1)
	if err != nil {
		return nil, err
	}
	return b.AppHash, nil
}

// Commit is the commit of a height.
func (p *Provider) Commit(ctx context.Context, height uint64) (*types.Commit, error) {
	b, err := p.block(ctx, height)
	if err != nil {
		return nil, err
	}
	return b.Commit, nil
}

// State is the engine's state after a height. The consensus parameters are those of genesis, which no block of this chain
// changes but for the protocol's number; the header's hash of them is compared.
func (p *Provider) State(ctx context.Context, height uint64) (sm.State, error) {
	last, err1 := p.block(ctx, height)
	current, err2 := p.block(ctx, height+1)
	next, err3 := p.block(ctx, height+2)
	if err := errors.Join(err1, err2, err3); err != nil {
		return sm.State{}, err
	}
	params := *p.genesis.ConsensusParams
	if params.Version.App = current.Version.App; !bytes.Equal(params.Hash(), current.ConsensusHash) {
		return sm.State{}, errors.New("the network runs by other consensus parameters than this node's genesis file: is it the network's?")
	}
	return sm.State{
		Version:         cmtstate.Version{Consensus: current.Version, Software: version.TMCoreSemVer},
		ChainID:         p.genesis.ChainID,
		InitialHeight:   p.genesis.InitialHeight,
		LastBlockHeight: last.Height, LastBlockTime: last.Time, LastBlockID: last.Commit.BlockID,
		AppHash: current.AppHash, LastResultsHash: current.LastResultsHash,
		LastValidators: last.ValidatorSet, Validators: current.ValidatorSet, NextValidators: next.ValidatorSet,
		LastHeightValidatorsChanged: next.Height,
		ConsensusParams:             params, LastHeightConsensusParamsChanged: current.Height,
	}, nil
}

// FromGenesis gives the trust that a genesis file gives by itself: the first block, if its validators have signed it. It
// serves as long as TrustPeriod lasts from then.
func FromGenesis(ctx context.Context, genesis *types.GenesisDoc, gates []Gate) (Trust, error) {
	var all []*types.Validator
	for _, v := range genesis.Validators {
		all = append(all, types.NewValidator(v.PubKey, v.Power))
	}
	if len(all) == 0 {
		return Trust{}, errors.New("the genesis file names no validators: name a trusted header by height and hash")
	}
	set := types.NewValidatorSet(all)
	var errs []error
	for _, at := range gates {
		g := newGate(genesis.ChainID, at)
		b, err := g.LightBlock(ctx, genesis.InitialHeight)
		g.http.CloseIdleConnections()
		if err == nil && !bytes.Equal(b.ValidatorsHash, set.Hash()) {
			err = errors.New("its first block is not of the genesis' validators")
		}
		if err == nil {
			err = set.VerifyCommitLight(genesis.ChainID, b.Commit.BlockID, b.Height, b.Commit)
		}
		if err == nil {
			return Trust{Height: b.Height, Hash: b.Hash()}, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", at.Address, err))
	}
	return Trust{}, fmt.Errorf("no gate shows the chain of this genesis: %w", errors.Join(errs...))
}
