//go:build pkcs11 && cgo

package token

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/pkcs11"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk/keys/token/tokentest"
)

// The tests run against SoftHSM, with a token store of their own.
const (
	label = "treasury"
	pin   = tokentest.PIN
)

var module string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "token")
	if err == nil {
		module, err = tokentest.Setup(dir, label, "twin", "twin")
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, "these tests need SoftHSM (apt-get install softhsm2):", err)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func open(t *testing.T) *Token {
	t.Helper()
	tok, err := Open(module, label, pin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tok.Close(); err != nil {
			t.Error(err)
		}
	})
	return tok
}

func made(t *testing.T, tok *Token, kind key.Kind) key.Signer {
	t.Helper()
	s, err := tok.Generate(kind, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signs(t *testing.T, s key.Signer, times int) {
	t.Helper()
	for i := range times {
		digest := bytes.Repeat([]byte{byte(i + 1)}, key.DigestSize)
		sig, err := s.Sign(digest)
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Verify(s.Public(), digest, sig); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGenerateSignAndFindAgain(t *testing.T) {
	for _, kind := range []key.Kind{key.P256, key.Secp256k1} {
		t.Run(kind.String(), func(t *testing.T) {
			tok := open(t)
			s := made(t, tok, kind)
			if s.Public().Kind != kind {
				t.Errorf("%s", s.Public())
			}
			signs(t, s, 16) // half of them with a high s in the token
			again, err := tok.Key(t.Name())
			if err != nil || !again.Public().Equal(s.Public()) {
				t.Errorf("%v", err)
			}
			if _, err := tok.Generate(kind, t.Name()); !errors.Is(err, ErrExists) {
				t.Errorf("made twice: %v", err)
			}
			if _, err := s.Sign([]byte("short")); err == nil {
				t.Error("a short digest was signed")
			}
			if err := tok.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Sign(make([]byte, 32)); !errors.Is(err, ErrLost) {
				t.Errorf("signed with a closed token: %v", err)
			}
			loaded, err := Load(Config{Module: module, Token: label, Key: t.Name(), Public: s.Public().String()}, pin)
			if err != nil {
				t.Fatal(err)
			}
			signs(t, loaded, 2)
		})
	}
}

// A key of the right label that is not the expected one is refused.
func TestLoadChecksTheKey(t *testing.T) {
	tok := open(t)
	made(t, tok, key.P256)
	other, err := key.FromSecret(key.P256, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Load(Config{Module: module, Token: label, Key: t.Name(), Public: other.Public().String()}, pin)
	if !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), "was expected") {
		t.Errorf("%v", err)
	}
}

func TestKeys(t *testing.T) {
	tok := open(t)
	one := made(t, tok, key.Secp256k1)
	rogue(t, tok, t.Name()+" P-384", asn1.ObjectIdentifier{1, 3, 132, 0, 34}, false)
	listed, err := tok.Keys()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, l := range listed {
		if l.Label == t.Name() && l.Public.Equal(one.Public()) {
			found++
		}
		if strings.Contains(l.Label, "P-384") {
			t.Errorf("a key that cannot sign here is listed: %s", l.Public)
		}
	}
	if found != 1 {
		t.Errorf("%d of %d", found, len(listed))
	}
	if _, err := tok.Key(t.Name() + " P-384"); !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), "none of the chain's") {
		t.Errorf("%v", err)
	}
}

// rogue makes a key as other tools do.
func rogue(t *testing.T, tok *Token, name string, curve asn1.ObjectIdentifier, always bool) {
	t.Helper()
	params, err1 := asn1.Marshal(curve)
	slot, err2 := tok.slot()
	w, err3 := tok.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tok.module.CloseSession(w) }()
	is := pkcs11.NewAttribute
	id := []byte(fmt.Sprintf("%s %p", name, &w))
	_, _, err := tok.module.GenerateKeyPair(w, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)},
		[]*pkcs11.Attribute{is(pkcs11.CKA_TOKEN, true), is(pkcs11.CKA_EC_PARAMS, params), is(pkcs11.CKA_LABEL, name+" (public)"), is(pkcs11.CKA_ID, id)},
		[]*pkcs11.Attribute{
			is(pkcs11.CKA_TOKEN, true), is(pkcs11.CKA_PRIVATE, true), is(pkcs11.CKA_SIGN, true), is(pkcs11.CKA_LABEL, name), is(pkcs11.CKA_ID, id),
			is(pkcs11.CKA_ALWAYS_AUTHENTICATE, always),
		})
	if err != nil {
		t.Fatal(err)
	}
}

// A key that wants the PIN for each signature, as the signing key of a PIV card does, is given it.
func TestAlwaysAuthenticate(t *testing.T) {
	tok := open(t)
	rogue(t, tok, t.Name(), curves[key.P256], true)
	s, err := tok.Key(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	signs(t, s, 3)
}

func TestTwoKeysOfOneLabel(t *testing.T) {
	tok := open(t)
	rogue(t, tok, t.Name(), curves[key.P256], false)
	if _, err := tok.Key(t.Name()); err != nil {
		t.Fatal(err)
	}
	rogue(t, tok, t.Name(), curves[key.P256], false)
	if _, err := tok.Key(t.Name()); !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), "2 keys") {
		t.Errorf("%v", err)
	}
}

