package key

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/sm2"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of GB/T 32918.5-2017, A.2: the recommended curve, the default identity, the message "message digest".
const (
	standardSecret    = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
	standardPublic    = "0209f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
	standardZA        = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
	standardE         = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
	standardSignature = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3" +
		"b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)

func TestSM2Standard(t *testing.T) {
	s, err := FromSecret(SM2, unhex(t, standardSecret))
	if err != nil {
		t.Fatal(err)
	}
	want := unhex(t, standardPublic)
	want[0] += unhex(t, "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13")[31] & 1
	if !bytes.Equal(s.Public().Bytes, want) {
		t.Errorf("public key %x", s.Public().Bytes)
	}
	message, sig := []byte("message digest"), unhex(t, standardSignature)
	za, err := sm2.CalculateZA(sm2Public(want), []byte(sm2UserID))
	if err != nil || !bytes.Equal(za, unhex(t, standardZA)) {
		t.Errorf("ZA %x, %v", za, err)
	}
	e, err := sm2.CalculateSM2Hash(sm2Public(want), message, []byte(sm2UserID))
	if err != nil || !bytes.Equal(e, unhex(t, standardE)) {
		t.Errorf("e %x, %v", e, err)
	}
	if !verifySM2(want, message, sig) {
		t.Error("the standard's signature is refused")
	}
	if verifySM2(want, []byte("message digesT"), sig) || verifySM2(want, unhex(t, standardE), sig) {
		t.Error("it fits another message")
	}
}

// Golden: a signature over a digest by the secret 0101…01, made with the nonce of RFC 6979 under HMAC-SM3.
func TestSM2Golden(t *testing.T) {
	s, err := FromSecret(SM2, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	digest := Digest("c", "tx", []byte("x"))
	sig, err := s.Sign(digest)
	if err != nil || hex.EncodeToString(sig) != "bd406bd766275a35407aea4434c47236fdbdc4c7620f6be3e2c32dbcbf7de1e3"+
		"a4007c22ace2e2a720ad94346356894b26bf8a58478c9d85e7621fcea9354f9a" {
		t.Errorf("%x, %v", sig, err)
	}
}

// A key or a scalar at the edge of its range [GB/T 32918.1, 6.1; GB/T 32918.2, 7.1].
func TestSM2Ranges(t *testing.T) {
	n := sm2.P256().Params().N
	less := func(by int64) []byte { return new(big.Int).Sub(n, big.NewInt(by)).FillBytes(make([]byte, 32)) }
	for by, ok := range map[int64]bool{-1: false, 0: false, 1: false, 2: true} {
		if _, err := FromSecret(SM2, less(by)); (err == nil) != ok {
			t.Errorf("the secret n-%d: %v", by, err)
		}
	}
	if _, err := Parse(SM2, minusG); err == nil {
		t.Error("the public key of the secret n-1 was taken")
	}
	if g := bytes.Clone(minusG); sm2Public(append([]byte{g[0] ^ 1}, g[1:]...)) == nil {
		t.Error("G is refused, the public key of the secret 1")
	}
	one := big.NewInt(1)
	last := new(big.Int).Sub(n, one)
	for name, c := range map[string]struct {
		r, s *big.Int
		ok   bool
	}{
		"least":     {one, one, true},
		"greatest":  {last, last, true},
		"r zero":    {new(big.Int), one, false},
		"s zero":    {one, new(big.Int), false},
		"r is n":    {n, one, false},
		"s is n":    {one, n, false},
		"sum is n":  {one, last, false},
		"sum is n ": {last, one, false},
	} {
		if sm2Scalars(c.r, c.s) != c.ok {
			t.Errorf("%s: not %v", name, c.ok)
		}
	}
}

// Why -G is refused: under it a signature that fits would fit with any s.
func TestSM2MinusGIsMalleable(t *testing.T) {
	c := sm2.P256()
	x, y := c.Params().Gx, new(big.Int).Sub(c.Params().P, c.Params().Gy)
	pub, err := sm2.ParseUncompressedPublicKey(uncompressed(x, y))
	if err != nil {
		t.Fatal(err)
	}
	// With e chosen to fit r, as no digest can be.
	r := big.NewInt(12345)
	rx, _ := c.ScalarBaseMult(r.Bytes()) //nolint:staticcheck // a textbook's arithmetic
	e := new(big.Int).Sub(r, rx)
	e.Mod(e, c.Params().N)
	for s := int64(1); s < 5; s++ {
		der, err := asASN1(r, big.NewInt(s))
		if err != nil || !sm2.VerifyASN1(pub, e.FillBytes(make([]byte, 32)), der) {
			t.Errorf("s = %d does not fit: the reason no longer holds", s)
		}
	}
}
