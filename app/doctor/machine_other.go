//go:build !linux

package doctor

import "io/fs"

// Elsewhere than on Linux these are not known, and their checks say nothing.

func ownerOf(fs.FileInfo) int { return 0 }

func ownerOfPath(string) int { return 0 }

func freeBytes(string) (uint64, bool) { return 0, false }

func lockOwner(string) int { return 0 }

func fileLimit(int) (uint64, string) { return 0, "" }

func memoryMiB() int { return 0 }
