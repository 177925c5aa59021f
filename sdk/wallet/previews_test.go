package wallet_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/governance"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// goldens are the words of every message, by module, in each language; read it as the person does who is to sign. Ids and days that differ
// from run to run stand in it by name, in braces.
var goldens = map[lang.Lang]string{lang.English: "testdata/previews.golden", lang.Chinese: "testdata/previews.zh.golden"}

var update = flag.Bool("update", false, "write the golden files anew")

// signing is a message, in one of the forms that it can have, and who is to sign it.
type signing struct {
	role, form string
	message    proto.Message
}

// scenery is what the previews are about.
type scenery struct {
	live, waiting, offered id.ID              // packages of tier1: accepted, waiting for acceptance, on offer to tier2
	held, offer, back      *voucherv1.PartRef // back is on offer to the obligor, who owes it
	halves                 *voucherv1.Merge   // of tier1's
	freeze                 *voucherv1.StandingFreeze
	treasury, proposal     id.ID
	hour                   int64 // when offers and proposals end, in unix seconds
	trade                  *voucherv1.Background
	policy                 *membersv1.Policy
}

func (g *stage) scenery(t *testing.T) *scenery {
	t.Helper()
	tier1, tier2 := g.as(t, "tier1"), g.as(t, "tier2")
	c := &scenery{
		live: g.issue(t, "live", 100_000_000), offered: g.issue(t, "offered", 30_000_000),
		waiting: g.issue(t, "waiting", 123_456_789), hour: int64(chainDay(3)) * 86_400,
		trade: &voucherv1.Background{Contract: id.Hash("contract").Bytes()},
	}
	g.level(t)
	merged, back := g.issue(t, "merged", 20_000), g.issue(t, "back", 30_000)
	g.level(t)
	for _, pkg := range []id.ID{c.live, c.offered, merged, back} {
		must(t, tier1, &voucherv1.AcceptPackage{Package: pkg.Bytes()})
	}
	must(t, tier1, &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
		Part: part(t, tier1, wallet.Held, c.offered).Ref(), To: tier2.Own.Id, Background: c.trade, OfferExpiresUnixS: c.hour,
	}}})
	g.level(t)
	c.held, c.offer = part(t, tier1, wallet.Held, c.live).Ref(), part(t, tier2, wallet.Incoming, c.offered).Ref()
	c.toMerge(t, g, merged)
	c.toObligor(t, g, back)
	pub := g.Role("tier3").Signer.Public()
	fresh := slices.Clone(pub.Bytes)
	fresh[0] ^= 1 // the other point with this x: a key of nobody's
	c.policy = &membersv1.Policy{
		Threshold: 1, Keys: []*membersv1.Key{{Kind: uint32(pub.Kind), PublicKey: fresh, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: "treasurer"}},
	}
	o := must(t, tier1, &membersv1.OpenAccount{Name: "treasury", Policy: c.policy})
	c.treasury = o.Created(0, 0)
	c.proposal = must(t, g.as(t, "operator"), c.propose(t)).Created(0, 0)
	recovering := must(t, g.as(t, "operator"), c.proposeCalls(t, "lost keys", &membersv1.Recover{Account: c.treasury[:], Policy: c.viewed(t), Reason: "the safe burnt"})).Created(0, 0)
	g.level(t)
	for _, role := range []string{"bank", "factor"} {
		must(t, g.as(t, role), &governancev1.Vote{Proposal: recovering[:], Yes: true})
	}
	return c
}

