package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/splittally/splittally/app/node"
)

// A node that is told to stop lets a waiting call end with an answer, ends with 0 within its bound, and has all its blocks.
func TestStopsInOrder(t *testing.T) {
	c := oneNode(t)
	c.MetricsListen = freeAddress(t)
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "start", "--home", c.Home)
	g := &ground{t: t, net: netWith(t, c)}
	g.reaches(0, 3)
	began := make(chan struct{})
	go func() { // a call that waits far longer than the stop may take
		close(began)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.MetricsListen+"/ready", nil)
		if r, err := http.DefaultClient.Do(req); err == nil {
			_ = r.Body.Close()
		}
	}()
	<-began
	at := g.trust(0).Height
	start := time.Now()
	p.signal(t, syscall.SIGTERM)
	p.end(t, node.StopWithin, 0)
	if took := time.Since(start); took > node.StopWithin/2 {
		t.Errorf("it took %s", took)
	}
	if strings.Contains(p.errs.String(), "level=ERROR") {
		t.Errorf("it logs an error while it stops:\n%s", p.errs.String())
	}
	out, _, err := inProcess(t, "verify", "--home", c.Home)
	if err != nil || !strings.Contains(out, "app_hash") {
		t.Errorf("%v %s; it was at %d", err, out, at)
	}
}

// A second signal does not wait.
func TestSecondSignalForces(t *testing.T) {
	c := oneNode(t)
	p := launch(t, "start", "--home", c.Home)
	waitFor(t, "the node runs", func() bool { return strings.Contains(p.errs.String(), "the node runs") })
	p.signal(t, syscall.SIGTERM)
	p.signal(t, os.Interrupt)
	select {
	case <-p.ended: // 0 where the first one was faster
	case <-time.After(endsWithin):
		t.Fatal("it still runs")
	}
	if p.code != 0 && !strings.Contains(p.errs.String(), "by a second signal") {
		t.Errorf("ended with %d: %s", p.code, p.errs.String())
	}
	runUntil(t, c.Home, "the node runs")
}

// The log goes into a file, which SIGHUP opens anew after another program has moved it away.
func TestLogFile(t *testing.T) {
	c := oneNode(t)
	c.LogFile = "tallyd.log"
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.Home, "tallyd.log")
	p := launch(t, "start", "--home", c.Home)
	has := func(file, line string) func() bool {
		return func() bool {
			b, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(b), line)
		}
	}
	waitFor(t, "the log is in the file", has(file, "the node runs"))
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGHUP)
	waitFor(t, "the old file has the last line", has(file+".1", "opening the log anew"))
	p.signal(t, syscall.SIGTERM)
	p.end(t, endsWithin, 0)
	if !has(file, "stopping")() || has(file, "the node runs")() {
		t.Error("the new file has not what came after")
	}
	if p.errs.String() != "" {
		t.Errorf("on standard error: %s", p.errs.String())
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	c.LogFile = "no/such/folder/log"
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := inProcess(t, "start", "--home", c.Home); err == nil || !strings.Contains(err.Error(), "configuration: log_file") {
		t.Errorf("a folder that is not there: %v", err)
	}
}
