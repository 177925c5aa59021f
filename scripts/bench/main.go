// Command bench measures a network of real nodes on this machine: processes of their own, on disk, with every fsync.
//
//	go run ./scripts/bench --scenario transfer --validators 1 --parts 100000 --seconds 30 --data DIR --json
//
// README.md beside it says what each figure is and how it is taken.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Bounds of a run.
const (
	minParts       = 20
	maxParts       = 2_000_000
	maxSeconds     = 1_800
	maxRate        = 100_000
	maxOutstanding = 40_000
	maxRun         = 3 * time.Hour
)

// The scenarios.
const (
	scenarioTransfer = "transfer"
	scenarioIssue    = "issue"
)

// options is the command line.
type options struct {
	scenario    string
	validators  int
	parts       int
	seconds     int
	rate        int // transfers or issues a second; 0: as fast as the nodes take them
	outstanding int
	data        string
	json        bool
	keep        bool
	seed        uint64
	noopNode    string // the home of an engine to run: this process is a child of a bench
}

func main() {
	o, err := parseOptions(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // everything was stopped by start
	}
}

func start(ctx context.Context, o options) error {
	if o.noopNode != "" {
		return runNoopNode(ctx, o.noopNode, os.Stdout)
	}
	ctx, cancel := context.WithTimeout(ctx, maxRun)
	defer cancel()
	r, err := run(ctx, o, newLogger(os.Stderr))
	if err != nil {
		return err
	}
	return r.write(os.Stdout, o.json)
}

func parseOptions(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&o.scenario, "scenario", scenarioTransfer, "what is measured: transfer or issue")
	f.IntVar(&o.validators, "validators", 1, "how many validators run, 1 to 4")
	f.IntVar(&o.parts, "parts", 100_000, "how many live parts there are before the measured run")
	f.IntVar(&o.seconds, "seconds", 30, "how long the measured run sends")
	f.IntVar(&o.rate, "rate", 0, "transfers (issues) a second, sent whatever comes back; 0: as fast as the nodes take them")
	f.IntVar(&o.outstanding, "outstanding", 4_000, "without --rate: how many transfers are on the way at most")
	f.StringVar(&o.data, "data", "", "the folder in which the run makes its own; it is made if missing (default: a temporary one)")
	f.BoolVar(&o.json, "json", false, "print the figures as JSON")
	f.BoolVar(&o.keep, "keep", false, "keep the nodes' folders after a run that went well")
	f.Uint64Var(&o.seed, "seed", 1, "of the draws of parts and receivers")
	f.StringVar(&o.noopNode, "noop-node", "", "internal: run the engine alone on this home")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no option: write --parts 1000, say", f.Arg(0))
	}
	return o, o.check()
}

// check judges every option and says what is allowed.
func (o options) check() error {
	if o.scenario != scenarioTransfer && o.scenario != scenarioIssue {
		return fmt.Errorf("--scenario %q: it is %s or %s", o.scenario, scenarioTransfer, scenarioIssue)
	}
	for _, n := range []struct {
		name          string
		value, lo, hi int
	}{
		{"validators", o.validators, 1, 4},
		{"parts", o.parts, minParts, maxParts},
		{"seconds", o.seconds, 1, maxSeconds},
		{"rate", o.rate, 0, maxRate},
		{"outstanding", o.outstanding, 1, maxOutstanding},
	} {
		if n.value < n.lo || n.value > n.hi {
			return fmt.Errorf("--%s %d: it is %d to %d", n.name, n.value, n.lo, n.hi)
		}
	}
	return nil
}
