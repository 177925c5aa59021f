package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// runMutate bends transactions against admission, and answers against the SDK.
func runMutate(ctx context.Context, s *stage) error {
	b, err := newBench(s.dir, s.seed)
	if err != nil {
		return err
	}
	began := time.Now()
	t := mutateTransactions(ctx, b, s.seed, s.count)
	s.report("transactions", t, time.Since(began))
	if err := b.a.Close(); err != nil {
		return err
	}
	r, err := record(ctx, s)
	if err != nil {
		return err
	}
	defer r.close()
	began = time.Now()
	t, err = mutateAnswers(ctx, r, s.seed, s.count, s.log)
	s.report("answers", t, time.Since(began))
	return err
}

// report notes what became of mutations of one kind.
func (s *stage) report(what string, t *tally, took time.Duration) {
	s.verdict.figure(what+": mutated", t.tried)
	s.verdict.figure(what+": unchanged", t.same)
	s.verdict.figure(what+": taken or panicked", len(t.faults))
	s.verdict.figure(what+": a second", int(float64(t.tried)/took.Seconds()))
	s.log.say("%s: %s", what, counted(t.how))
	s.log.say("%s refused: %s", what, counted(t.refusals))
	for _, f := range t.faults {
		s.broken("%s: %s", what, f)
	}
	if t.tried < s.count {
		s.broken("%s: only %d of %d were tried in time", what, t.tried, s.count)
	}
}

// counted lists counts, the largest first.
func counted(m map[string]int) string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return m[b] - m[a] })
	var out []string
	for _, n := range names {
		out = append(out, fmt.Sprintf("%s %d", n, m[n]))
	}
	return strings.Join(out, ", ")
}
