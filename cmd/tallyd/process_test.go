package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/sdk"
)

// Bounds of what a test waits for. The machine may be busy with other tests.
const (
	endsWithin  = 15 * time.Second
	readyWithin = 40 * time.Second
)

// output is a stream of a process, read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// process is tallyd as a process of its own.
type process struct {
	cmd       *exec.Cmd
	out, errs output
	ended     chan struct{}
	code      int
}

func launch(t *testing.T, args ...string) *process { return launchProgram(t, "tallyd", args...) }

// launchProgram is launch of another build.
func launchProgram(t *testing.T, program string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		err := p.cmd.Wait()
		var e *exec.ExitError
		if errors.As(err, &e) {
			p.code = e.ExitCode()
		}
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		<-p.ended
	})
	return p
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// end waits for the end and wants a code.
func (p *process) end(t *testing.T, within time.Duration, code int) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(within):
		t.Fatalf("%v still runs after %s; it said:\n%s%s", p.cmd.Args, within, p.out.String(), p.errs.String())
	}
	if p.code != code {
		t.Fatalf("%v ended with %d, want %d; it said:\n%s%s", p.cmd.Args, p.code, code, p.out.String(), p.errs.String())
	}
}

// says waits until standard output has a text.
func (p *process) says(t *testing.T, text string) {
	t.Helper()
	waitFor(t, "it says "+text, func() bool {
		select {
		case <-p.ended:
			if !strings.Contains(p.out.String(), text) {
				t.Fatalf("it ended with %d before it said %q:\n%s%s", p.code, text, p.out.String(), p.errs.String())
			}
		default:
		}
		return strings.Contains(p.out.String(), text)
	})
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(readyWithin); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %s not: %s", readyWithin, what)
		}
	}
}

// nodesIn are the processes that run a node of a folder.
func nodesIn(t *testing.T, dir string) (pids []int) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range lines {
		b, err := os.ReadFile(file)
		if args := strings.Split(string(b), "\x00"); err == nil && len(args) > 3 && args[1] == "start" && strings.HasPrefix(args[3], dir+"/") {
			pids = append(pids, atoi(t, filepath.Base(filepath.Dir(file))))
		}
	}
	return pids
}

// nodeIn is the process of one node.
func nodeIn(t *testing.T, home string) int {
	t.Helper()
	for _, pid := range nodesIn(t, filepath.Dir(home)) {
		b, err := os.ReadFile("/proc/" + itoa(pid) + "/cmdline")
		if err == nil && strings.Contains(string(b), home+"\x00") {
			return pid
		}
	}
	t.Fatalf("no process runs %s", home)
	return 0
}

func noneLeft(t *testing.T, dir string) {
	t.Helper()
	if pids := nodesIn(t, dir); len(pids) != 0 {
		t.Errorf("processes %v are left of %s", pids, dir)
	}
}

// query asks a network as a wallet does, with header, witness and proof: the height of the answer.
func query(t *testing.T, dir, role string) sdk.Verified {
	t.Helper()
	net, err := devnet.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	s := &story{ctx: ctx, net: net, dir: t.TempDir()}
	c, err := s.dial(net.Role(role))
	if err != nil {
		t.Fatal(err)
	}
	held, err := c.Holdings(ctx)
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	return held.Verified
}
