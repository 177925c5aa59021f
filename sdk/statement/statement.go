// Package statement makes statements of an account for a period: opening, movements, closing, by class, currency and
// bank, out of the account's entries, every one of which is proven and none of which can be missing.
package statement

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/sdk"
)

// Errors of making a statement.
var (
	// ErrPeriod: the period ends before it begins, or has not begun.
	ErrPeriod = errors.New("the period cannot be stated")
	// ErrSums: what is proven does not add up; this program does not understand an entry, or a node found a way to lie.
	ErrSums = errors.New("the account's entries do not add up to its proven totals")
)

// Period is days of the chain, both included.
type Period struct {
	FromDay, ToDay int32 // days since 1970-01-01
	OffsetS        int32 // the chain's offset from UTC
}

// Begins and Ends are the first second of the period and the first after it, in unix seconds of the chain's time.
func (p Period) Begins() int64 { return p.start(p.FromDay) }

// Ends is the first second after the period.
func (p Period) Ends() int64 { return p.start(p.ToDay + 1) }

func (p Period) start(day int32) int64 { return int64(day)*secondsPerDay - int64(p.OffsetS) }

const secondsPerDay = 86_400

// Key says what a section is about.
type Key struct {
	Class    uint32
	Currency string
	Bank     id.ID // of deposits alone
}

func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Class, o.Class), cmp.Compare(k.Currency, o.Currency), slices.Compare(k.Bank[:], o.Bank[:]))
}

// Balance is how many records there are and what they add up to in minor units. Deposits at a bank count 0 or 1.
type Balance struct{ Count, AmountMinor int64 }

// Movement is one line of a section.
type Movement struct {
	Entry       uint64 // its number in the account's chain
	Height      int64
	Time        time.Time // the chain's
	Transaction id.ID     // zero: the block's own work, such as a lapse
	Telling
	Count, AmountMinor int64
	After              Balance
}

// Section is the movements of one class, currency and bank.
type Section struct {
	Key
	Opening, Closing Balance
	Movements        []Movement
}

// Statement is an account's for a period.
type Statement struct {
	Chain    string
	Account  id.ID
	Period   Period
	Verified sdk.Verified // where the totals were proven
	Entries  uint64       // how many entries the account has had
	Sections []Section
}

// Make makes the statement of the client's account; currency limits it to one.
func Make(ctx context.Context, c *sdk.Client, p Period, currency string) (*Statement, error) {
	if p.ToDay < p.FromDay {
		return nil, fmt.Errorf("%w: it ends before it begins", ErrPeriod)
	}
	h, err := c.History(ctx, func(e *kernelv1.Entry) bool { return e.TimeUnixS < p.Begins() })
	if err != nil {
		return nil, err
	}
	s, err := Of(h, c.Account(), p)
	if err != nil {
		return nil, err
	}
	s.Chain = c.Chain()
	if currency != "" {
		s.Sections = slices.DeleteFunc(s.Sections, func(one Section) bool { return one.Currency != currency })
	}
	return s, nil
}

// Of makes a statement from a history that reaches back to the period's beginning: what there is now, less what happened
// since the period, is its closing; less what happened in it, its opening.
func Of(h sdk.History, account id.ID, p Period) (*Statement, error) {
	b := &book{account: account, zone: time.FixedZone("", int(p.OffsetS)), sections: map[Key]*Section{}}
	if err := b.now(h); err != nil {
		return nil, err
	}
	for _, e := range slices.Backward(h.Entries) {
		if e.TimeUnixS < p.Begins() {
			break
		}
		if err := b.back(e, e.TimeUnixS < p.Ends()); err != nil {
			return nil, err
		}
	}
	s := &Statement{Account: account, Period: p, Verified: h.Verified, Entries: h.Totals.GetEntries(), Sections: b.finished()}
	return s, s.Check()
}

// book walks back in time: each section's opening is what it had before what was walked.
type book struct {
	account  id.ID
	zone     *time.Location
	sections map[Key]*Section
}

// now begins with what is proven: the totals, deposits by bank.
func (b *book) now(h sdk.History) error {
	sums := map[string]int64{}
	for _, d := range h.Deposits {
		*b.at(Key{depositv1.ClassHeld, d.Currency, ident(d.Bank)}) = Section{Key: Key{depositv1.ClassHeld, d.Currency, ident(d.Bank)}, Opening: Balance{1, d.AmountMinor}}
		sums[d.Currency] += d.AmountMinor
	}
	for _, l := range h.Totals.GetLines() {
		if l.Class != depositv1.ClassHeld {
			b.at(Key{Class: l.Class, Currency: l.Currency}).Opening = Balance{int64(l.Count), l.AmountMinor}
		} else if sums[l.Currency] != l.AmountMinor {
			return fmt.Errorf("%w: deposits of %d %s, their total is %d", ErrSums, sums[l.Currency], l.Currency, l.AmountMinor)
		}
	}
	for _, s := range b.sections {
		s.Closing = s.Opening
	}
	return nil
}

func (b *book) at(k Key) *Section {
	s := b.sections[k]
	if s == nil {
		s = &Section{Key: k}
		b.sections[k] = s
	}
	return s
}

// back takes an entry back; within the period it is a movement, after it the closing is before it.
func (b *book) back(e *sdk.Entry, within bool) error {
	lines, err := explain(e, b.account)
	if err != nil {
		return err
	}
	for _, l := range slices.Backward(lines) {
		s := b.at(l.key)
		l.After = s.Opening
		l.Entry, l.Height, l.Time, l.Transaction = e.Number, e.Height, time.Unix(e.TimeUnixS, 0).In(b.zone), ident(e.Transaction)
		if l.key.Bank != (id.ID{}) { // one record, there or not
			l.Count = min(s.Opening.AmountMinor, 1) - min(s.Opening.AmountMinor-l.AmountMinor, 1)
		}
		s.Opening.Count -= l.Count
		was := s.Opening.AmountMinor
		s.Opening.AmountMinor -= l.AmountMinor
		overflown := (l.AmountMinor < 0) != (s.Opening.AmountMinor > was) && l.AmountMinor != 0
		if overflown || s.Opening.AmountMinor < 0 || s.Opening.Count < 0 {
			return fmt.Errorf("%w: before entry %d (block %d), %s in %s would have been %d of %d", ErrSums, e.Number, e.Height,
				ClassOf(s.Class).Name, s.Currency, s.Opening.Count, s.Opening.AmountMinor)
		}
		if within {
			s.Movements = append(s.Movements, l.Movement)
		} else {
			s.Closing = s.Opening
		}
	}
	return nil
}

// finished are the sections in order, those with nothing in them left out.
func (b *book) finished() (out []Section) {
	for _, s := range b.sections {
		if s.Opening != (Balance{}) || s.Closing != (Balance{}) || len(s.Movements) > 0 {
			slices.Reverse(s.Movements)
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b Section) int { return a.Key.compare(b.Key) })
	return out
}

// Check adds every section up again.
func (s *Statement) Check() error {
	for _, one := range s.Sections {
		at := one.Opening
		for _, m := range one.Movements {
			at.Count, at.AmountMinor = at.Count+m.Count, at.AmountMinor+m.AmountMinor
			if at != m.After {
				return fmt.Errorf("%w: %s in %s at entry %d", ErrSums, ClassOf(one.Class).Name, one.Currency, m.Entry)
			}
		}
		if at != one.Closing {
			return fmt.Errorf("%w: %s in %s: opening and movements give %d, closing is %d", ErrSums, ClassOf(one.Class).Name, one.Currency, at.AmountMinor, one.Closing.AmountMinor)
		}
	}
	return nil
}
