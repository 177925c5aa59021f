// Command chaos breaks a network of real nodes on purpose and judges whether it keeps its promises: nothing that was
// acknowledged is lost, nothing forks, the others go on.
//
//	go run ./scripts/chaos                                    # the scenarios
//	go run ./scripts/chaos --seed 7 --data DIR kill power     # these two
//	go run ./scripts/chaos --short all                        # what CI runs
//
// README.md beside it says what each scenario does and what its figures are.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Bounds of the command line.
const (
	maxCount   = 10_000_000
	maxMinutes = 600
	maxNames   = 50
)

// options is the command line.
type options struct {
	seed    uint64
	data    string
	tallyd  string
	count   int // 0: the scenario's own
	minutes int // 0: the scenario's own
	json    bool
	short   bool
	keep    bool
	names   []string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == childFlag {
		os.Exit(runChild(os.Args[2:]))
	}
	o, err := parseOptions(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(2)
	}
	if len(o.names) == 0 {
		list(os.Stdout)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	held, err := play(ctx, o, os.Stdout, newLogger(os.Stderr))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
	}
	if err != nil || !held {
		os.Exit(1)
	}
}

func parseOptions(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.SetOutput(usage)
	f.Uint64Var(&o.seed, "seed", 0, "of every draw; 0: from the clock, and printed")
	f.StringVar(&o.data, "data", "", "the folder in which each scenario makes its own (default: a temporary one)")
	f.StringVar(&o.tallyd, "tallyd", "", "a tallyd that is built already (default: it is built from this tree)")
	f.IntVar(&o.count, "count", 0, "how many faults (kills, cuts, mutations, …) instead of the scenario's own number")
	f.IntVar(&o.minutes, "minutes", 0, "how long a scenario may take instead of its own bound")
	f.BoolVar(&o.json, "json", false, "print verdicts as JSON, one object a line")
	f.BoolVar(&o.short, "short", false, "the short form of each scenario")
	f.BoolVar(&o.keep, "keep", false, "keep the folders of scenarios that went well")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.names = f.Args()
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano()) % 1_000_000_000
	}
	return o, o.check()
}

func (o *options) check() error {
	switch {
	case o.count < 0 || o.count > maxCount:
		return fmt.Errorf("--count %d: it is 1 to %d, or 0 for the scenario's own", o.count, maxCount)
	case o.minutes < 0 || o.minutes > maxMinutes:
		return fmt.Errorf("--minutes %d: it is 1 to %d, or 0 for the scenario's own", o.minutes, maxMinutes)
	case len(o.names) > maxNames:
		return fmt.Errorf("%d scenarios: at most %d", len(o.names), maxNames)
	}
	if slices.Contains(o.names, "all") {
		o.names = nil
		for _, s := range scenarios() {
			o.names = append(o.names, s.name)
		}
	}
	for _, name := range o.names {
		if strings.HasPrefix(name, "-") {
			return fmt.Errorf("%q: options stand before the scenarios", name)
		}
		if _, ok := scenarioOf(name); !ok {
			return fmt.Errorf("there is no scenario %q: without arguments they are listed", name)
		}
	}
	return nil
}
