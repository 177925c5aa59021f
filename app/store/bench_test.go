package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/cosmos/iavl"
	idb "github.com/cosmos/iavl/db"
	"github.com/syndtr/goleveldb/leveldb"
)

const (
	benchValueBytes  = 120
	benchSeedVersion = 1000 // the seeded tree looks as if it had grown over so many versions
	keysPerTransfer  = 2
)

func benchKey(i int) []byte {
	hash := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("bench"), uint64(i)))
	return append([]byte{'p'}, hash[:]...)
}

// seedDir builds a store of n keys by importing a balanced tree.
func seedDir(b *testing.B, dir string, n int) {
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = benchKey(i)
	}
	slices.SortFunc(keys, bytes.Compare)
	o := Options{NoSync: true}.withDefaults()
	ldb, err := leveldb.OpenFile(dir, o.levelDB())
	must(b, err)
	seedTree(b, ldb, keys)
	batch := new(leveldb.Batch)
	value := make([]byte, benchValueBytes)
	for i, k := range keys {
		batch.Put(prefixed(prefixValue, k), value)
		if i%10_000 == 9_999 || i == n-1 {
			must(b, ldb.Write(batch, nil))
			batch.Reset()
		}
	}
	must(b, ldb.Put(versionKey(prefixUndo, benchSeedVersion), newUndo(benchSeedVersion, 0, 0).blob, nil))
	must(b, ldb.Put(versionKey(prefixOrphans, benchSeedVersion), nil, nil))
	must(b, ldb.Close())
}

// importDB is a treeDB whose batches write themselves.
type importDB struct{ *treeDB }

func (d importDB) NewBatch() idb.Batch {
	return importBatch{nodeBatch{&treeDB{ldb: d.ldb, batch: new(leveldb.Batch), kept: map[nodeID]struct{}{}}}}
}

type importBatch struct{ nodeBatch }

func (b importBatch) Write() error     { return b.db.ldb.Write(b.db.batch, nil) }
func (b importBatch) WriteSync() error { return b.Write() }

func seedTree(b *testing.B, ldb *leveldb.DB, keys [][]byte) {
	db := importDB{&treeDB{ldb: ldb, cache: newRawCache(1)}}
	importer, err := iavl.NewMutableTree(db, 0, true, iavl.NewNopLogger()).Import(benchSeedVersion)
	must(b, err)
	leaf := sha256.Sum256(make([]byte, benchValueBytes))
	random := rand.New(rand.NewSource(1))
	var add func(keys [][]byte) (height int8, version int64)
	add = func(keys [][]byte) (int8, int64) {
		node := &iavl.ExportNode{Key: keys[0], Value: leaf[:], Version: 1 + random.Int63n(benchSeedVersion)}
		if half := len(keys) / 2; half > 0 {
			leftHeight, leftVersion := add(keys[:half])
			rightHeight, rightVersion := add(keys[half:])
			node = &iavl.ExportNode{Key: keys[half], Height: max(leftHeight, rightHeight) + 1, Version: max(leftVersion, rightVersion)}
		}
		must(b, importer.Add(node))
		return node.Height, node.Version
	}
	add(keys)
	must(b, importer.Commit())
}

// cloneDir links the tables, which never change, and copies the rest.
func cloneDir(t tester, from, to string) {
	entries, err := os.ReadDir(from)
	must(t, err)
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".ldb" {
			must(t, os.Link(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())))
			continue
		}
		in, err := os.Open(filepath.Join(from, e.Name()))
		must(t, err)
		out, err := os.Create(filepath.Join(to, e.Name()))
		must(t, err)
		_, err = io.Copy(out, in)
		must(t, err)
		must(t, in.Close())
		must(t, out.Close())
	}
}

// seeded are the directories of seeded stores by how many keys they have, for all runs of the process.
var seeded = map[int]string{}

func removeSeeded() {
	for _, dir := range seeded {
		_ = os.RemoveAll(dir)
	}
}

// BenchmarkCommit reports the wall time and the process's CPU time of a block for each changed key, and for a transfer.
func BenchmarkCommit(b *testing.B) {
	for _, keys := range []int{100_000, 1_000_000} {
		for _, changed := range []int{200, 2_000} {
			b.Run(fmt.Sprintf("keys=%d/changed=%d", keys, changed), func(b *testing.B) { benchCommit(b, keys, changed) })
		}
	}
}

func benchCommit(b *testing.B, keys, changed int) {
	if seeded[keys] == "" {
		dir, err := os.MkdirTemp("", "store-bench") //nolint:usetesting // it outlives one run of the benchmark
		must(b, err)
		seedDir(b, dir, keys)
		seeded[keys] = dir
	}
	dir := b.TempDir()
	cloneDir(b, seeded[keys], dir)
	s, err := Open(Options{Dir: dir, NodeCacheMiB: 1024, KeepVersions: 20, KeepFor: -1})
	must(b, err)
	defer closeStore(b, s)
	random := rand.New(rand.NewSource(42))
	run := func() { benchBlock(b, s, random, keys, changed) }
	for range 30 {
		run()
	}
	cpu := cpuTime()
	b.ResetTimer()
	for range b.N {
		run()
	}
	b.StopTimer()
	perKey := float64(b.N * changed)
	wallUs, cpuUs := float64(b.Elapsed().Microseconds())/perKey, float64((cpuTime()-cpu).Microseconds())/perKey
	b.ReportMetric(wallUs, "wall-us/key")
	b.ReportMetric(cpuUs, "cpu-us/key")
	b.ReportMetric(wallUs*keysPerTransfer, "wall-us/transfer")
	b.ReportMetric(cpuUs*keysPerTransfer, "cpu-us/transfer")
}

// benchBlock reads and changes keys at random, as a block of transfers does.
func benchBlock(b *testing.B, s *Store, random *rand.Rand, keys, changed int) {
	b.StopTimer()
	picked := make(map[int]bool, changed)
	for len(picked) < changed {
		picked[random.Intn(keys)] = true
	}
	changes := make([]Change, 0, changed)
	for i := range picked {
		value := make([]byte, benchValueBytes)
		random.Read(value)
		changes = append(changes, Change{Key: benchKey(i), Value: value})
	}
	slices.SortFunc(changes, func(a, b Change) int { return bytes.Compare(a.Key, b.Key) })
	b.StartTimer()
	for _, c := range changes {
		if _, ok := s.Get(c.Key); !ok {
			b.Fatalf("key %x is missing", c.Key)
		}
	}
	height := s.Height() + 1
	_, err := s.Stage(height, height, changes, nil)
	must(b, err)
	must(b, s.Commit())
}

func cpuTime() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
