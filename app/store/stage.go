package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb/opt"
)

// Change sets a key, or deletes it if Value is nil. An empty Value that is not nil is a value.
type Change struct{ Key, Value []byte }

const (
	// KeyBytesMax bounds a key.
	KeyBytesMax = 1 << 10
	// ValueBytesMax bounds a value, and that of a side record.
	ValueBytesMax = 16 << 20
	// BlockBytesMax bounds all keys and values of a block, side records too, and what they replace.
	BlockBytesMax = 1 << 30
	// prunedMax bounds how many versions one block prunes, after the window was made smaller.
	prunedMax = 16
)

// Stage applies a block's changes to the tree and gives the root that Commit will make the head's; nothing is on disk yet.
// changes are sorted by key, each key once, at least one; to delete an absent key is an error. The tree has the SHA-256 of
// the value. side are the side records of the block, written with it in their order. Nothing of both is used after Stage
// returns. What was staged before and not committed is given up; after an error nothing is staged.
func (s *Store) Stage(height, blockTimeUnixS int64, changes, side []Change) (root []byte, err error) {
	if s.failed != nil {
		return nil, fmt.Errorf("stage height %d: %w", height, s.failed)
	}
	s.unstage()
	if err := s.checkBlock(height, changes, side); err != nil {
		return nil, fmt.Errorf("stage height %d: %w", height, err)
	}
	s.undo = newUndo(height, blockTimeUnixS, undoSizeHint(changes))
	for _, c := range changes {
		if err := s.stageChange(c); err != nil {
			s.unstage()
			return nil, fmt.Errorf("stage height %d, key %x: %w", height, c.Key, err)
		}
	}
	s.batchChanges(prefixSide, side)
	s.root = s.tree.WorkingHash()
	return s.root, nil
}

func (s *Store) unstage() {
	if s.undo != nil {
		s.tree.Rollback()
		s.undo, s.root = nil, nil
	}
	s.batch.Reset()
}

func (s *Store) checkBlock(height int64, changes, side []Change) error {
	if head := s.Height(); height != head+1 {
		return fmt.Errorf("the head is %d: only height %d can be staged", head, head+1)
	}
	if len(changes) == 0 {
		return errors.New("no changes: a block changes at least one key")
	}
	size := 0
	for i, c := range changes {
		if i > 0 && bytes.Compare(changes[i-1].Key, c.Key) >= 0 {
			return fmt.Errorf("change %d: key %x is not above key %x of the change before it", i, c.Key, changes[i-1].Key)
		}
		if err := checkSize(c, &size); err != nil {
			return fmt.Errorf("change %d: %w", i, err)
		}
	}
	for i, c := range side {
		if err := checkSize(c, &size); err != nil {
			return fmt.Errorf("side record %d: %w", i, err)
		}
	}
	return nil
}

func checkSize(c Change, total *int) error {
	if len(c.Key) == 0 || len(c.Key) > KeyBytesMax {
		return fmt.Errorf("a key of %d bytes: it has 1 to %d", len(c.Key), KeyBytesMax)
	}
	if len(c.Value) > ValueBytesMax {
		return fmt.Errorf("a value of %d bytes: it has at most %d", len(c.Value), ValueBytesMax)
	}
	if *total += len(c.Key) + len(c.Value); *total > BlockBytesMax {
		return fmt.Errorf("the block's keys and values are over %d bytes", BlockBytesMax)
	}
	return nil
}

// undoSizeHint takes it that old and new values are of one size.
func undoSizeHint(changes []Change) int {
	const lengths = 4
	n := 0
	for _, c := range changes {
		n += len(c.Key) + len(c.Value) + lengths
	}
	return n
}

