//go:build pkcs11 && cgo

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/sdk/keys/token/tokentest"
)

// A treasurer whose key is in a token: made there, put in the place of the account's first key, and used to sign.
func TestTokenWallet(t *testing.T) {
	module, err := tokentest.Setup(t.TempDir(), "treasury")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pin, wrongPIN := write("pin", tokentest.PIN+"\n"), write("wrong", "0000\n")
	where := []string{"--token-module", module, "--token-label", "treasury", "--passphrase-file", pin}
	if code, _, errs := tally(t, append([]string{"keys", "show", "--key-label", "director"}, where...)...); code != exitWallet || !strings.Contains(errs, "'tally keys new' makes one") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if out := mustTally(t, append([]string{"keys", "list"}, where...)...); !strings.Contains(out, "no keys") {
		t.Errorf("%s", out)
	}
	var made publicKeyJSON
	out := mustTally(t, append([]string{"keys", "new", "--key-label", "director", "-o", "json"}, where...)...)
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.Kind != "p256" || made.Token != "treasury" || made.Label != "director" {
		t.Fatalf("%v, %s", err, out)
	}
	if code, _, errs := tally(t, append([]string{"keys", "new", "--key-label", "director"}, where...)...); code != exitWallet || !strings.Contains(errs, "already") {
		t.Errorf("made twice: exit %d, %s", code, errs)
	}
	if out := mustTally(t, append([]string{"keys", "list"}, where...)...); !strings.Contains(out, made.Public) {
		t.Errorf("%s", out)
	}
	if code, _, errs := tally(t, "keys", "list", "--token-module", module, "--token-label", "treasury", "--passphrase-file", wrongPIN); code != exitWallet || !strings.Contains(errs, "PIN") {
		t.Errorf("wrong PIN: exit %d, %s", code, errs)
	}

	n := apptest.Start(t)
	joinWithToken(t, n, dir, append([]string{"--key-label", "director"}, where...), wrongPIN, made.Public)
	url, nodePin := n.Endpoint(0)
	home := filepath.Join(dir, "home")
	initWith := []string{
		"init", "--home", home, "--gate", url, "--pin", nodePin, "--genesis", n.Nodes[0].GenesisFile(), "--alone",
		"--token-module", module, "--token-label", "treasury", "--key-label", "director", "--passphrase-file",
	}
	if code, _, errs := tally(t, append(initWith, wrongPIN)...); code != exitWallet || !strings.Contains(errs, "PIN") {
		t.Errorf("wrong PIN: exit %d, %s", code, errs)
	}
	mustTally(t, append(initWith, pin)...)
	profile, err := os.ReadFile(filepath.Join(home, "profile.json"))
	if err != nil || !strings.Contains(string(profile), made.Public) || strings.Contains(string(profile), tokentest.PIN) {
		t.Errorf("%v, %s", err, profile)
	}
	if out := mustTally(t, "keys", "show", "--home", home); !strings.Contains(out, made.Public) {
		t.Errorf("without the PIN: %s", out)
	}
	if out := mustTally(t, "status", "--home", home, "--passphrase-file", pin); !strings.Contains(out, "Xishan Glass") {
		t.Errorf("%s", out)
	}
}

// joinWithToken has a supplier join whose own key is the token's. It may run the command again, without the flags too.
func joinWithToken(t *testing.T, n *apptest.Network, dir string, where []string, wrongPIN, public string) {
	t.Helper()
	obligor, file, check := filepath.Join(dir, "obligor"), filepath.Join(dir, "invitation.json"), filepath.Join(dir, "pin")
	mustTally(t, "init", "--home", obligor, "--devnet", n.Dir, "--role", "obligor")
	mustTally(t, "--home", obligor, "invite", "--name", "Xishan Glass", "--uscc", uscc("031"), "--identity-check", check, "--out", file, "--yes")
	join := []string{"join", file, "--yes", "--home", filepath.Join(dir, "joining")}
	if code, _, errs := tally(t, append(append(join[:len(join):len(join)], where...), "--passphrase-file", wrongPIN)...); code != exitWallet || !strings.Contains(errs, "PIN") {
		t.Errorf("wrong PIN: exit %d, %s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "joining", "profile.json")); err == nil {
		t.Error("with the wrong PIN there is a wallet")
	}
	mustTally(t, append(join[:len(join):len(join)], where...)...)
	profile, err := os.ReadFile(filepath.Join(dir, "joining", "profile.json"))
	if err != nil || !strings.Contains(string(profile), public) || strings.Contains(string(profile), "key.json") {
		t.Errorf("%v, %s", err, profile)
	}
	for _, again := range [][]string{where, {"--passphrase-file", check}} {
		if code, _, errs := tally(t, append(join[:len(join):len(join)], again...)...); code != exitDone || !strings.Contains(errs, "joined already") {
			t.Errorf("again: exit %d, %s", code, errs)
		}
	}
}
