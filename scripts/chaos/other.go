//go:build !linux

package main

import (
	"errors"
	"syscall"
)

func childAttributes() *syscall.SysProcAttr { return nil }

func cutPower(string, uint32) error { return errors.New("power cuts are simulated on Linux alone") }

func freeBytes(string) (int64, error) { return 0, errors.New("disks are filled on Linux alone") }
