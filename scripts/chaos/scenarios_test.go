package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func quiet() *logger { return newLogger(io.Discard) }

// stageFor is a stage without a network.
func stageFor(t *testing.T, count int) *stage {
	t.Helper()
	return &stage{bound: bound{count, time.Minute}, seed: 1, rnd: childRand(1, 0), dir: t.TempDir(), log: quiet(), verdict: newVerdict("test", 1)}
}

func TestPlayOne(t *testing.T) {
	never := need{"a unicorn", func() error { return errors.New("there is none") }}
	for _, tc := range []struct {
		name    string
		needs   []need
		run     func(context.Context, *stage) error
		outcome string
		ok      bool
		says    string
	}{
		{"held", nil, func(_ context.Context, s *stage) error { s.verdict.figure("x", 3); return nil }, outcomeHeld, true, "x 3"},
		{"broken", nil, func(_ context.Context, s *stage) error { s.broken("the sky %s", "fell"); return nil }, outcomeBroken, false, "the sky fell"},
		{"failed", nil, func(context.Context, *stage) error { return errors.New("no network") }, outcomeFailed, false, "no network"},
		{"both", nil, func(_ context.Context, s *stage) error { s.broken("a promise"); return errors.New("and no network") }, outcomeBroken, false, "a promise"},
		{"skipped", []need{never}, func(context.Context, *stage) error { panic("it was played") }, outcomeSkipped, true, "lacks a unicorn (there is none)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := scenario{name: tc.name, unit: "faults", long: bound{1, time.Minute}, needs: tc.needs, run: tc.run}
			v := playOne(t.Context(), s, options{seed: 5}, t.TempDir(), "tallyd", quiet())
			var b bytes.Buffer
			if err := v.write(&b, false); err != nil {
				t.Fatal(err)
			}
			if v.Outcome != tc.outcome || v.ok() != tc.ok || !strings.Contains(b.String(), tc.says) || !strings.Contains(b.String(), "seed 5") {
				t.Errorf("%s (%v): %s", v.Outcome, v.ok(), &b)
			}
		})
	}
}

func TestStageIsWhatWasAskedFor(t *testing.T) {
	root := t.TempDir()
	var got *stage
	s := scenario{name: "one", unit: "faults", short: bound{2, time.Second}, long: bound{20, time.Minute}, run: func(_ context.Context, s *stage) error { got = s; return nil }}
	playOne(t.Context(), s, options{seed: 9, short: true}, root, "the program", quiet())
	if got.count != 2 || got.time != time.Second || got.seed != 9 || got.program != "the program" || got.dir != filepath.Join(root, "one") {
		t.Errorf("%+v", got)
	}
	playOne(t.Context(), s, options{seed: 9, count: 7, minutes: 3}, root, "", quiet())
	if got.count != 7 || got.time != 3*time.Minute {
		t.Errorf("%+v", got.bound)
	}
}

// A scenario that is cut off says so, and counts as not held.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s := scenario{name: "slow", long: bound{1, time.Minute}, run: func(ctx context.Context, _ *stage) error {
		cancel(errors.New("the lights went out"))
		return pause(ctx, time.Minute)
	}}
	v := playOne(ctx, s, options{}, t.TempDir(), "", quiet())
	if v.Outcome != outcomeFailed || !strings.Contains(v.Why, "the lights went out") {
		t.Errorf("%+v", v)
	}
}

func TestVerdictForMachines(t *testing.T) {
	v := newVerdict("kill", 3)
	v.figure("ready", samples{time.Second, 2 * time.Second})
	v.figure("kills", 1)
	v.figure("kills", 2)
	for range maxBreaches + 5 {
		v.breach("gone")
	}
	v.end(nil)
	var b bytes.Buffer
	if err := v.write(&b, true); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Scenario, Outcome string
		Seed              uint64
		Figures           []struct {
			Name  string
			Value any
		}
		Breaches []string
		Count    int `json:"breach_count"`
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Scenario != "kill" || got.Outcome != outcomeBroken || got.Seed != 3 || len(got.Figures) != 2 || len(got.Breaches) != maxBreaches || got.Count != maxBreaches+5 {
		t.Errorf("%+v", got)
	}
	if got.Figures[1].Value != 2.0 || got.Figures[0].Value.(map[string]any)["p99_ms"] != 2000.0 {
		t.Errorf("%+v", got.Figures)
	}
	b.Reset()
	if err := v.write(&b, false); err != nil || !strings.Contains(b.String(), "and 5 more") {
		t.Errorf("%v\n%s", err, &b)
	}
}

func TestNeeds(t *testing.T) {
	if why := missing(nil); why != "" {
		t.Error(why)
	}
	none := func(name string) need { return need{name, func() error { return errors.New("no") }} }
	if why := missing([]need{none("a"), {"b", func() error { return nil }}, none("c")}); !strings.Contains(why, "a (no), c (no)") || strings.Contains(why, "b") {
		t.Error(why)
	}
}

// Draws of one purpose do not move those of another, and a seed gives the same again.
func TestChildRand(t *testing.T) {
	a, b, c := childRand(1, 1), childRand(1, 1), childRand(1, 2)
	same, other := true, false
	for range 20 {
		x, y, z := a.Uint64(), b.Uint64(), c.Uint64()
		same, other = same && x == y, other || x != z
	}
	if !same || !other {
		t.Error(same, other)
	}
}