// toMerge splits a package of tier1's in two, and freezes it for an hour.
func (c *scenery) toMerge(t *testing.T, g *stage, pkg id.ID) {
	t.Helper()
	tier1, court := g.as(t, "tier1"), g.as(t, "court")
	must(t, tier1, &voucherv1.Split{Part: part(t, tier1, wallet.Held, pkg).Ref(), PiecesMinor: []int64{5_000, 15_000}})
	now, err := court.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	must(t, court, &voucherv1.Freeze{Package: pkg[:], Extent: voucherv1.RangeExtent(5_001, 20_000), Reason: "order 11", UntilUnixS: now.Add(time.Hour).Unix()})
	g.level(t)
	all, err := tier1.Client.Freezes(t.Context(), pkg)
	if err != nil || len(all.Records) != 1 {
		t.Fatal(all, err)
	}
	held, err := tier1.Look(t.Context(), wallet.Held)
	if err != nil {
		t.Fatal(err)
	}
	c.freeze, c.halves = all.Records[0], &voucherv1.Merge{Package: pkg[:]}
	for _, h := range held.Held {
		if string(h.Part.Package) == string(pkg[:]) {
			c.halves.Parts = append(c.halves.Parts, h.Part.Ref())
		}
	}
}

// toObligor offers a package of tier1's back to who owes it.
func (c *scenery) toObligor(t *testing.T, g *stage, pkg id.ID) {
	t.Helper()
	tier1, obligor := g.as(t, "tier1"), g.as(t, "obligor")
	must(t, tier1, &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
		Part: part(t, tier1, wallet.Held, pkg).Ref(), To: obligor.Own.Id, Background: c.trade, OfferExpiresUnixS: c.hour,
	}}})
	g.level(t)
	c.back = part(t, obligor, wallet.Incoming, pkg).Ref()
}

// viewed is a policy of one key that nobody else has, and one that looks.
func (c *scenery) viewed(t *testing.T) *membersv1.Policy {
	t.Helper()
	p := proto.CloneOf(c.policy)
	p.Keys = append(p.Keys, &membersv1.Key{Kind: 1, PublicKey: keyOf(t, 7), Purpose: membersv1.KeyPurpose_KEY_PURPOSE_VIEW, Holder: "auditor"},
		&membersv1.Key{PublicKey: id.Hash("x25519").Bytes(), Purpose: membersv1.KeyPurpose_KEY_PURPOSE_ENCRYPT})
	return p
}

func keyOf(t *testing.T, n byte) []byte {
	t.Helper()
	secret := make([]byte, 32)
	secret[31] = n
	s, err := key.FromSecret(key.Secp256k1, secret)
	if err != nil {
		t.Fatal(err)
	}
	return s.Public().Bytes
}

func (c *scenery) propose(t *testing.T) *governancev1.Propose {
	t.Helper()
	return c.proposeCalls(t, "shorter paper",
		&governancev1.SetParameter{Name: voucherv1.ParamTenorMax, FromDay: chainDay(40), Value: 170, Source: "a vote"},
		&voucherv1.SetLine{Obligor: c.treasury[:], Currency: "CNY", LimitMinor: 100})
}

func (c *scenery) proposeCalls(t *testing.T, title string, messages ...proto.Message) *governancev1.Propose {
	t.Helper()
	var calls []*txv1.Call
	for _, m := range messages {
		call, err := txv1.CallOf(id.ID{}, m)
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, call)
	}
	return &governancev1.Propose{Title: title, ExpiresUnixS: c.hour, Calls: calls}
}

func transfer(item *voucherv1.TransferItem) *voucherv1.Transfer {
	return &voucherv1.Transfer{Items: []*voucherv1.TransferItem{item}}
}

