package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// Pinned shows the whole state of one height, however many blocks are committed and versions pruned meanwhile: it is a
// snapshot of the database, so that it holds nothing back in memory. One goroutine may use it, and must Release it.
type Pinned struct {
	snapshot *leveldb.Snapshot
	height   int64
	root     []byte
	rootNode []byte // what root is the SHA-256 of
	at       nodeID
	leaves   int64
}

// Pin pins the newest height. Errors: a state without blocks, a database that cannot be read.
func (s *Store) Pin() (*Pinned, error) {
	snapshot, err := s.ldb.GetSnapshot()
	if err != nil {
		return nil, err
	}
	p := &Pinned{snapshot: snapshot}
	if err := p.findRoot(); err != nil {
		snapshot.Release()
		return nil, fmt.Errorf("the newest height cannot be pinned: %w", err)
	}
	return p, nil
}

func (p *Pinned) findRoot() (err error) {
	if p.height, err = newestUndo(p.snapshot); err != nil {
		return err
	}
	if p.height == 0 {
		return errors.New("there is no block yet")
	}
	p.at = makeNodeID(p.height, rootNonce)
	raw, err := p.snapshot.Get(p.at.appendKey(nil), nil)
	if err == nil && isReference(raw) {
		p.at = nodeID(raw[1:])
	}
	if err != nil || len(raw) == 0 {
		return fmt.Errorf("the state of height %d is empty or has no root: %w", p.height, errors.Join(errDamaged, err))
	}
	root, err := p.node(p.at)
	if err != nil {
		return err
	}
	p.root, p.leaves = bytes.Clone(root.hash(p.at.version())), root.size
	p.rootNode, err = p.hashInput(root)
	return err
}

func (p *Pinned) hashInput(root rawNode) ([]byte, error) {
	if root.height == 0 {
		return root.hashInput(p.at.version(), nil, nil), nil
	}
	left, err := p.node(root.left)
	if err != nil {
		return nil, err
	}
	right, err := p.node(root.right)
	return root.hashInput(p.at.version(), left.hash(root.left.version()), right.hash(root.right.version())), err
}

func (p *Pinned) node(id nodeID) (rawNode, error) {
	raw, err := p.snapshot.Get(id.appendKey(nil), scanOptions)
	if err != nil {
		return rawNode{}, fmt.Errorf("%w: node %x: %w", errDamaged, id, err)
	}
	return parseNode(raw)
}

// scanOptions leave leveldb's cache to those who read for a block.
var scanOptions = &opt.ReadOptions{DontFillCache: true}

// Height is the pinned height.
func (p *Pinned) Height() int64 { return p.height }

// Root is the root after the height.
func (p *Pinned) Root() []byte { return p.root }

// RootNode is what Root is the SHA-256 of; it tells how many values there are, to somebody who trusts Root.
func (p *Pinned) RootNode() []byte { return p.rootNode }

// Leaves is how many values there are.
func (p *Pinned) Leaves() int64 { return p.leaves }

// Side shows the side records of the height. Release of Pinned ends it.
func (p *Pinned) Side() *Side { return &Side{snapshot: p.snapshot, height: p.height} }

// Release gives the snapshot back.
func (p *Pinned) Release() { p.snapshot.Release() }

// Node is a node of the tree in a snapshot. From the nodes in their order, children before parents and left before right,
// the same tree grows again.
type Node struct {
	Height  int8  // 0 is a leaf
	Version int64 // in which it was made
	// Key and Value are those of a leaf. The key of an inner node follows from the leaves.
	Key, Value []byte
}

// Nodes calls fn with every node; its slices are fn's only until it returns. An error of fn ends it. Every value is held
// against the tree's hash of it.
func (p *Pinned) Nodes(fn func(Node) error) error {
	w := nodeWalk{pinned: p, fn: fn, values: p.snapshot.NewIterator(util.BytesPrefix([]byte{prefixValue}), scanOptions)}
	defer w.values.Release()
	if err := w.visit(p.at, treeHeightMax); err != nil {
		return err
	}
	if w.values.Next() {
		return fmt.Errorf("%w: the value %x is not in the tree", errDamaged, w.values.Key()[1:])
	}
	return w.values.Error()
}

// nodeWalk goes through tree and values side by side: both are in the order of keys.
type nodeWalk struct {
	pinned *Pinned
	values iterator.Iterator
	fn     func(Node) error
}

func (w *nodeWalk) visit(id nodeID, heightMax int64) error {
	n, err := w.pinned.node(id)
	if err != nil {
		return err
	}
	if n.height > heightMax || n.height < 0 {
		return fmt.Errorf("%w: node %x has height %d under one of height %d", errDamaged, id, n.height, heightMax+1)
	}
	if n.height == 0 {
		return w.leaf(id, n)
	}
	if err := w.visit(n.left, n.height-1); err != nil {
		return err
	}
	if err := w.visit(n.right, n.height-1); err != nil {
		return err
	}
	return w.fn(Node{Height: int8(n.height), Version: id.version()})
}

func (w *nodeWalk) leaf(id nodeID, n rawNode) error {
	if !w.values.Next() || !bytes.Equal(w.values.Key()[1:], n.key) {
		return fmt.Errorf("%w: the value of %x is not where the tree has it: %w", errDamaged, n.key, w.values.Error())
	}
	value := w.values.Value()
	if hash := sha256.Sum256(value); !bytes.Equal(hash[:], n.body) {
		return fmt.Errorf("%w: the value of %x is not the tree's", errDamaged, n.key)
	}
	return w.fn(Node{Version: id.version(), Key: n.key, Value: value})
}
