// Package store keeps the state on disk: the values of now, the tree that gives the root and the proofs, what is needed to
// look a little way back, and the index beside them, in one database and with one synced write a block.
package store

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cosmos/iavl"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// Options of a store. A zero takes the default.
type Options struct {
	Dir            string
	NodeCacheMiB   int           // nodes and current values, off the heap (default 256, at least 32)
	BlockCacheMiB  int           // leveldb's (default 64)
	WriteBufferMiB int           // leveldb's, twice in memory at worst (default 64)
	TreeCache      int           // nodes that IAVL keeps decoded (default 50,000)
	KeepVersions   int64         // the window has at least so many versions (default 100; never less than 2)
	KeepFor        time.Duration // and every version replaced within this block time (default 60 s; negative: none)
	KeepBytes      int64         // but no more undo records in memory than this (default 256 MiB)
	NoSync         bool          // for tests: a power cut may lose blocks
}

const (
	nodeCacheMiBDefault   = 256
	blockCacheMiBDefault  = 64
	writeBufferMiBDefault = 64
	treeCacheDefault      = 50_000
	readerTreeCache       = 10_000 // nodes that proofs keep decoded
	keepVersionsDefault   = 100
	keepVersionsMin       = 2
	keepForDefault        = 60 * time.Second
	keepBytesDefault      = 256 << 20
	bloomBitsPerKey       = 10
	tableSizeBytes        = 8 << 20
	openFilesMax          = 1024
)

