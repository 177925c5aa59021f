// Package kerneltest runs a machine of modules in memory, for their tests: real transactions, real signatures, a
// block for each step, and every invariant checked after every block.
package kerneltest

import (
	"slices"

	"github.com/splittally/splittally/modules/kernel"
)

// Memory is committed state in a map.
type Memory struct {
	values map[string][]byte
	keys   []string // sorted; nil when stale
}

// NewMemory is an empty state.
func NewMemory() *Memory { return &Memory{values: map[string][]byte{}} }

// Get reads a value.
func (m *Memory) Get(key []byte) ([]byte, bool) {
	v, ok := m.values[string(key)]
	return v, ok
}

// Range walks [start, end) in order.
func (m *Memory) Range(start, end []byte, fn func(k, v []byte) bool) {
	if m.keys == nil {
		for k := range m.values {
			m.keys = append(m.keys, k)
		}
		slices.Sort(m.keys)
	}
	i, _ := slices.BinarySearch(m.keys, string(start))
	for ; i < len(m.keys) && m.keys[i] < string(end); i++ {
		if !fn([]byte(m.keys[i]), m.values[m.keys[i]]) {
			return
		}
	}
}

// Apply commits a block's changes.
func (m *Memory) Apply(changes []kernel.Change) {
	for _, c := range changes {
		_, had := m.values[string(c.Key)]
		if c.Value == nil {
			delete(m.values, string(c.Key))
		} else {
			m.values[string(c.Key)] = c.Value
		}
		if had != (c.Value != nil) {
			m.keys = nil
		}
	}
}
