package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	dbm "github.com/cometbft/cometbft-db"
	engstore "github.com/cometbft/cometbft/store"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

// archive is what a stopped node has on disk.
type archive struct {
	name   string
	db     dbm.DB
	blocks *engstore.BlockStore
}

func openArchive(name string, c node.Config) (*archive, error) {
	db, err := dbm.NewDB("blockstore", dbm.GoLevelDBBackend, filepath.Join(c.Home, "data"))
	if err != nil {
		return nil, fmt.Errorf("%s: its blocks cannot be opened: %w", name, err)
	}
	return &archive{name: name, db: db, blocks: engstore.NewBlockStore(db)}, nil
}

// openArchives opens the blocks of all nodes of a cluster that has stopped.
func (c *cluster) openArchives() (all []*archive, err error) {
	for i, conf := range c.net.Nodes {
		a, err := openArchive(c.nodes[i].name, conf)
		if err != nil {
			closeArchives(all)
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

func closeArchives(all []*archive) {
	for _, a := range all {
		_ = a.db.Close() // nothing was written
	}
}

// compared is what comparing whole chains has shown.
type compared struct {
	heights  int64 // that at least two nodes have
	evidence int   // pieces of it in blocks
	rounds   int   // blocks that needed more than one round
	largest  int   // bytes of the largest block
	txs      int64
}

// compareChains holds the blocks of all nodes against each other at every height, by the hash of the block, which binds
// the state's hash of the block before, and by the hash that the engine stored.
func compareChains(all []*archive) (out compared, err error) {
	var top int64
	for _, a := range all {
		top = max(top, a.blocks.Height())
	}
	for h := int64(1); h <= top; h++ {
		metas := map[string]*types.BlockMeta{}
		for _, a := range all {
			if m := a.blocks.LoadBlockMeta(h); m != nil {
				metas[a.name] = m
			} else if h <= a.blocks.Height() && h >= a.blocks.Base() {
				return out, fmt.Errorf("%s has no block %d, and has %d", a.name, h, a.blocks.Height())
			}
		}
		if err := sameBlock(h, metas); err != nil {
			return out, err
		}
		out.heights++
	}
	return out, out.count(all)
}

func sameBlock(h int64, metas map[string]*types.BlockMeta) error {
	var name string
	var first *types.BlockMeta
	for n, m := range metas {
		if first == nil {
			name, first = n, m
		}
		if !bytes.Equal(m.BlockID.Hash, first.BlockID.Hash) || !bytes.Equal(m.Header.AppHash, first.Header.AppHash) || !bytes.Equal(m.Header.Hash(), m.BlockID.Hash) {
			return fmt.Errorf("FORK at height %d: %s has %X with state %X, %s has %X with state %X",
				h, name, first.BlockID.Hash, first.Header.AppHash, n, m.BlockID.Hash, m.Header.AppHash)
		}
	}
	return nil
}

// count adds up what one whole chain holds.
func (c *compared) count(all []*archive) error {
	longest := all[0]
	for _, a := range all {
		if a.blocks.Height() > longest.blocks.Height() {
			longest = a
		}
	}
	for h := max(1, longest.blocks.Base()); h <= longest.blocks.Height(); h++ {
		b := longest.blocks.LoadBlock(h)
		if b == nil {
			return fmt.Errorf("%s has no block %d", longest.name, h)
		}
		c.evidence += len(b.Evidence.Evidence)
		c.largest, c.txs = max(c.largest, b.Size()), c.txs+int64(len(b.Txs))
		if b.LastCommit != nil && b.LastCommit.Round > 0 {
			c.rounds++
		}
	}
	return nil
}

// holds tells whether the archive has a transaction in the block of a height.
func (a *archive) holds(height int64, body id.ID) bool {
	b := a.blocks.LoadBlock(height)
	if b == nil {
		return false
	}
	for _, raw := range b.Txs {
		tx := &txv1.Transaction{}
		if proto.Unmarshal(raw, tx) == nil && txv1.Hash(tx.Body) == body {
			return true
		}
	}
	return false
}

// verifyAll has 'tallyd verify' replay every stopped node, each by itself, and compares what comes out at equal heights.
func (c *cluster) verifyAll(ctx context.Context, program string) error {
	found, errs := make([]node.Verification, len(c.net.Nodes)), make([]error, len(c.net.Nodes))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, conf := range c.net.Nodes {
		g.Go(func() error {
			if found[i], errs[i] = verify(ctx, program, conf.Home); errs[i] != nil {
				errs[i] = fmt.Errorf("%s does not verify: %w", c.nodes[i].name, errs[i])
			}
			return nil
		})
	}
	_ = g.Wait() // each has its own error
	return errors.Join(append(errs, sameStates(found))...)
}

func verify(ctx context.Context, program, home string) (v node.Verification, err error) {
	out, err := output(ctx, "", program, "verify", "--home", home)
	if err == nil {
		err = json.NewDecoder(strings.NewReader(out)).Decode(&v)
	}
	return v, err
}

// sameStates judges that replays which ended at one height came to one state.
func sameStates(found []node.Verification) error {
	states := map[int64]string{}
	for _, v := range found {
		if was, ok := states[v.Height]; ok && was != v.AppHash {
			return fmt.Errorf("at height %d the blocks of one node lead to state %s, those of another to %s", v.Height, v.AppHash, was)
		}
		states[v.Height] = v.AppHash
	}
	return nil
}
