package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cosmos/iavl"
	idb "github.com/cosmos/iavl/db"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
)

const (
	importBatchBytes = 4 << 20
	wipeBatchKeys    = 10_000
)

// ErrSnapshot says that what was taken in is not the state that it was said to be.
var ErrSnapshot = errors.New("the snapshot is not what it says")

// getter is a database or a snapshot of it.
type getter interface {
	Get(key []byte, o *opt.ReadOptions) ([]byte, error)
}

func readBase(db getter) (int64, error) {
	raw, err := db.Get([]byte{prefixBase}, nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return 0, nil
	}
	if err == nil && len(raw) != versionLen {
		err = fmt.Errorf("%w: the record of the first snapshot has %d bytes", errDamaged, len(raw))
	}
	if err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint64(raw)), nil
}

// Import takes a snapshot into a store that has no blocks. Nothing of it counts before Commit: where it is not reached,
// everything goes at the next opening. One goroutine may use it, and the store stages nothing meanwhile.
type Import struct {
	store    *Store
	height   int64
	root     []byte
	left     int64 // leaves that may still come
	importer *iavl.Importer
	tree     *iavl.MutableTree
	stack    []grown
	last     []byte // key of the last leaf
	batch    *leveldb.Batch
}

// grown is a finished part of the tree: its first key, which the node above it may be named by, and its height.
type grown struct {
	first  []byte
	height int8
}

// BeginImport throws away what an earlier import has left and begins one. root is trusted, from a header; rootNode is what
// it is the SHA-256 of. Errors: a store with blocks of its own, a rootNode that is not root's.
func (s *Store) BeginImport(height int64, root, rootNode []byte) (*Import, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	if s.Height() != s.Base() || s.window.behind() > 0 {
		return nil, fmt.Errorf("the store is at height %d by blocks of its own: a snapshot begins an empty one", s.Height())
	}
	leaves, err := sizeUnder(height, root, rootNode)
	if err != nil {
		return nil, err
	}
	if err := s.wipe(); err != nil {
		return nil, err
	}
	if err := s.ldb.Put([]byte{prefixImport}, nil, &opt.WriteOptions{Sync: true}); err != nil {
		return nil, err
	}
	i := &Import{store: s, height: height, root: root, left: leaves, batch: new(leveldb.Batch)}
	i.tree = iavl.NewMutableTree(growDB{s.nodes}, 0, true, iavl.NewNopLogger())
	if i.importer, err = i.tree.Import(height); err != nil {
		return nil, err
	}
	return i, nil
}

// importHeightMax bounds what IAVL's importer keeps for each version: 4 bytes.
const importHeightMax = 1 << 30

// sizeUnder tells how many leaves a tree with this root has.
func sizeUnder(height int64, root, rootNode []byte) (int64, error) {
	hash := sha256.Sum256(rootNode)
	if !bytes.Equal(hash[:], root) {
		return 0, fmt.Errorf("%w: its root node is not that of the header's root %x", ErrSnapshot, root)
	}
	r := byteReader{rest: rootNode}
	r.varint()
	leaves, version := r.varint(), r.varint()
	if r.err != nil || leaves < 1 || version < 1 || version > height || height > importHeightMax {
		return 0, fmt.Errorf("%w: a tree of %d leaves and version %d at height %d", ErrSnapshot, leaves, version, height)
	}
	return leaves, nil
}

// Add takes the next node. Its slices are not used afterwards. ErrSnapshot: the nodes make no tree in order.
func (i *Import) Add(n Node) error {
	if n.Version < 1 || n.Version > i.height {
		return fmt.Errorf("%w: a node of version %d at height %d", ErrSnapshot, n.Version, i.height)
	}
	if n.Height == 0 {
		return i.leaf(n)
	}
	return i.inner(n)
}

func (i *Import) leaf(n Node) error {
	size := 0
	switch err := checkSize(Change{Key: n.Key, Value: n.Value}, &size); {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	case i.last != nil && bytes.Compare(n.Key, i.last) <= 0:
		return fmt.Errorf("%w: key %x comes after key %x", ErrSnapshot, n.Key, i.last)
	case i.left == 0:
		return fmt.Errorf("%w: it has more values than its root", ErrSnapshot)
	}
	i.left--
	key, hash := bytes.Clone(n.Key), sha256.Sum256(n.Value)
	i.last, i.stack = key, append(i.stack, grown{key, 0})
	i.batch.Put(prefixed(prefixValue, key), n.Value)
	if err := i.importer.Add(&iavl.ExportNode{Key: key, Value: hash[:], Version: n.Version}); err != nil {
		return err
	}
	return i.flush(importBatchBytes)
}

// inner names the node by the first key of its right side, as IAVL does: what a peer sends could name it otherwise, and no
// hash would tell.
func (i *Import) inner(n Node) error {
	k := len(i.stack)
	if k < 2 {
		return fmt.Errorf("%w: a node without children", ErrSnapshot)
	}
	left, right := i.stack[k-2], i.stack[k-1]
	if n.Height != max(left.height, right.height)+1 || n.Height > treeHeightMax {
		return fmt.Errorf("%w: a node of height %d above %d and %d", ErrSnapshot, n.Height, left.height, right.height)
	}
	i.stack = append(i.stack[:k-2], grown{left.first, n.Height})
	return i.importer.Add(&iavl.ExportNode{Key: right.first, Version: n.Version, Height: n.Height})
}

