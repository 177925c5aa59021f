// Package txv1 is the transaction as it is signed, sent and kept.
package txv1

import (
	"bytes"
	"slices"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"google.golang.org/protobuf/proto"
)

// Bounds of a transaction, in bytes and numbers.
const (
	MaxBytes      = 64 << 10
	MaxBytesLarge = 1 << 20 // with an issue run
	MaxCalls      = 100
	MaxSignatures = 16
	IDSize        = 16
)

// WindowS and WindowSeveralS are how far ahead of block time an expiry may lie, in seconds: for accounts of one
// key, and of several.
const (
	WindowS        = 600
	WindowSeveralS = 7 * 86_400
)

// Purpose of a transaction's signatures.
const Purpose = "transaction"

// Hash names a transaction by its encoded body.
func Hash(body []byte) id.ID { return id.Hash("transaction", body) }

// Digest is what the signers of a transaction sign.
func Digest(chain string, body []byte) []byte { return key.Digest(chain, Purpose, body) }

var deterministic = proto.MarshalOptions{Deterministic: true}

// Encode is the one encoding of a message.
func Encode(m proto.Message) ([]byte, error) { return deterministic.Marshal(m) }

// Sign encodes a body, has each signer sign it, and returns the transaction's bytes and name.
func Sign(body *Body, signers ...key.Signer) ([]byte, id.ID, error) {
	b, err := Encode(body)
	if err != nil {
		return nil, id.ID{}, err
	}
	tx, digest := &Transaction{Body: b}, Digest(body.ChainId, b)
	for _, s := range signers {
		sig, err := s.Sign(digest)
		if err != nil {
			return nil, id.ID{}, err
		}
		pub := s.Public()
		tx.Signatures = append(tx.Signatures, &Signature{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Signature: sig})
	}
	SortSignatures(tx)
	raw, err := Encode(tx)
	return raw, Hash(b), err
}

// SortSignatures brings the signatures into their one order: by kind and key.
func SortSignatures(tx *Transaction) {
	slices.SortFunc(tx.Signatures, func(a, b *Signature) int {
		if a.Kind != b.Kind {
			return int(a.Kind) - int(b.Kind)
		}
		return bytes.Compare(a.PublicKey, b.PublicKey)
	})
}

// MethodOf is the name of the method that a message calls: splittally.voucher.v1.Transfer is voucher.Transfer.
func MethodOf(m proto.Message) string {
	name := m.ProtoReflect().Descriptor().FullName()
	return string(name.Parent().Parent().Name()) + "." + string(name.Name())
}

// CallOf is a call of a message's method, acting as an account; the zero account for the sender.
func CallOf(as id.ID, m proto.Message) (*Call, error) {
	b, err := Encode(m)
	call := &Call{Method: MethodOf(m), Message: b}
	if !as.IsZero() {
		call.As = as.Bytes()
	}
	return call, err
}
