package store

import "encoding/binary"

// The key layout of the one database. IAVL owns the lower-case prefixes ('s' nodes; 'f', 'm', 'n', 'o', 'r' it only looks
// for); the store owns the upper-case ones. Each prefix is declared here and nowhere else.
const (
	prefixNode    = 's' // 's' version(8 BE) nonce(4 BE): a tree node, as IAVL writes it; nonce 1 is the version's root
	prefixValue   = 'F' // 'F' key: the current value
	prefixOrphans = 'O' // 'O' version(8 BE): the nodes of version-1 that version no longer reaches
	prefixUndo    = 'U' // 'U' version(8 BE): the values that version replaced, and its block time
	prefixSide    = 'I' // 'I' key: a side record (index)
	prefixBase    = 'B' // 'B': the height(8 BE) of the snapshot that the store began from, once it is complete
	prefixImport  = 'M' // 'M': a snapshot is being taken in; at the next opening everything goes
)

const (
	versionLen = 8
	nonceLen   = 4
	rootNonce  = 1
)

// nodeID names a tree node: version(8 BE) nonce(4 BE), as in the node's database key.
type nodeID [versionLen + nonceLen]byte

func makeNodeID(version int64, nonce uint32) (id nodeID) {
	binary.BigEndian.PutUint64(id[:], uint64(version))
	binary.BigEndian.PutUint32(id[versionLen:], nonce)
	return id
}

func (id nodeID) version() int64 { return int64(binary.BigEndian.Uint64(id[:])) }
func (id nodeID) nonce() uint32  { return binary.BigEndian.Uint32(id[versionLen:]) }

func (id nodeID) appendKey(dst []byte) []byte {
	return append(append(dst, prefixNode), id[:]...)
}

func prefixed(prefix byte, key []byte) []byte {
	return append(append(make([]byte, 0, 1+len(key)), prefix), key...)
}

func versionKey(prefix byte, version int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefix}, uint64(version))
}
