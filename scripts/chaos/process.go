package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Bounds of processes.
const (
	stopWithin = 15 * time.Second // before a process that was asked to end is killed
	tailBytes  = 600              // of a log, in a message
)

// process is a program that is started, killed and started again; its output goes to one log.
type process struct {
	name string
	argv []string
	log  string

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
	begun time.Time
}

func newProcess(name, log string, argv ...string) *process {
	return &process{name: name, log: log, argv: argv}
}

// start runs the program; it must not run.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs() {
		return fmt.Errorf("%s runs already", p.name)
	}
	file, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(p.argv[0], p.argv[1:]...) //nolint:gosec // our own programs
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = file, file, childAttributes()
	p.begun = time.Now()
	if err := cmd.Start(); err != nil {
		file.Close()
		return err
	}
	p.cmd, p.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait() // its state tells how it ended
		file.Close()
		close(ended)
	}(p.ended)
	return nil
}

// runs needs the lock.
func (p *process) runs() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *process) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.runs()
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// since is when the process was last started.
func (p *process) since() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun
}

// signal sends a signal to a process that runs; one that has ended needs none.
func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs() {
		_ = p.cmd.Process.Signal(s)
	}
}

// kill is kill -9; it returns when the process is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	p.await(context.Background())
}

// stop ends a process well, and kills one that does not end in time: that is an error.
func (p *process) stop() error {
	if !p.alive() {
		return nil
	}
	p.signal(syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if p.await(ctx) {
		return nil
	}
	p.kill()
	return fmt.Errorf("%s did not end within %s of SIGTERM", p.name, stopWithin)
}

// await tells whether the process ended before the context.
func (p *process) await(ctx context.Context) bool {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	if ended == nil {
		return true
	}
	select {
	case <-ended:
		return true
	case <-ctx.Done():
		return false
	}
}

// code is how an ended process ended: its exit code, or -1 for a signal.
func (p *process) code() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil || p.cmd.ProcessState == nil {
		return 0
	}
	return p.cmd.ProcessState.ExitCode()
}

// mark is the length of the log now; said reads from there.
func (p *process) mark() int64 {
	if s, err := os.Stat(p.log); err == nil {
		return s.Size()
	}
	return 0
}

// maxSaid bounds what is read of a log.
const maxSaid = 64 << 20

// said is what the process has logged since a mark.
func (p *process) said(mark int64) string {
	f, err := os.Open(p.log)
	if err != nil {
		return ""
	}
	defer f.Close()
	size := p.mark() - mark
	if size <= 0 {
		return ""
	}
	b := make([]byte, min(size, maxSaid))
	n, _ := f.ReadAt(b, mark)
	return string(b[:n])
}

// tail is the end of the log, for messages.
func (p *process) tail() string {
	b := []byte(p.said(max(0, p.mark()-tailBytes)))
	if i := bytes.IndexByte(b, '\n'); i >= 0 && len(b) >= tailBytes {
		b = b[i+1:]
	}
	return string(bytes.TrimSpace(b))
}

// errEnded says that a process ended that should run.
var errEnded = errors.New("a node ended by itself")

func (p *process) check() error {
	if p.alive() {
		return nil
	}
	return fmt.Errorf("%w: %s, exit code %d: %s", errEnded, p.name, p.code(), p.tail())
}
