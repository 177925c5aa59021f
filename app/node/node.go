// Package node puts the parts of a member's node together: the engine, the application, the gate, and the watchdog
// that ends a process whose engine has failed.
package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	cfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/libs/service"
	engine "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/proxy"
	rpclocal "github.com/cometbft/cometbft/rpc/client/local"
	"github.com/cometbft/cometbft/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/gate"
	"github.com/splittally/splittally/app/node/headers"
	"github.com/splittally/splittally/app/store"
	"golang.org/x/time/rate"
)

// callsWithin is how long calls that run when the node stops may go on; they then have answered or are cut off.
const callsWithin = 3 * time.Second

// StopWithin is how long a stop may take in all; who waits longer may end the process.
const StopWithin = 20 * time.Second

// Node is a running node.
type Node struct {
	config Config
	app    *app.App
	engine *engine.Node
	local  *rpclocal.Local
	log    *slog.Logger
	failed chan error
	stop   chan struct{}
	once   sync.Once

	stopping atomic.Bool
	done     sync.WaitGroup
	dbs      *databases
	signer   service.Service // nil where the key is in the home
	snapshot *app.Snapshots
	headers  *headers.Source // nil where the node does not begin from a snapshot
	gate     *http.Server
	extra    []*http.Server
	addr     string
}

// Start opens the node's state and starts the engine, the gate and the watchdog.
func Start(c Config, version string, log *slog.Logger) (*Node, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	tuneMemory()
	genesis, err := types.GenesisDocFromFile(c.GenesisFile())
	if err != nil {
		return nil, fmt.Errorf("the genesis file cannot be read; put the network's there: %w", err)
	}
	cert, err := tls.LoadX509KeyPair(c.GateCertFile(), c.GateKeyFile())
	if err != nil {
		return nil, fmt.Errorf("the gate's certificate cannot be read; 'tallyd init' makes one: %w", err)
	}
	n := &Node{config: c, log: log, failed: make(chan error, 1), stop: make(chan struct{}), dbs: &databases{}}
	if n.app, err = app.Open(n.watched(c.options(genesis.ChainID, log))); err != nil {
		return nil, err
	}
	if u := n.app.UpgradeNeeded(); u != nil {
		return nil, errors.Join(u, n.app.Close())
	}
	if err := n.startEngine(genesis); err != nil {
		return nil, errors.Join(err, n.release())
	}
	if err := n.serve(cert, version); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	n.done.Add(1)
	go n.watchPeers()
	return n, nil
}

// garbagePercent trades memory for time: a node makes much garbage over a small heap.
const garbagePercent = 300

// tuneMemory sets the collector unless the operator has, by GOGC.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}

func (c Config) options(chain string, log *slog.Logger) app.Options {
	var peers []string
	for _, p := range c.Peers {
		id, _, _ := strings.Cut(p, "@") // Check has judged it
		peers = append(peers, id)
	}
	return app.Options{
		Chain: chain, Log: log, Peers: peers, CheckInvariants: c.CheckInvariants, IdleWait: time.Duration(c.IdleWaitMS) * time.Millisecond,
		Store: store.Options{
			Dir: c.StateDir(), NodeCacheMiB: c.NodeCacheMiB, BlockCacheMiB: c.BlockCacheMiB, WriteBufferMiB: c.WriteBufferMiB,
			KeepVersions: int64(c.ProofHeights), KeepFor: time.Duration(c.ProofSeconds) * time.Second,
		},
	}
}

