package kernel_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

// entriesOf reads what was kept of an account's entries, oldest first, and checks the chain up to the account's head.
func entriesOf(t interface{ Fatalf(string, ...any) }, w *world, account id.ID, kept [][]byte) (out []*kernelv1.Entry) {
	var head []byte
	for _, b := range kept {
		if !bytes.HasPrefix(b, []byte(kernelv1.TagEntry)) {
			continue
		}
		e := &kernelv1.Entry{}
		if err := proto.Unmarshal(b[4:], e); err != nil {
			t.Fatalf("%v", err)
		}
		if !bytes.Equal(e.Account, account[:]) {
			continue
		}
		if !bytes.Equal(e.Prev, head) || e.Number != uint64(len(out)+1) {
			t.Fatalf("entry %d does not follow", e.Number)
		}
		hash := kernelv1.EntryHash(b[4:])
		out, head = append(out, e), hash[:]
		if kernelv1.KeptHash(b) != hash {
			t.Fatalf("the index would not find it")
		}
	}
	if tot := w.Totals(account); tot.Entries != uint64(len(out)) || !bytes.Equal(tot.EntriesHead, head) {
		t.Fatalf("%d entries, the totals say %d", len(out), tot.Entries)
	}
	return out
}

func tallied(account kerneltest.Actor, class uint32, currency string, count, minor int64) script {
	return func(c *kernel.Ctx) error { return c.Tally(account.ID, class, currency, count, minor) }
}

// One transaction is one entry of each account that it touches, its moves gathered by class and currency.
func TestEntries(t *testing.T) {
	w := newWorld(t)
	emit := func(n uint64, parties ...id.ID) script {
		return func(c *kernel.Ctx) error { c.Emit(number(n), parties...); return nil }
	}
	first := w.run(alice, tallied(alice, 8, "CNY", 1, 5), tallied(alice, 7, "USD", 2, 6), tallied(alice, 7, "CNY", 1, 10),
		tallied(bob, 7, "CNY", 1, 1), tallied(bob, 7, "CNY", -1, -1), tallied(alice, 7, "CNY", 1, -3))
	second := w.run(bob, emit(1), emit(2, alice.ID, alice.ID, bob.ID), emit(3, bob.ID))
	failed := w.run(bob, tallied(alice, 7, "CNY", 1, 1), emit(4, alice.ID), func(*kernel.Ctx) error { return errRefused })
	kept := append(append(first.Kept, second.Kept...), failed.Kept...)
	digests := []id.ID{kernelv1.EventDigest(second.Events[1]), kernelv1.EventDigest(second.Events[2])}
	a, b := entriesOf(t, w, alice.ID, kept), entriesOf(t, w, bob.ID, kept)
	if len(a) != 2 || len(b) != 1 { // what cancels out is no entry
		t.Fatalf("%d entries of alice, %d of bob", len(a), len(b))
	}
	want := []*kernelv1.Change{{Class: 7, Currency: "CNY", Count: 2, AmountMinor: 7}, {Class: 7, Currency: "USD", Count: 2, AmountMinor: 6}, {Class: 8, Currency: "CNY", Count: 1, AmountMinor: 5}}
	if d := cmp.Diff(want, a[0].Changes, protocmp.Transform()); d != "" {
		t.Error(d)
	}
	if len(a[0].Events) != 0 || len(b[0].Changes) != 0 || a[0].Height != 2 || string(a[0].Transaction) != string(first.Hash[:]) {
		t.Error(a[0], b[0])
	}
	if !bytes.Equal(a[1].Events, kernelv1.EventsHash(digests[:1]).Bytes()) || !bytes.Equal(b[0].Events, kernelv1.EventsHash(digests).Bytes()) {
		t.Error("the events of", a[1], b[0])
	}
	for i, e := range second.Events {
		if got := e.Names(alice.ID); got != (i == 1) {
			t.Errorf("event %d names alice: %v", i, got)
		}
	}
}

