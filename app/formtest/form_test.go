package formtest

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
	"testing"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// amountMinor is what the sealed part is worth: a number that nothing else makes by chance.
const amountMinor = 0x2A5B_C6D7_E8F9

var blinding = id.Hash("blinding")

const day = 86_400

func opening(a kerneltest.Actor) *Open {
	pub := a.Signers[0].Public()
	return &Open{Kind: uint32(pub.Kind), PublicKey: pub.Bytes}
}

// joining is what an invited member's account may call, and a one-time account may not.
func joining(a kerneltest.Actor) *membersv1.Join {
	pub := a.Signers[0].Public()
	return &membersv1.Join{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Possession: make([]byte, key.SignatureSize)}
}

func sealedIssue() *Issue {
	return &Issue{
		Holder: alphaOnce.ID.Bytes(), Extent: commit(amountMinor, blinding).Bytes(), Contract: id.Hash("contract").Bytes(),
	}
}

// issued is a chain with a sealed part that alpha's one-time account holds, and beta's account beside it.
func issued(t *testing.T) (*ledger, *Part) {
	t.Helper()
	l := start(t, kerneltest.ChainID, genesis())
	l.must(alpha, opening(alphaOnce))
	l.must(beta, opening(betaOnce))
	l.must(acme, sealedIssue())
	return l, l.held(alphaOnce)
}

func (l *ledger) offer(p *Part, seconds int64) *Offer {
	return &Offer{Part: p.ref(), To: betaOnce.ID.Bytes(), ExpiresUnixS: l.Time + seconds}
}

func frozenBy(p *Part, untilUnixS int64) *Freeze {
	return &Freeze{Package: p.Package, Extent: p.Extent, Order: id.Hash("order").Bytes(), UntilUnixS: untilUnixS}
}

// A part goes from hand to hand: lists, counts, heads and the trail that the index keeps.
func TestOfferAndAcceptance(t *testing.T) {
	l, p := issued(t)
	l.must(alphaOnce, l.offer(p, day))
	if l.held(alphaOnce) != nil || l.offered(alphaOnce) == nil || l.incoming(betaOnce) == nil {
		t.Fatal("the lists do not show the offer")
	}
	on := l.incoming(betaOnce)
	if !bytes.Equal(on.Head, p.Head) || !bytes.Equal(on.Number, p.Number) {
		t.Error("an offer changed number or head")
	}
	l.must(betaOnce, &Accept{Part: on.ref()})
	got := l.held(betaOnce)
	if got == nil || l.held(alphaOnce) != nil || l.offered(alphaOnce) != nil || l.incoming(betaOnce) != nil {
		t.Fatal("the lists do not show the acceptance")
	}
	if !bytes.Equal(got.Number, p.Number) || bytes.Equal(got.Head, p.Head) || !bytes.Equal(got.Extent, commit(amountMinor, blinding).Bytes()) {
		t.Errorf("number, head and extent: %x", got)
	}
	l.refused(errStaleHead, betaOnce, &Offer{Part: p.ref(), To: alphaOnce.ID.Bytes(), ExpiresUnixS: l.Time + day})
	if n := l.Totals(betaOnce.ID).SentCount; n != 2 {
		t.Errorf("%d links of the one-time account's chain, want 2: a refused call has one too", n)
	}
	var path []string
	for at := id.Must(got.Head); !at.IsZero(); {
		prev, e := l.entry(at)
		path, at = append(path, id.Must(e.To).String()), prev
	}
	if want := []string{betaOnce.ID.String(), alphaOnce.ID.String()}; !slices.Equal(path, want) {
		t.Errorf("the trail leads to %v, want %v", path, want)
	}
}

// entry is one entry of a trail, from the index.
func (l *ledger) entry(head id.ID) (id.ID, *Endorsement) {
	l.TB.Helper()
	kept := func(h id.ID) []byte {
		b, err := index.Kept(l.side, h)
		if err != nil || len(b) < 4 {
			l.TB.Fatalf("%s: %d bytes, %v", h, len(b), err)
		}
		return b[4:]
	}
	node, e := kept(head), &Endorsement{}
	if err := proto.Unmarshal(kept(id.Must(node[id.Size:])), e); err != nil {
		l.TB.Fatal(err)
	}
	return id.ID(node[:id.Size]), e
}

