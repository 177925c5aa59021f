package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/splittally/splittally/app/devnet"
)

// What links of the slow network are like, one way, and what is asked of the chain on them.
const (
	slowDelay  = 60 * time.Millisecond
	slowVary   = 40 * time.Millisecond
	slowBlocks = 15
	slowWithin = time.Minute
)

// playSlow runs a network whose nodes reach each other over slow links alone.
func playSlow(ctx context.Context, s *stage) error {
	dir := filepath.Join(s.dir, "slow")
	c, err := layOut(s, devnet.Options{Dir: filepath.Join(dir, "net"), Validators: validators})
	if err != nil {
		return err
	}
	for _, p := range c.nodes {
		p.log = filepath.Join(dir, p.name+".log")
	}
	proxies, err := c.slowDown(slowDelay, slowVary)
	if err == nil {
		err = c.blocksOver(ctx, s)
	}
	err = errors.Join(err, c.stop())
	for _, p := range proxies {
		p.close()
	}
	return err
}

// slowDown gives each node for each other a proxy to dial instead of the node itself.
func (c *cluster) slowDown(delay, vary time.Duration) (all []*slowLink, err error) {
	for i := range c.net.Nodes {
		c.net.Nodes[i].Peers = []string{}
		for j := range c.net.Nodes {
			if i == j {
				continue
			}
			p, err := newSlowLink(c.net.Nodes[j].P2PListen, delay, vary)
			if err != nil {
				return all, err
			}
			all = append(all, p)
			c.net.Nodes[i].Peers = append(c.net.Nodes[i].Peers, c.net.IDs[j].PeerID+"@"+p.address())
		}
		if err := c.net.Nodes[i].Save(); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (c *cluster) blocksOver(ctx context.Context, s *stage) error {
	if err := c.run(ctx); err != nil {
		return err
	}
	l, err := prepare(ctx, c, false)
	if err != nil {
		return err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	l.begin(work, s.seed, 0, 3)
	began := time.Now()
	if err := c.advance(ctx, slowWithin, slowBlocks); err != nil {
		s.broken("over links of %s ± %s: %v", slowDelay, slowVary, err)
	}
	took := time.Since(began)
	l.stop()
	s.verdict.figure("ms a block over links of 60 ± 40 ms", took.Milliseconds()/slowBlocks)
	if err := c.agree(ctx, recentBlocks); err != nil {
		s.broken("over slow links: %v", err)
	}
	return nil
}
