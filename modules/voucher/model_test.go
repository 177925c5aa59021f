package voucher

import (
	"fmt"
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// The reference: packages as lists of parts in order of range, holders as numbers of suppliers, and none of the
// module's ways of keeping them.
type (
	modelPart struct {
		holder        int
		units, closed int64
		splits        int64 // how many more it may have
		depth         int
		to            int // whom it is on offer to; -1: nobody
		expires       int64
		invoice       string // of the offer; empty: a contract alone
	}
	modelPackage struct {
		id       []byte
		creditor int
		minor    int64
		invoice  string
		accepted bool
		ended    bool
		parts    []*modelPart
	}
	model struct {
		*world
		t        *rapid.T
		packages []*modelPackage
		used     map[string]int64
		paid     [3]int64
		limit    int64
		until    int64 // of the standing acceptances
	}
)

const (
	modelDepth   = 3
	modelInvoice = int64(100_000) // what use() says of every invoice
)

// TestAgainstAModel plays random calls, right and wrong ones, and compares what took effect and what everybody then
// has. After every block the chain checks its invariants.
func TestAgainstAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{world: newWorld(t), t: rt, used: map[string]int64{}, limit: 150_000}
		m.param(voucherv1.ParamDepthMax, modelDepth)
		m.Plant(voucherv1.LineKey(acme.ID, "CNY"), &voucherv1.Line{Obligor: acme.ID.Bytes(), Currency: "CNY", LimitMinor: m.limit})
		m.mint(acme, line)
		for _, s := range suppliers[:2] {
			m.until = m.Time + 30*86_400
			m.Must(s, &voucherv1.SetStandingAcceptance{Checker: bank.ID.Bytes(), Currency: "CNY", MaxMinor: 30, UntilUnixS: m.until})
		}
		verbs := []func(){m.issue, m.issue, m.answerPackage, m.answerPackage, m.transfer, m.transfer, m.transfer, m.answerOffer, m.answerOffer, m.split, m.pass, m.pay, m.pay}
		m.Must(bank, &voucherv1.CheckDocument{Documents: [][]byte{hash("contract")}})
		for range rapid.IntRange(10, 40).Draw(rt, "steps") {
			verbs[rapid.IntRange(0, len(verbs)-1).Draw(rt, "verb")]()
			m.lapse()
		}
		m.compare()
	})
}

func (m *model) draw(name string, least, most int) int {
	return rapid.IntRange(least, most).Draw(m.t, name)
}

// as draws who acts: mostly the one who may.
func (m *model) as(right int) int {
	if as := m.draw("as", 0, 8); as < 3 {
		return as
	}
	return right
}

func (m *model) today() int32 { return kernelv1.DayOf(m.Time+1, 8*3600) }

// do sends a call and says whether it took effect; it must, exactly where the model says so.
func (m *model) do(as int, msg proto.Message, fits bool) []*kernelv1.Event {
	who := acme
	if as >= 0 {
		who = suppliers[as]
	}
	r := m.Do(who, msg)
	if (r.Err == nil) != fits {
		m.t.Fatalf("%v: fits %v, got %v", msg, fits, r.Err)
	}
	return r.Events
}

func (m *model) issue() {
	p := &modelPackage{creditor: m.draw("creditor", 0, 2), minor: int64(m.draw("amount", 1, 40)), invoice: fmt.Sprint("invoice ", m.draw("invoice", 0, 2))}
	if m.draw("large", 0, 4) == 0 {
		p.minor *= 1_000
	}
	owed := p.minor
	for _, other := range m.packages {
		owed += other.outstanding()
	}
	fits := owed <= m.limit && m.used[p.invoice]+p.minor <= modelInvoice && m.today() < due
	events := m.do(-1, issueOf(item(suppliers[p.creditor], p.minor, p.invoice)), fits)
	if !fits {
		return
	}
	e, _ := events[0].Decode()
	p.id = e.(*voucherv1.Issued).Package
	m.packages = append(m.packages, p)
}