// What a block does by itself, dated items and ends of block, is one entry an account, of no transaction.
func TestEntriesOfTheBlock(t *testing.T) {
	w := newWorld(t)
	w.toy.due["one"] = func(c *kernel.Ctx, _ int64, _ []byte) error {
		c.Emit(number(1), alice.ID)
		return c.Tally(alice.ID, 7, "CNY", 1, 2)
	}
	w.toy.due["two"] = func(c *kernel.Ctx, _ int64, _ []byte) error {
		_ = c.Tally(alice.ID, 7, "CNY", 1, 100)
		return errRefused
	}
	w.toy.end = func(c *kernel.Ctx) []kernel.ValidatorUpdate {
		if c.Height() == 3 {
			c.Emit(number(2), alice.ID)
		}
		return nil
	}
	due := w.Time + 10
	booked := w.must(alice, book(due, alice.Member, 1), book(due, alice.Member, 2), func(c *kernel.Ctx) error {
		_, err := c.Book(due, alice.Member, "two", nil)
		return err
	})
	w.Time = due
	out := w.outcome()
	w.Block()
	kept := append(booked.Kept, out.Kept...)
	got := entriesOf(t, w, alice.ID, kept)
	if len(got) != 1 || len(got[0].Transaction) != 0 || got[0].Height != 3 || got[0].TimeUnixS < due {
		t.Fatalf("%v", got)
	}
	if c := got[0].Changes; len(c) != 1 || c[0].Count != 3 || c[0].AmountMinor != 6 {
		t.Error(got[0].Changes)
	}
	var digests []id.ID
	for _, e := range out.Events {
		if e.Names(alice.ID) {
			digests = append(digests, kernelv1.EventDigest(e))
		}
	}
	if len(digests) != 4 || !bytes.Equal(got[0].Events, kernelv1.EventsHash(digests).Bytes()) {
		t.Errorf("%d events: %v", len(digests), out.Events)
	}
}

// The sums of the entries' changes are the totals, whatever is tallied, taken back, or refused.
func TestEntriesAddUpToTheTotals(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		var kept [][]byte
		who := []kerneltest.Actor{alice, bob, carol}
		for range rapid.IntRange(1, 12).Draw(rt, "transactions") {
			var steps []script
			for range rapid.IntRange(0, 5).Draw(rt, "steps") {
				a, class := rapid.SampledFrom(who).Draw(rt, "who"), rapid.Uint32Range(1, 3).Draw(rt, "class")
				count, minor := rapid.Int64Range(0, 3).Draw(rt, "count"), rapid.Int64Range(0, 9).Draw(rt, "minor")
				sign := int64(1)
				have := w.Totals(a.ID).Total(class, "CNY")
				if len(steps) == 0 && int64(have.Count) >= count && have.AmountMinor >= minor && rapid.Bool().Draw(rt, "less") {
					sign = -1
				}
				steps = append(steps, tallied(a, class, "CNY", sign*count, sign*minor))
			}
			if rapid.IntRange(0, 4).Draw(rt, "fails") == 0 {
				steps = append(steps, func(*kernel.Ctx) error { return errRefused })
			}
			if len(steps) > 0 {
				kept = append(kept, w.run(alice, steps...).Kept...)
			}
		}
		for _, a := range who {
			var sum kernelv1.Totals
			for _, e := range entriesOf(rt, w, a.ID, kept) {
				for _, c := range e.Changes {
					l := sum.Total(c.Class, c.Currency)
					if l.Count == 0 && l.AmountMinor == 0 {
						sum.Lines = append(sum.Lines, l)
					}
					l.Count += uint64(c.Count)
					l.AmountMinor += c.AmountMinor
				}
			}
			for class := uint32(1); class <= 3; class++ {
				if got, want := sum.Total(class, "CNY"), w.Totals(a.ID).Total(class, "CNY"); got.Count != want.Count || got.AmountMinor != want.AmountMinor {
					rt.Fatalf("class %d: entries say %v, the totals %v", class, got, want)
				}
			}
		}
	})
}

// The hashes are wire format: golden.
func TestEntryGolden(t *testing.T) {
	e := &kernelv1.Event{Type: "a.B", Data: []byte{1, 2}, Parties: [][]byte{alice.ID.Bytes()}, Visibility: kernelv1.Visibility_VISIBILITY_PARTY}
	d := kernelv1.EventDigest(e)
	for got, want := range map[string]string{
		d.String():                               goldenDigest,
		kernelv1.EventsHash([]id.ID{d}).String(): goldenEvents,
		kernelv1.EntryHash([]byte{9}).String():   goldenEntry,
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for name, change := range map[string]func(*kernelv1.Event){
		"type": func(e *kernelv1.Event) { e.Type = "a.C" }, "data": func(e *kernelv1.Event) { e.Data[0]++ },
		"parties": func(e *kernelv1.Event) { e.Parties = nil }, "visibility": func(e *kernelv1.Event) { e.Visibility = 0 },
	} {
		other := proto.CloneOf(e)
		if change(other); kernelv1.EventDigest(other) == d {
			t.Errorf("the digest does not hang on %s: %s", name, hex.EncodeToString(d[:4]))
		}
	}
}

const (
	goldenDigest = "73c46e90ee1a4a1a1745a8adbed8f1752788687e641a4807945f7f398c72aa9e"
	goldenEvents = "0ba264b9766be24d80ed0d7beb562e7292eb8c601f782655c2cf5f73b0ec884a"
	goldenEntry  = "86df8b09f0f120f07a0b7a57435594944c5d23feac845b74948eb13a9696314c"
)
