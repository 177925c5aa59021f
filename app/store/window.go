package store

import (
	"errors"
	"fmt"
	"sync"
)

var (
	// ErrPruned says that a height is older than the kept window: ask again at a newer one.
	ErrPruned = errors.New("the state of this height is no longer kept: ask again at a newer height")
	// ErrFuture says that a height is above the head: wait for it, or ask at the head.
	ErrFuture = errors.New("there is no block of this height yet: wait for it or ask at the newest height")
)

// window is the head and what is kept behind it. The undo record of a version is in it before the version's batch is
// written: a reader who looks first at the current value and then here can never miss that a value has changed.
type window struct {
	mu        sync.RWMutex
	head      int64
	hash      []byte
	oldest    int64   // the oldest kept version; 0 is the empty state before the first block
	undos     []*undo // of the versions oldest+1 and on
	undoBytes int64
	pins      map[int64]int // how many proofs are being made at a version
}

func newWindow() *window { return &window{pins: map[int64]int{}} }

func (w *window) current() (head int64, hash []byte) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.head, w.hash
}

// oldestReadable is the first height that View serves.
func (w *window) oldestReadable() int64 {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return min(max(w.oldest, 1), w.head)
}

func (w *window) setHead(version int64, hash []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.head, w.hash = version, hash
}

// begin makes version the head with nothing behind it.
func (w *window) begin(version int64, hash []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.head, w.hash, w.oldest, w.undos, w.undoBytes = version, hash, version, nil, 0
}

// behind tells how many versions are kept behind the head.
func (w *window) behind() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return len(w.undos)
}

// push takes the undo record of the version that is about to be written.
func (w *window) push(u *undo) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.undos = append(w.undos, u)
	w.undoBytes += u.memoryBytes()
}

// limits say how much of the past is kept; see Options.
type limits struct {
	versions    int64
	seconds     int64
	undoBytes   int64
	versionsMin int64
}

// prune drops the oldest version if the limits let it go and nobody is making a proof at it. u is the record that takes
// the dropped version to the next one.
func (w *window) prune(l limits) (u *undo, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.due(l) || w.pins[w.oldest] > 0 {
		return nil, false
	}
	u, w.undos[0] = w.undos[0], nil
	w.undos = w.undos[1:]
	w.undoBytes -= u.memoryBytes()
	w.oldest++
	return u, true
}

// due counts a version's time from the block that replaced it.
func (w *window) due(l limits) bool {
	kept := int64(len(w.undos)) + 1
	if kept <= l.versionsMin {
		return false
	}
	if w.undoBytes > l.undoBytes {
		return true
	}
	age := w.undos[len(w.undos)-1].blockTimeUnixS - w.undos[0].blockTimeUnixS
	return kept > l.versions && age >= l.seconds
}

// pin holds back the pruning of a version until unpin.
func (w *window) pin(version int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.readable(version); err != nil {
		return err
	}
	w.pins[version]++
	return nil
}

func (w *window) unpin(version int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pins[version]--; w.pins[version] == 0 {
		delete(w.pins, version)
	}
}

func (w *window) readable(version int64) error {
	if version > w.head {
		return fmt.Errorf("height %d, newest %d: %w", version, w.head, ErrFuture)
	}
	if version < max(w.oldest, 1) {
		return fmt.Errorf("height %d, oldest kept %d: %w", version, max(w.oldest, 1), ErrPruned)
	}
	return nil
}

// before tells what key had at version, if a later version changed it. The value is a copy.
func (w *window) before(version int64, key []byte) (e undoEntry, changed bool, err error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if err := w.readable(version); err != nil {
		return undoEntry{}, false, err
	}
	for _, u := range w.undos[version-w.oldest:] {
		if e, ok := u.find(key); ok {
			if e.present {
				e.value = append([]byte{}, e.value...)
			}
			return e, true, nil
		}
	}
	return undoEntry{}, false, nil
}
