package wallet

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"google.golang.org/protobuf/proto"
)

// What is signed is told from the bytes alone: every field, with nothing looked up.
func TestDecoded(t *testing.T) {
	h := func(n byte) []byte { return append(make([]byte, 31), n) }
	hex := func(n string) string { return strings.Repeat("0", 62) + n }
	inner, err := txv1.CallOf(id.ID{}, &governancev1.SetParameter{Name: "voucher.tenor_max_days", Value: 100, FromDay: 20_000, Source: "a\nvote"})
	if err != nil {
		t.Fatal(err)
	}
	inner.As = h(9)
	for _, tc := range []struct {
		name string
		m    proto.Message
		want []string
	}{
		{"amounts beside their currency", &voucherv1.SetLine{Obligor: h(1), Currency: "CNY", LimitMinor: 123_456}, []string{
			"obligor: " + hex("01"), `currency: "CNY"`, "limit_minor: 1,234.56 CNY",
		}},
		{"amounts without, times, lists", &voucherv1.Transfer{Items: []*voucherv1.TransferItem{
			{Part: &voucherv1.PartRef{Package: h(1)}, To: h(2), AmountMinor: 70, OfferExpiresUnixS: 1_800_000_000, Recourse: true}, {To: h(3)},
		}}, []string{
			"items[0].part.package: " + hex("01"), "items[0].to: " + hex("02"),
			"items[0].amount_minor: 70 minor units (fen, cents) of a currency that the transaction does not name",
			"items[0].recourse: true", "items[0].offer_expires_unix_s: 2027-01-15 08:00:00 UTC", "items[1].to: " + hex("03"),
		}},
		{"days, the currency above", &voucherv1.Issue{Chunk: 2, Items: []*voucherv1.IssueItem{{
			Currency: "JPY", AmountMinor: 5, DueDay: 20_000, Background: &voucherv1.Background{Invoices: []*voucherv1.InvoiceUse{{UsedMinor: 5}}},
		}}}, []string{
			"chunk: 2", `items[0].currency: "JPY"`, "items[0].amount_minor: 5 JPY", "items[0].due_day: 2024-10-04", "items[0].background.invoices[0].used_minor: 5 JPY",
		}},
		{"enums", &membersv1.SetStanding{State: membersv1.MemberState_MEMBER_STATE_SUSPENDED, Roles: 3}, []string{"state: member_state_suspended", "roles: 3"}},
		{"unknown enums", &membersv1.SetStanding{State: 99}, []string{"state: 99"}},
		{"calls within", &governancev1.Propose{Calls: []*txv1.Call{inner}}, []string{
			"calls[0]: governance.SetParameter", "calls[0].as: " + hex("09"), `calls[0].name: "voucher.tenor_max_days"`, "calls[0].from_day: 2024-10-04",
			"calls[0].value: 100", `calls[0].source: "a\nvote"`,
		}},
	} {
		got, err := Decoded(tc.m)
		if err != nil || strings.Join(got, "\n") != strings.Join(tc.want, "\n") {
			t.Errorf("%s: %v\n%s\nwant\n%s", tc.name, err, strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
		}
	}
	if _, err := Decoded(&governancev1.Propose{Calls: []*txv1.Call{{Method: "no.Such"}}}); !errors.Is(err, sdk.ErrDraft) {
		t.Errorf("a call that nobody knows: %v", err)
	}
	long := &voucherv1.CheckDocument{}
	for range maxDecoded + 1 {
		long.Documents = append(long.Documents, h(1))
	}
	if _, err := Decoded(long); !errors.Is(err, errTooLong) {
		t.Errorf("what nobody reads: %v", err)
	}
}

// A file is written once, replaced whole, and read with its faults named.
func TestDraftFiles(t *testing.T) {
	w := newWorld(t)
	s := w.as("tier1")
	d, err := s.Build(t.Context(), 0, sdk.Call{Message: &voucherv1.CheckDocument{Documents: [][]byte{id.Hash("x").Bytes()}}})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(d.Expires()); left < 4*time.Minute || left > 6*time.Minute {
		t.Errorf("it can run for %s", left)
	}
	for _, no := range []time.Duration{-1, 1, 10 * time.Minute, 24 * time.Hour} {
		var in *Input
		if _, err := s.Build(t.Context(), no, sdk.Call{Message: &voucherv1.CheckDocument{}}); !errors.As(err, &in) || in.Field != "lifetime" {
			t.Errorf("%s: %v", no, err)
		}
	}
	path := filepath.Join(t.TempDir(), "a.tx")
	if err := WriteDraftFile(path, d, []string{"words"}, false); err != nil {
		t.Fatal(err)
	}
	if err := WriteDraftFile(path, d, nil, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("written over: %v", err)
	}
	if err := WriteDraftFile(path, d, []string{"others"}, true); err != nil {
		t.Error(err)
	}
	again, words, err := ReadDraftFile(path)
	if err != nil || len(words) != 1 || words[0] != "others" || again.Ticket().Body != d.Ticket().Body {
		t.Errorf("%v, %v", words, err)
	}
	var in *Input
	if _, _, err := ReadDraftFile(path + "x"); !errors.As(err, &in) {
		t.Errorf("not there: %v", err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadDraftFile(path); !errors.As(err, &in) || in.Field != path {
		t.Errorf("damaged: %v", err)
	}
	if _, err := w.as("tier2").SendDraft(t.Context(), nil, d); !errors.As(err, &in) || in.Field != "sender" {
		t.Errorf("sent by another account: %v", err)
	}
}

// In one transaction of two accounts, each reads its own part in words, and the other's from its bytes.
func TestPreviewDraftOfTwo(t *testing.T) {
	w := newWorld(t)
	h := w.holding(1, 500)
	check := &voucherv1.CheckDocument{Documents: [][]byte{id.Hash("x").Bytes()}}
	d, err := w.as("tier1").Build(t.Context(), 0, sdk.Call{Message: &voucherv1.Split{Part: h.Part.Ref(), PiecesMinor: []int64{200, 300}}},
		sdk.Call{As: w.Role("bank").Account, Message: check})
	if err != nil {
		t.Fatal(err)
	}
	own, err := w.as("tier1").PreviewDraft(t.Context(), d)
	if err != nil || !strings.HasPrefix(own[0], "You split your part") || !strings.HasPrefix(own[1], "Call 2, as Bank of Linjiang (") {
		t.Errorf("%q, %v", own, err)
	}
	other, err := w.as("bank").PreviewDraft(t.Context(), d)
	if err != nil || !strings.HasPrefix(other[0], "Call 1, as Dingsheng") || !strings.HasPrefix(other[len(other)-1], "You declare that you have seen") {
		t.Errorf("%q, %v", other, err)
	}
}

// Who is admitted while a session lives is found by it, by name and by account, without a walk for each miss.
func TestMembersAdmittedLater(t *testing.T) {
	w := newWorld(t)
	s := w.as("bank")
	if _, err := s.FindAccount(t.Context(), "luming"); !errors.Is(err, ErrNoMatch) {
		t.Fatal(err)
	}
	pub := w.Role("regulator").Signer.Public()
	fresh := append([]byte(nil), pub.Bytes...)
	fresh[0] ^= 1
	o := w.must("obligor", &membersv1.AdmitSupplier{
		Legal:         &membersv1.Legal{Name: "Luming Tools Co., Ltd.", CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: uscc("91310000MA2DEM001")},
		IdentityCheck: id.Hash("licence").Bytes(), InvitationKind: uint32(pub.Kind), InvitationKey: fresh,
	})
	account := o.Created(0, 1)
	if _, err := s.FindAccount(t.Context(), "luming"); !errors.Is(err, ErrNoMatch) {
		t.Fatalf("it walked again at once: %v", err)
	}
	if p, err := s.Party(t.Context(), account[:]); err != nil || p.Member != nil {
		t.Fatalf("%v, %v", p, err)
	}
	s.names.walked = time.Now().Add(-2 * walkAgain)
	if p, err := s.Party(t.Context(), account[:]); err != nil || p.String() != "Luming Tools Co., Ltd." {
		t.Errorf("%v, %v", p, err)
	}
	delete(s.names.members, o.Created(0, 0))
	s.names.walked = time.Now().Add(-2 * walkAgain)
	if found, err := s.FindAccount(t.Context(), "luming"); err != nil || found != account {
		t.Errorf("%v, %v", found, err)
	}
}

// uscc adds the check character that fits.
func uscc(base string) string {
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if membersv1.ValidUSCC(base + string(c)) {
			return base + string(c)
		}
	}
	panic("no check character fits " + base)
}

// A home knows the rows of a run that it began, and names the first that is another.
func TestSameRun(t *testing.T) {
	w := newWorld(t)
	s := w.as("obligor")
	run, err := s.RunOf("may")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", strings.Repeat("r", maxRunName+1)} {
		if _, err := s.RunOf(name); err == nil {
			t.Errorf("a run called %.10q", name)
		}
	}
	if other, err := w.as("tier1").RunOf("may"); err != nil || other == run {
		t.Error("two accounts have one run")
	}
	items := func() []*voucherv1.IssueItem {
		return []*voucherv1.IssueItem{w.item(1, 10), w.item(2, 20), w.item(3, 30)}
	}
	if at, err := s.SameRun(run, items()); at != -1 || err != nil {
		t.Errorf("a new run: %d, %v", at, err)
	}
	if err := s.BeginRun(run, "may", items()); err != nil {
		t.Fatal(err)
	}
	altered := items()
	altered[1].DueDay++
	for _, tc := range []struct {
		items []*voucherv1.IssueItem
		at    int
	}{{items(), -1}, {altered, 1}, {items()[:2], 2}, {append(items(), w.item(4, 1)), 3}, {nil, 0}} {
		if at, err := s.SameRun(run, tc.items); at != tc.at || err != nil {
			t.Errorf("%d rows differ at %d, want %d, %v", len(tc.items), at, tc.at, err)
		}
	}
	for _, damaged := range []string{"", "{}", `{"version": 1, "items": 1, "rows": "zz"}`, `{"version": 1, "items": 2, "rows": "0011223344556677"}`} {
		if err := os.WriteFile(s.Wallet.runFile(run), []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SameRun(run, items()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", damaged, err)
		}
	}
}
