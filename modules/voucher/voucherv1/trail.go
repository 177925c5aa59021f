package voucherv1

import (
	"errors"
	"fmt"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// A trail is a chain of entries, each the hash of the head before it (zeros at the issue) and of an Endorsement, so
// that one entry can be shown without the others. After a merge the head before is the hash of a join: of the ranges
// and heads of what was merged, in order of range, so that whoever holds some of the units is shown no other's trade. Nodes keep all preimages by their hashes, under these tags.
const (
	tagEntry       = "part"
	tagEndorsement = "endo"
	tagJoin        = kernelv1.TagJoin
)

// Bounds of trails, in entries; a join is none.
const (
	// MaxMergedTrail bounds the trail of a part that a merge makes, or a freeze cuts off.
	MaxMergedTrail = 4_096
	// MaxTrail bounds every trail: after the last merge or cut a part is passed on and split as often as it may be.
	MaxTrail = MaxMergedTrail + MaxDepth + MaxSplits
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

// Join is what a node keeps of parts that are merged, in order of range: of each its extent and its head. Its KeptHash is the
// head before the merge.
func Join(parents ...*Part) []byte {
	b := append(make([]byte, 0, len(tagJoin)+len(parents)*parentSize), tagJoin...)
	for _, p := range parents {
		b = append(append(b, RangeExtent(p.Lo, p.Hi)...), p.Head...)
	}
	return b
}

const parentSize = rangeSize + id.Size

// RecourseHash adds an account to those that passed a part on with recourse; before is empty for the first.
func RecourseHash(before, from []byte) id.ID { return id.Hash("recourse", before, from) }

// Link is one step back in a trail: an entry, or a join.
type Link struct {
	// Hash names it: the head that leads here.
	Hash id.ID
	// Before are the heads before it: one, of zeros at the issue; of a join as many as were merged.
	Before []id.ID
	// Endorsement is nil for a join, which has an extent for each of its heads.
	Endorsement *Endorsement
	extents     [][]byte
}

// Through are the heads at which the trail of the units [lo..hi] goes on: of a join those that had any of them.
func (l *Link) Through(lo, hi int64) []id.ID {
	if l.Endorsement != nil {
		return l.Before
	}
	var out []id.ID
	for i, h := range l.Before {
		if from, to, ok := ReadRange(l.extents[i]); ok && from <= hi && lo <= to {
			out = append(out, h)
		}
	}
	return out
}

// ReadLink reads one step as gates hand it out: "part" ‖ head before ‖ hash of endorsement ‖ endorsement, or "join" ‖
// extents and heads. Its Hash is computed from the bytes: whoever asked for it compares.
func ReadLink(b []byte) (*Link, error) {
	switch {
	case len(b) >= len(tagJoin) && string(b[:len(tagJoin)]) == tagJoin:
		return readJoin(b)
	case len(b) >= len(tagEntry)+2*id.Size && string(b[:len(tagEntry)]) == tagEntry:
		return readEntry(b)
	}
	return nil, fmt.Errorf("a step of a trail begins with %q and two hashes, or %q; these %d bytes do not", tagEntry, tagJoin, len(b))
}

func readJoin(b []byte) (*Link, error) {
	parents := b[len(tagJoin):]
	if n := len(parents) / parentSize; len(parents)%parentSize != 0 || n < 2 || n > MaxMerge {
		return nil, fmt.Errorf("a join has 2 to %d parts; these are %d bytes", MaxMerge, len(parents))
	}
	l, next := &Link{Hash: kernelv1.KeptHash(b)}, int64(0)
	for ; len(parents) > 0; parents = parents[parentSize:] {
		lo, hi, ok := ReadRange(parents[:rangeSize])
		if !ok || next > 0 && lo != next {
			return nil, fmt.Errorf("a join has parts that follow each other; here [%d..%d] comes where %d is next", lo, hi, next)
		}
		next = hi + 1
		l.extents, l.Before = append(l.extents, parents[:rangeSize]), append(l.Before, id.ID(parents[rangeSize:parentSize]))
	}
	return l, nil
}

func readEntry(b []byte) (*Link, error) {
	const start, end = len(tagEntry), len(tagEntry) + 2*id.Size
	if EndorsementHash(b[end:]) != id.ID(b[start+id.Size:end]) {
		return nil, errors.New("an entry's endorsement does not have the hash that the entry has: it was altered, or is another")
	}
	l := &Link{Hash: kernelv1.KeptHash(b[:end]), Before: []id.ID{id.ID(b[start : start+id.Size])}, Endorsement: &Endorsement{}}
	return l, proto.Unmarshal(b[end:], l.Endorsement)
}
