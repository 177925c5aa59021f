package store

import (
	"errors"
	"fmt"

	idb "github.com/cosmos/iavl/db"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/util"
)

var errReadOnly = errors.New("the tree of the readers was written to: a fault in the store")

// treeDB is the database as IAVL sees it. Reads go through the cache. What the writing tree saves is gathered in the
// block's batch, which only Store.write sends to the database: IAVL's own flushing never splits a block.
type treeDB struct {
	ldb   *leveldb.DB
	cache *rawCache
	batch *leveldb.Batch // nil for the readers' tree, which also leaves the cache as it is
	kept  map[nodeID]struct{}
}

var _ idb.DB = (*treeDB)(nil)

// Get answers nil for an absent key.
func (t *treeDB) Get(key []byte) ([]byte, error) {
	if value, ok := t.cache.get(nil, key); ok {
		return value, nil
	}
	epoch := t.cache.currentEpoch()
	value, err := t.ldb.Get(key, nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return nil, nil
	}
	if err == nil && t.batch != nil {
		t.cache.fill(epoch, key, value)
	}
	return value, err
}

// Has tells whether a key is there.
func (t *treeDB) Has(key []byte) (bool, error) { return t.ldb.Has(key, nil) }

// Close leaves the database open: the store closes it.
func (t *treeDB) Close() error { return nil }

// NewBatch gives the block's batch, always the same one.
func (t *treeDB) NewBatch() idb.Batch { return nodeBatch{t} }

// NewBatchWithSize gives the block's batch.
func (t *treeDB) NewBatchWithSize(int) idb.Batch { return nodeBatch{t} }

// nodeBatch passes what IAVL saves into the block's batch.
type nodeBatch struct{ db *treeDB }

// Set takes a node, and notes which nodes of earlier versions it goes on using.
func (b nodeBatch) Set(key, value []byte) error {
	if b.db.batch == nil {
		return errReadOnly
	}
	if err := b.db.noteKept(key, value); err != nil {
		return err
	}
	b.db.batch.Put(key, value)
	return nil
}

// Delete is used by IAVL only when later versions are given up at start.
func (b nodeBatch) Delete(key []byte) error {
	if b.db.batch == nil {
		return errReadOnly
	}
	b.db.batch.Delete(key)
	return nil
}

// Write keeps everything in the block's batch.
func (b nodeBatch) Write() error { return nil }

// WriteSync keeps everything in the block's batch.
func (b nodeBatch) WriteSync() error { return nil }

// Close keeps everything in the block's batch.
func (b nodeBatch) Close() error { return nil }

// GetByteSize says 0, so that IAVL never reaches a threshold to flush at.
func (b nodeBatch) GetByteSize() (int, error) { return 0, nil }

// Iterator goes up over [start, end).
func (t *treeDB) Iterator(start, end []byte) (idb.Iterator, error) {
	it := &nodeIterator{it: t.ldb.NewIterator(&util.Range{Start: start, Limit: end}, nil), start: start, end: end}
	it.valid = it.it.First()
	return it, nil
}

// ReverseIterator goes down over [start, end).
func (t *treeDB) ReverseIterator(start, end []byte) (idb.Iterator, error) {
	it := &nodeIterator{it: t.ldb.NewIterator(&util.Range{Start: start, Limit: end}, nil), start: start, end: end, down: true}
	it.valid = it.it.Last()
	return it, nil
}

type nodeIterator struct {
	it          iterator.Iterator
	start, end  []byte
	down, valid bool
}

// Domain gives start and end.
func (i *nodeIterator) Domain() (start, end []byte) { return i.start, i.end }

// Valid tells whether there is a record.
func (i *nodeIterator) Valid() bool { return i.valid }

// Next goes on.
func (i *nodeIterator) Next() {
	if i.down {
		i.valid = i.it.Prev()
		return
	}
	i.valid = i.it.Next()
}

// Key gives a copy: leveldb reuses its buffer.
func (i *nodeIterator) Key() []byte { return append([]byte{}, i.it.Key()...) }

// Value gives a copy.
func (i *nodeIterator) Value() []byte { return append([]byte{}, i.it.Value()...) }

// Error tells why the iteration ended early.
func (i *nodeIterator) Error() error { return i.it.Error() }

// Close frees the iterator.
func (i *nodeIterator) Close() error {
	i.it.Release()
	return nil
}

// root gives the node that a version's root record stands for: itself, or the node of an earlier version it names
// (a block that deletes can leave a part of the old tree as the whole new one). ok is false if the version is empty.
func (t *treeDB) root(version int64) (id nodeID, ok bool, err error) {
	id = makeNodeID(version, rootNonce)
	raw, err := t.Get(id.appendKey(nil))
	switch {
	case err != nil:
		return id, false, err
	case raw == nil:
		return id, false, fmt.Errorf("the root of version %d is missing", version)
	case len(raw) == 0:
		return id, false, nil
	case isReference(raw):
		return nodeID(raw[1:]), true, nil
	}
	return id, true, nil
}

// isReference tells a root record that names an earlier node from a node. No node starts with 's': that byte would be
// the height -58.
func isReference(raw []byte) bool { return len(raw) == 1+len(nodeID{}) && raw[0] == prefixNode }
