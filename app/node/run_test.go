package node_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/node"
	"go.uber.org/goleak"
)

func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close() // only to learn a port
	return l.Addr().String()
}

// The watchdog: a node whose state can no longer be written says so, once, and its process can end.
func TestFailureIsTold(t *testing.T) {
	n := apptest.Start(t)
	select {
	case err := <-n.Running[0].Failed():
		t.Fatalf("it failed by itself: %v", err)
	default:
	}
	if err := n.Running[0].App().Close(); err != nil { // as a disk that is gone
		t.Fatal(err)
	}
	select {
	case err := <-n.Running[0].Failed():
		if err == nil || err.Error() == "" {
			t.Error("it does not say why")
		}
	case <-time.After(10 * time.Second):
		t.Error("the engine has failed, and nobody is told")
	}
}

func TestMetrics(t *testing.T) {
	address := freePort(t)
	n := apptest.Start(t, apptest.Tune(func(c *node.Config) { c.MetricsListen = address }))
	send(t, n, "bank", mint(n, 5))
	res, err := http.Get("http://" + address + "/metrics") //nolint:noctx // of a test
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() // of a test
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"splittally_height ", "splittally_blocks_total ", "splittally_transactions_total 1", "splittally_transactions_refused_total 0",
		"splittally_pool_transactions 0", "splittally_signatures_verified 1", "go_goroutines ", "cometbft_consensus_height{",
	} {
		if !strings.Contains(string(b), "\n"+name) {
			t.Errorf("no %s", name)
		}
	}
}

// A port that is taken is named, and the home can be started afterwards: nothing stays locked.
func TestPortInUse(t *testing.T) {
	n := apptest.Start(t)
	if err := n.Running[0].Stop(); err != nil {
		t.Fatal(err)
	}
	for field, set := range map[string]func(*node.Config, string){
		"gate_listen":    func(c *node.Config, a string) { c.GateListen = a },
		"metrics_listen": func(c *node.Config, a string) { c.MetricsListen = a },
		"p2p_listen":     func(c *node.Config, a string) { c.P2PListen = a },
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c := n.Nodes[0]
		set(&c, l.Addr().String())
		if running, err := node.Start(c, "test", node.NewLog(os.Stderr, c)); err == nil {
			t.Errorf("%s: started on a port that is taken", field)
			_ = running.Stop()
		} else if field != "p2p_listen" && !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named: %v", field, err)
		}
		_ = l.Close()
	}
	again := startNode(t, n.Nodes[0])
	if !within(5*time.Second, again.Ready) {
		t.Error("it does not start again")
	}
}

func TestStopLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	n := apptest.Start(t, apptest.Validators(2))
	send(t, n, "bank", mint(n, 5))
	for i, r := range n.Running {
		if err := r.Stop(); err != nil {
			t.Errorf("node %d: %v", i, err)
		}
		if err := r.Stop(); err != nil {
			t.Errorf("node %d, stopped again: %v", i, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	// The engine leaves some of its own behind (files' tickers, the mempool's guard, sleeping reactors), leveldb a
	// buffer's; none of them may be this project's, or hold on to what is.
	if err := goleak.Find(before); err != nil && strings.Contains(err.Error(), "github.com/splittally/") {
		t.Error(err)
	}
}

func TestRestartGoesOn(t *testing.T) {
	n := apptest.Start(t)
	send(t, n, "bank", mint(n, 5))
	for range 3 {
		at := n.Running[0].App().Status().Height
		if err := n.Running[0].Stop(); err != nil {
			t.Fatal(err)
		}
		n.Running[0] = startNode(t, n.Nodes[0])
		if got := n.Running[0].App().Status().Height; got < at {
			t.Fatalf("at height %d, it was at %d", got, at)
		}
		n.WaitHeight(t, at+3)
	}
}