func (c *scenery) vouchers(g *stage) []signing {
	tier1, tier2, bank := g.Role("tier1").Account.Bytes(), g.Role("tier2").Account.Bytes(), g.Role("bank")
	flag, other := id.Hash("flag").Bytes(), id.Hash("second flag").Bytes()
	tomorrow := g.item("new too", 1)
	tomorrow.Creditor, tomorrow.DueDay = tier2, chainDay(1)
	return []signing{
		{"obligor", "two items", &voucherv1.Issue{Items: []*voucherv1.IssueItem{g.item("new", 5_000), tomorrow}}},
		{"tier1", "a part of it, with recourse", transfer(&voucherv1.TransferItem{Part: c.held, To: tier2, AmountMinor: 30_000_000, Background: c.trade, OfferExpiresUnixS: c.hour, Recourse: true})},
		{"tier1", "whole, at once", transfer(&voucherv1.TransferItem{Part: c.held, To: tier2, Background: c.trade})},
		{"tier1", "to an account of one's own", transfer(&voucherv1.TransferItem{Part: c.held, To: c.treasury[:], Background: c.trade, OfferExpiresUnixS: c.hour})},
		{"tier1", "", &voucherv1.Split{Part: c.held, PiecesMinor: []int64{1, 99_999_999}}},
		{"tier1", "back to who owes it", transfer(&voucherv1.TransferItem{Part: c.held, To: g.Role("obligor").Account.Bytes(), AmountMinor: 5_000, Background: c.trade, OfferExpiresUnixS: c.hour})},
		{"tier1", "", c.halves},
		{"obligor", "of one's own debt", &voucherv1.AcceptOffer{Part: c.back}},
		{"court", "a part of it", &voucherv1.Freeze{Package: c.live[:], Extent: voucherv1.RangeExtent(1, 30_000_000), Reason: "order 12", Case: id.Hash("case").Bytes(), UntilUnixS: c.hour}},
		{"court", "all of it", &voucherv1.Freeze{Package: c.live[:], Extent: voucherv1.RangeExtent(1, 100_000_000), Reason: "order 12", UntilUnixS: c.hour}},
		{"court", "", &voucherv1.Release{Package: c.freeze.Package, Freeze: c.freeze.Id}},
		{"tier1", "", &voucherv1.WithdrawOffer{Part: c.offer}},
		{"tier1", "", &voucherv1.AcceptPackage{Package: c.waiting[:]}},
		{"tier1", "with a flag", &voucherv1.AcceptPackage{Package: c.waiting[:], Flags: [][]byte{flag}}},
		{"tier1", "", &voucherv1.RejectPackage{Package: c.waiting[:], Reason: "no such delivery"}},
		{"tier1", "without a reason", &voucherv1.RejectPackage{Package: c.waiting[:]}},
		{"obligor", "", &voucherv1.CancelPackage{Package: c.waiting[:], Reason: "wrong \"day\"\nand amount"}},
		{"tier2", "", &voucherv1.AcceptOffer{Part: c.offer}},
		{"tier2", "with flags", &voucherv1.AcceptOffer{Part: c.offer, Flags: [][]byte{flag, other}}},
		{"tier2", "", &voucherv1.RejectOffer{Part: c.offer, Reason: "too long"}},
		{"obligor", "in part", &voucherv1.Pay{Package: c.live[:], AmountMinor: 40_000_000, Bank: bank.Member.Bytes()}},
		{"obligor", "in full", &voucherv1.Pay{Package: c.live[:], AmountMinor: 100_000_000, Bank: bank.Member.Bytes()}},
		{"bank", "", &voucherv1.SetLine{Obligor: g.Role("obligor").Account.Bytes(), Currency: "CNY", LimitMinor: 5_000_000_000}},
		{"bank", "", &voucherv1.CheckDocument{Documents: [][]byte{id.Hash("one").Bytes(), id.Hash("two").Bytes()}}},
		{"tier2", "for a time", &voucherv1.SetStandingAcceptance{Checker: bank.Account.Bytes(), Currency: "CNY", MaxMinor: 10_000_000, UntilUnixS: c.hour}},
		{"tier2", "for good", &voucherv1.SetStandingAcceptance{Checker: tier1, Currency: "JPY", MaxMinor: 10_000_000}},
		{"tier2", "ended", &voucherv1.SetStandingAcceptance{Currency: "CNY"}},
	}
}

