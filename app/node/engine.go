package node

import (
	"path/filepath"
	"strings"
	"time"

	cfg "github.com/cometbft/cometbft/config"
	"github.com/splittally/splittally/app/node/headers"
)

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
	c.engineStateSync(e)
	return e
}

// engineStateSync lets a node without blocks begin from a snapshot. The servers are named because the engine wants names;
// it asks none: see headers.Provider.
func (c Config) engineStateSync(e *cfg.Config) {
	if c.StateSyncTrustHeight == 0 {
		return
	}
	e.StateSync.Enable = true
	e.StateSync.RPCServers = c.StateSyncGates
	e.StateSync.TrustPeriod = headers.TrustPeriod
	e.StateSync.TrustHeight, e.StateSync.TrustHash = int64(c.StateSyncTrustHeight), c.StateSyncTrustHash
	e.StateSync.DiscoveryTime = stateSyncDiscovery
	e.StateSync.ChunkRequestTimeout = stateSyncDiscovery
}

// stateSyncDiscovery is the least that the engine takes for looking for snapshots, and for asking again for a chunk.
const stateSyncDiscovery = 5 * time.Second

func (c Config) engineP2P(e *cfg.Config) {
	e.P2P.ListenAddress = "tcp://" + c.P2PListen
	e.P2P.ExternalAddress = c.P2PExternal
	e.P2P.PersistentPeers = strings.Join(c.Peers, ",")
	e.P2P.PexReactor = false
	e.P2P.AddrBookStrict = false
	e.P2P.AllowDuplicateIP = true
	e.P2P.FlushThrottleTimeout = 5 * time.Millisecond
	e.P2P.SendRate, e.P2P.RecvRate = 20<<20, 20<<20
	e.P2P.DialTimeout, e.P2P.HandshakeTimeout = 2*time.Second, 5*time.Second
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
