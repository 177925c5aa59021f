package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"pgregory.net/rapid"
)

func TestManifestBytes(t *testing.T) {
	m := Manifest{Format: 1, Chain: "c", Height: 7, Root: make([]byte, 32), RootNode: []byte{1, 2}, Bytes: 3, Chunks: [][32]byte{{9}}}
	b := m.Encode()
	want := "5354534e" + "00000001" + "0163" + "0000000000000007" + fmt.Sprintf("%064d", 0) + "00020102" + "0000000000000003" + "00000001" + "09" + fmt.Sprintf("%062d", 0)
	if got := fmt.Sprintf("%x", b); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	again, err := ParseManifest(b)
	if err != nil || !bytes.Equal(again.Encode(), b) {
		t.Errorf("%v %v", again, err)
	}
	for cut := range b {
		if _, err := ParseManifest(b[:cut]); err == nil {
			t.Errorf("a manifest cut after %d bytes is read", cut)
		}
	}
}

func TestWrongManifests(t *testing.T) {
	good := func() Manifest {
		return Manifest{Format: 1, Chain: "c", Height: 7, Root: make([]byte, 32), RootNode: []byte{1}, Bytes: 3, Chunks: [][32]byte{{9}}}
	}
	for name, change := range map[string]func(*Manifest){
		"height 0": func(m *Manifest) { m.Height = 0 }, "a negative height": func(m *Manifest) { m.Height = -1 },
		"no chunks": func(m *Manifest) { m.Chunks = nil }, "no bytes": func(m *Manifest) { m.Bytes = 0 },
		"more bytes than chunks": func(m *Manifest) { m.Bytes = snapshotChunkBytes + 1 },
		"more chunks than bytes": func(m *Manifest) { m.Chunks = make([][32]byte, 2) },
		"endless chunks": func(m *Manifest) {
			m.Chunks, m.Bytes = make([][32]byte, snapshotChunksMax+1), snapshotChunksMax*snapshotChunkBytes+1
		},
		"a root node without end": func(m *Manifest) { m.RootNode = make([]byte, rootNodeBytesMax+1) },
	} {
		m := good()
		if change(&m); true {
			if _, err := ParseManifest(m.Encode()); !errors.Is(err, errManifest) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	m := good()
	m.Format = 2
	if _, err := ParseManifest(m.Encode()); !errors.Is(err, ErrSnapshotFormat) {
		t.Errorf("another format: %v", err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(Manifest{Format: 1, Chain: "c", Height: 7, Root: make([]byte, 32), RootNode: []byte{1}, Bytes: 3, Chunks: [][32]byte{{9}}}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ParseManifest(b); err == nil && !bytes.Equal(m.Encode(), b) {
			t.Fatalf("%x is read as %x", b, m.Encode())
		}
	})
}

// Items come out as they went in, wherever chunks cut them.
func TestItemsLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want []string
		for range rapid.IntRange(0, 8).Draw(t, "items") {
			n := store.Node{Version: rapid.Int64Range(1, 1<<40).Draw(t, "version")}
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				n.Key, n.Value = rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "key"), rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "value")
				stream, want = appendNode(stream, n), append(want, fmt.Sprint(n))
			case 1:
				n.Height = int8(rapid.IntRange(1, 94).Draw(t, "height"))
				stream, want = appendNode(stream, n), append(want, fmt.Sprint(n))
			default:
				b := rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "kept")
				stream, want = appendKept(stream, b), append(want, fmt.Sprint(b))
			}
		}
		stream = appendEnd(stream, 5)
		var got []string
		var in items
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(t, "cut")
			in.feed(stream[:n])
			stream = stream[n:]
			for {
				it, ok, err := in.next()
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				switch it.kind {
				case itemKept:
					got = append(got, fmt.Sprint(it.kept))
				case itemEnd:
					if it.count != 5 {
						t.Fatalf("the end says %d", it.count)
					}
				default:
					if it.kind == itemLeaf && it.node.Value == nil {
						t.Fatal("an empty value has become none")
					}
					got = append(got, fmt.Sprint(it.node))
				}
			}
		}
		if !slices.Equal(got, want) || len(in.rest) > 0 {
			t.Fatalf("%q, want %q; %d bytes left", got, want, len(in.rest))
		}
	})
}

func FuzzItems(f *testing.F) {
	f.Add(appendEnd(appendKept(appendNode(nil, store.Node{Version: 1, Key: []byte("k"), Value: []byte{}}), []byte("kept")), 1), 3)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		var in items
		for _, part := range [][]byte{b[:min(max(cut, 0), len(b))], b[min(max(cut, 0), len(b)):]} {
			in.feed(part)
			for {
				if _, ok, err := in.next(); !ok || err != nil {
					break
				}
			}
		}
	})
}

