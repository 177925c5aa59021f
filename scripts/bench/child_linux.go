package main

import "syscall"

// childAttributes ends a process when this one dies, however it dies, and keeps the terminal's Ctrl-C from it: this one
// stops it in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}
