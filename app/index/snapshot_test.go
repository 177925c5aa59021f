package index_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// Preimages of transactions and of the block itself come out in the order of their hashes, the same from an index that
// took them in.
func TestPreimages(t *testing.T) {
	x := index.New(collections())
	from := newSide()
	var want [][]byte
	for h := int64(1); h <= 3; h++ {
		b := index.Block{Height: h, Outcome: &kernel.Outcome{}, Before: func([]byte) ([]byte, bool) { return nil, false }}
		for i := range 4 {
			r := kernel.Result{Hash: id.Hash("tx", fmt.Append(nil, h, i))}
			for k := range i {
				r.Kept = append(r.Kept, fmt.Appendf(nil, "sent%d/%d/%d", h, i, k))
			}
			want, b.Results = append(want, r.Kept...), append(b.Results, r)
		}
		b.Outcome.Kept = [][]byte{fmt.Appendf(nil, "part%d", h), {}}
		want = append(want, b.Outcome.Kept[0])
		changes, err := x.Changes(b)
		if err != nil {
			t.Fatal(err)
		}
		from.write(changes)
	}
	want = append(want, []byte{})
	slices.SortFunc(want, func(a, b []byte) int {
		x, y := kernelv1.KeptHash(a), kernelv1.KeptHash(b)
		return bytes.Compare(x[:], y[:])
	})
	to := newSide()
	n := uint32(0)
	if err := index.Preimages(from, func(b []byte) error {
		changes, err := index.ImportPreimage(n, b)
		to.write(changes)
		n++
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []index.Source{from, to} {
		var got [][]byte
		if err := index.Preimages(s, func(b []byte) error { got = append(got, bytes.Clone(b)); return nil }); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%q, want %q", got, want)
		}
		for _, b := range want {
			if kept, err := index.Kept(s, kernelv1.KeptHash(b)); err != nil || !bytes.Equal(kept, b) {
				t.Errorf("%q is found as %q: %v", b, kept, err)
			}
		}
	}
	stop := errors.New("stop")
	if err := index.Preimages(from, func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("it goes on: %v", err)
	}
}

// A preimage that is damaged on disk is not handed on.
func TestDamagedPreimage(t *testing.T) {
	s := newSide()
	changes, err := index.ImportPreimage(0, []byte("sent right"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range changes {
		changes[i].Value = bytes.ReplaceAll(changes[i].Value, []byte("right"), []byte("wrong"))
	}
	s.write(changes)
	if err := index.Preimages(s, func([]byte) error { return nil }); err == nil {
		t.Error("it is handed on")
	}
}

// Lists that were made from records alone are those that the blocks made.
func TestImportLists(t *testing.T) {
	x := index.New(collections())
	key := append([]byte{80, 1}, make([]byte, id.Size)...)
	value := record(t, &kernelv1.QueueItem{Lane: bytes.Repeat([]byte{7}, id.Size), Kind: "ab"})
	blocks, err := x.Changes(index.Block{Height: 1, Outcome: &kernel.Outcome{Changes: []kernel.Change{{Key: key, Value: value}}}, Before: func([]byte) ([]byte, bool) { return nil, false }})
	if err != nil {
		t.Fatal(err)
	}
	made, err := x.ImportLists(key, value)
	if err != nil || len(made) == 0 {
		t.Fatalf("%d %v", len(made), err)
	}
	for _, m := range made {
		if !slices.ContainsFunc(blocks, func(c index.Change) bool { return bytes.Equal(c.Key, m.Key) && c.Value != nil }) || m.Value == nil {
			t.Errorf("%x was not made by the block", m.Key)
		}
	}
	if _, err := x.ImportLists(key, []byte("x")); err == nil {
		t.Error("a value that is no record makes lists")
	}
}

func newSide() *side { return &side{values: map[string][]byte{}} }

func (s *side) write(changes []index.Change) {
	for _, c := range changes {
		if c.Value == nil {
			delete(s.values, string(c.Key))
		} else {
			s.values[string(c.Key)] = c.Value
		}
	}
	s.keys = nil
	for k := range s.values {
		s.keys = append(s.keys, k)
	}
	slices.Sort(s.keys)
}
