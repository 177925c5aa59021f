package main

import "syscall"

// childAttributes ends a node's process when the one that started it dies, however it dies, and keeps the terminal's
// Ctrl-C from it: the parent stops it in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}
