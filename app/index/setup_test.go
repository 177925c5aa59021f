package index_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
)

// Two stub collections with lists and one without. A record's lane is whose it is; an empty lane is a holder whom the
// record does not name, as a sealed form would have it; its kind names further subjects, one a letter.
var (
	things = kernel.NewMap[id.ID]("stub.things", kernel.Prefix{80, 1}, everybody,
		kernel.ListOf("things.by_holder", holder), kernel.ListOf("things.by_letter", letters))
	others = kernel.NewMap[kernel.Text]("stub.others", kernel.Prefix{80, 2}, everybody, kernel.ListOf("things", letters))
	silent = kernel.NewMap[id.ID]("stub.silent", kernel.Prefix{80, 3}, everybody)
)

var lists = []string{"things.by_holder", "things.by_letter", "things"}

func everybody(*kernelv1.QueueItem) kernel.Audience { return kernel.Public }

func holder(i *kernelv1.QueueItem) []id.ID {
	if one, ok := id.Of(i.Lane); ok {
		return []id.ID{one}
	}
	return nil
}

func letters(i *kernelv1.QueueItem) (out []id.ID) {
	for _, l := range i.Kind {
		out = append(out, subject(byte(l)))
	}
	return out
}

func subject(letter byte) id.ID { return id.ID{letter} }

func collections() []*kernel.Collection {
	return []*kernel.Collection{things.Declared(), others.Declared(), silent.Declared()}
}

// record is a stored record: a mark and the message.
func record(tb testing.TB, i *kernelv1.QueueItem) []byte {
	tb.Helper()
	b, err := txv1.Encode(i)
	if err != nil {
		tb.Fatal(err)
	}
	return append(make([]byte, kernelv1.MarkSize), b...)
}

// side is index records in memory, as a store's snapshot serves them.
type side struct {
	keys   []string
	values map[string][]byte
}

func (s *side) Get(key []byte) ([]byte, bool, error) {
	v, ok := s.values[string(key)]
	return v, ok, nil
}

func (s *side) Range(start, end []byte, _ bool, fn func(key, value []byte) bool) error {
	i, _ := slices.BinarySearch(s.keys, string(start))
	for ; i < len(s.keys) && s.keys[i] < string(end); i++ {
		if !fn([]byte(s.keys[i]), s.values[s.keys[i]]) {
			return nil
		}
	}
	return nil
}

// chain is a state and its index, block by block.
type chain struct {
	tb     testing.TB
	x      *index.Index
	state  *kerneltest.Memory
	side   *side
	height int64
}

func newChain(tb testing.TB) *chain {
	return &chain{tb: tb, x: index.New(collections()), state: kerneltest.NewMemory(), side: &side{values: map[string][]byte{}}}
}

// block indexes a block, and checks the form of what the index writes: sorted, each key once, nothing deleted that is
// not there.
func (c *chain) block(results []kernel.Result, out *kernel.Outcome) {
	c.tb.Helper()
	c.height++
	changes, err := c.x.Changes(index.Block{Height: c.height, TimeUnixS: 1_000 + c.height, Results: results, Outcome: out, Before: c.state.Get})
	if err != nil {
		c.tb.Fatal(err)
	}
	for i, one := range changes {
		if i > 0 && bytes.Compare(changes[i-1].Key, one.Key) >= 0 {
			c.tb.Fatalf("%q and %q are out of order, or the same", changes[i-1].Key, one.Key)
		}
		if _, there := c.side.values[string(one.Key)]; one.Value == nil && !there {
			c.tb.Fatalf("%q is deleted and was not there", one.Key)
		}
		if one.Value == nil {
			delete(c.side.values, string(one.Key))
		} else {
			c.side.values[string(one.Key)] = one.Value
		}
	}
	c.side.keys = nil
	for k := range c.side.values {
		c.side.keys = append(c.side.keys, k)
	}
	slices.Sort(c.side.keys)
	c.state.Apply(out.Changes)
}

// list reads a whole list in pages of a size.
func (c *chain) list(name string, s id.ID, page int) (out [][]byte) {
	c.tb.Helper()
	var after []byte
	for {
		keys, more, err := index.List(c.side, name, s, after, page)
		if err != nil || len(keys) > page || more && len(keys) < page {
			c.tb.Fatalf("%d keys in a page of %d, more %v, %v", len(keys), page, more, err)
		}
		out = append(out, keys...)
		if !more {
			return out
		}
		after = keys[len(keys)-1]
	}
}

// rebuilt is the list as state alone gives it.
func (c *chain) rebuilt(name string, s id.ID) (out [][]byte) {
	c.tb.Helper()
	for _, col := range collections() {
		for _, l := range col.Lists {
			if l.Name != name {
				continue
			}
			c.state.Range(col.Prefix[:], kernel.After(col.Prefix[:]), func(k, v []byte) bool {
				m := col.New()
				if err := kernelv1.Unframe(v, m); err != nil {
					c.tb.Fatal(err)
				}
				if slices.Contains(l.Subjects(m), s) {
					out = append(out, bytes.Clone(k))
				}
				return true
			})
		}
	}
	return out
}
