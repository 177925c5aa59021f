package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	cfg "github.com/cometbft/cometbft/config"
	cmtlog "github.com/cometbft/cometbft/libs/log"
	engine "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proxy"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// How long the engine alone is measured, after it has warmed up.
const (
	noopSeconds  = 5
	noopWarm     = 2 * time.Second
	noopFirst    = 30 * time.Second // until the first block
	noopLineStep = 10 * time.Millisecond
)

// runNoopNode is a child process: the engine as a node configures it over an application that does nothing. It writes
// the number of transactions of each block, one a line, until it is told to stop.
func runNoopNode(ctx context.Context, home string, out io.Writer) error {
	c, err := node.Load(home)
	if err != nil {
		return err
	}
	e := c.Engine()
	peer, err := p2p.LoadNodeKey(e.NodeKeyFile())
	if err != nil {
		return err
	}
	pv := privval.LoadFilePV(e.PrivValidatorKeyFile(), e.PrivValidatorStateFile())
	app := newNoopApp([]byte(peer.ID()), func(txs int) { fmt.Fprintln(out, txs) })
	genesis := func() (*types.GenesisDoc, error) { return types.GenesisDocFromFile(c.GenesisFile()) }
	n, err := engine.NewNode(e, pv, peer, proxy.NewConnSyncLocalClientCreator(app), genesis, cfg.DefaultDBProvider,
		engine.DefaultMetricsProvider(e.Instrumentation), cmtlog.NewFilter(cmtlog.NewTMLogger(cmtlog.NewSyncWriter(os.Stderr)), cmtlog.AllowError()))
	if err != nil {
		return err
	}
	if err := n.Start(); err != nil {
		return err
	}
	<-ctx.Done() // the process ends with nothing to save
	return nil
}

// engineFigures are the engine's own.
type engineFigures struct {
	perSecond float64
	cpuUS     float64 // of all processes, a transaction
}

// measureEngine runs networks of the engine alone, as many processes as there are validators.
func measureEngine(ctx context.Context, dir string, validators int) (f engineFigures, err error) {
	net, err := devnet.Make(devnet.Options{Dir: dir, Validators: validators})
	if err != nil {
		return f, err
	}
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	nodes, count := newChildren(fail), &lineSum{}
	defer nodes.stop()
	for i, c := range net.Nodes {
		out := io.Discard
		if i == 0 {
			out = count // every node has the same blocks
		}
		if err := nodes.start(filepath.Join(c.Home, "engine.log"), out, self, "--noop-node", c.Home); err != nil {
			return f, err
		}
	}
	if err := count.first(ctx); err != nil {
		return f, err
	}
	return engineOver(ctx, nodes, count)
}

func engineOver(ctx context.Context, nodes *children, count *lineSum) (f engineFigures, err error) {
	before, err := nodes.usage()
	if err != nil {
		return f, err
	}
	began, had := time.Now(), count.sum.Load()
	if err := pause(ctx, noopSeconds*time.Second); err != nil {
		return f, err
	}
	took, txs := time.Since(began), int(count.sum.Load()-had)
	after, err := nodes.usage()
	return engineFigures{
		perSecond: perSecond(txs, took),
		cpuUS:     each(float64(after.since(before).cpu)/float64(time.Microsecond), txs),
	}, err
}

// lineSum adds up the numbers that are written to it, one a line.
type lineSum struct {
	sum  atomic.Int64
	rest []byte
}

// Write takes any piece of the lines.
func (l *lineSum) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		n, line, err := bufio.ScanLines(l.rest, false)
		if n == 0 || err != nil {
			return len(b), err
		}
		v, err := strconv.ParseInt(string(line), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("a line of the engine's process: %w", err)
		}
		l.sum.Add(v)
		l.rest = l.rest[n:]
	}
}

// first waits for transactions, and then until the engine has warmed up.
func (l *lineSum) first(ctx context.Context) error {
	for until := time.Now().Add(noopFirst); l.sum.Load() == 0; {
		if time.Now().After(until) {
			return errors.New("the engine alone makes no blocks: see its log")
		}
		if err := pause(ctx, noopLineStep); err != nil {
			return err
		}
	}
	return pause(ctx, noopWarm)
}
