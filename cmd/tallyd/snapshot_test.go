package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/sdk"
)

// ground is a network of four validators, each a process, and a fifth home beside them.
type ground struct {
	t         *testing.T
	net       *devnet.Net
	processes []*process
}

func startGround(t *testing.T, tune func(*node.Config)) *ground {
	t.Helper()
	net, err := devnet.Make(devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 4, FullNode: true, Tune: func(c *node.Config) {
		c.BlockWaitMS, c.IdleWaitMS = 20, 100
		c.NodeCacheMiB, c.BlockCacheMiB, c.WriteBufferMiB = 32, 8, 8
		tune(c)
	}})
	if err != nil {
		t.Fatal(err)
	}
	g := &ground{t: t, net: net}
	for _, c := range net.Nodes[:4] {
		g.processes = append(g.processes, launch(t, "start", "--home", c.Home))
	}
	for i := range 4 {
		g.reaches(i, 2)
	}
	return g
}

// trust is what a gate says of its newest header: on a network of one's own that is enough.
func (g *ground) trust(i int) sdk.Trust {
	g.t.Helper()
	got, err := sdk.AskTrust(g.t.Context(), devnet.ChainID, g.endpoint(i))
	if err != nil {
		return sdk.Trust{}
	}
	return got
}

func (g *ground) endpoint(i int) sdk.Endpoint {
	return sdk.Endpoint{URL: "https://" + g.net.Nodes[i].GateListen, Pin: g.net.IDs[i].Pin}
}

func (g *ground) gate(i int) string {
	return fmt.Sprintf("member %d=", i) + g.net.IDs[i].Pin + "@" + g.net.Nodes[i].GateListen
}

func (g *ground) reaches(i int, height int64) {
	g.t.Helper()
	waitFor(g.t, fmt.Sprintf("node %d reaches height %d", i, height), func() bool { return g.trust(i).Height >= height })
}

// ask asks one node as a wallet does, with headers of another as witness.
func (g *ground) ask(i, witness int) sdk.Verified {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), readyWithin)
	defer cancel()
	r := g.net.Role("bank")
	c, err := sdk.Dial(ctx, sdk.Config{
		Endpoints: []sdk.Endpoint{g.endpoint(i), g.endpoint(witness)}, Trust: g.trust(i), Account: r.Account, Signer: r.Signer, Dir: g.t.TempDir(),
	})
	if err != nil {
		g.t.Fatal(err)
	}
	held, err := c.Holdings(ctx)
	if err := errors.Join(err, c.Close()); err != nil {
		g.t.Fatal(err)
	}
	return held.Verified
}

// beginsFrom sets a home to begin from a snapshot.
func (g *ground) beginsFrom(c node.Config) node.Config {
	g.t.Helper()
	trusted := g.trust(2)
	c.StateSyncTrustHeight, c.StateSyncTrustHash = int(trusted.Height), fmt.Sprintf("%x", trusted.Hash)
	c.StateSyncGates = []string{g.gate(0), g.gate(1)}
	if err := c.Save(); err != nil {
		g.t.Fatal(err)
	}
	return c
}

// health asks a metrics port.
func health(address, path string) (h node.Health, code int) {
	r, err := http.Get("http://" + address + path) //nolint:noctx // of a test
	if err != nil {
		return h, 0
	}
	defer r.Body.Close() // of a test
	if json.NewDecoder(r.Body).Decode(&h) != nil {
		return h, 0
	}
	return h, r.StatusCode
}

