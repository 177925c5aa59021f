package wallet

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk/keys/token"
)

func goodProfile() Profile {
	return Profile{
		Chain: "c", Endpoints: []Endpoint{{URL: "https://a.example"}, {URL: "https://b.example", Pin: strings.Repeat("ab", 32)}},
		Trust: Trust{Height: 5, Hash: strings.Repeat("0c", 32)}, DevelopmentSecret: strings.Repeat("01", 32),
		Names: map[string]id.ID{"forge": id.Hash("forge")},
	}
}

func TestProfileRefuses(t *testing.T) {
	if p := goodProfile(); p.Check() != nil {
		t.Fatal(p.Check())
	}
	for name, change := range map[string]func(*Profile){
		"chain":        func(p *Profile) { p.Chain = "" },
		"endpoints":    func(p *Profile) { p.Endpoints = nil },
		"endpoints ":   func(p *Profile) { p.Endpoints = p.Endpoints[:1] },
		"endpoints  ":  func(p *Profile) { p.Endpoints = make([]Endpoint, maxEndpoints+1) },
		"endpoints   ": func(p *Profile) { p.Endpoints[0].URL = "http://a.example" },
		"pin":          func(p *Profile) { p.Endpoints[0].Pin = "ab" },
		"trust height": func(p *Profile) { p.Trust.Height = 0 },
		"trust hash":   func(p *Profile) { p.Trust.Hash = "zz" },
		"invoice key":  func(p *Profile) { p.InvoiceKey = "12" },
		"confirmers":   func(p *Profile) { p.Confirmers = []Confirmer{{Key: "rsa:00"}} },
		"confirmers ":  func(p *Profile) { p.Confirmers = make([]Confirmer, maxConfirmers+1) },
		"token":        func(p *Profile) { p.Token = tokenConfig() },
		"token ":       func(p *Profile) { p.DevelopmentSecret, p.KeyFile, p.Token = "", "key.json", tokenConfig() },
		"token  ":      func(p *Profile) { p.DevelopmentSecret, p.Token = "", &token.Config{} },
		"token   ": func(p *Profile) {
			p.DevelopmentSecret, p.Token = "", tokenConfig()
			p.Token.Module = "libsofthsm2.so"
		},
		"name":   func(p *Profile) { p.Names["beef"] = id.ID{} },
		"name ":  func(p *Profile) { p.Names[""] = id.ID{} },
		"name  ": func(p *Profile) { p.Names[" a"] = id.ID{} },
	} {
		p := goodProfile()
		change(&p)
		var in *Input
		if err := p.Check(); !errors.As(err, &in) || in.Field != strings.TrimSpace(name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func tokenConfig() *token.Config {
	return &token.Config{Module: "/nowhere/libtoken.so", Token: "treasury", Key: "director"}
}

// Who invites says nothing of the key, and names no library that is to be loaded.
func TestCheckInvited(t *testing.T) {
	good := goodProfile()
	good.DevelopmentSecret = ""
	if err := good.CheckInvited(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Profile){
		"token":              func(p *Profile) { p.Token = tokenConfig() },
		"key_file":           func(p *Profile) { p.KeyFile = "/etc/shadow" },
		"development_secret": func(p *Profile) { p.DevelopmentSecret = strings.Repeat("01", 32) },
		"chain":              func(p *Profile) { p.Chain = "" },
	} {
		p := good
		change(&p)
		var in *Input
		if err := p.CheckInvited(); !errors.As(err, &in) || in.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// A wallet whose key is in a token has no key file, asks for the PIN, and says what is wrong where the token is not there.
func TestTokenWallet(t *testing.T) {
	p := goodProfile()
	p.DevelopmentSecret, p.Token = "", tokenConfig()
	home := filepath.Join(t.TempDir(), "home")
	if _, err := Create(home, p); err != nil {
		t.Fatal(err)
	}
	w, err := Open(home)
	if err != nil || !w.Locked() || w.Profile.KeyFile != "" || *w.Profile.Token != *p.Token {
		t.Fatalf("%v, %+v", err, w.Profile)
	}
	if err := w.Unlock("1234"); !errors.Is(err, ErrToken) || !w.Locked() {
		t.Errorf("%v", err)
	}
	if !strings.Contains(w.Prompt(), "PIN") || !strings.Contains(w.Prompt(), "treasury") || strings.Contains((&Wallet{}).Prompt(), "PIN") {
		t.Errorf("%s", w.Prompt())
	}
	file := filepath.Join(home, fileProfile)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(`"key": "director"`), []byte(`"key": "director", "pin": "1234"`), 1)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(home); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "pin") {
		t.Errorf("a PIN in the profile: %v", err)
	}
}

func TestCreateAndOpen(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	if _, err := Open(home); !errors.Is(err, ErrNoWallet) {
		t.Errorf("nothing there: %v", err)
	}
	w, err := Create(home, goodProfile())
	if err != nil || w.Locked() {
		t.Fatal(err)
	}
	if _, err := Create(home, goodProfile()); !errors.Is(err, ErrExists) {
		t.Errorf("made twice: %v", err)
	}
	again, err := Open(home)
	if err != nil || again.Profile.Names["forge"] != id.Hash("forge") || !again.Signer().Public().Equal(w.Signer().Public()) {
		t.Errorf("%v, %+v", err, again)
	}
	file := filepath.Join(home, fileProfile)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for name, content := range map[string]string{"no JSON": "{", "no chain": "{}"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(home); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnlock(t *testing.T) {
	p := goodProfile()
	p.DevelopmentSecret = ""
	w, err := Create(filepath.Join(t.TempDir(), "home"), p)
	if err != nil || !w.Locked() {
		t.Fatal(err)
	}
	if err := w.Unlock("long enough"); !errors.Is(err, ErrNoWallet) {
		t.Errorf("no key file: %v", err)
	}
	if _, err := w.Client(t.Context()); !errors.Is(err, ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	if _, ok := w.InvoiceKey(); ok {
		t.Error("a profile without an invoice key has one")
	}
}
