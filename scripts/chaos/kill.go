package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// Bounds of the kill scenario.
const (
	warmUp       = 5 * time.Second
	killPauseMax = 1500 * time.Millisecond // load runs at least this long between kills, at most
	downMax      = 300 * time.Millisecond  // a killed node stays down
	caughtUp     = time.Minute
	recentAcks   = 12 // acknowledged transactions that are asked for after each kill
	recentBlocks = 20 // heights that are compared after each kill
)

// strike is one step of a kill schedule: which nodes die together, how long load runs before, how long they stay down.
type strike struct {
	nodes  []int
	before time.Duration
	down   time.Duration
}

// strikes draws a schedule of so many kills: mostly one node, now and then two, three or all four at once.
func strikes(rnd *rand.Rand, kills, nodes int) []strike {
	var out []strike
	for left := kills; left > 0; {
		n := 1
		switch draw := rnd.IntN(20); {
		case draw == 0:
			n = nodes
		case draw <= 2:
			n = min(2, nodes)
		case draw == 3:
			n = min(3, nodes)
		}
		n = min(n, left)
		out = append(out, strike{
			nodes:  rnd.Perm(nodes)[:n],
			before: time.Duration(rnd.Int64N(int64(killPauseMax))),
			down:   time.Duration(rnd.Int64N(int64(downMax))),
		})
		left -= n
	}
	return out
}

// killer plays a kill schedule.
type killer struct {
	*stage
	c     *cluster
	load  *load
	kills int
	ready samples
	level samples
}

func runKill(ctx context.Context, s *stage) error {
	c, err := layOut(s, devnet.Options{Validators: validators, Tune: func(c *node.Config) { c.WriteBufferMiB = 64 }})
	if err != nil {
		return err
	}
	k := &killer{stage: s, c: c}
	err = k.play(ctx)
	return errors.Join(err, c.stop())
}

func (k *killer) play(ctx context.Context) error {
	if err := k.c.run(ctx); err != nil {
		return err
	}
	var err error
	if k.load, err = prepare(ctx, k.c, true); err != nil {
		return err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	k.load.begin(work, k.seed, 2, 2)
	if err := k.measureChanges(ctx); err != nil {
		return err
	}
	err = k.strikeAll(ctx)
	if err != nil {
		cancel() // nodes may be down: nothing can be settled
	}
	k.load.stop()
	k.figures()
	if err != nil {
		return err
	}
	return k.atRest(ctx)
}

// measureChanges figures how many bytes one block changes, from what the state's journal grows by while nothing is killed.
func (k *killer) measureChanges(ctx context.Context) error {
	dir := k.c.net.Nodes[0].StateDir()
	before, from := journalBytes(dir), k.c.gates[0].height(ctx)
	if err := pause(ctx, warmUp); err != nil {
		return err
	}
	grown, blocks := journalBytes(dir)-before, k.c.gates[0].height(ctx)-from
	if blocks > 0 && grown > 0 {
		k.verdict.figure("changes a block, kB (mean while loaded)", grown/blocks/1000)
	}
	return nil
}

func (k *killer) strikeAll(ctx context.Context) error {
	end := time.Now().Add(k.time)
	for _, one := range strikes(k.rnd, k.count, len(k.c.nodes)) {
		if time.Now().After(end) {
			k.log.say("time is over after %d of %d kills", k.kills, k.count)
			return nil
		}
		if err := k.strike(ctx, one); err != nil {
			return fmt.Errorf("after %d kills, at %v: %w", k.kills, one, err)
		}
		if k.kills/50 != (k.kills-len(one.nodes))/50 {
			k.log.say("%d kills; ready %s; level %s; %s", k.kills, k.ready, k.level, k.load.ledger)
		}
	}
	return nil
}

// strike kills, starts again, waits until all are level, and judges.
func (k *killer) strike(ctx context.Context, one strike) error {
	if err := pause(ctx, one.before); err != nil {
		return err
	}
	for _, i := range one.nodes {
		if err := k.c.nodes[i].check(); err != nil {
			k.broken("%v", err)
		}
		k.c.nodes[i].kill()
		k.kills++
	}
	known := k.load.ledger.last(recentAcks)
	if err := pause(ctx, one.down); err != nil {
		return err
	}
	for _, i := range one.nodes {
		if err := k.c.start(i); err != nil {
			return err
		}
	}
	for _, i := range one.nodes {
		if err := k.comeBack(ctx, i); err != nil {
			k.broken("after kill %d of %s: %v", k.kills, k.c.nodes[i].name, err)
			return err
		}
	}
	if err := k.c.agree(ctx, recentBlocks); err != nil {
		k.broken("after kill %d: %v", k.kills, err)
	}
	return k.ask(ctx, one.nodes[0], known)
}

// comeBack measures from the start of the process until /ready, and until the node has the height that the others had.
func (k *killer) comeBack(ctx context.Context, i int) error {
	p := k.c.nodes[i]
	if err := k.c.ready(ctx, i); err != nil {
		return err
	}
	k.ready = append(k.ready, time.Since(p.since()))
	if err := k.c.reach(ctx, caughtUp, k.c.top(ctx), i); err != nil {
		return err
	}
	k.level = append(k.level, time.Since(p.since()))
	return nil
}

// ask has the node that was killed prove the newest acknowledged transactions.
func (k *killer) ask(ctx context.Context, i int, known []ack) error {
	err := k.c.proves(ctx, i, k.load.trust, known)
	var gone lost
	if errors.As(err, &gone) {
		k.broken("%s after kill %d: %v", k.c.nodes[i].name, k.kills, err)
		return nil
	}
	return err
}

func (k *killer) figures() {
	v := k.verdict
	v.figure("kills", k.kills)
	v.figure("ready", k.ready)
	v.figure("caught up", k.level)
	v.figure("load", k.load.ledger.String())
	if k.load.ledger.open > 0 {
		k.broken("%d transactions could not be settled", k.load.ledger.open)
	}
	for text, n := range k.load.ledger.refusals {
		k.broken("%d transactions were refused: %s", n, text)
	}
}

// atRest stops all and judges what they have on disk.
func (k *killer) atRest(ctx context.Context) error {
	if err := k.c.stop(); err != nil {
		k.broken("%v", err)
	}
	return judgeAtRest(ctx, k.stage, k.c, k.load.ledger.all())
}

// judgeAtRest compares the stopped nodes' whole chains, looks for every acknowledged transaction in each, and verifies each.
func judgeAtRest(ctx context.Context, s *stage, c *cluster, acks []ack) error {
	all, err := c.openArchives()
	if err != nil {
		return err
	}
	out, err := compareChains(all)
	if err != nil {
		s.broken("%v", err)
	}
	for _, a := range all {
		if err := keptBy(a, acks); err != nil {
			s.broken("%v", err)
		}
	}
	closeArchives(all)
	s.verdict.figure("blocks compared", out.heights)
	s.verdict.figure("transactions in them", out.txs)
	s.verdict.figure("blocks of more than one round", out.rounds)
	began := time.Now()
	err = c.verifyAll(ctx, s.program)
	switch {
	case ctx.Err() != nil: // says nothing of the nodes
		return fmt.Errorf("the nodes' blocks were compared, and not all verified in time: %w", err)
	case err != nil:
		s.broken("%v", err)
	default:
		s.log.say("%d blocks compared and verified on every node in %.0f s", out.heights, time.Since(began).Seconds())
	}
	return nil
}
