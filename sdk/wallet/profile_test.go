package wallet

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
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
		"name":         func(p *Profile) { p.Names["beef"] = id.ID{} },
		"name ":        func(p *Profile) { p.Names[""] = id.ID{} },
		"name  ":       func(p *Profile) { p.Names[" a"] = id.ID{} },
	} {
		p := goodProfile()
		change(&p)
		var in *Input
		if err := p.Check(); !errors.As(err, &in) || in.Field != strings.TrimSpace(name) {
			t.Errorf("%s: %v", name, err)
		}
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
