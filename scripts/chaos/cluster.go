package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// Bounds of a network.
const (
	readyWithin  = time.Minute
	answerWithin = 10 * time.Second // a running node's
	validators   = 4
)

// cluster is a network of processes.
type cluster struct {
	net   *devnet.Net
	nodes []*process
	gates []*gateway
	log   *logger
}

// layOut makes a development network in the stage's folder and starts nothing yet.
func layOut(s *stage, o devnet.Options) (*cluster, error) {
	if o.Dir == "" {
		o.Dir = filepath.Join(s.dir, "net")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	more := o.Tune
	o.Tune = func(c *node.Config) {
		tune(c)
		if more != nil {
			more(c)
		}
	}
	net, err := devnet.Make(o)
	if err != nil {
		return nil, err
	}
	c := &cluster{net: net, log: s.log}
	for i, conf := range net.Nodes {
		c.nodes = append(c.nodes, newProcess(fmt.Sprintf("node%d", i), filepath.Join(s.dir, fmt.Sprintf("node%d.log", i)), s.program, "start", "--home", conf.Home))
		c.gates = append(c.gates, newGateway(conf.GateListen))
	}
	return c, nil
}

// tune gives a node little memory, and those who look at it often no limit of calls.
func tune(c *node.Config) {
	c.NodeCacheMiB, c.BlockCacheMiB, c.WriteBufferMiB = 32, 8, 8
	c.CallsPerSecond = 1_000_000
	c.LogLevel = "warn"
}

// start starts nodes, all where none is named.
func (c *cluster) start(which ...int) error {
	for _, i := range c.or(which) {
		if err := c.nodes[i].start(); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) or(which []int) []int {
	if len(which) > 0 {
		return which
	}
	return numbers(len(c.nodes))
}

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// stop ends every process well; all are ended when it returns.
func (c *cluster) stop() error {
	errs := make([]error, len(c.nodes))
	var all sync.WaitGroup
	for i, p := range c.nodes {
		all.Go(func() { errs[i] = p.stop() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// ready waits until nodes say that they are ready.
func (c *cluster) ready(ctx context.Context, which ...int) error {
	for _, i := range c.or(which) {
		err := until(ctx, readyWithin, c.nodes[i].name+" is not ready", func() bool { return !c.nodes[i].alive() || c.gates[i].ready(ctx) })
		if err := errors.Join(c.nodes[i].check(), err); err != nil {
			return err
		}
	}
	return nil
}

// run starts all and waits until each has a block that is proven by the next.
func (c *cluster) run(ctx context.Context) error {
	if err := c.start(); err != nil {
		return err
	}
	return errors.Join(c.ready(ctx), c.reach(ctx, readyWithin, 2))
}

// reach waits until nodes have a height.
func (c *cluster) reach(ctx context.Context, within time.Duration, height int64, which ...int) error {
	for _, i := range c.or(which) {
		err := until(ctx, within, fmt.Sprintf("%s is not at height %d", c.nodes[i].name, height), func() bool {
			return !c.nodes[i].alive() || c.gates[i].height(ctx) >= height
		})
		if err := errors.Join(c.nodes[i].check(), err); err != nil {
			return err
		}
	}
	return nil
}

// top is the highest block that any of the nodes has.
func (c *cluster) top(ctx context.Context, which ...int) int64 {
	var top int64
	for _, i := range c.or(which) {
		if c.nodes[i].alive() {
			top = max(top, c.gates[i].height(ctx))
		}
	}
	return top
}

// advance waits until nodes have a number of blocks more than the highest now.
func (c *cluster) advance(ctx context.Context, within time.Duration, blocks int64, which ...int) error {
	return c.reach(ctx, within, c.top(ctx, which...)+blocks, which...)
}

// agree compares what nodes say of the newest blocks that all of them have, as many as asked for.
func (c *cluster) agree(ctx context.Context, blocks int64, which ...int) error {
	which = c.or(which)
	low := int64(1 << 62)
	for _, i := range which {
		var h int64
		err := until(ctx, answerWithin, c.nodes[i].name+" does not tell its height", func() bool { h = c.gates[i].height(ctx); return h > 0 || !c.nodes[i].alive() })
		if err := errors.Join(c.nodes[i].check(), err); err != nil {
			return err
		}
		low = min(low, h)
	}
	for h := max(1, low-blocks+1); h <= low; h++ {
		if err := c.agreeAt(ctx, h, which); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) agreeAt(ctx context.Context, h int64, which []int) error {
	var first string
	for _, i := range which {
		b, err := c.gates[i].block(ctx, h)
		if err != nil {
			return fmt.Errorf("%s does not show block %d: %w", c.nodes[i].name, h, err)
		}
		one := fmt.Sprintf("%X with state %X", b.Hash(), b.AppHash)
		if first == "" {
			first = one
		}
		if one != first {
			return fmt.Errorf("FORK at height %d: %s has %s, %s has %s", h, c.nodes[which[0]].name, first, c.nodes[i].name, one)
		}
	}
	return nil
}
