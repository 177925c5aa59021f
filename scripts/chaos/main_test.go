package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
)

// TestMain lets this program be a child of itself too, as the command is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childFlag {
		os.Exit(runChild(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func TestOptions(t *testing.T) {
	o, err := parseOptions(strings.Fields("--seed 7 --count 3 --minutes 2 --short kill power"), io.Discard)
	if err != nil || o.seed != 7 || o.count != 3 || o.minutes != 2 || !o.short || len(o.names) != 2 {
		t.Error(o, err)
	}
	for args, want := range map[string]string{
		"--count -1":                        "--count -1",
		"--count 10000001":                  "--count",
		"--minutes 601":                     "--minutes 601",
		"--minutes -1":                      "--minutes -1",
		"meteor":                            `no scenario "meteor"`,
		"kill --seed 2":                     "options stand before",
		"--what":                            "flag provided but not defined",
		"kill,power":                        "no scenario",
		strings.Repeat("kill ", maxNames+1): "at most",
	} {
		if _, err := parseOptions(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %q", args, err, want)
		}
	}
	if _, err := parseOptions([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
}

func TestSeedIsDrawnAndAllIsAll(t *testing.T) {
	o, err := parseOptions([]string{"all"}, io.Discard)
	if err != nil || o.seed == 0 || len(o.names) != len(scenarios()) {
		t.Error(o, err)
	}
}

func TestList(t *testing.T) {
	var b bytes.Buffer
	list(&b)
	for _, s := range scenarios() {
		if !strings.Contains(b.String(), s.name+" ") || !strings.Contains(b.String(), s.what) {
			t.Errorf("%s is not listed:\n%s", s.name, &b)
		}
	}
}

// What is promised in the list is bounded in count and time, and the short form is the smaller.
func TestScenariosAreBounded(t *testing.T) {
	names := map[string]bool{}
	for _, s := range scenarios() {
		if names[s.name] || s.run == nil || s.what == "" || s.unit == "" {
			t.Errorf("%s: twice, or not whole", s.name)
		}
		names[s.name] = true
		for _, b := range []bound{s.short, s.long} {
			if b.count < 1 || b.time <= 0 {
				t.Errorf("%s is not bounded: %v", s.name, b)
			}
		}
		if s.short.count > s.long.count || s.short.time > s.long.time {
			t.Errorf("%s: the short form %v is the longer one, %v", s.name, s.short, s.long)
		}
	}
}

func TestChildRefusesNonsense(t *testing.T) {
	for _, args := range []string{"--kind saint --home /nowhere", "--what"} {
		if code := runChild(strings.Fields(args)); code != 2 {
			t.Errorf("%s: %d", args, code)
		}
	}
	for _, args := range []string{"--kind forger --home /nowhere/at/all", "--kind flooder --home /nowhere/at/all"} {
		if code := runChild(strings.Fields(args)); code != 1 {
			t.Errorf("%s: %d", args, code)
		}
	}
}
