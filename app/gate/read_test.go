package gate_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// who are the readers of the tables, each with the letter that stands for it: the obligor, the bank, tier1 (a party),
// tier2 (to whom something is on offer), the factor (another member), the regulator, nobody.
var who = map[byte]string{'O': "obligor", 'B': "bank", '1': "tier1", '2': "tier2", 'F': "factor", 'R': "regulator", 'N': ""}

func (w *world) everybody() map[byte]*client {
	out := map[byte]*client{}
	for letter, role := range who {
		if out[letter] = w.nobody(); role != "" {
			out[letter] = w.as(role)
		}
	}
	return out
}

// TestWhoSeesWhat plays every kind of record, list, event and history against every kind of reader.
func TestWhoSeesWhat(t *testing.T) {
	w := newWorld(t)
	b := w.trade()
	all := w.everybody()
	t.Run("records", func(t *testing.T) { w.seeRecords(t, b, all) })
	t.Run("absence", func(t *testing.T) { w.seeAbsence(t, all) })
	t.Run("lists", func(t *testing.T) { w.seeLists(t, all) })
	t.Run("outcomes", func(t *testing.T) { w.seeOutcomes(t, b, all) })
	t.Run("events", func(t *testing.T) { w.seeEvents(t, all) })
	t.Run("trail", func(t *testing.T) { w.seeTrail(t, b, all) })
	t.Run("sent", func(t *testing.T) { w.seeSent(t, b, all) })
	t.Run("suspended regulator", func(t *testing.T) { w.seeSuspended(t, all) })
}

func (w *world) seeRecords(t *testing.T, b *business, all map[byte]*client) {
	account := func(role string) id.ID { return w.Role(role).Account }
	bank := w.Role("bank").Member
	for _, tc := range []struct {
		name string
		key  []byte
		may  string
	}{
		{"member", membersv1.MemberKey(w.Role("tier1").Member), "OB12FRN"},
		{"account", membersv1.AccountKey(account("tier1")), "1R"},
		{"another account", membersv1.AccountKey(account("bank")), "BR"},
		{"key of an account", membersv1.KeyUseKey(w.Role("tier1").Signer.Public().ID()), "OB12FRN"},
		{"seats", membersv1.SeatsKey(), "OB12FRN"},
		{"validators", governancev1.ValidatorsKey(), "OB12FRN"},
		{"network", kernelv1.NetworkKey(), "OB12FRN"},
		{"mountain range", kernelv1.RangeKey(), "OB12FRN"},
		{"totals of tier1", kernelv1.TotalsKey(account("tier1")), "1R"},
		{"totals of the obligor", kernelv1.TotalsKey(account("obligor")), "OR"},
		{"balance", depositv1.BalanceKey(bank, account("tier1"), "CNY"), "B1R"},
		{"what the bank owes", depositv1.IssuedKey(bank, "CNY"), "BR"},
		{"line", voucherv1.LineKey(account("obligor"), "CNY"), "OR"},
		{"pending package", b.pending, "O1R"},
		{"accepted package", b.active, "OB12FRN"}, // by whoever was shown its id
		{"part that is held", b.part, "1R"},
		{"part on offer", b.offered, "12R"},
		{"directory of parts", voucherv1.ExtentKey(id.ID(b.active[2:]), 1), "R"},
		{"no such collection", []byte{99, 1, 2}, ""},
		{"empty key", []byte{}, ""},
		{"one byte", []byte{1}, ""},
	} {
		for letter, c := range all {
			rec, err := c.read(tc.key)
			if err != nil {
				t.Errorf("%s: %q: %v", tc.name, who[letter], err)
				continue
			}
			may := bytes.IndexByte([]byte(tc.may), letter) >= 0
			if rec.MayRead != may || rec.Present != may || (len(rec.Value) > 0) != may || (len(rec.Proof) > 0) != may {
				t.Errorf("%s: %q sees it: %v, should: %v", tc.name, who[letter], rec.MayRead || rec.Present || len(rec.Value) > 0, may)
			}
		}
	}
}