// A freeze names package and extent and meets the part wherever it is; the dated queue ends freeze and offer.
func TestFreezeAndLapse(t *testing.T) {
	l, p := issued(t)
	l.must(alphaOnce, l.offer(p, 100))
	r := l.must(court, frozenBy(p, l.Time+1_000))
	if e := r.Events[0]; e.Visibility != kernelv1.Visibility_VISIBILITY_REGULATOR {
		t.Errorf("a freeze is seen by %s", e.Visibility)
	}
	l.refused(errFrozen, betaOnce, &Accept{Part: p.ref()})
	l.refused(errFrozen, court, frozenBy(p, l.Time+1_000))
	l.pass(100)
	if l.incoming(betaOnce) != nil || l.held(alphaOnce) == nil {
		t.Fatal("the offer did not lapse while the part was frozen")
	}
	l.happened("sealed.lapse")
	l.refused(errFrozen, alphaOnce, l.offer(p, day))
	l.pass(1_000)
	l.happened("sealed.thaw")
	l.must(alphaOnce, l.offer(p, day))
	if got := l.offered(alphaOnce); !bytes.Equal(got.Head, p.Head) || len(got.Order) > 0 {
		t.Error("freeze and lapse changed the head, or the freeze is still there")
	}
}

// happened checks that the last block ran one dated item of a kind, well.
func (l *ledger) happened(kind string) {
	l.TB.Helper()
	b, _, err := index.BlockAt(l.side, l.Height)
	if err != nil || len(b.GetEvents()) != 2 {
		l.TB.Fatalf("%d events of the block, %v", len(b.GetEvents()), err)
	}
	m, err := b.Events[1].Decode()
	if done, ok := m.(*kernelv1.ItemDone); err != nil || !ok || done.Kind != kind || done.Code != 0 {
		l.TB.Errorf("%v, %v; want %s", m, err, kind)
	}
}

// Each refusal, in its order; what other modules say to one-time accounts; and that a sealed amount is never taken
// for nothing.
func TestRefusals(t *testing.T) {
	l, p := issued(t)
	none := &voucherv1.PartRef{Package: p.Package, Number: p.Package, Head: p.Head}
	for _, tc := range []struct {
		as   kerneltest.Actor
		do   proto.Message
		want *errs.Code
	}{
		{acme, &Issue{Extent: []byte{1}}, errField},
		{court, frozenBy(p, -1), errField},
		{limited, sealedIssue(), errNotVisible},
		{beta, opening(alphaOnce), errOpened},
		{acme, &Issue{Holder: beta.ID.Bytes(), Extent: p.Extent, Contract: p.Extent}, errNoAccount},
		{alphaOnce, &Accept{Part: none}, errNoPart},
		{court, &Freeze{Package: p.Package, Extent: p.Head, Order: p.Head, UntilUnixS: l.Time + day}, errNoPart},
		{betaOnce, &Offer{Part: p.ref(), To: betaOnce.ID.Bytes(), ExpiresUnixS: l.Time + day}, errNotHolder},
		{alphaOnce, &Offer{Part: p.ref(), To: unopened.ID.Bytes(), ExpiresUnixS: l.Time + day}, errNoAccount},
		{alphaOnce, &Offer{Part: p.ref(), To: betaOnce.ID.Bytes(), ExpiresUnixS: l.Time}, errLapsed},
		{betaOnce, &Accept{Part: p.ref()}, errNotOffered},
		{unopened, &Accept{Part: p.ref()}, kernel.ErrUnknown},
		{alpha, l.offer(p, day), kernel.ErrInactive},
		{alphaOnce, sealedIssue(), kernel.ErrInactive},
		{alphaOnce, &depositv1.Transfer{Bank: acme.Member.Bytes(), To: beta.ID.Bytes(), Currency: "CNY", AmountMinor: 1}, kernel.ErrInactive},
		{alphaOnce, joining(unopened), kernel.ErrMethodClosed},
		{alpha, frozenBy(p, l.Time+day), kernel.ErrNotPermitted},
	} {
		l.refused(tc.want, tc.as, tc.do)
	}
	l.must(alphaOnce, l.offer(p, day))
	l.refused(errOnOffer, alphaOnce, l.offer(p, day))
	l.refused(errNotReceiver, alphaOnce, &Accept{Part: p.ref()})
}

