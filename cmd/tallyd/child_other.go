//go:build !linux

package main

import "syscall"

// childAttributes has nothing to set here: the parent stops its nodes in order.
func childAttributes() *syscall.SysProcAttr { return nil }
