package node_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/app/node"
	"pgregory.net/rapid"
)

func good(tb testing.TB) node.Config {
	tb.Helper()
	c := node.DefaultConfig()
	c.Home = tb.TempDir()
	if err := os.MkdirAll(filepath.Join(c.Home, "config"), 0o700); err != nil {
		tb.Fatal(err)
	}
	return c
}

const peer = "0123456789abcdef0123456789abcdef01234567@127.0.0.1:26656"

// spoilt are values that Check refuses, by the field that it must name.
var spoilt = map[string][]func(*node.Config){
	"member":         {func(c *node.Config) { c.Member = strings.Repeat("x", 201) }},
	"gate_listen":    addresses(func(c *node.Config, a string) { c.GateListen = a }, ""),
	"p2p_listen":     addresses(func(c *node.Config, a string) { c.P2PListen = a }, ""),
	"p2p_external":   addresses(func(c *node.Config, a string) { c.P2PExternal = a }),
	"rpc_listen":     addresses(func(c *node.Config, a string) { c.RPCListen = a }, "0.0.0.0:26657", ":26657", "10.0.0.1:1", "example.org:1", "[::]:26657"),
	"metrics_listen": addresses(func(c *node.Config, a string) { c.MetricsListen = a }),
	"peers": {
		func(c *node.Config) { c.Peers = []string{"nonsense"} }, func(c *node.Config) { c.Peers = []string{peer, "127.0.0.1:26656"} },
		func(c *node.Config) { c.Peers = []string{strings.ToUpper(peer[:6]) + "zz" + peer[8:]} }, func(c *node.Config) { c.Peers = make([]string, 1_001) },
		func(c *node.Config) { c.Peers = []string{""} }, func(c *node.Config) { c.Peers = []string{peer + "," + peer} },
		peerAt(":26656"), peerAt("[]:26656"), peerAt("127.0.0.1"), peerAt("127.0.0.1:99999"), peerAt("127.0.0.256:26656"), peerAt("10.0.0:26656"),
		peerAt("a b.example:26656"), peerAt("a,b.example:26656"), peerAt("a..example:26656"), peerAt("-a.example:26656"), peerAt("a@b.example:26656"),
		peerAt("[fe80::1%eth0]:26656"), peerAt(strings.Repeat("a", 254) + ":26656"), peerAt("https://a.example:26656"), peerAt("a.example:26656\n"),
		func(c *node.Config) { c.Peers = []string{peer[1:]} }, func(c *node.Config) { c.Peers = []string{"00" + peer} },
	},
	"block_wait_ms":            numbers(func(c *node.Config, n int) { c.BlockWaitMS = n }, -1, 10_001),
	"idle_wait_ms":             numbers(func(c *node.Config, n int) { c.IdleWaitMS = n }, -1, 1_001),
	"node_cache_mib":           numbers(func(c *node.Config, n int) { c.NodeCacheMiB = n }, 0, 31, -5, 1<<20+1),
	"block_cache_mib":          numbers(func(c *node.Config, n int) { c.BlockCacheMiB = n }, 0, 7, 1<<20+1),
	"write_buffer_mib":         numbers(func(c *node.Config, n int) { c.WriteBufferMiB = n }, 0, 3, 1<<10+1),
	"proof_heights":            numbers(func(c *node.Config, n int) { c.ProofHeights = n }, 0, 9, 100_001),
	"proof_seconds":            numbers(func(c *node.Config, n int) { c.ProofSeconds = n }, 0, 9, 86_401),
	"calls_per_second":         numbers(func(c *node.Config, n int) { c.CallsPerSecond = n }, 0, -1, 1_000_001),
	"double_sign_check_blocks": numbers(func(c *node.Config, n int) { c.DoubleSignCheckBlocks = n }, -1, 1_001),
	"log_level":                words(func(c *node.Config, w string) { c.LogLevel = w }),
	"log_format":               words(func(c *node.Config, w string) { c.LogFormat = w }),
	"check_invariants":         {}, // every value is right
	"log_file":                 {func(c *node.Config) { c.LogFile = strings.Repeat("x", 1_001) }},
	"log_max_mib":              numbers(func(c *node.Config, n int) { c.LogMaxMiB = n }, 0, 1<<20+1),
	"log_keep":                 numbers(func(c *node.Config, n int) { c.LogKeep = n }, 0, 10_001),
	"snapshot_every_blocks":    numbers(func(c *node.Config, n int) { c.SnapshotEveryBlocks = n }, -1, 1<<30+1),
	"snapshots_kept":           numbers(func(c *node.Config, n int) { c.SnapshotsKept = n }, 0, 101),
	"state_sync_trust_height":  numbers(func(c *node.Config, n int) { c.StateSyncTrustHeight = n }, -1, 1<<30+1),
	"state_sync_trust_hash":    words(func(c *node.Config, w string) { c.StateSyncTrustHeight, c.StateSyncTrustHash = 1, w })[:4],
	"state_sync_gates": {
		func(c *node.Config) { c.StateSyncGates = []string{""} }, func(c *node.Config) { c.StateSyncGates = make([]string, 21) },
		func(c *node.Config) { c.StateSyncGates = []string{gate, gate[7:]} }, func(c *node.Config) { c.StateSyncGates = []string{"A=" + pin + "@host"} },
		func(c *node.Config) {
			c.StateSyncTrustHeight, c.StateSyncTrustHash, c.StateSyncGates = 1, pin, []string{gate}
		},
		func(c *node.Config) { // two of one member
			c.StateSyncTrustHeight, c.StateSyncTrustHash, c.StateSyncGates = 1, pin, []string{gate, "Hanhai=00" + gate[9:]}
		},
		func(c *node.Config) { // one of two members
			c.StateSyncTrustHeight, c.StateSyncTrustHash, c.StateSyncGates = 1, pin, []string{gate, "B" + gate[6:]}
		},
	},
	"remote_signer_listen": addresses(func(c *node.Config, a string) { c.RemoteSignerListen, c.RemoteSignerKey = a, pin }, "localhost:1", ":1"),
	"remote_signer_key": {
		func(c *node.Config) { c.RemoteSignerKey = pin }, func(c *node.Config) { c.RemoteSignerListen = "127.0.0.1:1" },
		func(c *node.Config) { c.RemoteSignerListen, c.RemoteSignerKey = "127.0.0.1:1", pin[:62] },
	},
}

