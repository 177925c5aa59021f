// Package apptest runs a development network inside a test: real nodes with engine, gate and disk, in one process,
// every invariant checked after every block.
package apptest

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// Network is a running development network.
type Network struct {
	*devnet.Net
	Running []*node.Node
}

// Option changes what is laid out.
type Option func(*devnet.Options)

// Validators sets how many validators there are; without it one.
func Validators(n int) Option { return func(o *devnet.Options) { o.Validators = n } }

// Tune changes each node's configuration.
func Tune(f func(*node.Config)) Option {
	return func(o *devnet.Options) {
		before := o.Tune
		o.Tune = func(c *node.Config) {
			before(c)
			f(c)
		}
	}
}

// readyWithin is how long a network may take to its first provable block.
const readyWithin = 30 * time.Second

// Start lays out and starts a network that ends with the test. SPLITTALLY_TEST_LOG=debug|info|warn|error shows the
// nodes' log.
func Start(tb testing.TB, options ...Option) *Network {
	tb.Helper()
	o := devnet.Options{Dir: tb.TempDir(), Validators: 1, Tune: func(c *node.Config) {
		c.CheckInvariants = true
		c.BlockWaitMS, c.IdleWaitMS = 20, 200
		c.NodeCacheMiB, c.BlockCacheMiB, c.WriteBufferMiB = 32, 8, 8
		c.LogLevel = "error"
		if level := os.Getenv("SPLITTALLY_TEST_LOG"); level != "" {
			c.LogLevel = level
		}
	}}
	for _, f := range options {
		f(&o)
	}
	laid, err := devnet.Make(o)
	if err != nil {
		tb.Fatal(err)
	}
	n := &Network{Net: laid}
	tb.Cleanup(n.stop)
	for i := range laid.Nodes {
		n.start(tb, i)
	}
	n.WaitHeight(tb, 2)
	return n
}

func (n *Network) start(tb testing.TB, i int) {
	tb.Helper()
	c := n.Nodes[i]
	running, err := node.Start(c, "test", node.NewLog(os.Stderr, c).With("node", i))
	if err != nil {
		tb.Fatal(err)
	}
	n.Running = append(n.Running, running)
}

func (n *Network) stop() {
	for _, r := range n.Running {
		if err := r.Stop(); err != nil {
			slog.Error("a test node did not stop well", "err", err)
		}
	}
}

// WaitHeight waits until every node has committed a height.
func (n *Network) WaitHeight(tb testing.TB, height int64) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	for i, r := range n.Running {
		for r.App().Status().Height < height {
			select {
			case err := <-r.Failed():
				tb.Fatalf("node %d failed: %v", i, err)
			case <-ctx.Done():
				tb.Fatalf("node %d is at height %d, not %d, after %s", i, r.App().Status().Height, height, readyWithin)
			case <-time.After(2 * time.Millisecond):
			}
		}
	}
}

// Endpoint is the URL of a node's gate and the pin of its certificate.
func (n *Network) Endpoint(i int) (url, pin string) {
	return "https://" + n.Running[i].GateAddress(), n.IDs[i].Pin
}
