package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// Side is a snapshot of the side records: all of one height, however many blocks are committed meanwhile. One goroutine
// may use it, and must Release it: until then the database keeps what it shows.
type Side struct {
	snapshot *leveldb.Snapshot
	height   int64
	err      error // why there is no snapshot; every read answers it
}

// Side takes a snapshot of the side records at the head. If that fails (the store is closed), its reads say so.
func (s *Store) Side() *Side {
	snapshot, err := s.ldb.GetSnapshot()
	if err != nil {
		return &Side{err: fmt.Errorf("side records cannot be read: %w", err)}
	}
	d := &Side{snapshot: snapshot}
	d.height, d.err = newestUndo(snapshot)
	return d
}

// newestUndo finds the height of a snapshot: the undo record of its newest block came in the same batch. Where there is
// none, the height is that at which the store began.
func newestUndo(snapshot *leveldb.Snapshot) (int64, error) {
	it := snapshot.NewIterator(util.BytesPrefix([]byte{prefixUndo}), nil)
	defer it.Release()
	if it.Last() {
		return versionOf(it.Key())
	}
	if err := it.Error(); err != nil {
		return 0, err
	}
	return readBase(snapshot)
}

// versionOf reads the version in a key of the form prefix version(8 BE).
func versionOf(key []byte) (int64, error) {
	if len(key) != 1+versionLen {
		return 0, fmt.Errorf("the database has a key %x that no version of the store writes", key)
	}
	return int64(binary.BigEndian.Uint64(key[1:])), nil
}

// Height is the height after which the records were as the snapshot shows them.
func (d *Side) Height() int64 { return d.height }

// Get gives a copy of a record; false if it is absent.
func (d *Side) Get(key []byte) ([]byte, bool, error) {
	if d.err != nil {
		return nil, false, d.err
	}
	value, err := d.snapshot.Get(prefixed(prefixSide, key), nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return nil, false, nil
	}
	return value, err == nil, err
}

// Range calls fn with copies of the records with start <= key < end, downwards if reverse, until fn says false. A nil
// start is the first record, a nil end is behind the last.
func (d *Side) Range(start, end []byte, reverse bool, fn func(key, value []byte) bool) error {
	if d.err != nil {
		return d.err
	}
	it := d.snapshot.NewIterator(rangeUnder(prefixSide, start, end), nil)
	defer it.Release()
	for ok := firstOf(it, reverse); ok; ok = nextOf(it, reverse) {
		if !fn(bytes.Clone(it.Key()[1:]), append([]byte{}, it.Value()...)) {
			break
		}
	}
	return it.Error()
}

// Release gives the snapshot back.
func (d *Side) Release() {
	if d.snapshot != nil {
		d.snapshot.Release()
	}
}

func rangeUnder(prefix byte, start, end []byte) *util.Range {
	r := util.BytesPrefix([]byte{prefix})
	if start != nil {
		r.Start = prefixed(prefix, start)
	}
	if end != nil {
		r.Limit = prefixed(prefix, end)
	}
	return r
}
