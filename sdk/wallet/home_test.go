package wallet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/keys"
	"github.com/splittally/splittally/sdk/keys/token"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"pgregory.net/rapid"
)

func signerOf(t testing.TB, name string) key.Signer {
	t.Helper()
	secret := id.Hash("test key", []byte(name))
	s, err := key.FromSecret(key.Secp256k1, secret[:])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fullProfile has every field set.
func fullProfile(t testing.TB) wallet.Profile {
	t.Helper()
	return wallet.Profile{
		Chain: "chain-1", Account: id.Hash("account"),
		Endpoints: []wallet.Endpoint{{URL: "https://a.example:9443", Pin: strings.Repeat("ab", 32), Member: "Bank A"}, {URL: "https://b.example"}},
		Alone:     true, Trust: wallet.Trust{Height: 12, Hash: strings.Repeat("0c", 32)}, KeyFile: "key.json",
		DevelopmentSecret: strings.Repeat("01", 32), InvoiceKey: strings.Repeat("02", 32),
		Confirmers: []wallet.Confirmer{{Member: id.Hash("a"), Key: signerOf(t, "a").Public().String()}},
		Lang:       "zh",
		Names:      map[string]id.ID{"forge": id.Hash("forge"), "铸造厂": id.Hash("casting")},
	}
}

// Every field survives writing and reading, and a field that is added to Profile must be in the test.
func TestProfileRoundTrip(t *testing.T) {
	p := fullProfile(t)
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		if v.Field(i).IsZero() && v.Type().Field(i).Name != "Token" { // excludes KeyFile; TestTokenWallet has it
			t.Errorf("the field %s is not set in this test", v.Type().Field(i).Name)
		}
	}
	home := filepath.Join(t.TempDir(), "a", "home")
	if _, err := wallet.Create(home, p); err != nil {
		t.Fatal(err)
	}
	again, err := wallet.Open(home)
	if err != nil || !reflect.DeepEqual(again.Profile, p) {
		t.Errorf("%v\n%+v\nwas %+v", err, again.Profile, p)
	}
	before := content(t, home)
	if err := again.Save(); err != nil || content(t, home) != before {
		t.Errorf("saved unchanged it differs: %v", err)
	}
	if k, ok := again.InvoiceKey(); !ok || k[0] != 2 || k[31] != 2 {
		t.Errorf("%x, %v", k, ok)
	}
	if got := files(t, home); !slices.Equal(got, []string{"profile.json", "tickets"}) {
		t.Errorf("the home has %v", got)
	}
}

func content(t *testing.T, home string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(home, "profile.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Whatever names the owner gives, and however often, the file gives them back.
func TestAddressBookRoundTrip(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	w, err := wallet.Create(home, fullProfile(t))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		book := rapid.MapOfN(rapid.String(), rapid.Byte(), 0, 20).Draw(rt, "names")
		w.Profile.Names = map[string]id.ID{}
		for name, n := range book {
			if wallet.CheckName(name) == nil && strings.ToValidUTF8(name, "") == name {
				w.Profile.Names[name] = id.Hash("account", []byte{n})
			}
		}
		if err := w.Save(); err != nil {
			rt.Fatal(err)
		}
		again, err := wallet.Open(home)
		if err != nil || !maps.Equal(again.Profile.Names, w.Profile.Names) {
			rt.Fatalf("%v: %v, was %v", err, again.Profile.Names, w.Profile.Names)
		}
	})
}

