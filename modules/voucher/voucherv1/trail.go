package voucherv1

import (
	"fmt"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// A trail is a chain of entries, each the hash of the head before it (zeros at the issue) and of an Endorsement, so
// that one entry can be shown without the others. Nodes keep both preimages by their hashes, under these tags.
const (
	tagEntry       = "part"
	tagEndorsement = "endo"
)

// EndorsementHash is the hash of an encoded Endorsement, as an entry carries it.
func EndorsementHash(endorsement []byte) id.ID {
	return kernelv1.KeptHash(tagged(endorsement))
}

// EntryHash is the head of a trail after an entry: over the head before it, zeros at the issue, and the hash of
// the encoded Endorsement.
func EntryHash(prev id.ID, endorsement []byte) id.ID {
	return kernelv1.KeptHash(entry(prev, EndorsementHash(endorsement)))
}

func entry(prev, endorsement id.ID) []byte {
	b := append(make([]byte, 0, len(tagEntry)+2*id.Size), tagEntry...)
	return endorsement.Append(prev.Append(b))
}

func tagged(endorsement []byte) []byte {
	return append(append(make([]byte, 0, len(tagEndorsement)+len(endorsement)), tagEndorsement...), endorsement...)
}

// Preimages are what a node keeps of an entry: the entry itself, whose hash is EntryHash, and its Endorsement.
func Preimages(prev id.ID, endorsement []byte) (link, endorsed []byte) {
	endorsed = tagged(endorsement)
	return entry(prev, kernelv1.KeptHash(endorsed)), endorsed
}

// MaxTrail bounds the entries of a trail: one at issue, and a pass and a split for each step of the largest depth.
const MaxTrail = 1 + MaxDepth + MaxSplits

// ReadEntry checks one entry as gates hand it out, "part" ‖ head before ‖ hash of endorsement ‖ endorsement,
// against the head that names it, and returns the head before it, zeros at the issue, and the endorsement.
func ReadEntry(head id.ID, b []byte) (prev id.ID, e *Endorsement, err error) {
	const start = len(tagEntry)
	if len(b) < start+2*id.Size || string(b[:start]) != tagEntry {
		return prev, nil, fmt.Errorf("an entry of a trail begins with %q and two hashes; these %d bytes do not", tagEntry, len(b))
	}
	prev, endorsement := id.ID(b[start:start+id.Size]), b[start+2*id.Size:]
	if EntryHash(prev, endorsement) != head || EndorsementHash(endorsement) != id.ID(b[start+id.Size:start+2*id.Size]) {
		return prev, nil, fmt.Errorf("the entry does not have the hash %s: it was altered, or is another", head)
	}
	e = &Endorsement{}
	return prev, e, proto.Unmarshal(endorsement, e)
}
