package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

const (
	crashDirEnv   = "STORE_CRASH_DIR"
	crashKeys     = 6000
	crashChanges  = 1000
	crashRounds   = 10
	crashValueLen = 150
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDirEnv); dir != "" {
		crashChild(dir)
		return
	}
	code := m.Run()
	removeSeeded()
	os.Exit(code)
}

func crashOptions(dir string) Options {
	return Options{Dir: dir, NodeCacheMiB: 8, BlockCacheMiB: 4, WriteBufferMiB: 1, TreeCache: 2000, KeepVersions: 6, KeepFor: -1}
}

// crashBlock depends on nothing but the height: more than 100 kB of changes, some deletions, and once in a while values
// that fill leveldb's write buffer alone.
func crashBlock(height int64, state map[string][]byte) []Change {
	random := rand.New(rand.NewSource(height))
	picked := random.Perm(crashKeys)[:crashChanges]
	slices.Sort(picked)
	changes := []Change{{Key: []byte("height"), Value: binary.BigEndian.AppendUint64(nil, uint64(height))}}
	for i, k := range picked {
		c := Change{Key: []byte(numbered(k))}
		size := crashValueLen
		if height%7 == 0 && i%100 == 0 {
			size = 150_000
		}
		if _, there := state[string(c.Key)]; !there || random.Intn(6) > 0 {
			c.Value = make([]byte, size)
			random.Read(c.Value)
		}
		changes = append(changes, c)
	}
	return changes
}

func applyTo(state map[string][]byte, changes []Change) {
	for _, c := range changes {
		if c.Value == nil {
			delete(state, string(c.Key))
		} else {
			state[string(c.Key)] = c.Value
		}
	}
}

// crashChild commits blocks until it is killed, and prints each height that is on disk.
func crashChild(dir string) {
	s, err := Open(crashOptions(dir))
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	state := map[string][]byte{}
	s.Range(nil, nil, func(key, value []byte) bool {
		state[string(key)] = value
		return true
	})
	for {
		h := s.Height() + 1
		changes := crashBlock(h, state)
		if _, err := s.Stage(h, h, changes, []Change{{Key: []byte("at"), Value: binary.BigEndian.AppendUint64(nil, uint64(h))}}); err != nil {
			fmt.Println("stage:", err)
			os.Exit(1)
		}
		if err := s.Commit(); err != nil {
			fmt.Println("commit:", err)
			os.Exit(1)
		}
		applyTo(state, changes)
		fmt.Println("height", h)
	}
}

// replay plays the blocks that nobody killed.
type replay struct {
	s     *Store
	state map[string][]byte
	roots [][]byte
}

func newReplay(t *testing.T) *replay {
	o := crashOptions("")
	o.NoSync = true
	s := openMem(t, storage.NewMemStorage(), o)
	t.Cleanup(func() { closeStore(t, s) })
	return &replay{s: s, state: map[string][]byte{}, roots: [][]byte{nil}}
}

func (r *replay) root(t *testing.T, height int64) []byte {
	for int64(len(r.roots)) <= height {
		changes := crashBlock(int64(len(r.roots)), r.state)
		r.roots = append(r.roots, commit(t, r.s, changes))
		applyTo(r.state, changes)
	}
	return r.roots[height]
}

// checkCrashed opens what is left and compares it with the replay; it tells the height.
func checkCrashed(t *testing.T, dir string, r *replay) int64 {
	t.Helper()
	s, err := Open(crashOptions(dir))
	must(t, err)
	defer closeStore(t, s)
	if !bytes.Equal(s.Hash(), r.root(t, s.Height())) {
		t.Fatalf("root of height %d differs from the replay's", s.Height())
	}
	checkWhole(t, s)
	for h := max(s.Oldest(), 1); h <= s.Height(); h++ {
		v, err := s.At(h)
		must(t, err)
		if !bytes.Equal(v.Root(), r.root(t, h)) {
			t.Fatalf("root of kept height %d differs from the replay's", h)
		}
	}
	side := s.Side()
	defer side.Release()
	at, _, err := side.Get([]byte("at"))
	must(t, err)
	if s.Height() > 0 && (side.Height() != s.Height() || int64(binary.BigEndian.Uint64(at)) != s.Height()) {
		t.Fatalf("side records of height %d %x, head %d", side.Height(), at, s.Height())
	}
	return s.Height()
}

