package voucher

import (
	"fmt"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// compare has the chain and the model agree on what everybody holds, owes and was paid.
func (m *model) compare() {
	type sums struct{ count, minor int64 }
	var held, offered, incoming, waiting, frozen, blocked [4]sums
	var owed sums
	add := func(s *sums, minor int64) { s.count, s.minor = s.count+1, s.minor+minor }
	for _, p := range m.packages {
		if !p.ended {
			add(&owed, p.outstanding())
			if !p.accepted {
				add(&waiting[p.creditor], p.minor)
			}
		}
		for _, i := range p.live() {
			one := p.parts[i]
			if one.to < 0 {
				add(&held[one.holder], one.units-one.closed)
			} else {
				add(&offered[one.holder], one.units-one.closed)
				add(&incoming[one.to], one.units-one.closed)
			}
			if m.frozenAt(p, i, 0) {
				add(&frozen[one.holder], one.units-one.closed)
			}
		}
		m.samePlaces(p)
	}
	for _, claim := range m.blocked {
		add(&blocked[claim.holder], claim.minor)
	}
	m.total(acme, voucherv1.ClassIncoming, uint64(incoming[modelObligor].count), incoming[modelObligor].minor)
	for i, a := range suppliers {
		m.total(a, voucherv1.ClassFrozen, uint64(frozen[i].count), frozen[i].minor)
		m.total(a, depositv1.ClassBlocked, uint64(blocked[i].count), blocked[i].minor)
		m.total(a, voucherv1.ClassHeld, uint64(held[i].count), held[i].minor)
		m.total(a, voucherv1.ClassOffered, uint64(offered[i].count), offered[i].minor)
		m.total(a, voucherv1.ClassIncoming, uint64(incoming[i].count), incoming[i].minor)
		m.total(a, voucherv1.ClassPending, uint64(waiting[i].count), waiting[i].minor)
		if m.balance(a) != m.paid[i] {
			m.t.Fatalf("supplier %d was paid %d, want %d", i, m.balance(a), m.paid[i])
		}
	}
	for i := range 3 {
		name := fmt.Sprint("invoice ", i)
		if inv, _ := invoices.Get(m.View(), id.Must(hash(name))); inv.GetUsedMinor() != m.used[name] {
			m.t.Fatalf("%s is used with %d, want %d", name, inv.GetUsedMinor(), m.used[name])
		}
	}
	m.total(acme, voucherv1.ClassOwed, uint64(owed.count), owed.minor)
	if l := m.lineOf(acme); l.OutstandingMinor != owed.minor || m.TB.Failed() {
		m.t.Fatalf("line %v, want %d", l, owed.minor)
	}
}

// samePlaces compares who holds which units.
func (m *model) samePlaces(p *modelPackage) {
	now, from := m.parts(p.id), int64(1)
	for _, one := range p.parts {
		if one.units > one.closed {
			if len(now) == 0 || now[0].Lo != from || now[0].Units() != one.units || now[0].ClosedMinor != one.closed || int64(now[0].SplitsLeft) != one.splits || now[0].Holder.ID() != suppliers[one.holder].ID {
				m.t.Fatalf("at %d: %v, want %+v", from, now, one)
			}
			now = now[1:]
		}
		from += one.units
	}
	if len(now) > 0 {
		m.t.Fatalf("also %v", now)
	}
}
