package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/sdk"
	"golang.org/x/sync/semaphore"
)

// Bounds of the flood scenario.
const (
	floodRate     = 6 // transactions a second of each of the others
	floodWindow   = 20 * time.Second
	floodBrief    = 8 * time.Second // of the short form
	floodSettle   = 5 * time.Second
	floodKeep     = 0.8 // the promise
	floodBaseline = 0.9 // what the others reach of what they offer before it counts as a measurement
	floodOpen     = 200 // transactions of one account on the way
	nodeCores     = 0.4
	flooderCores  = 0.4
	restartWithin = 30 * time.Second
)

// others are those who want to go on working: an account and the node that it asks.
var others = []struct {
	role string
	node int
}{{"obligor", 0}, {"factor", 2}, {"tier1", 3}, {"tier3", 2}}

// floodTrial measures the others before and during floods, on one network.
type floodTrial struct {
	*stage
	c     *cluster
	q     *quota
	load  *load
	conns []*sdk.Client
}

func runFlood(ctx context.Context, s *stage) (err error) {
	t := &floodTrial{stage: s}
	if t.q, err = newQuota(); err != nil {
		s.log.say("no shares of the processor can be given (%v): node and flooder compete for the machine", err)
		t.q = nil
	}
	t.c, err = layOut(s, devnet.Options{Validators: validators, Tune: func(c *node.Config) { c.CallsPerSecond = node.DefaultConfig().CallsPerSecond }})
	if err != nil {
		return err
	}
	err = errors.Join(t.play(ctx), t.c.stop())
	if t.q != nil {
		err = errors.Join(err, t.q.close())
	}
	if err != nil {
		return err
	}
	all, err := t.c.openArchives()
	if err != nil {
		return err
	}
	defer closeArchives(all)
	if _, err := compareChains(all); err != nil {
		s.broken("%v", err)
	}
	return nil
}

func (t *floodTrial) play(ctx context.Context) error {
	if err := t.c.run(ctx); err != nil {
		return err
	}
	t.hold(ctx)
	var err error
	if t.load, err = prepare(ctx, t.c, false); err != nil {
		return err
	}
	if err := t.dialAll(ctx); err != nil {
		return err
	}
	defer t.hangUp()
	end := time.Now().Add(t.time)
	for round := range t.count {
		for _, attack := range t.attacks() {
			if time.Now().After(end) {
				t.log.say("time is over in round %d, before %q", round, attack)
				return nil
			}
			if err := t.round(ctx, round, attack); err != nil {
				return err
			}
		}
	}
	return nil
}

// attacks are those of one round: in the short form its own node alone, else each weapon by itself, and all at once.
func (t *floodTrial) attacks() []string {
	if t.count == 1 {
		return []string{attackOwn}
	}
	return slices.Concat([]string{attackOwn}, weapons, []string{attackOthers})
}

// hold gives every node its share of the machine.
func (t *floodTrial) hold(ctx context.Context) {
	for i := range t.c.nodes {
		t.holdOne(ctx, i)
	}
}

func (t *floodTrial) holdOne(_ context.Context, i int) {
	if t.q == nil {
		return
	}
	if err := t.q.hold(t.c.nodes[i].name, t.c.nodes[i].pid(), nodeCores); err != nil {
		t.log.say("%s has no share of its own: %v", t.c.nodes[i].name, err)
	}
}

func (t *floodTrial) dialAll(ctx context.Context) error {
	for _, o := range others {
		role := t.c.net.Role(o.role)
		conn, err := sdk.Dial(ctx, sdk.Config{
			Endpoints: []sdk.Endpoint{t.c.endpoint(o.node)}, Alone: true, Trust: t.load.trust, Account: role.Account, Signer: role.Signer,
		})
		if err != nil {
			return err
		}
		t.conns = append(t.conns, conn)
	}
	return nil
}

func (t *floodTrial) hangUp() {
	for _, c := range t.conns {
		_ = c.Close() // nothing is kept
	}
}

// window is what the others reached in a stretch of time.
type window struct {
	length        time.Duration
	offered, done int
	took          samples
	failed        map[string]int
}

func (w window) rate() float64 { return float64(w.done) / w.length.Seconds() }

// fault is the most frequent reason of failures, and how often it was.
func (w window) fault() string {
	most, why := 0, "nothing failed"
	for text, n := range w.failed {
		if n > most {
			most, why = n, fmt.Sprintf("%d failed: %.200s", n, text)
		}
	}
	return why
}

