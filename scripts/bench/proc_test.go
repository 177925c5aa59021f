package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A line of a kernel, with a name that holds what separates fields.
const statLine = "4242 (tally) d) S 1 4242 4242 0 -1 4194560 9000 0 3 0 1234 567 0 0 20 0 12 0 998877 1234567890 5555\n"

func procWith(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestUsageOf(t *testing.T) {
	good := map[string]string{
		"4242/stat":   statLine,
		"4242/io":     "rchar: 1\nwchar: 2\nread_bytes: 3\nwrite_bytes: 8192\ncancelled_write_bytes: 77\n",
		"4242/status": "Name:\ttallyd\nVmHWM:\t  9999 kB\nVmRSS:\t    2048 kB\n",
	}
	u, err := usageOf(procWith(t, good), 4242)
	if err != nil || u != (usage{cpu: 18_010 * time.Millisecond, written: 8192, rss: 2 << 20}) {
		t.Error(u, err)
	}
	for name, content := range map[string]string{
		"4242/stat": "4242 (tallyd) S 1 2", "4242/io": "wchar: 2\n", "4242/status": "VmRSS:\tmuch kB\n",
	} {
		bad := map[string]string{}
		for k, v := range good {
			bad[k] = v
		}
		bad[name] = content
		if _, err := usageOf(procWith(t, bad), 4242); err == nil || !strings.Contains(err.Error(), filepath.Base(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := usageOf(t.TempDir(), 1); err == nil {
		t.Error("a process that is not there was read")
	}
}

func TestUsageSince(t *testing.T) {
	a, b := usage{cpu: 5, written: 100, rss: 10}, usage{cpu: 9, written: 150, rss: 12}
	if got := b.since(a); got != (usage{cpu: 4, written: 50, rss: 12}) {
		t.Error(got)
	}
}

func TestLoad(t *testing.T) {
	if got, err := load(procWith(t, map[string]string{"loadavg": "1.25 0.50 0.10 2/99 4242\n"})); got != 1.25 || err != nil {
		t.Error(got, err)
	}
	for _, bad := range []string{"", "much\n"} {
		if _, err := load(procWith(t, map[string]string{"loadavg": bad})); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestMachineBusy(t *testing.T) {
	busy := "cpu  100 10 200 9000 800 5 15 20 50 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
	if got, err := machineBusy(procWith(t, map[string]string{"stat": busy})); got != 3_500*time.Millisecond || err != nil {
		t.Error(got, err)
	}
	for _, bad := range []string{"", "intr 1 2 3 4 5 6 7 8 9\n", "cpu 1 2\n", "cpu a 1 1 1 1 1 1 1 1\n"} {
		if _, err := machineBusy(procWith(t, map[string]string{"stat": bad})); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// TestOwnUsage reads this machine's own /proc: work shows as CPU.
func TestOwnUsage(t *testing.T) {
	before, err := ownUsage()
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(100 * time.Millisecond); time.Now().Before(until); {
	}
	after, err := ownUsage()
	if used := after.since(before); err != nil || used.cpu <= 0 || used.rss <= 0 {
		t.Error(used, err)
	}
}