func (o Options) withDefaults() Options {
	o.NodeCacheMiB = orDefault(o.NodeCacheMiB, nodeCacheMiBDefault)
	o.BlockCacheMiB = orDefault(o.BlockCacheMiB, blockCacheMiBDefault)
	o.WriteBufferMiB = orDefault(o.WriteBufferMiB, writeBufferMiBDefault)
	o.TreeCache = orDefault(o.TreeCache, treeCacheDefault)
	o.KeepVersions = max(orDefault(o.KeepVersions, keepVersionsDefault), keepVersionsMin)
	o.KeepFor = orDefault(o.KeepFor, keepForDefault)
	o.KeepBytes = orDefault(o.KeepBytes, keepBytesDefault)
	return o
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (o Options) limits() limits {
	return limits{
		versions: o.KeepVersions, versionsMin: keepVersionsMin,
		seconds: int64(o.KeepFor / time.Second), undoBytes: o.KeepBytes,
	}
}

// levelDB: no compression, because hashes do not shrink; no compaction for many seeks, because bloom filters and the cache
// take them; no other way of writing for a large block, so that every block is one journal record.
func (o Options) levelDB() *opt.Options {
	return &opt.Options{
		Filter:                       filter.NewBloomFilter(bloomBitsPerKey),
		BlockCacheCapacity:           o.BlockCacheMiB << 20,
		WriteBuffer:                  o.WriteBufferMiB << 20,
		CompactionTableSize:          tableSizeBytes,
		OpenFilesCacheCapacity:       openFilesMax,
		Compression:                  opt.NoCompression,
		DisableSeeksCompaction:       true,
		DisableLargeBatchTransaction: true,
		NoWriteMerge:                 true,
	}
}

// Store is the state of one node. Stage and Commit belong to one goroutine; everything else may be called from any.
type Store struct {
	options Options
	files   storage.Storage
	ldb     *leveldb.DB
	cache   *rawCache
	window  *window

	nodes *treeDB // of tree
	tree  *iavl.MutableTree
	// readers is only read: it shares no node in memory with tree, whose nodes change while it is staged.
	readers atomic.Pointer[iavl.MutableTree]
	base    atomic.Int64 // the height of the snapshot that the store began from; 0 if it began with genesis

	batch   *leveldb.Batch // all that the block being staged changes
	undo    *undo          // of the block being staged; nil if none is
	root    []byte
	orphans []byte // buffer
	failed  error  // a commit that failed: only opening again tells what the disk has
}

// Open opens or creates the store in Dir. A newest version that cannot be loaded is given up for the one before, its values
// with it; the engine then plays that block again. Errors: the directory, another process using it, a damaged database.
func Open(o Options) (*Store, error) {
	files, err := storage.OpenFile(o.Dir, false)
	if err != nil {
		return nil, fmt.Errorf("store in %s: %w", o.Dir, err)
	}
	s, err := openOn(files, o)
	if err != nil {
		return nil, fmt.Errorf("store in %s: %w", o.Dir, errors.Join(err, files.Close()))
	}
	return s, nil
}

func openOn(files storage.Storage, o Options) (*Store, error) {
	o = o.withDefaults()
	ldb, err := leveldb.Open(files, o.levelDB())
	if err != nil {
		return nil, err
	}
	s := &Store{options: o, files: files, ldb: ldb, cache: newRawCache(o.NodeCacheMiB), window: newWindow(), batch: new(leveldb.Batch)}
	s.nodes = &treeDB{ldb: ldb, cache: s.cache, batch: s.batch, kept: map[nodeID]struct{}{}}
	s.tree = s.newTree()
	s.readers.Store(s.newReaders())
	if err := errors.Join(s.recover(), s.warm()); err != nil {
		return nil, errors.Join(err, ldb.Close())
	}
	return s, nil
}

func (s *Store) newTree() *iavl.MutableTree {
	return iavl.NewMutableTree(s.nodes, s.options.TreeCache, true, iavl.NewNopLogger())
}

func (s *Store) newReaders() *iavl.MutableTree {
	return iavl.NewMutableTree(&treeDB{ldb: s.ldb, cache: s.cache}, readerTreeCache, true, iavl.NewNopLogger())
}

// Height is the tree's version, 0 before the first block.
func (s *Store) Height() int64 {
	height, _ := s.window.current()
	return height
}

// Hash is the root after Height, nil before the first block. It must not be modified.
func (s *Store) Hash() []byte {
	_, hash := s.window.current()
	return hash
}

// Oldest is the oldest height that At serves, 0 before the first block.
func (s *Store) Oldest() int64 { return s.window.oldestReadable() }

// Base is the height of the snapshot that the store began from, 0 if it began with genesis. There is nothing of the blocks
// up to it but the state that they led to.
func (s *Store) Base() int64 { return s.base.Load() }

// Unreadable is what Get and Range panic with if the database cannot be read: the node must stop, for it cannot tell an
// absent value from a lost one.
type Unreadable struct {
	Key []byte
	Err error
}

// Error names the key.
func (u *Unreadable) Error() string {
	return fmt.Sprintf("the database cannot be read at key %x: %v. Stop the node and check the disk", u.Key, u.Err)
}

// Unwrap gives the database's error.
func (u *Unreadable) Unwrap() error { return u.Err }

// rawKeyInline is the length up to which Get needs no memory for the key.
const rawKeyInline = 128

// Get gives a copy of the committed current value; an empty value is not nil. It is the execution's read: what it finds on
// disk goes into the cache. During Commit it may already see the block's values. It panics with *Unreadable.
func (s *Store) Get(key []byte) ([]byte, bool) {
	var inline [rawKeyInline]byte
	if value, ok := s.cache.get(nil, append(append(inline[:0], prefixValue), key...)); ok {
		return value, true
	}
	return s.getFromDisk(key)
}

func (s *Store) getFromDisk(key []byte) ([]byte, bool) {
	raw := prefixed(prefixValue, key)
	epoch := s.cache.currentEpoch()
	value, err := s.ldb.Get(raw, nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return nil, false
	}
	if err != nil {
		panic(&Unreadable{Key: key, Err: err})
	}
	s.cache.fill(epoch, raw, value)
	return value, true
}

// Range calls fn with copies of the committed current values with start <= key < end, upwards, until fn says false. A nil
// start is the first key, a nil end is behind the last. All are of one height. It panics with *Unreadable.
func (s *Store) Range(start, end []byte, fn func(key, value []byte) bool) {
	it := s.ldb.NewIterator(rangeUnder(prefixValue, start, end), nil)
	defer it.Release()
	for it.Next() {
		if !fn(append([]byte{}, it.Key()[1:]...), append([]byte{}, it.Value()...)) {
			return
		}
	}
	if err := it.Error(); err != nil {
		panic(&Unreadable{Key: start, Err: err})
	}
}

// Close closes the database. What is staged and not committed is lost. Readers get errors from then on.
func (s *Store) Close() error {
	err := errors.Join(s.tree.Close(), s.readers.Load().Close(), s.ldb.Close(), s.files.Close())
	s.cache.entries.Reset()
	s.failed = errClosed
	return err
}

var errClosed = errors.New("the store is closed")
