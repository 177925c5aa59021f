package app_test

import (
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app"
)

// The child of TestSameHashInAnotherProcess finds its blocks here.
const replayDir = "SPLITTALLY_TEST_REPLAY_DIR"

// history is what another process replays.
type history struct {
	Genesis []byte
	Times   []time.Time
	Raws    [][][]byte
}

// replay runs a history and prints the hash after every block.
func replay(dir string) error {
	f, err := os.Open(filepath.Join(dir, "history"))
	if err != nil {
		return err
	}
	defer f.Close() // read only
	var h history
	if err := gob.NewDecoder(f).Decode(&h); err != nil {
		return err
	}
	r := &rig{tb: quiet{}, o: app.Options{Chain: "splittally-dev", Store: smallStore(filepath.Join(dir, "state"))}}
	r.open()
	r.initChain(h.Genesis)
	for i, at := range h.Times {
		fmt.Printf("%x\n", r.runAt(at, h.Raws[i]...).AppHash)
	}
	return r.a.Close()
}

// A process that remembers nothing of earlier blocks reaches the same hashes: no cache has a say in consensus.
func TestSameHashInAnotherProcess(t *testing.T) {
	rnd := source(t)
	r := newRig(t)
	h := &hostile{r: r, rnd: rnd}
	for range 30 {
		h.look()
		raws := work(r, rnd, 5)
		for range 40 {
			if raw := h.tx(pick(h, r.a.Machine().Methods()...)); raw != nil {
				raws = append(raws, raw)
			}
		}
		r.run(raws...)
		if rnd.IntN(8) == 0 {
			r.reopen()
		}
	}
	rec := history{Genesis: laid().Genesis.AppState}
	for i, b := range r.blocks {
		rec.Times, rec.Raws = append(rec.Times, b.at), append(rec.Raws, b.raws)
		if i == 0 && len(b.raws) > 0 {
			t.Fatal("the first block carries something")
		}
	}
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "history"))
	if err != nil {
		t.Fatal(err)
	}
	if err := gob.NewEncoder(f).Encode(rec); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^$") //nolint:gosec // our own program
	cmd.Env = append(os.Environ(), replayDir+"="+dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	hashes := strings.Fields(string(out))
	if len(hashes) != len(r.blocks) {
		t.Fatalf("%d hashes of %d blocks", len(hashes), len(r.blocks))
	}
	for i, b := range r.blocks {
		if hashes[i] != hex.EncodeToString(b.hash) {
			t.Fatalf("block %d: %X here, %s in another process", i+1, b.hash, hashes[i])
		}
	}
}
