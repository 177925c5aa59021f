package app

import (
	"bytes"
	"context"
	"math/rand"
	"os"
	"slices"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
)

// What a lying peer offers or sends is refused in its own way, the true snapshot is taken afterwards.
func TestLyingPeers(t *testing.T) {
	h, s, m := grown(t, 2)
	ctx := context.Background()
	for name, c := range map[string]struct {
		lie  func(o *abci.Snapshot, root *[]byte)
		want abci.ResponseOfferSnapshot_Result
	}{
		"another format":    {func(o *abci.Snapshot, _ *[]byte) { o.Format = 9 }, abci.ResponseOfferSnapshot_REJECT_FORMAT},
		"another height":    {func(o *abci.Snapshot, _ *[]byte) { o.Height++ }, abci.ResponseOfferSnapshot_REJECT_SENDER},
		"another hash":      {func(o *abci.Snapshot, _ *[]byte) { o.Hash = []byte("x") }, abci.ResponseOfferSnapshot_REJECT_SENDER},
		"more chunks":       {func(o *abci.Snapshot, _ *[]byte) { o.Chunks++ }, abci.ResponseOfferSnapshot_REJECT_SENDER},
		"no manifest":       {func(o *abci.Snapshot, _ *[]byte) { o.Metadata = nil }, abci.ResponseOfferSnapshot_REJECT_SENDER},
		"the header's root": {func(_ *abci.Snapshot, root *[]byte) { *root = make([]byte, 32) }, abci.ResponseOfferSnapshot_REJECT_SENDER},
		"another chain": {func(o *abci.Snapshot, _ *[]byte) {
			other := m
			other.Chain = "other"
			*o = *offerOf(other)
		}, abci.ResponseOfferSnapshot_REJECT_SENDER},
		"another root's node": {func(o *abci.Snapshot, _ *[]byte) {
			other := m
			other.RootNode = []byte("node")
			*o = *offerOf(other)
		}, abci.ResponseOfferSnapshot_REJECT_SENDER},
	} {
		t.Run(name, func(t *testing.T) {
			a, _, x := joiner(t, h.app, t.TempDir())
			t.Cleanup(func() { _ = a.Close() })
			o, root := offerOf(m), m.Root
			c.lie(o, &root)
			if r, err := x.OfferSnapshot(ctx, &abci.RequestOfferSnapshot{Snapshot: o, AppHash: root}); err != nil || r.Result != c.want {
				t.Errorf("%v %v, want %v", r, err, c.want)
			}
			takeAll(t, x, s, m)
		})
	}
}

// falseSnapshot makes a snapshot whose manifest fits its chunks, and whose chunks lie.
func falseSnapshot(m Manifest, stream []byte) (Manifest, []byte) {
	w := &chunks{m: m, ended: make(chan struct{})}
	w.m.Chunks, w.m.Bytes = nil, 0
	dir, _ := os.MkdirTemp("", "false-")
	defer os.RemoveAll(dir) //nolint:errcheck // of a test
	w.dir, w.buffer = dir, bytes.Clone(stream)
	_ = w.cut(1)
	return w.m, stream
}

func TestLyingChunks(t *testing.T) {
	h, s, m := grown(t, 2)
	if len(m.Chunks) != 1 {
		t.Fatalf("%d chunks: the test is made for one", len(m.Chunks))
	}
	good, ctx := chunkOf(t, s, m, 0), context.Background()
	random := rand.New(rand.NewSource(3))
	garbage := make([]byte, 5000)
	random.Read(garbage)
	flipped := bytes.Clone(good)
	flipped[len(flipped)/3] ^= 1
	for name, stream := range map[string][]byte{
		"garbage": garbage, "a bit": flipped, "cut": good[:len(good)/2], "twice": append(bytes.Clone(good), good...),
		"a preimage more": appendEnd(appendKept(bytes.Clone(good[:len(good)-3]), []byte("more")), 0), "nothing but the end": appendEnd(nil, 0),
	} {
		t.Run(name, func(t *testing.T) {
			a, _, x := joiner(t, h.app, t.TempDir())
			t.Cleanup(func() { _ = a.Close() })
			lie, chunk := falseSnapshot(m, stream)
			if r, _ := x.OfferSnapshot(ctx, &abci.RequestOfferSnapshot{Snapshot: offerOf(lie), AppHash: m.Root}); r.Result != abci.ResponseOfferSnapshot_ACCEPT {
				t.Fatalf("the manifest alone shows it: %v", r)
			}
			r, err := x.ApplySnapshotChunk(ctx, &abci.RequestApplySnapshotChunk{Chunk: chunk, Sender: "liar"})
			if err != nil || r.Result != abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT || !slices.Equal(r.RejectSenders, []string{"liar"}) {
				t.Errorf("%v %v", r, err)
			}
			if a.store.Height() != 0 || a.HistoryFrom() != 1 {
				t.Error("something of it stays")
			}
			takeAll(t, x, s, m)
		})
	}
	t.Run("not the manifest's", func(t *testing.T) {
		a, _, x := joiner(t, h.app, t.TempDir())
		t.Cleanup(func() { _ = a.Close() })
		_, _ = x.OfferSnapshot(ctx, &abci.RequestOfferSnapshot{Snapshot: offerOf(m), AppHash: m.Root})
		r, _ := x.ApplySnapshotChunk(ctx, &abci.RequestApplySnapshotChunk{Chunk: flipped, Sender: "liar"})
		if r.Result != abci.ResponseApplySnapshotChunk_RETRY || !slices.Equal(r.RefetchChunks, []uint32{0}) || !slices.Equal(r.RejectSenders, []string{"liar"}) {
			t.Errorf("%v", r)
		}
		r, _ = x.ApplySnapshotChunk(ctx, &abci.RequestApplySnapshotChunk{Chunk: good, Sender: "peer"})
		if r.Result != abci.ResponseApplySnapshotChunk_ACCEPT || a.store.Height() != m.Height {
			t.Errorf("the true chunk afterwards: %v", r)
		}
	})
}
