package kernel

import (
	"bytes"
	"slices"
)

// Reader is committed state: the store of a node, or memory in tests. Values are read only.
type Reader interface {
	// Get returns the current value of a key; false where there is none.
	Get(key []byte) ([]byte, bool)
	// Range calls fn for every key in [start, end) in rising order until fn returns false.
	Range(start, end []byte, fn func(key, value []byte) bool)
}

// Change is one key that a block changed; a nil Value deletes it.
type Change struct{ Key, Value []byte }

// Overlay is what a block writes before it is committed: a journal over committed state, with nested snapshots.
type Overlay struct {
	base    Reader
	dirty   map[string][]byte   // nil: deleted
	touched map[Prefix][]string // keys of a prefix that were ever in dirty, so that a range need not look at all
	journal []undo
	reads   map[string][]byte // what base said, nil where it has nothing; a nil map where readers share the overlay
	version uint64            // grows with every write and every revert that took one back
}

type undo struct {
	key   string
	value []byte
	was   bool // there was an entry in dirty before
}

// NewOverlay starts an empty journal over base.
func NewOverlay(base Reader) *Overlay {
	return &Overlay{base: base, dirty: map[string][]byte{}, touched: map[Prefix][]string{}}
}

// Get reads through the journal. The value must not be changed.
func (o *Overlay) Get(key []byte) ([]byte, bool) {
	if v, ok := o.dirty[string(key)]; ok {
		return v, v != nil
	}
	return o.before(key)
}

// remember makes the overlay keep what base says, for as long as it lasts: a block reads a record several times. It is
// then for one goroutine alone.
func (o *Overlay) remember() { o.reads = map[string][]byte{} }

// before reads state as it was before anything was written.
func (o *Overlay) before(key []byte) ([]byte, bool) {
	if v, ok := o.reads[string(key)]; ok {
		return v, v != nil
	}
	v, ok := o.base.Get(key)
	if o.reads != nil {
		if !ok {
			v = nil
		}
		o.reads[string(key)] = v
	}
	return v, ok
}

// set writes a value, or deletes with nil.
func (o *Overlay) set(key, value []byte) {
	o.version++
	old, was := o.dirty[string(key)]
	o.journal = append(o.journal, undo{key: string(key), value: old, was: was})
	o.dirty[string(key)] = value
	if !was {
		p := prefixOf(key)
		o.touched[p] = append(o.touched[p], string(key))
	}
}

func prefixOf(key []byte) Prefix {
	var p Prefix
	copy(p[:], key)
	return p
}

// Snapshot marks the journal; snapshots nest.
func (o *Overlay) Snapshot() int { return len(o.journal) }

// Revert takes back everything written since the mark.
func (o *Overlay) Revert(mark int) {
	if len(o.journal) > mark {
		o.version++
	}
	for i := len(o.journal) - 1; i >= mark; i-- {
		u := o.journal[i]
		if u.was {
			o.dirty[u.key] = u.value
		} else {
			delete(o.dirty, u.key)
		}
	}
	o.journal = o.journal[:mark]
}

// Range walks [start, end) in rising order over committed state and journal together. fn must not write.
func (o *Overlay) Range(start, end []byte, fn func(key, value []byte) bool) {
	over := o.dirtyIn(start, end)
	more := true
	emit := func(k, v []byte) {
		if v != nil {
			more = fn(k, v)
		}
	}
	o.base.Range(start, end, func(k, v []byte) bool {
		for len(over) > 0 && more && bytes.Compare(over[0].Key, k) < 0 {
			emit(over[0].Key, over[0].Value)
			over = over[1:]
		}
		if len(over) > 0 && more && bytes.Equal(over[0].Key, k) {
			v, over = over[0].Value, over[1:]
		}
		if more {
			emit(k, v)
		}
		return more
	})
	for len(over) > 0 && more {
		emit(over[0].Key, over[0].Value)
		over = over[1:]
	}
}

func (o *Overlay) dirtyIn(start, end []byte) []Change {
	var out []Change
	for p, keys := range o.touched { //statelint:sorted by key right below
		if first := prefixOf(start); bytes.Compare(p[:], first[:]) < 0 || bytes.Compare(p[:], end) > 0 {
			continue
		}
		for _, k := range keys {
			if v, ok := o.dirty[k]; ok && k >= string(start) && k < string(end) {
				out = append(out, Change{Key: []byte(k), Value: v})
			}
		}
	}
	sortChanges(out)
	return slices.CompactFunc(out, func(a, b Change) bool { return bytes.Equal(a.Key, b.Key) })
}

// Changes lists what differs from committed state, sorted by key, each key once.
func (o *Overlay) Changes() []Change {
	out := make([]Change, 0, len(o.dirty))
	for k, v := range o.dirty { //statelint:sorted by key right below
		old, had := o.before([]byte(k))
		if had != (v != nil) || !bytes.Equal(old, v) {
			out = append(out, Change{Key: []byte(k), Value: v})
		}
	}
	sortChanges(out)
	return out
}

func sortChanges(c []Change) {
	slices.SortFunc(c, func(a, b Change) int { return bytes.Compare(a.Key, b.Key) })
}