// What somebody has no right to looks the same whether it is there or not; that something of one's own is not there is
// proven to its owner.
func (w *world) seeAbsence(t *testing.T, all map[byte]*client) {
	bank, factor := w.Role("bank").Member, all['F']
	account := func(role string) id.ID { return w.Role(role).Account }
	for name, pair := range map[string][2][]byte{
		"balance": {depositv1.BalanceKey(bank, account("tier1"), "CNY"), depositv1.BalanceKey(bank, account("tier3"), "CNY")},
		"issued":  {depositv1.IssuedKey(bank, "CNY"), depositv1.IssuedKey(bank, "JPY")},
		"line":    {voucherv1.LineKey(account("obligor"), "CNY"), voucherv1.LineKey(account("tier1"), "CNY")},
		"totals":  {kernelv1.TotalsKey(account("tier1")), kernelv1.TotalsKey(account("tier3"))},
		"account": {membersv1.AccountKey(account("tier1")), nil},
	} {
		there, err1 := factor.read(pair[0])
		if pair[1] == nil {
			continue
		}
		not, err2 := factor.read(pair[1])
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if there.MayRead != not.MayRead || (len(there.Proof) > 0) != (len(not.Proof) > 0) {
			t.Errorf("%s: one can tell whether it is there: may read %v and %v", name, there.MayRead, not.MayRead)
		}
	}
	for name, key := range map[string][]byte{
		"own balance": depositv1.BalanceKey(bank, account("factor"), "CNY"), "own line": voucherv1.LineKey(account("factor"), "CNY"),
		"own day": membersv1.DayUseKey(account("factor"), "CNY"), "no package": voucherv1.PackageKey(id.ID{1}),
	} {
		rec, err := factor.read(key)
		if err != nil || !rec.MayRead || rec.Present || len(rec.Proof) == 0 {
			t.Errorf("%s: %v %v", name, rec, err)
		}
	}
}

func (w *world) seeLists(t *testing.T, all map[byte]*client) {
	account := func(role string) id.ID { return w.Role(role).Account }
	for _, tc := range []struct {
		list    string
		subject id.ID
		may     string
		keys    int
	}{
		{membersv1.ListMembers, membersv1.MembersSubject, "OB12FRN", 9},
		{governancev1.ListProposals, governancev1.ProposalsSubject, "OB12FRN", 0},
		{membersv1.ListAccounts, w.Role("tier1").Member, "1R", 1},
		{depositv1.ListDeposits, account("tier1"), "1R", 1},
		{voucherv1.ListHeld, account("tier1"), "1R", 1},
		{voucherv1.ListOffered, account("tier1"), "1R", 1},
		{voucherv1.ListIncoming, account("tier2"), "2R", 1},
		{voucherv1.ListPending, account("tier1"), "1R", 1},
		{voucherv1.ListOwed, account("obligor"), "OR", 3},
		{voucherv1.ListHeld, id.ID{7}, "R", 0},
	} {
		for letter, c := range all {
			keys, err := c.list(tc.list, tc.subject)
			if bytes.IndexByte([]byte(tc.may), letter) < 0 {
				if codeOf(err) != connect.CodePermissionDenied || len(keys) > 0 {
					t.Errorf("%s: %q gets %d keys, %v", tc.list, who[letter], len(keys), err)
				}
			} else if err != nil || len(keys) != tc.keys {
				t.Errorf("%s: %q gets %d keys of %d, %v", tc.list, who[letter], len(keys), tc.keys, err)
			}
		}
	}
	if _, err := all['R'].list("no.such", id.ID{}); codeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("an unknown list: %v", err)
	}
	if _, err := all['R'].List(context.Background(), connect.NewRequest(&gatev1.ListRequest{List: "members", Subject: []byte{1}})); codeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a short subject: %v", err)
	}
}

