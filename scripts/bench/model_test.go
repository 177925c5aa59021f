package main

import (
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"pgregory.net/rapid"
)

func modelOf(parts, accounts int) *model {
	m := newModel(accounts, 7)
	for i := range parts {
		m.add(part{number: id.Hash("part", fmt.Append(nil, i)), holder: int32(i % accounts)})
	}
	return m
}

// TestModelAgainstMap plays draws, passes and splits against a plain map of who holds how many.
func TestModelAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		accounts := rapid.IntRange(2, 6).Draw(t, "accounts")
		parts := rapid.IntRange(1, 30).Draw(t, "parts")
		m, want := modelOf(parts, accounts), map[int32]int64{}
		for i := range parts {
			want[int32(i%accounts)]++
		}
		type away struct{ place, from, to int32 }
		var out []away
		drawn := map[int32]bool{}
		for step := range rapid.IntRange(0, 200).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"draw", "pass", "split"}).Draw(t, "do") {
			case "draw":
				place, p, to, ok := m.draw()
				if !ok {
					continue
				}
				if drawn[place] || to == p.holder || to < 0 || int(to) >= accounts {
					t.Fatalf("drew %d (away: %v) of %d for %d", place, drawn[place], p.holder, to)
				}
				drawn[place] = true
				out = append(out, away{place, p.holder, to})
			case "pass":
				if len(out) == 0 {
					continue
				}
				a, head := out[0], id.Hash("head", fmt.Append(nil, step))
				out, drawn[a.place] = out[1:], false
				m.passed(a.place, a.to, head)
				want[a.from]--
				want[a.to]++
				if got := m.parts[a.place]; got.head != head || got.holder != a.to {
					t.Fatalf("passed to %d, it is %d's", a.to, got.holder)
				}
			case "split":
				if len(out) == 0 {
					continue
				}
				m.divided(out[0].to)
				want[out[0].to]++
				out = out[1:]
			}
		}
		for i, held := range m.held {
			if held != want[int32(i)] {
				t.Fatalf("account %d: %d, want %d", i, held, want[int32(i)])
			}
		}
	})
}

func TestModelLaysSpentPartsAside(t *testing.T) {
	m := modelOf(1, 2)
	for i := range passesMost {
		place, p, to, ok := m.draw()
		if !ok || m.spent() {
			t.Fatalf("pass %d: ok %v, spent %v while it is away", i, ok, m.spent())
		}
		if to == p.holder {
			t.Fatal("a part goes to its own holder")
		}
		m.passed(place, to, id.ID{byte(i)})
	}
	if _, _, _, ok := m.draw(); ok || !m.spent() {
		t.Error("a part that has been passed on as often as the chain allows is drawn again")
	}
}

func TestDrawIsUniform(t *testing.T) {
	const parts, rounds = 10, 10_000
	m, count := modelOf(parts, 3), map[int32]int{}
	for range rounds {
		place, p, _, _ := m.draw()
		count[place]++
		m.passed(place, p.holder, p.head)
		m.parts[place].passes = 0
	}
	for place := range int32(parts) {
		if got := count[place]; got < rounds/parts*8/10 || got > rounds/parts*12/10 {
			t.Errorf("part %d was drawn %d times of %d", place, got, rounds)
		}
	}
}

func TestSeedRepeats(t *testing.T) {
	a, b := modelOf(50, 5), modelOf(50, 5)
	for range 50 {
		p1, _, t1, _ := a.draw()
		p2, _, t2, _ := b.draw()
		if p1 != p2 || t1 != t2 {
			t.Fatal("one seed gives two runs")
		}
	}
}
