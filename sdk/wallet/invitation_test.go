package wallet

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/keys"
)

func newcomer(number string) Supplier {
	return Supplier{
		Legal:         &membersv1.Legal{Name: "Nanshan Casting", CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: number},
		IdentityCheck: id.Hash("licence"),
	}
}

func validCode(t *testing.T) string {
	t.Helper()
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if code := "91310000MA3DEM001" + string(c); membersv1.ValidUSCC(code) {
			return code
		}
	}
	t.Fatal("no check character fits")
	return ""
}

// invite has the obligor admit the newcomer.
func invite(t *testing.T, w *world, file string) error {
	t.Helper()
	s := w.as("obligor")
	o, err := s.PrepareInvitation(t.Context(), newcomer(validCode(t)))
	if err != nil {
		t.Fatal(err)
	}
	words, err := s.Preview(t.Context(), o.Message)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Invite(t.Context(), words, o, file)
	return err
}

func TestInviteAndJoin(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "invitation.json")
	if err := invite(t, w, file); err != nil {
		t.Fatal(err)
	}
	if err := invite(t, w, file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("an invitation was overwritten: %v", err)
	}
	twice := filepath.Join(t.TempDir(), "again.json")
	if err := invite(t, w, twice); !errors.Is(err, membersv1.ErrKnown) {
		t.Errorf("admitted twice: %v", err)
	}
	if _, err := os.Stat(twice); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a refused invitation left its file")
	}
	i, err := ReadInvitation(file)
	if err != nil || i.Sponsor != "Hanhai Automotive Co., Ltd." || i.Profile.InvoiceKey == "" || len(i.Profile.Confirmers) == 0 {
		t.Fatalf("%+v, %v", i, err)
	}
	home := filepath.Join(t.TempDir(), "home")
	one, err := i.Accept(home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Join(t.Context(), one); !errors.Is(err, ErrLocked) {
		t.Errorf("without a key: %v", err)
	}
	words, err := keys.NewWords()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := keys.FromWords(words, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	one.UseSigner(signer)
	for attempt, want := range []bool{true, false} {
		joined, err := i.Join(t.Context(), one)
		if err != nil || joined != want {
			t.Fatalf("attempt %d: %v, %v", attempt, joined, err)
		}
	}
	s := w.connect(one)
	if s.Own.State != membersv1.AccountState_ACCOUNT_STATE_ACTIVE || s.Account() != i.Profile.Account || s.Member() != i.Member {
		t.Errorf("%+v", s.Own)
	}
	if _, err := (&Invitation{Profile: Profile{Account: id.Hash("another")}}).Accept(home); !errors.Is(err, ErrExists) {
		t.Errorf("a wallet of another account was taken over: %v", err)
	}
}

func TestReadInvitationRefuses(t *testing.T) {
	for name, content := range map[string]string{
		"no JSON":         "x",
		"another file":    `{"profile": {}}`,
		"another version": `{"splittally_invitation": 2}`,
		"no key":          `{"splittally_invitation": 1, "one_time_key": "00"}`,
	} {
		file := filepath.Join(t.TempDir(), "i.json")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadInvitation(file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestDevelopmentRefuses(t *testing.T) {
	var in *Input
	if _, err := Development(t.Context(), t.TempDir(), "tier1"); !errors.As(err, &in) || in.Field != "devnet" {
		t.Errorf("no network: %v", err)
	}
}
