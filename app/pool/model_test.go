package pool_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/modules/kernel"
	"pgregory.net/rapid"
)

// model is what a pool must hold: per lane, in order of arrival.
type model struct {
	p      *pool.Pool
	limits pool.Limits
	lanes  [4][]*pool.Entry
	added  []*pool.Entry
	number int
}

func (m *model) bytes(lane int) (n int64) {
	for _, e := range m.lanes[lane] {
		n += int64(len(e.Raw))
	}
	return n
}

func (m *model) add(t *rapid.T) {
	lane := rapid.IntRange(0, 3).Draw(t, "lane")
	m.number++
	e := entry(lane, m.number, rapid.IntRange(16, 300).Draw(t, "size"), rapid.Int64Range(1, 30).Draw(t, "weight"))
	full := len(m.lanes[lane]) >= m.limits.LaneTxs || m.bytes(lane)+int64(len(e.Raw)) > m.limits.LaneBytes
	err := m.p.Add(e)
	if full != errors.Is(err, kernel.ErrLaneFull) || !full && err != nil {
		t.Fatalf("lane full is %v, Add says %v", full, err)
	}
	if !full {
		m.lanes[lane], m.added = append(m.lanes[lane], e), append(m.added, e)
	}
}

func (m *model) addAgain(t *rapid.T) {
	if e := m.anyOne(t); e != nil {
		if err := m.p.Add(e); err != nil {
			t.Fatalf("a copy was refused: %v", err)
		}
		if err := m.p.Add(another(e)); !errors.Is(err, kernel.ErrIDReused) {
			t.Fatalf("another body under a waiting id: %v", err)
		}
	}
}

func (m *model) anyOne(t *rapid.T) *pool.Entry {
	all := slices.Concat(m.lanes[:]...)
	if len(all) == 0 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(t, "entry")
}

func (m *model) remove(t *rapid.T) {
	if e := m.anyOne(t); e != nil {
		remove(m.p, e)
		m.forget(e)
	}
}

func (m *model) forget(e *pool.Entry) {
	for i := range m.lanes {
		m.lanes[i] = slices.DeleteFunc(m.lanes[i], func(o *pool.Entry) bool { return o == e })
	}
}

// propose checks the law of a proposal: it keeps the rule of lanes, has nothing twice, nothing unfit, nothing that
// does not wait, each lane in order of arrival; and what was unfit is forgotten, and nothing else.
func (m *model) propose(t *rapid.T) {
	room := pool.Room{Bytes: rapid.Int64Range(0, 3_000).Draw(t, "bytes"), Weight: rapid.Int64Range(0, 200).Draw(t, "weight")}
	unfit := rapid.IntRange(2, 9).Draw(t, "unfit")
	var refused []*pool.Entry
	out := m.p.Propose(room, func(e *pool.Entry) bool {
		if int(binary.BigEndian.Uint64(e.Raw[8:]))%unfit == 1 {
			refused = append(refused, e)
			return false
		}
		return true
	})
	if err := pool.CheckLanes(out, room); err != nil {
		t.Fatalf("proposed what the rule refuses: %v", err)
	}
	var at [4]int
	for _, e := range out {
		lane := int(binary.BigEndian.Uint64(e.Raw))
		i := slices.Index(m.lanes[lane], e)
		if i < at[lane] || slices.Contains(refused, e) {
			t.Fatalf("%s: out of order, twice, unfit or from nowhere", names([]*pool.Entry{e}))
		}
		at[lane] = i + 1
	}
	for _, e := range refused {
		m.forget(e)
	}
	if rapid.Bool().Draw(t, "commit") {
		remove(m.p, out...)
		for _, e := range out {
			m.forget(e)
		}
	}
}

// check: nothing is lost and nothing is there twice.
func (m *model) check(t *rapid.T) {
	n := 0
	for _, lane := range m.lanes {
		for _, e := range lane {
			if n++; m.p.Find(e.Raw) != e {
				t.Fatalf("%s is lost", names([]*pool.Entry{e}))
			}
		}
	}
	if m.p.Len() != n {
		t.Fatalf("%d wait, the model has %d", m.p.Len(), n)
	}
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := pool.Limits{LaneTxs: rapid.IntRange(1, 12).Draw(t, "lane txs"), LaneBytes: rapid.Int64Range(300, 3_000).Draw(t, "lane bytes"), Bytes: 1 << 20}
		m := &model{p: pool.New(limits), limits: limits}
		t.Repeat(map[string]func(*rapid.T){
			"add": m.add, "add more": m.add, "add again": m.addAgain, "remove": m.remove, "propose": m.propose, "": m.check,
		})
	})
}
