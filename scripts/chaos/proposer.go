package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
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

// judgeForger judges that the other validators refused every kind of garbage, that none was decided, and within how many
// rounds the chain went on. A proposal that came too late for its round, as large ones do on a busy machine, is not judged.
func judgeForger(ctx context.Context, s *stage, c *cluster, honest []int) error {
	made, decided := readProposals(c.nodes[forgerNode].said(0))
	good := map[string]bool{}
	for _, k := range garbage {
		good[k.name] = k.good
	}
	var refusedAt []map[int64]bool
	for _, i := range honest {
		refusedAt = append(refusedAt, refusals(c.nodes[i].said(0)))
	}
	t := weigh(made, decided, good, refusedAt)
	for _, text := range t.faults {
		s.broken("%s", text)
	}
	var most int32
	for _, p := range made {
		if b, err := c.gates[0].block(ctx, p.height); err == nil {
			if most = max(most, b.Commit.Round); b.Commit.Round > roundsMost {
				s.broken("after %s at height %d the chain needed %d rounds more", p.kind, p.height, b.Commit.Round)
			}
		}
	}
	s.verdict.figure("proposals made", len(made))
	s.verdict.figure("kinds", fmt.Sprintf("%d of %d", len(t.kinds), len(garbage)))
	s.verdict.figure("refused, by validators", t.refused)
	s.verdict.figure("too late for their round", t.late)
	s.verdict.figure("controls decided", t.controls)
	s.verdict.figure("most rounds more", most)
	if t.controls == 0 {
		return errors.New("no control proposal was decided: that garbage was refused shows nothing")
	}
	return nil
}

// weighed is what became of a forger's proposals.
type weighed struct {
	kinds    map[string]int // made
	controls int
	refused  int // by one validator each
	late     int
	faults   []string
}

// weigh holds what was made against what was decided and what each honest validator refused, by height.
func weigh(made []proposal, decided map[int64]bool, good map[string]bool, refusedAt []map[int64]bool) weighed {
	w := weighed{kinds: map[string]int{}}
	refused := map[string]bool{} // each kind by everybody, once at least
	for _, p := range made {
		w.kinds[p.kind]++
		switch {
		case good[p.kind] && decided[p.height]:
			w.controls++
		case good[p.kind]:
		case decided[p.height]:
			w.faults = append(w.faults, fmt.Sprintf("a block with %s was decided at height %d", p.kind, p.height))
		default:
			n := 0
			for _, at := range refusedAt {
				if at[p.height] {
					n++
				}
			}
			w.refused, w.late = w.refused+n, w.late+len(refusedAt)-n
			refused[p.kind] = refused[p.kind] || n == len(refusedAt)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(w.kinds)) {
		if !good[kind] && !refused[kind] {
			w.faults = append(w.faults, fmt.Sprintf("%s was never refused by all validators in %d proposals", kind, w.kinds[kind]))
		}
	}
	return w
}
