package keys

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/splittally/splittally/modules/kernel/key"
)

// The vectors of SLIP-10 for nist256p1, the two with a further try among them.
func TestSLIP10Vectors(t *testing.T) {
	const h = hardened
	const counted = "000102030405060708090a0b0c0d0e0f"
	const long = "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542"
	for name, tc := range map[string]struct {
		seed          string
		path          []uint32
		secret, chain string
	}{
		"1: m": {
			counted, nil,
			"612091aaa12e22dd2abef664f8a01a82cae99ad7441b7ef8110424915c268bc2", "beeb672fe4621673f722f38529c07392fecaa61015c80c34f29ce8b41b3cb6ea",
		},
		"1: m/0'/1/2'/2/1000000000": {
			counted,
			[]uint32{0 | h, 1, 2 | h, 2, 1000000000},
			"21c4f269ef0a5fd1badf47eeacebeeaa3de22eb8e5b0adcd0f27dd99d34d0119", "b9b7b82d326bb9cb5b5b121066feea4eb93d5241103c9e7a18aad40f1dde8059",
		},
		"2: m/0/2147483647'/1/2147483646'/2": {
			long,
			[]uint32{0, 2147483647 | h, 1, 2147483646 | h, 2},
			"bb0a77ba01cc31d77205d51d08bd313b979a71ef4de9b062f8958297e746bd67", "3bfb29ee8ac4484f09db09c2079b520ea5616df7820f071a20320366fbe226a7",
		},
		"derivation tried again: m/28578'/33941": {
			counted,
			[]uint32{28578 | h, 33941},
			"092154eed4af83e078ff9b84322015aefe5769e31270f62c3f66c33888335f3a", "9e87fe95031f14736774cd82f25fd885065cb7c358c1edf813c72af535e83071",
		},
		"seed tried again: m": {
			"a7305bc8df8d0951f0cb224c0e95d7707cbdf2c6ce7e8d481fec69c7ff5e9446", nil,
			"3b8c18469a4634517d6d0b65448f8e6c62091b45540a1743c5846be55d47d88f", "7762f9729fed06121fd13f326884c82f59aa95c57ac492ce8c9654e60efd130c",
		},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := master(key.P256, unhex(t, tc.seed))
			for _, i := range tc.path {
				if err == nil {
					k, err = k.child(i)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(k.secret, unhex(t, tc.secret)) || !bytes.Equal(k.chain, unhex(t, tc.chain)) {
				t.Errorf("secret %x, chain code %x", k.secret, k.chain)
			}
		})
	}
}

// Golden: the keys of each kind that the well-known words give.
func TestFromWordsOf(t *testing.T) {
	const words = "test test test test test test test test test test test junk"
	seen := map[string]bool{}
	for kind, want := range map[key.Kind]string{
		key.Secp256k1: "secp256k1:038318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed75",
		key.P256:      "p256:025fa82925afaf3e85fa0bc1732969b0933f20f67f56621562dcfb922e3f3574bb",
		key.SM2:       "sm2:024d7333f938d6d0dd53d7cca084fc4876edea79667bcc5837d58264c44c1b2458",
	} {
		s, err := FromWordsOf(kind, words, "", 0)
		if err != nil || s.Public().String() != want {
			t.Fatalf("%v: %v", s, err)
		}
		secret := string(s.(interface{ Secret() []byte }).Secret())
		if seen[secret] {
			t.Error("two kinds share a secret")
		}
		seen[secret] = true
		digest := bytes.Repeat([]byte{2}, 32)
		sig, err := s.Sign(digest)
		if err != nil || key.Verify(s.Public(), digest, sig) != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := FromWordsOf(9, words, "", 0); !errors.Is(err, key.ErrKind) {
		t.Errorf("an unknown kind: %v", err)
	}
}

// A hash that is no scalar of its kind is passed over: of SM2, n-1 is none.
func TestScalarRefuses(t *testing.T) {
	for _, kind := range []key.Kind{key.Secp256k1, key.P256, key.SM2} {
		n := kind.Order()
		sum := func(v *big.Int) []byte { return append(v.FillBytes(make([]byte, 32)), make([]byte, 32)...) }
		for name, tc := range map[string]struct {
			left, before *big.Int
			ok           bool
		}{
			"zero":       {new(big.Int), new(big.Int), false},
			"n":          {n, big.NewInt(5), false},
			"sum is n":   {new(big.Int).Sub(n, big.NewInt(5)), big.NewInt(5), false},
			"sum is n-1": {new(big.Int).Sub(n, big.NewInt(6)), big.NewInt(5), kind != key.SM2},
			"sum is n-2": {new(big.Int).Sub(n, big.NewInt(7)), big.NewInt(5), true},
			"beyond n":   {new(big.Int).Sub(n, big.NewInt(1)), big.NewInt(5), true},
		} {
			if k, ok := scalar(kind, sum(tc.left), tc.before); ok != tc.ok {
				t.Errorf("%s: %s: %v", kind, name, k.signer)
			}
		}
	}
}
