package wallet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/keys"
	"github.com/splittally/splittally/sdk/wallet"
)

const passphrase = "correct horse battery"

// invite has the obligor admit a supplier, and gives the invitation's file.
func (g *stage) invite(t *testing.T, name string, number int) string {
	t.Helper()
	s := g.as(t, "obligor")
	o, err := s.PrepareInvitation(t.Context(), wallet.Supplier{
		Legal:         &membersv1.Legal{Name: name, CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: devnetCode(number)},
		IdentityCheck: id.Hash("licence"),
	})
	if err != nil {
		t.Fatal(err)
	}
	words, err := s.Preview(t.Context(), o.Message)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "invitation.json")
	if _, err := s.Invite(t.Context(), words, o, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// newcomer is a home with a key of its own, made from an invitation.
func newcomer(t *testing.T, i *wallet.Invitation) *wallet.Wallet {
	t.Helper()
	home := filepath.Join(t.TempDir(), "newcomer")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	words, err := keys.NewWords()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := keys.FromWords(words, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Save(wallet.KeyPathIn(home), passphrase, signer, keys.Light); err != nil {
		t.Fatal(err)
	}
	w, err := i.Accept(home)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func read(t *testing.T, file string) *wallet.Invitation {
	t.Helper()
	i, err := wallet.ReadInvitation(file)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// From the file to a supplier that takes a voucher; who comes second with the same file comes too late.
func joining(t *testing.T, g *stage) {
	file := g.invite(t, "Luming Tooling Co., Ltd.", 11)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the invitation has mode %v: who reads it can join (%v)", info.Mode(), err)
	}
	i := read(t, file)
	if i.Sponsor != g.Role("obligor").Title || i.Name != "Luming Tooling Co., Ltd." || i.Member.IsZero() || i.Profile.DevelopmentSecret != "" || len(i.Profile.Endpoints) != 2 {
		t.Errorf("%+v", i)
	}
	roundTrip(t, file, i)
	w := newcomer(t, i)
	if !w.Locked() {
		t.Fatal("a wallet with a passphrase is open")
	}
	if _, err := i.Join(t.Context(), w); !errors.Is(err, wallet.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	if err := w.Unlock("wrong passphrase"); !errors.Is(err, wallet.ErrPassphrase) || !w.Locked() {
		t.Errorf("wrong passphrase: %v", err)
	}
	if err := w.Unlock(passphrase); err != nil {
		t.Fatal(err)
	}
	for n, want := range []bool{true, false} {
		if joined, err := i.Join(t.Context(), w); err != nil || joined != want {
			t.Fatalf("joined %v the time number %d, %v", joined, n, err)
		}
	}
	tooLate(t, i)
	s, err := w.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // a test's
	if got := wallet.AccountState(s.Own.State); got != "active" || s.Member() != i.Member || s.Account() != i.Profile.Account {
		t.Errorf("%s, of member %s", got, s.Member())
	}
	g.level(t)
	account, err := connected(t, g.home(t, "tier1").Home).FindAccount(t.Context(), "luming")
	if err != nil || account != s.Account() {
		t.Errorf("by its name: %s, %v", account, err)
	}
	item := g.item("luming", 5_000)
	item.Creditor = account.Bytes()
	pkg := must(t, g.as(t, "obligor"), &voucherv1.Issue{Items: []*voucherv1.IssueItem{item}}).Created(0, 0)
	g.level(t)
	must(t, s, &voucherv1.AcceptPackage{Package: pkg.Bytes()})
	if p := part(t, s, wallet.Held, pkg); p.Outstanding() != 5_000 {
		t.Errorf("%+v", p)
	}
}

// roundTrip writes an invitation as it was read: nothing is lost.
func roundTrip(t *testing.T, file string, i *wallet.Invitation) {
	t.Helper()
	b, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if was, err := os.ReadFile(file); err != nil || !bytes.Equal(was, append(b, '\n')) {
		t.Errorf("read and written again it is\n%s\nand was\n%s", b, was)
	}
	copied := filepath.Join(t.TempDir(), "copy.json")
	if err := os.WriteFile(copied, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if again := read(t, copied); !reflect.DeepEqual(again, i) {
		t.Errorf("%+v\nwas %+v", again, i)
	}
}

func tooLate(t *testing.T, i *wallet.Invitation) {
	t.Helper()
	thief := newcomer(t, i)
	if err := thief.Unlock(passphrase); err != nil {
		t.Fatal(err)
	}
	own := thief.Signer().Public()
	if joined, err := i.Join(t.Context(), thief); err == nil {
		t.Errorf("used twice: joined %v, %v", joined, err)
	}
	if !thief.Signer().Public().Equal(own) {
		t.Error("the invitation's key was left in the wallet")
	}
	if s, err := thief.Connect(t.Context()); err == nil {
		_ = s.Close()
		t.Error("the thief's key opens the account")
	}
}

// An invitation that somebody altered joins nothing, whatever was altered.
func alteredInvitations(t *testing.T, g *stage) {
	file := g.invite(t, "Altered Castings", 12)
	honest := read(t, file)
	for name, c := range map[string]struct {
		alter func(*wallet.Invitation)
		want  error // nil for any
	}{
		"another one-time key": {func(i *wallet.Invitation) { i.OneTimeKey = strings.Repeat("1f", 32) }, nil},
		"a key that is none":   {func(i *wallet.Invitation) { i.OneTimeKey = strings.Repeat("ff", 32) }, nil},
		"another account":      {func(i *wallet.Invitation) { i.Profile.Account = g.Role("tier3").Account }, nil},
		"another chain":        {func(i *wallet.Invitation) { i.Profile.Chain = "splittally-main" }, nil},
		"another header":       {func(i *wallet.Invitation) { i.Profile.Trust.Hash = strings.Repeat("0c", 32) }, nil},
		"a height to come":     {func(i *wallet.Invitation) { i.Profile.Trust.Height += 1_000_000 }, nil},
		"another machine": {func(i *wallet.Invitation) {
			i.Profile.Endpoints = append([]wallet.Endpoint{}, i.Profile.Endpoints...)
			i.Profile.Endpoints[0].Pin = strings.Repeat("ab", 32)
		}, sdk.ErrPin},
		"another witness": {func(i *wallet.Invitation) {
			i.Profile.Endpoints = []wallet.Endpoint{i.Profile.Endpoints[0], {URL: "https://127.0.0.1:1", Pin: i.Profile.Endpoints[1].Pin}}
		}, nil},
	} {
		altered := *honest
		c.alter(&altered)
		w := newcomer(t, &altered)
		if err := w.Unlock(passphrase); err != nil {
			t.Fatal(err)
		}
		if joined, err := altered.Join(t.Context(), w); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: joined %v, %v", name, joined, err)
		}
	}
	other := *honest
	other.Profile.Account = id.Hash("another")
	w := newcomer(t, honest)
	if _, err := other.Accept(w.Home); !errors.Is(err, wallet.ErrExists) {
		t.Errorf("an invitation of another account over a wallet: %v", err)
	}
	if again, err := honest.Accept(w.Home); err != nil || again.Profile.Account != honest.Profile.Account {
		t.Errorf("accepted again: %v", err)
	}
	if err := w.Unlock(passphrase); err != nil {
		t.Fatal(err)
	}
	if joined, err := honest.Join(t.Context(), w); err != nil || !joined {
		t.Errorf("the honest one, after all: %v, %v", joined, err)
	}
}

// A header that is older than 14 days is trusted no longer: the invitation has expired.
func expiredInvitations(t *testing.T, g *stage) {
	i := read(t, g.invite(t, "Late Forging", 13))
	genesis, err := os.ReadFile(g.Nodes[0].GenesisFile())
	if err != nil {
		t.Fatal(err)
	}
	url, pin := g.Endpoint(0)
	first, err := sdk.TrustGenesis(t.Context(), genesis, sdk.Endpoint{URL: url, Pin: pin})
	if err != nil {
		t.Fatal(err)
	}
	fresh := i.Profile.Trust
	i.Profile.Trust = wallet.TrustOf(first)
	w := newcomer(t, i)
	if err := w.Unlock(passphrase); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Join(t.Context(), w); !errors.Is(err, sdk.ErrTrustExpired) {
		t.Errorf("after 20 days: %v", err)
	}
	w.Profile.Trust = fresh
	if joined, err := i.Join(t.Context(), w); err != nil || !joined {
		t.Errorf("with a newer header: %v, %v", joined, err)
	}
}