// A fifth node joins four that run, from a snapshot over the network; killed while it joins it begins anew. It goes on with
// the others, answers with proofs, and its readiness is told. A sixth home begins from a file.
func TestJoinARunningNetwork(t *testing.T) {
	g := startGround(t, func(c *node.Config) { c.SnapshotEveryBlocks, c.SnapshotsKept = 10, 100 })
	metrics := freeAddress(t)
	c := g.net.Nodes[4]
	c.SnapshotEveryBlocks, c.MetricsListen = 0, metrics
	g.reaches(0, 12)
	waitFor(t, "a snapshot is listed", func() bool {
		out, _, err := inProcess(t, "snapshot", "list", "--home", g.net.Nodes[0].Home)
		return err == nil && strings.Contains(out, "HEIGHT")
	})
	c = g.beginsFrom(c)
	first := launch(t, "start", "--home", c.Home)
	waitFor(t, "it says that it is not ready", func() bool {
		h, code := health(metrics, "/ready")
		return code == http.StatusServiceUnavailable && !h.Ready && h.CatchingUp
	})
	if _, code := health(metrics, "/healthz"); code != http.StatusOK {
		t.Errorf("healthz of a node that catches up: %d", code)
	}
	first.signal(t, syscall.SIGKILL)
	<-first.ended
	second := launch(t, "start", "--home", c.Home)
	waitFor(t, "it is ready", func() bool {
		_, code := health(metrics, "/ready")
		return code == http.StatusOK
	})
	h, _ := health(metrics, "/ready")
	if h.HistoryFrom < 10 || h.Height < h.HistoryFrom || h.Peers < 1 || h.LagS > 30 || h.CatchingUp {
		t.Errorf("%+v: it has not begun from a snapshot, or does not tell where it is", h)
	}
	if !strings.Contains(second.errs.String(), "the snapshot is the node's state") {
		t.Errorf("its log does not say so:\n%s", second.errs.String())
	}
	g.reaches(4, g.trust(1).Height)
	if v := g.ask(4, 1); v.Height < h.HistoryFrom {
		t.Errorf("proven at height %d", v.Height)
	}
	g.fromFile()
	second.signal(t, syscall.SIGTERM)
	second.end(t, endsWithin, 0)
	if _, _, err := inProcess(t, "verify", "--home", c.Home); err == nil || !strings.Contains(err.Error(), "verify on one that keeps all") {
		t.Errorf("verify of a node without the first blocks: %v", err)
	}
}

// fromFile begins the home of a node that was lost from a file of another.
func (g *ground) fromFile() {
	t := g.t
	file := filepath.Join(t.TempDir(), "snapshot")
	out, _, err := inProcess(t, "snapshot", "export", "--home", g.net.Nodes[0].Home, file)
	if err != nil || !strings.Contains(out, "Wrote the snapshot of height") {
		t.Fatalf("%v %s", err, out)
	}
	c := g.net.Nodes[4]
	c.Home = filepath.Join(t.TempDir(), "sixth")
	ports := freePorts(t, 2)
	c.GateListen, c.P2PListen, c.RPCListen, c.SnapshotEveryBlocks = ports[0], ports[1], "", 0
	if _, err := node.MakeHome(c); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Save(), g.net.Genesis.SaveAs(c.GenesisFile())); err != nil {
		t.Fatal(err)
	}
	if _, _, err := inProcess(t, "snapshot", "restore", "--home", c.Home, file); err == nil || !strings.Contains(err.Error(), "state_sync_trust_height") {
		t.Errorf("without trust: %v", err)
	}
	g.beginsFrom(c)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"a bit": flipped(good, len(good)/2), "cut": good[:len(good)-1], "longer": append(slices.Clone(good), 1), "empty": nil} {
		wrong := filepath.Join(t.TempDir(), "wrong")
		if err := os.WriteFile(wrong, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := inProcess(t, "snapshot", "restore", "--home", c.Home, wrong); err == nil || !strings.Contains(err.Error(), "not taken in") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 2 { // the second time it is begun anew: the node has no block of its own yet
		if out, _, err := inProcess(t, "snapshot", "restore", "--home", c.Home, file); err != nil || !strings.Contains(out, "The node begins at height") {
			if err != nil && strings.Contains(err.Error(), "has blocks up to") {
				return
			}
			t.Fatalf("%v %s", err, out)
		}
	}
}

func flipped(b []byte, at int) []byte {
	out := slices.Clone(b)
	out[at] ^= 1
	return out
}

func TestSnapshotOfAStoppedNode(t *testing.T) {
	c := oneNode(t)
	out, _, err := inProcess(t, "snapshot", "list", "--home", c.Home)
	if err != nil || !strings.Contains(out, "There is none") {
		t.Errorf("%v %s", err, out)
	}
	if _, _, err := inProcess(t, "snapshot", "create", "--home", c.Home); err == nil || !strings.Contains(err.Error(), "no block yet") {
		t.Errorf("before the first block: %v", err)
	}
	runUntil(t, c.Home, "the node runs")
	out, _, err = inProcess(t, "snapshot", "create", "--home", c.Home)
	if err != nil || !strings.Contains(out, "Made a snapshot of height") {
		t.Fatalf("%v %s", err, out)
	}
	file := filepath.Join(t.TempDir(), "s")
	if _, _, err := inProcess(t, "snapshot", "export", "--home", c.Home, "--height", "999999", file); err == nil || !strings.Contains(err.Error(), "no such snapshot") {
		t.Errorf("a height without snapshot: %v", err)
	}
	if _, _, err := inProcess(t, "snapshot", "export", "--home", c.Home, file); err != nil {
		t.Error(err)
	}
	if _, _, err := inProcess(t, "snapshot", "export", "--home", c.Home, file); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file is overwritten: %v", err)
	}
}
