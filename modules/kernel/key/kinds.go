package key

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/emmansun/gmsm/sm2"
	ethcrypto "github.com/ethereum/go-ethereum/crypto"
	"github.com/splittally/splittally/modules/kernel/id"
)

// The kinds. Numbers are of the wire.
const (
	Secp256k1 Kind = 1 // go-ethereum/crypto; the default
	P256      Kind = 2 // devices and HSMs
	SM2       Kind = 3 // with SM3, the national standard GB/T 32918
	lastKind       = SM2
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
	SM2: {
		name: "sm2", check: checkSM2, verify: verifySM2,
		restore: restoreSM2,
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
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), uncompressed(x, y))
	if err != nil {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	if r.Sign() == 0 || s.Sign() == 0 || s.Cmp(halfOrder(elliptic.P256())) > 0 {
		return false
	}
	return ecdsa.Verify(k, digest, r, s)
}

// uncompressed is the longer encoding of a point, as the libraries read it.
func uncompressed(x, y *big.Int) []byte {
	point := append(make([]byte, 0, 65), 4)[:65]
	x.FillBytes(point[1:33])
	y.FillBytes(point[33:])
	return point
}

func halfOrder(c elliptic.Curve) *big.Int { return new(big.Int).Rsh(c.Params().N, 1) }

// local is a key whose secret is in this process.
type local struct {
	pub    Public
	secret []byte
	sign   func(digest []byte) ([]byte, error)
}

// errDigest is a caller's fault: digests come from Digest.
var errDigest = fmt.Errorf("key: a digest has %d bytes", DigestSize)

// maxDraws bounds the search for a scalar; one in 2^32 draws fails at most.
const maxDraws = 32

func generate(random io.Reader, restore func([]byte) (Signer, error)) (Signer, error) {
	secret := make([]byte, 32)
	for range maxDraws {
		if _, err := io.ReadFull(random, secret); err != nil {
			return nil, fmt.Errorf("key: no randomness: %w", err)
		}
		if s, err := restore(secret); err == nil {
			return s, nil
		}
	}
	return nil, errors.New("key: the source of randomness gives no scalar: it is broken")
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
			return oneForm(P256, der)
		},
	}, nil
}

// curveOf is a function and no column of the table, for what the table refers to uses it.
func curveOf(k Kind) elliptic.Curve {
	switch k {
	case P256:
		return elliptic.P256()
	case SM2:
		return sm2.P256()
	}
	return ethcrypto.S256()
}

// Order is the number n of the points of the kind's curve; nil for an unknown kind.
func (k Kind) Order() *big.Int {
	if _, ok := kinds[k]; !ok {
		return nil
	}
	return new(big.Int).Set(curveOf(k).Params().N)
}

func (l *local) Public() Public { return l.pub }

// Format prints the public key in every form, so that no log has a secret.
func (l *local) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.pub.String()) }

// Secret is the scalar, for a keystore; it leaves the process nowhere else.
func (l *local) Secret() []byte { return bytes.Clone(l.secret) }

func (l *local) Sign(digest []byte) ([]byte, error) {
	if len(digest) != DigestSize {
		return nil, errDigest
	}
	sig, err := l.sign(digest)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return sig, nil
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
		return Public{}, fmt.Errorf("%w: write it as KIND:HEX, such as secp256k1:02ab…", ErrPublic)
	}
	k, err := KindOf(name)
	if err != nil {
		return Public{}, err
	}
	return Parse(k, b)
}
