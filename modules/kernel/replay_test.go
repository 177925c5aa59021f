package kernel_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"pgregory.net/rapid"
)

// insert writes number n once; run twice it would be Fatal, so nothing runs twice unseen.
func insert(n uint64) script {
	return func(c *kernel.Ctx) error {
		numbers.Insert(c, kernel.Uint64(n), number(n))
		return nil
	}
}

func TestReplay(t *testing.T) {
	w := newWorld(t)
	body := w.Body(alice, w.call(alice, "toy.Do", insert(1)))
	raw := w.Sign(body, alice)
	other := w.Body(alice, w.call(alice, "toy.Do", insert(2)))
	other.Id = body.Id
	bobs := w.Body(bob, w.call(bob, "toy.Do", insert(3)))
	bobs.Id = body.Id
	tx, err := w.Judge(raw)
	if err != nil {
		t.Fatal(err)
	}
	// The same bytes, and another body under the id, in one block: the first runs, the others leave nothing.
	got := w.Block(tx, tx, w.parse(other, alice), w.parse(bobs, bob))
	for i, want := range []error{nil, kernel.ErrIDReused, kernel.ErrIDReused, nil} {
		if !errors.Is(got[i].Err, want) {
			t.Errorf("transaction %d: want %v, got %v", i, want, got[i].Err)
		}
	}
	if len(got[1].Events)+len(got[1].Kept)+len(got[1].Data) != 0 {
		t.Error("a transaction that was not included left", got[1])
	}
	for name, raw := range map[string][]byte{"the same bytes": raw, "another body": w.Sign(other, alice)} {
		if r := w.Raw(raw); !errors.Is(r.Err, kernel.ErrIDReused) {
			t.Errorf("%s in the next block: %v", name, r.Err)
		}
	}
	if w.Totals(alice.ID).SentCount != 1 || w.Totals(bob.ID).SentCount != 1 {
		t.Error("links", w.Totals(alice.ID).SentCount, w.Totals(bob.ID).SentCount)
	}
	if !w.IDs.Has(tx.ReplayKey()) || w.IDs.Len() != 2 {
		t.Error(w.IDs.Len(), "ids")
	}
}

// A body is signed by several people: other signatures make no other transaction.
func TestOtherSignaturesAreTheSameTransaction(t *testing.T) {
	w := newWorld(t)
	body := w.Body(board, w.call(board, "toy.Do", insert(1)))
	if r := w.Raw(w.Sign(body, with(board, 0, 1))); r.Err != nil {
		t.Fatal(r.Err)
	}
	if r := w.Raw(w.Sign(body, with(board, 1, 2))); !errors.Is(r.Err, kernel.ErrIDReused) {
		t.Error(r.Err)
	}
}

// A failed transaction consumes its id too.
func TestFailureConsumesTheID(t *testing.T) {
	w := newWorld(t)
	raw := w.Sign(w.Body(alice, w.call(alice, "toy.Do", func(*kernel.Ctx) error { return errRefused })), alice)
	if r := w.Raw(raw); !errors.Is(r.Err, errRefused) {
		t.Fatal(r.Err)
	}
	if r := w.Raw(raw); !errors.Is(r.Err, kernel.ErrIDReused) {
		t.Error(r.Err)
	}
}

// What is not included consumes nothing: expired, too far ahead, from nobody.
func TestNotIncluded(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct {
		change func(*txv1.Body)
		want   error
	}{
		"expired at the block's own time": {func(b *txv1.Body) { b.ExpiresUnixS = w.Time + 1 }, kernel.ErrExpired},
		"too far ahead for anybody":       {func(b *txv1.Body) { b.ExpiresUnixS = w.Time + 1 + txv1.WindowSeveralS + 1 }, kernel.ErrTooFarAhead},
		"from nobody":                     {func(b *txv1.Body) { b.Sender = nobody.ID.Bytes() }, kernel.ErrUnknown},
	} {
		body := w.Body(alice, w.call(alice, "toy.Do", insert(1)))
		tc.change(body)
		tx := w.parse(body, alice)
		if r := w.Block(tx)[0]; !errors.Is(r.Err, tc.want) || r.Code == 0 || len(r.Kept) != 0 {
			t.Errorf("%s: %v", name, r.Err)
		}
		if w.IDs.Has(tx.ReplayKey()) {
			t.Errorf("%s: the id was consumed", name)
		}
	}
}

