package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// copyGenesis gives a home a genesis that another made.
func copyGenesis(t *testing.T, home string) {
	t.Helper()
	b, err := os.ReadFile(oneNode(t).GenesisFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "config", "genesis.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// oneNode lays out a network of one validator that makes blocks fast.
func oneNode(t *testing.T) node.Config {
	t.Helper()
	net, err := devnet.Make(devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 1, Tune: func(c *node.Config) {
		c.BlockWaitMS, c.IdleWaitMS = 10, 50
		c.NodeCacheMiB, c.BlockCacheMiB, c.WriteBufferMiB = 32, 8, 8
	}})
	if err != nil {
		t.Fatal(err)
	}
	return net.Nodes[0]
}

// runUntil runs a node as a process until its log shows a line, and stops it.
func runUntil(t *testing.T, home, line string) string {
	t.Helper()
	p := launch(t, "start", "--home", home)
	pattern := regexp.MustCompile(line)
	waitFor(t, "the log shows "+line, func() bool {
		select {
		case <-p.ended:
			t.Fatalf("the node ended with %d: %s", p.code, p.errs.String())
		default:
		}
		return pattern.MatchString(p.errs.String())
	})
	time.Sleep(time.Second) // some blocks
	p.signal(t, syscall.SIGTERM)
	p.end(t, endsWithin, 0)
	if p.out.String() != "" {
		t.Errorf("on standard output of a node: %s", p.out.String())
	}
	return p.errs.String()
}

// A node runs, is verified, exported, and its state begins another chain with the same content.
func TestNodeLife(t *testing.T) {
	c := oneNode(t)
	logs := runUntil(t, c.Home, "the node runs")
	for _, want := range []string{"Hanhai", "version=" + version, "stopping", "signal=terminated"} {
		if !strings.Contains(logs, want) {
			t.Errorf("the log does not say %q: %s", want, logs)
		}
	}
	out, _, err := inProcess(t, "verify", "--home", c.Home)
	var v node.Verification
	if err != nil || json.Unmarshal([]byte(out), &v) != nil || v.Height < 2 || v.Blocks < v.Height {
		t.Fatalf("verify: %v, %q", err, out)
	}

	file := filepath.Join(t.TempDir(), "state.json")
	out, told, err := inProcess(t, "export", "--home", c.Home, "--out", file)
	if err != nil || out != "" {
		t.Fatalf("export: %v, %q", err, out)
	}
	content := contentOf(t, told)
	if want := fmt.Sprintf("state of height %d, ", v.Height); !strings.Contains(told, want) && !strings.Contains(told, fmt.Sprintf("state of height %d, ", v.Height+1)) {
		t.Errorf("%q, want %q", told, want)
	}
	state, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("an export shows everybody's data, and has mode %v (%v)", info.Mode(), err)
	}
	if shown, _, err := inProcess(t, "export", "--home", c.Home); err != nil || shown != string(state) {
		t.Errorf("on standard output it is another: %v, %d and %d bytes", err, len(shown), len(state))
	}

	next := goesOn(t, c, state)
	runUntil(t, next.Home, "the node runs")
	_, told, err = inProcess(t, "export", "--home", next.Home, "--out", file)
	if again := contentOf(t, told); err != nil || again != content {
		t.Errorf("content %s, after export and import %s (%v)", content, again, err)
	}
	if _, _, err := inProcess(t, "verify", "--home", next.Home); err != nil {
		t.Errorf("the chain that goes on: %v", err)
	}
	altered := strings.Replace(string(state), `"development": true`, `"development": 7`, 1)
	unparsed := goesOn(t, c, []byte(altered))
	if _, _, err := inProcess(t, "start", "--home", unparsed.Home); err == nil || !strings.Contains(err.Error(), "development") {
		t.Errorf("a state that was altered: %v", err)
	}
	spoil(t, c)
}

func contentOf(t *testing.T, told string) string {
	t.Helper()
	m := regexp.MustCompile(`content hash ([0-9a-f]{64})\n`).FindStringSubmatch(told)
	if m == nil {
		t.Fatalf("export tells no content hash: %q", told)
	}
	return m[1]
}

// goesOn is a new node of the same validator, whose chain begins from a state.
func goesOn(t *testing.T, c node.Config, state []byte) node.Config {
	t.Helper()
	old, err := types.GenesisDocFromFile(c.GenesisFile())
	if err != nil {
		t.Fatal(err)
	}
	n := c
	n.Home = filepath.Join(t.TempDir(), "next")
	if _, err := node.MakeHome(n); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(c.Engine().PrivValidatorKeyFile())
	if err != nil {
		t.Fatal(err)
	}
	doc := *old
	doc.ChainID, doc.AppState, doc.GenesisTime = "splittally-next", state, time.Now().UTC()
	for _, err := range []error{os.WriteFile(n.Engine().PrivValidatorKeyFile(), key, 0o600), n.Save(), doc.SaveAs(n.GenesisFile())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// spoil damages a stopped node's data: verify must say so, and not panic.
func spoil(t *testing.T, c node.Config) {
	t.Helper()
	for name, change := range map[string]func(home string) error{
		"another genesis": func(home string) error {
			return edit(filepath.Join(home, "config", "genesis.json"), "Dingsheng Gearbox", "Dingsheng Gearbux")
		},
		"no blocks":      func(home string) error { return os.RemoveAll(filepath.Join(home, "data", "blockstore.db")) },
		"garbled blocks": func(home string) error { return garble(filepath.Join(home, "data", "blockstore.db")) },
	} {
		home := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(home, os.DirFS(c.Home)); err != nil {
			t.Fatal(err)
		}
		if err := change(home); err != nil {
			t.Fatal(err)
		}
		if out, _, err := inProcess(t, "verify", "--home", home); err == nil || out != "" {
			t.Errorf("%s: verified, with %q", name, out)
		}
	}
}

func edit(file, before, after string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !strings.Contains(string(b), before) {
		return fmt.Errorf("%s has no %q", file, before)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(b), before, after, 1)), 0o600)
}

// garble writes over the middle of every file of a folder.
func garble(dir string) error {
	return filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := len(b) / 4; i < len(b)*3/4; i++ {
			b[i] ^= 0x5a
		}
		return os.WriteFile(path, b, 0o600)
	})
}

// What cannot start ends with an error and leaves nothing running; a second node on the same data is one of those.
func TestRunRefuses(t *testing.T) {
	c := oneNode(t)
	p := launch(t, "start", "--home", c.Home)
	waitFor(t, "the node runs", func() bool { return strings.Contains(p.errs.String(), "the node runs") })
	other := c
	other.GateListen, other.P2PListen, other.RPCListen = "127.0.0.1:0", "127.0.0.1:0", ""
	if err := run(io.Discard, other); err == nil {
		t.Error("two nodes run on one folder")
	}
	for _, command := range []string{"verify", "export"} {
		if _, _, err := inProcess(t, command, "--home", c.Home); err == nil || !strings.Contains(err.Error(), "still running") {
			t.Errorf("%s of a node that runs: %v", command, err)
		}
	}
	p.signal(t, os.Interrupt)
	p.end(t, endsWithin, 0)
}
