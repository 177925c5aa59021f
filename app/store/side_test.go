package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"
)

func newTestBatch() *leveldb.Batch { return new(leveldb.Batch) }

func commitSide(t *testing.T, s *Store, side ...string) {
	t.Helper()
	h := s.Height() + 1
	_, err := s.Stage(h, h, block("height", fmt.Sprint(h)), block(side...))
	must(t, err)
	must(t, s.Commit())
}

func TestSideRange(t *testing.T) {
	s := openTemp(t, small())
	commitSide(t, s, "b", "2", "a", "1", "d", "4", "c", "", "d", "-", "d", "5")
	side := s.Side()
	defer side.Release()
	for _, c := range []struct {
		start, end string
		reverse    bool
		most       int
		want       string
	}{
		{"", "", false, 9, "a=1 b=2 c= d=5 "},
		{"", "", true, 9, "d=5 c= b=2 a=1 "},
		{"b", "d", false, 9, "b=2 c= "},
		{"b", "d", true, 9, "c= b=2 "},
		{"b", "", true, 2, "d=5 c= "},
		{"x", "", false, 9, ""},
		{"", "a", true, 9, ""},
	} {
		var got strings.Builder
		n := 0
		must(t, side.Range(bound(c.start), bound(c.end), c.reverse, func(k, v []byte) bool {
			if v == nil {
				t.Errorf("record %s is nil", k)
			}
			got.WriteString(string(k) + "=" + string(v) + " ")
			n++
			return n < c.most
		}))
		if got.String() != c.want {
			t.Errorf("%q to %q, reverse %t: %q, want %q", c.start, c.end, c.reverse, got.String(), c.want)
		}
	}
}

// A snapshot stays at its height, also when its undo record has been pruned from the store since.
func TestSideSnapshot(t *testing.T) {
	s := openTemp(t, small())
	before := s.Side()
	defer before.Release()
	commitSide(t, s, "a", "1", "b", "1")
	first := s.Side()
	defer first.Release()
	for range 6 {
		commitSide(t, s, "a", "2", "b", "-")
		if side := s.Side(); side.Height() != s.Height() {
			t.Fatalf("a new snapshot is of height %d at head %d", side.Height(), s.Height())
		} else {
			side.Release()
		}
		if s.Height() == 2 {
			commitSide(t, s, "b", "3")
		}
	}
	for _, c := range []struct {
		side   *Side
		height int64
		a, b   string
		there  bool
	}{{before, 0, "", "", false}, {first, 1, "1", "1", true}} {
		a, ok, err := c.side.Get([]byte("a"))
		must(t, err)
		b, _, err := c.side.Get([]byte("b"))
		must(t, err)
		if c.side.Height() != c.height || ok != c.there || string(a) != c.a || string(b) != c.b {
			t.Errorf("snapshot of %d: height %d, %q %q %t", c.height, c.side.Height(), a, b, ok)
		}
	}
}

// Side records are no part of the state: not of the root, nor of values.
func TestSideIsNoState(t *testing.T) {
	with, without := openTemp(t, small()), openTemp(t, small())
	commitSide(t, with, "a", "1")
	commitSide(t, without)
	if string(with.Hash()) != string(without.Hash()) {
		t.Error("side records change the root")
	}
	if _, ok := with.Get([]byte("a")); ok {
		t.Error("a side record is a value")
	}
}
