package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/storage"
	"pgregory.net/rapid"
)

// taken is a snapshot in memory.
type taken struct {
	height         int64
	root, rootNode []byte
	nodes          []Node
	side           []Change
}

func take(t tester, s *Store) taken {
	t.Helper()
	p, err := s.Pin()
	must(t, err)
	defer p.Release()
	return takePinned(t, p)
}

func takePinned(t tester, p *Pinned) taken {
	t.Helper()
	out := taken{height: p.Height(), root: p.Root(), rootNode: p.RootNode()}
	must(t, p.Nodes(func(n Node) error {
		if n.Height == 0 {
			n.Key, n.Value = bytes.Clone(n.Key), append([]byte{}, n.Value...)
		}
		out.nodes = append(out.nodes, n)
		return nil
	}))
	must(t, p.Side().Range(nil, nil, false, func(k, v []byte) bool {
		out.side = append(out.side, Change{k, v})
		return true
	}))
	return out
}

func (k taken) into(s *Store) error {
	i, err := s.BeginImport(k.height, k.root, k.rootNode)
	if err != nil {
		return err
	}
	err = k.feed(i)
	if err == nil {
		err = i.Side(k.side)
	}
	if err == nil {
		err = i.Commit()
	}
	if err != nil {
		return errors.Join(err, i.Abort())
	}
	return nil
}

func (k taken) feed(i *Import) error {
	for _, n := range k.nodes {
		if err := i.Add(n); err != nil {
			return err
		}
	}
	return nil
}

// A store that began from a snapshot has the same root, values and nodes, and goes on to the same roots; so does one that
// was opened again in between, and one that began from the snapshot of such a store.
func TestFromSnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, m := openMem(t, storage.NewMemStorage(), small()), newModel()
		defer closeStore(t, s)
		random := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		grow := func(to int64, all ...*Store) {
			for m.head() < to {
				changes := randomBlock(random, m.now())
				root := m.apply(t, changes)
				for _, one := range all {
					if got := commit(t, one, changes); !bytes.Equal(got, root) {
						t.Fatalf("height %d: root %x, want %x", m.head(), got, root)
					}
				}
			}
		}
		grow(rapid.Int64Range(1, 12).Draw(t, "height"), s)
		at := m.head()
		files := storage.NewMemStorage()
		second := openMem(t, files, small())
		must(t, take(t, s).into(second))
		checkFrom(t, second, m, at)
		third := openMem(t, storage.NewMemStorage(), small())
		defer closeStore(t, third)
		must(t, take(t, second).into(third))
		if rapid.Bool().Draw(t, "reopened") {
			must(t, second.Close())
			second = openMem(t, files, small())
			checkFrom(t, second, m, at)
		}
		defer func() { closeStore(t, second) }()
		grow(at+rapid.Int64Range(1, 12).Draw(t, "more"), s, second, third)
		for _, one := range []*Store{second, third} {
			checkWindow(t, one, m, "absent")
			checkWhole(t, one)
		}
	})
}

// checkFrom checks a store that has nothing but a snapshot.
func checkFrom(t tester, s *Store, m *model, at int64) {
	t.Helper()
	if s.Base() != at || s.Oldest() != at || s.Side().Height() != at {
		t.Fatalf("base %d, oldest %d, side %d: want %d", s.Base(), s.Oldest(), s.Side().Height(), at)
	}
	checkWindow(t, s, m, "absent")
	checkWhole(t, s)
	if _, err := s.At(at - 1); at > 1 && !errors.Is(err, ErrPruned) {
		t.Fatalf("the height before the snapshot: %v", err)
	}
}

// randomBlock changes some keys, some of them to an empty value, and deletes some.
func randomBlock(random *rand.Rand, state map[string][]byte) []Change {
	changes := []Change{{Key: []byte("a-height"), Value: []byte(fmt.Sprint(random.Int()))}}
	picked := random.Perm(60)[:1+random.Intn(20)]
	slices.Sort(picked)
	for _, k := range picked {
		c := Change{Key: []byte(numbered(k))}
		if _, there := state[string(c.Key)]; !there || random.Intn(3) > 0 {
			c.Value = make([]byte, random.Intn(4))
		}
		changes = append(changes, c)
	}
	return changes
}

// What is pinned stays as it was, while blocks go on and versions are pruned far beyond it.
func TestPinnedStays(t *testing.T) {
	s := openTemp(t, small())
	random, state := rand.New(rand.NewSource(1)), map[string][]byte{}
	step := func() {
		changes := randomBlock(random, state)
		_, err := s.Stage(s.Height()+1, 1, changes, []Change{{Key: []byte("side"), Value: []byte(fmt.Sprint(s.Height() + 1))}})
		must(t, err)
		must(t, s.Commit())
		applyTo(state, changes)
	}
	for range 5 {
		step()
	}
	before := take(t, s)
	p, err := s.Pin()
	must(t, err)
	defer p.Release()
	for range 40 {
		step()
	}
	after := takePinned(t, p)
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Fatal("the pinned height has changed")
	}
	if string(after.side[0].Value) != "5" || p.Leaves() != int64(countLeaves(after.nodes)) {
		t.Errorf("side %q, %d leaves", after.side[0].Value, p.Leaves())
	}
}

func countLeaves(nodes []Node) (n int) {
	for _, one := range nodes {
		if one.Height == 0 {
			n++
		}
	}
	return n
}

func TestPinNothing(t *testing.T) {
	if _, err := openTemp(t, small()).Pin(); err == nil {
		t.Error("a state without blocks is pinned")
	}
}

