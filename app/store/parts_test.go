package store

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLayout(t *testing.T) {
	id := makeNodeID(0x0102, 0x03)
	if id.version() != 0x0102 || id.nonce() != 3 {
		t.Errorf("node id %x", id)
	}
	for _, c := range []struct {
		got  []byte
		want string
	}{
		{id.appendKey(nil), "73" + "0000000000000102" + "00000003"},
		{prefixed(prefixValue, []byte("k")), "466b"},
		{prefixed(prefixSide, []byte("k")), "496b"},
		{versionKey(prefixOrphans, 0x0102), "4f0000000000000102"},
		{versionKey(prefixUndo, 0x0102), "550000000000000102"},
	} {
		if hex.EncodeToString(c.got) != c.want {
			t.Errorf("%x, want %s", c.got, c.want)
		}
	}
}

// The bytes of a small database, so that a new version of IAVL or of this package cannot change them unseen.
func TestGoldenBytes(t *testing.T) {
	s := openTemp(t, small())
	commit(t, s, block("a", "1", "b", "2"))
	_, err := s.Stage(2, 77, block("a", "", "b", "-", "c", "3"), block("i", "x", "j", ""))
	must(t, err)
	must(t, s.Commit())
	for prefix, want := range map[byte][]string{
		prefixValue:   {"4661=", "4663=33"},
		prefixSide:    {"4969=78", "496a="},
		prefixUndo:    {"550000000000000001=00000000000000010161000162" + "00", "550000000000000002=000000000000004d" + "0161010131" + "0162010132" + "016300"},
		prefixOrphans: {"4f0000000000000001=", "4f0000000000000002=" + "0101" + "0102" + "0103"},
	} {
		var got []string
		for k, v := range records(t, s, prefix) {
			got = append(got, fmt.Sprintf("%x=%x", k, v))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%c: %q, want %q", prefix, got, want)
		}
	}
	const root = "3e5535c11c05d7e39849a984d824dad4d36f9d19b7e5ef322011943651b96354"
	if got := hex.EncodeToString(s.Hash()); got != root {
		t.Errorf("root %s, want %s", got, root)
	}
}

func TestParseNode(t *testing.T) {
	leaf := []byte{0, 2, 1, 'k', 1, 'v'}
	if n, err := parseNode(leaf); err != nil || n.height != 0 || n.size != 1 || string(n.key) != "k" || string(n.body) != "v" {
		t.Errorf("leaf: %v %v", n, err)
	}
	inner := []byte{2, 4, 1, 'k', 2, 'h', 'h', 0, 6, 4, 8, 10}
	want := rawNode{height: 1, size: 2, key: []byte("k"), body: []byte("hh"), left: makeNodeID(3, 2), right: makeNodeID(4, 5)}
	if n, err := parseNode(inner); err != nil || !reflect.DeepEqual(n, want) {
		t.Errorf("inner: %v %v", n, err)
	}
	for cut := range inner {
		if _, err := parseNode(inner[:cut]); err == nil {
			t.Errorf("an inner node cut after %d bytes is read", cut)
		}
	}
	legacy := bytes.Clone(inner)
	legacy[7] = 2
	if _, err := parseNode(legacy); err == nil || !strings.Contains(err.Error(), "mode 1") {
		t.Errorf("legacy child: %v", err)
	}
}

func TestOrphanListCut(t *testing.T) {
	for _, list := range [][]byte{{1}, {0x80}, {1, 0x80}} {
		if err := eachOrphan(9, list, func(nodeID) {}); err == nil {
			t.Errorf("list %x is read", list)
		}
	}
}

// What an undo record is given, it finds, before and after it has been on disk.
func TestUndoLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := rapid.MapOf(rapid.StringN(1, 6, -1), rapid.Ptr(rapid.StringN(0, 5, -1), true)).Draw(t, "old")
		u := newUndo(7, rapid.Int64().Draw(t, "time"), 0)
		var keys []string
		for k := range old {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if v := old[k]; v != nil {
				u.add([]byte(k), []byte(*v), true)
			} else {
				u.add([]byte(k), nil, false)
			}
		}
		read, err := parseUndo(7, u.blob)
		must(t, err)
		if read.blockTimeUnixS != u.blockTimeUnixS || !slices.Equal(read.starts, u.starts) {
			t.Fatalf("read back otherwise")
		}
		for _, k := range append(keys, rapid.StringN(0, 6, -1).Draw(t, "other")) {
			want, changed := old[k]
			e, found := read.find([]byte(k))
			if found != changed || found && (e.present != (want != nil) || want != nil && string(e.value) != *want) {
				t.Fatalf("%q: %v %t", k, e, found)
			}
		}
	})
}

func TestUndoRefused(t *testing.T) {
	u := newUndo(7, 1, 0)
	u.add([]byte("key"), []byte("value"), true)
	for cut := range u.blob {
		if _, err := parseUndo(7, u.blob[:cut]); err == nil && cut != undoHeaderLen {
			t.Errorf("cut after %d bytes is read", cut)
		}
	}
	u.blob[undoHeaderLen+4] = 9
	if _, err := parseUndo(7, u.blob); err == nil || !strings.Contains(err.Error(), "unknown tag 9") {
		t.Errorf("unknown tag: %v", err)
	}
}