func (n *Node) startEngine(genesis *types.GenesisDoc) error {
	e := n.config.Engine()
	if err := e.ValidateBasic(); err != nil {
		return fmt.Errorf("configuration: the engine refuses it: %w", err)
	}
	key, err := p2p.LoadNodeKey(e.NodeKeyFile())
	if err != nil {
		return fmt.Errorf("the node's key cannot be read; 'tallyd init' makes one: %w", err)
	}
	if n.snapshot, err = n.app.OpenSnapshots(n.config.snapshots()); err != nil {
		return err
	}
	pv, err := n.validator(e, genesis.ChainID, key)
	if err != nil {
		return err
	}
	n.engine, err = engine.NewNode(e, pv, key, proxy.NewConnSyncLocalClientCreator(app.NewABCI(n.app).WithSnapshots(n.snapshot)),
		func() (*types.GenesisDoc, error) { return genesis, nil }, n.dbs.open,
		engineMetrics(e.Instrumentation), engineLog{n.log.With("part", "engine"), n.fail, &n.stopping}, n.stateProvider(genesis))
	if err != nil {
		return fmt.Errorf("the engine does not start: %w", err)
	}
	n.local = rpclocal.New(n.engine)
	if err := n.engine.Start(); err != nil {
		return errors.Join(fmt.Errorf("the engine does not start: %w", err), n.stopHalf())
	}
	return nil
}

// reactors are the engine's by their names.
var reactors = []string{"CONSENSUS", "BLOCKSYNC", "STATESYNC", "MEMPOOL", "EVIDENCE", "PEX"}

// stopHalf stops what an engine that did not start has left running: it stops its reactors only where all of them began,
// and they would go on over a state that is closed.
func (n *Node) stopHalf() error {
	n.stopping.Store(true)
	var errs []error
	for _, name := range reactors {
		if r, ok := n.engine.Switch().Reactor(name); ok && r.IsRunning() {
			errs = append(errs, r.Stop())
		}
	}
	if bus := n.engine.EventBus(); bus.IsRunning() {
		errs = append(errs, bus.Stop())
	}
	return errors.Join(errs...)
}

// snapshots are made and kept as the configuration says.
func (c Config) snapshots() app.SnapshotOptions {
	return app.SnapshotOptions{Dir: c.path("data", "snapshots"), EveryBlocks: int64(c.SnapshotEveryBlocks), Kept: c.SnapshotsKept}
}

// stateProvider brings the engine headers from other members' gates, where the node begins from a snapshot.
func (n *Node) stateProvider(genesis *types.GenesisDoc) engine.Option {
	if n.config.StateSyncTrustHeight == 0 {
		return func(*engine.Node) {}
	}
	gates, _ := n.config.Gates() // Check has judged them
	n.headers = headers.New(genesis.ChainID, n.config.trust(), gates)
	return engine.StateProvider(headers.NewProvider(n.headers, genesis, func(what string, err error) {
		n.log.Warn("not to be had from the gates", "what", what, "err", err)
	}))
}

var metricsOnce sync.Once

// engineMetrics registers the engine's metrics for the first node of a process alone: they are the process's, and the
// engine panics when they are registered twice.
func engineMetrics(c *cfg.InstrumentationConfig) engine.MetricsProvider {
	first := false
	if c.Prometheus {
		metricsOnce.Do(func() { first = true })
	}
	if !first {
		c = &cfg.InstrumentationConfig{}
	}
	return engine.DefaultMetricsProvider(c)
}

// fail is the watchdog's hand: the engine keeps a process alive after its consensus has failed, which would look
// like a node that is merely slow.
func (n *Node) fail(why string) {
	select {
	case n.failed <- errors.New(why):
	default:
	}
}

// watched lets the watchdog hear of the application.
func (n *Node) watched(o app.Options) app.Options {
	o.Fail, o.Upgrade = n.fail, n.upgrade
	return o
}

// upgrade ends the process because the chain goes on by rules that this program does not know.
func (n *Node) upgrade(u *app.UpgradeNeeded) {
	select {
	case n.failed <- u:
	default:
	}
}

// Failed yields when the process must end: the node has failed, or *app.UpgradeNeeded.
func (n *Node) Failed() <-chan error { return n.failed }

