package pool

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/splittally/splittally/modules/kernel/key"
)

func signed(t testing.TB, n byte) (key.Public, []byte, []byte) {
	t.Helper()
	s, err := key.FromSecret(key.Secp256k1, bytes.Repeat([]byte{n + 1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	digest := bytes.Repeat([]byte{n}, key.DigestSize)
	sig, err := s.Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	return s.Public(), digest, sig
}

func TestSignatureIsCheckedOnce(t *testing.T) {
	s := NewSignatures(10)
	pub, digest, sig := signed(t, 1)
	for range 5 {
		if err := s.Verify(pub, digest, sig); err != nil {
			t.Fatal(err)
		}
	}
	if s.Verified() != 1 {
		t.Errorf("checked %d times", s.Verified())
	}
}

// What was found valid says nothing of another key, digest or signature, and what does not fit is never remembered.
func TestNothingElseIsRemembered(t *testing.T) {
	s := NewSignatures(10)
	pub, digest, sig := signed(t, 1)
	if err := s.Verify(pub, digest, sig); err != nil {
		t.Fatal(err)
	}
	otherPub, otherDigest, otherSig := signed(t, 2)
	for name, c := range map[string]struct {
		pub         key.Public
		digest, sig []byte
	}{
		"key": {otherPub, digest, sig}, "digest": {pub, otherDigest, sig}, "signature": {pub, digest, otherSig},
		"kind":  {key.Public{Kind: key.P256, Bytes: pub.Bytes}, digest, sig},
		"moved": {pub, append(bytes.Clone(digest), sig[0]), sig[1:]},
		"empty": {pub, digest, nil},
	} {
		for range 2 {
			if s.Verify(c.pub, c.digest, c.sig) == nil {
				t.Errorf("%s: another one passes on the strength of the first", name)
			}
		}
	}
	if len(s.hot)+len(s.cold) != 1 {
		t.Errorf("%d are remembered", len(s.hot)+len(s.cold))
	}
}

func TestMemoryOfSignaturesIsBounded(t *testing.T) {
	const most = 8
	s := NewSignatures(most)
	for i := range 100 {
		var name [32]byte
		_, _ = rand.Read(name[:])
		s.add(name)
		if n := len(s.hot) + len(s.cold); n > 2*most {
			t.Fatalf("after %d: %d are remembered, at most %d", i+1, n, 2*most)
		}
		if !s.has(name) {
			t.Fatal("the newest is forgotten")
		}
	}
	pub, digest, sig := signed(t, 1)
	if err := s.Verify(pub, digest, sig); err != nil {
		t.Fatal(err)
	}
	for range most - 1 { // at least so many later ones leave it in memory
		var name [32]byte
		_, _ = rand.Read(name[:])
		s.add(name)
	}
	before := s.Verified()
	if err := s.Verify(pub, digest, sig); err != nil || s.Verified() != before {
		t.Errorf("forgotten too early: %v, %d checks more", err, s.Verified()-before)
	}
}

func BenchmarkVerifyRemembered(b *testing.B) {
	s := NewSignatures(10)
	pub, digest, sig := signed(b, 1)
	for b.Loop() {
		if s.Verify(pub, digest, sig) != nil {
			b.Fatal("refused")
		}
	}
}
