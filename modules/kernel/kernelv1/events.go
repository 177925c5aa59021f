package kernelv1

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/splittally/splittally/modules/kernel/id"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// EventSalts derives the salts of a transaction's events from its whole body, which only those have who may see
// it; the hash of the body, which everybody has, does not give them.
func EventSalts(body []byte) id.ID { return id.Hash("event salt", body) }

// EventLeaf is the leaf of event number i: a salted hash of its encoding.
func EventLeaf(salts id.ID, i int, e *Event) (id.ID, error) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(i))
	salt := id.Hash("salt", salts[:], n[:])
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
	return id.Hash("event", salt[:], b), err
}

// EventRoot is the Merkle root over a transaction's ordered events, which the result's Data carries; empty where
// there are none.
func EventRoot(salts id.ID, events []*Event) ([]byte, error) {
	if len(events) == 0 {
		return nil, nil
	}
	leaves := make([][]byte, len(events))
	for i, e := range events {
		leaf, err := EventLeaf(salts, i, e)
		if err != nil {
			return nil, err
		}
		leaves[i] = leaf.Bytes()
	}
	return MerkleRoot(leaves), nil
}

// EventDigest is what an account's Entry takes of an event that names the account. It has no salt: who has the entry
// has the event.
func EventDigest(e *Event) id.ID {
	return id.Hash("event of an entry", []byte(e.Type), e.Data, []byte{byte(e.Visibility)}, bytes.Join(e.Parties, nil))
}

// EventsHash is the hash of events in their order by their digests, as an Entry has it.
func EventsHash(digests []id.ID) id.ID {
	b := make([]byte, 0, len(digests)*id.Size)
	for _, d := range digests {
		b = append(b, d[:]...)
	}
	return id.Hash("events of an entry", b)
}

// Names tells whether an event names an account as a party.
func (e *Event) Names(account id.ID) bool {
	for _, p := range e.Parties {
		if bytes.Equal(p, account[:]) {
			return true
		}
	}
	return false
}

// MerkleRoot is the root of RFC 6962's tree over leaves that are hashes already; an inner node is sha256(1‖l‖r).
func MerkleRoot(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return Inner(MerkleRoot(leaves[:k]), MerkleRoot(leaves[k:]))
}

// Inner is the inner node over two hashes.
func Inner(l, r []byte) []byte {
	h := sha256.New()
	h.Write([]byte{1})
	h.Write(l)
	h.Write(r)
	return h.Sum(nil)
}

// BlockLeaf is the leaf of an engine's block hash in the mountain range.
func BlockLeaf(hash []byte) []byte { return id.Hash("block leaf", hash).Bytes() }

// Decode reads an event's data into the message of its type, where this program knows it.
func (e *Event) Decode() (proto.Message, error) {
	t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(e.Type))
	if err != nil {
		return nil, fmt.Errorf("event %q is of no type that this program knows", e.Type)
	}
	m := t.New().Interface()
	return m, proto.Unmarshal(e.Data, m)
}
