package node

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	cfg "github.com/cometbft/cometbft/config"
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
		LogLevel: "info", LogFormat: "text",
	}
}

// Check judges every field and names the one that is wrong, with what to do.
func (c Config) Check() error {
	for _, f := range []func() error{c.checkAddresses, c.checkPeers, c.checkNumbers, c.checkWords} {
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
		if _, err := p2p.NewNetAddressString(p); err != nil {
			return fieldError(fmt.Sprintf("peers[%d]", i), "%q: %s: write it as 40 hex digits, @, host:port", p, err)
		}
	}
	return nil
}

const maxPeers = 1000

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
	return nil
}

const maxMemberName = 200

func fieldError(field, format string, args ...any) error {
	return fmt.Errorf("configuration: %s: %s", field, fmt.Sprintf(format, args...))
}

// Paths beneath a node's home.
func (c Config) path(parts ...string) string {
	return filepath.Join(append([]string{c.Home}, parts...)...)
}

// StateDir is where the state is kept.
func (c Config) StateDir() string { return c.path("data", "state") }

// GenesisFile is the network's genesis.
func (c Config) GenesisFile() string { return c.path("config", "genesis.json") }

// GateCertFile is the gate's certificate, whose key clients pin.
func (c Config) GateCertFile() string { return c.path("config", "gate.crt") }

// GateKeyFile is the secret key of the gate's certificate.
func (c Config) GateKeyFile() string { return c.path("config", "gate.key") }

// Engine is the engine's configuration as this node wants it; pitfalls of its defaults are in ARCHITECTURE.md.
func (c Config) Engine() *cfg.Config {
	e := cfg.DefaultConfig()
	e.SetRoot(c.Home)
	e.DBBackend = "goleveldb"
	e.Moniker = c.Member
	e.FilterPeers = true
	e.TxIndex.Indexer = "null"
	e.RPC.ListenAddress, e.RPC.GRPCListenAddress = "", ""
	if c.RPCListen != "" {
		e.RPC.ListenAddress = "tcp://" + c.RPCListen
	}
	c.engineP2P(e)
	c.engineConsensus(e)
	e.Mempool.Type = "app"
	e.Mempool.ReapInterval = 10 * time.Millisecond
	e.Mempool.Recheck = false
	e.Mempool.MaxTxBytes = 1 << 20
	e.BlockSync.AdaptiveSync = false
	e.Instrumentation.Prometheus = c.MetricsListen != ""
	e.Instrumentation.PrometheusListenAddr = "" // served beside the application's
	e.Storage.DiscardABCIResponses = true
	return e
}

func (c Config) engineP2P(e *cfg.Config) {
	e.P2P.ListenAddress = "tcp://" + c.P2PListen
	e.P2P.ExternalAddress = c.P2PExternal
	e.P2P.PersistentPeers = strings.Join(c.Peers, ",")
	e.P2P.PexReactor = false
	e.P2P.AddrBookStrict = false
	e.P2P.AllowDuplicateIP = true
	e.P2P.FlushThrottleTimeout = 5 * time.Millisecond
	e.P2P.SendRate, e.P2P.RecvRate = 20<<20, 20<<20
}

func (c Config) engineConsensus(e *cfg.Config) {
	e.Consensus.TimeoutCommit = time.Duration(c.BlockWaitMS) * time.Millisecond
	e.Consensus.SkipTimeoutCommit = false
	e.Consensus.TimeoutPropose = 2 * time.Second
	e.Consensus.TimeoutPrevote = 500 * time.Millisecond
	e.Consensus.TimeoutPrecommit = 500 * time.Millisecond
	e.Consensus.PeerGossipSleepDuration = 5 * time.Millisecond
	e.Consensus.DoubleSignCheckHeight = int64(c.DoubleSignCheckBlocks)
	e.Consensus.CreateEmptyBlocks = true
}

// ConfigFile is where the configuration is kept.
func (c Config) ConfigFile() string { return c.path("config", "tallyd.toml") }
