package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cfg "github.com/cometbft/cometbft/config"
	cmtlog "github.com/cometbft/cometbft/libs/log"
	engine "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proxy"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/app/store"
)

// childFlag begins the command line of this program as a child of itself: a node that does what no honest one does.
const childFlag = "--child"

// runChild is a whole child process; it ends when it is told to.
func runChild(args []string) int {
	f := flag.NewFlagSet("child", flag.ContinueOnError)
	kind, home := f.String("kind", "forger", "forger or flooder"), f.String("home", "", "the node's folder, or the network's")
	seed, count := f.Uint64("seed", 1, "of the draws"), f.Int("count", 1, "how many garbage proposals are made")
	attack := f.String("attack", attackOwn, "what a flooder does")
	f.SetOutput(io.Discard)
	if err := f.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch *kind {
	case "forger":
		err = runForger(ctx, *home, *seed, *count, os.Stdout)
	case "flooder":
		err = runFlooder(ctx, *home, *seed, *attack, os.Stdout)
	default:
		return 2
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		return 1
	}
	return 0
}

// runForger runs a validator that proposes garbage, until the context ends.
func runForger(ctx context.Context, home string, seed uint64, count int, out io.Writer) error {
	conf, err := node.Load(home)
	if err != nil {
		return err
	}
	net, err := devnet.Open(filepath.Dir(home))
	if err != nil {
		return err
	}
	genesis, err := types.GenesisDocFromFile(conf.GenesisFile())
	if err != nil {
		return err
	}
	a, err := app.Open(optionsOf(conf, genesis.ChainID))
	if err != nil {
		return err
	}
	f := &forger{ABCI: app.NewABCI(a), forge: newForge(genesis.ChainID, net.Roles, childRand(seed, 7)), count: count, out: out, made: map[int64]string{}}
	n, err := startEngine(conf, genesis, f)
	if err != nil {
		return err
	}
	<-ctx.Done() // the process ends; what is on its disk is as after a kill
	_ = n
	return nil
}

// optionsOf are the application's options as a node has them.
func optionsOf(c node.Config, chain string) app.Options {
	o := app.Options{Chain: chain, IdleWait: time.Duration(c.IdleWaitMS) * time.Millisecond, Store: store.Options{
		Dir: c.StateDir(), NodeCacheMiB: c.NodeCacheMiB, BlockCacheMiB: c.BlockCacheMiB, WriteBufferMiB: c.WriteBufferMiB,
		KeepVersions: int64(c.ProofHeights), KeepFor: time.Duration(c.ProofSeconds) * time.Second,
	}}
	for _, p := range c.Peers {
		id, _, _ := strings.Cut(p, "@")
		o.Peers = append(o.Peers, id)
	}
	return o
}

func startEngine(c node.Config, genesis *types.GenesisDoc, a abci.Application) (*engine.Node, error) {
	e := c.Engine()
	key, err := p2p.LoadNodeKey(e.NodeKeyFile())
	if err != nil {
		return nil, err
	}
	pv := privval.LoadFilePV(e.PrivValidatorKeyFile(), e.PrivValidatorStateFile())
	n, err := engine.NewNode(e, pv, key, proxy.NewConnSyncLocalClientCreator(a), func() (*types.GenesisDoc, error) { return genesis, nil },
		cfg.DefaultDBProvider, engine.DefaultMetricsProvider(e.Instrumentation), cmtlog.NewFilter(cmtlog.NewTMLogger(cmtlog.NewSyncWriter(os.Stderr)), cmtlog.AllowError()))
	if err != nil {
		return nil, err
	}
	return n, n.Start()
}

// forger is an application that proposes garbage and finds every proposal good.
type forger struct {
	*app.ABCI
	forge *forge
	count int
	next  int
	out   io.Writer
	made  map[int64]string // garbage by height
}

// PrepareProposal makes garbage of every kind in turn. It writes a line for each.
func (f *forger) PrepareProposal(ctx context.Context, r *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	honest, err := f.ABCI.PrepareProposal(ctx, r)
	if err != nil || r.Height < forgeFrom || f.next >= f.count {
		return honest, err
	}
	kind := garbage[f.next%len(garbage)]
	f.forge.now = r.Time.Unix()
	txs := kind.make(f.forge)
	f.next++
	f.made[r.Height] = digest(txs)
	fmt.Fprintf(f.out, "made %d %s\n", r.Height, kind.name)
	return &abci.ResponsePrepareProposal{Txs: txs}, nil
}

// forgeFrom is the first height at which garbage is made: before it there is nothing to replay.
const forgeFrom = 5

// ProcessProposal finds everything good.
func (f *forger) ProcessProposal(context.Context, *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// FinalizeBlock says so where garbage was decided, and keeps transactions to replay.
func (f *forger) FinalizeBlock(ctx context.Context, r *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	if d := f.made[r.Height]; d != "" && d == digest(r.Txs) {
		fmt.Fprintf(f.out, "decided %d\n", r.Height)
	}
	for _, raw := range r.Txs {
		f.forge.ran = append(f.forge.ran, ranAt{raw: raw, at: r.Time.Unix()})
	}
	f.forge.forget(r.Time.Unix())
	return f.ABCI.FinalizeBlock(ctx, r)
}

func digest(txs [][]byte) string {
	return hex.EncodeToString(types.ToTxs(txs).Hash())
}