// runAndKill tells the last height that the child reported.
func runAndKill(t *testing.T, dir string, after time.Duration) (acknowledged int64) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDirEnv+"="+dir)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	timer := time.AfterFunc(after, func() { _ = child.Process.Kill() })
	defer timer.Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		number, ok := strings.CutPrefix(lines.Text(), "height ")
		if !ok {
			t.Fatalf("child: %s", lines.Text())
		}
		if h, err := strconv.ParseInt(number, 10, 64); err == nil {
			acknowledged = h
		}
	}
	_ = child.Wait() // it was killed
	return acknowledged
}

func TestKilled(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))
	dir, r := t.TempDir(), newReplay(t)
	for round := range crashRounds {
		acknowledged := runAndKill(t, dir, time.Duration(150+random.Intn(400))*time.Millisecond)
		torn := t.TempDir()
		cloneDir(t, dir, torn)
		if cutJournal(t, torn, random) {
			checkCrashed(t, torn, r)
		}
		if height := checkCrashed(t, dir, r); height < acknowledged {
			t.Fatalf("round %d: height %d was acknowledged, %d is on disk", round, acknowledged, height)
		}
	}
	t.Logf("%d blocks in %d rounds", r.s.Height(), crashRounds)
}

// cutJournal tears the newest journal at a random byte, as a power cut without sync would.
func cutJournal(t *testing.T, dir string, random *rand.Rand) bool {
	t.Helper()
	journals, err := filepath.Glob(filepath.Join(dir, "*.log"))
	must(t, err)
	if len(journals) == 0 {
		return false
	}
	newest := slices.Max(journals)
	info, err := os.Stat(newest)
	must(t, err)
	if info.Size() == 0 {
		return false
	}
	must(t, os.Truncate(newest, random.Int63n(info.Size())))
	return true
}

// countingFiles counts the syncs of journals, and can fail writes to them.
type countingFiles struct {
	storage.Storage
	journalSyncs, writes int
	failAtWrite          int // 0: never
}

var errDisk = errors.New("disk full")

func (f *countingFiles) Create(fd storage.FileDesc) (storage.Writer, error) {
	w, err := f.Storage.Create(fd)
	if err != nil || fd.Type != storage.TypeJournal {
		return w, err
	}
	return &countingWriter{w, f}, nil
}

type countingWriter struct {
	storage.Writer
	files *countingFiles
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.files.writes++
	if w.files.failAtWrite > 0 && w.files.writes >= w.files.failAtWrite {
		n, _ := w.Writer.Write(p[:len(p)/2])
		return n, errDisk
	}
	return w.Writer.Write(p)
}

func (w *countingWriter) Sync() error {
	w.files.journalSyncs++
	return w.Writer.Sync()
}

func TestOneWriteABlock(t *testing.T) {
	files := &countingFiles{Storage: storage.NewMemStorage()}
	o := crashOptions("")
	o.WriteBufferMiB = 64
	s := openMem(t, files, o)
	defer closeStore(t, s)
	state := map[string][]byte{}
	for h := int64(1); h <= 12; h++ {
		before := files.journalSyncs
		changes := crashBlock(h, state)
		commit(t, s, changes)
		applyTo(state, changes)
		if n := files.journalSyncs - before; n != 1 {
			t.Fatalf("block %d: %d synced journal writes, want 1", h, n)
		}
	}
}

// A write that fails in the middle stops the store; opening again finds the block before, whole.
func TestDiskFull(t *testing.T) {
	for _, failAfter := range []int{1, 2, 5} {
		files := &countingFiles{Storage: storage.NewMemStorage()}
		r, s := newReplay(t), openMem(t, files, crashOptions(""))
		state := map[string][]byte{}
		for h := int64(1); h <= 3; h++ {
			changes := crashBlock(h, state)
			commit(t, s, changes)
			applyTo(state, changes)
		}
		files.failAtWrite = files.writes + failAfter
		_, err := s.Stage(4, 4, crashBlock(4, state), nil)
		must(t, err)
		if err := s.Commit(); !errors.Is(err, errDisk) {
			t.Fatalf("commit on a full disk: %v", err)
		}
		if _, err := s.Stage(4, 4, crashBlock(4, state), nil); err == nil {
			t.Fatalf("a store whose commit failed takes another block")
		}
		_ = s.Close()
		files.failAtWrite = 0
		s = openMem(t, files, crashOptions(""))
		if s.Height() != 3 || !bytes.Equal(s.Hash(), r.root(t, 3)) {
			t.Fatalf("after the full disk: height %d", s.Height())
		}
		checkWhole(t, s)
		if root := commit(t, s, crashBlock(4, state)); !bytes.Equal(root, r.root(t, 4)) {
			t.Fatalf("the block that failed has another root the second time")
		}
		must(t, s.Close())
	}
}
