//go:build linux

package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// childAttributes ends a process when this one dies, however it dies, and keeps the terminal's Ctrl-C from it.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}

// shutdownRequest is EXT4_IOC_SHUTDOWN: _IOR('X', 125, __u32).
const shutdownRequest = 0x8004587d

// cutPower has an ext4 filesystem stop as if its power were cut: nothing is written any more, and every call fails.
func cutPower(mount string, how uint32) error {
	f, err := os.Open(mount) //nolint:gosec // a folder of this package's own
	if err != nil {
		return err
	}
	defer f.Close()
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdownRequest, uintptr(unsafe.Pointer(&how))); code != 0 { //nolint:gosec // the ioctl's argument
		return fmt.Errorf("shutdown of %s: %w", mount, code)
	}
	return nil
}

// freeBytes is how much can still be written to a filesystem.
func freeBytes(mount string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(mount, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * s.Bsize, nil
}
