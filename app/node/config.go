package node

import (
	"encoding/hex"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cometbft/cometbft/p2p"
)

// Config is everything that an operator sets, by the names of the file tallyd.toml.
type Config struct {
	// Home is the node's folder; it is given on the command line, not in the file.
	Home string `koanf:"-"`
	// Member is the name of the member whose node this is, as other members know it.
	Member string `koanf:"member"`
	// GateListen is the public port, host:port.
	GateListen string `koanf:"gate_listen"`
	// P2PListen is where other nodes connect, host:port.
	P2PListen string `koanf:"p2p_listen"`
	// P2PExternal is what other nodes are told to connect to, host:port; empty for P2PListen.
	P2PExternal string `koanf:"p2p_external"`
	// Peers are other nodes, id@host:port each.
	Peers []string `koanf:"peers"`
	// RPCListen is the engine's own port for its operator; a loopback address, or empty for none.
	RPCListen string `koanf:"rpc_listen"`
	// MetricsListen serves Prometheus, host:port; empty for none.
	MetricsListen string `koanf:"metrics_listen"`
	// BlockWaitMS is how long a validator waits after a block, in milliseconds, so that more transactions share the next.
	BlockWaitMS int `koanf:"block_wait_ms"`
	// IdleWaitMS is how long the proposer of an idle chain waits for a transaction, in milliseconds.
	IdleWaitMS int `koanf:"idle_wait_ms"`
	// NodeCacheMiB, BlockCacheMiB and WriteBufferMiB are memory for state.
	NodeCacheMiB   int `koanf:"node_cache_mib"`
	BlockCacheMiB  int `koanf:"block_cache_mib"`
	WriteBufferMiB int `koanf:"write_buffer_mib"`
	// DoubleSignCheckBlocks keeps a validator from starting while one of its signatures is in so many last blocks. 0 for
	// normal restarts: what keeps it from signing twice is its priv_validator_state.json, which must never be restored
	// from a backup. Set it to 10 for the first start on another machine, once the old one is surely off.
	DoubleSignCheckBlocks int `koanf:"double_sign_check_blocks"`
	// ProofHeights and ProofSeconds are how far back state can be proven: both hold.
	ProofHeights int `koanf:"proof_heights"`
	ProofSeconds int `koanf:"proof_seconds"`
	// CallsPerSecond is what one session of the gate may ask.
	CallsPerSecond int `koanf:"calls_per_second"`
	// LogLevel is debug, info, warn or error; LogFormat is text or json.
	LogLevel  string `koanf:"log_level"`
	LogFormat string `koanf:"log_format"`
	// LogFile takes the log in place of standard error; a relative path is under the home. LogMaxMiB is how large it may
	// become before it is put aside, LogKeep how many that were put aside are kept.
	LogFile   string `koanf:"log_file"`
	LogMaxMiB int    `koanf:"log_max_mib"`
	LogKeep   int    `koanf:"log_keep"`
	// SnapshotEveryBlocks makes a snapshot at each height that it divides; 0 makes none. SnapshotsKept is how many stay.
	SnapshotEveryBlocks int `koanf:"snapshot_every_blocks"`
	SnapshotsKept       int `koanf:"snapshots_kept"`
	// StateSyncTrustHeight and StateSyncTrustHash name a header that another member told the operator; a node without blocks
	// then begins from a peer's snapshot. StateSyncGates are gates of two members at least, NAME=PIN@host:port.
	StateSyncTrustHeight int      `koanf:"state_sync_trust_height"`
	StateSyncTrustHash   string   `koanf:"state_sync_trust_hash"`
	StateSyncGates       []string `koanf:"state_sync_gates"`
	// RemoteSignerListen is where a signer connects, IP:port; the node then has no validator key. RemoteSignerKey is the
	// one signer's public key, 64 hex digits.
	RemoteSignerListen string `koanf:"remote_signer_listen"`
	RemoteSignerKey    string `koanf:"remote_signer_key"`
	// CheckInvariants runs every invariant after every block and stops the node where one is broken: slow, for tests.
	CheckInvariants bool `koanf:"check_invariants"`
}

// DefaultConfig is a node on its own machine.
func DefaultConfig() Config {
	return Config{
		GateListen: "127.0.0.1:26443", P2PListen: "127.0.0.1:26656", RPCListen: "127.0.0.1:26657", Peers: []string{},
		BlockWaitMS: 100, IdleWaitMS: 500,
		NodeCacheMiB: 256, BlockCacheMiB: 64, WriteBufferMiB: 64,
		ProofHeights: 100, ProofSeconds: 60, CallsPerSecond: 500,
		LogLevel: "info", LogFormat: "text", LogMaxMiB: 100, LogKeep: 10,
		SnapshotsKept: 2, StateSyncGates: []string{},
	}
}