// someTaken is a snapshot of a few values, one of them empty.
func someTaken(t *testing.T) taken {
	s := openTemp(t, small())
	commit(t, s, block("a", "1", "b", "", "c", "3", "d", "4"))
	commit(t, s, block("b", "x", "e", ""))
	return take(t, s)
}

// A false snapshot is refused, whatever is false in it; afterwards the true one is taken.
func TestFalseSnapshots(t *testing.T) {
	good := someTaken(t)
	leaf := slices.IndexFunc(good.nodes, func(n Node) bool { return n.Height == 0 })
	inner := slices.IndexFunc(good.nodes, func(n Node) bool { return n.Height > 0 })
	for name, change := range map[string]func(k *taken){
		"another value":          func(k *taken) { k.nodes[leaf].Value = []byte("9") },
		"another key":            func(k *taken) { k.nodes[leaf].Key = []byte("A") },
		"another version":        func(k *taken) { k.nodes[leaf].Version = 2 },
		"version 0":              func(k *taken) { k.nodes[leaf].Version = 0 },
		"a version of later":     func(k *taken) { k.nodes[inner].Version = 3 },
		"another height":         func(k *taken) { k.nodes[inner].Height = 4 },
		"negative height":        func(k *taken) { k.nodes[inner].Height = -1 },
		"no leaves":              func(k *taken) { k.nodes = nil },
		"cut":                    func(k *taken) { k.nodes = k.nodes[:len(k.nodes)-1] },
		"a value more":           func(k *taken) { k.nodes = append(k.nodes, Node{Version: 1, Key: []byte("z")}) },
		"a node more":            func(k *taken) { k.nodes = append(k.nodes, Node{Version: 1, Height: 1}) },
		"the same twice":         func(k *taken) { k.nodes = append(k.nodes, k.nodes...) },
		"an inner node first":    func(k *taken) { k.nodes = append([]Node{{Height: 1, Version: 1}}, k.nodes...) },
		"no key":                 func(k *taken) { k.nodes[leaf].Key = nil },
		"a long key":             func(k *taken) { k.nodes[leaf].Key = make([]byte, KeyBytesMax+1) },
		"another root":           func(k *taken) { k.root = make([]byte, 32) },
		"another root's node":    func(k *taken) { k.rootNode = append(k.rootNode, 1) },
		"a root node of nothing": func(k *taken) { k.rootNode = nil },
		"order":                  func(k *taken) { k.nodes[0], k.nodes[1] = k.nodes[1], k.nodes[0] },
		"side without value":     func(k *taken) { k.side = []Change{{Key: []byte("k")}} },
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			bad.nodes = slices.Clone(good.nodes)
			change(&bad)
			s := openTemp(t, small())
			if err := bad.into(s); !errors.Is(err, ErrSnapshot) {
				t.Errorf("got %v", err)
			}
			if s.Height() != 0 || len(records(t, s, prefixNode))+len(records(t, s, prefixValue))+len(records(t, s, prefixImport)) != 0 {
				t.Error("something of it stays")
			}
			must(t, good.into(s))
			if !bytes.Equal(s.Hash(), good.root) {
				t.Error("the true one afterwards has another root")
			}
		})
	}
}

func TestEmptyValueStaysEmpty(t *testing.T) {
	s := openTemp(t, small())
	must(t, someTaken(t).into(s))
	if v, ok := s.Get([]byte("e")); !ok || v == nil || len(v) != 0 {
		t.Errorf("%v %t", v, ok)
	}
}

// An import that ends anywhere leaves a store that opens empty and begins anew; only a complete one counts.
func TestImportCutShort(t *testing.T) {
	good := someTaken(t)
	for cut := range len(good.nodes) + 1 {
		files := storage.NewMemStorage()
		s := openMem(t, files, small())
		i, err := s.BeginImport(good.height, good.root, good.rootNode)
		must(t, err)
		part := good
		part.nodes = good.nodes[:cut]
		must(t, part.feed(i))
		must(t, i.flush(0))
		must(t, s.Close())
		s = openMem(t, files, small())
		if s.Height() != 0 || len(records(t, s, prefixValue)) != 0 {
			t.Fatalf("cut after %d nodes: height %d", cut, s.Height())
		}
		must(t, good.into(s))
		must(t, good.into(s)) // the engine forgot it: taken in once more
		closeStore(t, s)
	}
}

// The disk fails at any write of an import: opening again finds all of it or nothing.
func TestImportOnAFailingDisk(t *testing.T) {
	good := someTaken(t)
	for at := 1; at < 12; at++ {
		files := &countingFiles{Storage: storage.NewMemStorage()}
		s := openMem(t, files, small())
		files.failAtWrite = files.writes + at
		err := good.into(s)
		_ = s.Close()
		files.failAtWrite = 0
		s = openMem(t, files, small())
		if h := s.Height(); h != 0 && h != good.height || err == nil && h == 0 {
			t.Fatalf("write %d fails (%v): height %d", at, err, h)
		}
		if s.Height() == 0 {
			must(t, good.into(s))
		}
		checkWhole(t, s)
		closeStore(t, s)
	}
}

func TestImportOverBlocks(t *testing.T) {
	good, s := someTaken(t), openTemp(t, small())
	commit(t, s, block("a", "1"))
	if err := good.into(s); err == nil {
		t.Fatal("a store with blocks is overwritten")
	}
	if v, ok := s.Get([]byte("a")); !ok || string(v) != "1" {
		t.Error("its block is gone")
	}
	began := openTemp(t, small())
	must(t, good.into(began))
	commit(t, began, block("a", "2"))
	if err := good.into(began); err == nil || began.Height() != good.height+1 {
		t.Errorf("a store that went on is overwritten: %v", err)
	}
}
