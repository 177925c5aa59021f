package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/app/store"
)

// Bounds of the power scenario.
const (
	powerMiB     = 2048 // of each filesystem; the file is sparse
	cutPauseMax  = 2 * time.Second
	cutDyingMax  = 50 * time.Millisecond // how long a node goes on without its disk before it is gone
	hardCutShare = 5                     // one cut in so many lets the journal be flushed
)

// outage is one step of a schedule of power cuts.
type outage struct {
	strike
	how uint32
}

func outages(rnd *rand.Rand, cuts, nodes int) []outage {
	var out []outage
	for _, s := range strikes(rnd, cuts, nodes) {
		o := outage{strike: s, how: cutNoLogFlush}
		o.before = time.Duration(rnd.Int64N(int64(cutPauseMax)))
		if rnd.IntN(hardCutShare) == 0 {
			o.how = cutLogFlush
		}
		out = append(out, o)
	}
	return out
}

// grid plays power cuts on a killer's network, each of whose nodes has a filesystem of its own.
type grid struct {
	killer
	volumes []*volume
	replays []int64 // blocks that a node had on disk beyond its state
}

func runPower(ctx context.Context, s *stage) (err error) {
	g := &grid{killer: killer{stage: s}}
	homes := map[string]*volume{}
	defer func() { err = errors.Join(err, closeVolumes(g.volumes)) }()
	for i := range validators {
		name := fmt.Sprintf("node%d", i)
		v, err := newVolume(ctx, s.dir, name, powerMiB)
		if err != nil {
			return err
		}
		g.volumes, homes[name] = append(g.volumes, v), v
	}
	g.c, err = layOut(s, devnet.Options{Validators: validators, Tune: func(c *node.Config) { c.Home = homeOn(c.Home, homes) }})
	if err != nil {
		return err
	}
	for _, v := range g.volumes {
		err = errors.Join(err, v.sync(ctx))
	}
	if err == nil {
		err = g.play(ctx)
	}
	return errors.Join(err, g.c.stop())
}

func (g *grid) play(ctx context.Context) error {
	if err := g.c.run(ctx); err != nil {
		return err
	}
	var err error
	if g.load, err = prepare(ctx, g.c, true); err != nil {
		return err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	g.load.begin(work, g.seed, 2, 2)
	if err = g.cutAll(ctx); err != nil {
		cancel()
	}
	g.load.stop()
	g.verdict.figure("cuts", g.kills)
	g.figures()
	if err != nil {
		return err
	}
	if err := g.c.stop(); err != nil {
		g.broken("%v", err)
	}
	return errors.Join(g.c.signedOnce(g.stage), judgeAtRest(ctx, g.stage, g.c, g.load.ledger.all()))
}

func (g *grid) cutAll(ctx context.Context) error {
	end := time.Now().Add(g.time)
	for _, one := range outages(g.rnd, g.count, len(g.c.nodes)) {
		if time.Now().After(end) {
			g.log.say("time is over after %d of %d cuts", g.kills, g.count)
			return nil
		}
		if err := g.outage(ctx, one); err != nil {
			return fmt.Errorf("after %d cuts, at %v: %w", g.kills, one, err)
		}
	}
	return nil
}

// outage cuts the power of some nodes, gives it back, and judges before and after they have caught up.
func (g *grid) outage(ctx context.Context, one outage) error {
	if err := pause(ctx, one.before); err != nil {
		return err
	}
	known := g.load.ledger.last(recentAcks)
	told := make([]int64, len(g.c.nodes))
	for _, i := range one.nodes {
		told[i] = g.c.gates[i].height(ctx)
	}
	for _, i := range one.nodes {
		if err := g.volumes[i].cut(one.how); err != nil {
			return err
		}
	}
	if err := pause(ctx, time.Duration(g.rnd.Int64N(int64(cutDyingMax)))); err != nil {
		return err
	}
	for _, i := range one.nodes {
		g.c.nodes[i].kill()
		g.kills++
	}
	for _, i := range one.nodes {
		if err := g.revive(ctx, i, told[i]); err != nil {
			return err
		}
	}
	return g.after(ctx, one, known)
}

// revive mounts a node's filesystem, holds what is on it against what the node had told its clients, and starts it.
func (g *grid) revive(ctx context.Context, i int, told int64) error {
	if err := g.volumes[i].again(ctx); err != nil {
		return err
	}
	state, blocks, err := g.onDisk(i)
	if err != nil {
		g.broken("%s after cut %d: what is on its disk cannot be opened: %v", g.c.nodes[i].name, g.kills, err)
		return err
	}
	if state < told || blocks < told {
		g.broken("%s after cut %d: it had shown height %d to its clients, and its disk has state %d and blocks %d", g.c.nodes[i].name, g.kills, told, state, blocks)
	}
	g.replays = append(g.replays, blocks-state)
	return g.c.start(i)
}

func (g *grid) after(ctx context.Context, one outage, known []ack) error {
	for _, i := range one.nodes {
		if err := g.comeBack(ctx, i); err != nil {
			g.broken("after cut %d of %s: %v", g.kills, g.c.nodes[i].name, err)
			return err
		}
	}
	if err := g.c.agree(ctx, recentBlocks); err != nil {
		g.broken("after cut %d: %v", g.kills, err)
	}
	return g.ask(ctx, one.nodes[0], known)
}

// onDisk opens a copy of what a node that does not run has on disk: the heights of its state and of its blocks.
func (g *grid) onDisk(i int) (state, blocks int64, err error) {
	conf := g.c.net.Nodes[i]
	twin := conf
	twin.Home = filepath.Join(g.dir, "twin")
	defer os.RemoveAll(twin.Home) //nolint:errcheck // a copy
	for _, name := range []string{"state", "blockstore.db"} {
		if err := copyTree(filepath.Join(conf.Home, "data", name), filepath.Join(twin.Home, "data", name)); err != nil {
			return 0, 0, err
		}
	}
	a, err := openArchive(g.c.nodes[i].name, twin)
	if err != nil {
		return 0, 0, err
	}
	blocks = a.blocks.Height()
	closeArchives([]*archive{a})
	x, err := app.Open(app.Options{Chain: devnet.ChainID, Store: store.Options{
		Dir: twin.StateDir(), NodeCacheMiB: twin.NodeCacheMiB, BlockCacheMiB: twin.BlockCacheMiB, WriteBufferMiB: twin.WriteBufferMiB,
		KeepVersions: int64(twin.ProofHeights), KeepFor: time.Duration(twin.ProofSeconds) * time.Second,
	}})
	if err != nil {
		return 0, 0, err
	}
	return x.Status().Height, blocks, x.Close()
}
