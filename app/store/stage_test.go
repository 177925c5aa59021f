package store

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestEmptyIsNotDeleted(t *testing.T) {
	s := openTemp(t, small())
	commit(t, s, block("a", "1", "b", "2"))
	commit(t, s, block("a", ""))
	if v, ok := s.Get([]byte("a")); !ok || v == nil || len(v) != 0 {
		t.Fatalf("empty value reads as %v %t", v, ok)
	}
	commit(t, s, block("a", "-"))
	if v, ok := s.Get([]byte("a")); ok || v != nil {
		t.Fatalf("deleted value reads as %v %t", v, ok)
	}
	commit(t, s, block("a", "3"))
	for height, want := range map[int64]*string{1: ptr("1"), 2: ptr(""), 3: nil, 4: ptr("3")} {
		view, err := s.At(height)
		must(t, err)
		v, ok, err := view.Get([]byte("a"))
		must(t, err)
		if ok != (want != nil) || ok && (v == nil || string(v) != *want) {
			t.Fatalf("at %d: %v %t", height, v, ok)
		}
		checkProof(t, view, []byte("a"), v, ok)
	}
}

func ptr(s string) *string { return &s }

// An empty value stays one when it has gone through the disk.
func TestEmptyValueReopened(t *testing.T) {
	o := small()
	o.Dir = t.TempDir()
	s, err := Open(o)
	must(t, err)
	commit(t, s, block("a", "", "b", "x"))
	commit(t, s, block("a", "y"))
	must(t, s.Close())
	s, err = Open(o)
	must(t, err)
	defer closeStore(t, s)
	view, err := s.At(1)
	must(t, err)
	if v, ok, err := view.Get([]byte("a")); err != nil || !ok || v == nil || len(v) != 0 {
		t.Fatalf("old empty value reads as %v %t %v", v, ok, err)
	}
}

func TestStageRefuses(t *testing.T) {
	long := strings.Repeat("k", KeyBytesMax+1)
	huge := make([]byte, ValueBytesMax+1)
	for _, c := range []struct {
		name    string
		height  int64
		changes []Change
		side    []Change
		want    string
	}{
		{"height of the head", 1, block("x", "1"), nil, "only height 2"},
		{"height too far", 3, block("x", "1"), nil, "only height 2"},
		{"no changes", 2, nil, block("i", "1"), "at least one key"},
		{"not sorted", 2, block("b", "1", "a", "1"), nil, "change 1: key 61 is not above"},
		{"twice", 2, block("b", "1", "b", "2"), nil, "not above"},
		{"empty key", 2, block("", "1"), nil, "a key of 0 bytes"},
		{"long key", 2, block(long, "1"), nil, "a key of 1025 bytes"},
		{"huge value", 2, []Change{{[]byte("x"), huge}}, nil, "a value of"},
		{"empty side key", 2, block("x", "1"), block("", "1"), "side record 0"},
		{"deletes an absent key", 2, block("a", "2", "nobody", "-"), nil, "an absent key cannot be deleted"},
	} {
		s := openTemp(t, small())
		first := commit(t, s, block("a", "1"))
		_, err := s.Stage(c.height, 5, c.changes, c.side)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err := s.Commit(); err == nil || !strings.Contains(err.Error(), "nothing is staged") {
			t.Errorf("%s: commit after it: %v", c.name, err)
		}
		if v, _ := s.Get([]byte("a")); string(v) != "1" || !bytes.Equal(s.Hash(), first) {
			t.Errorf("%s: state changed", c.name)
		}
		commit(t, s, block("a", "3"))
	}
}

// What is staged and not committed leaves no trace, in memory or on disk.
func TestRestage(t *testing.T) {
	s, m := openTemp(t, small()), newModel()
	for _, changes := range [][]Change{block("a", "1", "b", "2"), block("a", "-", "c", "3")} {
		_, err := s.Stage(s.Height()+1, 9, block("a", "other", "z", "gone"), block("i", "gone"))
		must(t, err)
		root, err := s.Stage(s.Height()+1, 9, changes, block("k", "kept"))
		must(t, err)
		if want := m.apply(t, changes); !bytes.Equal(root, want) {
			t.Fatalf("root %x, want %x", root, want)
		}
		must(t, s.Commit())
		checkWindow(t, s, m, "z")
		checkWhole(t, s)
	}
	side := s.Side()
	defer side.Release()
	if _, ok, err := side.Get([]byte("i")); ok || err != nil {
		t.Fatalf("side record that was given up: %t %v", ok, err)
	}
}

