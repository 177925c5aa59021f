package kernel

import (
	"cmp"
	"slices"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// move is one change of an account's totals, as Tally was told of it.
type move struct {
	account      id.ID
	class        uint32
	currency     string
	count, minor int64
}

// touched is an account whose totals changed, or that an event names.
type touched struct {
	account id.ID
	changes []*kernelv1.Change
	events  []id.ID
}

// enter appends an entry to the chain of every account that the transaction, or the block's own work (nil), touched.
// Whoever walks an account's chain back from its totals has all that happened to it, and nothing else.
func (c *Ctx) enter(transaction []byte) {
	for _, t := range c.out.touched() {
		rec := c.Totals(t.account)
		e := &kernelv1.Entry{
			Prev: rec.EntriesHead, Number: rec.Entries + 1, Account: t.account.Bytes(), Height: c.info.Height, TimeUnixS: c.Now(),
			Transaction: transaction, Changes: t.changes,
		}
		if len(t.events) > 0 {
			e.Events = kernelv1.EventsHash(t.events).Bytes()
		}
		b, err := deterministic.Marshal(e)
		if err != nil {
			fatal("an entry cannot be encoded: %v", err)
		}
		rec.Entries, rec.EntriesHead = e.Number, kernelv1.EntryHash(b).Bytes()
		totals.Save(c, t.account, rec, true)
		c.Keep(append([]byte(kernelv1.TagEntry), b...))
	}
}

// touched gathers moves and events by account, in order of their first; changes are in order of class and currency, and
// what cancels out is no change.
func (o *output) touched() []*touched {
	var out []*touched
	at := map[id.ID]*touched{}
	of := func(account id.ID) *touched {
		t := at[account]
		if t == nil {
			t = &touched{account: account}
			at[account], out = t, append(out, t)
		}
		return t
	}
	for _, m := range o.moves {
		of(m.account).add(m)
	}
	for _, e := range o.events {
		if e.Visibility == kernelv1.Visibility_VISIBILITY_REGULATOR || len(e.Parties) == 0 {
			continue // a party could not check what it may not see
		}
		digest := kernelv1.EventDigest(e)
		for i, p := range e.Parties {
			if !contains(e.Parties[:i], p) {
				t := of(id.Must(p))
				t.events = append(t.events, digest)
			}
		}
	}
	for _, t := range out {
		t.changes = slices.DeleteFunc(t.changes, func(c *kernelv1.Change) bool { return c.Count == 0 && c.AmountMinor == 0 })
	}
	return slices.DeleteFunc(out, func(t *touched) bool { return len(t.changes)+len(t.events) == 0 })
}

func contains(in [][]byte, one []byte) bool {
	return slices.ContainsFunc(in, func(b []byte) bool { return string(b) == string(one) })
}

// add adds a move to the line of its class and currency.
func (t *touched) add(m move) {
	i, found := slices.BinarySearchFunc(t.changes, m.class, func(l *kernelv1.Change, want uint32) int {
		return cmp.Or(cmp.Compare(l.Class, want), cmp.Compare(l.Currency, m.currency))
	})
	if !found {
		t.changes = slices.Insert(t.changes, i, &kernelv1.Change{Class: m.class, Currency: m.currency})
	}
	t.changes[i].Count += m.count
	t.changes[i].AmountMinor += m.minor
}
