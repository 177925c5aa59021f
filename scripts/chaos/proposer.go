package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/splittally/splittally/app/devnet"
)

// Bounds of the proposer scenario.
const (
	forgerNode = 3
	roundsMost = 2 // a garbage proposal costs the chain so many rounds at most
	stallMost  = 30 * time.Second
)

// proposal is one that the forger made, as it wrote down.
type proposal struct {
	height int64
	kind   string
}

// readProposals reads the forger's output: what it made, and the heights at which that was decided.
func readProposals(out string) (made []proposal, decided map[int64]bool) {
	decided = map[int64]bool{}
	for line := range strings.Lines(out) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		number, kind, _ := strings.Cut(rest, " ")
		h, err := strconv.ParseInt(number, 10, 64)
		switch {
		case err != nil:
		case verb == "made":
			made = append(made, proposal{h, kind})
		case verb == "decided":
			decided[h] = true
		}
	}
	return made, decided
}

var refusalLine = regexp.MustCompile(`msg="refused a proposal" height=(\d+)`)

// refusals are the heights at which a node refused a proposal, by its log.
func refusals(log string) map[int64]bool {
	out := map[int64]bool{}
	for _, m := range refusalLine.FindAllStringSubmatch(log, -1) {
		if h, err := strconv.ParseInt(m[1], 10, 64); err == nil {
			out[h] = true
		}
	}
	return out
}

func runProposer(ctx context.Context, s *stage) error {
	c, err := layOut(s, devnet.Options{Validators: validators})
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	evil := c.nodes[forgerNode]
	evil.argv = []string{self, childFlag, "--home", c.net.Nodes[forgerNode].Home, "--seed", fmt.Sprint(s.seed), "--count", fmt.Sprint(s.count)}
	err = playProposer(ctx, s, c)
	return errors.Join(err, c.stop())
}

func playProposer(ctx context.Context, s *stage, c *cluster) error {
	honest := []int{0, 1, 2}
	if err := c.start(); err != nil {
		return err
	}
	if err := errors.Join(c.ready(ctx, honest...), c.reach(ctx, readyWithin, 2, honest...)); err != nil {
		return err
	}
	l, err := prepare(ctx, c, false)
	if err != nil {
		return err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	l.begin(work, s.seed, 0, 2)
	worst, err := watchForger(ctx, s, c)
	if err != nil {
		cancel()
	}
	l.stop()
	s.verdict.figure("longest pause between blocks, s", float64(worst.Milliseconds())/1000)
	s.verdict.figure("load", l.ledger.String())
	if err != nil {
		return err
	}
	if err := c.agree(ctx, 1<<20, honest...); err != nil {
		s.broken("%v", err)
	}
	return judgeForger(ctx, s, c, honest)
}

// watchForger waits until all garbage is made, and measures the longest pause of the chain.
func watchForger(ctx context.Context, s *stage, c *cluster) (worst time.Duration, err error) {
	last, at := c.gates[0].height(ctx), time.Now()
	for end := time.Now().Add(s.time); time.Now().Before(end); {
		if err := pause(ctx, 5*pollStep); err != nil {
			return worst, err
		}
		h := c.gates[0].height(ctx)
		worst = max(worst, time.Since(at))
		if h > last {
			last, at = h, time.Now()
		}
		if time.Since(at) > stallMost {
			s.broken("the chain stands at height %d for %s", last, stallMost)
			return worst, errors.New("the chain stands")
		}
		made, _ := readProposals(c.nodes[forgerNode].said(0))
		if len(made) >= s.count && last > made[len(made)-1].height+1 {
			return worst, nil
		}
	}
	return worst, nil
}

// judgeForger judges that every other validator refused every garbage proposal, that none was decided, and within how many
// rounds the chain went on.
func judgeForger(ctx context.Context, s *stage, c *cluster, honest []int) error {
	made, decided := readProposals(c.nodes[forgerNode].said(0))
	good := map[string]bool{}
	for _, k := range garbage {
		good[k.name] = k.good
	}
	kinds, controls, rounds := map[string]bool{}, 0, samples{}
	for _, p := range made {
		kinds[p.kind] = true
		switch {
		case good[p.kind] && decided[p.height]:
			controls++
		case !good[p.kind] && decided[p.height]:
			s.broken("a block with %s was decided at height %d", p.kind, p.height)
		case !good[p.kind]:
			refusedBy(s, c, honest, p)
		}
		if b, err := c.gates[0].block(ctx, p.height); err == nil {
			rounds = append(rounds, time.Duration(b.Commit.Round)*time.Millisecond)
			if b.Commit.Round > roundsMost {
				s.broken("after %s at height %d the chain needed %d rounds more", p.kind, p.height, b.Commit.Round)
			}
		}
	}
	s.verdict.figure("proposals made", len(made))
	s.verdict.figure("kinds", fmt.Sprintf("%d of %d", len(kinds), len(garbage)))
	s.verdict.figure("controls decided", controls)
	s.verdict.figure("most rounds more", rounds.quantile(1).Milliseconds())
	if controls == 0 {
		return errors.New("no control proposal was decided: that garbage was refused shows nothing")
	}
	return nil
}

func refusedBy(s *stage, c *cluster, honest []int, p proposal) {
	for _, i := range honest {
		if !refusals(c.nodes[i].said(0))[p.height] {
			s.broken("%s did not refuse a proposal with %s at height %d", c.nodes[i].name, p.kind, p.height)
		}
	}
}