// The two windows to the second: for accounts of one key and of several.
func TestExpiryToTheSecond(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct {
		a     kerneltest.Actor
		ahead int64
		want  error
	}{
		{alice, 0, kernel.ErrExpired},
		{alice, -1_000_000, kernel.ErrExpired},
		{alice, 1, nil},
		{alice, 600, nil},
		{alice, 601, kernel.ErrTooFarAhead},
		{pair, 0, kernel.ErrExpired},
		{pair, 1, nil},
		{pair, 604_800, nil},
		{pair, 604_801, kernel.ErrTooFarAhead},
	} {
		body := w.Body(tc.a, w.call(tc.a, "toy.Do", nil))
		body.ExpiresUnixS = w.Time + tc.ahead
		tx, err := w.M.Parse(w.Sign(body, tc.a))
		if err != nil {
			t.Fatal(err)
		}
		if err = w.M.Judge(w.View(), tx, w.IDs, key.Verify); !errors.Is(err, tc.want) {
			t.Errorf("%d s ahead: want %v, got %v", tc.ahead, tc.want, err)
		}
	}
}

// Ids are remembered for as long as their transactions could run, to the second, and no longer.
func TestExpiredIDsAreForgotten(t *testing.T) {
	for name, tc := range map[string]struct {
		a      kerneltest.Actor
		window int64
	}{"one key": {alice, txv1.WindowS}, "several keys": {pair, txv1.WindowSeveralS}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			body := w.Body(tc.a, w.call(tc.a, "toy.Do", nil))
			body.ExpiresUnixS = w.Time + tc.window
			raw := w.Sign(body, tc.a)
			if r := w.Raw(raw); r.Err != nil {
				t.Fatal(r.Err)
			}
			included := w.Time
			w.Time = included + tc.window - 1
			w.Block() // at the last second at which the id is held
			if w.Time != included+tc.window || w.IDs.Len() != 1 || w.M.Judge(w.View(), w.parse(body, tc.a), w.IDs, key.Verify) == nil {
				t.Error("forgotten too early")
			}
			w.Block()
			if w.IDs.Len() != 0 {
				t.Error("not forgotten")
			}
			if r := w.Raw(raw); !errors.Is(r.Err, kernel.ErrExpired) {
				t.Error("a forgotten id runs again:", r.Err)
			}
			found := false
			w.Mem.Range(kernelv1.StateKey(kernelv1.PrefixBlockIDs), kernel.After(kernelv1.StateKey(kernelv1.PrefixBlockIDs)), func(_, _ []byte) bool {
				found = true
				return false
			})
			if found {
				t.Error("a record of ids is still in state")
			}
		})
	}
}

// An account of several keys has at most so many ids open; when they expire it may go on.
func TestTooManyOpen(t *testing.T) {
	w := newWorld(t)
	w.exhaust()
	next := func(ahead int64) error {
		body := w.Body(board, w.call(board, "toy.Do", nil))
		body.ExpiresUnixS = w.Time + ahead
		_, err := w.Judge(w.Sign(body, with(board, 0, 1)))
		return err
	}
	if err := next(txv1.WindowS + 1); !errors.Is(err, kernel.ErrTooManyOpen) {
		t.Error(err)
	}
	if err := next(txv1.WindowS); err != nil {
		t.Error("one of several signers keeps the others from acting soon:", err)
	}
	if _, err := w.Judge(w.Sign(w.Body(pair, w.call(pair, "toy.Do", nil)), pair)); err != nil {
		t.Error("another account is not concerned:", err)
	}
	w.Advance(txv1.WindowSeveralS + 1)
	if err := next(txv1.WindowSeveralS); err != nil {
		t.Error(err)
	}
}

// Blocks after a long pause forget a bounded number of records each, and none is left in the end.
func TestForgettingIsBounded(t *testing.T) {
	w := newWorld(t)
	const blocks = 250
	for range blocks {
		w.must(alice, nil)
	}
	w.Advance(txv1.WindowS + 1)
	for want := blocks - 100; want > -100; want -= 100 {
		if got := w.IDs.Len(); got != max(want, 0) {
			t.Errorf("%d ids are left, want %d", got, max(want, 0))
		}
		w.Block()
	}
}

