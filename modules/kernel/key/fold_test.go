package key_test

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/key"
)

// A cache that remembers valid signatures by their fold mistakes none for another.
func TestFold(t *testing.T) {
	pub := key.Public{Kind: key.P256, Bytes: make([]byte, key.PublicSize)}
	other := key.Public{Kind: key.Secp256k1, Bytes: pub.Bytes}
	digest, sig := make([]byte, key.DigestSize), make([]byte, key.SignatureSize)
	changed := func(b []byte) []byte { c := append([]byte(nil), b...); c[0] ^= 1; return c }
	seen := map[[32]byte]bool{key.Fold(pub, digest, sig): true}
	for _, f := range [][32]byte{
		key.Fold(other, digest, sig), key.Fold(key.Public{Kind: key.P256, Bytes: changed(pub.Bytes)}, digest, sig),
		key.Fold(pub, changed(digest), sig), key.Fold(pub, digest, changed(sig)),
	} {
		if seen[f] {
			t.Error("two have one fold")
		}
		seen[f] = true
	}
	if !seen[key.Fold(pub, digest, sig)] {
		t.Error("a fold is not the same twice")
	}
}