// joiner is an application without blocks, of the same chain.
func joiner(t testing.TB, from *App, dir string) (*App, *Snapshots, *ABCI) {
	t.Helper()
	o := from.o
	o.Store.Dir, o.Store.NodeCacheMiB = filepath.Join(dir, "state"), 32
	a, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.OpenSnapshots(SnapshotOptions{Dir: filepath.Join(dir, "snapshots"), Kept: 2})
	if err != nil {
		t.Fatal(err)
	}
	return a, s, NewABCI(a).WithSnapshots(s)
}

// transfers hand parts on.
func (h *hot) transfers(count int) [][]byte {
	h.readParts()
	owner := map[id.ID]int{}
	for i, a := range h.holders {
		owner[a] = i
	}
	r := rand.New(rand.NewSource(int64(h.number)))
	r.Shuffle(len(h.parts), func(i, j int) { h.parts[i], h.parts[j] = h.parts[j], h.parts[i] })
	var raws [][]byte
	for _, p := range h.parts[:count] {
		from := owner[p.Holder.ID()]
		to := h.holders[1+from%(len(h.holders)-1)]
		raws = append(raws, h.tx(from, &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
			Part: hotRef(p), To: to.Bytes(), Background: &voucherv1.Background{Contract: hotContract.Bytes()},
		}}}))
	}
	return raws
}

// follow runs a block here and in another application.
func (h *hot) follow(other *App, count int) {
	raws := h.transfers(count)
	h.run(raws...)
	twin := *h
	twin.app, twin.at = other, h.at-1
	twin.block(raws)
}

// grown is a chain of some blocks with a snapshot of its newest.
func grown(t testing.TB, blocks int) (*hot, *Snapshots, Manifest) {
	t.Helper()
	h := newHot(t, 8, 800)
	for range blocks {
		h.run(h.transfers(20)...)
	}
	s, err := h.app.OpenSnapshots(SnapshotOptions{Dir: t.TempDir(), Kept: 2})
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	return h, s, m
}

func offerOf(m Manifest) *abci.Snapshot {
	return &abci.Snapshot{Height: uint64(m.Height), Format: m.Format, Chunks: uint32(len(m.Chunks)), Hash: m.Hash(), Metadata: m.Encode()}
}

