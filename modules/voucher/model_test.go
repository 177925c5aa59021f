package voucher

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
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
		recourse      bool   // of the offer
		endorsers     string // who passed it on with recourse, in order
		extinguished  bool
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
		freezes  []*modelFreeze
		memory   []modelFreeze
		blocked  map[*modelPart]*modelClaim
		draws    int
	}
)

// Who acts, beside the suppliers 0 to 2: the obligor as receiver, and two authorities.
const (
	modelObligor = 3
	modelCourt   = 4
	modelPolice  = 5
)

func modelActor(as int) kerneltest.Actor {
	return append(slices.Clone(suppliers), acme, court, police)[as]
}

const (
	modelDepth   = 3
	modelInvoice = int64(100_000) // what use() says of every invoice
)

// TestAgainstAModel plays random calls, right and wrong ones, and compares what took effect and what everybody then
// has. After every block the chain checks its invariants.
func TestAgainstAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{world: newWorld(t), t: rt, used: map[string]int64{}, limit: 150_000, blocked: map[*modelPart]*modelClaim{}}
		m.param(voucherv1.ParamDepthMax, modelDepth)
		m.Plant(voucherv1.LineKey(acme.ID, "CNY"), &voucherv1.Line{Obligor: acme.ID.Bytes(), Currency: "CNY", LimitMinor: m.limit})
		m.mint(acme, line)
		for _, s := range suppliers[:2] {
			m.until = m.Time + 30*86_400
			m.Must(s, &voucherv1.SetStandingAcceptance{Checker: bank.ID.Bytes(), Currency: "CNY", MaxMinor: 30, UntilUnixS: m.until})
		}
		verbs := []func(){
			m.issue, m.answerPackage, m.transfer, m.transfer, m.transfer, m.answerOffer, m.answerOffer, m.answerOffer, m.split, m.split,
			m.pass, m.pay, m.pay, m.merge, m.merge, m.freeze, m.freeze, m.release,
		}
		m.Must(bank, &voucherv1.CheckDocument{Documents: [][]byte{hash("contract")}})
		for range 3 {
			m.issue()
			m.answerPackage()
		}
		for range m.draw("steps", 20, 50) {
			verbs[m.draw("verb", 0, len(verbs)-1)]()
			m.lapse()
		}
		m.compare()
	})
}

// draw draws evenly: rapid's own ranges prefer small numbers, with which little would take effect.
func (m *model) draw(name string, least, most int) int {
	m.draws++
	h := id.Hash(fmt.Sprint(rapid.Uint64().Draw(m.t, name), m.draws))
	return least + int(binary.BigEndian.Uint32(h[:]))%(most-least+1)
}

// as draws who acts: mostly the one who may.
func (m *model) as(right int) int {
	if as := m.draw("as", 0, 11); as < 3 {
		return as
	}
	return right
}

func (m *model) today() int32 { return kernelv1.DayOf(m.Time+1, 8*3600) }