// Side takes side records.
func (i *Import) Side(changes []Change) error {
	for _, c := range changes {
		size := 0
		if err := checkSize(c, &size); err != nil || c.Value == nil {
			return fmt.Errorf("side record %x: %w", c.Key, errors.Join(ErrSnapshot, err))
		}
		i.batch.Put(prefixed(prefixSide, c.Key), c.Value)
	}
	return i.flush(importBatchBytes)
}

func (i *Import) flush(above int) error {
	if i.batch.Len() == 0 || len(i.batch.Dump()) < above {
		return nil
	}
	defer i.batch.Reset()
	return i.store.ldb.Write(i.batch, &opt.WriteOptions{Sync: true})
}

// Commit holds the tree against the root and makes the snapshot the store's state. ErrSnapshot: it is another state; then,
// and after any error, Abort.
func (i *Import) Commit() error {
	if len(i.stack) != 1 || i.left != 0 {
		return fmt.Errorf("%w: it ends early", ErrSnapshot)
	}
	if err := i.importer.Commit(); err != nil {
		return fmt.Errorf("the tree cannot be taken in: %w", err)
	}
	if !bytes.Equal(i.tree.Hash(), i.root) {
		return fmt.Errorf("%w: its root is %x, the header's is %x", ErrSnapshot, i.tree.Hash(), i.root)
	}
	if err := i.flush(0); err != nil {
		return err
	}
	done := new(leveldb.Batch)
	done.Put([]byte{prefixBase}, binary.BigEndian.AppendUint64(nil, uint64(i.height)))
	done.Delete([]byte{prefixImport})
	if err := i.store.ldb.Write(done, &opt.WriteOptions{Sync: true}); err != nil {
		return err
	}
	return i.store.reload()
}

// Abort throws everything away.
func (i *Import) Abort() error {
	i.importer.Close()
	return i.store.wipe()
}

// reload begins from what is on disk.
func (s *Store) reload() error {
	s.forget()
	return errors.Join(s.recover(), s.warm())
}

// forget drops what is in memory.
func (s *Store) forget() {
	s.cache.entries.Reset()
	s.tree = s.newTree()
	s.readers.Store(s.newReaders())
	s.base.Store(0)
	s.window.begin(0, nil)
}

// dropHalfImport empties a store whose import was not finished.
func (s *Store) dropHalfImport() error {
	half, err := s.ldb.Has([]byte{prefixImport}, nil)
	if err != nil || !half {
		return err
	}
	return s.wipe()
}

// wipe deletes every record; the mark of a half import comes first and goes last.
func (s *Store) wipe() error {
	if err := s.ldb.Put([]byte{prefixImport}, nil, &opt.WriteOptions{Sync: true}); err != nil {
		return err
	}
	it := s.ldb.NewIterator(nil, scanOptions)
	defer it.Release()
	batch := new(leveldb.Batch)
	for it.Next() {
		if it.Key()[0] != prefixImport {
			batch.Delete(it.Key())
		}
		if batch.Len() >= wipeBatchKeys {
			if err := s.ldb.Write(batch, nil); err != nil {
				return err
			}
			batch.Reset()
		}
	}
	batch.Delete([]byte{prefixImport})
	err := errors.Join(it.Error(), s.ldb.Write(batch, &opt.WriteOptions{Sync: true}))
	s.forget()
	return err
}

// growDB lets IAVL's importer write as it goes: nothing counts before the import is complete.
type growDB struct{ *treeDB }

// NewBatch gives a batch of its own.
func (d growDB) NewBatch() idb.Batch { return &growBatch{ldb: d.ldb} }

// NewBatchWithSize gives a batch of its own.
func (d growDB) NewBatchWithSize(int) idb.Batch { return d.NewBatch() }

// Get reads the disk alone.
func (d growDB) Get(key []byte) ([]byte, error) {
	value, err := d.ldb.Get(key, nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return nil, nil
	}
	return value, err
}

type growBatch struct {
	ldb   *leveldb.DB
	batch leveldb.Batch
}

// Set puts a node.
func (b *growBatch) Set(key, value []byte) error {
	b.batch.Put(key, value)
	return nil
}

// Delete takes a node away.
func (b *growBatch) Delete(key []byte) error {
	b.batch.Delete(key)
	return nil
}

// Write writes at once to the disk: a power cut must not lose what the mark of completeness comes after.
func (b *growBatch) Write() error { return b.ldb.Write(&b.batch, &opt.WriteOptions{Sync: true}) }

// WriteSync is Write.
func (b *growBatch) WriteSync() error { return b.Write() }

// Close has nothing to give back.
func (b *growBatch) Close() error { return nil }

// GetByteSize tells how much is gathered.
func (b *growBatch) GetByteSize() (int, error) { return len(b.batch.Dump()), nil }
