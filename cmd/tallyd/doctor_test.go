package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/splittally/splittally/app/doctor"
)

// examined runs doctor as a process behind a shell's preparation, and returns its report and exit code.
func examined(t *testing.T, prepare, home string) (worst doctor.Level, found []doctor.Finding, code int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", prepare+"exec tallyd doctor --min-free-gib 1 --output json --home "+home)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var ended *exec.ExitError
	if err := cmd.Run(); errors.As(err, &ended) {
		code = ended.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Worst    doctor.Level     `json:"worst"`
		Findings []doctor.Finding `json:"findings"`
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), errs.String())
	}
	return r.Worst, r.Findings, code
}

// A node that is well, stopped and running; one that may open too few files; one whose port is taken.
func TestDoctor(t *testing.T) {
	c := oneNode(t)
	well := func(when string) {
		t.Helper()
		worst, found, code := examined(t, "", c.Home)
		if code != 0 || worst == doctor.Fault || len(found) < len(doctor.Names()) {
			t.Errorf("%s: exit code %d, %+v", when, code, found)
		}
	}
	well("a home that has not run")
	p := launch(t, "start", "--home", c.Home)
	waitFor(t, "the node runs", func() bool { return strings.Contains(p.errs.String(), "the node runs") })
	waitFor(t, "it is well", func() bool { _, _, code := examined(t, "", c.Home); return code == 0 })
	well("a running node")
	if _, found, _ := examined(t, "ulimit -n 300; ", c.Home); says(found, "files", doctor.Fault) {
		t.Errorf("the shell's limit was taken for the running node's: %+v", found)
	}
	p.signal(t, syscall.SIGTERM)
	p.end(t, endsWithin, 0)
	well("a stopped node")
	if worst, found, code := examined(t, "ulimit -n 300; ", c.Home); code != exitFailed || worst != doctor.Fault || !says(found, "files", doctor.Fault) {
		t.Errorf("too few files: exit code %d, %+v", code, found)
	}
	if err := edit(c.ConfigFile(), "log_level = 'info'", "log_level = 'loud'"); err != nil {
		t.Fatal(err)
	}
	if worst, found, code := examined(t, "", c.Home); code != exitFailed || worst != doctor.Fault || len(found) != 1 || !says(found, "configuration", doctor.Fault) {
		t.Errorf("a wrong field: exit code %d, %+v", code, found)
	}
	out, _, err := inProcess(t, "doctor", "--home", c.Home)
	if err == nil || !strings.Contains(out, "FAULT") || !strings.Contains(out, "log_level") || !strings.Contains(out, "Correct the field") {
		t.Errorf("the table: %v\n%s", err, out)
	}
	fails(t, "neither table nor json", "doctor", "--home", c.Home, "--output", "xml")
}

func says(found []doctor.Finding, check string, level doctor.Level) bool {
	for _, f := range found {
		if f.Check == check && f.Level == level {
			return true
		}
	}
	return false
}
