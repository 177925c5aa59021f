package node_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/node"
)

// The child of TestKilledNode runs the node of this home.
const childHome = "SPLITTALLY_TEST_NODE_HOME"

const nodeKills = 6

func TestMain(m *testing.M) {
	if home := os.Getenv(childHome); home != "" {
		fmt.Println("ended:", child(home))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// child runs a node until it is killed, and tells its heights.
func child(home string) error {
	c, err := node.Load(home)
	if err != nil {
		return err
	}
	n, err := node.Start(c, "test", node.NewLog(os.Stderr, c))
	if err != nil {
		return err
	}
	for at := int64(0); ; {
		select {
		case err := <-n.Failed():
			return err
		case <-time.After(time.Millisecond):
		}
		if h := n.App().Status().Height; h > at {
			at = h
			fmt.Println(at)
		}
	}
}

// A validator with its engine, killed at any moment, starts again, goes on from where it was, and its chain verifies.
func TestKilledNode(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 9))
	n := apptest.Start(t, apptest.Tune(func(c *node.Config) { c.BlockWaitMS, c.IdleWaitMS = 0, 1 }))
	if err := n.Running[0].Stop(); err != nil {
		t.Fatal(err)
	}
	home, last := n.Nodes[0].Home, int64(0)
	for i := range nodeKills {
		cmd := exec.Command(os.Args[0], "-test.run=^$") //nolint:gosec // our own program
		cmd.Env, cmd.Stderr = append(os.Environ(), childHome+"="+home), os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for blocks := 2 + rnd.IntN(12); blocks > 0 && lines.Scan(); blocks-- {
			var h int64
			if _, err := fmt.Sscan(lines.Text(), &h); err != nil || h < last {
				t.Errorf("kill %d: %q after height %d", i, lines.Text(), last)
			}
			last = max(last, h)
		}
		time.Sleep(time.Duration(rnd.IntN(10_000)) * time.Microsecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			return
		}
		v, err := verify(n.Nodes[0])
		if err != nil || v.Blocks < last {
			t.Fatalf("after kill %d at height %d: %+v %v", i, last, v, err)
		}
	}
	if last < nodeKills {
		t.Errorf("only %d blocks", last)
	}
}

// What a child says when it cannot start is the test's to show.
func TestChildSaysWhy(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$") //nolint:gosec // our own program
	cmd.Env = append(os.Environ(), childHome+"="+t.TempDir())
	out, err := cmd.Output()
	if err == nil || !strings.Contains(string(out), "tallyd init") {
		t.Errorf("%s %v", out, err)
	}
}
