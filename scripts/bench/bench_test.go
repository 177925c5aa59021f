package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets this program be the engine's process too, as the bench is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "--noop-node" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		err := runNoopNode(ctx, os.Args[2], os.Stdout)
		stop()
		if err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestOptions(t *testing.T) {
	o, err := parseOptions(nil, io.Discard)
	if err != nil || o.scenario != scenarioTransfer || o.validators != 1 {
		t.Error(o, err)
	}
	for args, want := range map[string]string{
		"--scenario pay": "transfer or issue", "--validators 5": "1 to 4", "--parts 1": "20 to", "--seconds 0": "1 to", "--rate -1": "0 to",
		"--outstanding 0": "1 to", "more": "no option", "--what": "flag provided but not defined",
	} {
		if _, err := parseOptions(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	if _, err := parseOptions([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
}

// TestReportNames: other programs read these keys.
func TestReportNames(t *testing.T) {
	common := []string{
		"commit", "load", "noop_cpu_us", "noop_per_s", "others_cores", "p50_ms", "p99_ms", "parts", "rate", "rss_mib", "scenario", "seconds", "validators", "verify_us",
	}
	p := &phase{count: 10, latencies: []time.Duration{time.Second}}
	for scenario, own := range map[string][]string{
		scenarioTransfer: {"transfers", "transfers_per_s", "cpu_us_per_transfer", "bytes_disk_per_transfer", "split_transfers_per_s", "client_cpu_us_per_transfer", "transfers_per_block"},
		scenarioIssue:    {"issues", "issues_per_s", "cpu_us_per_issue", "bytes_disk_per_issue", "client_cpu_us_per_issue", "issues_per_block"},
	} {
		r := newReport(options{scenario: scenario})
		if r.transfers(p, p); scenario == scenarioIssue {
			r.transferFigures = nil
			r.issues(p)
		}
		var b, table bytes.Buffer
		if err := errors.Join(r.write(&b, true), r.write(&table, false)); err != nil {
			t.Fatal(err)
		}
		found := map[string]any{}
		if err := json.Unmarshal(b.Bytes(), &found); err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Concat(common, own) {
			if _, ok := found[name]; !ok {
				t.Errorf("%s: no %s", scenario, name)
			}
			delete(found, name)
		}
		if len(found) > 0 {
			t.Errorf("%s: also %v", scenario, found)
		}
		if !strings.Contains(table.String(), "until final") || !strings.Contains(table.String(), scenario) {
			t.Errorf("the table: %s", table.String())
		}
	}
}

// TestChildren: processes are measured, end when they are told to, and one that ends by itself fails the run.
func TestChildren(t *testing.T) {
	ctx, fail := context.WithCancelCause(t.Context())
	c := newChildren(fail)
	dir := t.TempDir()
	if err := c.start(filepath.Join(dir, "log"), nil, "sleep", "60"); err != nil {
		t.Fatal(err)
	}
	if u, err := c.usage(); err != nil || u.rss == 0 {
		t.Error(u, err)
	}
	began := time.Now()
	c.stop()
	c.stop()
	if time.Since(began) > stopWithin/2 || ctx.Err() != nil {
		t.Errorf("stopping took %v, the run: %v", time.Since(began), context.Cause(ctx))
	}
	c = newChildren(fail)
	defer c.stop()
	if err := c.start(filepath.Join(dir, "log"), nil, "false"); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !strings.Contains(err.Error(), "ended by itself") {
		t.Error(err)
	}
	if err := c.start(filepath.Join(dir, "no", "log"), nil, "true"); err == nil {
		t.Error("a log without a folder was opened")
	}
}

func TestFolder(t *testing.T) {
	data := filepath.Join(t.TempDir(), "made", "if missing")
	one, err := makeFolder(data)
	two, err2 := makeFolder(data)
	if err != nil || err2 != nil || one == two || !strings.HasPrefix(one, data) {
		t.Error(one, two, err, err2)
	}
}

// TestEndToEnd is a whole bench, as small as one can be. It leaves no process and no file.
func TestEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("a whole network: left out of short runs")
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("the bench names the commit that it builds: git is needed")
	}
	data, out := t.TempDir(), &bytes.Buffer{}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // 15 s on an idle machine
	defer cancel()
	r, err := run(ctx, options{scenario: scenarioTransfer, validators: 1, parts: 200, seconds: 2, outstanding: 4_000, data: data, seed: 1}, newLogger(out))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, v := range map[string]float64{
		"transfers": float64(r.Transfers), "transfers_per_s": r.TransfersPerS, "cpu_us": r.CPUUSPerTransfer, "disk": r.BytesDiskPerTransfer,
		"split": r.SplitTransfersPerS, "p50": r.P50MS, "rss": r.RSSMiB, "verify": r.VerifyUS, "noop": r.NoopPerS, "noop cpu": r.NoopCPUUS,
	} {
		if v <= 0 {
			t.Errorf("%s is %v", name, v)
		}
	}
	if r.P99MS < r.P50MS || r.Commit == "" {
		t.Errorf("p50 %v, p99 %v, commit %q", r.P50MS, r.P99MS, r.Commit)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if pids := startedBy(t, os.Getpid()); len(pids) > 0 {
		t.Errorf("processes are left: %v", pids)
	}
}

// TestIssueAndRate plays the other ways of a run, one of them on four validators, without the machine's figures.
func TestIssueAndRate(t *testing.T) {
	if testing.Short() {
		t.Skip("a whole network: left out of short runs")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // 15 s on an idle machine
	defer cancel()
	src, err := root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := build(ctx, src, program(dir)); err != nil {
		t.Fatal(err)
	}
	for _, o := range []options{
		{scenario: scenarioIssue, validators: 1, parts: 20, seconds: 1, outstanding: 1_000},
		{scenario: scenarioTransfer, validators: 4, parts: 400, seconds: 2, rate: 50, outstanding: 100},
	} {
		folder, out, r := filepath.Join(dir, o.scenario), &bytes.Buffer{}, newReport(o)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(program(dir), program(folder)); err != nil {
			t.Fatal(err)
		}
		if err := r.network(ctx, folder, o, newLogger(out)); err != nil {
			t.Fatalf("%s: %v\n%s", o.scenario, err, out)
		}
		if r.P50MS <= 0 || r.issueFigures != nil && (r.Issues < chunkItems || r.Issues%chunkItems != 0) {
			t.Errorf("%s: p50 %v, %+v", o.scenario, r.P50MS, r.issueFigures)
		}
		if f := r.transferFigures; f != nil && (f.Transfers < 95 || f.Transfers > 101) {
			t.Errorf("%d transfers in 2 s at 50 a second", f.Transfers)
		}
	}
}

// startedBy lists the live processes that a process started.
func startedBy(t *testing.T, parent int) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "status"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range dirs {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		if p, err := parseField(b, "PPid:"); err == nil && strconv.FormatInt(p, 10) == strconv.Itoa(parent) {
			out = append(out, file)
		}
	}
	return out
}
