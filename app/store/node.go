package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

var errShortNode = errors.New("the bytes end early")

// rawNode is a node as IAVL stores it. Its slices point into what was read.
type rawNode struct {
	height, size int64 // height 0 is a leaf
	key          []byte
	body         []byte // of a leaf the SHA-256 of the value, of an inner node its hash
	left, right  nodeID
}

// parseNode reads IAVL's node format, version 1: height and size as varints, the key with its length, the value or the hash
// with its length; an inner node goes on with a mode (0: no child in the format before version 1), and for left and right child
// version and nonce as varints.
func parseNode(raw []byte) (rawNode, error) {
	r := byteReader{rest: raw}
	n := rawNode{height: r.varint(), size: r.varint(), key: r.sized(), body: r.sized()}
	if r.err != nil || n.height == 0 {
		return n, r.err
	}
	if mode := r.varint(); mode != 0 && r.err == nil {
		return n, fmt.Errorf("mode %d: a child in the format before IAVL 1", mode)
	}
	n.left, n.right = r.nodeID(), r.nodeID()
	return n, r.err
}

// hashInput is what IAVL hashes of a node that was made in a version: of a leaf its key and value, of an inner node the
// hashes of its children. The keys of inner nodes are in no hash.
func (n rawNode) hashInput(version int64, left, right []byte) []byte {
	b := binary.AppendVarint(binary.AppendVarint(binary.AppendVarint(nil, n.height), n.size), version)
	if n.height > 0 {
		return appendSized(appendSized(b, left), right)
	}
	value := sha256.Sum256(n.body)
	return appendSized(appendSized(b, n.key), value[:])
}

func (n rawNode) hash(version int64) []byte {
	if n.height > 0 {
		return n.body
	}
	h := sha256.Sum256(n.hashInput(version, nil, nil))
	return h[:]
}

// byteReader keeps the first error; after it every read gives zero.
type byteReader struct {
	rest []byte
	err  error
}

func (r *byteReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *byteReader) nodeID() nodeID { return makeNodeID(r.varint(), uint32(r.varint())) }

func (r *byteReader) fail() { r.rest, r.err = nil, errShortNode }

func (r *byteReader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// sized reads a length and as many bytes; they point into what is read.
func (r *byteReader) sized() []byte {
	size, n := binary.Uvarint(r.rest)
	if n <= 0 || uint64(len(r.rest)-n) < size {
		r.fail()
		return nil
	}
	b := r.rest[n : n+int(size) : n+int(size)]
	r.rest = r.rest[n+int(size):]
	return b
}
