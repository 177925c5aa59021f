package key_test

import (
	"bytes"
	"testing"

	"github.com/splittally/splittally/modules/kernel/key"
)

// fuzzParse: no bytes panic; what is taken is one encoding, reads back, and is taken by the second implementation.
func fuzzParse(f *testing.F, k key.Kind) {
	for seed := byte(1); seed < 4; seed++ {
		pub := restored(f, k, seed).Public().Bytes
		f.Add(pub)
		f.Add(append([]byte{pub[0] ^ 1}, pub[1:]...))
		f.Add(append([]byte{4}, pub[1:]...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := key.Parse(k, b)
		if err != nil {
			return
		}
		again, err := key.ParseString(p.String())
		if err != nil || !again.Equal(p) || !bytes.Equal(p.Bytes, b) || len(b) != key.PublicSize || !seconds[k].parse(b) {
			t.Errorf("%x: %v, %v", b, again, err)
		}
	})
}

// fuzzVerify: no bytes panic, and both implementations give them one verdict.
func fuzzVerify(f *testing.F, k key.Kind) {
	for seed := byte(1); seed < 4; seed++ {
		s, digest := restored(f, k, seed), bytes.Repeat([]byte{seed}, 32)
		sig, err := s.Sign(digest)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.Public().Bytes, digest, sig)
		f.Add(s.Public().Bytes, digest, bytes.Repeat([]byte{0xff}, 64))
	}
	f.Fuzz(func(t *testing.T, pub, digest, sig []byte) {
		if len(digest) != key.DigestSize || len(sig) != key.SignatureSize {
			if key.Verify(key.Public{Kind: k, Bytes: pub}, digest, sig) == nil {
				t.Error("a length is not checked")
			}
			return
		}
		r, s := get(sig[:32]), get(sig[32:])
		ours := key.Verify(key.Public{Kind: k, Bytes: pub}, digest, sig) == nil
		if _, err := key.Parse(k, pub); ours && err != nil {
			t.Error("a signature of what is no public key")
		} else if err == nil && ours != (seconds[k].verify(pub, digest, r, s) && lowS(k, s)) {
			t.Errorf("here %v", ours)
		}
	})
}

func FuzzParseSecp256k1(f *testing.F) { fuzzParse(f, key.Secp256k1) }

func FuzzParseP256(f *testing.F) { fuzzParse(f, key.P256) }

func FuzzParseSM2(f *testing.F) { fuzzParse(f, key.SM2) }

func FuzzVerifySecp256k1(f *testing.F) { fuzzVerify(f, key.Secp256k1) }

func FuzzVerifyP256(f *testing.F) { fuzzVerify(f, key.P256) }

func FuzzVerifySM2(f *testing.F) { fuzzVerify(f, key.SM2) }