// An application that began from a snapshot has the same state, lists and preimages, goes on to the same roots, and makes
// the same snapshot.
func TestJoinFromSnapshot(t *testing.T) {
	h, s, m := grown(t, 3)
	dir := t.TempDir()
	a, _, x := joiner(t, h.app, dir)
	takeAll(t, x, s, m)
	sameState(t, h.app, a)
	if a.HistoryFrom() != m.Height+1 || !errors.Is(a.noHistory(1), ErrNoHistory) {
		t.Errorf("history from %d", a.HistoryFrom())
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a, own, _ := joiner(t, h.app, dir)
	t.Cleanup(func() { _ = a.Close() })
	again, err := own.Create()
	if err != nil || !bytes.Equal(again.Encode(), m.Encode()) {
		t.Errorf("its own snapshot is another: %v", err)
	}
	for range 4 {
		h.follow(a, 20)
		sameState(t, h.app, a)
	}
	if _, err := own.Create(); err != nil {
		t.Error(err)
	}
}

func takeAll(t testing.TB, x *ABCI, s *Snapshots, m Manifest) {
	t.Helper()
	ctx := context.Background()
	if r, err := x.OfferSnapshot(ctx, &abci.RequestOfferSnapshot{Snapshot: offerOf(m), AppHash: m.Root}); err != nil || r.Result != abci.ResponseOfferSnapshot_ACCEPT {
		t.Fatalf("offer: %v %v", r, err)
	}
	for i := range m.Chunks {
		r, err := x.ApplySnapshotChunk(ctx, &abci.RequestApplySnapshotChunk{Index: uint32(i), Chunk: chunkOf(t, s, m, i), Sender: "peer"})
		if err != nil || r.Result != abci.ResponseApplySnapshotChunk_ACCEPT {
			t.Fatalf("chunk %d: %v %v", i, r, err)
		}
	}
	info, _ := x.Info(ctx, nil)
	if info.LastBlockHeight != m.Height || !bytes.Equal(info.LastBlockAppHash, m.Root) {
		t.Fatalf("at %d %x", info.LastBlockHeight, info.LastBlockAppHash)
	}
}

func chunkOf(t testing.TB, s *Snapshots, m Manifest, i int) []byte {
	t.Helper()
	b, err := s.Chunk(m.Height, m.Format, uint32(i))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameState compares root, every record, every list and every preimage.
func sameState(t testing.TB, want, got *App) {
	t.Helper()
	h1, r1, c1 := want.Digest()
	h2, r2, c2 := got.Digest()
	if h1 != h2 || !bytes.Equal(r1, r2) || c1 != c2 {
		t.Fatalf("height %d root %x content %s, want %d %x %s", h2, r2, c2, h1, r1, c1)
	}
	if a, b := derived(t, want), derived(t, got); !slices.Equal(a, b) {
		t.Fatalf("%d lists and preimages, want %d", len(b), len(a))
	}
	if want.ids.Len() != got.ids.Len() {
		t.Fatalf("%d open ids, want %d", got.ids.Len(), want.ids.Len())
	}
}

func derived(t testing.TB, a *App) (out []string) {
	t.Helper()
	side := a.store.Side()
	defer side.Release()
	if err := side.Range([]byte{'L'}, []byte{'L' + 1}, false, func(k, _ []byte) bool { out = append(out, string(k)); return true }); err != nil {
		t.Fatal(err)
	}
	lists := len(out)
	if err := index.Preimages(side, func(b []byte) error { out = append(out, string(b)); return nil }); err != nil {
		t.Fatal(err)
	}
	if lists == 0 || len(out) == lists {
		t.Fatalf("%d lists, %d preimages: the chain shows too little", lists, len(out)-lists)
	}
	return out
}

// Half-made snapshots go at the next start, damaged ones are not offered, and no more are kept than set.
func TestSnapshotFolder(t *testing.T) {
	h, s, m := grown(t, 1)
	half := filepath.Join(s.o.Dir, "99"+snapshotHalf)
	if err := errors.Join(os.Mkdir(half, 0o700), os.Mkdir(filepath.Join(s.o.Dir, "98"), 0o700)); err != nil {
		t.Fatal(err)
	}
	again, err := h.app.OpenSnapshots(s.o)
	if err != nil || len(again.List()) != 1 || again.List()[0].Height != m.Height {
		t.Fatalf("%v %v", again.List(), err)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Error("the half-made one stays")
	}
	for range 3 {
		h.run(h.transfers(1)...)
		if _, err := again.Create(); err != nil {
			t.Fatal(err)
		}
	}
	if list := again.List(); len(list) != 2 || list[0].Height != m.Height+3 || list[1].Height != m.Height+2 {
		t.Errorf("kept: %d", len(list))
	}
	if _, err := again.Chunk(m.Height, SnapshotFormat, 0); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("a dropped one is handed out: %v", err)
	}
}

// Close waits for whoever makes a snapshot, in the background or asked for: the state is closed after it.
func TestSnapshotsCloseWaits(t *testing.T) {
	h := newHot(t, 4, 400)
	s, err := h.app.OpenSnapshots(SnapshotOptions{Dir: t.TempDir(), Kept: 1})
	if err != nil || !s.begin() {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { s.Close(); close(closed) }()
	select {
	case <-closed:
		t.Error("it did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	if _, err := s.Create(); err == nil {
		t.Error("another one is made meanwhile")
	}
	s.end()
	<-closed
	if _, err := s.Create(); err == nil || len(s.List()) != 0 {
		t.Error("one is made after the end")
	}
}

// Snapshots in the background change no hash, and are of the height at which they began.
func TestSnapshotsInTheBackground(t *testing.T) {
	with, without := newHot(t, 4, 400), newHot(t, 4, 400)
	s, err := with.app.OpenSnapshots(SnapshotOptions{Dir: t.TempDir(), EveryBlocks: 2, Kept: 50})
	if err != nil {
		t.Fatal(err)
	}
	roots := map[int64][]byte{}
	for range 12 {
		with.run(with.transfers(10)...)
		without.run(without.transfers(10)...)
		s.committed(with.app.store.Height())
		roots[with.app.store.Height()] = with.app.store.Hash()
		if !bytes.Equal(with.app.store.Hash(), without.app.store.Hash()) {
			t.Fatalf("height %d: another root with snapshots", with.app.store.Height())
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.Close()
	if len(s.List()) == 0 {
		t.Fatal("none was made")
	}
	for _, m := range s.List() {
		if m.Height%2 != 0 || !bytes.Equal(m.Root, roots[m.Height]) {
			t.Errorf("the snapshot of %d has root %x, want %x", m.Height, m.Root, roots[m.Height])
		}
	}
	if s.committed(with.app.store.Height()); s.making {
		t.Error("it begins one after its end")
	}
}
