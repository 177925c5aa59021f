package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test's binary act as tallyd: as the command of that name, and where this process starts nodes of
// its own, which it does with the binary that it is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "start" {
		main()
		return
	}
	testscript.Main(m, map[string]func(){"tallyd": main})
}

// Scripts use, beside testscript's commands:
//
//	exits CODE COMMAND...   runs a command that must end with this code and an empty standard output
//	private FILE...         wants files that only their owner may read
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", filepath.Join(e.WorkDir, "owner"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "private": private},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var ended *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); !errors.As(err, &ended) || ended.ExitCode() != want {
		ts.Fatalf("%s: %v, want exit code %d", strings.Join(args[1:], " "), err, want)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("with exit code %d there is output: %s", want, out)
	}
	if told := ts.ReadFile("stderr"); !strings.HasPrefix(told, "tallyd: ") || strings.Count(told, "\n") != 1 {
		ts.Fatalf("%s: a fault is told in one line that names the program, not %q", strings.Join(args[1:], " "), told)
	}
}

func private(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if info.Mode().Perm()&0o077 != 0 {
			ts.Fatalf("%s has mode %v: others may read it", name, info.Mode())
		}
	}
}

// inProcess runs a command line in this process.
func inProcess(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	c := root()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&errs)
	err = c.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

// Every command and flag says what it is for, and the root names every exit code that the program has.
func TestHelpIsWhole(t *testing.T) {
	r := root()
	names := map[string]bool{}
	for _, c := range r.Commands() {
		names[c.Name()] = true
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: its line in the help is %q", c.Name(), c.Short)
		}
		for _, line := range strings.Split(strings.TrimSpace(c.Flags().FlagUsages()), "\n") {
			if flag := strings.TrimSpace(line); strings.HasPrefix(flag, "--") && len(strings.Fields(flag)) < 4 {
				t.Errorf("%s: a flag says nothing: %s", c.Name(), line)
			}
		}
		if out, _, err := inProcess(t, c.Name(), "--help"); err != nil || !strings.Contains(out, "tallyd "+c.Name()) {
			t.Errorf("%s --help: %v, %s", c.Name(), err, out)
		}
	}
	for _, want := range []string{"demo", "devnet", "export", "init", "start", "verify", "version"} {
		if !names[want] {
			t.Errorf("there is no command %s", want)
		}
	}
	for _, code := range []int{0, exitFailed, exitUsage, exitEngine} {
		if !strings.Contains(r.Long, strconv.Itoa(code)+" ") {
			t.Errorf("the help does not name exit code %d", code)
		}
	}
}

func TestDefaultHome(t *testing.T) {
	t.Setenv("HOME", "/somewhere")
	if got := defaultHome(); got != "/somewhere/.tallyd" {
		t.Error(got)
	}
	t.Setenv("HOME", "")
	if got := defaultHome(); got != ".tallyd" {
		t.Error("without a home of the owner:", got)
	}
}