// A failed transaction's words have amounts in them: they are for who signed it.
func (w *world) seeOutcomes(t *testing.T, b *business, all map[byte]*client) {
	for letter, c := range all {
		if letter == 'N' {
			continue
		}
		for name, tc := range map[string]struct {
			hash  id.ID
			event bool
			log   bool
		}{
			"refused":  {b.refused, false, letter == '1' || letter == 'R'},
			"accepted": {b.accepted, letter == '1' || letter == 'O' || letter == 'R', false},
		} {
			o, err := c.Outcome(context.Background(), connect.NewRequest(&gatev1.OutcomeRequest{Hash: tc.hash.Bytes()}))
			if err != nil || !o.Msg.Found {
				t.Errorf("%s: %q: %v", name, who[letter], err)
				continue
			}
			if (o.Msg.Log != "") != tc.log || (len(o.Msg.Events) > 0) != tc.event {
				t.Errorf("%s: %q sees the words %q and %d events", name, who[letter], o.Msg.Log, len(o.Msg.Events))
			}
		}
	}
}

func (w *world) seeEvents(t *testing.T, all map[byte]*client) {
	seen := map[byte]int{}
	for letter, c := range all {
		if letter == 'N' {
			continue
		}
		for from := int64(1); ; {
			res, err := c.Events(context.Background(), connect.NewRequest(&gatev1.EventsRequest{FromHeight: from, Blocks: 7}))
			if err != nil {
				t.Fatal(err)
			}
			for i, block := range res.Msg.Blocks {
				if block.Height != from+int64(i) || i >= 7 {
					t.Fatalf("block %d where %d is due", block.Height, from+int64(i))
				}
				for _, tx := range block.Transactions {
					for _, e := range tx.Events {
						seen[letter]++
						w.checkEvent(t, letter, e)
					}
				}
			}
			if from = res.Msg.NextHeight; len(res.Msg.Blocks) == 0 {
				break
			}
		}
	}
	if seen['F'] != 0 || seen['1'] == 0 || seen['2'] == 0 || seen['R'] < seen['1'] {
		t.Errorf("events seen by each: %v", seen)
	}
}

func (w *world) checkEvent(t *testing.T, letter byte, e *kernelv1.Event) {
	t.Helper()
	if letter == 'R' || e.Visibility == kernelv1.Visibility_VISIBILITY_UNSPECIFIED {
		return
	}
	a := w.Role(who[letter]).Account
	if e.Visibility != kernelv1.Visibility_VISIBILITY_PARTY || !slices.ContainsFunc(e.Parties, func(p []byte) bool { return bytes.Equal(p, a[:]) }) {
		t.Errorf("%s sees an event of others: %v", who[letter], e)
	}
}

func (w *world) seeTrail(t *testing.T, b *business, all map[byte]*client) {
	for letter, c := range all {
		if letter == 'N' {
			continue
		}
		for name, tc := range map[string]struct {
			key []byte
			may string
		}{"held": {b.part, "1R"}, "on offer": {b.offered, "12R"}} {
			p := w.partAt(all['R'], tc.key)
			q := &gatev1.TrailRequest{Key: tc.key, Head: p.Head}
			res, err := c.Trail(context.Background(), connect.NewRequest(q))
			if bytes.IndexByte([]byte(tc.may), letter) < 0 {
				if codeOf(err) != connect.CodePermissionDenied {
					t.Errorf("%s: %q: %v", name, who[letter], err)
				}
				continue
			}
			if err != nil || len(res.Msg.Entries) != 1 {
				t.Fatalf("%s: %q: %v %v", name, who[letter], res, err)
			}
			checkEntry(t, res.Msg.Entries[0], p)
			q.Head = hashOf("another head")
			if _, err := c.Trail(context.Background(), connect.NewRequest(q)); codeOf(err) != connect.CodePermissionDenied {
				t.Errorf("%s: a head that is not the part's: %v", name, err)
			}
			q.Head, q.Key = p.Head, voucherv1.PackageKey(id.ID(p.Package))
			if _, err := c.Trail(context.Background(), connect.NewRequest(q)); codeOf(err) != connect.CodePermissionDenied {
				t.Errorf("%s: a record that ends no trail: %v", name, err)
			}
		}
	}
}

