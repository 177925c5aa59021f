package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	cfg "github.com/cometbft/cometbft/config"
	sm "github.com/cometbft/cometbft/state"
	engstore "github.com/cometbft/cometbft/store"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/files"
	"github.com/splittally/splittally/app/node/headers"
)

// CreateSnapshot makes a snapshot of the newest height of a node that does not run; one that runs makes its own, by
// snapshot_every_blocks.
func CreateSnapshot(c Config) (m app.Manifest, err error) {
	a, _, err := c.openState()
	if err != nil {
		return m, err
	}
	s, err := a.OpenSnapshots(c.snapshots())
	if err == nil {
		m, err = s.Create()
	}
	return m, errors.Join(err, a.Close())
}

// openState opens the state of a node that does not run.
func (c Config) openState() (*app.App, *types.GenesisDoc, error) {
	genesis, err := types.GenesisDocFromFile(c.GenesisFile())
	if err != nil {
		return nil, nil, fmt.Errorf("the genesis file cannot be read; put the network's there: %w", err)
	}
	a, err := app.Open(c.options(genesis.ChainID, nil))
	if err != nil {
		return nil, nil, fmt.Errorf("the state cannot be opened; is the node still running? %w", err)
	}
	return a, genesis, nil
}

// ListSnapshots lists a node's complete snapshots, newest first; the node may run.
func ListSnapshots(c Config) ([]app.Manifest, error) {
	genesis, err := types.GenesisDocFromFile(c.GenesisFile())
	if err != nil {
		return nil, err
	}
	return app.SnapshotsIn(c.snapshots().Dir, genesis.ChainID)
}

// ExportSnapshot writes a snapshot, the newest at height 0, into a new file; the node may run.
func ExportSnapshot(c Config, height int64, file string) (app.Manifest, error) {
	all, err := ListSnapshots(c)
	if err != nil {
		return app.Manifest{}, err
	}
	for _, m := range all {
		if height == 0 || m.Height == height {
			return m, files.Create(file, func(w io.Writer) error { return app.ExportSnapshot(w, c.snapshots().Dir, m) })
		}
	}
	return app.Manifest{}, fmt.Errorf("%w: 'tallyd snapshot list' shows what there is, 'tallyd snapshot create' makes one", app.ErrNoSnapshot)
}

// RestoreSnapshot lets a node without blocks begin from a snapshot file. The file is held against headers that two members'
// gates show; the configuration names both, and what the operator trusts. Killed in between, it is begun anew.
func RestoreSnapshot(ctx context.Context, c Config, file io.Reader, progress func(done, all int)) (m app.Manifest, err error) {
	if c.StateSyncTrustHeight == 0 {
		return m, fieldError("state_sync_trust_height", "a snapshot is believed only by a header of the network: set it with state_sync_trust_hash and state_sync_gates")
	}
	f, err := app.ReadSnapshot(file)
	if err != nil {
		return m, err
	}
	a, genesis, err := c.openState()
	if err != nil {
		return f.Manifest, err
	}
	return f.Manifest, errors.Join(c.restore(ctx, a, genesis, f, progress), a.Close())
}

func (c Config) restore(ctx context.Context, a *app.App, genesis *types.GenesisDoc, f *app.SnapshotFile, progress func(done, all int)) error {
	dbs := &databases{}
	e, err := openEngine(c.Engine(), dbs)
	if err != nil {
		return errors.Join(err, dbs.close())
	}
	gates, err := c.Gates()
	if err != nil {
		return errors.Join(err, dbs.close())
	}
	source := headers.New(genesis.ChainID, c.trust(), gates)
	defer source.Close()
	p := headers.NewProvider(source, genesis, func(string, error) {})
	err = e.begin(ctx, p, f.Height, func(trusted []byte) error { return a.RestoreFile(ctx, f, trusted, progress) })
	return errors.Join(err, dbs.close())
}

// engineStores are the engine's own, of a node that has not begun.
type engineStores struct {
	state  sm.Store
	blocks *engstore.BlockStore
}

func openEngine(e *cfg.Config, dbs *databases) (*engineStores, error) {
	blocks, err := dbs.open(&cfg.DBContext{ID: "blockstore", Config: e})
	if err != nil {
		return nil, fmt.Errorf("the blocks cannot be opened; is the node still running? %w", err)
	}
	state, err := dbs.open(&cfg.DBContext{ID: "state", Config: e})
	if err != nil {
		return nil, err
	}
	s := &engineStores{state: sm.NewStore(state, sm.StoreOptions{DiscardABCIResponses: e.Storage.DiscardABCIResponses}), blocks: engstore.NewBlockStore(blocks)}
	had, err := s.state.Load()
	if err == nil && (had.LastBlockHeight > 0 || s.blocks.Height() > 0) {
		err = fmt.Errorf("this node has blocks up to %d: a snapshot begins a new one", max(had.LastBlockHeight, s.blocks.Height()))
	}
	return s, err
}

// begin asks for all headers first, takes the snapshot in, and tells the engine last where it stands.
func (s *engineStores) begin(ctx context.Context, p *headers.Provider, height int64, restore func(root []byte) error) error {
	state, err := p.State(ctx, uint64(height))
	if err != nil {
		return fmt.Errorf("the headers of heights %d to %d are needed, and the network must have come so far: %w", height, height+2, err)
	}
	commit, err := p.Commit(ctx, uint64(height))
	if err != nil {
		return err
	}
	if err := restore(bytes.Clone(state.AppHash)); err != nil {
		return err
	}
	if err := s.state.Bootstrap(state); err != nil {
		return err
	}
	return errors.Join(s.blocks.SaveSeenCommit(height, commit), s.state.SetOfflineStateSyncHeight(height))
}
