package node_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// Where the engine stops on its way up, nothing of it runs on over the state that is closed then.
func TestHalfStart(t *testing.T) {
	laid, err := devnet.Make(devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := laid.Nodes[0]
	wal := filepath.Join(c.Home, "data", "cs.wal", "wal") // what cannot be opened ends the consensus reactor's start
	if err := os.MkdirAll(filepath.Join(wal, "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 5 { // the reactors start in another order each time
		n, err := node.Start(c, "test", node.NewLog(os.Stderr, c))
		if err == nil {
			t.Fatal("it starts without its log", n.Stop())
		}
		left := ""
		if !within(3*time.Second, func() bool {
			left = running("cometbft/blocksync.", "cometbft/mempool.", "cometbft/p2p/pex.")
			return left == ""
		}) {
			t.Fatalf("it runs on: %s", left)
		}
	}
}

// running is the first goroutine that is within one of the packages.
func running(packages ...string) string {
	b := make([]byte, 4<<20)
	for one := range strings.SplitSeq(string(b[:runtime.Stack(b, true)]), "\n\n") {
		for _, p := range packages {
			if strings.Contains(one, p) {
				return one
			}
		}
	}
	return ""
}
