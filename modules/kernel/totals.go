package kernel

import (
	"cmp"
	"slices"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/money"
)

// Tally adds count records and amountMinor minor units (either may be negative) to an account's totals of a class,
// a number that a module's v1 package names.
// A total below zero is a broken invariant.
func (c *Ctx) Tally(account id.ID, class uint32, currency string, count, amountMinor int64) error {
	t, _ := totals.Get(c, account)
	if t == nil {
		t = &kernelv1.Totals{}
	}
	i, found := slices.BinarySearchFunc(t.Lines, class, func(l *kernelv1.Total, want uint32) int {
		return cmp.Or(cmp.Compare(l.Class, want), cmp.Compare(l.Currency, currency))
	})
	if !found {
		t.Lines = slices.Insert(t.Lines, i, &kernelv1.Total{Class: class, Currency: currency})
	}
	if err := addTotal(t.Lines[i], count, amountMinor); err != nil {
		return err
	}
	if t.Lines[i].Count == 0 && t.Lines[i].AmountMinor == 0 {
		t.Lines = slices.Delete(t.Lines, i, i+1)
	}
	totals.Save(c, account, t, len(t.Lines) > 0 || t.SentCount > 0 || t.Entries > 0)
	c.out.moves = append(c.out.moves, move{account: account, class: class, currency: currency, count: count, minor: amountMinor})
	return nil
}

func addTotal(l *kernelv1.Total, count, amountMinor int64) error {
	sum, err := money.Add(l.AmountMinor, amountMinor)
	if err != nil {
		return ErrOverflow.With("%s", err)
	}
	n := int64(l.Count) + count
	if n < 0 || sum < 0 {
		fatal("totals of class %d below zero: %d records, %d", l.Class, n, sum)
	}
	l.Count, l.AmountMinor = uint64(n), sum
	return nil
}

// Totals reads an account's totals; an account without any has an empty record.
func (c *Ctx) Totals(account id.ID) *kernelv1.Totals {
	if t, ok := totals.Get(c, account); ok {
		return t
	}
	return &kernelv1.Totals{}
}

// EachTotals walks the totals of all accounts, for invariants.
func (c *Ctx) EachTotals(fn func(account id.ID, t *kernelv1.Totals) bool) {
	totals.Each(c, nil, func(k []byte, t *kernelv1.Totals) bool { return fn(id.Must(k), t) })
}

// sent appends a transaction to its sender's chain, failed ones too.
func (c *Ctx) sent(tx *Tx, code uint32) {
	t := c.Totals(tx.Sender)
	link := &kernelv1.Link{
		Prev: t.SentHead, Number: t.SentCount + 1, Id: tx.Body.Id, BodyHash: tx.Hash.Bytes(), Code: code, Height: c.info.Height,
		Sender: tx.Sender.Bytes(),
	}
	b, err := deterministic.Marshal(link)
	if err != nil {
		fatal("a link cannot be encoded: %v", err)
	}
	t.SentCount, t.SentHead = link.Number, kernelv1.LinkHash(b).Bytes()
	totals.Save(c, tx.Sender, t, true)
	c.Keep(append([]byte(kernelv1.TagSent), b...))
}
