package light

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/modules/kernel/id"
)

const testChain = "light-test"

// begin is the time of block 1; block h is h seconds later.
var begin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// validator is a key with its power.
type validator struct {
	key   ed25519.PrivKey
	power int64
}

func validatorOf(name string, power int64) validator {
	return validator{ed25519.GenPrivKeyFromSecret([]byte(name)), power}
}

func setOf(vals []validator) *types.ValidatorSet {
	var out []*types.Validator
	for _, v := range vals {
		out = append(out, types.NewValidator(v.key.PubKey(), v.power))
	}
	return types.NewValidatorSet(out)
}

// fake is a chain of really signed headers.
type fake struct {
	blocks map[int64]*types.LightBlock
	asked  int
}

// grow makes blocks first to last, whose validators at is asked for; mark makes two chains differ; signers signs where it is given.
func (f *fake) grow(tb testing.TB, first, last int64, at func(h int64) []validator, mark string, signers ...validator) {
	tb.Helper()
	for h := first; h <= last; h++ {
		var before types.BlockID
		if b := f.blocks[h-1]; b != nil {
			before = b.Commit.BlockID
		}
		by := signers
		if by == nil {
			by = at(h)
		}
		f.blocks[h] = block(tb, h, before, setOf(at(h)), setOf(at(h+1)), mark, by)
	}
}

func block(tb testing.TB, h int64, before types.BlockID, vals, next *types.ValidatorSet, mark string, by []validator) *types.LightBlock {
	tb.Helper()
	hash := func(what string) []byte {
		return id.Hash(what, []byte(mark), binary.BigEndian.AppendUint64(nil, uint64(h))).Bytes()
	}
	header := &types.Header{
		ChainID: testChain, Height: h, Time: begin.Add(time.Duration(h) * time.Second), LastBlockID: before,
		LastCommitHash: hash("commit"), DataHash: hash("data"), ValidatorsHash: vals.Hash(), NextValidatorsHash: next.Hash(),
		ConsensusHash: hash("consensus"), AppHash: hash("app"), LastResultsHash: hash("results"), EvidenceHash: hash("evidence"),
		ProposerAddress: vals.Validators[0].Address,
	}
	header.Version.Block = 11
	blockID := types.BlockID{Hash: header.Hash(), PartSetHeader: types.PartSetHeader{Total: 1, Hash: hash("parts")}}
	commit := &types.Commit{Height: h, BlockID: blockID, Signatures: make([]types.CommitSig, len(vals.Validators))}
	for i, v := range vals.Validators {
		commit.Signatures[i] = types.NewCommitSigAbsent()
		for _, s := range by {
			if s.key.PubKey().Address().String() == v.Address.String() {
				commit.Signatures[i] = sign(tb, s, int32(i), h, blockID, header.Time)
			}
		}
	}
	return &types.LightBlock{SignedHeader: &types.SignedHeader{Header: header, Commit: commit}, ValidatorSet: vals}
}

func sign(tb testing.TB, v validator, index int32, h int64, b types.BlockID, at time.Time) types.CommitSig {
	tb.Helper()
	vote := &types.Vote{
		Type: cmtproto.PrecommitType, Height: h, BlockID: b, Timestamp: at,
		ValidatorAddress: v.key.PubKey().Address(), ValidatorIndex: index,
	}
	sig, err := v.key.Sign(types.VoteSignBytes(testChain, vote.ToProto()))
	if err != nil {
		tb.Fatal(err)
	}
	return types.CommitSig{BlockIDFlag: types.BlockIDFlagCommit, ValidatorAddress: vote.ValidatorAddress, Timestamp: at, Signature: sig}
}

// source serves the chain; the newest block is the highest.
func (f *fake) source(_ context.Context, height int64) (*types.LightBlock, error) {
	f.asked++
	if height == 0 {
		height = slices.Max(slices.Collect(maps.Keys(f.blocks)))
	}
	if b := f.blocks[height]; b != nil {
		return b, nil
	}
	return nil, ErrFuture
}

func newFake() *fake { return &fake{blocks: map[int64]*types.LightBlock{}} }

// copyTo is another chain with the same blocks up to a height.
func (f *fake) copyTo(height int64) *fake {
	out := newFake()
	for h, b := range f.blocks {
		if h <= height {
			out.blocks[h] = b
		}
	}
	return out
}

func four() []validator {
	return []validator{validatorOf("a", 10), validatorOf("b", 10), validatorOf("c", 10), validatorOf("d", 10)}
}

func fixed(vals []validator) func(int64) []validator {
	return func(int64) []validator { return vals }
}

// steady is a chain of four that never change.
func steady(tb testing.TB, last int64) *fake {
	tb.Helper()
	f := newFake()
	f.grow(tb, 1, last, fixed(four()), "")
	return f
}

// options trust block 1 of a chain, at the time of a block.
func options(f *fake, now int64, sources ...Source) Options {
	return Options{
		Chain: testChain, Root: Root{Height: 1, Hash: f.blocks[1].Hash()}, Sources: sources,
		Now: func() time.Time { return begin.Add(time.Duration(now) * time.Second) },
	}
}
