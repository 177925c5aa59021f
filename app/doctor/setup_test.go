package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app/ceremony"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/doctor"
	"github.com/splittally/splittally/app/node"
)

// world is a network of four members. Three nodes run; the first has run and is stopped: it is the patient, and a copy of
// its home is broken in each test.
type world struct {
	net     *devnet.Net
	running []*node.Node
}

// newWorld lays the network out and runs it until every node has some blocks.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	var err error
	w.net, err = devnet.Make(devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 4, Tune: func(c *node.Config) {
		c.BlockWaitMS, c.IdleWaitMS = 20, 50
		c.NodeCacheMiB, c.BlockCacheMiB, c.WriteBufferMiB = 32, 8, 8
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.tellOthers(t)
	for _, c := range w.net.Nodes {
		w.running = append(w.running, start(t, c))
	}
	waitFor(t, "blocks", func() bool {
		return !slices.ContainsFunc(w.running, func(n *node.Node) bool { return !n.Ready() || n.App().Status().Height < 3 })
	})
	for _, c := range w.net.Nodes[:2] {
		if found := examine(t, c.Home, calm); len(found) > 0 {
			t.Fatalf("a running node that is well: %+v", found)
		}
	}
	if err := w.running[0].Stop(); err != nil {
		t.Fatal(err)
	}
	return w
}

// tellOthers writes every home's network.json, as 'tallyd genesis install' does.
func (w *world) tellOthers(t *testing.T) {
	t.Helper()
	n := ceremony.Network{Version: 1, Chain: devnet.ChainID, Nodes: []ceremony.NetworkNode{}, Confirmers: []ceremony.Confirmer{}}
	genesis, err := os.ReadFile(w.net.Nodes[0].GenesisFile())
	if err != nil {
		t.Fatal(err)
	}
	n.Genesis = ceremony.Hash(genesis)
	for i, c := range w.net.Nodes {
		n.Nodes = append(n.Nodes, ceremony.NetworkNode{Member: c.Member, URL: "https://" + c.GateListen, Pin: w.net.IDs[i].Pin})
	}
	for _, c := range w.net.Nodes {
		if err := ceremony.Write(ceremony.NetworkFile(c), n); err != nil {
			t.Fatal(err)
		}
	}
}

func start(t *testing.T, c node.Config) *node.Node {
	t.Helper()
	n, err := node.Start(c, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Log(err)
		}
	})
	return n
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s not: %s", what)
		}
	}
}

// copied is a copy of the patient's home, to be broken.
func (w *world) copied(t *testing.T) node.Config {
	t.Helper()
	home := filepath.Join(t.TempDir(), "node")
	if err := os.CopyFS(home, os.DirFS(w.net.Nodes[0].Home)); err != nil {
		t.Fatal(err)
	}
	err := filepath.Walk(home, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return errors.Join(err, os.Chmod(path, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := node.Load(home)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// calm are options that a busy machine does not upset.
var calm = doctor.Options{SlowSync: 2 * time.Second, MinFreeGiB: 1, Timeout: 5 * time.Second}

// examine looks a home over and returns what is not well, by check.
func examine(t *testing.T, home string, o doctor.Options) map[string]doctor.Finding {
	t.Helper()
	out := map[string]doctor.Finding{}
	for _, f := range doctor.Examine(t.Context(), home, o) {
		if f.What == "" || (f.Level != doctor.OK) != (f.Cure != "") {
			t.Errorf("a finding without words or cure, or a cure of nothing: %+v", f)
		}
		if f.Level == doctor.OK {
			continue
		}
		if other, twice := out[f.Check]; twice {
			f.What = other.What + "; " + f.What
			f.Level = max(other.Level, f.Level)
		}
		out[f.Check] = f
	}
	return out
}

// only wants one check to have found something, with a text, and no other.
func only(t *testing.T, found map[string]doctor.Finding, check string, level doctor.Level, says string) {
	t.Helper()
	f, ok := found[check]
	if !ok || f.Level != level || !strings.Contains(f.What, says) {
		t.Errorf("%s: found %+v; want a %s that says %q", check, f, level, says)
	}
	delete(found, check)
	if len(found) > 0 {
		t.Errorf("%s: and falsely %+v", check, found)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func edit(t *testing.T, file, before, after string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(before)) {
		t.Fatalf("%s has no %q", file, before)
	}
	write(t, file, strings.Replace(string(b), before, after, 1))
}

func save(t *testing.T, c node.Config) {
	t.Helper()
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
}

// field changes one field of a JSON file.
func field(t *testing.T, file, name string, value any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	m[name] = value
	if b, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	write(t, file, string(b))
}

func hashOf(b []byte) string { return ceremony.Hash(b) }
