package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ticksPerSecond is the unit of /proc/PID/stat, which Linux has fixed at 100 for what programs see.
const ticksPerSecond = 100

// usage is what a process has used since its start.
type usage struct {
	cpu     time.Duration // user and system, all threads
	written int64         // bytes sent to the disk
	rss     int64         // bytes resident now
}

func (u usage) since(before usage) usage {
	return usage{cpu: u.cpu - before.cpu, written: u.written - before.written, rss: u.rss}
}

// usageOf reads a live process in a mounted /proc.
func usageOf(proc string, pid int) (u usage, err error) {
	dir := filepath.Join(proc, strconv.Itoa(pid))
	for _, f := range []struct {
		name  string
		parse func([]byte) error
	}{
		{"stat", func(b []byte) (err error) { u.cpu, err = parseCPU(b); return err }},
		{"io", func(b []byte) (err error) { u.written, err = parseField(b, "write_bytes:"); return err }},
		{"status", func(b []byte) (err error) { u.rss, err = parseField(b, "VmRSS:"); u.rss <<= 10; return err }},
	} {
		b, err := os.ReadFile(filepath.Join(dir, f.name))
		if err == nil {
			err = f.parse(b)
		}
		if err != nil {
			return u, fmt.Errorf("what process %d has used cannot be read: %s: %w", pid, f.name, err)
		}
	}
	return u, nil
}

// Places in /proc/PID/stat behind the name, which may hold anything and ends with the last parenthesis.
const (
	statUser   = 11
	statSystem = 12
)

func parseCPU(stat []byte) (time.Duration, error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= statSystem {
		return 0, fmt.Errorf("%d fields, at least %d are needed", len(fields), statSystem+1)
	}
	var ticks int64
	for _, f := range [][]byte{fields[statUser], fields[statSystem]} {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// parseField finds a line's number by the line's first word.
func parseField(b []byte, name string) (int64, error) {
	for line := range bytes.Lines(b) {
		if f := bytes.Fields(line); len(f) >= 2 && string(f[0]) == name {
			return strconv.ParseInt(string(f[1]), 10, 64)
		}
	}
	return 0, fmt.Errorf("no line %q", name)
}

// load is the average number of running threads over the last minute.
func load(proc string) (float64, error) {
	b, err := os.ReadFile(filepath.Join(proc, "loadavg"))
	if err != nil {
		return 0, err
	}
	f := bytes.Fields(b)
	if len(f) == 0 {
		return 0, fmt.Errorf("%s/loadavg is empty", proc)
	}
	return strconv.ParseFloat(string(f[0]), 64)
}

// ownUsage is what this process has used.
func ownUsage() (usage, error) { return usageOf(proc, os.Getpid()) }

// idleField and waitField are where the machine's line of /proc/stat counts no work, by number from 0; the guests' time,
// behind the first guestField numbers, is in them already.
const (
	idleField  = 3
	waitField  = 4
	guestField = 8
)

// machineBusy is the CPU time that all processes of the machine have used since it was started.
func machineBusy(proc string) (time.Duration, error) {
	b, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) <= guestField || string(fields[0]) != "cpu" {
		return 0, fmt.Errorf("%s/stat begins with no line of the machine's CPU", proc)
	}
	var ticks int64
	for i, f := range fields[1 : guestField+1] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, err
		}
		if i != idleField && i != waitField {
			ticks += n
		}
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}