// round measures before a flood and during it, in one run.
func (t *floodTrial) round(ctx context.Context, n int, attack string) error {
	before := t.measure(ctx)
	if float64(before.done) < floodBaseline*float64(before.offered) {
		return fmt.Errorf("%w: %d of %d; %s", errNoBaseline, before.done, before.offered, before.fault())
	}
	flood, err := t.startFlood(n, attack)
	if err != nil {
		return err
	}
	during := t.measure(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if attack == attackOthers {
		err = t.restart(ctx)
	}
	if e := flood.stop(); e != nil {
		t.log.say("%v", e)
	}
	t.judge(attack, before, during, lastLine(flood.said(0)))
	return errors.Join(err, t.quiet(ctx))
}

func (t *floodTrial) judge(attack string, before, during window, did string) {
	share := during.rate() / before.rate()
	t.log.say("flood %s: before %.1f/s (%s), during %.1f/s (%s), %.0f %%; %s; the flooder %s",
		attack, before.rate(), before.took, during.rate(), during.took, 100*share, during.fault(), did)
	t.verdict.figure(attack+": kept, %", int(100*share+0.5))
	t.verdict.figure(attack+": before and during, 1/s", []float64{rounded(before.rate()), rounded(during.rate())})
	t.verdict.figure(attack+": before, until proven", before.took)
	t.verdict.figure(attack+": during, until proven", during.took)
	if share < floodKeep {
		t.broken("flood %q leaves the others %.0f %% of their rate, %.0f %% are promised (before %.1f/s, during %.1f/s; %s; the flooder %s)",
			attack, 100*share, 100*floodKeep, before.rate(), during.rate(), during.fault(), did)
	}
}

func rounded(f float64) float64 { return float64(int(f*10+0.5)) / 10 }

// quiet waits until the network has worked off what the flood has left behind.
func (t *floodTrial) quiet(ctx context.Context) error {
	if err := t.c.advance(ctx, readyWithin, 3); err != nil {
		return err
	}
	return pause(ctx, floodSettle)
}

func (t *floodTrial) startFlood(n int, attack string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("flood%d-%s", n, attack)
	p := newProcess(name, filepath.Join(t.dir, name+".log"), self, childFlag, "--kind", "flooder", "--home", t.c.net.Dir, "--seed", fmt.Sprint(t.seed+uint64(n)), "--attack", attack)
	if err := p.start(); err != nil {
		return nil, err
	}
	if t.q != nil {
		if err := t.q.hold("flooder", p.pid(), flooderCores); err != nil {
			t.log.say("the flooder has no bound of its own: %v", err)
		}
	}
	return p, nil
}

// measure has the others send at their rate, and counts what is proven within a window that begins when they have been
// sending for a while: what was sent before it counts too, as what is on the way at its end does not.
func (t *floodTrial) measure(ctx context.Context) window {
	w := window{failed: map[string]int{}, length: floodWindow}
	if t.count == 1 {
		w.length = floodBrief
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	ctx, cancel := context.WithTimeout(ctx, floodSettle+w.length)
	defer cancel()
	from := time.Now().Add(floodSettle)
	for i := range others {
		next := t.load.light(childRand(t.seed, uint64(300+i)), others[i].role)
		room := semaphore.NewWeighted(floodOpen)
		all.Go(func() {
			tick := time.NewTicker(time.Second / floodRate)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				mu.Lock()
				w.offer(from)
				mu.Unlock()
				messages := next()
				if !room.TryAcquire(1) {
					continue
				}
				all.Go(func() {
					defer room.Release(1)
					began := time.Now()
					_, err := t.conns[i].Do(ctx, messages...)
					if ctx.Err() != nil {
						return // on the way at the end
					}
					mu.Lock()
					defer mu.Unlock()
					w.note(from, err, time.Since(began))
				})
			}
		})
	}
	all.Wait()
	return w
}

// offer counts a transaction that is to be sent.
func (w *window) offer(from time.Time) {
	if time.Now().After(from) {
		w.offered++
	}
}

// note counts a transaction that is settled.
func (w *window) note(from time.Time, err error, took time.Duration) {
	if time.Now().Before(from) {
		return
	}
	if err != nil {
		w.failed[err.Error()]++
		return
	}
	w.done, w.took = w.done+1, append(w.took, took)
}

// restart stops a validator while strangers hold every port for nodes, and starts it again: it must get through to the others.
func (t *floodTrial) restart(ctx context.Context) error {
	const node = 3
	if err := errors.Join(t.c.nodes[node].stop(), t.c.start(node)); err != nil {
		return err
	}
	t.holdOne(ctx, node)
	err := errors.Join(t.c.ready(ctx, node), t.c.reach(ctx, restartWithin, t.c.top(ctx), node))
	took := time.Since(t.c.nodes[node].since())
	t.verdict.figure("restart while strangers hold the ports, ms", took.Milliseconds())
	if err != nil || took > restartWithin {
		t.broken("a validator that starts while strangers hold the nodes' ports is level after %s, %s are allowed: %v", took.Round(time.Second), restartWithin, err)
	}
	return nil
}
