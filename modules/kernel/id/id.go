// Package id names things: every object of the chain is named by 32 bytes that are a hash.
package id

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Size is the length of an ID in bytes.
const Size = 32

// ID names a member, an account, a package, a part, a proposal. The zero ID names nothing.
type ID [Size]byte

// Hash returns the ID that domain and parts determine. Domain separates uses: no two kinds of thing share
// one. Each part is preceded by its length (8 bytes, big-endian), so that no two lists of parts collide.
func Hash(domain string, parts ...[]byte) ID {
	h := sha256.New()
	var n [8]byte
	write := func(b []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	write([]byte(domain))
	for _, p := range parts {
		write(p)
	}
	var out ID
	h.Sum(out[:0])
	return out
}

// Of reads an ID from exactly 32 bytes; anything else is the zero ID, false.
func Of(b []byte) (ID, bool) {
	if len(b) != Size {
		return ID{}, false
	}
	return ID(b), true
}

// Must reads an ID from bytes that validation has already judged; it panics where they are not 32.
func Must(b []byte) ID {
	i, ok := Of(b)
	if !ok {
		panic(fmt.Sprintf("id: %d bytes where %d are needed", len(b), Size))
	}
	return i
}

// Parse reads the 64 hex digits that String writes.
func Parse(s string) (ID, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != Size {
		return ID{}, fmt.Errorf("%q is not an id: 64 hex digits are needed", s)
	}
	return ID(b), nil
}

// Bytes returns a copy of the ID's bytes, for a message's field.
func (i ID) Bytes() []byte { return append([]byte(nil), i[:]...) }

// IsZero tells whether the ID names nothing.
func (i ID) IsZero() bool { return i == ID{} }

// String is the ID as 64 hex digits.
func (i ID) String() string { return hex.EncodeToString(i[:]) }

// Short is the first 8 hex digits, for a person's eye only.
func (i ID) Short() string { return hex.EncodeToString(i[:4]) }

// Append adds the ID's bytes to a collection's key.
func (i ID) Append(dst []byte) []byte { return append(dst, i[:]...) }

// MarshalText writes the ID as hex.
func (i ID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (i *ID) UnmarshalText(b []byte) error {
	v, err := Parse(string(b))
	if err == nil {
		*i = v
	}
	return err
}