// checkEntry checks that an entry has the hash that the part's head is.
func checkEntry(t *testing.T, entry []byte, p *voucherv1.Part) {
	t.Helper()
	const tag, hashes = 4, 64
	head := kernelv1.KeptHash(entry[:tag+hashes])
	endorsement := kernelv1.KeptHash(append([]byte("endo"), entry[tag+hashes:]...))
	if !bytes.Equal(head[:], p.Head) || !bytes.Equal(endorsement[:], entry[tag+32:tag+hashes]) {
		t.Error("the entry is not what the head says")
	}
}

// seeSent walks chains of sent transactions, and tries to get at other kept bytes that way.
func (w *world) seeSent(t *testing.T, b *business, all map[byte]*client) {
	tier1 := w.Role("tier1").Account
	totals := &kernelv1.Totals{}
	rec, err := all['1'].read(kernelv1.TotalsKey(tier1))
	if err != nil || kernelv1.Unframe(rec.Value, totals) != nil {
		t.Fatal(err)
	}
	ask := func(c *client, account id.ID, head []byte) ([][]byte, error) {
		res, err := c.Sent(context.Background(), connect.NewRequest(&gatev1.SentRequest{Account: account.Bytes(), Head: head}))
		if err != nil {
			return nil, err
		}
		return res.Msg.Links, nil
	}
	links, err := ask(all['1'], tier1, totals.SentHead)
	if err != nil || uint64(len(links)) != totals.SentCount {
		t.Fatalf("%d links of %d: %v", len(links), totals.SentCount, err)
	}
	at := totals.SentHead
	for _, l := range links {
		if h := kernelv1.LinkHash(l); !bytes.Equal(h[:], at) {
			t.Fatal("a link has not the hash that the newer one says")
		}
		link := &kernelv1.Link{}
		mustUnmarshal(t, l, link)
		at = link.Prev
	}
	if len(at) != 0 {
		t.Error("the chain does not end at its beginning")
	}
	for letter, c := range all {
		if letter == 'N' || letter == '1' || letter == 'R' {
			continue
		}
		own := w.Role(who[letter]).Account
		if got, err := ask(c, tier1, totals.SentHead); codeOf(err) != connect.CodePermissionDenied || len(got) > 0 {
			t.Errorf("%q walks another's chain: %v", who[letter], err)
		}
		if got, err := ask(c, own, totals.SentHead); err == nil && len(got) > 0 {
			t.Errorf("%q gets another's link under its own name", who[letter])
		}
		node := b.held.Head
		if got, err := ask(c, own, node); err == nil && len(got) > 0 {
			t.Errorf("%q gets an entry of a trail as a link", who[letter])
		}
		endorsement := w.endorsementOf(t, all['R'], b)
		if got, err := ask(c, own, endorsement); err == nil && len(got) > 0 {
			t.Errorf("%q gets an endorsement as a link: %d bytes", who[letter], len(got[0]))
		}
	}
}

// endorsementOf is the hash of the newest endorsement of the part that tier1 holds.
func (w *world) endorsementOf(t *testing.T, c *client, b *business) []byte {
	t.Helper()
	res, err := c.Trail(context.Background(), connect.NewRequest(&gatev1.TrailRequest{Key: b.part, Head: b.held.Head}))
	if err != nil {
		t.Fatal(err)
	}
	return res.Msg.Entries[0][36:68]
}

// seeSuspended: a regulator that the members have suspended sees no more than its own.
func (w *world) seeSuspended(t *testing.T, all map[byte]*client) {
	r := w.Role("regulator")
	w.vote(t, &membersv1.SetStanding{Member: r.Member.Bytes(), State: membersv1.MemberState_MEMBER_STATE_SUSPENDED, Roles: uint32(membersv1.RoleRegulator)})
	totals := kernelv1.TotalsKey(w.Role("tier1").Account)
	if rec, err := all['R'].read(totals); err != nil || rec.MayRead || rec.Present {
		t.Errorf("it still sees others' totals: %v %v", rec, err)
	}
	if rec, err := all['R'].read(membersv1.AccountKey(r.Account)); err != nil || !rec.MayRead || !rec.Present {
		t.Errorf("it no longer sees its own account: %v %v", rec, err)
	}
}
