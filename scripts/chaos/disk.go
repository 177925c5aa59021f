package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// Bounds of the disk scenario.
const (
	diskMiB     = 512
	leaveMax    = 3 << 20 // bytes that are still free when the filling ends
	fullWithin  = 90 * time.Second
	startWithin = 30 * time.Second // a start on a full disk ends
	exitFailed  = 70               // the node's own word for "the node has failed"
	victim      = 3                // whose disk it is
	othersDo    = 5                // blocks of the others while it is down
)

// diskTrial plays full disks.
type diskTrial struct {
	killer
	volume *volume
	died   samples
	served int // starts on a full disk that found enough space after all
}

func runDisk(ctx context.Context, s *stage) (err error) {
	d := &diskTrial{killer: killer{stage: s}}
	name := fmt.Sprintf("node%d", victim)
	if d.volume, err = newVolume(ctx, s.dir, name, diskMiB); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.volume.close()) }()
	homes := map[string]*volume{name: d.volume}
	d.c, err = layOut(s, devnet.Options{Validators: validators, Tune: func(c *node.Config) { c.Home = homeOn(c.Home, homes) }})
	if err != nil {
		return err
	}
	err = d.play(ctx)
	return errors.Join(err, d.c.stop())
}

func (d *diskTrial) play(ctx context.Context) error {
	if err := d.c.run(ctx); err != nil {
		return err
	}
	var err error
	if d.load, err = prepare(ctx, d.c, true); err != nil {
		return err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	d.load.begin(work, d.seed, 2, 2)
	for end := time.Now().Add(d.time); d.kills < d.count && err == nil && time.Now().Before(end); {
		err = d.filling(ctx)
		d.kills++
	}
	if err != nil {
		cancel()
	}
	d.load.stop()
	d.verdict.figure("fillings", d.kills)
	d.verdict.figure("ended after", d.died)
	d.verdict.figure("starts while full that could serve", d.served)
	d.verdict.figure("ready", d.ready)
	d.verdict.figure("caught up", d.level)
	d.verdict.figure("load", d.load.ledger.String())
	if err != nil {
		return err
	}
	if err := d.c.stop(); err != nil {
		d.broken("%v", err)
	}
	return errors.Join(d.c.signedOnce(d.stage), judgeAtRest(ctx, d.stage, d.c, d.load.ledger.all()))
}

// filling fills the disk beneath a running node, starts it again on the full disk, and again with space.
func (d *diskTrial) filling(ctx context.Context) error {
	p := d.c.nodes[victim]
	mark := p.mark()
	leave := d.rnd.Int64N(leaveMax)
	if err := d.volume.fill(leave); err != nil {
		return err
	}
	began := time.Now()
	in, cancel := context.WithTimeout(ctx, fullWithin)
	ended := p.await(in)
	cancel()
	if !ended {
		d.broken("filling %d: with a full disk %s still runs after %s; its height is %d, the others' %d",
			d.kills, p.name, fullWithin, d.c.gates[victim].height(ctx), d.c.top(ctx))
		p.kill()
	} else {
		d.died = append(d.died, time.Since(began))
		d.judgeEnd(fmt.Sprintf("filling %d, %d kB left", d.kills, leave/1000), p.said(mark), exitFailed)
	}
	if err := d.othersGoOn(ctx); err != nil {
		return err
	}
	if err := d.startFull(ctx); err != nil {
		return err
	}
	if err := errors.Join(d.volume.empty(), d.c.start(victim)); err != nil {
		return err
	}
	if err := d.comeBack(ctx, victim); err != nil {
		d.broken("filling %d: with space again: %v", d.kills, err)
		return err
	}
	if err := d.c.agree(ctx, recentBlocks); err != nil {
		d.broken("filling %d: %v", d.kills, err)
	}
	return nil
}

// judgeEnd judges how a node ended on a full disk: by which code, and whether what it says names the disk.
func (d *diskTrial) judgeEnd(when, said string, codes ...int) {
	p := d.c.nodes[victim]
	if text := endFault(p.code(), said, codes); text != "" {
		d.broken("%s: %s %s; it says: %s", when, p.name, text, p.tail())
	}
}

// endFault says what is wrong with how a node ended; empty for nothing.
func endFault(code int, said string, codes []int) string {
	right := false
	for _, c := range codes {
		right = right || c == code
	}
	last := said[strings.LastIndexByte(strings.TrimSpace(said), '\n')+1:]
	switch {
	case !right:
		return fmt.Sprintf("ended with code %d, where %v is promised", code, codes)
	case strings.Contains(said, "\ngoroutine "):
		return "ended with a stack trace"
	case !strings.Contains(last, noSpace):
		return "does not say in its last line that there is no space left"
	}
	return ""
}

// othersGoOn: three of four are enough.
func (d *diskTrial) othersGoOn(ctx context.Context) error {
	if err := d.c.advance(ctx, readyWithin, othersDo, 0, 1, 2); err != nil {
		d.broken("filling %d: the others do not go on: %v", d.kills, err)
		return err
	}
	return nil
}

// startFull starts the node while the disk is full: it must end by itself, with words, or catch up after all, where opening
// its databases has freed some space.
func (d *diskTrial) startFull(ctx context.Context) error {
	p := d.c.nodes[victim]
	if err := d.volume.fill(0); err != nil {
		return err
	}
	mark, goal := p.mark(), d.c.top(ctx)
	if err := d.c.start(victim); err != nil {
		return err
	}
	level := false
	err := until(ctx, startWithin, "neither", func() bool {
		level = d.c.gates[victim].height(ctx) >= goal
		return level || !p.alive()
	})
	switch {
	case !p.alive():
		d.judgeEnd(fmt.Sprintf("filling %d, started while full", d.kills), p.said(mark), 1, exitFailed)
	case level:
		d.served++
	case err != nil:
		d.broken("filling %d: started on a full disk %s has neither ended nor caught up after %s", d.kills, p.name, startWithin)
	}
	p.kill()
	return nil
}