var (
	pin  = strings.Repeat("ab", 32)
	gate = "Hanhai=" + pin + "@127.0.0.1:26443"
)

func peerAt(address string) func(*node.Config) {
	return func(c *node.Config) { c.Peers = []string{peer[:41] + address} }
}

// Names of peers are judged by their form and not looked up: none of these is found.
func TestPeersByName(t *testing.T) {
	for _, address := range []string{"node.hanhai.invalid:26656", "node_1.example.invalid.:1", "localhost:0", "[2001:db8::1]:26656", "203.0.113.5:65535", "7eleven.invalid:2"} {
		c := good(t)
		peerAt(address)(&c)
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Every field stands in the file that init writes, with what it means above it.
func TestFileExplains(t *testing.T) {
	c := good(t)
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(c.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	typ := reflect.TypeFor[node.Config]()
	for i := range typ.NumField() {
		name := typ.Field(i).Tag.Get("koanf")
		at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+" = ") })
		if name != "-" && (at < 1 || !strings.HasPrefix(lines[at-1], "# ")) {
			t.Errorf("the field %s is not explained", name)
		}
	}
}

func addresses(set func(*node.Config, string), more ...string) (out []func(*node.Config)) {
	for _, a := range append([]string{"nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:99999", "127.0.0.1:-1", "::1:2:3", "https://127.0.0.1:1", "127.0.0.1:1 "}, more...) {
		out = append(out, func(c *node.Config) { set(c, a) })
	}
	return out
}

func numbers(set func(*node.Config, int), bad ...int) (out []func(*node.Config)) {
	for _, n := range bad {
		out = append(out, func(c *node.Config) { set(c, n) })
	}
	return out
}

func words(set func(*node.Config, string)) (out []func(*node.Config)) {
	for _, w := range []string{"", "loud", "INFO", "info ", "debug info", "text json", " "} {
		out = append(out, func(c *node.Config) { set(c, w) })
	}
	return out
}

func TestCheckNamesTheField(t *testing.T) {
	typ := reflect.TypeFor[node.Config]()
	for i := range typ.NumField() {
		name := typ.Field(i).Tag.Get("koanf")
		if _, ok := spoilt[name]; !ok && name != "-" {
			t.Errorf("the field %s has no row in this table", name)
		}
	}
	if err := good(t).Check(); err != nil {
		t.Fatalf("the default is refused: %v", err)
	}
	for name, all := range spoilt {
		for i, spoil := range all {
			c := good(t)
			spoil(&c)
			if err := c.Check(); err == nil || !strings.Contains(err.Error(), "configuration: "+name) {
				t.Errorf("%s, value %d: %v", name, i, err)
			}
		}
	}
}

func TestSaveLoad(t *testing.T) {
	home := good(t).Home
	text := rapid.StringMatching(`[ -~\x{e9}\x{4e2d}\n"'\\]{0,40}`)
	rapid.Check(t, func(t *rapid.T) {
		c := node.DefaultConfig()
		c.Home, c.Member, c.LogFormat = home, text.Draw(t, "member"), rapid.SampledFrom([]string{"text", "json"}).Draw(t, "format")
		c.Peers = rapid.SliceOfN(rapid.Just(peer), 0, 3).Draw(t, "peers")
		c.RPCListen = rapid.SampledFrom([]string{"", "127.0.0.1:1", "localhost:2", "[::1]:3"}).Draw(t, "rpc")
		c.LogFile, c.StateSyncGates = text.Draw(t, "log file"), rapid.SliceOfN(rapid.Just(gate), 0, 3).Draw(t, "gates")
		c.BlockWaitMS, c.CheckInvariants = rapid.IntRange(0, 10_000).Draw(t, "wait"), rapid.Bool().Draw(t, "check")
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
		again, err := node.Load(home)
		if err != nil || !cmp.Equal(c, again) {
			t.Fatalf("%v\n%s", err, cmp.Diff(c, again))
		}
	})
}

