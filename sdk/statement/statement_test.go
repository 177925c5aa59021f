package statement_test

import (
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/statement"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

var (
	me, other    = id.ID{1}, id.ID{2}
	bankA, bankB = id.ID{0xa}, id.ID{0xb}
)

const day = int64(86_400)

func event(m proto.Message) *kernelv1.Event {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return &kernelv1.Event{Type: string(m.ProtoReflect().Descriptor().FullName()), Data: b}
}

// model is an account whose balances a test keeps itself, beside the entries that it makes.
type model struct {
	held    map[statement.Key]statement.Balance
	entries []*sdk.Entry
	atDay   map[int32]map[statement.Key]statement.Balance // when the day began
}

func (m *model) entry(at int64, changes []*kernelv1.Change, events ...proto.Message) {
	e := &sdk.Entry{Entry: &kernelv1.Entry{Number: uint64(len(m.entries) + 1), Height: int64(len(m.entries)), TimeUnixS: at, Changes: changes}}
	for _, one := range events {
		e.Events = append(e.Events, event(one))
	}
	m.entries = append(m.entries, e)
}

func (m *model) add(k statement.Key, count, minor int64) {
	b := m.held[k]
	b.Count, b.AmountMinor = b.Count+count, b.AmountMinor+minor
	if m.held[k] = b; b == (statement.Balance{}) {
		delete(m.held, k)
	}
}

// step makes one random entry.
func (m *model) step(t *rapid.T, at int64) {
	minor := rapid.Int64Range(1, 1_000).Draw(t, "minor")
	held, bank := statement.Key{Class: voucherv1.ClassHeld, Currency: "CNY"}, rapid.SampledFrom([]id.ID{bankA, bankB}).Draw(t, "bank")
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0: // a voucher comes in
		m.add(held, 1, minor)
		m.entry(at, []*kernelv1.Change{{Class: held.Class, Currency: "CNY", Count: 1, AmountMinor: minor}}, &voucherv1.Passed{From: other[:], To: me[:], AmountMinor: minor})
	case 1: // something that this program has no words for
		k := statement.Key{Class: 499, Currency: "USD"}
		m.add(k, 2, minor)
		m.entry(at, []*kernelv1.Change{{Class: 499, Currency: "USD", Count: 2, AmountMinor: minor}}, &kernelv1.Count{Count: 1})
	case 2: // a deposit, perhaps the first at its bank
		k := statement.Key{Class: depositv1.ClassHeld, Currency: "CNY", Bank: bank}
		first := int64(1) - m.held[k].Count
		m.add(k, first, minor)
		m.entry(at, []*kernelv1.Change{{Class: k.Class, Currency: "CNY", Count: first, AmountMinor: minor}}, &depositv1.Moved{Bank: bank[:], To: me[:], AmountMinor: minor, Currency: "CNY"})
	case 3: // half of what is held goes, in two pieces of one transaction
		have := m.held[held]
		if have.Count < 2 || have.AmountMinor < 2 {
			return
		}
		m.add(held, -2, -have.AmountMinor)
		if have.Count > 2 {
			m.add(held, 0, have.AmountMinor/2)
		} else {
			m.add(held, 0, 0)
		}
		gone := have.AmountMinor - m.held[held].AmountMinor
		m.entry(at, []*kernelv1.Change{{Class: held.Class, Currency: "CNY", Count: -2, AmountMinor: -gone}},
			&voucherv1.Passed{From: me[:], To: other[:], AmountMinor: 1}, &voucherv1.Passed{From: me[:], To: other[:], AmountMinor: gone - 1})
	case 4: // a deposit goes, all of it
		k := statement.Key{Class: depositv1.ClassHeld, Currency: "CNY", Bank: bank}
		have := m.held[k]
		if have.Count == 0 {
			return
		}
		m.add(k, -1, -have.AmountMinor)
		m.entry(at, []*kernelv1.Change{{Class: k.Class, Currency: "CNY", Count: -1, AmountMinor: -have.AmountMinor}}, &depositv1.Moved{Bank: bank[:], From: me[:], AmountMinor: have.AmountMinor, Currency: "CNY"})
	}
}

func (m *model) history() sdk.History {
	h := sdk.History{Totals: &kernelv1.Totals{Entries: uint64(len(m.entries))}, Entries: m.entries, Whole: true}
	sums := map[statement.Key]statement.Balance{}
	for k, b := range m.held {
		if k.Class == depositv1.ClassHeld {
			h.Deposits = append(h.Deposits, &depositv1.Balance{Bank: k.Bank.Bytes(), Currency: k.Currency, AmountMinor: b.AmountMinor})
		}
		k.Bank = id.ID{}
		b.Count, b.AmountMinor = b.Count+sums[k].Count, b.AmountMinor+sums[k].AmountMinor
		sums[k] = b
	}
	for k, b := range sums {
		h.Totals.Lines = append(h.Totals.Lines, &kernelv1.Total{Class: k.Class, Currency: k.Currency, Count: uint64(b.Count), AmountMinor: b.AmountMinor})
	}
	return h
}

func copied(in map[statement.Key]statement.Balance) map[statement.Key]statement.Balance {
	out := map[statement.Key]statement.Balance{}
	for k, b := range in {
		out[k] = b
	}
	return out
}

const days = 8

