package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// Bounds of the partition scenario.
const (
	healWithin   = 10 * time.Second // the promise
	healPatience = 2 * time.Minute  // how long is waited where it is broken, to say how long it took
	settleTime   = 2 * time.Second  // what was on the way when a partition began
	shortCut     = 8 * time.Second
	longCut      = 30 * time.Second
	veryLongCut  = 75 * time.Second
	flapMax      = 4 * time.Second
	inFlight     = 1 // a block that was decided when the partition began
	goOnBlocks   = 5
	gatePort     = 9443
	peerPort     = 26656
)

// cutTrial plays partitions.
type cutTrial struct {
	*stage
	c     *cluster
	w     *wire
	load  *load
	heals samples
}

func runPartition(ctx context.Context, s *stage) (err error) {
	t := &cutTrial{stage: s, w: newWire(validators)}
	if err := t.w.up(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.w.down()) }()
	t.c, err = layOut(s, devnet.Options{Validators: validators, Tune: func(c *node.Config) {
		i := numberOf(c.Home)
		c.GateListen, c.P2PListen = fmt.Sprintf("%s:%d", t.w.clientIP(i), gatePort), fmt.Sprintf("%s:%d", t.w.peerIP(i), peerPort)
	}})
	if err != nil {
		return err
	}
	for i, p := range t.c.nodes {
		p.argv = append([]string{"ip", "netns", "exec", t.w.space(i)}, p.argv...)
	}
	err = t.play(ctx)
	err = errors.Join(err, t.c.stop())
	if err != nil {
		return err
	}
	if err := errors.Join(t.c.signedOnce(s), judgeAtRest(ctx, s, t.c, t.load.ledger.all())); err != nil {
		return err
	}
	return playSlow(ctx, s)
}

// numberOf is the number of a node, from its home's name.
func numberOf(home string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(home), "node"))
	return n
}

func (t *cutTrial) play(ctx context.Context) error {
	if err := t.c.run(ctx); err != nil {
		return err
	}
	var err error
	if t.load, err = prepare(ctx, t.c, false); err != nil {
		return err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	t.load.begin(work, t.seed, 0, 3)
	if err = t.cuts(ctx); err != nil {
		cancel()
	}
	t.load.stop()
	t.verdict.figure("healed", t.heals)
	t.verdict.figure("load", t.load.ledger.String())
	return err
}

// cuts are the partitions in their order: two of two, three and one, each alone, then flaps.
func (t *cutTrial) cuts(ctx context.Context) error {
	lengths := []time.Duration{shortCut, longCut, veryLongCut}
	if t.count == 1 {
		lengths = lengths[:1]
	}
	for _, length := range lengths {
		groups := [][]int{pairs(t.rnd), oneOff(t.rnd, validators), {0, 1, 2, 3}}
		if t.count == 1 {
			groups = groups[:2]
		}
		for _, group := range groups {
			if err := t.cut(ctx, group, length); err != nil {
				return err
			}
		}
	}
	end := time.Now().Add(t.time)
	for range t.count {
		if time.Now().After(end) {
			break
		}
		if err := t.flap(ctx); err != nil {
			return err
		}
	}
	return t.heal(ctx, fmt.Sprintf("%d flaps", t.count))
}

// pairs puts four nodes into two groups of two.
func pairs(rnd *rand.Rand) []int {
	group := []int{0, 0, 1, 1}
	rnd.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
	return group
}

// oneOff puts one node into a group of its own.
func oneOff(rnd *rand.Rand, nodes int) []int {
	group := make([]int, nodes)
	group[rnd.IntN(nodes)] = 1
	return group
}

// majority are the nodes of the group that has more than two thirds; none where no group has.
func majority(group []int) (out []int) {
	for i, g := range group {
		var same int
		for _, other := range group {
			if other == g {
				same++
			}
		}
		if 3*same > 2*len(group) {
			out = append(out, i)
		}
	}
	return out
}

// cut holds a partition for a while and judges who makes blocks; then it heals.
func (t *cutTrial) cut(ctx context.Context, group []int, length time.Duration) error {
	if err := t.w.split(ctx, group); err != nil {
		return err
	}
	if err := pause(ctx, settleTime); err != nil {
		return err
	}
	before := t.heights(ctx)
	if err := pause(ctx, length-settleTime); err != nil {
		return err
	}
	after, on := t.heights(ctx), majority(group)
	for i := range after {
		switch in := slices.Contains(on, i); {
		case in && after[i] < before[i]+goOnBlocks:
			t.broken("partition %v for %s: node%d is with the majority and went from height %d to %d alone", group, length, i, before[i], after[i])
		case !in && after[i] > before[i]+inFlight:
			t.broken("partition %v for %s: node%d is with no majority and went from height %d to %d", group, length, i, before[i], after[i])
		}
	}
	return t.heal(ctx, fmt.Sprintf("partition %v for %s", group, length))
}

func (t *cutTrial) heights(ctx context.Context) []int64 {
	out := make([]int64, len(t.c.gates))
	for i, g := range t.c.gates {
		out[i] = g.height(ctx)
	}
	return out
}

// heal puts all together and measures until every node has a block that was made after it.
func (t *cutTrial) heal(ctx context.Context, after string) error {
	if err := t.w.whole(ctx); err != nil {
		return err
	}
	began := time.Now()
	heights := t.heights(ctx)
	goal, missed := slices.Max(heights)+2, slices.Max(heights)-slices.Min(heights)
	err := t.c.reach(ctx, healPatience, goal)
	took := time.Since(began)
	t.heals = append(t.heals, took)
	t.log.say("after %s healed in %.1f s, the hindmost having missed %d blocks", after, took.Seconds(), missed)
	switch {
	case err != nil:
		t.broken("after %s: %v", after, err)
		return err
	case took > healWithin:
		t.broken("after %s it took %.1f s until all had new blocks, %s are promised (the hindmost had missed %d)", after, took.Seconds(), healWithin, missed)
	}
	if err := t.c.agree(ctx, recentBlocks); err != nil {
		t.broken("after %s: %v", after, err)
	}
	return nil
}

// flap is one short partition of any shape, and a short time without.
func (t *cutTrial) flap(ctx context.Context) error {
	group := make([]int, validators)
	for i := range group {
		group[i] = t.rnd.IntN(validators)
	}
	if err := t.w.split(ctx, group); err != nil {
		return err
	}
	if err := pause(ctx, time.Duration(t.rnd.Int64N(int64(flapMax)))); err != nil {
		return err
	}
	if err := t.w.whole(ctx); err != nil {
		return err
	}
	return pause(ctx, time.Duration(t.rnd.Int64N(int64(flapMax))))
}