func TestWindowLimits(t *testing.T) {
	const perUndo = undoHeaderLen + 1 + 1 + 1 + startLen
	for _, c := range []struct {
		name   string
		limits limits
		every  int64 // seconds between blocks
		oldest int64 // after 20 blocks
	}{
		{"versions", limits{versions: 5, seconds: -1, undoBytes: 1 << 20, versionsMin: 2}, 1, 16},
		{"time holds more", limits{versions: 5, seconds: 9, undoBytes: 1 << 20, versionsMin: 2}, 1, 11},
		{"time is short", limits{versions: 5, seconds: 9, undoBytes: 1 << 20, versionsMin: 2}, 60, 16},
		{"bytes hold less", limits{versions: 5, seconds: 9, undoBytes: 3 * perUndo, versionsMin: 2}, 1, 17},
		{"never below two", limits{versions: 5, seconds: 9, undoBytes: 0, versionsMin: 2}, 1, 19},
	} {
		w := newWindow()
		for v := int64(1); v <= 20; v++ {
			u := newUndo(v, v*c.every, 0)
			u.add([]byte("k"), nil, false)
			w.push(u)
			for ok := true; ok; {
				_, ok = w.prune(c.limits)
			}
			w.setHead(v, nil)
		}
		if got := w.oldestReadable(); got != c.oldest {
			t.Errorf("%s: oldest %d, want %d", c.name, got, c.oldest)
		}
		if want := int64(len(w.undos) * perUndo); w.undoBytes != want {
			t.Errorf("%s: %d bytes counted, want %d", c.name, w.undoBytes, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	o := Options{}.withDefaults()
	if o.NodeCacheMiB != 256 || o.TreeCache != 50_000 || o.KeepVersions != 100 || o.KeepFor != time.Minute || o.KeepBytes != 256<<20 {
		t.Errorf("defaults %+v", o)
	}
	if o := (Options{KeepVersions: 1}).withDefaults(); o.KeepVersions != 2 {
		t.Errorf("one version kept")
	}
}

// A smaller window after a restart is reached a few versions a block.
func TestSmallerWindow(t *testing.T) {
	o := small()
	o.Dir, o.KeepVersions = t.TempDir(), 60
	s, err := Open(o)
	must(t, err)
	for i := range 60 {
		commit(t, s, block("a", numbered(i), "b", numbered(i)))
	}
	must(t, s.Close())
	o.KeepVersions = 5
	s, err = Open(o)
	must(t, err)
	defer closeStore(t, s)
	for _, want := range []int64{prunedMax + 1, 2*prunedMax + 1, 3*prunedMax + 1, 60} {
		commit(t, s, block("a", "x"))
		if s.Oldest() != want {
			t.Fatalf("oldest %d, want %d", s.Oldest(), want)
		}
		checkWhole(t, s)
	}
}

// fastcache ignores an entry that is too large and would go on serving the old one.
func TestLargeValueReplacesSmall(t *testing.T) {
	s := openTemp(t, small())
	for _, size := range []int{10, 64 << 10, 10, cacheEntryMax - 3, cacheEntryMax - 2, cacheEntryMax - 1, 3 << 20} {
		value := strings.Repeat("v", size)
		commit(t, s, block("a", value))
		if got, _ := s.Get([]byte("a")); string(got) != value {
			t.Fatalf("%d bytes come back as %d", size, len(got))
		}
	}
}

// A value read from disk before a commit is not put into the cache after it.
func TestSlowReaderFillsNothing(t *testing.T) {
	c := newRawCache(1)
	key := prefixed(prefixValue, []byte("k"))
	epoch := c.currentEpoch()
	c.beginCommit()
	c.fill(epoch, key, []byte("old"))
	c.fill(c.currentEpoch(), key, []byte("old"))
	must(t, c.endCommit(newTestBatch()))
	c.fill(epoch, key, []byte("old"))
	if v, ok := c.get(nil, key); ok {
		t.Fatalf("the cache has %q", v)
	}
	c.fill(c.currentEpoch(), key, []byte("new"))
	if v, _ := c.get(nil, key); string(v) != "new" {
		t.Fatalf("the cache has %q", v)
	}
}

// Views and peeks leave the cache of current values as it is.
func TestViewsFillNothing(t *testing.T) {
	s := openTemp(t, small())
	commit(t, s, block("a", "1", "b", "2"))
	view, err := s.At(1)
	must(t, err)
	s.cache.entries.Reset()
	_, _, err = view.Get([]byte("a"))
	must(t, err)
	_, err = view.Proof([]byte("b"))
	must(t, err)
	for _, key := range []string{"Fa", "Fb", string(rootKey(1))} {
		if _, ok := s.cache.get(nil, []byte(key)); ok {
			t.Errorf("%q is in the cache after a view was read", key)
		}
	}
}

func TestReadersTreeIsReadOnly(t *testing.T) {
	s := openTemp(t, small())
	_, err := s.readers.Load().Set([]byte("a"), []byte("1"))
	must(t, err)
	if _, _, err := s.readers.Load().SaveVersion(); err == nil || len(records(t, s, prefixNode)) != 0 {
		t.Fatalf("the readers' tree was saved: %v", err)
	}
}
