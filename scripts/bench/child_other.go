//go:build !linux

package main

import "syscall"

// childAttributes has nothing to set here: this process stops its own in order.
func childAttributes() *syscall.SysProcAttr { return nil }
