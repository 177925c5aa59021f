package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	dbm "github.com/cometbft/cometbft-db"
	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	engstore "github.com/cometbft/cometbft/store"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/kernel/id"
)

// Verification is what a replay of a node's blocks has shown.
type Verification struct {
	Blocks       int64 `json:"blocks"`
	Transactions int64 `json:"transactions"`
	// Height and AppHash are of the last block whose result a header confirms.
	Height  int64  `json:"height"`
	AppHash string `json:"app_hash"`
}

// Verify replays every block of a node from genesis into a fresh state and checks, at each height: the header's
// hash, the commit of more than two thirds of the validators, the results' hash, the state's hash, and every
// invariant. The node must not run. progress is called after each block.
func Verify(c Config, progress func(done, all int64)) (Verification, error) {
	genesis, err := types.GenesisDocFromFile(c.GenesisFile())
	if err != nil {
		return Verification{}, err
	}
	db, err := dbm.NewDB("blockstore", dbm.GoLevelDBBackend, c.path("data"))
	if err != nil {
		return Verification{}, fmt.Errorf("the blocks cannot be opened; is the node still running? %w", err)
	}
	defer db.Close() //nolint:errcheck // nothing was written
	dir, err := os.MkdirTemp("", "tallyd-verify-")
	if err != nil {
		return Verification{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	v := &verifier{blocks: engstore.NewBlockStore(db), genesis: genesis}
	if base := v.blocks.Base(); base > 1 {
		return Verification{}, fmt.Errorf("this node keeps blocks from height %d on: verify on one that keeps all", base)
	}
	if err := v.readOwn(c); err != nil {
		return Verification{}, err
	}
	o := c.options(genesis.ChainID, nil)
	o.Store.Dir, o.Store.NoSync = dir, true
	if v.app, err = app.Open(o); err != nil {
		return Verification{}, err
	}
	err = v.run(progress)
	return v.out, errors.Join(err, v.app.Close())
}

type verifier struct {
	blocks  *engstore.BlockStore
	genesis *types.GenesisDoc
	app     *app.App
	out     Verification
	// Of the block that is judged.
	id     types.BlockID
	commit *types.Commit
	// What the next header must say.
	appHash, resultsHash []byte
	protocol             uint64
	validators           *types.ValidatorSet
	next                 *types.ValidatorSet
	// The node's own state.
	ownHeight  int64
	ownRoot    []byte
	ownContent id.ID
}

// readOwn reads what the node's own state is.
func (v *verifier) readOwn(c Config) error {
	own, err := app.Open(c.options(v.genesis.ChainID, nil))
	if err != nil {
		return fmt.Errorf("the node's state cannot be opened; is the node still running? %w", err)
	}
	v.ownHeight, v.ownRoot, v.ownContent = own.Digest()
	// A node that was killed may have stored a block that its state has not: the engine runs it at the next start.
	if last := v.blocks.Height(); v.ownHeight != last && v.ownHeight != last-1 {
		err = fmt.Errorf("the node's state is of height %d, its last block is %d", v.ownHeight, last)
	}
	return errors.Join(err, own.Close())
}

// compare holds the node's own state against the replay's at its height: root, and every record.
func (v *verifier) compare() error {
	h, root, content := v.app.Digest()
	if h == v.ownHeight && (!bytes.Equal(v.ownRoot, root) || v.ownContent != content) {
		return fmt.Errorf("the node's state (root %X) is not what its blocks lead to (root %X)", v.ownRoot, root)
	}
	return nil
}

func (v *verifier) run(progress func(done, all int64)) error {
	if err := v.start(); err != nil {
		return err
	}
	last := v.blocks.Height()
	for h := int64(1); h <= last; h++ {
		b, err := v.load(h)
		if err == nil {
			err = v.check(b)
		}
		if err != nil {
			return fmt.Errorf("block %d: %w", h, err)
		}
		if err := v.replay(b); err != nil {
			return fmt.Errorf("block %d: %w", h, err)
		}
		if err := v.compare(); h == v.ownHeight && err != nil {
			return err
		}
		progress(h, last)
	}
	return nil
}

func paramsOf(g *types.GenesisDoc) *cmtproto.ConsensusParams {
	p := g.ConsensusParams.ToProto()
	return &p
}

func (v *verifier) start() error {
	doc := make([]*types.Validator, len(v.genesis.Validators))
	for i, val := range v.genesis.Validators {
		doc[i] = types.NewValidator(val.PubKey, val.Power)
	}
	r, err := app.NewABCI(v.app).InitChain(context.Background(), &abci.RequestInitChain{
		Validators: types.TM2PB.ValidatorUpdates(types.NewValidatorSet(doc)),
		ChainId:    v.genesis.ChainID, Time: v.genesis.GenesisTime, AppStateBytes: v.genesis.AppState,
		InitialHeight: v.genesis.InitialHeight, ConsensusParams: paramsOf(v.genesis),
	})
	if err != nil {
		return err
	}
	v.appHash, v.protocol = r.AppHash, max(1, r.ConsensusParams.GetVersion().GetApp())
	v.resultsHash = types.NewResults(nil).Hash()
	updates, err := types.PB2TM.ValidatorUpdates(r.Validators)
	if err != nil {
		return err
	}
	if len(updates) == 0 {
		return errors.New("the genesis makes no validators")
	}
	v.validators = types.NewValidatorSet(updates)
	v.next = v.validators.CopyIncrementProposerPriority(1)
	return nil
}

// load reads a block; the engine panics on one that does not decode.
func (v *verifier) load(height int64) (b *types.Block, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be read: %v", p)
		}
	}()
	if b = v.blocks.LoadBlock(height); b == nil {
		return nil, errors.New("it is missing")
	}
	return b, v.stored(b)
}

