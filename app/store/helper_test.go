package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/cosmos/iavl"
	idb "github.com/cosmos/iavl/db"
	ics23 "github.com/cosmos/ics23/go"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// tester is what *testing.T and *rapid.T share.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func small() Options {
	return Options{NodeCacheMiB: 1, BlockCacheMiB: 1, WriteBufferMiB: 1, TreeCache: 64, KeepVersions: 4, KeepFor: -1, NoSync: true}
}

func openMem(t tester, files storage.Storage, o Options) *Store {
	t.Helper()
	s, err := openOn(files, o)
	must(t, err)
	return s
}

func closeStore(t tester, s *Store) {
	t.Helper()
	must(t, s.Close())
}

func openTemp(t *testing.T, o Options) *Store {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := Open(o)
	must(t, err)
	t.Cleanup(func() { closeStore(t, s) })
	return s
}

// block makes the changes of a block from pairs: key, value; the value "-" deletes.
func block(pairs ...string) []Change {
	var changes []Change
	for i := 0; i < len(pairs); i += 2 {
		c := Change{Key: []byte(pairs[i])}
		if pairs[i+1] != "-" {
			c.Value = []byte(pairs[i+1])
		}
		changes = append(changes, c)
	}
	return changes
}

func commit(t tester, s *Store, changes []Change) []byte {
	t.Helper()
	root, err := s.Stage(s.Height()+1, s.Height()+1, changes, nil)
	must(t, err)
	must(t, s.Commit())
	return root
}

// model is the reference: a map of the values at each height, and IAVL in memory that prunes by itself.
type model struct {
	tree   *iavl.MutableTree
	db     *idb.MemDB
	states []map[string][]byte // by height
	roots  [][]byte
	pruned int64
}

func newModel() *model {
	db := idb.NewMemDB()
	return &model{
		tree: iavl.NewMutableTree(db, 1000, true, iavl.NewNopLogger()), db: db,
		states: []map[string][]byte{{}}, roots: [][]byte{nil},
	}
}

func (m *model) head() int64                { return int64(len(m.states) - 1) }
func (m *model) now() map[string][]byte     { return m.states[m.head()] }
func (m *model) keys(height int64) []string { return slices.Sorted(maps.Keys(m.states[height])) }

func (m *model) apply(t tester, changes []Change) []byte {
	t.Helper()
	state := maps.Clone(m.now())
	for _, c := range changes {
		if c.Value == nil {
			_, _, err := m.tree.Remove(c.Key)
			must(t, err)
			delete(state, string(c.Key))
			continue
		}
		hash := sha256.Sum256(c.Value)
		_, err := m.tree.Set(bytes.Clone(c.Key), hash[:])
		must(t, err)
		state[string(c.Key)] = c.Value
	}
	root, _, err := m.tree.SaveVersion()
	must(t, err)
	m.states, m.roots = append(m.states, state), append(m.roots, root)
	return root
}

// pruneBelow lets IAVL prune as it does itself.
func (m *model) pruneBelow(t tester, oldest int64) {
	t.Helper()
	if oldest-1 > m.pruned {
		must(t, m.tree.DeleteVersionsTo(oldest-1))
		m.pruned = oldest - 1
	}
}

func (m *model) nodes(t tester) map[string]string {
	t.Helper()
	it, err := m.db.Iterator([]byte{prefixNode}, []byte{prefixNode + 1})
	must(t, err)
	defer func() { must(t, it.Close()) }()
	nodes := map[string]string{}
	for ; it.Valid(); it.Next() {
		nodes[string(it.Key())] = string(it.Value())
	}
	return nodes
}

func records(t tester, s *Store, prefix byte) map[string]string {
	t.Helper()
	it := s.ldb.NewIterator(util.BytesPrefix([]byte{prefix}), nil)
	defer it.Release()
	found := map[string]string{}
	for it.Next() {
		found[string(it.Key())] = string(it.Value())
	}
	must(t, it.Error())
	return found
}

// checkWindow compares the store with the model at every height of the window.
func checkWindow(t tester, s *Store, m *model, absent ...string) {
	t.Helper()
	if s.Height() != m.head() || !bytes.Equal(s.Hash(), m.roots[m.head()]) {
		t.Fatalf("head %d %x, want %d %x", s.Height(), s.Hash(), m.head(), m.roots[m.head()])
	}
	for h := max(s.Oldest(), 1); h <= s.Height(); h++ {
		v, err := s.At(h)
		must(t, err)
		checkView(t, v, m, append(m.keys(h), absent...))
	}
}

