package key_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	ethcrypto "github.com/ethereum/go-ethereum/crypto"
	"github.com/splittally/splittally/modules/kernel/key"
)

// outside are keys of each kind as other libraries have them.
func outside(t testing.TB) map[key.Kind]crypto.Signer {
	t.Helper()
	p, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	e, err2 := ethcrypto.GenerateKey()
	s, err3 := sm2.GenerateKey(rand.Reader)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return map[key.Kind]crypto.Signer{key.P256: p, key.Secp256k1: e, key.SM2: s}
}

func TestFromCrypto(t *testing.T) {
	digest := bytes.Repeat([]byte{3}, 32)
	for k, o := range outside(t) {
		s, err := key.FromCrypto(o)
		if err != nil || s.Public().Kind != k {
			t.Fatalf("%s: %v", k, err)
		}
		for range 8 { // about half of the outside signatures have a high s
			sig, err := s.Sign(digest)
			if err != nil || key.Verify(s.Public(), digest, sig) != nil {
				t.Fatalf("%s: %v", k, err)
			}
		}
		if _, err := s.Sign(digest[:31]); err == nil {
			t.Errorf("%s: a short digest was signed", k)
		}
	}
	r, _ := rsa.GenerateKey(rand.Reader, 2048)
	if _, err := key.FromCrypto(r); !errors.Is(err, key.ErrKind) {
		t.Error(err)
	}
	e, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if _, err := key.FromCrypto(e); !errors.Is(err, key.ErrKind) {
		t.Error(err)
	}
}

// The key that gmsm holds is the key that the same secret makes here.
func TestFromCryptoIsTheSameKey(t *testing.T) {
	o, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ours, err1 := key.FromSecret(key.SM2, o.D.FillBytes(make([]byte, 32)))
	theirs, err2 := key.FromCrypto(o)
	if err := errors.Join(err1, err2); err != nil || !ours.Public().Equal(theirs.Public()) {
		t.Errorf("%v", err)
	}
}

// hostile is a signer that answers with what it likes.
type hostile struct {
	pub    crypto.PublicKey
	answer func(digest []byte) ([]byte, error)
}

func (h hostile) Public() crypto.PublicKey { return h.pub }

func (h hostile) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return h.answer(digest)
}

