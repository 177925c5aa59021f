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
	"sync"
	"sync/atomic"
	"time"

	cfg "github.com/cometbft/cometbft/config"
	engine "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proxy"
	rpclocal "github.com/cometbft/cometbft/rpc/client/local"
	"github.com/cometbft/cometbft/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/gate"
	"github.com/splittally/splittally/app/store"
	"golang.org/x/time/rate"
)

// sweepEvery is how often connections of peers that are no longer members' nodes are ended.
const sweepEvery = 2 * time.Second

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
		return nil, errors.Join(err, n.app.Close(), n.dbs.close())
	}
	if err := n.serve(cert, version); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	n.done.Add(1)
	go n.sweep()
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
		if addr, err := p2p.NewNetAddressString(p); err == nil {
			peers = append(peers, string(addr.ID))
		}
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
	pv := privval.LoadFilePV(e.PrivValidatorKeyFile(), e.PrivValidatorStateFile())
	n.engine, err = engine.NewNode(e, pv, key, proxy.NewConnSyncLocalClientCreator(app.NewABCI(n.app)),
		func() (*types.GenesisDoc, error) { return genesis, nil }, n.dbs.open,
		engineMetrics(e.Instrumentation), engineLog{n.log.With("part", "engine"), n.fail, &n.stopping})
	if err != nil {
		return fmt.Errorf("the engine does not start: %w", err)
	}
	n.local = rpclocal.New(n.engine)
	return n.engine.Start()
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
	both := prometheus.Gatherers{prometheus.DefaultGatherer, n.app.Metrics()}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(both, promhttp.HandlerOpts{}))
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

// Ready tells whether the node has caught up with its peers and has a block.
func (n *Node) Ready() bool {
	return !n.engine.ConsensusReactor().WaitSync() && n.app.Status().Height > 0
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

// sweep ends the connections of peers that the registry no longer admits.
func (n *Node) sweep() {
	defer n.done.Done()
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-n.stop:
			return
		case <-t.C:
			n.sweepOnce()
		}
	}
}

func (n *Node) sweepOnce() {
	for _, p := range n.engine.Switch().Peers().Copy() {
		if !n.app.AdmitsPeer(string(p.ID())) {
			n.log.Warn("ending the connection of a peer that is no member's node", "peer", p.ID())
			n.engine.Switch().StopPeerForError(p, errors.New("no member's node"))
		}
	}
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
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var errs []error
	for _, s := range append(n.extra, n.gate) {
		if s != nil {
			errs = append(errs, errors.Join(s.Shutdown(ctx), s.Close()))
		}
	}
	if n.engine.IsRunning() {
		errs = append(errs, n.engine.Stop())
		n.engine.Wait()
	}
	n.done.Wait()
	return errors.Join(append(errs, n.app.Close(), n.dbs.close())...)
}