// The second form stands beside the first: in one block, under one account's totals, each with classes of its own.
func TestBesideVouchers(t *testing.T) {
	l := start(t, kerneltest.ChainID, genesis())
	ordinary := &voucherv1.Issue{Items: []*voucherv1.IssueItem{{
		Creditor: alpha.ID.Bytes(), Currency: "CNY", AmountMinor: 1_000, DueDay: l.View().Today() + 30,
		Background: &voucherv1.Background{
			Contract: id.Hash("contract").Bytes(),
			Invoices: []*voucherv1.InvoiceUse{{
				Fingerprint: id.Hash("invoice").Bytes(), IssueDay: l.View().Today(), TotalMinor: 1_000, UsedMinor: 1_000,
			}},
		},
	}}}
	l.must(alpha, opening(alphaOnce))
	var txs []*kernel.Tx
	for _, m := range []proto.Message{ordinary, sealedIssue()} {
		tx, err := l.parsed(acme, m)
		if err != nil {
			t.Fatal(err)
		}
		txs = append(txs, tx)
	}
	for _, r := range l.block(txs...) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if l.held(alphaOnce) == nil || l.Totals(alpha.ID).Total(voucherv1.ClassPending, "CNY").AmountMinor != 1_000 {
		t.Error("one of the two forms was not issued")
	}
	if got := l.Totals(alphaOnce.ID).Lines; len(got) != 1 || got[0].Class != classHeld {
		t.Errorf("the one-time account's totals: %v", got)
	}
}

// What the chain keeps, indexes and tells has the amount nowhere, in no encoding that a reader would look for.
func TestTheAmountIsNowhere(t *testing.T) {
	l, p := issued(t)
	l.must(alphaOnce, l.offer(p, day))
	l.must(betaOnce, &Accept{Part: p.ref()})
	encodings := map[string][]byte{
		"big-endian":    binary.BigEndian.AppendUint64(nil, amountMinor)[2:],
		"little-endian": binary.LittleEndian.AppendUint64(nil, amountMinor)[:6],
		"varint":        binary.AppendUvarint(nil, amountMinor),
		"decimal":       []byte(strconv.Itoa(amountMinor)),
	}
	for what, m := range map[string]*kerneltest.Memory{"state": l.Mem, "index": l.side.Memory} {
		n := 0
		m.Range(nil, bytes.Repeat([]byte{0xff}, 3), func(k, v []byte) bool {
			n++
			for name, b := range encodings {
				if bytes.Contains(k, b) || bytes.Contains(v, b) {
					t.Errorf("%s has the amount in %s at %x", what, name, k)
				}
			}
			return true
		})
		if n == 0 {
			t.Errorf("no record of the %s was looked at", what)
		}
	}
}

// Events carry the class of their least visible field and their parties, one-time accounts among them.
func TestEventsAreSeenByTheirClasses(t *testing.T) {
	l := start(t, kerneltest.ChainID, genesis())
	const public, party = kernelv1.Visibility_VISIBILITY_UNSPECIFIED, kernelv1.Visibility_VISIBILITY_PARTY
	opened := l.must(alpha, opening(alphaOnce))
	issue := l.must(acme, sealedIssue())
	for _, tc := range []struct {
		r       kernel.Result
		event   proto.Message
		seen    kernelv1.Visibility
		parties []kerneltest.Actor
	}{
		{opened, &Opened{Account: alphaOnce.ID.Bytes()}, public, nil},
		{issue, nil, party, []kerneltest.Actor{acme, alphaOnce}},
	} {
		outcome, _, err := index.Outcome(l.side, tc.r.Hash)
		if err != nil || outcome == nil || len(outcome.Events) != 1 {
			t.Fatal(outcome, err)
		}
		e := outcome.Events[0]
		m, err := e.Decode()
		if err != nil || tc.event != nil && !proto.Equal(m, tc.event) {
			t.Errorf("%v, %v", m, err)
		}
		if e.Visibility != tc.seen || len(e.Parties) != len(tc.parties) {
			t.Errorf("%s: %s, %d parties", e.Type, e.Visibility, len(e.Parties))
		}
		for i, p := range tc.parties {
			if !bytes.Equal(e.Parties[i], p.ID.Bytes()) {
				t.Errorf("%s: party %d is %x", e.Type, i, e.Parties[i])
			}
		}
	}
}

