package node

import "syscall"

// diskFree tells how many bytes this user may still write beneath a folder.
func diskFree(dir string) (int64, bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil || s.Bsize <= 0 {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true
}
