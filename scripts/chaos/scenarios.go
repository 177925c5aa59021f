package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// bound is how much a scenario does at most: whichever ends first.
type bound struct {
	count int
	time  time.Duration
}

// scenario is one way of breaking a network.
type scenario struct {
	name  string
	what  string // in a line, for people
	unit  string // what count counts
	short bound
	long  bound
	needs []need
	run   func(context.Context, *stage) error
}

// scenarios are all there are, in the order in which 'all' plays them.
func scenarios() []scenario {
	return []scenario{
		{
			name: "mutate", unit: "mutations of each kind", what: "bent transactions against admission, bent answers against the SDK's verification: no panic, none accepted",
			short: bound{8_000, time.Minute}, long: bound{1_000_000, 40 * time.Minute}, run: runMutate,
		},
		{
			name: "proposer", unit: "garbage proposals", what: "a validator proposes garbage of every kind: all others refuse it, the chain goes on",
			short: bound{13, time.Minute}, long: bound{120, 15 * time.Minute}, run: runProposer,
		},
		{
			name: "liar", unit: "lies", what: "a node lies to a joining node in block sync: it is refused and banned, the joining node catches up from an honest one",
			short: bound{1, 2 * time.Minute}, long: bound{14, 20 * time.Minute}, run: runLiar,
		},
		{
			name: "equivocate", unit: "pieces of evidence", what: "two processes with one validator key: no fork, evidence stands in a block",
			short: bound{1, time.Minute}, long: bound{3, 5 * time.Minute}, run: runEquivocate,
		},
		{
			name: "partition", unit: "flaps", what: "2-2 makes no block and no fork, 3-1 goes on, healed within 10 s; flapping and slow links",
			short: bound{1, 2 * time.Minute}, long: bound{10, 15 * time.Minute}, needs: []need{needRoot, needNetns}, run: runPartition,
		},
		{
			name: "flood", unit: "rounds", what: "a member floods through its own node and lane, and at the others' ports: the others keep 80 % of their rate",
			short: bound{1, 2 * time.Minute}, long: bound{3, 15 * time.Minute}, run: runFlood,
		},
		{
			name: "power", unit: "cuts", what: "power cuts of a validator's filesystem: what it acknowledged is there, it catches up and never signs twice",
			short: bound{2, 2 * time.Minute}, long: bound{60, 30 * time.Minute}, needs: []need{needRoot, needLoop}, run: runPower,
		},
		{
			name: "disk", unit: "fillings", what: "a validator's disk fills up: it ends with 70 and says why, starts again, the others go on",
			short: bound{1, 2 * time.Minute}, long: bound{10, 15 * time.Minute}, needs: []need{needRoot, needLoop}, run: runDisk,
		},
		{
			name: "kill", unit: "kills", what: "kill -9 across four validators under load: ready again, nothing acknowledged is lost, no fork",
			short: bound{6, 2 * time.Minute}, long: bound{500, 60 * time.Minute}, run: runKill,
		},
	}
}

func scenarioOf(name string) (scenario, bool) {
	for _, s := range scenarios() {
		if s.name == name {
			return s, true
		}
	}
	return scenario{}, false
}

func list(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, s := range scenarios() {
		fmt.Fprintf(t, "%s\t%d %s, %s; short %d, %s\t%s\n", s.name, s.long.count, s.unit, s.long.time, s.short.count, s.short.time, s.what)
	}
	_ = t.Flush()
	fmt.Fprintln(w, "\ngo run ./scripts/chaos [--seed N] [--data DIR] [--short] [--count N] [--minutes N] [--json] SCENARIO… | all")
}

// bounds are those of this run: the options' where they say.
func (s scenario) bounds(o options) bound {
	b := s.long
	if o.short {
		b = s.short
	}
	if o.count > 0 {
		b.count = o.count
	}
	if o.minutes > 0 {
		b.time = time.Duration(o.minutes) * time.Minute
	}
	return b
}

// stage is what a scenario plays on.
type stage struct {
	bound
	seed    uint64
	rnd     *rand.Rand // for the scenario's own goroutine
	dir     string
	program string // tallyd
	log     *logger
	verdict *verdict
}

// broken notes a promise that the product does not keep.
func (s *stage) broken(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.log.say("BROKEN: %s", text)
	s.verdict.breach(text)
}

// rate is a child of the seed for one purpose: draws of one do not move those of another.
func childRand(seed uint64, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, purpose)) //nolint:gosec // draws, no secrets
}

// play runs the scenarios one after the other and tells whether every one held.
func play(ctx context.Context, o options, out io.Writer, log *logger) (held bool, err error) {
	root, err := makeFolder(o.data)
	if err != nil {
		return false, err
	}
	program := o.tallyd
	if program == "" {
		program = filepath.Join(root, "tallyd")
		if err := buildTallyd(ctx, program); err != nil {
			return false, err
		}
	}
	held = true
	for _, name := range o.names {
		s, _ := scenarioOf(name)
		v := playOne(ctx, s, o, root, program, log)
		held = held && v.ok()
		if err := v.write(out, o.json); err != nil {
			return false, err
		}
		if ctx.Err() != nil {
			return false, errors.Join(errors.New("interrupted"), context.Cause(ctx))
		}
	}
	if held && !o.keep {
		return true, os.RemoveAll(root)
	}
	log.say("what the runs left is in %s", root)
	return held, nil
}

func playOne(ctx context.Context, s scenario, o options, root, program string, log *logger) *verdict {
	v := newVerdict(s.name, o.seed)
	if why := missing(s.needs); why != "" {
		v.skip(why)
		return v
	}
	b := s.bounds(o)
	st := &stage{
		bound: b, seed: o.seed, rnd: childRand(o.seed, 0), dir: filepath.Join(root, s.name), program: program, log: log.named(s.name), verdict: v,
	}
	st.log.say("seed %d, %d %s, at most %s", o.seed, b.count, s.unit, b.time)
	ctx, cancel := context.WithTimeoutCause(ctx, b.time+grace, errors.New("the scenario did not end within its time"))
	defer cancel()
	err := os.MkdirAll(st.dir, 0o700)
	if err == nil {
		err = s.run(ctx, st)
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = fmt.Errorf("%w (%w)", err, cause)
	}
	v.end(err)
	return v
}

// grace is what a scenario has beyond its time for its checks at the end.
const grace = time.Hour