func (c *scenery) deposits(g *stage) []signing {
	tier1, bank := g.Role("tier1").Account.Bytes(), g.Role("bank").Member.Bytes()
	stranger := id.Hash("nobody's account")
	return []signing{
		{"bank", "", &depositv1.Mint{To: tier1, AmountMinor: 123_456_789_012, Currency: "CNY", Reference: "wire 7"}},
		{"bank", "to an unknown account", &depositv1.Mint{To: stranger[:], AmountMinor: 1, Currency: "CNY"}},
		{"bank", "to oneself", &depositv1.Mint{To: g.Role("bank").Account.Bytes(), AmountMinor: 1, Currency: "CNY"}},
		{"tier1", "", &depositv1.Redeem{Bank: bank, AmountMinor: 100_050, Currency: "CNY", Reference: "to account 42"}},
		{"tier1", "", &depositv1.Transfer{Bank: bank, To: g.Role("tier3").Account.Bytes(), AmountMinor: 1_234_567, Currency: "KWD"}},
		{"tier1", "at a bank that is not there", &depositv1.Transfer{Bank: stranger[:], To: c.treasury[:], AmountMinor: 7, Currency: "JPY", Reference: "rent"}},
	}
}

func (c *scenery) membership(t *testing.T, g *stage) []signing {
	t.Helper()
	legal := &membersv1.Legal{Name: "Nanshan Casting Co., Ltd.", CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: devnetCode(7), SmallFirm: true}
	pub, tier2 := g.Role("tier3").Signer.Public(), g.Role("tier2").Member.Bytes()
	strict := proto.Clone(c.policy).(*membersv1.Policy)
	strict.Keys = append(strict.Keys, &membersv1.Key{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: "director"})
	strict.Threshold = 2
	strict.Limits = []*membersv1.Limit{{Currency: "CNY", PerTransactionMinor: 10_000_000, PerDayMinor: 50_000_000}, {Currency: "JPY", PerTransactionMinor: 5, PerDayMinor: 9}}
	strict.Methods = []string{"voucher.Transfer", "voucher.AcceptOffer"}
	return []signing{
		{"obligor", "", &membersv1.AdmitSupplier{Legal: legal, IdentityCheck: id.Hash("licence").Bytes(), InvitationKind: uint32(pub.Kind), InvitationKey: pub.Bytes}},
		{"tier1", "", &membersv1.Join{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Possession: make([]byte, 64)}},
		{"obligor", "", &membersv1.SuspendSupplier{Member: tier2, Reason: "licence expired"}},
		{"obligor", "", &membersv1.ReinstateSupplier{Member: tier2}},
		{"tier1", "", &membersv1.OpenAccount{Name: "payments", Policy: c.policy}},
		{"tier1", "of the signing account", &membersv1.SetPolicy{Account: g.Role("tier1").Account.Bytes(), Policy: strict}},
		{"tier1", "of another account of one's own", &membersv1.SetPolicy{Account: c.treasury[:], Policy: c.policy}},
		{"bank", "", &membersv1.SetNodes{Nodes: [][]byte{peer(1)}}},
		{"bank", "three", &membersv1.SetNodes{Nodes: [][]byte{peer(1), peer(2), peer(3)}}},
		{"bank", "none", &membersv1.SetNodes{}},
		{"tier1", "with a key that looks", &membersv1.OpenAccount{Name: "books", Policy: c.viewed(t)}},
		{"tier1", "", &membersv1.SetEncryptionKey{EncryptionKey: id.Hash("x25519").Bytes()}},
		{"tier1", "none", &membersv1.SetEncryptionKey{}},
		{"tier1", "", &membersv1.CloseAccount{Account: c.treasury[:]}},
		{"tier1", "", &membersv1.VetoRecovery{Account: c.treasury[:]}},
		{"tier1", "", &membersv1.SetSettlementAccount{Currency: "EUR", Account: c.atBank()}},
		{"tier1", "taken away", &membersv1.SetSettlementAccount{Currency: "EUR"}},
		{"tier1", "", &membersv1.ConfirmSettlementAccount{Currency: "EUR", Account: c.atBank()}},
		{"tier1", "taken away", &membersv1.ConfirmSettlementAccount{Currency: "EUR"}},
		{"tier1", "", &membersv1.CancelSettlementAccount{Currency: "EUR"}},
		{"operator", "", &membersv1.AdmitMember{
			Legal: legal, Roles: uint32(membersv1.RoleBank | membersv1.RoleGuarantor), Seat: true, Policy: c.policy, SupplierQuota: 20, Nodes: [][]byte{peer(9)}, EncryptionKey: id.Hash("x25519").Bytes(),
		}},
		{"operator", "without more", &membersv1.AdmitMember{Legal: legal, Roles: uint32(membersv1.RoleRegulator), Policy: c.policy}},
		{"operator", "", &membersv1.SetStanding{Member: tier2, State: membersv1.MemberState_MEMBER_STATE_SUSPENDED, Roles: uint32(membersv1.RoleSupplier), SupplierQuota: 12}},
		{"operator", "of a member that is not there", &membersv1.SetStanding{Member: id.Hash("none").Bytes(), State: membersv1.MemberState_MEMBER_STATE_LEFT, Roles: uint32(membersv1.RoleBank)}},
		{"operator", "with a reason", &membersv1.SetStanding{Member: tier2, State: membersv1.MemberState_MEMBER_STATE_LEFT, Roles: uint32(membersv1.RoleSupplier), Reason: "merged"}},
		{"operator", "", &membersv1.SetSponsor{Member: tier2, Sponsor: g.Role("bank").Member.Bytes()}},
		{"operator", "none", &membersv1.SetSponsor{Member: tier2}},
		{"operator", "", &membersv1.Recover{Account: g.Role("tier2").Account.Bytes(), Policy: c.policy, Reason: "the safe burnt"}},
		{"operator", "of an account that others do not see", &membersv1.Recover{Account: c.treasury[:], Policy: c.policy, Reason: "the safe burnt"}},
		{"operator", "", &membersv1.CancelRecovery{Account: c.treasury[:]}},
	}
}