func (n *Node) serve(cert tls.Certificate, version string) error {
	limit := rate.Limit(n.config.CallsPerSecond)
	pin, err := pinOf(cert.Certificate[0])
	if err != nil {
		return err
	}
	g := gate.New(n.app, gate.Chain{LightBlock: n.LightBlock, Ready: n.Ready},
		gate.Options{Member: n.config.Member, Version: version, Pin: pin, Log: n.log.With("part", "gate"), Limits: gate.Limits{CallsPerSecond: limit, Burst: 2 * n.config.CallsPerSecond}})
	l, err := net.Listen("tcp", n.config.GateListen)
	if err != nil {
		return fmt.Errorf("configuration: gate_listen: %w: another program may hold the port", err)
	}
	n.addr, n.gate = l.Addr().String(), g.Server(cert)
	n.run(func() error { return n.gate.ServeTLS(l, "", "") })
	if n.config.MetricsListen == "" {
		return nil
	}
	return n.serveMetrics()
}

func (n *Node) serveMetrics() error {
	l, err := net.Listen("tcp", n.config.MetricsListen)
	if err != nil {
		return fmt.Errorf("configuration: metrics_listen: %w", err)
	}
	both := prometheus.Gatherers{prometheus.DefaultGatherer, n.app.Metrics(), n.metrics()}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(both, promhttp.HandlerOpts{}))
	n.health(mux)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	n.extra = append(n.extra, s)
	n.run(func() error { return s.Serve(l) })
	return nil
}

func (n *Node) run(serve func() error) {
	n.done.Add(1)
	go func() {
		defer n.done.Done()
		if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) {
			n.fail("a listening port failed: " + err.Error())
		}
	}()
}

// GateAddress is where the gate listens.
func (n *Node) GateAddress() string { return n.addr }

// App is the node's application.
func (n *Node) App() *app.App { return n.app }

// readyLag is how old the newest block of a node that has caught up may be.
const readyLag = time.Minute

// Ready tells whether the node has caught up with its peers: consensus runs, it has run a block since it began, and the
// newest is not old. The engine itself takes a node for level before it has heard of its peers' heights.
func (n *Node) Ready() bool {
	s := n.app.Status()
	return !n.engine.ConsensusReactor().WaitSync() && s.Height > 0 && time.Since(time.Unix(s.TimeUnixS, 0)) < readyLag
}

// LightBlock reads a header with its commit and validators; height 0 is the newest.
func (n *Node) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	var at *int64
	if height > 0 {
		at = &height
	}
	commit, err := n.local.Commit(ctx, at)
	if err != nil {
		return nil, err
	}
	if commit == nil {
		return nil, errors.New("this node has no block yet")
	}
	h := commit.Height
	page, perPage := 1, 100
	vals, err := n.local.Validators(ctx, &h, &page, &perPage)
	if err != nil {
		return nil, err
	}
	set, err := types.ValidatorSetFromExistingValidators(vals.Validators)
	if err != nil {
		return nil, err
	}
	return &types.LightBlock{SignedHeader: &commit.SignedHeader, ValidatorSet: set}, nil
}

// Stop ends the node in order: ports, engine, state, and the engine's databases last.
func (n *Node) Stop() (err error) {
	n.once.Do(func() { err = n.stopOnce() })
	return err
}

func (n *Node) stopOnce() error {
	n.stopping.Store(true)
	close(n.stop)
	n.app.Release()
	ctx, cancel := context.WithTimeout(context.Background(), callsWithin)
	defer cancel()
	var errs []error
	for _, s := range append(n.extra, n.gate) {
		if s != nil {
			errs = append(errs, n.shut(ctx, s))
		}
	}
	if n.engine.IsRunning() {
		errs = append(errs, n.engine.Stop())
		n.engine.Wait()
	}
	n.done.Wait()
	return errors.Join(append(errs, n.release())...)
}

// shut takes no more calls, and lets those that run answer.
func (n *Node) shut(ctx context.Context, s *http.Server) error {
	err := s.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		n.log.Warn("calls that ran too long were cut off", "after", callsWithin)
		err = nil
	}
	return errors.Join(err, s.Close())
}

// release closes what the engine has used.
func (n *Node) release() error {
	if n.snapshot != nil {
		n.snapshot.Close()
	}
	if n.headers != nil {
		n.headers.Close()
	}
	var err error
	if n.signer != nil && n.signer.IsRunning() {
		err = n.signer.Stop()
	}
	return errors.Join(err, n.app.Close(), n.dbs.close())
}
