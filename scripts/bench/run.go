package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/splittally/splittally/app/devnet"
)

// run is the whole of a bench: the machine's figures, the engine alone, the network, and the scenario on it.
func run(ctx context.Context, o options, log *logger) (*report, error) {
	dir, err := makeFolder(o.data)
	if err != nil {
		return nil, err
	}
	r := newReport(o)
	if err = r.machine(ctx, dir, log); err == nil {
		err = r.network(ctx, dir, o, log)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (what the run left is in %s)", err, dir)
	}
	if o.keep {
		log.say("the nodes' folders are in %s", dir)
		return r, nil
	}
	return r, os.RemoveAll(dir)
}

// makeFolder makes a new folder for this run, in the data folder, which is made if it is missing.
func makeFolder(data string) (string, error) {
	if data == "" {
		return os.MkdirTemp("", "splittally-bench-")
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(data, "run-")
	if err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}

// machine measures what the figures are to be read against, and builds the node.
func (r *report) machine(ctx context.Context, dir string, log *logger) error {
	src, err := root(ctx)
	if err != nil {
		return err
	}
	if r.Commit, err = commit(ctx, src); err != nil {
		return err
	}
	if r.Load, err = load(proc); err != nil {
		return err
	}
	if err := build(ctx, src, program(dir)); err != nil {
		return err
	}
	log.say("tallyd of %s built, load %.2f", r.Commit, r.Load)
	cost, err := verifyCost()
	if err != nil {
		return err
	}
	r.VerifyUS = rounded(float64(cost)/float64(time.Microsecond), 1)
	f, err := measureEngine(ctx, filepath.Join(dir, "engine"), r.Validators)
	if err != nil {
		return fmt.Errorf("the engine alone: %w", err)
	}
	r.NoopPerS, r.NoopCPUUS = rounded(f.perSecond, 0), rounded(f.cpuUS, 1)
	log.say("one secp256k1 check %.1f µs; engine alone %.0f a second, %.1f µs each", r.VerifyUS, r.NoopPerS, r.NoopCPUUS)
	return nil
}

func program(dir string) string { return filepath.Join(dir, "tallyd") }

// network starts the nodes, prepares the state, measures, and stops them whatever happened.
func (r *report) network(ctx context.Context, dir string, o options, log *logger) error {
	net, err := layOut(filepath.Join(dir, "net"), o.validators)
	if err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	nodes := newChildren(fail)
	defer nodes.stop()
	for _, c := range net.Nodes {
		if err := nodes.start(filepath.Join(c.Home, "tallyd.log"), nil, program(dir), "start", "--home", c.Home); err != nil {
			return err
		}
	}
	err = r.scenario(ctx, fail, nodes, net, o, log)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (r *report) scenario(ctx context.Context, fail context.CancelCauseFunc, nodes *children, net *devnet.Net, o options, log *logger) error {
	w, err := enter(ctx, net, o)
	if err != nil {
		return err
	}
	defer w.close()
	following, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	defer func() { stop(); <-ended }()
	go func() {
		defer close(ended)
		if err := w.follow.run(following); err != nil {
			fail(err)
		}
	}()
	if err := w.prepare(ctx, o.parts, log); err != nil {
		return err
	}
	if err := nodes.settle(ctx); err != nil {
		return err
	}
	if o.scenario == scenarioIssue {
		return r.runIssues(ctx, nodes, w, o, log)
	}
	return r.runTransfers(ctx, nodes, w, o, log)
}

func (r *report) runTransfers(ctx context.Context, nodes *children, w *world, o options, log *logger) error {
	most := min(o.outstanding, max(o.parts/2, 1))
	whole, err := w.measure(ctx, nodes, paceFor(o, 1, most), func(p *phase) supply {
		return w.transfers(p, 0, log.every(0, "transfers final"))
	})
	if err != nil {
		return err
	}
	log.say("%d transfers in %.1f s", whole.count, whole.ended.Sub(whole.began).Seconds())
	o.rate, o.seconds = 0, min(max(o.seconds/splitShare, 1), splitSeconds)
	split, err := w.measure(ctx, nodes, paceFor(o, 1, most), func(p *phase) supply {
		return w.transfers(p, splitMinor, log.every(0, "partial transfers final"))
	})
	if err != nil {
		return err
	}
	log.say("%d partial transfers in %.1f s", split.count, split.ended.Sub(split.began).Seconds())
	r.transfers(whole, split)
	if err := w.provable(ctx); err != nil {
		return err
	}
	return w.checkCounts(ctx)
}

func (r *report) runIssues(ctx context.Context, nodes *children, w *world, o options, log *logger) error {
	p, err := w.measure(ctx, nodes, paceFor(o, chunkItems, max(o.outstanding/chunkItems, 1)), func(p *phase) supply {
		return w.issues(p, o.seed, log.every(0, "issues final"))
	})
	if err != nil {
		return err
	}
	log.say("%d issues in %.1f s", p.count, p.ended.Sub(p.began).Seconds())
	r.issues(p)
	return nil
}