// atBank is an account at a bank outside of the chain.
func (c *scenery) atBank() *membersv1.BankAccount {
	return &membersv1.BankAccount{Bank: "Deutsche Bank", Bic: "DEUTDEFF500", Iban: "DE89370400440532013000", Holder: "Dingsheng Gearbox"}
}

// peer is a node's id.
func peer(n byte) []byte { return append(make([]byte, 19), n) }

func (c *scenery) votes(t *testing.T, g *stage) []signing {
	return []signing{
		{"operator", "", c.propose(t)},
		{"bank", "yes", &governancev1.Vote{Proposal: c.proposal[:], Yes: true}},
		{"factor", "no", &governancev1.Vote{Proposal: c.proposal[:]}},
		{"operator", "", &governancev1.SetParameter{Name: voucherv1.ParamDepthMax, FromDay: 20_604, Value: 5, Source: "vote of 2026"}},
		{"operator", "", &governancev1.SetValidator{PublicKey: id.Hash("validator").Bytes(), Power: 10, Member: g.Role("bank").Member.Bytes()}},
		{"operator", "taken away", &governancev1.SetValidator{PublicKey: id.Hash("validator").Bytes(), Member: g.Role("bank").Member.Bytes()}},
		{"operator", "taken away where few remain", &governancev1.SetValidator{PublicKey: id.Hash("validator").Bytes(), Member: g.Role("bank").Member.Bytes(), AllowBelowFour: true}},
		{"operator", "", &governancev1.ScheduleUpgrade{Protocol: 2, Height: 1_000_000, Info: "tallyd 2.0, sha256 12ab"}},
		{"operator", "without a note", &governancev1.ScheduleUpgrade{Protocol: 2, Height: 1_000_000}},
		{"operator", "", &governancev1.CancelUpgrade{}},
		{"operator", "days", &governancev1.ShiftClock{ForwardS: 61 * 86_400}},
		{"operator", "hours", &governancev1.ShiftClock{ForwardS: 5_400}},
	}
}

