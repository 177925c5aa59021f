package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// quota gives processes a share of the machine each, as if they had machines of their own: a flood through one node then
// cannot take the others' processor, which is no promise of the product's.
type quota struct{ dir string }

// Where version 1 of the control groups has the processor, and how it counts.
const (
	cpuGroups   = "/sys/fs/cgroup/cpu"
	cpuPeriodUS = 50_000
	groupGone   = 2 * time.Second
)

// newQuota makes a group for this run; an error where the machine has none.
func newQuota() (*quota, error) {
	q := &quota{dir: filepath.Join(cpuGroups, fmt.Sprintf("chaos%d", os.Getpid()))}
	if _, err := os.Stat(filepath.Join(cpuGroups, "cpu.cfs_quota_us")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return q, os.Mkdir(q.dir, 0o700)
}

// hold puts a process into a group of its own with so many cores at most.
func (q *quota) hold(name string, pid int, cores float64) error {
	dir := filepath.Join(q.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, f := range []struct{ name, value string }{
		{"cpu.cfs_period_us", strconv.Itoa(cpuPeriodUS)},
		{"cpu.cfs_quota_us", strconv.Itoa(int(cores * cpuPeriodUS))},
		{"cgroup.procs", strconv.Itoa(pid)},
	} {
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(f.value), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// close removes the groups; their processes must have ended.
func (q *quota) close() error {
	groups, err := os.ReadDir(q.dir)
	if err != nil {
		return err
	}
	for end := time.Now().Add(groupGone); ; time.Sleep(pollStep) {
		var errs []error
		for _, g := range groups {
			if g.IsDir() {
				if err := os.Remove(filepath.Join(q.dir, g.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
					errs = append(errs, err)
				}
			}
		}
		errs = append(errs, os.Remove(q.dir))
		if err := errors.Join(errs...); err == nil || time.Now().After(end) {
			return err
		}
	}
}
