package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk/keys"
)

const networksDir = "../../networks"

// Where this process stands in for 'tally keys new' in the script of a local network, it makes a key that costs little.
const keyMaker = "SPLITTALLY_TEST_MAKES_KEY"

func init() {
	file := os.Getenv(keyMaker)
	if file == "" {
		return
	}
	b, err := os.ReadFile(os.Getenv("TALLY_PASSPHRASE_FILE"))
	if err == nil {
		var s key.Signer
		if s, err = key.Generate(key.Secp256k1, rand.Reader); err == nil {
			err = keys.Save(file, strings.TrimSpace(string(b)), s, keys.Light)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func listed(t *testing.T, pattern string, least int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(networksDir, pattern))
	if err != nil || len(files) < least {
		t.Fatalf("%s: %v, %v", pattern, files, err)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every configuration is one that the program's strict reader takes; those of one machine share no port.
func TestNetworksConfigurations(t *testing.T) {
	used := map[string]string{}
	for _, file := range append(listed(t, "local/*.toml", 4), listed(t, "consortium/members/*.toml", 4)...) {
		home := filepath.Join(t.TempDir(), "config")
		if err := os.Mkdir(home, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, "tallyd.toml"), []byte(read(t, file)), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := node.Load(filepath.Dir(home))
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if c.Member == "" || c.MetricsListen == "" || c.CheckInvariants || c.DoubleSignCheckBlocks != 0 {
			t.Errorf("%s: %+v", file, c)
		}
		for _, address := range []string{c.GateListen, c.P2PListen, c.RPCListen, c.MetricsListen} {
			if other, taken := used[address]; taken && !strings.HasPrefix(address, "127.0.0.1:26657") {
				t.Errorf("%s has the port %s of %s", file, address, other)
			}
			used[address] = file
		}
	}
}

// The script makes four homes by the ceremony, and each is a node that doctor finds no fault with but what it cannot
// have yet.
func TestLocalNetworkScript(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	maker := filepath.Join(dir, "tally")
	text := "#!/bin/sh\nmkdir -p \"$4\"\n" + keyMaker + "=\"$4/key.json\" exec " + self + "\n"
	if err := os.WriteFile(maker, []byte(text), 0o700); err != nil { //nolint:gosec // a program of this test
		t.Fatal(err)
	}
	script := func(args ...string) (string, error) {
		cmd := exec.Command("sh", append([]string{filepath.Join(networksDir, "local", "network.sh")}, args...)...)
		cmd.Env = append(os.Environ(), "DIR="+filepath.Join(dir, "net"), "TALLYD=tallyd", "TALLY="+maker)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := script("make"); err != nil || strings.Count(out, "│ yes") != 4 {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := script("make"); err == nil || !strings.Contains(out, "is there already") {
		t.Errorf("again: %v\n%s", err, out)
	}
	if out, err := script("dance"); err == nil || !strings.Contains(out, "usage: network.sh make") {
		t.Errorf("a wrong word: %v\n%s", err, out)
	}
	for _, m := range []string{"hanhai", "linjiang", "anping", "operations"} {
		c, err := node.Load(filepath.Join(dir, "net", m, "node"))
		if err != nil || len(c.Peers) != 3 {
			t.Errorf("%s: %v, peers %v", m, err, c.Peers)
		}
	}
}

// metricName matches what rules and dashboards name of a node's metrics.
var metricName = regexp.MustCompile(`\b(?:splittally|cometbft|process|go)_[a-z0-9_]+`)

// onlyWhileWaiting are metrics that a node has while something waits; its source names them.
var onlyWhileWaiting = map[string]string{"splittally_pool_lane_transactions": "../../app/metrics.go"}

// Each metric that the rules and the dashboard name exists on a running node.
func TestMetricsExist(t *testing.T) {
	named := map[string]string{}
	for _, file := range append(listed(t, "consortium/prometheus/alerts.yml", 1), listed(t, "consortium/grafana/*.json", 1)...) {
		for _, name := range metricName.FindAllString(read(t, file), -1) {
			named[name] = file
		}
	}
	if len(named) < 20 {
		t.Fatalf("%d metrics are named: %v", len(named), named)
	}
	there := scrape(t)
	for name, file := range named {
		if source, ok := onlyWhileWaiting[name]; ok {
			if !strings.Contains(read(t, source), `"`+name+`"`) {
				t.Errorf("%s names %s, which %s does not", file, name, source)
			}
			continue
		}
		if !regexp.MustCompile(`(?m)^` + name + `[ {]`).MatchString(there) {
			t.Errorf("%s names %s, which a running node does not have", file, name)
		}
	}
}

// scrape runs two validators and returns the metrics of the first.
func scrape(t *testing.T) string {
	t.Helper()
	metrics := freePorts(t, 1)[0]
	net, err := devnet.Make(devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 2, Tune: func(c *node.Config) {
		c.NodeCacheMiB, c.BlockCacheMiB, c.WriteBufferMiB = 32, 8, 8
	}})
	if err != nil {
		t.Fatal(err)
	}
	net.Nodes[0].MetricsListen = metrics
	if err := net.Nodes[0].Save(); err != nil {
		t.Fatal(err)
	}
	for _, c := range net.Nodes {
		launch(t, "start", "--home", c.Home)
	}
	var out string
	waitFor(t, "the peer's height is among the metrics", func() bool {
		r, err := http.Get("http://" + metrics + "/metrics") //nolint:noctx // of this test's own node
		if err != nil {
			return false
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		out = string(b)
		return err == nil && strings.Contains(out, "\ncometbft_consensus_peer_height{") && strings.Contains(out, "\ncometbft_consensus_validator_last_signed_height{") &&
			strings.Contains(out, "\ncometbft_consensus_block_interval_seconds_bucket{")
	})
	return out
}

// The dashboard has a panel for each thing that an operator looks for, with targets and places of their own.
func TestDashboard(t *testing.T) {
	var d struct {
		Title  string `json:"title"`
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		} `json:"panels"`
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(networksDir, "consortium", "grafana", "splittally.json"))), &d); err != nil {
		t.Fatal(err)
	}
	var titles []string
	places := map[string]bool{}
	for _, p := range d.Panels {
		titles = append(titles, p.Title)
		place := fmt.Sprint(p.GridPos.X, p.GridPos.Y)
		if len(p.Targets) == 0 || p.Targets[0].Expr == "" || places[place] || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: %+v", p.Title, p)
		}
		places[place] = true
	}
	all := strings.Join(titles, "\n")
	for _, want := range []string{"Height", "Lag", "Time of a block", "Pool by lane", "Transactions a second", "Peers", "Disk", "Signatures", "CPU"} {
		if !strings.Contains(all, want) {
			t.Errorf("no panel for %s among %v", want, titles)
		}
	}
}

// The units name programs and commands that exist, and keep the node from what it does not need.
func TestUnits(t *testing.T) {
	for _, file := range listed(t, "consortium/systemd/*", 5) {
		text := read(t, file)
		if !strings.HasSuffix(file, ".service") {
			if !strings.Contains(text, "OnCalendar=") || !slices.Contains(listed(t, "consortium/systemd/*", 5), strings.TrimSuffix(file, ".timer")+".service") {
				t.Errorf("%s starts nothing", file)
			}
			continue
		}
		for _, want := range []string{"User=tally", "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "CapabilityBoundingSet=\n", "UMask=0077"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q", file, want)
			}
		}
		if strings.Contains(file, "tally-watch") {
			continue // the wallet's commands are held against the wallet
		}
		command := regexp.MustCompile(`/usr/local/bin/(tallyd [^\n']*)`).FindStringSubmatch(text)
		if command == nil {
			t.Fatalf("%s runs nothing", file)
		}
		if err := commandExists(command[1]); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	text := read(t, filepath.Join(networksDir, "consortium", "systemd", "tallyd@.service"))
	if !strings.Contains(text, fmt.Sprintf("RestartPreventExitStatus=%d %d", exitUsage, exitUpgrade)) || !strings.Contains(text, "LimitNOFILE=65536") {
		t.Error("the unit restarts what needs a person, or lets the node open too few files")
	}
	dir := unitsFor(t)
	for _, unit := range []string{"tallyd", "tallyd-backup", "tallyd-doctor", "tally-watch"} {
		verified(t, "systemd-analyze", "verify", "--man=no", filepath.Join(dir, unit+"@linjiang.service"))
	}
}

// unitsFor writes the units as they are installed, with a program that is there.
func unitsFor(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range listed(t, "consortium/systemd/*.service", 3) {
		text := regexp.MustCompile(`/usr/local/bin/tallyd?`).ReplaceAllString(read(t, file), "/bin/true")
		for _, name := range []string{filepath.Base(file), strings.Replace(filepath.Base(file), "@", "@linjiang", 1)} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// verified has a format's own program judge a file, where this machine has it.
func verified(t *testing.T, program string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Logf("%s is not here, and has not judged %v", program, args)
		return
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %v: %v\n%s", program, args, err, out)
	}
}

// Rules, scrape configuration and the compose file are what their own programs take, and the compose file mounts what
// is there.
func TestFormats(t *testing.T) {
	dir := filepath.Join(networksDir, "consortium")
	verified(t, "promtool", "check", "config", filepath.Join(dir, "prometheus", "prometheus.yml"))
	verified(t, "promtool", "check", "rules", filepath.Join(dir, "prometheus", "alerts.yml"))
	compose := filepath.Join(dir, "docker", "compose.yml")
	verified(t, "docker-compose", "-f", compose, "config", "-q")
	mounts := regexp.MustCompile(`(?m)- (\.\.?/[^:]+):`).FindAllStringSubmatch(read(t, compose), -1)
	if len(mounts) < 4 {
		t.Errorf("mounts: %v", mounts)
	}
	for _, m := range mounts {
		if _, err := os.Stat(filepath.Join(dir, "docker", m[1])); err != nil {
			t.Error(err)
		}
	}
	for _, alert := range regexp.MustCompile(`Runbook: ([a-z ]+)\.`).FindAllStringSubmatch(read(t, filepath.Join(dir, "prometheus", "alerts.yml")), -1) {
		if !strings.Contains(strings.ToLower(read(t, filepath.Join(dir, "RUNBOOK.md"))), "## "+alert[1]+"\n") {
			t.Errorf("the runbook has no heading %q", alert[1])
		}
	}
}