func randomModel(t *rapid.T) *model {
	m := &model{held: map[statement.Key]statement.Balance{}, atDay: map[int32]map[statement.Key]statement.Balance{}}
	m.held[statement.Key{Class: voucherv1.ClassHeld, Currency: "CNY"}] = statement.Balance{Count: 3, AmountMinor: 77} // of genesis
	for d := range int32(days) {
		m.atDay[d] = copied(m.held)
		for n := range rapid.IntRange(0, 5).Draw(t, "entries") {
			m.step(t, int64(d)*day+int64(n))
		}
	}
	m.atDay[days] = copied(m.held)
	return m
}

// Every period opens and closes with what there was, whatever happened, and adjoining periods meet.
func TestEveryPeriodAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := randomModel(t)
		for from := range int32(days) {
			for to := from; to < days; to++ {
				s, err := statement.Of(m.history(), me, statement.Period{FromDay: from, ToDay: to})
				if err != nil {
					t.Fatal(err)
				}
				opening, closing, lines := copied(m.atDay[from]), copied(m.atDay[to+1]), 0
				for _, one := range s.Sections {
					if one.Opening != opening[one.Key] || one.Closing != closing[one.Key] {
						t.Fatalf("days %d to %d: %v opens with %v and closes with %v, it was %v and %v", from, to, one.Key, one.Opening, one.Closing, opening[one.Key], closing[one.Key])
					}
					delete(opening, one.Key)
					delete(closing, one.Key)
					lines += len(one.Movements)
				}
				if len(opening)+len(closing) != 0 {
					t.Fatalf("days %d to %d: left out %v %v", from, to, opening, closing)
				}
				within := 0
				for _, e := range m.entries {
					if d := int32(e.TimeUnixS / day); d >= from && d <= to {
						within++
					}
				}
				if lines < within {
					t.Fatalf("%d lines of %d entries", lines, within)
				}
			}
		}
	})
}

// An entry that is left out, doubled or altered is seen by the sums too, wherever hashes did not see it before.
func TestWhatDoesNotAddUpIsRefused(t *testing.T) {
	in := func(minor int64) (*kernelv1.Change, *voucherv1.Passed) {
		return &kernelv1.Change{Class: voucherv1.ClassHeld, Currency: "CNY", Count: 1, AmountMinor: minor}, &voucherv1.Passed{From: other[:], To: me[:], AmountMinor: minor}
	}
	build := func() *model {
		m := &model{held: map[statement.Key]statement.Balance{}}
		for n := range int64(3) {
			c, e := in(10 + n)
			m.add(statement.Key{Class: c.Class, Currency: "CNY"}, 1, c.AmountMinor)
			m.entry(n, []*kernelv1.Change{c}, e)
		}
		m.add(statement.Key{Class: depositv1.ClassHeld, Currency: "CNY", Bank: bankA}, 1, 5)
		m.entry(9, []*kernelv1.Change{{Class: depositv1.ClassHeld, Currency: "CNY", Count: 1, AmountMinor: 5}}, &depositv1.Moved{Bank: bankA[:], To: me[:], AmountMinor: 5, Currency: "CNY"})
		return m
	}
	p := statement.Period{ToDay: 0}
	if _, err := statement.Of(build().history(), me, p); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(h *sdk.History){
		"one twice":               func(h *sdk.History) { h.Entries = append(h.Entries, h.Entries[0]) },
		"more than there is":      func(h *sdk.History) { h.Entries[0].Changes[0].AmountMinor = 1_000 },
		"more records":            func(h *sdk.History) { h.Entries[0].Changes[0].Count = 9 },
		"deposits without events": func(h *sdk.History) { h.Entries[3].Events = nil },
		"deposits at another bank": func(h *sdk.History) {
			h.Entries[3].Events[0] = event(&depositv1.Moved{Bank: bankB[:], To: me[:], AmountMinor: 5, Currency: "CNY"})
		},
		"another sum of deposits": func(h *sdk.History) { h.Deposits[0].AmountMinor = 6 },
	} {
		h := build().history()
		change(&h)
		if s, err := statement.Of(h, me, p); !errors.Is(err, statement.ErrSums) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestCheckSeesAWrongStatement(t *testing.T) {
	for name, change := range map[string]func(*statement.Statement){
		"closing":  func(s *statement.Statement) { s.Sections[0].Closing.AmountMinor++ },
		"opening":  func(s *statement.Statement) { s.Sections[0].Opening.Count++ },
		"movement": func(s *statement.Statement) { s.Sections[0].Movements[0].AmountMinor++ },
		"missing":  func(s *statement.Statement) { s.Sections[0].Movements = s.Sections[0].Movements[1:] },
	} {
		s := sample(t)
		change(s)
		if err := s.Check(); !errors.Is(err, statement.ErrSums) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWordsOfUnknownThings(t *testing.T) {
	if got := statement.Tell(&kernelv1.Event{Type: "a.b.v1.GoodsSeized", Data: []byte{0xff}}, me); got.Kind != "goods_seized" || statement.Words(got.Kind) != "Goods seized" {
		t.Error(got)
	}
	if c := statement.ClassOf(777); c.Code != "class_777" {
		t.Error(c)
	}
	for _, c := range statement.Classes {
		if statement.ClassOf(c.Number) != c {
			t.Error(c)
		}
	}
}
