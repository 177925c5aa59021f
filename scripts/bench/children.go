package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// proc is where the kernel shows its processes.
const proc = "/proc"

// stopWithin is how long a process may take to end before it is killed.
const stopWithin = 10 * time.Second

// children are the processes of one network. Each ends when stop is called, and on Linux when this process dies.
type children struct {
	fail     context.CancelCauseFunc
	commands []*exec.Cmd
	ending   chan struct{}
	once     sync.Once
	done     sync.WaitGroup
}

func newChildren(fail context.CancelCauseFunc) *children {
	return &children{fail: fail, ending: make(chan struct{})}
}

// start runs a program whose errors go to a log; one that ends by itself fails the run.
func (c *children) start(log string, out io.Writer, program string, args ...string) error {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(program, args...) //nolint:gosec // our own program
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = out, file, childAttributes()
	if out == nil {
		cmd.Stdout = file
	}
	if err := cmd.Start(); err != nil {
		file.Close()
		return err
	}
	c.commands = append(c.commands, cmd)
	c.done.Go(func() {
		_ = cmd.Wait() // its state tells how it ended
		file.Close()
		select {
		case <-c.ending:
		default:
			c.fail(fmt.Errorf("%s ended by itself (%s): its log is %s", program, cmd.ProcessState, log))
		}
	})
	return nil
}

// stop ends every process, kills what does not end in time, and returns when none is left.
func (c *children) stop() {
	c.once.Do(func() { close(c.ending) })
	for _, cmd := range c.commands {
		_ = cmd.Process.Signal(syscall.SIGTERM) // one that has ended needs none
	}
	kill := time.AfterFunc(stopWithin, func() {
		for _, cmd := range c.commands {
			_ = cmd.Process.Kill()
		}
	})
	defer kill.Stop()
	c.done.Wait()
}

// usage adds up what all processes have used; rss is that of the largest.
func (c *children) usage() (usage, error) {
	var sum usage
	for _, cmd := range c.commands {
		u, err := usageOf(proc, cmd.Process.Pid)
		if err != nil {
			return sum, err
		}
		sum = usage{cpu: sum.cpu + u.cpu, written: sum.written + u.written, rss: max(sum.rss, u.rss)}
	}
	return sum, nil
}

// Bounds of waiting until the disk work of the preparation is done.
const (
	settleStep  = 500 * time.Millisecond
	settleSteps = 60
	settleShare = 0.15 // of a core and process, an idle node's own
)

// settle waits until the processes are idle, or long enough.
func (c *children) settle(ctx context.Context) error {
	before, err := c.usage()
	for range settleSteps {
		if err != nil {
			return err
		}
		if err := pause(ctx, settleStep); err != nil {
			return err
		}
		var now usage
		now, err = c.usage()
		if now.since(before).cpu.Seconds() < settleShare*settleStep.Seconds()*float64(len(c.commands)) {
			return err
		}
		before = now
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