func (p *modelPackage) outstanding() int64 {
	if p.ended {
		return 0
	}
	left := p.minor
	for _, one := range p.parts {
		left -= one.closed
	}
	return left
}

func (m *model) somePackage() *modelPackage {
	if len(m.packages) == 0 {
		return nil
	}
	return m.packages[m.draw("package", 0, len(m.packages)-1)]
}

func (m *model) answerPackage() {
	p := m.somePackage()
	if p == nil {
		return
	}
	as, waiting := m.as(p.creditor), !p.accepted && !p.ended
	switch m.draw("answer", 0, 4) {
	case 0:
		fits := waiting && as == p.creditor
		m.do(as, &voucherv1.RejectPackage{Package: p.id}, fits)
		p.ended = p.ended || fits
	case 1:
		m.do(-1, &voucherv1.CancelPackage{Package: p.id}, waiting)
		p.ended = p.ended || waiting
	default:
		fits := waiting && as == p.creditor && m.today() <= due && m.used[p.invoice]+p.minor <= modelInvoice
		m.do(as, accept(p.id), fits)
		if fits {
			p.accepted, p.parts = true, []*modelPart{{holder: as, units: p.minor, splits: 500, to: -1}}
			m.used[p.invoice] += p.minor
		}
	}
}

// somePart draws a live part, with what the chain says of it.
func (m *model) somePart() (p *modelPackage, i int, now *voucherv1.Part) {
	p = m.somePackage()
	if p == nil || len(p.live()) == 0 {
		return nil, 0, nil
	}
	live := p.live()
	n := m.draw("part", 0, len(live)-1)
	return p, live[n], m.parts(p.id)[n]
}

// live are the places of the parts that are not wholly closed.
func (p *modelPackage) live() (out []int) {
	for i, one := range p.parts {
		if one.units > one.closed {
			out = append(out, i)
		}
	}
	return out
}

func (m *model) transferable(p *modelPackage) bool {
	return m.today() <= due && p.outstanding() == p.minor
}

func (m *model) transfer() {
	p, i, now := m.somePart()
	if p == nil {
		return
	}
	part, as, to := p.parts[i], m.as(p.parts[i].holder), m.draw("to", 0, 2)
	it := m.give(now, suppliers[to], int64(m.draw("amount", 0, int(min(part.units+1, 60)))))
	amount, invoice := it.AmountMinor, ""
	if amount == 0 {
		amount = part.units - part.closed
	}
	if m.draw("with invoice", 0, 2) == 0 {
		invoice = fmt.Sprint("invoice ", m.draw("invoice", 0, 2))
		it.Background = trading(use(invoice, amount))
	}
	if amount > modelInvoice {
		return
	}
	fits := as == part.holder && part.to < 0 && m.transferable(p) && to != as && amount <= part.units && part.depth < modelDepth &&
		(invoice == "" || m.used[invoice]+amount <= modelInvoice) && (amount == part.units || part.splits >= 1)
	direct := fits && to < 2 && amount <= 30 && invoice == "" && m.Time+1 < m.until
	if m.draw("at once", 0, 3) == 0 {
		it.OfferExpiresUnixS, fits = 0, direct
	}
	m.do(as, items(it), fits)
	if !fits {
		return
	}
	if amount < part.units {
		p.cut(i, amount, part.units-amount)
		part = p.parts[i]
	}
	if direct {
		part.holder, part.depth = to, part.depth+1
	} else {
		part.to, part.expires, part.invoice = to, it.OfferExpiresUnixS, invoice
	}
}