func TestLoad(t *testing.T) {
	for _, tc := range []struct{ name, text, names string }{
		{"empty", "", ""},
		{"some fields", "member = \"A\"\nblock_wait_ms = 7\n", ""},
		{"unknown field", "member = \"A\"\ngate_lisen = \"127.0.0.1:1\"\n", "gate_lisen"},
		{"unknown table", "[gate]\nlisten = \"127.0.0.1:1\"\n", "gate.listen"},
		{"home in the file", "home = \"/tmp\"\n", "home"},
		{"field out of bounds", "proof_heights = 3\n", "proof_heights"},
		{"word for a number", "block_wait_ms = \"soon\"\n", "block_wait_ms"},
		{"number as text", "block_wait_ms = \"7\"\n", "block_wait_ms"},
		{"fraction", "block_wait_ms = 1.5\n", "block_wait_ms"},
		{"number for a word", "log_level = 3\n", "log_level"},
		{"word for a list", "peers = \"" + peer + "\"\n", "peers"},
		{"word for yes", "check_invariants = \"yes\"\n", "check_invariants"},
		{"no TOML", "member = \n", "tallyd.toml"},
		{"a field twice", "member = \"A\"\nmember = \"B\"\n", "tallyd.toml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := good(t)
			if err := os.WriteFile(c.ConfigFile(), []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := node.Load(c.Home)
			if tc.names == "" && (err != nil || got.GateListen != c.GateListen) {
				t.Errorf("%v", err)
			}
			if tc.names != "" && (err == nil || !strings.Contains(err.Error(), tc.names)) {
				t.Errorf("want an error that names %s: %v", tc.names, err)
			}
		})
	}
	if _, err := node.Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "tallyd init") {
		t.Errorf("a home without a file: %v", err)
	}
}

func TestMakeHome(t *testing.T) {
	c := node.DefaultConfig()
	c.Home = filepath.Join(t.TempDir(), "home")
	ident, err := node.MakeHome(c)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := node.ReadIdentity(c); err != nil || !cmp.Equal(ident, again) {
		t.Errorf("%v %s", err, cmp.Diff(ident, again))
	}
	if len(ident.PeerID) != 40 || len(ident.Validator) != 32 || len(ident.Pin) != 64 {
		t.Errorf("%+v", ident)
	}
	before := snapshot(t, c.Home)
	if _, err := node.MakeHome(c); err == nil {
		t.Error("a home with keys was made anew")
	}
	if !cmp.Equal(before, snapshot(t, c.Home)) {
		t.Error("the second try changed files")
	}
	pair, err := tls.LoadX509KeyPair(c.GateCertFile(), c.GateKeyFile())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(pair.Leaf.RawSubjectPublicKeyInfo)
	if hex.EncodeToString(sum[:]) != ident.Pin {
		t.Error("the pin is not of the gate's key")
	}
}

// Each key alone is reason enough to refuse; a wrong configuration is refused before anything is made.
func TestMakeHomeRefuses(t *testing.T) {
	made := node.DefaultConfig()
	made.Home = t.TempDir()
	if _, err := node.MakeHome(made); err != nil {
		t.Fatal(err)
	}
	for name := range snapshot(t, made.Home) {
		if strings.HasSuffix(name, ".crt") {
			continue // holds no secret
		}
		c := node.DefaultConfig()
		c.Home = t.TempDir()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(c.Home, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(c.Home, name), []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := node.MakeHome(c); err == nil || snapshot(t, c.Home)[name] != "precious" {
			t.Errorf("%s was there: %v", name, err)
		}
	}
	c := node.DefaultConfig()
	c.Home, c.P2PListen = t.TempDir(), "nonsense"
	if _, err := node.MakeHome(c); err == nil || len(snapshot(t, c.Home)) != 0 {
		t.Errorf("with a wrong field: %v, files %v", err, len(snapshot(t, c.Home)))
	}
}

// snapshot reads every file of a folder, and checks that nobody else may read the secret ones.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPinRefuses(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "no certificate": "hello", "half": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		file := filepath.Join(t.TempDir(), "x.crt")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if pin, err := node.Pin(file); err == nil {
			t.Errorf("%s: pin %s", name, pin)
		}
	}
	if _, err := node.Pin(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there has a pin")
	}
}

func TestStartNamesWhatIsMissing(t *testing.T) {
	c := node.DefaultConfig()
	c.Home = t.TempDir()
	c.LogLevel = "error"
	start := func() string {
		n, err := node.Start(c, "test", node.NewLog(os.Stderr, c))
		if err == nil {
			_ = n.Stop()
		}
		return fmt.Sprint(err)
	}
	if got := start(); !strings.Contains(got, "genesis") {
		t.Errorf("an empty home: %s", got)
	}
	c.ProofHeights = 1
	if got := start(); !strings.Contains(got, "proof_heights") {
		t.Errorf("a wrong field: %s", got)
	}
}
