package key_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"

	ethcrypto "github.com/ethereum/go-ethereum/crypto"
	"github.com/splittally/splittally/modules/kernel/key"
	"pgregory.net/rapid"
)

var both = []key.Kind{key.Secp256k1, key.P256}

func restored(t testing.TB, k key.Kind, seed byte) key.Signer {
	t.Helper()
	s, err := key.FromSecret(k, bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Golden: the public keys of the scalar 0101…01 and the digest, as other implementations compute them.
func TestGolden(t *testing.T) {
	for k, want := range map[key.Kind]string{
		key.Secp256k1: "secp256k1:031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f",
		key.P256:      "p256:026ff03b949241ce1dadd43519e6960e0a85b41a69a05c328103aa2bce1594ca16",
	} {
		if got := restored(t, k, 1).Public().String(); got != want {
			t.Errorf("%s", got)
		}
		p, err := key.ParseString(want)
		if err != nil || p.String() != want {
			t.Errorf("%v %v", p, err)
		}
	}
	a, b := key.Digest("c", "tx", []byte("x")), key.Digest("ct", "x", []byte("x"))
	if bytes.Equal(a, b) || len(a) != key.DigestSize {
		t.Error("the domain does not separate")
	}
}

func TestSignVerify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(both).Draw(t, "kind")
		secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret")
		digest := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest")
		s, err := key.FromSecret(k, secret)
		if err != nil {
			t.Skip("no scalar")
		}
		sig, err := s.Sign(digest)
		if err != nil || key.Verify(s.Public(), digest, sig) != nil {
			t.Fatalf("own signature refused: %v", err)
		}
		bit := rapid.IntRange(0, len(sig)*8-1).Draw(t, "bit")
		sig[bit/8] ^= 1 << (bit % 8)
		if key.Verify(s.Public(), digest, sig) == nil {
			t.Fatalf("a signature with bit %d turned was accepted", bit)
		}
	})
}

func TestHighSRefused(t *testing.T) {
	orders := map[key.Kind]*big.Int{key.Secp256k1: ethcrypto.S256().Params().N, key.P256: elliptic.P256().Params().N}
	for _, k := range both {
		s, digest := restored(t, k, 7), bytes.Repeat([]byte{9}, 32)
		sig, err := s.Sign(digest)
		if err != nil {
			t.Fatal(err)
		}
		high := new(big.Int).Sub(orders[k], new(big.Int).SetBytes(sig[32:]))
		high.FillBytes(sig[32:])
		if err := key.Verify(s.Public(), digest, sig); !errors.Is(err, key.ErrSignature) {
			t.Errorf("%s: the other form of the signature: %v", k, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	good := restored(t, key.Secp256k1, 1).Public().Bytes
	for name, c := range map[string]struct {
		kind key.Kind
		b    []byte
		want error
	}{
		"unknown kind": {9, good, key.ErrKind},
		"short":        {key.Secp256k1, good[:32], key.ErrPublic},
		"long":         {key.P256, append(good[:33:33], 0), key.ErrPublic},
		"off curve":    {key.Secp256k1, append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...), key.ErrPublic},
		"p256 off":     {key.P256, append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...), key.ErrPublic},
		"uncompressed": {key.P256, append([]byte{4}, make([]byte, 64)...), key.ErrPublic},
		"empty":        {key.Secp256k1, nil, key.ErrPublic},
	} {
		if _, err := key.Parse(c.kind, c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []string{"", "secp256k1", "secp256k1:zz", "sm9:02", "p256:" + hex.EncodeToString(good[:3])} {
		if _, err := key.ParseString(s); err == nil {
			t.Errorf("%q accepted", s)
		}
	}
	pub := restored(t, key.P256, 1).Public()
	for _, sig := range [][]byte{nil, make([]byte, 63), make([]byte, 64), make([]byte, 65)} {
		if key.Verify(pub, make([]byte, 32), sig) == nil {
			t.Errorf("%d zero bytes are a signature", len(sig))
		}
	}
	if err := key.Verify(key.Public{Kind: 7}, make([]byte, 32), make([]byte, 64)); !errors.Is(err, key.ErrKind) {
		t.Error("unknown kind verified")
	}
}

func TestSecrets(t *testing.T) {
	for _, k := range both {
		for _, secret := range [][]byte{nil, make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), make([]byte, 31)} {
			if _, err := key.FromSecret(k, secret); err == nil {
				t.Errorf("%s: secret %x accepted", k, secret)
			}
		}
		s, err := key.Generate(k, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		secret := s.(interface{ Secret() []byte }).Secret()
		again, err := key.FromSecret(k, secret)
		if err != nil || !again.Public().Equal(s.Public()) || again.Public().ID() != s.Public().ID() {
			t.Errorf("%s: not restored: %v", k, err)
		}
		if _, err := s.Sign([]byte("short")); err == nil {
			t.Error("a short digest was signed")
		}
	}
	if _, err := key.Generate(key.P256, bytes.NewReader(nil)); err == nil {
		t.Error("no randomness, and a key")
	}
	if _, err := key.Generate(3, rand.Reader); !errors.Is(err, key.ErrKind) {
		t.Error(err)
	}
}

func TestFromCrypto(t *testing.T) {
	p, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s, err := key.FromCrypto(p)
	if err != nil {
		t.Fatal(err)
	}
	digest := make([]byte, 32)
	for range 8 { // about half of the outside signatures have a high s
		sig, err := s.Sign(digest)
		if err != nil || key.Verify(s.Public(), digest, sig) != nil {
			t.Fatal(err)
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

func BenchmarkVerify(b *testing.B) {
	for _, k := range both {
		b.Run(k.String(), func(b *testing.B) {
			s, digest := restored(b, k, 3), make([]byte, 32)
			sig, _ := s.Sign(digest)
			for b.Loop() {
				if key.Verify(s.Public(), digest, sig) != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}
