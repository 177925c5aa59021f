package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	dbm "github.com/cometbft/cometbft-db"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/state"
	engstore "github.com/cometbft/cometbft/store"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/store"
	"github.com/syndtr/goleveldb/leveldb/opt"
)

// stored is what a stopped node has on disk.
type stored struct {
	genesis    *types.GenesisDoc   // what the engine began from
	validators *types.ValidatorSet // of the next block
	peers      []string            // members' nodes; nil before the first block
	height     int64               // of the state
	blocks     int64               // the last one that is stored
	signed     func(address []byte) (height int64)
	err        error              // why it cannot be read
	upgrade    *app.UpgradeNeeded // the next block is beyond this program
	dbs        []dbm.DB
}

// The caches of a look at the state.
const lookCacheMiB = 32

// openStored reads what a stopped node has; nil where it has nothing yet.
func openStored(p *patient) *stored {
	if _, err := os.Stat(p.config.StateDir()); err != nil {
		return nil
	}
	s := &stored{signed: func([]byte) int64 { return 0 }}
	s.err = errors.Join(s.openEngine(filepath.Dir(p.config.StateDir())), s.openState(p))
	return s
}

func (s *stored) close() {
	for _, db := range s.dbs {
		_ = db.Close() // nothing was written
	}
}

// openState opens the state as the node does, which finishes what a kill left half done.
func (s *stored) openState(p *patient) (err error) {
	doc := p.genesis
	if doc == nil {
		doc = s.genesis
	}
	if doc == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the state cannot be read: %v", r)
		}
	}()
	a, err := app.Open(app.Options{
		Chain: doc.ChainID, Fail: func(string) {},
		Store: store.Options{
			Dir: p.config.StateDir(), NodeCacheMiB: lookCacheMiB, BlockCacheMiB: lookCacheMiB, WriteBufferMiB: lookCacheMiB,
			KeepVersions: int64(p.config.ProofHeights),
		},
	})
	if err != nil {
		return err
	}
	if s.height = a.Status().Height; s.height > 0 {
		s.peers, s.upgrade = a.RegisteredPeers(), a.UpgradeNeeded()
	}
	return a.Close()
}

// genesisDocKey is where the engine keeps what it began from.
var genesisDocKey = []byte("genesisDoc")

// openEngine reads the engine's databases without writing to them.
func (s *stored) openEngine(dir string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the engine's databases cannot be read: %v", r)
		}
	}()
	states, err := s.open(dir, "state")
	if err != nil || states == nil {
		return err
	}
	if b, err := states.Get(genesisDocKey); err == nil && len(b) > 0 {
		doc := &types.GenesisDoc{}
		if cmtjson.Unmarshal(b, doc) == nil {
			s.genesis = doc
		}
	}
	st, err := state.NewStore(states, state.StoreOptions{}).Load()
	if err != nil {
		return fmt.Errorf("the engine's state cannot be read: %w", err)
	}
	if st.Validators != nil && !st.IsEmpty() {
		s.validators = st.Validators
	}
	blocks, err := s.open(dir, "blockstore")
	if err != nil || blocks == nil {
		return err
	}
	s.readBlocks(engstore.NewBlockStore(blocks))
	return nil
}

func (s *stored) readBlocks(b *engstore.BlockStore) {
	s.blocks = b.Height()
	s.signed = func(address []byte) int64 {
		if c := b.LoadSeenCommit(s.blocks); c != nil && signedHeight(c, address) > 0 {
			return s.blocks
		}
		for h := s.blocks - 1; h > max(0, s.blocks-commitsBack); h-- {
			if c := b.LoadBlockCommit(h); c != nil && signedHeight(c, address) > 0 {
				return h
			}
		}
		return 0
	}
}

// commitsBack is how many commits are searched for a validator's signature: one that was late is in none or in some.
const commitsBack = 6

// signedHeight is the height of a commit that has a validator's signature; 0 where it has not.
func signedHeight(c *types.Commit, address []byte) int64 {
	for _, sig := range c.Signatures {
		if sig.BlockIDFlag == types.BlockIDFlagCommit && bytes.Equal(sig.ValidatorAddress, address) {
			return c.Height
		}
	}
	return 0
}

// open opens one of the engine's databases; nil where there is none.
func (s *stored) open(dir, name string) (dbm.DB, error) {
	if _, err := os.Stat(filepath.Join(dir, name+".db")); err != nil {
		return nil, nil //nolint:nilnil // a node that has not started yet
	}
	db, err := dbm.NewGoLevelDBWithOpts(name, dir, &opt.Options{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("%s.db: %w", name, err)
	}
	s.dbs = append(s.dbs, db)
	return db, nil
}

// differ says how two genesis files differ; empty where they are of one chain.
func differ(a, b *types.GenesisDoc) string {
	var x, y bytes.Buffer
	switch {
	case a.ChainID != b.ChainID:
		return fmt.Sprintf("chain %s, not %s", b.ChainID, a.ChainID)
	case !a.GenesisTime.Equal(b.GenesisTime):
		return fmt.Sprintf("it began at %s, not at %s", b.GenesisTime, a.GenesisTime)
	case !bytes.Equal(a.ValidatorHash(), b.ValidatorHash()):
		return "it began with other validators"
	case json.Compact(&x, a.AppState) != nil || json.Compact(&y, b.AppState) != nil || !bytes.Equal(x.Bytes(), y.Bytes()):
		return "it began with another app_state"
	}
	return ""
}