// After every block of any workload the set in memory is the one that is rebuilt from state, and it refuses what a
// model of (sender, id, until when) refuses.
func TestIDSetIsWhatStateSays(t *testing.T) {
	type used struct {
		a  int
		id uint64
	}
	actors := []kerneltest.Actor{alice, bob, pair, with(board, 0, 2)}
	windows := []int64{txv1.WindowS, txv1.WindowS, txv1.WindowSeveralS, txv1.WindowSeveralS}
	rapid.Check(t, func(rt *rapid.T) {
		w, until := newWorld(t), map[used]int64{}
		for range rapid.IntRange(1, 12).Draw(rt, "blocks") {
			last := w.Time // the set is that of the block before: what it had not forgotten is refused
			w.Time += rapid.SampledFrom([]int64{0, 0, 100, 599, 600, 700_000}).Draw(rt, "pause")
			now := w.Time + 1
			var txs []*kernel.Tx
			var fresh []bool
			for range rapid.IntRange(0, 4).Draw(rt, "transactions") {
				u := used{rapid.IntRange(0, 3).Draw(rt, "who"), rapid.Uint64Range(1, 3).Draw(rt, "id")}
				b := w.Body(actors[u.a], w.call(actors[u.a], "toy.Do", nil))
				ahead := rapid.Int64Range(1, windows[u.a]).Draw(rt, "ahead")
				b.Id, b.ExpiresUnixS = idOf(u.id), now+ahead
				held, there := until[u]
				free := !there || held < last
				if txs, fresh = append(txs, w.parse(b, actors[u.a])), append(fresh, free); free {
					until[u] = now + keptFor(ahead)
				}
			}
			for i, r := range w.Block(txs...) {
				if (r.Err == nil) != fresh[i] {
					rt.Fatalf("transaction %d: fresh %v, got %v", i, fresh[i], r.Err)
				}
			}
			checkIDs(rt, w)
			for u, held := range until {
				if has := w.IDs.Has(replayKeyOf(w, actors[u.a], idOf(u.id))); has != (held >= w.Time) {
					rt.Fatalf("at %d the id %v, held until %d: %v", w.Time, u, held, has)
				}
			}
		}
	})
}

// keptFor is how long an id is held whose transaction expires so far ahead.
func keptFor(ahead int64) int64 {
	if ahead > txv1.WindowS {
		return txv1.WindowSeveralS
	}
	return txv1.WindowS
}

func idOf(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 8), n) }

func replayKeyOf(w *world, a kerneltest.Actor, txID []byte) kernel.ReplayKey {
	b := w.Body(a, w.call(a, "toy.Do", nil))
	b.Id = txID
	return w.parse(b, a).ReplayKey()
}

// checkIDs compares the set that blocks kept up to date with the one that a restart loads.
func checkIDs(rt *rapid.T, w *world) {
	loaded := kernel.LoadIDs(w.View())
	if d := cmp.Diff(w.IDs, loaded, cmp.AllowUnexported(kernel.IDSet{})); d != "" {
		rt.Fatalf("the set is not what state says:\n%s", d)
	}
}

// What a block consumed is in order of inclusion, 16 bytes each, and names its height.
func TestBlockIDsRecord(t *testing.T) {
	w := newWorld(t)
	a, b := w.parse(w.Body(alice, w.call(alice, "toy.Do", nil)), alice), w.parse(w.Body(bob, w.call(bob, "toy.Do", nil)), bob)
	later := w.Body(pair, w.call(pair, "toy.Do", nil))
	later.ExpiresUnixS = w.Time + txv1.WindowS + 2
	p := w.parse(later, pair)
	w.Block(b, p, a)
	one, several := &kernelv1.BlockIDs{}, &kernelv1.BlockIDs{}
	key := func(class uint64) []byte {
		return kernelv1.StateKey(kernelv1.PrefixBlockIDs, kernel.Join(kernel.Uint64(class), kernel.Uint64(uint64(w.Height))).Append(nil))
	}
	if !w.Read(key(0), one) || !w.Read(key(1), several) {
		t.Fatal("no records")
	}
	ka, kb, kp := a.ReplayKey(), b.ReplayKey(), p.ReplayKey()
	if !bytes.Equal(one.Keys, append(kb[:], ka[:]...)) || one.Height != w.Height || one.UntilUnixS != w.Time+txv1.WindowS {
		t.Error(one)
	}
	if !bytes.Equal(several.Keys, append(kp[:], pair.ID[:]...)) || several.UntilUnixS != w.Time+txv1.WindowSeveralS {
		t.Error(several)
	}
	if h := id.Hash("replay", alice.ID[:], a.Body.Id); ka != kernel.ReplayKey(h[:16]) {
		t.Error("the replay key is no hash of sender and id")
	}
}
