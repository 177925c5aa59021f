package errs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
)

var (
	set   = errs.NewSet("test", 90_000)
	first = set.New("First", "one rule", "Do this.")
	other = set.New("Other", "another rule", "Do that.")
)

func TestErrorSpeaks(t *testing.T) {
	err := fmt.Errorf("outer: %w", first.At("amount_minor", "%d of %d", 3, 2))
	for _, want := range []string{"First", "(amount_minor)", "one rule", "3 of 2", "Do this."} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	if !errors.Is(err, first) || errors.Is(err, other) {
		t.Error("errors.Is")
	}
	if errs.CodeOf(err) != first || errs.CodeOf(first) != first || errs.CodeOf(errors.New("x")) != nil {
		t.Error("CodeOf")
	}
	if first.Error() != "First: one rule. Do this." || first.With("7 left").Error() != "First: one rule: 7 left. Do this." {
		t.Error(first, first.With("7 left"))
	}
}

func TestNumbers(t *testing.T) {
	if first.Number != 90_001 || other.Number != 90_002 || errs.ByNumber(90_001) != first || errs.ByNumber(90_003) != nil {
		t.Error("numbers")
	}
	last := uint32(0)
	for _, c := range errs.All() {
		if c.Number <= last {
			t.Error("All is not in order")
		}
		last = c.Number
	}
}

func TestReusePanics(t *testing.T) {
	for name, f := range map[string]func(){
		"number twice": func() { errs.NewSet("again", 90_000).New("X", "x", "x") },
		"base":         func() { errs.NewSet("odd", 1) },
		"block is full": func() {
			s := errs.NewSet("full", 95_000)
			for i := range 101 {
				s.New(fmt.Sprint(i), "", "")
			}
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