// names of what differs from run to run.
func (c *scenery) names() *strings.Replacer {
	hour := wallet.Clock{OffsetS: 8 * 3600}.Minute(time.Unix(c.hour, 0))
	return strings.NewReplacer(
		wallet.Short(c.live[:]), "{live}", wallet.Short(c.waiting[:]), "{waiting}", wallet.Short(c.offered[:]), "{offered}",
		wallet.Short(c.held.Number), "{held part}", wallet.Short(c.freeze.Package), "{merged}", wallet.Short(c.freeze.Id), "{freeze}",
		wallet.Short(c.back.Package), "{back}", c.treasury.String(), "{treasury, whole}", c.treasury.Short(), "{treasury}", hour, "{hour}", c.proposal.Short(), "{proposal}",
		time.Now().UTC().Add(8*time.Hour).AddDate(0, 0, 60).Format(time.DateOnly), "{in 60 days}",
		time.Now().UTC().Add(8*time.Hour).AddDate(0, 0, 40).Format(time.DateOnly), "{in 40 days}",
		time.Now().UTC().Add(8*time.Hour).AddDate(0, 0, 1).Format(time.DateOnly), "{tomorrow}",
	)
}

// previews compares the words of every message with the golden file, and wants one for each method of the modules.
func previews(t *testing.T, g *stage) {
	c := g.scenery(t)
	g.level(t)
	all := slices.Concat(c.membership(t, g), c.votes(t, g), c.deposits(g), c.vouchers(g))
	shown := map[string]bool{}
	for _, one := range all {
		shown[txv1.MethodOf(one.message)] = true
	}
	for _, method := range methods() {
		if !shown[method] {
			t.Errorf("%s has no words here", method)
		}
	}
	for l, file := range goldens {
		compareAll(t, file, previewsIn(t, g, c, all, l))
	}
}

// previewsIn are the words of every message in a language.
func previewsIn(t *testing.T, g *stage, c *scenery, all []signing, l lang.Lang) string {
	t.Helper()
	var got strings.Builder
	for _, one := range all {
		method := txv1.MethodOf(one.message)
		s := g.as(t, one.role)
		s.Speak(l)
		words, err := s.Preview(t.Context(), one.message)
		s.Speak(lang.English)
		if err != nil || len(words) == 0 {
			t.Errorf("%s: %q, %v", method, words, err)
		}
		title := method + ", signed by " + one.role
		if one.form != "" {
			title += ": " + one.form
		}
		fmt.Fprintf(&got, "== %s\n%s\n\n", title, c.names().Replace(strings.Join(words, "\n")))
	}
	return got.String()
}

func compareAll(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil { //nolint:gosec // a test's data, for everybody
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, string(want), got)
}

// compare tells each message whose words are others.
func compare(t *testing.T, want, got string) {
	t.Helper()
	a, b := strings.Split(want, "== "), strings.Split(got, "== ")
	for i := range max(len(a), len(b)) {
		var was, is string
		if i < len(a) {
			was = a[i]
		}
		if i < len(b) {
			is = b[i]
		}
		if was != is {
			t.Errorf("got %s\nwant %s", is, was)
		}
	}
}

// methods are all that the modules route.
func methods() (out []string) {
	m := members.New()
	d := deposit.New(m)
	for _, module := range []*kernel.Module{m.Module(), d.Module(), governance.New(m).Module(), voucher.New(m, d).Module()} {
		for _, r := range module.Routes {
			out = append(out, r.Method)
		}
	}
	return out
}

// devnetCode is a credit code whose check character fits.
func devnetCode(number int) string {
	base := fmt.Sprintf("91310000MA4DEM%03d", number)
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if membersv1.ValidUSCC(base + string(c)) {
			return base + string(c)
		}
	}
	panic("no check character fits " + base)
}

