package wallet_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/sdk/wallet"
)

// developmentProfiles are what the network's folder says: each role's node and another member's, its key and all names.
func developmentProfiles(t *testing.T, g *stage) {
	for _, r := range g.Roles {
		p, err := wallet.Development(t.Context(), g.Dir, r.Name)
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		url, pin := g.Endpoint(r.Node)
		own := wallet.Endpoint{URL: url, Pin: pin, Member: g.Nodes[r.Node].Member}
		if p.Chain != devnet.ChainID || p.Account != r.Account || p.DevelopmentSecret != r.Secret || p.InvoiceKey != devnet.InvoiceKey.String() {
			t.Errorf("%s: %+v", r.Name, p)
		}
		if len(p.Endpoints) != 2 || p.Endpoints[0] != own || p.Endpoints[1].Member == own.Member || p.Alone {
			t.Errorf("%s: endpoints %+v", r.Name, p.Endpoints)
		}
		if p.Trust.Height < 1 || len(p.Trust.Hash) != 64 || p.Check() != nil {
			t.Errorf("%s: %+v, %v", r.Name, p.Trust, p.Check())
		}
		confirmersOf(t, g, r, p)
		for _, other := range g.Roles {
			if p.Names[other.Name] != other.Account {
				t.Errorf("%s does not know %s", r.Name, other.Name)
			}
		}
	}
	var in *wallet.Input
	if _, err := wallet.Development(t.Context(), g.Dir, "king"); !errors.As(err, &in) || in.Field != "role" || !strings.Contains(in.Do.String(), "obligor, bank") {
		t.Errorf("%v", err)
	}
	if _, err := wallet.Development(t.Context(), t.TempDir(), "bank"); !errors.As(err, &in) || in.Field != "devnet" {
		t.Errorf("%v", err)
	}
}

// confirmersOf wants the members with nodes, but the role itself, each with its own key.
func confirmersOf(t *testing.T, g *stage, r devnet.Role, p wallet.Profile) {
	t.Helper()
	want := map[string]bool{}
	for _, name := range []string{"obligor", "bank"} {
		if name != r.Name {
			want[g.Role(name).Member.String()+g.Role(name).Signer.Public().String()] = true
		}
	}
	for _, c := range p.Confirmers {
		if !want[c.Member.String()+c.Key] {
			t.Errorf("%s: %+v confirms", r.Name, c)
		}
	}
	if len(p.Confirmers) != len(want) {
		t.Errorf("%s: %d confirmers", r.Name, len(p.Confirmers))
	}
}

// A manifest that was altered is refused, or leads nowhere; it never panics.
func damagedManifests(t *testing.T, g *stage) {
	b, err := os.ReadFile(filepath.Join(g.Dir, "devnet.json"))
	if err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	first := func(m object, list string) object { return m[list].([]any)[0].(object) }
	for name, alter := range map[string]func(object){
		"no nodes":             func(m object) { m["nodes"] = nil },
		"a node out of range":  func(m object) { first(m, "roles")["node"] = 2 },
		"a node below zero":    func(m object) { first(m, "roles")["node"] = -1 },
		"another's pin":        func(m object) { first(m, "nodes")["pin"] = strings.Repeat("ab", 32) },
		"no pin":               func(m object) { first(m, "nodes")["pin"] = "" },
		"a gate without a key": func(m object) { first(m, "nodes")["gate"] = "http://127.0.0.1:1" },
		"a secret that is cut": func(m object) { m["roles"].([]any)[1].(object)["secret"] = "00ff" },
		"a secret of no hex":   func(m object) { m["roles"].([]any)[1].(object)["secret"] = "secret" },
		"an account cut":       func(m object) { first(m, "roles")["account"] = "31ae" },
		"roles of numbers":     func(m object) { m["roles"] = []any{1, 2} },
		"another chain":        func(m object) { m["chain"] = "splittally-main" },
	} {
		var m object
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		alter(m)
		dir := t.TempDir()
		altered, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "devnet.json"), altered, 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := wallet.Development(t.Context(), dir, "obligor"); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
