package doctor

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func ownerOf(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return 0
}

func ownerOfPath(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return ownerOf(info)
}

// freeBytes is what an ordinary user may still write.
func freeBytes(dir string) (free uint64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil || s.Bsize <= 0 {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}

// lockOwner finds the process that holds a database, by the kernel's list of locks; 0 where it does not tell.
func lockOwner(dir string) (pid int) {
	info, err := os.Stat(filepath.Join(dir, "LOCK"))
	if err != nil {
		return 0
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	inode := ":" + strconv.FormatUint(s.Ino, 10)
	scan("/proc/locks", func(line string) bool {
		if f := strings.Fields(line); len(f) > 5 && f[1] == "FLOCK" && strings.HasSuffix(f[5], inode) {
			pid, _ = strconv.Atoi(f[4])
		}
		return pid > 0
	})
	return max(pid, 0)
}

// fileLimit is how many files the running node may open, or one that is started from here.
func fileLimit(pid int) (limit uint64, whose string) {
	if pid > 0 {
		scan(fmt.Sprintf("/proc/%d/limits", pid), func(line string) bool {
			if rest, ok := strings.CutPrefix(line, "Max open files"); ok {
				limit, _ = strconv.ParseUint(strings.Fields(rest)[0], 10, 64)
			}
			return limit > 0
		})
	}
	if limit > 0 {
		return limit, whoseLimit(pid)
	}
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) != nil {
		return 0, ""
	}
	return r.Max, whoseLimit(0) // a Go program raises its own to this
}

// memoryMiB is the machine's memory, or the control group's where that is less.
func memoryMiB() (mib int) {
	scan("/proc/meminfo", func(line string) bool {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "MemTotal:" {
			kib, _ := strconv.Atoi(f[1])
			mib = kib >> 10
		}
		return mib > 0
	})
	scan("/sys/fs/cgroup/memory.max", func(line string) bool {
		if n, err := strconv.ParseInt(line, 10, 64); err == nil && (mib == 0 || int(n>>20) < mib) {
			mib = int(n >> 20)
		}
		return true
	})
	return mib
}
