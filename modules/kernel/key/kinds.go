package key

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"strings"

	ethcrypto "github.com/ethereum/go-ethereum/crypto"
	"github.com/splittally/splittally/modules/kernel/id"
)

// The kinds. Numbers are of the wire.
const (
	Secp256k1 Kind = 1 // go-ethereum/crypto; the default
	P256      Kind = 2 // devices and HSMs
	lastKind       = P256
)

// PublicSize and SignatureSize are the lengths in bytes of every kind so far.
const (
	PublicSize    = 33
	SignatureSize = 64
)

type row struct {
	name    string
	check   func(pub []byte) error
	verify  func(pub, digest, sig []byte) bool
	restore func(secret []byte) (Signer, error)
}

// kinds is the place for further kinds: a name, a check of the public key, a check of a signature, a maker.
var kinds = map[Kind]row{
	Secp256k1: {
		name: "secp256k1", check: checkSecp, verify: ethcrypto.VerifySignature,
		restore: restoreSecp,
	},
	P256: {
		name: "p256", check: checkP256, verify: verifyP256,
		restore: restoreP256,
	},
}

func checkSecp(pub []byte) error {
	if len(pub) != PublicSize {
		return ErrPublic
	}
	if _, err := ethcrypto.DecompressPubkey(pub); err != nil {
		return ErrPublic
	}
	return nil
}

func checkP256(pub []byte) error {
	if x, _ := elliptic.UnmarshalCompressed(elliptic.P256(), pub); x == nil {
		return ErrPublic
	}
	return nil
}

// verifyP256 also refuses s above half the order, so that a signature has one form.
func verifyP256(pub, digest, sig []byte) bool {
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), pub)
	if x == nil {
		return false
	}
	point := append([]byte{4}, make([]byte, 64)...)
	x.FillBytes(point[1:33])
	y.FillBytes(point[33:])
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	if r.Sign() == 0 || s.Sign() == 0 || s.Cmp(halfOrder(elliptic.P256())) > 0 {
		return false
	}
	return ecdsa.Verify(k, digest, r, s)
}

func halfOrder(c elliptic.Curve) *big.Int { return new(big.Int).Rsh(c.Params().N, 1) }

// local is a key whose secret is in this process.
type local struct {
	pub    Public
	secret []byte
	sign   func(digest []byte) ([]byte, error)
}

func generate(random io.Reader, restore func([]byte) (Signer, error)) (Signer, error) {
	secret := make([]byte, 32)
	for {
		if _, err := io.ReadFull(random, secret); err != nil {
			return nil, fmt.Errorf("key: no randomness: %w", err)
		}
		if s, err := restore(secret); err == nil {
			return s, nil
		}
	}
}

func restoreSecp(secret []byte) (Signer, error) {
	priv, err := ethcrypto.ToECDSA(secret)
	if err != nil {
		return nil, fmt.Errorf("key: the secret is no scalar of %s", Secp256k1)
	}
	return &local{
		pub: Public{Kind: Secp256k1, Bytes: ethcrypto.CompressPubkey(&priv.PublicKey)}, secret: bytes.Clone(secret),
		sign: func(digest []byte) ([]byte, error) {
			sig, err := ethcrypto.Sign(digest, priv)
			if err != nil {
				return nil, err
			}
			return sig[:SignatureSize], nil
		},
	}, nil
}

func restoreP256(secret []byte) (Signer, error) {
	priv, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		return nil, fmt.Errorf("key: the secret is no scalar of %s", P256)
	}
	pub, err := compressed(&priv.PublicKey)
	if err != nil {
		return nil, err
	}
	return &local{
		pub: Public{Kind: P256, Bytes: pub}, secret: bytes.Clone(secret),
		sign: func(digest []byte) ([]byte, error) {
			der, err := priv.Sign(nil, digest, crypto.SHA256) // nil: the deterministic signature of RFC 6979
			if err != nil {
				return nil, err
			}
			return lowS(elliptic.P256(), der)
		},
	}, nil
}

// compressed is the one encoding of a point: its x, and whether its y is odd.
func compressed(pub *ecdsa.PublicKey) ([]byte, error) {
	point, err := pub.Bytes()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return append([]byte{2 + point[64]&1}, point[1:33]...), nil
}

func curveOf(k Kind) elliptic.Curve {
	if k == P256 {
		return elliptic.P256()
	}
	return ethcrypto.S256()
}

func (l *local) Public() Public { return l.pub }

// Secret is the scalar, for a keystore; it leaves the process nowhere else.
func (l *local) Secret() []byte { return bytes.Clone(l.secret) }

func (l *local) Sign(digest []byte) ([]byte, error) {
	if len(digest) != DigestSize {
		return nil, fmt.Errorf("key: a digest has %d bytes, not %d", DigestSize, len(digest))
	}
	sig, err := l.sign(digest)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return sig, nil
}

// lowS turns an ASN.1 signature into 64 bytes r‖s with s in the lower half.
func lowS(c elliptic.Curve, der []byte) ([]byte, error) {
	var v struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("key: the signer returned no ASN.1 signature")
	}
	if v.S.Cmp(halfOrder(c)) > 0 {
		v.S.Sub(c.Params().N, v.S)
	}
	out := make([]byte, SignatureSize)
	v.R.FillBytes(out[:32])
	v.S.FillBytes(out[32:])
	return out, nil
}

// foreign is a key kept elsewhere behind crypto.Signer.
type foreign struct {
	pub    Public
	curve  elliptic.Curve
	signer crypto.Signer
}

func fromCrypto(s crypto.Signer) (Signer, error) {
	pub, ok := s.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w (an ECDSA key is needed)", ErrKind)
	}
	for k := Secp256k1; k <= lastKind; k++ {
		if c := curveOf(k); c.Params().N.Cmp(pub.Params().N) == 0 {
			b, err := compressed(pub)
			return &foreign{pub: Public{Kind: k, Bytes: b}, curve: c, signer: s}, err
		}
	}
	return nil, fmt.Errorf("%w (curve %s)", ErrKind, pub.Params().Name)
}

func (f *foreign) Public() Public { return f.pub }

func (f *foreign) Sign(digest []byte) ([]byte, error) {
	der, err := f.signer.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("key: the outside signer: %w", err)
	}
	return lowS(f.curve, der)
}

// Digest is the domain-separated digest of what an account signs: the chain, the purpose and the content, each
// with its length before it, under SHA-256.
func Digest(chain, purpose string, content []byte) []byte {
	return id.Hash("splittally/sign/v1", []byte(chain), []byte(purpose), content).Bytes()
}

// Fold is a shorter digest of a digest and a signature of their fixed lengths: by it a cache remembers that a
// (key, digest, signature) is valid.
func Fold(pub Public, digest, sig []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte{byte(pub.Kind)})
	h.Write(pub.Bytes)
	h.Write(digest)
	h.Write(sig)
	return [32]byte(h.Sum(nil))
}

// ParseString reads kind:hex.
func ParseString(s string) (Public, error) {
	name, digits, ok := strings.Cut(s, ":")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil {
		return Public{}, fmt.Errorf("%w: write it as secp256k1:02ab…", ErrPublic)
	}
	k, err := KindOf(name)
	if err != nil {
		return Public{}, err
	}
	return Parse(k, b)
}
