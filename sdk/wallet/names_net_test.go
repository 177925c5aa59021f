package wallet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/wallet"
)

// A profile made from the network's folder works after it was written and read, and connects with a witness.
func profileAndNetwork(t *testing.T, g *stage) {
	w := g.home(t, "tier3")
	again, err := wallet.Open(w.Home)
	if err != nil || fmt.Sprintf("%+v", again.Profile) != fmt.Sprintf("%+v", w.Profile) {
		t.Fatalf("%v\n%+v\nwas %+v", err, again, w.Profile)
	}
	again.Profile.Account = id.ID{} // found by the key
	c, err := again.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil || again.Profile.Account != g.Role("tier3").Account {
		t.Errorf("%s, %v", again.Profile.Account, err)
	}
	if kept, err := wallet.Open(w.Home); err != nil || kept.Profile.Account != g.Role("tier3").Account {
		t.Errorf("what was found is not kept: %v", err)
	}
	s := connected(t, w.Home)
	if !s.Clock.Development || s.Clock.OffsetS != 8*3600 || s.Clock.ShiftS != 0 || s.Member() != g.Role("tier3").Member {
		t.Errorf("%+v", s.Clock)
	}
	if stamp := s.Clock.Stamp(s.Clock.At); !strings.HasPrefix(stamp, fmt.Sprintf("verified at height %d, 20", s.Clock.At.Height)) || !strings.HasSuffix(stamp, "(+08:00)") {
		t.Errorf("%q", stamp)
	}
	now, err := s.Now(t.Context())
	if err != nil || s.Clock.Day(now) != chainDay(0) {
		t.Errorf("%s, %v", now, err)
	}
}

func namesAreTold(t *testing.T, g *stage) {
	w := g.home(t, "tier1")
	w.Profile.Names = map[string]id.ID{"forge": g.Role("tier2").Account, "nobody": id.Hash("nobody's"), "Bank of Linjiang": g.Role("factor").Account}
	if err := w.Save(); err != nil {
		t.Fatal(err)
	}
	s := connected(t, w.Home)
	tier2, bank := g.Role("tier2"), g.Role("bank")
	for text, want := range map[string]id.ID{
		"forge": tier2.Account, "Yuhe Forging Co., Ltd.": tier2.Account, "yuhe": tier2.Account, tier2.Account.String(): tier2.Account,
		tier2.Account.String()[:10]: tier2.Account, tier2.Member.String()[:10]: tier2.Account, "nobody": id.Hash("nobody's"),
		"Bank of Linjiang":  g.Role("factor").Account, // one's own name for somebody comes first
		"bank of linjiang":  bank.Account,
		devnetCredential(g): tier2.Account, id.Hash("nobody's").String()[:12]: id.Hash("nobody's"),
	} {
		if got, err := s.FindAccount(t.Context(), text); err != nil || got != want {
			t.Errorf("%q is %s (%v), want %s", text, got.Short(), err, want.Short())
		}
	}
	var in *wallet.Input
	for text, ambiguous := range map[string]bool{"": false, "Yuhe Casting": false, "ffff": false, "fff": false, "f": false, "s": false, "nobody's": false} {
		if _, err := s.FindAccount(t.Context(), text); err == nil || errors.As(err, &in) != ambiguous && !errors.Is(err, wallet.ErrNoMatch) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := s.FindMember(t.Context(), "nobody"); !errors.Is(err, wallet.ErrNoMatch) || !strings.Contains(err.Error(), "is not to be read") {
		t.Errorf("the member of an account that is no main account: %v", err)
	}
	if m, err := s.FindMember(t.Context(), "forge"); err != nil || m.Legal.Name != tier2.Title {
		t.Errorf("%v, %v", m, err)
	}
	none := id.Hash("no member")
	if name, err := s.MemberName(t.Context(), none[:]); err != nil || name != "member "+none.Short() {
		t.Errorf("%q, %v", name, err)
	}
	if name, err := s.MemberName(t.Context(), []byte{1}); err != nil || name != "nobody" {
		t.Errorf("%q, %v", name, err)
	}
	all, err := s.Members(t.Context())
	if err != nil || len(all) < len(g.Roles) {
		t.Errorf("%d members, %v", len(all), err)
	}
	partiesOf(t, g, s)
}

func devnetCredential(g *stage) string { return g.credential("tier2") }

// credential is what genesis says of a role.
func (g *stage) credential(role string) string {
	b, err := os.ReadFile(g.Nodes[0].GenesisFile())
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(b), g.Role(role).Title)
	_, rest, _ = strings.Cut(rest, `"credential"`)
	return strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(`": ,`, r) })[0]
}