func TestWrongNames(t *testing.T) {
	tok := open(t)
	if _, err := tok.Key("nobody's"); !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), "tally keys") {
		t.Errorf("%v", err)
	}
	if _, err := tok.Generate(key.SM2, "sm2"); !errors.Is(err, key.ErrKind) {
		t.Errorf("%v", err)
	}
	if _, err := Open(module, "another", pin); !errors.Is(err, ErrNoToken) || !strings.Contains(err.Error(), label) {
		t.Errorf("%v", err)
	}
}

// Two tokens of one label are told from each other by taking one out.
func TestTwoTokensOfOneLabel(t *testing.T) {
	if _, err := Open(module, "twin", pin); !errors.Is(err, ErrNoToken) || !strings.Contains(err.Error(), "2 tokens") {
		t.Errorf("%v", err)
	}
}

func TestWrongModule(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"not there": "/nowhere/lib.so", "a folder": t.TempDir(), "no library": text, "relative": "lib.so"} {
		if _, err := Open(path, label, pin); err == nil || (name != "relative" && !errors.Is(err, ErrModule)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The wrong PIN is tried once, and never again by itself.
func TestWrongPIN(t *testing.T) {
	if _, err := Open(module, label, "wrong"); !errors.Is(err, ErrPIN) {
		t.Errorf("%v", err)
	}
	if _, err := Open(module, label, ""); !errors.Is(err, ErrPIN) || !strings.Contains(err.Error(), "nothing was tried") {
		t.Errorf("%v", err)
	}
	tok := open(t)
	s := made(t, tok, key.P256)
	closeUnder(t, tok)
	tok.pin = "changed meanwhile"
	for _, want := range []string{"type it again", "it did before"} {
		if _, err := s.Sign(make([]byte, 32)); !errors.Is(err, ErrPIN) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v", err)
		}
	}
	if tok.pin != "" {
		t.Error("a refused PIN is kept")
	}
}

// closeUnder ends all sessions of the token, as when it was taken out and put in again.
func closeUnder(t *testing.T, tok *Token) {
	t.Helper()
	slot, err := tok.slot()
	if err == nil {
		err = tok.module.CloseAllSessions(slot)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A session that was lost in any way is opened again, and the same key signs.
func TestLostSession(t *testing.T) {
	tok := open(t)
	s := made(t, tok, key.Secp256k1)
	for name, lose := range map[string]func(){
		"closed":     func() { closeUnder(t, tok) },
		"logged out": func() { _ = tok.module.Logout(tok.session) },
		"ended":      func() { _ = tok.module.Finalize() },
		"unfinished": func() {
			handles, err := tok.objects(pkcs11.CKO_PRIVATE_KEY, t.Name(), nil)
			if err != nil || tok.module.SignInit(tok.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil)}, handles[0]) != nil {
				t.Fatal(err)
			}
		},
	} {
		before := tok.opened
		lose()
		signs(t, s, 2)
		if tok.opened != before+1 {
			t.Errorf("%s: opened %d times more", name, tok.opened-before)
		}
		if _, err := tok.Keys(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where the label has another key after the session was lost, nothing is signed.
func TestExchangedKey(t *testing.T) {
	tok := open(t)
	s := made(t, tok, key.P256)
	slot, _ := tok.slot()
	w, err := tok.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range []uint{pkcs11.CKO_PRIVATE_KEY, pkcs11.CKO_PUBLIC_KEY} {
		handles, err := tok.objects(class, t.Name(), nil)
		if err != nil || len(handles) != 1 || tok.module.DestroyObject(w, handles[0]) != nil {
			t.Fatal(err)
		}
	}
	rogue(t, tok, t.Name(), curves[key.P256], false)
	closeUnder(t, tok)
	if _, err := s.Sign(make([]byte, 32)); !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), "exchanged") {
		t.Errorf("%v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	tok := open(t)
	s := made(t, tok, key.P256)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			digest := bytes.Repeat([]byte{byte(i)}, 32)
			for range 5 {
				if sig, err := s.Sign(digest); err != nil || key.Verify(s.Public(), digest, sig) != nil {
					t.Error(err)
				}
			}
		})
	}
	closeUnder(t, tok)
	wg.Wait()
}

func TestDecode(t *testing.T) {
	p, err := key.FromSecret(key.P256, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	params, _ := asn1.Marshal(curves[key.P256])
	wrapped, _ := asn1.Marshal(p.Public().Bytes)
	for name, point := range map[string][]byte{"compressed": p.Public().Bytes, "in an octet string": wrapped} {
		if got, err := decode(params, point); err != nil || !got.Equal(p.Public()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string][2][]byte{
		"no curve": {nil, wrapped}, "curve and more": {append(params[:len(params):len(params)], 0), wrapped}, "no point": {params, nil},
		"off the curve": {params, append([]byte{4}, bytes.Repeat([]byte{0xff}, 64)...)}, "short": {params, {4, 1}},
	} {
		if got, err := decode(c[0], c[1]); err == nil {
			t.Errorf("%s: %s", name, got)
		}
	}
}
