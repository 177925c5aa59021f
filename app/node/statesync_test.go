package node_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/app/node/headers"
)

// bank4 is a network of four validators that make snapshots, with a fifth home that was never started.
func bank4(t *testing.T, every int) *apptest.Network {
	t.Helper()
	laid, err := devnet.Make(devnet.Options{Dir: t.TempDir(), Validators: 4, FullNode: true, Tune: func(c *node.Config) {
		c.BlockWaitMS, c.IdleWaitMS = 20, 100
		c.NodeCacheMiB, c.BlockCacheMiB, c.WriteBufferMiB = 32, 8, 8
		c.SnapshotEveryBlocks, c.SnapshotsKept, c.LogLevel = every, 100, "error" // they must outlast the time of looking for them
	}})
	if err != nil {
		t.Fatal(err)
	}
	n := &apptest.Network{Net: laid}
	for _, c := range laid.Nodes[:4] {
		n.Running = append(n.Running, startNode(t, c))
	}
	n.WaitHeight(t, 2)
	return n
}

// joining is the fifth home set to begin from a snapshot: it trusts an early header, and asks two members.
func joining(t *testing.T, n *apptest.Network) node.Config {
	t.Helper()
	b, err := n.Running[2].LightBlock(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	c := n.Nodes[4]
	c.SnapshotEveryBlocks = 0
	c.StateSyncTrustHeight, c.StateSyncTrustHash = 2, fmt.Sprintf("%x", []byte(b.Hash()))
	c.StateSyncGates = []string{"A=" + n.IDs[0].Pin + "@" + n.Nodes[0].GateListen, "B=" + n.IDs[1].Pin + "@" + n.Nodes[1].GateListen}
	return c
}

func hasSnapshot(c node.Config) func() bool {
	return func() bool {
		all, err := filepath.Glob(filepath.Join(c.Home, "data", "snapshots", "*", "manifest"))
		return err == nil && len(all) > 0
	}
}

// A fifth node begins from a snapshot, goes on with the others, and says what it cannot answer.
func TestFifthNodeJoins(t *testing.T) {
	n := bank4(t, 5)
	for i := range 4 {
		send(t, n, "bank", mint(n, int64(i+1)))
	}
	if !within(20*time.Second, hasSnapshot(n.Nodes[3])) {
		t.Fatal("no snapshot is made")
	}
	fifth := startNode(t, joining(t, n))
	if !within(40*time.Second, fifth.Ready) {
		t.Fatal("it is not ready")
	}
	from := fifth.App().HistoryFrom()
	if from < 2 {
		t.Fatalf("its history begins at %d: it has replayed the blocks", from)
	}
	o := send(t, n, "bank", mint(n, 100))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	block, _, err := fifth.App().BlockOf(ctx, everything, o.Height)
	if err != nil || block == nil {
		t.Fatalf("a block after it joined: %v", err)
	}
	if _, _, err := fifth.App().BlockOf(ctx, everything, from-1); !errors.Is(err, app.ErrNoHistory) {
		t.Errorf("a block before it joined: %v", err)
	}
	sameAt(t, n.Running[0], fifth, o.Height+1)
	if err := fifth.Stop(); err != nil {
		t.Fatal(err)
	}
	again := startNode(t, joining(t, n))
	if !within(20*time.Second, again.Ready) || again.App().HistoryFrom() != from {
		t.Errorf("started again: history from %d", again.App().HistoryFrom())
	}
}

// sameAt compares two nodes' roots at a height, each proven by its own header.
func sameAt(t *testing.T, a, b *node.Node, height int64) {
	t.Helper()
	at := func(n *node.Node) []byte {
		if !within(20*time.Second, func() bool { return n.App().Status().Height >= height }) {
			t.Fatalf("height %d is not reached", height)
		}
		block, err := n.LightBlock(t.Context(), height)
		if err != nil {
			t.Fatal(err)
		}
		return block.AppHash
	}
	if x, y := at(a), at(b); !bytes.Equal(x, y) {
		t.Fatalf("height %d: %x and %x", height, x, y)
	}
}

func source(t *testing.T, c node.Config, gates []headers.Gate) *headers.Source {
	s := headers.New(devnet.ChainID, c.Trust(), gates)
	t.Cleanup(s.Close)
	return s
}

// A trust that is false, gates of one member, a gate with another pin: nothing is begun, the reason is in the log, and the
// node does not fail.
func TestFalseTrust(t *testing.T) {
	n := bank4(t, 5)
	if !within(20*time.Second, hasSnapshot(n.Nodes[3])) {
		t.Fatal("no snapshot is made")
	}
	for name, tc := range map[string]struct {
		change func(*node.Config)
		says   string
	}{
		"another header": {func(c *node.Config) { c.StateSyncTrustHash = strings.Repeat("ab", 32) }, "expected header's hash"},
		"one member":     {func(c *node.Config) { c.StateSyncGates[1] = "A" + c.StateSyncGates[1][1:] }, "fewer than 2 members"},
		"another pin":    {func(c *node.Config) { c.StateSyncGates[1] = "B=" + strings.Repeat("0", 64) + c.StateSyncGates[1][66:] }, "another certificate"},
		"a gate that is down": {func(c *node.Config) {
			c.StateSyncGates[1] = c.StateSyncGates[1][:67] + "127.0.0.1:1"
		}, "fewer than 2 members"},
	} {
		t.Run(name, func(t *testing.T) {
			c := joining(t, n)
			tc.change(&c)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			gates, err := c.Gates()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := source(t, c, gates).Block(ctx, 4); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q in it", err, tc.says)
			}
		})
	}
}