func TestNamesOfTheAddressBook(t *testing.T) {
	for _, name := range []string{"forge", "a", "铸造厂", "bee", "the forge", "beefs", strings.Repeat("x", 200), "fab"} {
		if err := wallet.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	var in *wallet.Input
	for _, name := range []string{"", " ", " forge", "forge\n", "beef", "BEEF", "0123", id.Hash("x").String(), strings.Repeat("x", 201), strings.Repeat("造", 67)} {
		if err := wallet.CheckName(name); !errors.As(err, &in) || in.Field != "name" || in.Do.String() == "" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Each field of the file with a value that cannot be: Open names the file and the field.
func TestSpoiltProfileFieldByField(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	if _, err := wallet.Create(home, fullProfile(t)); err != nil {
		t.Fatal(err)
	}
	good := content(t, home)
	for _, c := range []struct{ field, value, says string }{
		{"chain", `""`, "chain"},
		{"chain", `7`, "chain"},
		{"chain", `"` + strings.Repeat("c", 51) + `"`, "chain"},
		{"account", `"31ae"`, "id"},
		{"account", `null, "account": 7`, "account"},
		{"endpoints", `[]`, "endpoints: there are 0"},
		{"endpoints", `[{"url":"http://a.example"},{"url":"https://b.example"}]`, "endpoints"},
		{"endpoints", `[{"url":"https://a.example","pin":"abc"},{"url":"https://b.example"}]`, "pin"},
		{"endpoints", `"https://a.example"`, "endpoints"},
		{"alone", `"yes"`, "alone"},
		{"trust", `{"height":0,"hash":"` + strings.Repeat("0c", 32) + `"}`, "trust height"},
		{"trust", `{"height":-5,"hash":"` + strings.Repeat("0c", 32) + `"}`, "trust height"},
		{"trust", `{"height":1.5,"hash":""}`, "trust.height"},
		{"trust", `{"height":5,"hash":"0c"}`, "trust hash"},
		{"key_file", `true`, "key_file"},
		{"invoice_key", `"xy"`, "invoice key"},
		{"confirmers", `[{"member":"` + id.Hash("a").String() + `","key":"rsa:00"}]`, "confirmers"},
		{"confirmers", `[{"member":"zz","key":""}]`, "id"},
		{"names", `{"beef":"` + id.Hash("a").String() + `"}`, "name"},
		{"names", `{"forge":"beef"}`, "id"},
		{"names", `["forge"]`, "names"},
		{"development_secret", `"` + strings.Repeat("zz", 32) + `"`, "development_secret"},
	} {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(good), &fields); err != nil {
			t.Fatal(err)
		}
		fields[c.field] = json.RawMessage("0")
		b, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		spoilt := strings.Replace(string(b), fmt.Sprintf("%q:0", c.field), fmt.Sprintf("%q:%s", c.field, c.value), 1)
		if err := os.WriteFile(filepath.Join(home, "profile.json"), []byte(spoilt), 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := wallet.Open(home)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s = %s: %v, want %q in it", c.field, c.value, err, c.says)
		}
		if c.field != "development_secret" && (w != nil || !errors.Is(err, wallet.ErrDamaged) || !strings.Contains(err.Error(), "profile.json")) {
			t.Errorf("%s = %s: %v is not told as damage of the file", c.field, c.value, err)
		}
	}
}

// A field that nobody knows is most likely one that is misspelt, and is named.
func TestUnknownFieldsAreNamed(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	if _, err := wallet.Create(home, fullProfile(t)); err != nil {
		t.Fatal(err)
	}
	spoilt := strings.Replace(content(t, home), `"alone"`, `"alnoe"`, 1)
	if err := os.WriteFile(filepath.Join(home, "profile.json"), []byte(spoilt), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := wallet.Open(home); err == nil || !strings.Contains(err.Error(), "alnoe") {
		t.Errorf("%v", err)
	}
}

// A file that is not what it should be is told as damage, by its name, and left as it is.
func TestGarbageInFiles(t *testing.T) {
	for name, garbage := range map[string][]byte{
		"empty": {}, "cut off": []byte(`{"chain":"c"`), "binary": {0, 1, 2, 0xff}, "a list": []byte("[]"), "two": []byte("{}{}"), "too large": make([]byte, 8<<20+1),
	} {
		home := filepath.Join(t.TempDir(), "home")
		if _, err := wallet.Create(home, fullProfile(t)); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(home, "profile.json")
		if err := os.WriteFile(file, garbage, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := wallet.Open(home); !errors.Is(err, wallet.ErrDamaged) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := wallet.Create(home, fullProfile(t)); !errors.Is(err, wallet.ErrExists) {
			t.Errorf("%s: written over: %v", name, err)
		}
		if b, err := os.ReadFile(file); err != nil || string(b) != string(garbage) {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
	}
}

// Only the owner may read what a wallet keeps.
func TestPermissionsOfFiles(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	p := fullProfile(t)
	p.DevelopmentSecret, p.KeyFile = "", ""
	w, err := wallet.Create(home, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Save(w.KeyPath(), passphrase, signerOf(t, "own"), keys.Light); err != nil {
		t.Fatal(err)
	}
	if err := w.UseCheckpoint(&sdk.Checkpoint{Chain: "chain-1", Height: 7, Hash: strings.Repeat("0c", 32)}); err != nil {
		t.Fatal(err)
	}
	err = filepath.Walk(home, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := os.Chmod(filepath.Join(home, "profile.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := w.Save(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(home, "profile.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("saved again: %v, %v", info.Mode(), err)
	}
	if err := w.DropCheckpoint(); err != nil {
		t.Error(err)
	}
	if got := files(t, home); !slices.Equal(got, []string{"key.json", "profile.json", "tickets"}) {
		t.Errorf("%v", got)
	}
}

// A home whose folder cannot be made or written leaves no half of a wallet.
func TestHomeThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, home := range map[string]string{"a file": file, "below a file": filepath.Join(file, "home")} {
		if _, err := wallet.Create(home, fullProfile(t)); err == nil || !strings.Contains(err.Error(), "file") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := wallet.Open(home); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
	bad := fullProfile(t)
	bad.Chain = ""
	home := filepath.Join(dir, "home")
	if _, err := wallet.Create(home, bad); err == nil {
		t.Error("a profile that cannot work was written")
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("a refused profile left its folder: %v", err)
	}
}

// Where the key is: below the home, or where the profile says.
func TestKeyPaths(t *testing.T) {
	home, away := filepath.Join(t.TempDir(), "home"), filepath.Join(t.TempDir(), "token.json")
	own := signerOf(t, "own")
	for name, c := range map[string]struct{ file, want string }{
		"nothing said": {"", wallet.KeyPathIn(home)}, "below the home": {"second.json", filepath.Join(home, "second.json")}, "elsewhere": {away, away},
	} {
		p := fullProfile(t)
		p.DevelopmentSecret, p.KeyFile = "", c.file
		w, err := wallet.Create(home, p)
		if err != nil || w.KeyPath() != c.want || !w.Locked() || w.Signer() != nil {
			t.Fatalf("%s: %s, %v", name, w.KeyPath(), err)
		}
		if err := w.Unlock(passphrase); !errors.Is(err, wallet.ErrNoWallet) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, no key there: %v", name, err)
		}
		if err := keys.Save(c.want, passphrase, own, keys.Light); err != nil {
			t.Fatal(err)
		}
		if err := w.Unlock(passphrase + " "); !errors.Is(err, wallet.ErrPassphrase) || !w.Locked() {
			t.Errorf("%s, wrong passphrase: %v", name, err)
		}
		if err := w.Unlock(passphrase); err != nil || w.Locked() || !w.Signer().Public().Equal(own.Public()) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.RemoveAll(home); err != nil {
			t.Fatal(err)
		}
	}
	w := &wallet.Wallet{}
	w.UseSigner(own)
	if w.Locked() || !w.Signer().Public().Equal(own.Public()) {
		t.Error("a token's key is not used")
	}
}

// An invitation that is none, or of another version, is told by its file.
func TestInvitationFiles(t *testing.T) {
	good := wallet.Invitation{Version: 1, Sponsor: "Hanhai", Name: "Luming", Member: id.Hash("m"), OneTimeKey: strings.Repeat("01", 32), Profile: fullProfile(t)}
	good.Profile.KeyFile, good.Profile.DevelopmentSecret = "", ""
	file := filepath.Join(t.TempDir(), "invitation.json")
	write := func(i any) {
		b, err := json.Marshal(i)
		if err == nil {
			err = os.WriteFile(file, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write(good)
	if i, err := wallet.ReadInvitation(file); err != nil || !reflect.DeepEqual(*i, good) {
		t.Fatalf("%+v, %v", i, err)
	}
	for name, c := range map[string]struct {
		alter func(*wallet.Invitation)
		field string
	}{
		"no version":      {func(i *wallet.Invitation) { i.Version = 0 }, "invitation"},
		"a later version": {func(i *wallet.Invitation) { i.Version = 2 }, "invitation"},
		"no key":          {func(i *wallet.Invitation) { i.OneTimeKey = "" }, "one_time_key"},
		"half a key":      {func(i *wallet.Invitation) { i.OneTimeKey = i.OneTimeKey[:32] }, "one_time_key"},
		"no chain":        {func(i *wallet.Invitation) { i.Profile.Chain = "" }, "chain"},
		"no witness":      {func(i *wallet.Invitation) { i.Profile.Endpoints, i.Profile.Alone = i.Profile.Endpoints[:1], false }, "endpoints"},
		"a key's file":    {func(i *wallet.Invitation) { i.Profile.KeyFile = "/etc/key.json" }, "key_file"},
		"a known key":     {func(i *wallet.Invitation) { i.Profile.DevelopmentSecret = strings.Repeat("01", 32) }, "development_secret"},
		"a library to load": {func(i *wallet.Invitation) {
			i.Profile.Token = &token.Config{Module: "/tmp/evil.so", Token: "t", Key: "k"}
		}, "token"},
		"no header": {func(i *wallet.Invitation) { i.Profile.Trust = wallet.Trust{} }, "trust height"},
	} {
		i := good
		c.alter(&i)
		write(i)
		var in *wallet.Input
		if _, err := wallet.ReadInvitation(file); !errors.As(err, &in) || in.Field != c.field || in.Do.String() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(file, []byte("Dear supplier"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := wallet.ReadInvitation(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a letter: %v", err)
	}
	if _, err := wallet.ReadInvitation(file + ".none"); !os.IsNotExist(err) {
		t.Errorf("none: %v", err)
	}
}

// A fault of input tells what, why and what to do.
func TestInputInWords(t *testing.T) {
	e := &wallet.Input{Field: "pin", Wrong: lang.T("%q", "ab"), Do: lang.T("Give 64 hex digits.")}
	if e.Error() != `pin: "ab". Give 64 hex digits.` {
		t.Error(e)
	}
	if said := lang.Chinese.Error(e); said != `pin："ab"。请给出 64 位十六进制数。` {
		t.Error(said)
	}
}