// What is not on the chain, was passed on since or is of no known kind gets no words: nobody signs it unread.
func previewsOfNothing(t *testing.T, g *stage) {
	none, short, day := id.Hash("none").Bytes(), []byte{1, 2, 3}, int64(86_400)
	ends := int64(chainDay(3)) * day
	trade := &voucherv1.Background{Contract: none}
	one := func(p *voucherv1.PartRef) *voucherv1.Transfer {
		return transfer(&voucherv1.TransferItem{Part: p, To: g.Role("tier2").Account.Bytes(), Background: trade, OfferExpiresUnixS: ends})
	}
	propose := func(call *txv1.Call) *governancev1.Propose {
		return &governancev1.Propose{Title: "t", ExpiresUnixS: ends, Calls: []*txv1.Call{call}}
	}
	pkg := g.issue(t, "stale", 1_000)
	g.level(t)
	tier1 := g.as(t, "tier1")
	must(t, tier1, &voucherv1.AcceptPackage{Package: pkg.Bytes()})
	held := part(t, tier1, wallet.Held, pkg)
	stale := held.Ref()
	stale.Head = none
	unknown := &txv1.Call{Method: "voucher.Melt", Message: []byte{8, 1}}
	garbled := &txv1.Call{Method: "voucher.Pay", Message: []byte{0xff}}
	for name, c := range map[string]struct {
		m    proto.Message
		says string
		want error // nil for any
	}{
		"no such voucher":        {&voucherv1.AcceptPackage{Package: none}, "there is no voucher", wallet.ErrNoMatch},
		"no voucher's id":        {&voucherv1.Pay{Package: short}, "package): ", voucherv1.ErrField},
		"no such part":           {&voucherv1.Split{Part: &voucherv1.PartRef{Package: pkg.Bytes(), Number: none, Head: none}, PiecesMinor: []int64{1, 2}}, "there is no part", wallet.ErrNoMatch},
		"no part's id":           {one(&voucherv1.PartRef{Number: short}), "items[0].part", voucherv1.ErrField},
		"no part":                {&voucherv1.WithdrawOffer{}, "none is named", voucherv1.ErrField},
		"no trade":               {transfer(&voucherv1.TransferItem{Part: held.Ref()}), "items[0]", voucherv1.ErrField},
		"passed on since":        {one(stale), "read the part again", voucherv1.ErrStaleHead},
		"not on offer":           {&voucherv1.WithdrawOffer{Part: held.Ref()}, "NotOffered", voucherv1.ErrNotOffered},
		"no such proposal":       {&governancev1.Vote{Proposal: none}, "there is no proposal", wallet.ErrNoMatch},
		"no proposal's id":       {&governancev1.Vote{Proposal: short}, "3 bytes", nil},
		"an event":               {&voucherv1.Issued{}, "no words for it", wallet.ErrNoWords},
		"a record":               {&membersv1.Member{}, "no words for it", wallet.ErrNoWords},
		"proposal of an event":   {propose(&txv1.Call{Method: "voucher.Issued"}), "", nil},
		"proposal of no pay":     {propose(&txv1.Call{Method: "voucher.Pay"}), "", nil},
		"proposal of the future": {propose(unknown), "voucher.Melt", nil},
		"proposal of garbage":    {propose(garbled), "", nil},
	} {
		words, err := tier1.Preview(t.Context(), c.m)
		if len(words) != 0 || err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.says)) {
			t.Errorf("%s: %q, %v", name, words, err)
		}
	}
	// One that cannot be read spoils all that would be signed with it.
	good := &voucherv1.SetStandingAcceptance{Currency: "CNY"}
	if words, err := tier1.Preview(t.Context(), good, &voucherv1.Issued{}); err == nil || words != nil {
		t.Errorf("a transaction that is not readable as a whole: %q, %v", words, err)
	}
	if words, err := tier1.Preview(t.Context(), good, good); err != nil || len(words) != 2 {
		t.Errorf("two messages: %q, %v", words, err)
	}
}