func checkView(t tester, v *View, m *model, keys []string) {
	t.Helper()
	if !bytes.Equal(v.Root(), m.roots[v.Height()]) {
		t.Fatalf("root of %d is %x, want %x", v.Height(), v.Root(), m.roots[v.Height()])
	}
	state := m.states[v.Height()]
	for _, k := range keys {
		got, ok, err := v.Get([]byte(k))
		must(t, err)
		want, there := state[k]
		if ok != there || !bytes.Equal(got, want) || ok && got == nil {
			t.Fatalf("%q at %d is %q %t, want %q %t", k, v.Height(), got, ok, want, there)
		}
		if len(state) > 0 {
			checkProof(t, v, []byte(k), want, there)
		}
	}
}

func checkProof(t tester, v *View, key, value []byte, there bool) {
	t.Helper()
	raw, err := v.Proof(key)
	must(t, err)
	var proof ics23.CommitmentProof
	must(t, proof.Unmarshal(raw))
	if ok := proves(v.Root(), &proof, key, value, there); !ok {
		t.Fatalf("proof of %q at %d does not verify (there: %t)", key, v.Height(), there)
	}
	if proves(v.Root(), &proof, key, append([]byte{1}, value...), true) {
		t.Fatalf("proof of %q at %d proves another value", key, v.Height())
	}
	if proves(v.Root(), &proof, key, value, !there) {
		t.Fatalf("proof of %q at %d proves the contrary (there: %t)", key, v.Height(), there)
	}
}

func proves(root []byte, proof *ics23.CommitmentProof, key, value []byte, there bool) bool {
	if !there {
		return ics23.VerifyNonMembership(ics23.IavlSpec, root, proof, key)
	}
	hash := sha256.Sum256(value)
	return ics23.VerifyMembership(ics23.IavlSpec, root, proof, key, hash[:])
}

// reachable are the keys of all nodes that a kept version needs, root records included.
func reachable(t tester, s *Store) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	var walk func(id nodeID)
	walk = func(id nodeID) {
		key := id.appendKey(nil)
		if found[string(key)] {
			return
		}
		found[string(key)] = true
		raw, err := s.ldb.Get(key, nil)
		if err != nil {
			t.Fatalf("node %x: %v", id, err)
		}
		n, err := parseNode(raw)
		must(t, err)
		if n.height > 0 {
			walk(n.left)
			walk(n.right)
		}
	}
	for h := max(s.Oldest(), 1); h <= s.Height(); h++ {
		root, ok, err := s.nodes.root(h)
		must(t, err)
		if ok {
			walk(root)
		}
		found[string(makeNodeID(h, rootNonce).appendKey(nil))] = true
	}
	return found
}

// checkWhole compares what is on disk with what it should be: values equal to the tree's leaves, every kept node there, no
// other node, and one undo record and one list of orphans for each version of the window.
func checkWhole(t tester, s *Store) {
	t.Helper()
	flat := records(t, s, prefixValue)
	leaves := 0
	_, err := s.tree.Iterate(func(key, hash []byte) bool {
		value, ok := flat[string(prefixed(prefixValue, key))]
		if sum := sha256.Sum256([]byte(value)); !ok || !bytes.Equal(sum[:], hash) {
			t.Fatalf("value of %x is not the tree's", key)
		}
		leaves++
		return false
	})
	must(t, err)
	if len(flat) != leaves {
		t.Fatalf("%d values, %d leaves", len(flat), leaves)
	}
	want := reachable(t, s)
	for key := range records(t, s, prefixNode) {
		if !want[key] {
			t.Fatalf("node %x is on disk and no kept version needs it", key)
		}
	}
	for _, prefix := range []byte{prefixUndo, prefixOrphans} {
		found := records(t, s, prefix)
		if int64(len(found)) != s.Height()-s.window.oldest {
			t.Fatalf("%d records under %c, want %d", len(found), prefix, s.Height()-s.window.oldest)
		}
		for h := s.window.oldest + 1; h <= s.Height(); h++ {
			if _, ok := found[string(versionKey(prefix, h))]; !ok {
				t.Fatalf("no record %c of version %d", prefix, h)
			}
		}
	}
}

func numbered(i int) string { return fmt.Sprintf("key-%04d", i) }
