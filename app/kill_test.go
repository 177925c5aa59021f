package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
)

// The child of TestKillNine finds its folder and the genesis here.
const childDir = "SPLITTALLY_TEST_KILL_DIR"

const (
	kills         = 50
	itemsPerBlock = 400 // each some 500 bytes of records and lists
)

func TestMain(m *testing.M) {
	run := child
	dir := os.Getenv(childDir)
	if dir == "" {
		run, dir = replay, os.Getenv(replayDir)
	}
	if dir != "" {
		if err := run(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// killedRig drives the chain of TestKillNine: every block is determined by its height, and no test is at hand.
type killedRig struct{ *rig }

func openKilled(tb testing.TB, dir string, genesis []byte, noSync bool) *killedRig {
	o := app.Options{Chain: chainID(), Store: smallStore(dir)}
	o.Store.NoSync = noSync
	o.Store.KeepVersions, o.Store.KeepFor = 5, time.Second
	r := &killedRig{&rig{tb: tb, o: o}}
	r.open()
	if r.height() == 0 {
		r.initChain(genesis)
		r.run()
	}
	return r
}

// block is the content of a height: an issue of many packages, and a few small transactions.
func (r *killedRig) block(height int64) [][]byte {
	r.number = uint64(height) * 100
	return [][]byte{
		r.tx("obligor", issue("tier1", itemsPerBlock, uint64(height)<<20)),
		r.tx("bank", mint("tier1", height)), r.tx("tier1", pass("tier2", height/2+1)),
	}
}

// quiet is a testing.TB for the child, which has no test: what fails ends the process.
type quiet struct{ testing.TB }

func (quiet) Helper()                   {}
func (quiet) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (quiet) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (quiet) Errorf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

// child runs blocks until it is killed and tells each one that is committed.
func child(dir string) error {
	genesis, err := os.ReadFile(filepath.Join(dir, "genesis"))
	if err != nil {
		return err
	}
	r := openKilled(quiet{}, filepath.Join(dir, "state"), genesis, false)
	fmt.Println("open", r.height())
	for {
		h := r.height() + 1
		res := r.run(r.block(h)...)
		for _, one := range res.TxResults[:2] {
			if one.Code != 0 {
				return fmt.Errorf("block %d: code %d", h, one.Code)
			}
		}
		r.blocks = nil
		fmt.Printf("committed %d %x\n", h, res.AppHash)
	}
}

// run starts the child, kills it after a while, and returns the newest height that it told and that height's hash.
func runChild(t *testing.T, dir string, life time.Duration) (int64, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$") //nolint:gosec // our own program
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n') // it has opened its state
	if err != nil || !strings.HasPrefix(first, "open ") {
		t.Fatalf("the child did not open its state: %s %v", first, err)
	}
	time.AfterFunc(life, func() { _ = cmd.Process.Kill() })
	rest, _ := io.ReadAll(lines)
	_ = cmd.Wait()
	var height int64
	hash := ""
	for line := range strings.Lines(string(rest)) {
		if w := strings.Fields(line); strings.HasSuffix(line, "\n") && len(w) == 3 && w[0] == "committed" {
			height, _ = strconv.ParseInt(w[1], 10, 64)
			hash = w[2]
		} else if len(w) > 0 && w[0] == "error" {
			t.Fatal(line)
		}
	}
	return height, hash
}

// A node killed at any moment loses no block that it told, forks nothing, and its index is as of its state.
func TestKillNine(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 9))
	dir := t.TempDir()
	genesis := laid().Genesis.AppState
	if err := os.WriteFile(filepath.Join(dir, "genesis"), genesis, 0o600); err != nil {
		t.Fatal(err)
	}
	clean := openKilled(t, t.TempDir(), genesis, true)
	defer clean.a.Close() //nolint:errcheck // of a test
	began, told := time.Now(), int64(0)
	for i := range kills {
		h, hash := runChild(t, dir, time.Duration(rnd.IntN(250_000))*time.Microsecond)
		told = max(told, h)
		told = inspect(t, filepath.Join(dir, "state"), told, clean)
		if h > 0 && h == clean.height() && hash != hex.EncodeToString(clean.lastHash()) {
			t.Fatalf("kill %d: the child told another hash at %d", i, h)
		}
		if t.Failed() {
			t.Fatalf("after kill %d, at height %d", i, told)
		}
	}
	if clean.height() < kills/2 {
		t.Errorf("only %d blocks in %d kills: this shows little", clean.height(), kills)
	}
	t.Logf("%d kills, %d blocks, %s", kills, clean.height(), time.Since(began).Round(time.Second))
}

// inspect opens what a kill left and compares it with a clean replay.
func inspect(t *testing.T, dir string, told int64, clean *killedRig) int64 {
	t.Helper()
	o := smallStore(dir)
	s, err := store.Open(o)
	if err != nil {
		t.Fatalf("it does not open again: %v", err)
	}
	defer s.Close() //nolint:errcheck // nothing was written
	height, hash := s.Height(), s.Hash()
	if height < told || height > told+1 && told > 0 {
		t.Errorf("it is at height %d, %d was told or seen before", height, told)
	}
	for clean.height() < height {
		clean.run(clean.block(clean.height() + 1)...)
	}
	if height > 0 && height == clean.height() && !bytes.Equal(hash, clean.lastHash()) {
		t.Errorf("at height %d the hash is %X, a clean replay has %X", height, hash, clean.lastHash())
	}
	if height > 1 {
		checkIndex(t, s, height, clean)
	}
	return height
}

func (r *killedRig) lastHash() []byte { return r.blocks[len(r.blocks)-1].hash }

// checkIndex finds the newest block and its transactions in the index, and lists that have what the state has.
func checkIndex(t *testing.T, s *store.Store, height int64, clean *killedRig) {
	t.Helper()
	side := s.Side()
	defer side.Release()
	b, txs, err := index.BlockAt(side, height)
	if err != nil || b == nil || len(txs) != len(clean.blocks[height-1].raws) || side.Height() != height {
		t.Errorf("the index has not block %d: %v %v", height, b, err)
	}
	if next, _, err := index.BlockAt(side, height+1); err != nil || next != nil {
		t.Errorf("the index is ahead of the state: %v", err)
	}
	for i, raw := range clean.blocks[height-1].raws {
		if tx, place, err := index.Outcome(side, clean.hash(raw)); err != nil || tx == nil || place.Number != uint32(i) {
			t.Errorf("the index has no outcome of transaction %d: %v", i, err)
		}
	}
	v, ok := s.Get(kernelv1.RangeKey())
	rec := &kernelv1.Range{}
	if !ok || kernelv1.Unframe(v, rec) != nil || rec.Count != uint64(height) {
		t.Errorf("the current values are of height %d, the tree is of %d", rec.Count, height)
	}
}

// The blocks of TestKillNine change more than what the tree's library writes at once by default, 100 kB.
func TestKilledBlocksAreLarge(t *testing.T) {
	r := openKilled(t, t.TempDir(), laid().Genesis.AppState, true)
	defer r.a.Close() //nolint:errcheck // of a test
	raws := r.block(2)
	if n := len(bytes.Join(raws, nil)); n > txv1.MaxBytesLarge {
		t.Fatalf("%d bytes", n)
	}
	for i, res := range r.run(raws...).TxResults {
		if i < 2 && res.Code != 0 {
			t.Errorf("transaction %d: code %d", i, res.Code)
		}
	}
	size := 0
	_, keys, _, err := r.a.List(anyone, "vouchers.pending", laid().Role("tier1").Account, nil, 1_000)
	if err != nil || len(keys) != itemsPerBlock {
		t.Fatalf("%d packages, %v", len(keys), err)
	}
	_, records, err := r.a.ReadAt(anyone, 2, keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, rec := range records {
		size += len(keys[i]) + len(rec.Value)
	}
	if size < 100_000 {
		t.Errorf("the packages of one block are %d bytes of records", size)
	}
	if o, err := r.a.OutcomeOf(context.Background(), anyone, r.hash(raws[1])); err != nil || o == nil {
		t.Error(o, err)
	}
}
