package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(t *testing.T, script string) *process {
	t.Helper()
	p := newProcess("a shell", filepath.Join(t.TempDir(), "log"), "sh", "-c", script)
	t.Cleanup(p.kill)
	return p
}

func TestProcessIsKilledAndStartedAgain(t *testing.T) {
	p := shell(t, "echo here; sleep 60")
	if p.alive() || p.pid() != 0 || !p.await(t.Context()) {
		t.Error("it runs before it was started")
	}
	for i := range 3 {
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
		if err := p.start(); err == nil {
			t.Error("it was started twice")
		}
		if !p.alive() || p.check() != nil || p.pid() == 0 || time.Since(p.since()) > time.Minute {
			t.Error("it does not run")
		}
		if err := until(t.Context(), time.Minute, "no word", func() bool { return strings.Count(p.said(0), "here") == i+1 }); err != nil {
			t.Fatal(err)
		}
		p.kill()
		if p.alive() || p.code() != -1 {
			t.Errorf("killed: alive %v, code %d", p.alive(), p.code())
		}
	}
}

func TestProcessEndsByItself(t *testing.T) {
	p := shell(t, "echo before >&2; echo the last words >&2; exit 70")
	mark := p.mark()
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if !p.await(t.Context()) || p.code() != 70 {
		t.Errorf("code %d", p.code())
	}
	if err := p.check(); !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "code 70") || !strings.Contains(err.Error(), "the last words") {
		t.Error(err)
	}
	if said := p.said(mark); said != "before\nthe last words\n" {
		t.Errorf("%q", said)
	}
	if said := p.said(p.mark()); said != "" {
		t.Errorf("%q", said)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

func TestProcessStopsWell(t *testing.T) {
	p := shell(t, `trap 'echo well; exit 0' TERM; echo up; while :; do sleep 0.05; done`)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if err := until(t.Context(), time.Minute, "not up", func() bool { return strings.Contains(p.said(0), "up") }); err != nil {
		t.Fatal(err)
	}
	if err := p.stop(); err != nil || p.code() != 0 || !strings.Contains(p.tail(), "well") {
		t.Errorf("%v, code %d, %q", err, p.code(), p.tail())
	}
	p.signal(syscall.SIGTERM) // it has ended: nothing happens
}

func TestProcessThatCannotStart(t *testing.T) {
	p := newProcess("nothing", filepath.Join(t.TempDir(), "log"), "/no/such/program")
	if err := p.start(); err == nil || p.alive() {
		t.Error("it runs")
	}
	p = newProcess("no log", filepath.Join(t.TempDir(), "no", "log"), "true")
	if err := p.start(); err == nil {
		t.Error("it has a log without a folder")
	}
	if p.said(0) != "" || p.mark() != 0 {
		t.Error("a log that is not there has words")
	}
}

// The tail of a long log begins with a whole line.
func TestTail(t *testing.T) {
	p := shell(t, "for i in $(seq 1 500); do echo line $i of them; done")
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	p.await(t.Context())
	if tail := p.tail(); !strings.HasPrefix(tail, "line ") || !strings.HasSuffix(tail, "line 500 of them") || len(tail) > tailBytes {
		t.Errorf("%q", tail)
	}
}

func TestUntil(t *testing.T) {
	n := 0
	if err := until(t.Context(), time.Minute, "never", func() bool { n++; return n == 3 }); err != nil || n != 3 {
		t.Error(err, n)
	}
	if err := until(t.Context(), 30*time.Millisecond, "the moon", func() bool { return false }); err == nil || !strings.Contains(err.Error(), "the moon") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no more"))
	if err := pause(ctx, time.Minute); err == nil || err.Error() != "no more" {
		t.Error(err)
	}
}

func TestGatewayReady(t *testing.T) {
	code := http.StatusServiceUnavailable
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ready" {
			code = http.StatusNotFound
		}
		w.WriteHeader(code)
	}))
	g := newGateway(strings.TrimPrefix(server.URL, "https://"))
	if g.ready(t.Context()) {
		t.Error("a node that catches up is ready")
	}
	code = http.StatusOK
	if !g.ready(t.Context()) {
		t.Error("a ready node is not")
	}
	server.Close()
	if g.ready(t.Context()) || g.height(t.Context()) != 0 {
		t.Error("a node that is gone answers")
	}
	if _, err := g.block(t.Context(), 1); err == nil {
		t.Error("a node that is gone shows a block")
	}
}