// partiesOf names accounts for sentences, and in full for what is signed.
func partiesOf(t *testing.T, g *stage, s *wallet.Session) {
	t.Helper()
	stranger, forge := id.Hash("nobody's"), g.Role("tier2").Account
	all, err := s.Parties(t.Context(), s.Own.Id, forge[:], stranger[:])
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	for i, want := range []struct{ short, full string }{
		{"you", "you"},
		{"Yuhe Forging Co., Ltd.", "Yuhe Forging Co., Ltd. (" + g.credential("tier2") + ", account " + forge.Short() + ")"},
		{"nobody (account " + stranger.Short() + ")", "nobody (account " + stranger.Short() + ")"},
	} {
		if all[i].String() != want.short || all[i].Full() != want.full {
			t.Errorf("%q and %q, want %q and %q", all[i].String(), all[i].Full(), want.short, want.full)
		}
	}
}

// The file of hints can say what it likes, or nothing that can be read: what is told is proven.
func hintsAreNotBelieved(t *testing.T, g *stage) {
	bank, factor, none := g.Role("bank"), g.Role("factor"), id.Hash("none")
	for name, lie := range map[string]any{
		"another member":     map[id.ID]id.ID{bank.Account: factor.Member},
		"a member that not":  map[id.ID]id.ID{bank.Account: none},
		"of another's names": map[string]string{"bank": "factor"},
		"no object":          []int{1},
	} {
		w := g.home(t, "tier1")
		b, err := json.Marshal(lie)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.Home, "names-seen.json"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		s := connected(t, w.Home)
		if p, err := s.Party(t.Context(), bank.Account[:]); err != nil || p.String() != bank.Title {
			t.Errorf("%s: %s, %v", name, p, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var hints map[id.ID]id.ID
		b, err = os.ReadFile(filepath.Join(w.Home, "names-seen.json"))
		if err := errors.Join(err, json.Unmarshal(b, &hints)); err != nil || hints[bank.Account] != bank.Member {
			t.Errorf("%s: what was learnt is not kept: %v", name, err)
		}
	}
}

// Words for states are words, also for those that a later version may have.
func TestStatesInWords(t *testing.T) {
	for state, want := range map[membersv1.MemberState]string{
		membersv1.MemberState_MEMBER_STATE_ACTIVE: "active", membersv1.MemberState_MEMBER_STATE_SUSPENDED: "suspended",
		membersv1.MemberState_MEMBER_STATE_LEFT: "left", 0: "unknown", 99: "unknown",
	} {
		if got := wallet.MemberState(state); got != want {
			t.Errorf("%s: %s", state, got)
		}
	}
	for state, want := range map[membersv1.AccountState]string{
		membersv1.AccountState_ACCOUNT_STATE_INVITED: "invited", membersv1.AccountState_ACCOUNT_STATE_ACTIVE: "active",
		membersv1.AccountState_ACCOUNT_STATE_CLOSED: "closed", 0: "unknown", 99: "unknown",
	} {
		if got := wallet.AccountState(state); got != want {
			t.Errorf("%s: %s", state, got)
		}
	}
	for given, want := range map[string]string{"": "", "\x01": "01", strings.Repeat("\xab", 32): "abababab"} {
		if got := wallet.Short([]byte(given)); !strings.HasPrefix(got, want) || len(got) > 2*len(given) {
			t.Errorf("%x: %s", given, got)
		}
	}
}