func (s *Store) stageChange(c Change) error {
	old, present := s.Get(c.Key)
	inTree, err := s.stageInTree(c)
	if err != nil {
		return err
	}
	if inTree != present {
		return fmt.Errorf("%w: value present %t, in the tree %t", errDamaged, present, inTree)
	}
	if c.Value == nil && !present {
		return errors.New("an absent key cannot be deleted")
	}
	if s.undo.add(c.Key, old, present); len(s.undo.blob) > BlockBytesMax {
		return fmt.Errorf("the values that the block replaces are over %d bytes", BlockBytesMax)
	}
	s.batchChanges(prefixValue, []Change{c})
	return nil
}

// stageInTree tells whether the key was in the tree before. The tree keeps the slices it is given, so they are its own.
func (s *Store) stageInTree(c Change) (bool, error) {
	if c.Value == nil {
		_, removed, err := s.tree.Remove(c.Key)
		return removed, err
	}
	hash := sha256.Sum256(c.Value)
	n := len(c.Key)
	leaf := append(append(make([]byte, 0, n+len(hash)), c.Key...), hash[:]...)
	return s.tree.Set(leaf[:n:n], leaf[n:])
}

func (s *Store) batchChanges(prefix byte, changes []Change) {
	var inline [rawKeyInline]byte
	for _, c := range changes {
		key := append(append(inline[:0], prefix), c.Key...)
		if c.Value == nil {
			s.batch.Delete(key)
		} else {
			s.batch.Put(key, c.Value)
		}
	}
}

// Commit makes what is staged the head, in one synced write. After an error the store takes no more blocks: it must be
// closed and opened again, which tells whether the block is on disk.
func (s *Store) Commit() error {
	if s.failed != nil {
		return fmt.Errorf("commit: %w", s.failed)
	}
	if s.undo == nil {
		return errors.New("commit: nothing is staged")
	}
	if err := s.commit(); err != nil {
		s.failed = fmt.Errorf("an earlier commit failed; close the store and open it again: %w", err)
		return fmt.Errorf("commit height %d: %w", s.undo.version, err)
	}
	s.undo, s.root = nil, nil
	s.batch.Reset()
	return nil
}

func (s *Store) commit() error {
	height := s.undo.version
	if _, _, err := s.tree.SaveVersion(); err != nil {
		return err
	}
	list, err := s.nodes.orphanList(height, s.orphans)
	if err != nil {
		return fmt.Errorf("orphans: %w", err)
	}
	s.orphans = list
	s.batch.Put(versionKey(prefixOrphans, height), list)
	s.batch.Put(versionKey(prefixUndo, height), s.undo.blob)
	s.window.push(s.undo)
	if err := s.batchPruning(); err != nil {
		return err
	}
	s.cache.beginCommit()
	if err := s.write(); err != nil {
		return err
	}
	if err := s.cache.endCommit(s.batch); err != nil {
		return err
	}
	s.window.setHead(height, s.root)
	return nil
}

// batchPruning deletes what only versions that leave the window need. The oldest goes at once from the window, where
// readers look first, and from the disk with the batch.
func (s *Store) batchPruning() error {
	for range prunedMax {
		u, ok := s.window.prune(s.options.limits())
		if !ok {
			return nil
		}
		if err := s.batchOrphans(u.version); err != nil {
			return err
		}
	}
	return nil
}

// batchOrphans deletes the nodes that ended with the version before, and the two records about it.
func (s *Store) batchOrphans(version int64) error {
	listKey := versionKey(prefixOrphans, version)
	list, err := s.ldb.Get(listKey, nil)
	if err != nil {
		return fmt.Errorf("%w: the list of orphans of version %d: %w", errDamaged, version, err)
	}
	key := make([]byte, 0, 1+len(nodeID{}))
	err = eachOrphan(version, list, func(id nodeID) { s.batch.Delete(id.appendKey(key[:0])) })
	s.batch.Delete(listKey)
	s.batch.Delete(versionKey(prefixUndo, version))
	return err
}

// write is the one place that writes to the database.
func (s *Store) write() error {
	return s.ldb.Write(s.batch, &opt.WriteOptions{Sync: !s.options.NoSync})
}
