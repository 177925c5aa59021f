package store

import (
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// errDamaged is never cured by going on: the values and the tree no longer fit together.
var errDamaged = errors.New("the database is damaged: restore a backup, or remove it and let the node sync again")

// recover finds the head: the newest version whose undo record is there and whose tree loads. Each block is one batch, so
// that this is the newest version; only a database damaged from outside makes it step down. Then the nodes of later
// versions go, and their undo records give the values back. Side records stay as they are: the blocks are played again
// and write them again.
func (s *Store) recover() error {
	if err := s.dropHalfImport(); err != nil {
		return err
	}
	base, err := readBase(s.ldb)
	if err != nil {
		return err
	}
	s.base.Store(base)
	undos, err := s.readUndos()
	if err != nil {
		return err
	}
	latest, err := s.tree.Load()
	if len(undos) == 0 {
		return s.recoverEmpty(latest, err)
	}
	newest := undos[len(undos)-1].version
	s.window.oldest = undos[0].version - 1
	if err != nil || latest != newest {
		if undos, err = s.stepDown(undos, err); err != nil {
			return err
		}
	}
	for _, u := range undos {
		s.window.push(u)
	}
	s.window.setHead(s.tree.Version(), s.tree.Hash())
	return nil
}

// recoverEmpty is where no block was committed yet: after genesis alone, or after a snapshot was taken in.
func (s *Store) recoverEmpty(latest int64, err error) error {
	if err == nil && latest == s.Base() {
		s.window.begin(latest, s.rootOf(latest))
		return nil
	}
	if err != nil || latest != 0 {
		damage := fmt.Errorf("%w: the tree is at version %d and no undo record is there", errDamaged, latest)
		return errors.Join(damage, err)
	}
	return nil
}

// rootOf is nil before the first block.
func (s *Store) rootOf(version int64) []byte {
	if version == 0 {
		return nil
	}
	return s.tree.Hash()
}

// readUndos reads the undo records upwards. A gap means that a whole block was lost between others.
func (s *Store) readUndos() ([]*undo, error) {
	it := s.ldb.NewIterator(util.BytesPrefix([]byte{prefixUndo}), nil)
	defer it.Release()
	var undos []*undo
	for it.Next() {
		version, err := versionOf(it.Key())
		if err != nil {
			return nil, err
		}
		u, err := parseUndo(version, append([]byte{}, it.Value()...))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errDamaged, err)
		}
		if n := len(undos); n > 0 && undos[n-1].version != version-1 {
			return nil, fmt.Errorf("%w: no undo record between versions %d and %d", errDamaged, undos[n-1].version, version)
		}
		undos = append(undos, u)
	}
	return undos, it.Error()
}

// stepDown loads the newest version it can and gives up what is after it. why is what kept the newest from loading.
func (s *Store) stepDown(undos []*undo, why error) ([]*undo, error) {
	for n := len(undos); n > 0; n-- {
		version := undos[n-1].version
		if _, err := s.tree.LoadVersion(version); err != nil {
			why = errors.Join(why, err)
			continue
		}
		return undos[:n], s.giveUpAfter(version, undos[n:])
	}
	return nil, fmt.Errorf("%w: no kept version of the tree loads: %w", errDamaged, why)
}

// giveUpAfter makes version the newest, in one write.
func (s *Store) giveUpAfter(version int64, later []*undo) error {
	if err := s.tree.LoadVersionForOverwriting(version); err != nil {
		return err
	}
	for i := len(later) - 1; i >= 0; i-- {
		s.batchUndo(later[i])
	}
	defer s.batch.Reset()
	if err := s.write(); err != nil {
		return err
	}
	s.cache.entries.Reset() // nodes that were given up
	s.tree = s.newTree()
	_, err := s.tree.Load()
	return err
}

func (s *Store) batchUndo(u *undo) {
	for i := range u.starts {
		e := u.entry(i)
		change := Change{Key: e.key}
		if e.present {
			change.Value = append([]byte{}, e.value...)
		}
		s.batchChanges(prefixValue, []Change{change})
	}
	s.batch.Delete(versionKey(prefixUndo, u.version))
	s.batch.Delete(versionKey(prefixOrphans, u.version))
}

// warm fills the cache with the newest nodes, which are the top of the tree, and then with values, until it is full.
func (s *Store) warm() error {
	const nodesPercent, fullPercent = 60, 90
	capacity := s.options.NodeCacheMiB << 20
	nodes, err := s.warmFrom(prefixNode, true, capacity/100*nodesPercent)
	if err != nil {
		return err
	}
	_, err = s.warmFrom(prefixValue, false, capacity/100*fullPercent-nodes)
	return err
}

// warmFrom tells how many bytes of the cache it has filled, of at most bytesMax.
func (s *Store) warmFrom(prefix byte, reverse bool, bytesMax int) (int, error) {
	const entryOverhead = 4
	it := s.ldb.NewIterator(util.BytesPrefix([]byte{prefix}), &opt.ReadOptions{DontFillCache: true})
	defer it.Release()
	filled := 0
	for ok := firstOf(it, reverse); ok && filled < bytesMax; ok = nextOf(it, reverse) {
		s.cache.Put(it.Key(), it.Value())
		filled += len(it.Key()) + len(it.Value()) + entryOverhead
	}
	return filled, it.Error()
}

func firstOf(it iterator.Iterator, reverse bool) bool {
	if reverse {
		return it.Last()
	}
	return it.First()
}

func nextOf(it iterator.Iterator, reverse bool) bool {
	if reverse {
		return it.Prev()
	}
	return it.Next()
}