func TestHostileSigners(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 300)
	der := func(r, s *big.Int) []byte {
		b, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one, digest := big.NewInt(1), bytes.Repeat([]byte{8}, 32)
	for k, o := range outside(t) {
		for name, answer := range map[string][]byte{
			"nothing": nil, "no ASN.1": {1, 2, 3}, "negative": der(new(big.Int).Neg(one), one), "huge r": der(huge, one),
			"huge s": der(one, huge), "zero": der(new(big.Int), one), "another's": der(one, one), "more behind": append(der(one, one), 0),
		} {
			s, err := key.FromCrypto(hostile{o.Public(), func([]byte) ([]byte, error) { return answer, nil }})
			if err != nil {
				t.Fatal(err)
			}
			if sig, err := s.Sign(digest); err == nil {
				t.Errorf("%s, %s: %x was handed on", k, name, sig)
			}
		}
		broken := errors.New("broken")
		s, err := key.FromCrypto(hostile{o.Public(), func([]byte) ([]byte, error) { return nil, broken }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sign(digest); !errors.Is(err, broken) {
			t.Errorf("%s: %v", k, err)
		}
	}
}

// A signer that takes the digest for SM2's e and leaves ZA out signs what the chain would refuse: it is told here.
func TestSM2SignerWithoutIdentity(t *testing.T) {
	o, _ := sm2.GenerateKey(rand.Reader)
	s, err := key.FromCrypto(hostile{o.Public(), func(digest []byte) ([]byte, error) { return o.Sign(rand.Reader, digest, nil) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(make([]byte, 32)); err == nil || !strings.Contains(err.Error(), "does not fit its public key") {
		t.Errorf("%v", err)
	}
}

// A public key from outside that is none is refused, whatever form its coordinates have.
func TestHostilePublicKeys(t *testing.T) {
	for _, c := range []elliptic.Curve{elliptic.P256(), ethcrypto.S256(), sm2.P256()} {
		for name, pub := range map[string]*ecdsa.PublicKey{
			"none": nil, "no curve": {}, "no coordinates": {Curve: c}, "negative": {Curve: c, X: big.NewInt(-5), Y: big.NewInt(1)},
			"huge": {Curve: c, X: new(big.Int).Lsh(big.NewInt(1), 400), Y: big.NewInt(1)}, "beyond p": {Curve: c, X: c.Params().P, Y: big.NewInt(1)},
		} {
			if s, err := key.FromCrypto(hostile{pub, nil}); err == nil {
				t.Errorf("%s: %v", name, s.Public())
			}
		}
	}
}

func TestFromRaw(t *testing.T) {
	digest := bytes.Repeat([]byte{5}, 32)
	for _, k := range all {
		own := restored(t, k, 4)
		flip := func(sig []byte) []byte { // the other s, as a token gives it half of the time
			if k == key.SM2 {
				return sig
			}
			s := new(big.Int).Sub(orders[k], new(big.Int).SetBytes(sig[32:]))
			return append(sig[:32:32], s.FillBytes(make([]byte, 32))...)
		}
		s, err := key.FromRaw(own.Public(), func(d []byte) ([]byte, error) {
			sig, err := own.Sign(d)
			clear(d) // the caller's digest is not the signer's to change
			return flip(sig), err
		})
		if err != nil {
			t.Fatal(err)
		}
		sig, err := s.Sign(digest)
		if err != nil || key.Verify(own.Public(), digest, sig) != nil {
			t.Errorf("%s: %v", k, err)
		}
		for _, bad := range [][]byte{nil, make([]byte, 63), make([]byte, 64), bytes.Repeat([]byte{0xff}, 64), bytes.Repeat([]byte{1}, 64)} {
			s, err := key.FromRaw(own.Public(), func([]byte) ([]byte, error) { return bad, nil })
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Sign(digest); err == nil {
				t.Errorf("%s: %x was handed on", k, bad)
			}
		}
	}
	if _, err := key.FromRaw(key.Public{Kind: key.P256, Bytes: make([]byte, 33)}, nil); !errors.Is(err, key.ErrPublic) {
		t.Error(err)
	}
}

// No way of printing a key shows its secret.
func TestSecretsAreNotPrinted(t *testing.T) {
	for _, k := range all {
		s := restored(t, k, 0x5a)
		for _, form := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			for _, v := range []any{s, struct{ Signer key.Signer }{s}, []key.Signer{s}} {
				out := fmt.Sprintf(form, v)
				if strings.Contains(strings.ToLower(out), strings.Repeat("5a", 8)) || strings.Contains(out, "90 90 90") || strings.Contains(out, "0x5a, 0x5a") {
					t.Errorf("%s shows the secret: %s", form, out)
				}
			}
		}
		if hex.EncodeToString(s.(interface{ Secret() []byte }).Secret()) != strings.Repeat("5a", 32) {
			t.Error("the test looks for another secret")
		}
	}
}

// The same bytes may be a public key of several kinds; nothing that one kind signs fits as another.
func TestKindsAreNotConfused(t *testing.T) {
	digest, crossed := bytes.Repeat([]byte{6}, 32), 0
	for seed := byte(1); seed < 40; seed++ {
		for _, k := range all {
			s := restored(t, k, seed)
			sig, err := s.Sign(digest)
			if err != nil {
				t.Fatal(err)
			}
			for _, as := range all {
				p, err := key.Parse(as, s.Public().Bytes)
				if as == k || err != nil {
					continue
				}
				crossed++
				if key.Verify(p, digest, sig) == nil {
					t.Errorf("a signature of %s passes as one of %s", k, as)
				}
				if p.ID() == s.Public().ID() || p.Equal(s.Public()) || p.String() == s.Public().String() || key.Fold(p, digest, sig) == key.Fold(s.Public(), digest, sig) {
					t.Errorf("%s and %s of the same bytes are one key", k, as)
				}
			}
			for _, as := range all { // the same secret, the same digest
				if as != k && key.Verify(restored(t, as, seed).Public(), digest, sig) == nil {
					t.Errorf("a signature of %s passes as one of %s with the same secret", k, as)
				}
			}
		}
	}
	if crossed < 30 {
		t.Errorf("only %d keys were keys of another kind too: the test shows nothing", crossed)
	}
}
