package store

import (
	"errors"
	"fmt"

	"github.com/cosmos/iavl"
	ics23 "github.com/cosmos/ics23/go"
	"github.com/syndtr/goleveldb/leveldb"
)

// View reads the state as it was after one height. Any goroutine may use it, while blocks are staged and committed. It
// holds nothing back: once its height has left the window, it answers ErrPruned.
type View struct {
	store  *Store
	height int64
	tree   *iavl.ImmutableTree
}

// At gives the view of a height. Errors: ErrPruned, ErrFuture.
func (s *Store) At(height int64) (*View, error) {
	if err := s.window.pin(height); err != nil {
		return nil, err
	}
	defer s.window.unpin(height)
	tree, err := s.readers.Load().GetImmutable(height)
	if err != nil {
		return nil, fmt.Errorf("the tree of height %d cannot be read: %w", height, err)
	}
	return &View{store: s, height: height, tree: tree}, nil
}

// Height is the height of the view.
func (v *View) Height() int64 { return v.height }

// Root is the root hash after the height, to be found in the header of the next one. It must not be modified.
func (v *View) Root() []byte { return v.tree.Hash() }

// Get gives the value that key had; false if it was absent. The current value is read first and what has replaced it
// second: a commit in between is then seen in the second.
func (v *View) Get(key []byte) ([]byte, bool, error) {
	value, ok, err := v.store.peek(key)
	if err != nil {
		return nil, false, err
	}
	e, changed, err := v.store.window.before(v.height, key)
	switch {
	case err != nil:
		return nil, false, err
	case changed:
		return e.value, e.present, nil
	}
	return value, ok, nil
}

// Proof gives a marshalled ics23 CommitmentProof against Root: of existence, with the SHA-256 of the value as the tree's
// value, or of absence. It is checked with ics23.IavlSpec. An empty state proves nothing: an error.
func (v *View) Proof(key []byte) (proof []byte, err error) {
	if err := v.store.window.pin(v.height); err != nil {
		return nil, err
	}
	defer v.store.window.unpin(v.height)
	defer func() {
		// IAVL follows a nil node where one of the proof's nodes cannot be read.
		if cause := recover(); cause != nil {
			proof, err = nil, fmt.Errorf("a node of the proof of %x at height %d cannot be read: %v", key, v.height, cause)
		}
	}()
	p, err := v.prove(key)
	if err != nil {
		return nil, fmt.Errorf("no proof of %x at height %d: %w", key, v.height, err)
	}
	return p.Marshal()
}

func (v *View) prove(key []byte) (*ics23.CommitmentProof, error) {
	if v.tree.Size() == 0 {
		return nil, errors.New("the state is empty")
	}
	leaf, err := v.tree.Get(key)
	if err != nil {
		return nil, err
	}
	if leaf == nil {
		return v.tree.GetNonMembershipProof(key)
	}
	return v.tree.GetMembershipProof(key)
}

// peek reads a current value for a reader behind the head; it leaves the cache as it is.
func (s *Store) peek(key []byte) ([]byte, bool, error) {
	raw := prefixed(prefixValue, key)
	if value, ok := s.cache.get(nil, raw); ok {
		return value, true, nil
	}
	value, err := s.ldb.Get(raw, nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, &Unreadable{Key: key, Err: err}
	}
	return value, true, nil
}
