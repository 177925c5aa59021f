// Package key holds the kinds of keys that may sign. A further kind is one row of the table in kinds.go.
package key

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/splittally/splittally/modules/kernel/id"
)

// Kind numbers a kind of key on the wire and never changes its meaning.
type Kind uint32

// DigestSize is the length in bytes of what is signed.
const DigestSize = 32

// Refusals of this package; a transaction's gate turns them into numbered errors.
var (
	ErrKind      = errors.New("key: this kind of key is unknown here: use secp256k1, p256 or sm2")
	ErrPublic    = errors.New("key: these bytes are no public key of their kind")
	ErrSignature = errors.New("key: the signature does not fit")
)

// Public is a public key: its kind and the kind's one encoding of it (a compressed point of 33 bytes).
type Public struct {
	Kind  Kind
	Bytes []byte
}

// Signer signs 32-byte digests. Keys in files, tokens and remote machines are Signers.
type Signer interface {
	Public() Public
	Sign(digest []byte) ([]byte, error)
}

// Parse checks that the bytes are a public key of the kind, on the curve and in its one encoding.
func Parse(k Kind, b []byte) (Public, error) {
	row, ok := kinds[k]
	if !ok {
		return Public{}, ErrKind
	}
	if err := row.check(b); err != nil {
		return Public{}, err
	}
	return Public{Kind: k, Bytes: append([]byte(nil), b...)}, nil
}

// Verify tells whether sig is pub's signature over digest, in the kind's one encoding: 64 bytes r‖s, both from 1 to the
// order less 1; for secp256k1 and p256 with s in the lower half of that. For sm2, digest is the message M of the standard.
func Verify(pub Public, digest, sig []byte) error {
	row, ok := kinds[pub.Kind]
	if !ok {
		return ErrKind
	}
	if len(digest) != DigestSize || len(sig) != SignatureSize || !row.verify(pub.Bytes, digest, sig) {
		return ErrSignature
	}
	return nil
}

// Generate makes a new key of the kind from random, which is crypto/rand.Reader but in tests.
func Generate(k Kind, random io.Reader) (Signer, error) {
	row, ok := kinds[k]
	if !ok {
		return nil, ErrKind
	}
	return generate(random, row.restore)
}

// FromSecret restores the key whose secret is a scalar of 32 bytes, big-endian: 1 to the order less 1; for sm2, less 2.
// One secret is for one kind: secp256k1 and p256 derive the same nonce from it [RFC 6979], and from two signatures over one
// digest the secret could then be computed. sdk/keys derives another for each kind.
func FromSecret(k Kind, secret []byte) (Signer, error) {
	row, ok := kinds[k]
	if !ok {
		return nil, ErrKind
	}
	return row.restore(secret)
}

// KindOf finds a kind by the name that tools print and read.
func KindOf(name string) (Kind, error) {
	for k := Secp256k1; k <= lastKind; k++ {
		if kinds[k].name == name {
			return k, nil
		}
	}
	return 0, fmt.Errorf("%w (%q)", ErrKind, name)
}

// String is the kind's name.
func (k Kind) String() string {
	if row, ok := kinds[k]; ok {
		return row.name
	}
	return fmt.Sprintf("kind %d", uint32(k))
}

// Equal compares kind and bytes.
func (p Public) Equal(q Public) bool { return p.Kind == q.Kind && bytes.Equal(p.Bytes, q.Bytes) }

// ID names the key on the chain: accounts are found by it.
func (p Public) ID() id.ID { return id.Hash("key", []byte{byte(p.Kind)}, p.Bytes) }

// String is kind:hex, as tools print and read a public key.
func (p Public) String() string { return fmt.Sprintf("%s:%x", p.Kind, p.Bytes) }
