package key_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/kernel/key"
)

// openssl is the tool as a further implementation of all kinds.
type openssl struct {
	t   *testing.T
	dir string
}

// withOpenssl skips where the machine has no openssl of version 3, the first that knows SM2 with an identity: what
// this test compares is compared with libraries in diff_test.go too.
func withOpenssl(t *testing.T) openssl {
	t.Helper()
	out, err := exec.Command("openssl", "version").Output()
	if err != nil || !bytes.HasPrefix(out, []byte("OpenSSL 3.")) {
		t.Skipf("no OpenSSL 3 here (%q, %v): nothing was compared with it", out, err)
	}
	return openssl{t, t.TempDir()}
}

func (o openssl) write(name string, content []byte) string {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		o.t.Fatal(err)
	}
	return path
}

func (o openssl) run(args ...string) ([]byte, error) {
	return exec.Command("openssl", args...).CombinedOutput()
}

// how are the arguments that have openssl take a digest as the chain does: for SM2 as a message, with the identity.
func how(k key.Kind) []string {
	if k == key.SM2 {
		return []string{"-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"}
	}
	return nil
}

// curves are the object identifiers of the curves.
var curves = map[key.Kind]asn1.ObjectIdentifier{
	key.Secp256k1: {1, 3, 132, 0, 10}, key.P256: {1, 2, 840, 10045, 3, 1, 7}, key.SM2: {1, 2, 156, 10197, 1, 301},
}

func der(t *testing.T, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// publicFile is a public key as openssl reads it [RFC 5480], its point compressed as the chain has it.
func (o openssl) publicFile(p key.Public) string {
	b := der(o.t, struct {
		Algorithm pkix.AlgorithmIdentifier
		Point     asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, Parameters: asn1.RawValue{FullBytes: der(o.t, curves[p.Kind])}},
		asn1.BitString{Bytes: p.Bytes, BitLength: len(p.Bytes) * 8},
	})
	return o.write("public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b}))
}

// secretFile is a secret as openssl reads it [RFC 5915].
func (o openssl) secretFile(k key.Kind, secret []byte) string {
	b := der(o.t, struct {
		Version int
		Secret  []byte
		Curve   asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
	}{1, secret, curves[k]})
	return o.write("secret.pem", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: b}))
}

func (o openssl) verify(p key.Public, digest []byte, r, s *big.Int) bool {
	sig := der(o.t, struct{ R, S *big.Int }{r, s})
	args := append([]string{
		"pkeyutl", "-verify", "-pubin", "-inkey", o.publicFile(p), "-in", o.write("digest", digest), "-sigfile", o.write("sig", sig),
	}, how(p.Kind)...)
	_, err := o.run(args...)
	return err == nil
}

func (o openssl) sign(k key.Kind, secret, digest []byte) (r, s *big.Int) {
	out := filepath.Join(o.dir, "made")
	args := append([]string{"pkeyutl", "-sign", "-inkey", o.secretFile(k, secret), "-in", o.write("digest", digest), "-out", out}, how(k)...)
	if text, err := o.run(args...); err != nil {
		o.t.Fatalf("openssl: %v: %s", err, text)
	}
	b, err := os.ReadFile(out)
	var v struct{ R, S *big.Int }
	if err == nil {
		_, err = asn1.Unmarshal(b, &v)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return v.R, v.S
}

// Openssl accepts and refuses what is accepted and refused here, but for high s, and what it signs is accepted here.
func TestOpenssl(t *testing.T) {
	o, rounds := withOpenssl(t), 12
	if testing.Short() {
		rounds = 3
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	random := func() []byte {
		b := make([]byte, 32)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	}
	for _, k := range all {
		t.Run(k.String(), func(t *testing.T) {
			for range rounds {
				secret, digest := random(), random()
				s, err := key.FromSecret(k, secret)
				if err != nil {
					continue // no scalar, once in 2^32
				}
				o.compare(t, s, secret, digest, rnd.IntN(512))
			}
		})
	}
}

func (o openssl) compare(t *testing.T, s key.Signer, secret, digest []byte, bit int) {
	t.Helper()
	k := s.Public().Kind
	sig, err := s.Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(sig)
	changed[bit/8] ^= 1 << (bit % 8)
	other := append(sig[:32:32], new(big.Int).Sub(orders[k], get(sig[32:])).FillBytes(make([]byte, 32))...)
	for name, one := range map[string][]byte{"good": sig, fmt.Sprintf("bit %d turned", bit): changed, "n-s": other} {
		ours, theirs := key.Verify(s.Public(), digest, one) == nil, o.verify(s.Public(), digest, get(one[:32]), get(one[32:]))
		if ours != (theirs && lowS(k, get(one[32:]))) || (name == "good") != ours {
			t.Fatalf("%s: here %v, openssl %v; %s, secret %x, digest %x, signature %x", name, ours, theirs, s.Public(), secret, digest, one)
		}
	}
	r, v := o.sign(k, secret, digest)
	if !lowS(k, v) {
		v.Sub(orders[k], v)
	}
	made := append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)
	if err := key.Verify(s.Public(), digest, made); err != nil {
		t.Fatalf("what openssl signed: %v; %s, digest %x, signature %x", err, s.Public(), digest, made)
	}
}
