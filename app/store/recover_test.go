package store

import (
	"bytes"
	"errors"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// damagedStore has blocks 1 to 5; damage then works on the bare database.
func damagedStore(t *testing.T, damage func(ldb *leveldb.DB)) (*Store, *model, error) {
	t.Helper()
	files, o, m := storage.NewMemStorage(), small(), newModel()
	s := openMem(t, files, o)
	for _, changes := range recoverBlocks() {
		commit(t, s, changes)
		m.apply(t, changes)
	}
	must(t, s.Close())
	ldb, err := leveldb.Open(files, o.withDefaults().levelDB())
	must(t, err)
	damage(ldb)
	must(t, ldb.Close())
	s, err = openOn(files, o)
	if err == nil {
		t.Cleanup(func() { closeStore(t, s) })
	}
	return s, m, err
}

func recoverBlocks() [][]Change {
	return [][]Change{
		block("a", "1", "b", "1", "c", "1", "d", "1"),
		block("a", "2", "e", "2"),
		block("b", "-", "f", ""),
		block("a", "", "f", "4"),
		block("a", "5", "c", "-", "e", "5", "f", "-", "g", "5"),
	}
}

func TestStepsDown(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(ldb *leveldb.DB) error
		height int
	}{
		{"nothing", func(*leveldb.DB) error { return nil }, 5},
		{"newest root is garbage", func(ldb *leveldb.DB) error { return putRoot(ldb, 5) }, 4},
		{"newest root is missing", func(ldb *leveldb.DB) error { return ldb.Delete(rootKey(5), nil) }, 4},
		{"two newest roots are garbage", func(ldb *leveldb.DB) error {
			return errors.Join(putRoot(ldb, 5), putRoot(ldb, 4))
		}, 3},
		{"a half-written tree above", func(ldb *leveldb.DB) error {
			return ldb.Put(makeNodeID(6, 3).appendKey(nil), []byte("half"), nil)
		}, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, m, err := damagedStore(t, func(ldb *leveldb.DB) { must(t, c.damage(ldb)) })
			must(t, err)
			checkSteppedDown(t, s, m, c.height)
		})
	}
}

func rootKey(version int64) []byte { return makeNodeID(version, rootNonce).appendKey(nil) }

func putRoot(ldb *leveldb.DB, version int64) error {
	return ldb.Put(rootKey(version), []byte("garbage"), nil)
}

// checkSteppedDown plays the blocks again that were given up.
func checkSteppedDown(t *testing.T, s *Store, m *model, height int) {
	t.Helper()
	if s.Height() != int64(height) || !bytes.Equal(s.Hash(), m.roots[height]) {
		t.Fatalf("opened at %d, want %d, or another root", s.Height(), height)
	}
	checkWhole(t, s)
	for h := height + 1; h <= len(recoverBlocks()); h++ {
		if root := commit(t, s, recoverBlocks()[h-1]); !bytes.Equal(root, m.roots[h]) {
			t.Fatalf("height %d has another root the second time", h)
		}
	}
	checkWindow(t, s, m, "zz")
	checkWhole(t, s)
}

func TestDamageRefused(t *testing.T) {
	for name, damage := range map[string]func(ldb *leveldb.DB) error{
		"a gap in the undo records": func(ldb *leveldb.DB) error { return ldb.Delete(versionKey(prefixUndo, 4), nil) },
		"no undo record": func(ldb *leveldb.DB) error {
			batch := new(leveldb.Batch)
			for v := int64(1); v <= 5; v++ {
				batch.Delete(versionKey(prefixUndo, v))
			}
			return ldb.Write(batch, nil)
		},
		"a cut undo record": func(ldb *leveldb.DB) error { return ldb.Put(versionKey(prefixUndo, 5), make([]byte, 9), nil) },
		"no root loads": func(ldb *leveldb.DB) error {
			return errors.Join(putRoot(ldb, 2), putRoot(ldb, 3), putRoot(ldb, 4), putRoot(ldb, 5))
		},
	} {
		if _, _, err := damagedStore(t, func(ldb *leveldb.DB) { must(t, damage(ldb)) }); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := damagedStore(t, func(ldb *leveldb.DB) { must(t, ldb.Put([]byte("Ubad"), nil, nil)) })
	if err == nil {
		t.Error("a strange key under U is taken")
	}
}

func TestMissingOrphansStopPruning(t *testing.T) {
	s, _, err := damagedStore(t, func(ldb *leveldb.DB) { must(t, ldb.Delete(versionKey(prefixOrphans, 3), nil)) })
	must(t, err)
	_, err = s.Stage(6, 6, block("a", "6"), nil)
	must(t, err)
	if err := s.Commit(); !errors.Is(err, errDamaged) {
		t.Fatalf("commit without a list of orphans that is due: %v", err)
	}
}

// After opening, reads come from the cache, and it never holds more than asked for.
func TestWarm(t *testing.T) {
	o := small()
	o.Dir = t.TempDir()
	s, err := Open(o)
	must(t, err)
	var changes []Change
	for i := range 300 {
		changes = append(changes, block(numbered(i), "value")...)
	}
	commit(t, s, changes)
	must(t, s.Close())
	s, err = Open(o)
	must(t, err)
	defer closeStore(t, s)
	for _, c := range changes {
		if _, ok := s.cache.get(nil, prefixed(prefixValue, c.Key)); !ok {
			t.Fatalf("%s is not in the cache after opening", c.Key)
		}
	}
	const few = 1000
	s.cache.entries.Reset()
	filled, err := s.warmFrom(prefixNode, true, few)
	must(t, err)
	if filled < few || filled > few+200 {
		t.Errorf("%d bytes filled, want about %d", filled, few)
	}
}
