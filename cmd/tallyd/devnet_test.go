package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/splittally/splittally/app/devnet"
)

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }

// firstQuery is how long a person waits from the command to the first proven answer, at most.
const firstQuery = 5 * time.Second

// The life of a development network: made, asked, stopped, gone on with, a node lost, begun anew.
func TestDevnetLife(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "net")
	began := time.Now()
	p := launch(t, "devnet", "--dir", dir)
	p.says(t, "Ctrl-C stops the network")
	first := query(t, dir, "tier1")
	if took := time.Since(began); took > firstQuery {
		t.Errorf("the first query was answered after %.1f s, %s is the bound", took.Seconds(), firstQuery)
	}
	t.Logf("first query answered after %.1f s", time.Since(began).Seconds())
	roleTable(t, dir, p.out.String())
	if n := len(nodesIn(t, dir)); n != 5 {
		t.Errorf("%d nodes run, 5 were promised", n)
	}
	p.signal(t, os.Interrupt)
	p.end(t, endsWithin, 0)
	noneLeft(t, dir)
	if p.errs.String() != "" {
		t.Errorf("on standard error: %s", p.errs.String())
	}
	logs, err := filepath.Glob(filepath.Join(dir, "node*", "tallyd.log"))
	if err != nil || len(logs) != 5 {
		t.Errorf("%d logs, %v", len(logs), err)
	}
	for _, log := range logs {
		if b, err := os.ReadFile(log); err != nil || !strings.Contains(string(b), "stopping") {
			t.Errorf("%s does not say that its node was stopped, and not killed: %v", log, err)
		}
	}

	p = launch(t, "devnet", "--dir", dir)
	p.says(t, "Ready after")
	if again := query(t, dir, "tier1"); again.Height < first.Height {
		t.Errorf("at height %d, which was %d before it was stopped", again.Height, first.Height)
	}
	waitFor(t, "a greater height than before it was stopped", func() bool { return query(t, dir, "tier1").Height > first.Height+1 })
	if err := syscall.Kill(nodeIn(t, filepath.Join(dir, "node2")), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.end(t, endsWithin, exitFailed)
	log := filepath.Join(dir, "node2", "tallyd.log")
	if told := p.errs.String(); !strings.Contains(told, "ended by itself (signal: killed): see "+log) {
		t.Errorf("which log to read: %s", told)
	}
	if b, err := os.ReadFile(log); err != nil || !strings.Contains(string(b), "the node runs") {
		t.Errorf("the log that it names: %v, %.200s", err, b)
	}
	noneLeft(t, dir)
	begunAnew(t, dir)
}

// begunAnew resets the network of a folder, and ends it by killing the parent.
func begunAnew(t *testing.T, dir string) {
	t.Helper()
	genesis := filepath.Join(dir, "node0", "config", "genesis.json")
	before, err := os.ReadFile(genesis)
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, "devnet", "--dir", dir, "--reset")
	p.says(t, "Ready after")
	if after, err := os.ReadFile(genesis); err != nil || string(after) == string(before) {
		t.Errorf("--reset left the genesis as it was: %v", err)
	}
	query(t, dir, "bank")
	p.signal(t, os.Kill)
	<-p.ended
	waitFor(t, "the nodes of a devnet that was killed end", func() bool { return len(nodesIn(t, dir)) == 0 })
}

// roleTable wants each role with its member, gate and key.
func roleTable(t *testing.T, dir, told string) {
	t.Helper()
	net, err := devnet.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range net.Roles {
		for _, want := range []string{r.Title, r.Account.Short(), "https://" + net.Nodes[r.Node].GateListen, r.Name, r.Secret} {
			if !strings.Contains(told, want) {
				t.Errorf("role %s: %q is not told", r.Name, want)
			}
		}
	}
	for _, want := range []string{devnet.ChainID, "tally init --home /tmp/tier1 --devnet " + dir, "known to everybody"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told", want)
		}
	}
}

// A folder with something else in it is neither used nor deleted.
func TestDevnetSparesForeignFolders(t *testing.T) {
	dir := t.TempDir()
	thesis := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(thesis, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"devnet", "--dir", dir}, {"devnet", "--dir", dir, "--reset"}} {
		if _, _, err := inProcess(t, args...); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if b, err := os.ReadFile(thesis); err != nil || string(b) != "years of work" {
		t.Errorf("the folder's file: %q, %v", b, err)
	}
}

// A manifest that is garbage, or names homes that are not there, is told by its file.
func TestDevnetDamagedFolder(t *testing.T) {
	for name, content := range map[string]string{
		"garbage": "{", "no nodes": "{}", "a home that is not there": `{"nodes":[{"home":"/nowhere/node0"}]}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "devnet.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := inProcess(t, "devnet", "--dir", dir); err == nil || !strings.Contains(err.Error(), "/") {
			t.Errorf("%s: %v", name, err)
		}
		noneLeft(t, dir)
	}
}

// A node that cannot start makes devnet end at once, with the log to read, and no other node left.
func TestDevnetNodeThatCannotStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "net")
	net, err := devnet.Make(devnet.Options{Dir: dir, Validators: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(net.Nodes[1].GateKeyFile(), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "devnet", "--dir", dir)
	p.end(t, endsWithin, exitFailed)
	if told := p.errs.String(); !strings.Contains(told, filepath.Join(dir, "node1", "tallyd.log")) {
		t.Errorf("which log to read: %s", told)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "node1", "tallyd.log")); err != nil || !strings.HasPrefix(string(b), "tallyd: ") {
		t.Errorf("the log: %q, %v", b, err)
	}
	if strings.Contains(p.out.String(), "Ready") {
		t.Errorf("it says that it is ready: %s", p.out.String())
	}
	noneLeft(t, dir)
}