func TestStagedIsNotRead(t *testing.T) {
	s := openTemp(t, small())
	commit(t, s, block("a", "1"))
	_, err := s.Stage(2, 2, block("a", "2"), nil)
	must(t, err)
	if v, _ := s.Get([]byte("a")); string(v) != "1" || s.Height() != 1 {
		t.Fatalf("staged value is read: %q at %d", v, s.Height())
	}
	if _, err := s.At(2); !errors.Is(err, ErrFuture) {
		t.Fatalf("view of a staged height: %v", err)
	}
}

// Stage keeps none of the slices it is given.
func TestStageCopies(t *testing.T) {
	s, m := openTemp(t, small()), newModel()
	changes := block("a", "1", "b", "2", "c", "3")
	m.apply(t, block("a", "1", "b", "2", "c", "3"))
	_, err := s.Stage(1, 1, changes, nil)
	must(t, err)
	for _, c := range changes {
		c.Key[0], c.Value[0] = 'X', 'X'
	}
	must(t, s.Commit())
	checkWindow(t, s, m, "X")
	checkWhole(t, s)
}

// The values and the tree are compared with every change.
func TestDamageIsSeen(t *testing.T) {
	s := openTemp(t, small())
	commit(t, s, block("a", "1", "b", "2"))
	must(t, s.ldb.Delete([]byte("Fa"), nil))
	s.cache.entries.Reset()
	if _, err := s.Stage(2, 2, block("a", "3"), nil); !errors.Is(err, errDamaged) {
		t.Fatalf("stage over a lost value: %v", err)
	}
}

func TestGetAndRange(t *testing.T) {
	s := openTemp(t, small())
	if s.Height() != 0 || s.Hash() != nil || s.Oldest() != 0 {
		t.Fatalf("a new store is at %d %x %d", s.Height(), s.Hash(), s.Oldest())
	}
	long := strings.Repeat("k", 300)
	commit(t, s, block("a", "1", "b", "2", "c", "", long, "4"))
	for _, c := range []struct {
		start, end, want string
		most             int
	}{
		{"", "", "a=1 b=2 c= " + long + "=4 ", 9},
		{"b", "", "b=2 c= " + long + "=4 ", 9},
		{"", "b", "a=1 ", 9},
		{"aa", "c", "b=2 ", 9},
		{"", "", "a=1 b=2 ", 2},
		{"x", "", "", 9},
	} {
		var got strings.Builder
		n := 0
		s.Range(bound(c.start), bound(c.end), func(k, v []byte) bool {
			got.WriteString(string(k) + "=" + string(v) + " ")
			k[0] = 'X' // a copy
			n++
			return n < c.most
		})
		if got.String() != c.want {
			t.Errorf("range %q %q: %q, want %q", c.start, c.end, got.String(), c.want)
		}
	}
	s.cache.entries.Reset()
	for range 2 { // from disk, then from the cache
		if v, ok := s.Get([]byte(long)); !ok || string(v) != "4" {
			t.Errorf("long key: %q %t", v, ok)
		}
	}
}

func bound(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

func TestClosed(t *testing.T) {
	o := small()
	o.Dir = t.TempDir()
	s, err := Open(o)
	must(t, err)
	commit(t, s, block("a", "1"))
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), o.Dir) {
		t.Errorf("opened twice: %v", err)
	}
	view, err := s.At(1)
	must(t, err)
	must(t, s.Close())
	if _, err := s.Stage(2, 2, block("a", "2"), nil); !errors.Is(err, errClosed) {
		t.Errorf("stage on a closed store: %v", err)
	}
	if err := s.Commit(); !errors.Is(err, errClosed) {
		t.Errorf("commit on a closed store: %v", err)
	}
	if _, _, err := view.Get([]byte("b")); err == nil {
		t.Errorf("a view of a closed store reads")
	}
	if _, _, err := s.Side().Get([]byte("b")); err == nil {
		t.Errorf("side records of a closed store read")
	}
	for name, read := range map[string]func(){
		"Get":   func() { s.Get([]byte("b")) },
		"Range": func() { s.Range(nil, nil, func(_, _ []byte) bool { return true }) },
	} {
		if u := unreadable(read); u == nil || !strings.Contains(u.Error(), "check the disk") || u.Unwrap() == nil {
			t.Errorf("%s on a closed store: %v", name, u)
		}
	}
}

func unreadable(read func()) (u *Unreadable) {
	defer func() { u, _ = recover().(*Unreadable) }()
	read()
	return nil
}