// do sends a call and says whether it took effect; it must, exactly where the model says so.
func (m *model) do(as int, msg proto.Message, fits bool) []*kernelv1.Event {
	if as < 0 {
		as = modelObligor
	}
	r := m.Do(modelActor(as), msg)
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

// paid is how much of the package is closed by payment.
func (p *modelPackage) paid() (minor int64) {
	for _, one := range p.parts {
		if !one.extinguished {
			minor += one.closed
		}
	}
	return minor
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

// someLive draws a package that has parts.
func (m *model) someLive() *modelPackage {
	all := slices.DeleteFunc(slices.Clone(m.packages), func(p *modelPackage) bool { return len(p.live()) == 0 })
	if len(all) == 0 {
		return nil
	}
	return all[m.draw("package", 0, len(all)-1)]
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
	p = m.someLive()
	if p == nil {
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
	return m.today() <= due && p.paid() == 0
}

func (m *model) transfer() {
	p, i, now := m.somePart()
	if p == nil {
		return
	}
	part, as, to := p.parts[i], m.as(p.parts[i].holder), m.draw("to", 0, modelObligor)
	it := m.give(now, modelActor(to), int64(m.draw("amount", 0, int(min(part.units+1, 60)))))
	amount, invoice := it.AmountMinor, ""
	if amount == 0 {
		amount = part.units - part.closed
	}
	it.Recourse = m.draw("recourse", 0, 3) == 0
	if m.draw("with invoice", 0, 2) == 0 {
		invoice = fmt.Sprint("invoice ", m.draw("invoice", 0, 2))
		it.Background = trading(use(invoice, amount))
	}
	if amount > modelInvoice {
		return
	}
	fits := as == part.holder && part.to < 0 && m.transferable(p) && to != as && amount <= part.units && (part.depth < modelDepth || to == modelObligor) &&
		!m.frozen(p, i) && (invoice == "" || m.used[invoice]+amount <= modelInvoice) && (amount == part.units || part.splits >= 1)
	direct := fits && to < 2 && amount <= 30 && invoice == "" && m.Time+1 < m.until
	if m.draw("at once", 0, 3) == 0 {
		it.OfferExpiresUnixS, fits = 0, direct
	}
	m.do(as, items(it), fits)
	if !fits {
		return
	}
	if amount < part.units {
		p.cut(i, 1, amount, part.units-amount)
		part = p.parts[i]
	}
	part.recourse = it.Recourse
	if direct {
		p.handOver(part, to)
	} else {
		part.to, part.expires, part.invoice = to, it.OfferExpiresUnixS, invoice
	}
}

// handOver gives a part to its receiver; the obligor's are gone.
func (p *modelPackage) handOver(part *modelPart, to int) {
	if part.to = -1; to == modelObligor {
		part.closed, part.extinguished = part.units, true
		p.ended = p.outstanding() == 0
		return
	}
	if part.recourse {
		part.endorsers += fmt.Sprint(part.holder, " ")
	}
	part.holder, part.depth = to, part.depth+1
}

// cut replaces a part by pieces; what of it is closed, and its further splits, go to them in proportion, rounded down
// up to each end.
func (p *modelPackage) cut(i, cost int, lengths ...int64) {
	old, from := p.parts[i], int64(0)
	var pieces []*modelPart
	for _, n := range lengths {
		piece := *old
		part := func(of int64) int64 { return (from+n)*of/old.units - from*of/old.units }
		piece.units, piece.closed, piece.splits = n, part(old.closed), part(old.splits-int64(cost))
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
	fits := as == part.holder && part.to < 0 && part.splits >= 2 && !m.frozen(p, i)
	m.do(as, splitInto(now.Ref(), first, 1, part.units-first-1), fits)
	if fits {
		p.cut(i, 2, first, 1, part.units-first-1)
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
		fits := part.to >= 0 && as == part.to && m.Time+1 < part.expires && m.transferable(p) && !m.frozen(p, i) &&
			(part.invoice == "" || m.used[part.invoice]+amount <= modelInvoice)
		m.do(as, acceptOffer(now), fits)
		if fits {
			if part.invoice != "" {
				m.used[part.invoice] += amount
			}
			p.handOver(part, as)
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
	if m.draw("to the due day", 0, 2) == 0 && m.today() < due {
		m.untilDue(0)
		return
	}
	m.Advance(int64(m.draw("seconds", 0, 100_000)))
}

// lapse ends the offers and freezes whose time is over, as the end of the block did.
func (m *model) lapse() {
	for _, f := range slices.Clone(m.freezes) {
		if f.until <= m.Time {
			m.endFreeze(f)
		}
	}
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
	for i, one := range p.parts {
		frozen := m.frozenAt(p, i, m.Time)
		for range one.units - one.closed {
			k++
			if k*minor/left > (k-1)*minor/left {
				one.closed++
				m.pays(p, i, frozen)
			}
		}
		one.endOffer(one.closed == one.units)
	}
	p.ended = p.outstanding() == 0
}
