package key

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

// errUnfit is a signature from outside that is not one of its key over the digest.
var errUnfit = errors.New("key: the outside signer's signature does not fit its public key: it holds another key, or signs something else than it is given")

// foreign is a key kept elsewhere.
type foreign struct {
	pub  Public
	sign func(digest []byte) ([]byte, error)
}

// FromCrypto uses any crypto.Signer with an ECDSA or SM2 key on one of the curves: an HSM, a token, a cloud's key. An
// SM2 signer is given the digest as the message, with gmsm's *sm2.SM2SignerOption and the default identity. Whatever is
// signed is verified before it is handed on.
func FromCrypto(s crypto.Signer) (Signer, error) {
	pub, ok := s.Public().(*ecdsa.PublicKey)
	if !ok || pub == nil || pub.Curve == nil {
		return nil, fmt.Errorf("%w (an ECDSA or SM2 key is needed)", ErrKind)
	}
	for k := Secp256k1; k <= lastKind; k++ {
		if curveOf(k).Params().N.Cmp(pub.Params().N) != 0 {
			continue
		}
		b, err := compressed(pub)
		if err != nil {
			return nil, err
		}
		p, err := Parse(k, b)
		if err != nil {
			return nil, err
		}
		return &foreign{pub: p, sign: cryptoSign(k, s)}, nil
	}
	return nil, fmt.Errorf("%w (curve %s)", ErrKind, pub.Params().Name)
}

func cryptoSign(k Kind, s crypto.Signer) func([]byte) ([]byte, error) {
	var opts crypto.SignerOpts = crypto.SHA256
	if k == SM2 {
		opts = sm2Options
	}
	return func(digest []byte) ([]byte, error) {
		der, err := s.Sign(rand.Reader, digest, opts)
		if err != nil {
			return nil, fmt.Errorf("key: the outside signer: %w", err)
		}
		return oneForm(k, der)
	}
}

// FromRaw uses a key kept elsewhere whose signatures come as 64 bytes r‖s, as tokens give them, with any s. Whatever is
// signed is brought to its one form and verified before it is handed on.
func FromRaw(pub Public, sign func(digest []byte) ([]byte, error)) (Signer, error) {
	p, err := Parse(pub.Kind, pub.Bytes)
	if err != nil {
		return nil, err
	}
	return &foreign{pub: p, sign: func(digest []byte) ([]byte, error) {
		raw, err := sign(digest)
		if err != nil {
			return nil, err
		}
		if len(raw) != SignatureSize {
			return nil, errUnfit
		}
		return reduced(p.Kind, new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:]))
	}}, nil
}

// Public is the key that signs.
func (f *foreign) Public() Public { return f.pub }

// Sign has the key sign where it is.
func (f *foreign) Sign(digest []byte) ([]byte, error) {
	if len(digest) != DigestSize {
		return nil, errDigest
	}
	sig, err := f.sign(bytes.Clone(digest))
	if err != nil {
		return nil, err
	}
	if Verify(f.pub, digest, sig) != nil {
		return nil, errUnfit
	}
	return sig, nil
}

// compressed is the one encoding of a point: its x, and whether its y is odd. Whether it is on the curve is for Parse.
func compressed(pub *ecdsa.PublicKey) ([]byte, error) {
	x, y := pub.X, pub.Y //nolint:staticcheck // the standard library encodes points of its own curves alone
	if x == nil || y == nil || x.Sign() < 0 || x.BitLen() > 256 {
		return nil, ErrPublic
	}
	b := make([]byte, PublicSize)
	b[0] = 2 + byte(y.Bit(0))
	x.FillBytes(b[1:])
	return b, nil
}

type scalars struct{ R, S *big.Int }

func asASN1(r, s *big.Int) ([]byte, error) { return asn1.Marshal(scalars{r, s}) }

// oneForm turns an ASN.1 signature into the kind's one encoding.
func oneForm(k Kind, der []byte) ([]byte, error) {
	var v scalars
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 {
		return nil, errors.New("key: the signer returned no ASN.1 signature")
	}
	return reduced(k, v.R, v.S)
}

// reduced brings s into the lower half of the order, where the kind has that rule.
func reduced(k Kind, r, s *big.Int) ([]byte, error) {
	c := curveOf(k)
	if !inOrder(r, c.Params().N) || !inOrder(s, c.Params().N) {
		return nil, errUnfit
	}
	if k != SM2 && s.Cmp(halfOrder(c)) > 0 {
		s = new(big.Int).Sub(c.Params().N, s)
	}
	out := make([]byte, SignatureSize)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, nil
}

// inOrder tells whether 1 <= v <= n-1.
func inOrder(v, n *big.Int) bool { return v.Sign() > 0 && v.Cmp(n) < 0 }