// The gate asks a collection who may read a record; the machine finds it by the record's key.
func TestReaders(t *testing.T) {
	l, p := issued(t)
	l.must(alphaOnce, l.offer(p, day))
	keys := l.listed(listOffered, classOffered, alphaOnce)
	col := l.M.CollectionOf(keys[0])
	p = l.offered(alphaOnce)
	if a := col.Readers(p); a.Public || !slices.Equal(a.Parties, []id.ID{alphaOnce.ID, betaOnce.ID}) || len(a.Members) > 0 {
		t.Errorf("readers of a part on offer: %v", a)
	}
	place := kernelv1.StateKey(prefixPlace, p.Package, p.Extent)
	if a := l.M.CollectionOf(place).Readers(&Place{}); a.Public || len(a.Parties) > 0 {
		t.Errorf("readers of the directory: %v", a)
	}
	if l.M.CollectionOf(kernelv1.TotalsKey(alphaOnce.ID)).Owners(alphaOnce.ID.Bytes())[0] != alphaOnce.ID {
		t.Error("the one-time account's totals are another's")
	}
}

// A state with parts held, on offer and frozen goes into a new chain and on there: lists, queue and calls.
func TestExportAndImport(t *testing.T) {
	old, p := issued(t)
	old.must(alphaOnce, old.offer(p, day))
	old.must(court, frozenBy(p, old.Time+100))
	records := old.M.Export(old.Mem)
	l := start(t, "test-2", &kernel.Genesis{
		Development: true, UTCOffsetS: 8 * 3600, Records: records, ExportedFrom: old.M.Chain(),
	})
	if a, b := old.M.ContentHash(records), l.M.ContentHash(l.M.Export(l.Mem)); a != b {
		t.Errorf("content is %s before and %s after", a, b)
	}
	on := l.incoming(betaOnce)
	if on == nil || l.offered(alphaOnce) == nil || !proto.Equal(on, old.incoming(betaOnce)) {
		t.Fatalf("the offer is not in the new chain's lists: %v", on)
	}
	l.refused(errFrozen, betaOnce, &Accept{Part: on.ref()})
	l.pass(200)
	l.happened("sealed.thaw")
	l.must(betaOnce, &Accept{Part: on.ref()})
	if l.held(betaOnce) == nil {
		t.Error("the part did not pass on in the new chain")
	}
	l.pass(2 * day)
	if b, _, err := index.BlockAt(l.side, l.Height); err != nil || len(b.Events) > 0 {
		t.Errorf("the accepted offer was to lapse still: %v, %v", b, err)
	}
}

// Each invariant catches a planted fault.
func TestInvariants(t *testing.T) {
	for name, plant := range map[string]func(*ledger, *Part){
		"sealed/totals": func(l *ledger, p *Part) { p.Holder = betaOnce.ID.Bytes(); l.Plant(p.stateKey(), p) },
		"sealed/places": func(l *ledger, p *Part) { p.Extent = p.Head; l.Plant(p.stateKey(), p) },
	} {
		l, p := issued(t)
		plant(l, p)
		bad := l.M.CheckInvariants(l.View())
		if len(bad) == 0 || !slices.ContainsFunc(bad, func(s string) bool { return len(s) > len(name) && s[:len(name)] == name }) {
			t.Errorf("%s: %v", name, bad)
		}
	}
}

func (p *Part) stateKey() []byte { return kernelv1.StateKey(prefixPart, p.Package, p.Number) }

// The tags say what a generated file would: a message has one encoding, which decodes to the same.
func TestWire(t *testing.T) {
	m := &Offer{Part: &voucherv1.PartRef{Package: []byte{1}, Number: []byte{2}, Head: []byte{3}}, To: []byte{4}, ExpiresUnixS: 5}
	b, err := txv1.Encode(m)
	want := []byte{0x0a, 9, 0x0a, 1, 1, 0x12, 1, 2, 0x1a, 1, 3, 0x12, 1, 4, 0x18, 5}
	if err != nil || !bytes.Equal(b, want) {
		t.Errorf("%x, %v", b, err)
	}
	again := &Offer{}
	if err := proto.Unmarshal(b, again); err != nil || !proto.Equal(m, again) || again.ExpiresUnixS != 5 {
		t.Errorf("%v, %v", again, err)
	}
}