// cut replaces a part by pieces; what of it is closed, and its further splits, go to them in proportion, rounded down
// up to each end.
func (p *modelPackage) cut(i int, lengths ...int64) {
	old, from := p.parts[i], int64(0)
	var pieces []*modelPart
	for _, n := range lengths {
		piece := *old
		part := func(of int64) int64 { return (from+n)*of/old.units - from*of/old.units }
		piece.units, piece.closed, piece.splits = n, part(old.closed), part(old.splits-int64(len(lengths)-1))
		pieces, from = append(pieces, &piece), from+n
	}
	p.parts = slices.Replace(p.parts, i, i+1, pieces...)
}

func (m *model) split() {
	p, i, now := m.somePart()
	if p == nil || p.parts[i].units < 3 {
		return
	}
	part, as := p.parts[i], m.as(p.parts[i].holder)
	first := int64(m.draw("first", 1, int(part.units-2)))
	fits := as == part.holder && part.to < 0 && part.splits >= 2
	m.do(as, splitInto(now.Ref(), first, 1, part.units-first-1), fits)
	if fits {
		p.cut(i, first, 1, part.units-first-1)
	}
}

func (m *model) answerOffer() {
	p, i, now := m.somePart()
	if p == nil {
		return
	}
	part, as := p.parts[i], m.as(max(p.parts[i].to, 0))
	switch m.draw("answer", 0, 3) {
	case 0:
		fits := part.to >= 0 && as == part.to
		m.do(as, &voucherv1.RejectOffer{Part: now.Ref()}, fits)
		part.endOffer(fits)
	case 1:
		fits := part.to >= 0 && as == part.holder
		m.do(as, &voucherv1.WithdrawOffer{Part: now.Ref()}, fits)
		part.endOffer(fits)
	default:
		amount := part.units
		fits := part.to >= 0 && as == part.to && m.Time+1 < part.expires && m.transferable(p) &&
			(part.invoice == "" || m.used[part.invoice]+amount <= modelInvoice)
		m.do(as, acceptOffer(now), fits)
		if fits {
			if part.invoice != "" {
				m.used[part.invoice] += amount
			}
			part.holder, part.depth = as, part.depth+1
			part.endOffer(true)
		}
	}
}

func (p *modelPart) endOffer(ended bool) {
	if ended {
		p.to, p.expires, p.invoice = -1, 0, ""
	}
}

// pass lets time pass, now and then up to the due day.
func (m *model) pass() {
	if m.draw("to the due day", 0, 5) == 0 && m.today() < due {
		m.untilDue(0)
		return
	}
	m.Advance(int64(m.draw("seconds", 0, 40_000)))
}

// lapse ends the offers whose time is over, as the end of the block did.
func (m *model) lapse() {
	for _, p := range m.packages {
		for _, one := range p.parts {
			one.endOffer(one.to >= 0 && one.expires <= m.Time)
		}
	}
}

// pay spreads unit by unit: the kth unit that is outstanding gets ⌊k·P/M⌋ − ⌊(k−1)·P/M⌋.
func (m *model) pay() {
	p := m.somePackage()
	if p == nil {
		return
	}
	left := p.outstanding()
	minor := int64(m.draw("payment", 1, int(max(left, 1))+1))
	if m.draw("the rest and one more", 0, 5) == 0 {
		minor = left + 1
	}
	fits := p.accepted && !p.ended && m.today() >= due && minor <= left
	m.do(-1, payment(&voucherv1.Package{Id: p.id}, minor), fits)
	if !fits {
		return
	}
	k := int64(0)
	for _, one := range p.parts {
		for range one.units - one.closed {
			k++
			if k*minor/left > (k-1)*minor/left {
				one.closed++
				m.paid[one.holder]++
			}
		}
		one.endOffer(one.closed == one.units)
	}
	p.ended = p.outstanding() == 0
}

// compare has the chain and the model agree on what everybody holds, owes and was paid.
func (m *model) compare() {
	type sums struct{ count, minor int64 }
	var held, offered, incoming, waiting [3]sums
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
		}
		m.samePlaces(p)
	}
	for i, a := range suppliers {
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