// stored judges what the engine keeps beside a block and hands out: its header, commit, and parts with their proofs.
func (v *verifier) stored(b *types.Block) error {
	meta := v.blocks.LoadBlockMeta(b.Height)
	if v.commit = v.blocks.LoadSeenCommit(b.Height); b.Height < v.blocks.Height() {
		v.commit = v.blocks.LoadBlockCommit(b.Height)
	}
	if meta == nil || v.commit == nil {
		return errors.New("its header or commit is missing")
	}
	parts, err := b.MakePartSet(types.BlockPartSizeBytes)
	if err != nil {
		return err
	}
	v.id = types.BlockID{Hash: b.Hash(), PartSetHeader: parts.Header()}
	if !meta.BlockID.Equals(v.id) || !bytes.Equal(meta.Header.Hash(), b.Hash()) || meta.BlockSize != b.Size() || meta.NumTxs != len(b.Txs) {
		return errors.New("its stored header is not the block's")
	}
	for i := range int(parts.Total()) {
		p := v.blocks.LoadBlockPart(b.Height, i)
		if p == nil || p.Proof.Verify(v.id.PartSetHeader.Hash, p.Bytes) != nil {
			return fmt.Errorf("its stored part %d is not the block's", i)
		}
	}
	return nil
}

// check judges a block against what the blocks before it have led to.
func (v *verifier) check(b *types.Block) error {
	if err := b.ValidateBasic(); err != nil {
		return err
	}
	switch {
	case !bytes.Equal(b.AppHash, v.appHash):
		return fmt.Errorf("its header has state hash %X, the replay gives %X", b.AppHash, v.appHash)
	case b.Version.App != v.protocol:
		return fmt.Errorf("its header has protocol %d, the replay gives %d", b.Version.App, v.protocol)
	case !bytes.Equal(b.ConsensusHash, v.genesis.ConsensusParams.Hash()):
		return fmt.Errorf("its header has parameters hash %X, the genesis gives %X", b.ConsensusHash, v.genesis.ConsensusParams.Hash())
	case b.Height == 1 && !b.Time.Equal(v.genesis.GenesisTime):
		return fmt.Errorf("its time is %s, the genesis's is %s", b.Time, v.genesis.GenesisTime)
	case !bytes.Equal(b.LastResultsHash, v.resultsHash):
		return fmt.Errorf("its header has results hash %X, the replay gives %X", b.LastResultsHash, v.resultsHash)
	case !bytes.Equal(b.ValidatorsHash, v.validators.Hash()):
		return fmt.Errorf("its header has validators hash %X, the replay gives %X", b.ValidatorsHash, v.validators.Hash())
	case !bytes.Equal(b.NextValidatorsHash, v.next.Hash()):
		return fmt.Errorf("its header has next validators hash %X, the replay gives %X", b.NextValidatorsHash, v.next.Hash())
	}
	return v.validators.VerifyCommitLight(v.genesis.ChainID, v.id, b.Height, v.commit)
}

func (v *verifier) replay(b *types.Block) error {
	r, err := app.NewABCI(v.app).FinalizeBlock(context.Background(), &abci.RequestFinalizeBlock{
		Height: b.Height, Time: b.Time, Txs: b.Txs.ToSliceOfBytes(), Hash: b.Hash(), Misbehavior: b.Evidence.Evidence.ToABCI(),
	})
	if err != nil {
		return err
	}
	if _, err := app.NewABCI(v.app).Commit(context.Background(), &abci.RequestCommit{}); err != nil {
		return err
	}
	if err := v.app.CheckInvariants(); err != nil {
		return err
	}
	v.out.Blocks, v.out.Transactions = v.out.Blocks+1, v.out.Transactions+int64(len(b.Txs))
	v.out.Height, v.out.AppHash = b.Height-1, fmt.Sprintf("%X", v.appHash)
	if p := r.ConsensusParamUpdates.GetVersion().GetApp(); p != 0 {
		v.protocol = p
	}
	v.appHash, v.resultsHash = r.AppHash, types.NewResults(r.TxResults).Hash()
	return v.advance(r.ValidatorUpdates)
}

// advance is the engine's rule: an update of block h counts from h+2 on.
func (v *verifier) advance(updates []abci.ValidatorUpdate) error {
	changes, err := types.PB2TM.ValidatorUpdates(updates)
	if err != nil {
		return err
	}
	next := v.next.Copy()
	if len(changes) > 0 {
		if err := next.UpdateWithChangeSet(changes); err != nil {
			return err
		}
	}
	next.IncrementProposerPriority(1)
	v.validators, v.next = v.next, next
	return nil
}

// Export writes the state of a node that does not run as a genesis for a chain that goes on from it, with a digest
// of its content.
func Export(c Config) (state []byte, content string, height int64, err error) {
	genesis, err := types.GenesisDocFromFile(c.GenesisFile())
	if err != nil {
		return nil, "", 0, err
	}
	a, err := app.Open(c.options(genesis.ChainID, nil))
	if err != nil {
		return nil, "", 0, fmt.Errorf("the state cannot be opened; is the node still running? %w", err)
	}
	b, digest, err := a.Export()
	return b, digest.String(), a.Status().Height, errors.Join(err, a.Close())
}
