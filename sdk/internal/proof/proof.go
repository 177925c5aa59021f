// Package proof checks what a node says of a state record against the root of a verified header.
package proof

import (
	"crypto/sha256"
	"errors"
	"fmt"

	ics23 "github.com/cosmos/ics23/go"
)

// maxBytes bounds a proof: a tree of 2^64 leaves needs far less.
const maxBytes = 64 << 10

// Err is wrapped by every refusal of this package.
var Err = errors.New("the proof does not show what the node says")

// Present checks that the state with this root has value under key. Key, value and root are the caller's own, never
// what the answer names.
func Present(root, key, value, proof []byte) error {
	p, err := decode(proof)
	if err != nil {
		return err
	}
	leaf := sha256.Sum256(value)
	if p.GetExist() == nil || !ics23.VerifyMembership(ics23.IavlSpec, root, p, key, leaf[:]) {
		return fmt.Errorf("%w: that key %x has this value", Err, key)
	}
	return nil
}

// Absent checks that the state with this root has nothing under key.
func Absent(root, key, proof []byte) error {
	p, err := decode(proof)
	if err != nil {
		return err
	}
	if p.GetNonexist() == nil || !ics23.VerifyNonMembership(ics23.IavlSpec, root, p, key) {
		return fmt.Errorf("%w: that key %x is absent", Err, key)
	}
	return nil
}

// decode takes single proofs alone: batches and compressed ones are nothing that a gate sends, and are not looked into.
func decode(b []byte) (*ics23.CommitmentProof, error) {
	if len(b) == 0 || len(b) > maxBytes {
		return nil, fmt.Errorf("%w: a proof of %d bytes", Err, len(b))
	}
	p := &ics23.CommitmentProof{}
	if err := p.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("%w: %w", Err, err)
	}
	return p, nil
}
