package key_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math/big"
	"sync"
	"testing"

	"github.com/splittally/splittally/modules/kernel/key"
	"pgregory.net/rapid"
)

var all = []key.Kind{key.Secp256k1, key.P256, key.SM2}

// orders are n of each curve [SEC 2; FIPS 186; GB/T 32918.5], and half is the largest s of a kind that has the rule.
var orders = map[key.Kind]*big.Int{
	key.Secp256k1: number("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
	key.P256:      number("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
	key.SM2:       number("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123"),
}

func number(digits string) *big.Int {
	n, ok := new(big.Int).SetString(digits, 16)
	if !ok {
		panic(digits)
	}
	return n
}

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
		key.SM2:       "sm2:02bba87803d5e12788b07a912ae5368e7b2720bd19b93920bdbf2e9b6286da9c4e",
	} {
		if got := restored(t, k, 1).Public().String(); got != want {
			t.Errorf("%s", got)
		}
		p, err := key.ParseString(want)
		if err != nil || p.String() != want {
			t.Errorf("%v %v", p, err)
		}
	}
	for k, n := range orders {
		if k.Order().Cmp(n) != 0 {
			t.Errorf("%s: order %x", k, k.Order())
		}
	}
	if key.Kind(9).Order() != nil {
		t.Error("an unknown kind has an order")
	}
	a, b := key.Digest("c", "tx", []byte("x")), key.Digest("ct", "x", []byte("x"))
	if bytes.Equal(a, b) || len(a) != key.DigestSize {
		t.Error("the domain does not separate")
	}
}

func TestSignVerify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(all).Draw(t, "kind")
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

// The other form of an ECDSA signature is refused; of SM2 there is none, and n-s fits nothing.
func TestOtherSRefused(t *testing.T) {
	for _, k := range all {
		s, digest := restored(t, k, 7), bytes.Repeat([]byte{9}, 32)
		sig, err := s.Sign(digest)
		if err != nil {
			t.Fatal(err)
		}
		other := new(big.Int).Sub(orders[k], new(big.Int).SetBytes(sig[32:]))
		other.FillBytes(sig[32:])
		if err := key.Verify(s.Public(), digest, sig); !errors.Is(err, key.ErrSignature) {
			t.Errorf("%s: the other form of the signature: %v", k, err)
		}
	}
}

// One key signs, and signatures are checked, on several cores at once: the libraries' caches are shared.
func TestManyAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for _, k := range all {
		s := restored(t, k, 8)
		for i := range 4 {
			wg.Go(func() {
				for j := range 8 {
					digest := bytes.Repeat([]byte{byte(i), byte(j)}, 16)
					if sig, err := s.Sign(digest); err != nil || key.Verify(s.Public(), digest, sig) != nil {
						t.Errorf("%s: %v", k, err)
					}
				}
			})
		}
	}
	wg.Wait()
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
		"sm2 off":      {key.SM2, append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...), key.ErrPublic},
		"sm2 short":    {key.SM2, good[:32], key.ErrPublic},
		"sm2 infinity": {key.SM2, make([]byte, 33), key.ErrPublic},
		"sm2 hybrid":   {key.SM2, append([]byte{6}, make([]byte, 64)...), key.ErrPublic},
		"kind of byte": {256 + key.SM2, good, key.ErrKind},
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
	for _, k := range all {
		for _, sig := range [][]byte{nil, make([]byte, 63), make([]byte, 64), make([]byte, 65)} {
			if key.Verify(restored(t, k, 1).Public(), make([]byte, 32), sig) == nil {
				t.Errorf("%s: %d zero bytes are a signature", k, len(sig))
			}
		}
	}
	if err := key.Verify(key.Public{Kind: 7}, make([]byte, 32), make([]byte, 64)); !errors.Is(err, key.ErrKind) {
		t.Error("unknown kind verified")
	}
}

func TestSecrets(t *testing.T) {
	for _, k := range all {
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
	if _, err := key.Generate(key.SM2, bytes.NewReader(make([]byte, 1<<16))); err == nil {
		t.Error("a source of zeros, and a key")
	}
	if _, err := key.Generate(4, rand.Reader); !errors.Is(err, key.ErrKind) {
		t.Error(err)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, k := range all {
		b.Run(k.String(), func(b *testing.B) {
			s, digest := restored(b, k, 3), make([]byte, 32)
			sig, _ := s.Sign(digest)
			b.ReportAllocs()
			for b.Loop() {
				if key.Verify(s.Public(), digest, sig) != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for _, k := range all {
		b.Run(k.String(), func(b *testing.B) {
			s, digest := restored(b, k, 3), make([]byte, 32)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Sign(digest); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, k := range all {
		b.Run(k.String(), func(b *testing.B) {
			pub := restored(b, k, 3).Public()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := key.Parse(k, pub.Bytes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
