package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sort"
)

// An undo record has, for one version, its block time and the value that each changed key had before, sorted by key:
//
//	block time, Unix seconds (8 BE) { uvarint key length, key, 0 | 1 uvarint value length, value }...
//
// 0 says that the key was absent. In memory it stays as it is on disk, with the place of each entry beside it.
type undo struct {
	version        int64
	blockTimeUnixS int64
	blob           []byte
	starts         []uint32 // of the entries in blob
}

const (
	undoHeaderLen = 8
	undoAbsent    = 0
	undoPresent   = 1
	startLen      = 4
)

// undoEntry is what one key had before a version. Its slices point into the blob.
type undoEntry struct {
	key, value []byte
	present    bool
}

func newUndo(version, blockTimeUnixS int64, sizeHint int) *undo {
	blob := binary.BigEndian.AppendUint64(make([]byte, 0, undoHeaderLen+sizeHint), uint64(blockTimeUnixS))
	return &undo{version: version, blockTimeUnixS: blockTimeUnixS, blob: blob}
}

func (u *undo) add(key, value []byte, present bool) {
	u.starts = append(u.starts, uint32(len(u.blob)))
	u.blob = appendSized(u.blob, key)
	if !present {
		u.blob = append(u.blob, undoAbsent)
		return
	}
	u.blob = appendSized(append(u.blob, undoPresent), value)
}

func appendSized(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// parseUndo checks the whole blob, so that entry need not.
func parseUndo(version int64, blob []byte) (*undo, error) {
	if len(blob) < undoHeaderLen {
		return nil, fmt.Errorf("undo record of version %d: %d bytes, shorter than its header", version, len(blob))
	}
	u := &undo{version: version, blockTimeUnixS: int64(binary.BigEndian.Uint64(blob)), blob: blob}
	for at := undoHeaderLen; at < len(blob); {
		u.starts = append(u.starts, uint32(at))
		_, next, err := readUndoEntry(blob, at)
		if err != nil {
			return nil, fmt.Errorf("undo record of version %d, byte %d: %w", version, at, err)
		}
		at = next
	}
	return u, nil
}

func readUndoEntry(blob []byte, at int) (e undoEntry, next int, err error) {
	r := byteReader{rest: blob[at:]}
	e.key = r.sized()
	switch tag := r.byte(); {
	case r.err != nil:
	case tag == undoPresent:
		e.present, e.value = true, r.sized()
	case tag != undoAbsent:
		return e, 0, fmt.Errorf("unknown tag %d", tag)
	}
	return e, len(blob) - len(r.rest), r.err
}

func (u *undo) entry(i int) undoEntry {
	e, _, _ := readUndoEntry(u.blob, int(u.starts[i])) // add or parseUndo made it
	return e
}

// find tells what key had before this version, if this version changed it.
func (u *undo) find(key []byte) (undoEntry, bool) {
	i := sort.Search(len(u.starts), func(i int) bool { return bytes.Compare(u.entry(i).key, key) >= 0 })
	if i == len(u.starts) {
		return undoEntry{}, false
	}
	e := u.entry(i)
	return e, bytes.Equal(e.key, key)
}

func (u *undo) memoryBytes() int64 { return int64(len(u.blob) + startLen*len(u.starts)) }
