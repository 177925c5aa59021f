package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/splittally/splittally/app/store"
)

// SnapshotFormat numbers how snapshots are written; a node takes its own alone.
const SnapshotFormat = 1

// Bounds of a snapshot. A chunk fits into a message of the engine, and so does the list of all chunks.
const (
	snapshotChunkBytes = 4 << 20
	snapshotChunksMax  = 100_000
	rootNodeBytesMax   = 4 << 10
	chainBytesMax      = 255
	itemHeadBytesMax   = 32
	itemBytesMax       = store.ValueBytesMax + store.KeyBytesMax + itemHeadBytesMax
)

// snapshotMagic is how a manifest begins.
const snapshotMagic = "STSN"

// Manifest describes a snapshot. Nodes that have the same blocks make the same one, byte for byte.
type Manifest struct {
	Format uint32
	Chain  string
	Height int64
	Root   []byte // the state's root after Height: in the header of the next block
	// RootNode is what Root is the SHA-256 of.
	RootNode []byte
	Bytes    int64 // of all chunks
	Chunks   [][sha256.Size]byte
}

// Encode writes the manifest.
func (m Manifest) Encode() []byte {
	b := binary.BigEndian.AppendUint32([]byte(snapshotMagic), m.Format)
	b = append(append(b, byte(len(m.Chain))), m.Chain...)
	b = binary.BigEndian.AppendUint64(b, uint64(m.Height))
	b = append(b, m.Root...)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(m.RootNode))), m.RootNode...)
	b = binary.BigEndian.AppendUint64(b, uint64(m.Bytes))
	b = binary.BigEndian.AppendUint32(b, uint32(len(m.Chunks)))
	for _, c := range m.Chunks {
		b = append(b, c[:]...)
	}
	return b
}

// Hash names the snapshot.
func (m Manifest) Hash() []byte {
	h := sha256.Sum256(m.Encode())
	return h[:]
}

var errManifest = errors.New("this is no snapshot's manifest")

// ParseManifest reads what Encode wrote, and nothing else. A format that this program does not know is an error of its own
// kind: see ErrSnapshotFormat.
func ParseManifest(b []byte) (Manifest, error) {
	r := reader{rest: b}
	if string(r.take(len(snapshotMagic))) != snapshotMagic {
		return Manifest{}, errManifest
	}
	m := Manifest{Format: uint32(r.number(4))}
	if r.failed || m.Format != SnapshotFormat {
		return Manifest{}, fmt.Errorf("%w: %d", ErrSnapshotFormat, m.Format)
	}
	m.Chain = string(r.take(int(r.number(1))))
	m.Height = int64(r.number(8))
	m.Root = r.take(sha256.Size)
	m.RootNode = r.take(int(r.number(2)))
	m.Bytes = int64(r.number(8))
	count := r.number(4)
	if r.failed || count < 1 || count > snapshotChunksMax || uint64(len(r.rest)) != count*sha256.Size {
		return Manifest{}, errManifest
	}
	for range count {
		m.Chunks = append(m.Chunks, [sha256.Size]byte(r.take(sha256.Size)))
	}
	if m.Height < 1 || len(m.RootNode) > rootNodeBytesMax || m.Bytes < 1 || (m.Bytes-1)/snapshotChunkBytes != int64(count)-1 {
		return Manifest{}, errManifest
	}
	return m, nil
}

// reader reads what must be whole; after a failure everything is empty.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.rest, r.failed = nil, true
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) number(size int) (v uint64) {
	for _, b := range r.take(size) {
		v = v<<8 | uint64(b)
	}
	return v
}

// The items of a snapshot, one after the other; chunks cut them anywhere. First the tree, children before parents and left
// before right, then the preimages in the order of their hashes, then the end.
const (
	itemLeaf  = 1 // uvarint version, uvarint length, key, uvarint length, value
	itemInner = 2 // uvarint version, height (1 byte)
	itemKept  = 3 // uvarint length, preimage
	itemEnd   = 4 // uvarint number of preimages
)

func appendNode(b []byte, n store.Node) []byte {
	if n.Height > 0 {
		return append(binary.AppendUvarint(append(b, itemInner), uint64(n.Version)), byte(n.Height))
	}
	b = binary.AppendUvarint(append(b, itemLeaf), uint64(n.Version))
	return appendSized(appendSized(b, n.Key), n.Value)
}

func appendKept(b, preimage []byte) []byte { return appendSized(append(b, itemKept), preimage) }

func appendEnd(b []byte, kept uint64) []byte { return binary.AppendUvarint(append(b, itemEnd), kept) }

func appendSized(b, part []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}

// item is one that was read; its slices point into what was fed.
type item struct {
	kind  byte
	node  store.Node
	kept  []byte
	count uint64
}

// items reads items from chunks. It holds at most one unfinished item and one chunk.
type items struct{ rest []byte }

func (i *items) feed(chunk []byte) { i.rest = append(bytes.Clone(i.rest), chunk...) }

// next gives the next whole item; false where more must be fed first.
func (i *items) next() (it item, ok bool, err error) {
	r := itemReader{rest: i.rest}
	it.kind = r.byte()
	switch it.kind {
	case itemLeaf:
		it.node.Version = int64(r.uvarint())
		it.node.Key, it.node.Value = r.sized(store.KeyBytesMax), r.sized(store.ValueBytesMax)
	case itemInner:
		it.node.Version, it.node.Height = int64(r.uvarint()), int8(r.byte())
		if it.node.Height < 1 && r.state == itemWhole {
			r.state = itemBad
		}
	case itemKept:
		it.kept = r.sized(store.ValueBytesMax)
	case itemEnd:
		it.count = r.uvarint()
	default:
		if r.state == itemWhole {
			r.state = itemBad
		}
	}
	switch {
	case r.state == itemBad, r.state == itemShort && len(i.rest) > itemBytesMax:
		return item{}, false, fmt.Errorf("%w: an item cannot be read", store.ErrSnapshot)
	case r.state == itemShort:
		return item{}, false, nil
	}
	i.rest = r.rest
	return it, true, nil
}

const (
	itemWhole = iota
	itemShort
	itemBad
)

// itemReader reads one item, and tells an unfinished one from a wrong one.
type itemReader struct {
	rest  []byte
	state int
}

func (r *itemReader) byte() byte {
	if r.state != itemWhole || len(r.rest) == 0 {
		r.state = max(r.state, itemShort)
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *itemReader) uvarint() uint64 {
	if r.state != itemWhole {
		return 0
	}
	v, n := binary.Uvarint(r.rest)
	switch {
	case n == 0:
		r.state = itemShort
	case n < 0 || n > 1 && r.rest[n-1] == 0:
		r.state = itemBad
	default:
		r.rest = r.rest[n:]
	}
	return v
}

// sized gives a slice that is not nil, also where it is empty.
func (r *itemReader) sized(most uint64) []byte {
	n := r.uvarint()
	switch {
	case r.state != itemWhole:
		return nil
	case n > most:
		r.state = itemBad
		return nil
	case uint64(len(r.rest)) < n:
		r.state = itemShort
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}
