package voucher

import (
	"slices"

	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// What the reference model knows of merges and freezes.
type (
	modelFreeze struct {
		pkg         *modelPackage
		id          []byte
		by          int
		lo, hi      int64
		from, until int64
	}
	modelClaim struct {
		pkg    *modelPackage
		lo, hi int64
		holder int
		minor  int64
	}
)

func (f *modelFreeze) meets(p *modelPackage, lo, hi int64) bool {
	return f.pkg == p && f.lo <= hi && lo <= f.hi
}

// place is the range of a part.
func (p *modelPackage) place(i int) (lo, hi int64) {
	for _, one := range p.parts[:i] {
		lo += one.units
	}
	return lo + 1, lo + p.parts[i].units
}

// frozen tells whether a part is frozen in the next block.
func (m *model) frozen(p *modelPackage, i int) bool { return m.frozenAt(p, i, m.Time+1) }

func (m *model) frozenAt(p *modelPackage, i int, now int64) bool {
	lo, hi := p.place(i)
	return slices.ContainsFunc(m.freezes, func(f *modelFreeze) bool { return now < f.until && f.meets(p, lo, hi) })
}

// pays gives a unit's money to its holder, or keeps it while the part is frozen.
func (m *model) pays(p *modelPackage, i int, frozen bool) {
	one := p.parts[i]
	if !frozen {
		m.paid[one.holder]++
		return
	}
	if m.blocked[one] == nil {
		lo, hi := p.place(i)
		m.blocked[one] = &modelClaim{pkg: p, lo: lo, hi: hi, holder: one.holder}
	}
	m.blocked[one].minor++
}

func (m *model) freeze() {
	p := m.somePackage()
	if p == nil {
		return
	}
	lo := int64(m.draw("from unit", 1, int(p.minor)))
	hi := min(lo+int64(m.draw("units", 0, 40)), p.minor+int64(m.draw("beyond", 0, 9)/9))
	f := &modelFreeze{pkg: p, by: m.draw("by", modelCourt, modelPolice), lo: lo, hi: hi, until: m.Time + 1 + int64(m.draw("hours", 0, 80))*3_600}
	fits := p.accepted && hi <= p.minor && m.there(f) && f.until > m.Time+1 && f.until <= m.Time+1+72*3_600 && m.mayAgain(f)
	msg := m.freezing(p.id, lo, hi, 0)
	msg.UntilUnixS = f.until
	events := m.do(f.by, msg, fits)
	if !fits {
		return
	}
	for _, e := range events {
		if laid, err := e.Decode(); err == nil {
			if laid, ok := laid.(*voucherv1.FreezeLaid); ok {
				f.id, f.from = laid.Freeze, m.Time
			}
		}
	}
	m.cutOut(f)
	m.freezes, m.memory = append(m.freezes, f), append(m.memory, *f)
}

// there tells whether a freeze meets anything.
func (m *model) there(f *modelFreeze) bool {
	for _, i := range f.pkg.live() {
		if lo, hi := f.pkg.place(i); f.meets(f.pkg, lo, hi) {
			return true
		}
	}
	for _, c := range m.blocked {
		if f.meets(c.pkg, c.lo, c.hi) {
			return true
		}
	}
	return false
}

// mayAgain: nobody goes on beyond 72 hours from its first freeze of a unit, until 30 days after them.
func (m *model) mayAgain(f *modelFreeze) bool {
	return !slices.ContainsFunc(m.memory, func(old modelFreeze) bool {
		return old.by == f.by && old.meets(f.pkg, f.lo, f.hi) && m.Time+1 < old.from+72*3_600+30*86_400 && f.until > old.from+72*3_600
	})
}

// cutOut divides what lies across the borders of a freeze.
func (m *model) cutOut(f *modelFreeze) {
	for i := 0; i < len(f.pkg.parts); i++ {
		one := f.pkg.parts[i]
		lo, hi := f.pkg.place(i)
		if one.closed == one.units || !f.meets(f.pkg, lo, hi) || f.lo <= lo && hi <= f.hi {
			continue
		}
		one.endOffer(true)
		var lengths []int64
		for _, n := range []int64{f.lo - lo, min(hi, f.hi) - max(lo, f.lo) + 1, hi - f.hi} {
			if n > 0 {
				lengths = append(lengths, n)
			}
		}
		f.pkg.cut(i, 0, lengths...)
		i += len(lengths) - 1
	}
}

func (m *model) release() {
	if len(m.freezes) == 0 {
		return
	}
	f := m.freezes[m.draw("freeze", 0, len(m.freezes)-1)]
	as := m.draw("released by", modelCourt, modelPolice)
	m.do(as, &voucherv1.Release{Package: f.pkg.id, Freeze: f.id}, as == f.by)
	if as == f.by {
		m.endFreeze(f)
	}
}

// endFreeze pays out what no other freeze meets.
func (m *model) endFreeze(f *modelFreeze) {
	m.freezes = slices.DeleteFunc(m.freezes, func(o *modelFreeze) bool { return o == f })
	for part, c := range m.blocked {
		if !slices.ContainsFunc(m.freezes, func(o *modelFreeze) bool { return o.meets(c.pkg, c.lo, c.hi) }) {
			m.paid[c.holder] += c.minor
			delete(m.blocked, part)
		}
	}
}

// merge makes one of two or three that follow each other among those that live, where nothing closed lies between.
func (m *model) merge() {
	p := m.someLive()
	if p == nil || len(p.live()) < 2 {
		return
	}
	live, now := p.live(), m.parts(p.id)
	first := m.draw("first of them", 0, len(live)-2)
	last := min(first+m.draw("how many", 1, 2), len(live)-1)
	one := p.parts[live[first]]
	as, fits := m.as(one.holder), true
	sum := modelPart{holder: one.holder, to: -1, endorsers: one.endorsers}
	for n := first; n <= last; n++ {
		next := p.parts[live[n]]
		fits = fits && next.holder == as && next.to < 0 && !m.frozen(p, live[n]) && next.endorsers == one.endorsers && live[n]-live[first] == n-first
		sum.units, sum.closed, sum.splits, sum.depth = sum.units+next.units, sum.closed+next.closed, sum.splits+next.splits, max(sum.depth, next.depth)
	}
	m.do(as, m.merging(now[first:last+1]...), fits)
	if fits {
		p.parts = slices.Replace(p.parts, live[first], live[last]+1, &sum)
	}
}
