package gate_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

func (c *client) entries(account id.ID, head []byte, limit uint32) ([]*gatev1.AccountEntry, error) {
	res, err := c.Entries(context.Background(), connect.NewRequest(&gatev1.EntriesRequest{Account: account.Bytes(), Head: head, Limit: limit}))
	if err != nil {
		return nil, err
	}
	return res.Msg.Entries, nil
}

func (c *client) totals(t *testing.T, account id.ID) *kernelv1.Totals {
	t.Helper()
	rec, err := c.read(kernelv1.TotalsKey(account))
	out := &kernelv1.Totals{}
	if err != nil || !rec.Present || kernelv1.Unframe(rec.Value, out) != nil {
		t.Fatal(rec, err)
	}
	return out
}

// Whose entries who may read, and that no head gets at another account's.
func TestWhoSeesEntries(t *testing.T) {
	w := newWorld(t)
	b := w.trade()
	all := w.everybody()
	tier1 := w.Role("tier1").Account
	totals := all['R'].totals(t, tier1)
	for letter, c := range all {
		got, err := c.entries(tier1, totals.EntriesHead, 0)
		if letter != '1' && letter != 'R' {
			if code := codeOf(err); code != connect.CodePermissionDenied && code != connect.CodeUnauthenticated || len(got) > 0 {
				t.Errorf("%q reads %d of tier1's entries: %v", who[letter], len(got), err)
			}
			continue
		}
		if err != nil || uint64(len(got)) != totals.Entries {
			t.Fatalf("%q: %d entries of %d, %v", who[letter], len(got), totals.Entries, err)
		}
		w.checkEntries(t, tier1, totals.EntriesHead, got)
	}
	for letter, c := range all {
		if letter == 'N' {
			continue
		}
		own := w.Role(who[letter]).Account
		for name, head := range map[string][]byte{"another's entry": totals.EntriesHead, "a link": totals.SentHead, "a trail": b.held.Head, "nothing": hashOf("nothing")} {
			if letter == '1' && name == "another's entry" {
				continue
			}
			if got, err := c.entries(own, head, 0); codeOf(err) != connect.CodeFailedPrecondition || len(got) > 0 {
				t.Errorf("%q gets %d entries under its own name from the head of %s: %v", who[letter], len(got), name, err)
			}
		}
	}
}

// checkEntries checks the chain, that events are those that the entry hashes, and that all name the account.
func (w *world) checkEntries(t *testing.T, account id.ID, head []byte, list []*gatev1.AccountEntry) {
	t.Helper()
	for _, one := range list {
		e := &kernelv1.Entry{}
		mustUnmarshal(t, one.Entry, e)
		if h := kernelv1.EntryHash(one.Entry); !bytes.Equal(h[:], head) || !bytes.Equal(e.Account, account[:]) {
			t.Fatalf("entry %d does not belong here", e.Number)
		}
		var digests []id.ID
		for _, event := range one.Events {
			digests = append(digests, kernelv1.EventDigest(event))
			if !slices.ContainsFunc(event.Parties, func(p []byte) bool { return bytes.Equal(p, account[:]) }) {
				t.Errorf("entry %d has an event of others: %v", e.Number, event)
			}
		}
		if len(digests) > 0 && !bytes.Equal(kernelv1.EventsHash(digests).Bytes(), e.Events) {
			t.Errorf("entry %d: other events", e.Number)
		}
		head = e.Prev
	}
	if len(head) != 0 {
		t.Error("the chain does not end at its beginning")
	}
}

func TestPagesOfEntries(t *testing.T) {
	w := newWorld(t)
	w.trade()
	c, tier1 := w.as("tier1"), w.Role("tier1").Account
	totals := c.totals(t, tier1)
	var all []*gatev1.AccountEntry
	for head := totals.EntriesHead; len(head) > 0; {
		page, err := c.entries(tier1, head, 2)
		if err != nil || len(page) == 0 || len(page) > 2 {
			t.Fatal(len(page), err)
		}
		last := &kernelv1.Entry{}
		mustUnmarshal(t, page[len(page)-1].Entry, last)
		all, head = append(all, page...), last.Prev
	}
	if uint64(len(all)) != totals.Entries {
		t.Errorf("%d of %d", len(all), totals.Entries)
	}
	w.checkEntries(t, tier1, totals.EntriesHead, all)
	if many, err := c.entries(tier1, totals.EntriesHead, 1<<31); err != nil || len(many) > 200 {
		t.Errorf("%d entries at once, %v", len(many), err)
	}
}

// Whatever is asked, the gate answers with entries of a reader's own or a refusal that has a meaning.
func TestEntriesRequests(t *testing.T) {
	w := newWorld(t, apptest.Tune(func(c *node.Config) { c.CallsPerSecond = 100_000 }))
	w.trade()
	c := w.as("tier2")
	accounts := [][]byte{nil, {1}, w.Role("tier1").Account.Bytes(), w.Role("tier2").Account.Bytes(), w.Role("tier2").Member.Bytes(), make([]byte, 33)}
	heads := [][]byte{nil, {1}, make([]byte, 32), c.totals(t, w.Role("tier2").Account).EntriesHead, w.as("regulator").totals(t, w.Role("tier1").Account).EntriesHead, make([]byte, 10_000)}
	rapid.Check(t, func(t *rapid.T) {
		pick := func(from [][]byte, label string) []byte {
			if rapid.Bool().Draw(t, "garbage "+label) {
				return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, label)
			}
			return rapid.SampledFrom(from).Draw(t, label)
		}
		q := &gatev1.EntriesRequest{Account: pick(accounts, "account"), Head: pick(heads, "head"), Limit: rapid.Uint32().Draw(t, "limit")}
		res, err := c.Entries(context.Background(), connect.NewRequest(q))
		if err == nil {
			for _, one := range res.Msg.Entries {
				e := &kernelv1.Entry{}
				if proto.Unmarshal(one.Entry, e) != nil || !bytes.Equal(e.Account, c.role.Account.Bytes()) {
					t.Fatalf("an entry of %x", e.Account)
				}
			}
			return
		}
		switch code := codeOf(err); code {
		case connect.CodeInvalidArgument, connect.CodePermissionDenied, connect.CodeFailedPrecondition:
		default:
			t.Fatalf("%v: %v", code, err)
		}
	})
}