// Check judges every field and names the one that is wrong, with what to do.
func (c Config) Check() error {
	for _, f := range []func() error{c.checkAddresses, c.checkPeers, c.checkNumbers, c.checkWords, c.checkStateSync, c.checkSigner} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func (c Config) checkAddresses() error {
	for _, a := range []struct {
		name, value string
		optional    bool
	}{
		{"gate_listen", c.GateListen, false},
		{"p2p_listen", c.P2PListen, false},
		{"p2p_external", c.P2PExternal, true},
		{"rpc_listen", c.RPCListen, true},
		{"metrics_listen", c.MetricsListen, true},
		{"remote_signer_listen", c.RemoteSignerListen, true},
	} {
		if a.optional && a.value == "" {
			continue
		}
		if !isAddress(a.value) {
			return fieldError(a.name, "%q is no host:port: write it as 127.0.0.1:26656", a.value)
		}
	}
	if host, _, _ := net.SplitHostPort(c.RPCListen); c.RPCListen != "" && !isLoopback(host) {
		return fieldError("rpc_listen", "%q would show everybody's data to the network: use a loopback address such as 127.0.0.1:26657", c.RPCListen)
	}
	return nil
}

// isAddress judges host:port with a port of 0 to 65535.
func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c Config) checkPeers() error {
	if len(c.Peers) > maxPeers {
		return fieldError("peers", "%d are listed, at most %d", len(c.Peers), maxPeers)
	}
	for i, p := range c.Peers {
		if !isPeer(p) {
			return fieldError(fmt.Sprintf("peers[%d]", i), "%.300q is no peer: write it as 40 hex digits, @, host:port", p)
		}
	}
	return nil
}

const maxPeers = 1000

// isPeer judges the form of id@host:port and looks nothing up: a node must start while another member's name is not found.
func isPeer(s string) bool {
	id, address, ok := strings.Cut(s, "@")
	raw, err := hex.DecodeString(id)
	if !ok || err != nil || len(raw) != p2p.IDByteLength || !isAddress(address) {
		return false
	}
	host, _, err := net.SplitHostPort(address)
	return err == nil && (net.ParseIP(host) != nil || isHostName(host))
}

// maxHostBytes bounds a name of a host [RFC 1035].
const maxHostBytes = 253

var (
	hostName    = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$`)
	endsInDigit = regexp.MustCompile(`(^|\.)[0-9]+\.?$`)
)

// isHostName judges a name; one that ends in a number alone is an address with a slip in it.
func isHostName(s string) bool {
	return len(s) <= maxHostBytes && hostName.MatchString(s) && !endsInDigit.MatchString(s)
}

func (c Config) checkNumbers() error {
	for _, n := range []struct {
		name          string
		value, lo, hi int
	}{
		{"block_wait_ms", c.BlockWaitMS, 0, 10_000},
		{"idle_wait_ms", c.IdleWaitMS, 0, 1_000},
		{"node_cache_mib", c.NodeCacheMiB, 32, 1 << 20},
		{"block_cache_mib", c.BlockCacheMiB, 8, 1 << 20},
		{"write_buffer_mib", c.WriteBufferMiB, 4, 1 << 10},
		{"proof_heights", c.ProofHeights, 10, 100_000},
		{"proof_seconds", c.ProofSeconds, 10, 86_400},
		{"calls_per_second", c.CallsPerSecond, 1, 1_000_000},
		{"double_sign_check_blocks", c.DoubleSignCheckBlocks, 0, 1_000},
		{"log_max_mib", c.LogMaxMiB, 1, 1 << 20},
		{"log_keep", c.LogKeep, 1, 10_000},
		{"snapshot_every_blocks", c.SnapshotEveryBlocks, 0, 1 << 30},
		{"snapshots_kept", c.SnapshotsKept, 1, 100},
		{"state_sync_trust_height", c.StateSyncTrustHeight, 0, 1 << 30},
	} {
		if n.value < n.lo || n.value > n.hi {
			return fieldError(n.name, "%d is outside of %d to %d", n.value, n.lo, n.hi)
		}
	}
	return nil
}

func (c Config) checkWords() error {
	for _, w := range []struct{ name, value, choice string }{
		{"log_level", c.LogLevel, "debug info warn error"}, {"log_format", c.LogFormat, "text json"},
	} {
		if !slices.Contains(strings.Fields(w.choice), w.value) {
			return fieldError(w.name, "%q is none of: %s", w.value, w.choice)
		}
	}
	if len(c.Member) > maxMemberName {
		return fieldError("member", "%d bytes, at most %d", len(c.Member), maxMemberName)
	}
	if len(c.LogFile) > maxPath {
		return fieldError("log_file", "%d bytes, at most %d", len(c.LogFile), maxPath)
	}
	return nil
}

const (
	maxMemberName = 200
	maxPath       = 1_000
)

func fieldError(field, format string, args ...any) error {
	return fmt.Errorf("configuration: %s: %s", field, fmt.Sprintf(format, args...))
}
