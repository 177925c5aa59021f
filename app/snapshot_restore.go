package app

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel"
)

// restoring is a snapshot that is being taken in. Nothing in it is believed: a chunk is held against the manifest, the
// values against the tree, the tree against the root in a header; lists are made from the values, and a preimage is found
// by the hash that it has.
type restoring struct {
	app   *App
	m     Manifest
	imp   *store.Import
	items items
	next  int // chunk
	kept  uint64
	ended bool
}

var (
	errChunk = errors.New("the chunk is not the one that the manifest names")
	// errOther is a snapshot of something else: the snapshot is refused, not its format.
	errOther = errors.New("the snapshot is of another chain or state")
)

func (a *App) beginRestore(m Manifest, trusted []byte) (*restoring, error) {
	switch {
	case m.Chain != a.o.Chain:
		return nil, fmt.Errorf("%w: it is of chain %.100q, this node is set to %q", errOther, m.Chain, a.o.Chain)
	case !bytes.Equal(m.Root, trusted):
		return nil, fmt.Errorf("%w: its root at height %d is %x, the header's is %x", errOther, m.Height, m.Root, trusted)
	}
	imp, err := a.store.BeginImport(m.Height, trusted, m.RootNode)
	if err != nil {
		return nil, err
	}
	return &restoring{app: a, m: m, imp: imp}, a.adopt()
}

// add takes the next chunk; the last one makes the snapshot the node's state.
func (r *restoring) add(chunk []byte) error {
	if r.next >= len(r.m.Chunks) || sha256.Sum256(chunk) != r.m.Chunks[r.next] || len(chunk) > snapshotChunkBytes {
		return errChunk
	}
	r.next++
	r.items.feed(chunk)
	for {
		it, ok, err := r.items.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := r.item(it); err != nil {
			return err
		}
	}
	if r.next < len(r.m.Chunks) {
		return nil
	}
	return r.finish()
}

func (r *restoring) item(it item) error {
	switch {
	case r.ended, it.kind < itemKept && r.kept > 0:
		return fmt.Errorf("%w: an item out of order", store.ErrSnapshot)
	case it.kind == itemKept:
		return r.preimage(it.kept)
	case it.kind == itemEnd:
		if r.ended = true; it.count != r.kept {
			return fmt.Errorf("%w: %d preimages, %d were told", store.ErrSnapshot, r.kept, it.count)
		}
		return nil
	}
	if err := r.imp.Add(it.node); err != nil || it.kind != itemLeaf {
		return err
	}
	return r.lists(it.node)
}

func (r *restoring) lists(n store.Node) error {
	changes, err := r.app.index.ImportLists(n.Key, n.Value)
	if err != nil {
		return fmt.Errorf("%w: a value that is no record: %w", store.ErrSnapshot, err)
	}
	return r.imp.Side(sideChanges(changes))
}

func (r *restoring) preimage(b []byte) error {
	if r.kept > uint64(^uint32(0)) {
		return fmt.Errorf("%w: too many preimages", store.ErrSnapshot)
	}
	changes, err := index.ImportPreimage(uint32(r.kept), b)
	if err != nil {
		return err
	}
	r.kept++
	return r.imp.Side(sideChanges(changes))
}

func (r *restoring) finish() error {
	if !r.ended || len(r.items.rest) > 0 {
		return fmt.Errorf("%w: it ends early, or goes on behind its end", store.ErrSnapshot)
	}
	if err := r.imp.Commit(); err != nil {
		return err
	}
	return r.app.adopt()
}

func (r *restoring) abort() error { return errors.Join(r.imp.Abort(), r.app.adopt()) }

// adopt makes what is on disk the state that readers and the next block see.
func (a *App) adopt() error {
	a.idsMu.Lock()
	a.ids = kernel.LoadIDs(a.machine.View(a.store, kernel.Info{}))
	a.idsMu.Unlock()
	return a.moveHead(0)
}

// offer judges a snapshot that a peer offers; root is from a header that the node has verified.
func (s *Snapshots) offer(snapshot *abci.Snapshot, root []byte) abci.ResponseOfferSnapshot_Result {
	if snapshot.GetFormat() != SnapshotFormat {
		return abci.ResponseOfferSnapshot_REJECT_FORMAT
	}
	if s.restore != nil { // the engine gave it up
		if err := s.restore.abort(); err != nil {
			s.log.Error("what was taken in of a snapshot cannot be thrown away", "err", err)
			return abci.ResponseOfferSnapshot_ABORT
		}
		s.restore = nil
	}
	m, err := ParseManifest(snapshot.Metadata)
	if err == nil && (uint64(m.Height) != snapshot.Height || int(snapshot.Chunks) != len(m.Chunks) || !bytes.Equal(snapshot.Hash, m.Hash())) {
		err = errManifest
	}
	if err == nil {
		s.restore, err = s.app.beginRestore(m, root)
	}
	switch {
	case err == nil:
		s.log.Info("a snapshot is taken in", "height", m.Height, "bytes", m.Bytes, "chunks", len(m.Chunks))
		return abci.ResponseOfferSnapshot_ACCEPT
	case errors.Is(err, errOther), errors.Is(err, errManifest), errors.Is(err, ErrSnapshotFormat), errors.Is(err, store.ErrSnapshot):
		s.log.Warn("refused a snapshot", "height", snapshot.Height, "err", err)
		return abci.ResponseOfferSnapshot_REJECT_SENDER
	}
	s.log.Error("no snapshot can be taken in", "err", err)
	return abci.ResponseOfferSnapshot_ABORT
}

// apply takes a chunk from a peer. A chunk that is not the manifest's is asked for elsewhere; a snapshot that is wrong in
// itself is refused with whom it came from.
func (s *Snapshots) apply(number uint32, chunk []byte, sender string) *abci.ResponseApplySnapshotChunk {
	r := s.restore
	if r == nil {
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ABORT}
	}
	if int(number) != r.next {
		// After chunks were asked for again the engine may hand some over a second time.
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}
	}
	err := r.add(chunk)
	switch {
	case err == nil:
		if r.next == len(r.m.Chunks) {
			s.log.Info("the snapshot is the node's state", "height", r.m.Height)
			s.restore = nil
		}
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}
	case errors.Is(err, errChunk):
		s.log.Warn("refused a chunk", "chunk", number, "peer", sender)
		return &abci.ResponseApplySnapshotChunk{
			Result: abci.ResponseApplySnapshotChunk_RETRY, RefetchChunks: []uint32{number}, RejectSenders: []string{sender},
		}
	}
	s.restore = nil
	if bad := r.abort(); bad != nil || !errors.Is(err, store.ErrSnapshot) {
		s.log.Error("the snapshot cannot be taken in", "err", errors.Join(err, bad))
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ABORT}
	}
	s.log.Warn("refused a snapshot", "height", r.m.Height, "peer", sender, "err", err)
	return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT, RejectSenders: []string{sender}}
}
