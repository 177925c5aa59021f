package main

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// bender changes bytes that mean something: blindly, or knowing that they are a protobuf message.
type bender struct {
	rnd *rand.Rand
	// stock are other messages of the same kind, from which pieces are taken.
	stock [][]byte
}

// Bounds of bending.
const (
	flipsMost  = 8
	junkMost   = 64
	depthMost  = 6
	fieldsMost = 4_096
)

// bends are the ways of bending any message.
var bends = []struct {
	name string
	bend func(*bender, []byte) []byte
}{
	{"bits flipped", (*bender).flip},
	{"bytes set", (*bender).set},
	{"bytes inserted", (*bender).insert},
	{"bytes cut out", (*bender).cutOut},
	{"cut short", (*bender).truncate},
	{"two spliced", (*bender).splice},
	{"a field changed", (*bender).field},
	{"a field of another", (*bender).transplant},
}

// bent is the message bent in some way; the way's name. It may come out unchanged.
func (b *bender) bent(message []byte) ([]byte, string) {
	one := bends[b.rnd.IntN(len(bends))]
	return one.bend(b, slices.Clone(message)), one.name
}

// at draws a place in a message; 0 for an empty one.
func (b *bender) at(m []byte) int { return b.rnd.IntN(max(1, len(m))) }

func (b *bender) junk() []byte {
	out := make([]byte, 1+b.rnd.IntN(junkMost))
	for i := range out {
		out[i] = byte(b.rnd.Uint32())
	}
	return out
}

func (b *bender) flip(m []byte) []byte {
	for range 1 + b.rnd.IntN(flipsMost) {
		if len(m) > 0 {
			m[b.at(m)] ^= 1 << b.rnd.IntN(8)
		}
	}
	return m
}

func (b *bender) set(m []byte) []byte {
	values := []byte{0, 1, 0x7f, 0x80, 0xff, byte(b.rnd.Uint32())}
	start := b.at(m)
	for i := start; i < min(len(m), start+1+b.rnd.IntN(4)); i++ {
		m[i] = values[b.rnd.IntN(len(values))]
	}
	return m
}

func (b *bender) insert(m []byte) []byte { return slices.Insert(m, b.at(m), b.junk()...) }

func (b *bender) cutOut(m []byte) []byte {
	from := b.at(m)
	return slices.Delete(m, from, min(len(m), from+1+b.rnd.IntN(junkMost)))
}

func (b *bender) truncate(m []byte) []byte { return m[:b.at(m)] }

func (b *bender) splice(m []byte) []byte {
	other := b.stock[b.rnd.IntN(len(b.stock))]
	return append(m[:b.at(m)], other[b.at(other):]...)
}

// part is one field of a message: its number and kind, and what stands behind them.
type part struct {
	number protowire.Number
	kind   protowire.Type
	value  []byte // without tag and length
}

// parts takes a message apart; false where it is none.
func parts(m []byte) (out []part, ok bool) {
	for len(m) > 0 {
		number, kind, n := protowire.ConsumeTag(m)
		if n < 0 || len(out) == fieldsMost {
			return nil, false
		}
		m = m[n:]
		size := protowire.ConsumeFieldValue(number, kind, m)
		if size < 0 {
			return nil, false
		}
		value := m[:size]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(m)
		}
		out = append(out, part{number, kind, slices.Clone(value)})
		m = m[size:]
	}
	return out, true
}

// join puts fields together again.
func join(all []part) (out []byte) {
	for _, p := range all {
		out = protowire.AppendTag(out, p.number, p.kind)
		if p.kind == protowire.BytesType {
			out = protowire.AppendBytes(out, p.value)
		} else {
			out = append(out, p.value...)
		}
	}
	return out
}

// field changes one field, perhaps one deep inside.
func (b *bender) field(m []byte) []byte { return b.fieldAt(m, depthMost) }

func (b *bender) fieldAt(m []byte, depth int) []byte {
	all, ok := parts(m)
	if !ok || len(all) == 0 {
		return b.flip(m)
	}
	i := b.rnd.IntN(len(all))
	inner, nested := parts(all[i].value)
	if all[i].kind == protowire.BytesType && nested && len(inner) > 0 && depth > 0 && b.rnd.IntN(4) > 0 {
		all[i].value = b.fieldAt(all[i].value, depth-1)
		return join(all)
	}
	return b.change(all, i)
}

// change does something to field i.
func (b *bender) change(all []part, i int) []byte {
	j := b.rnd.IntN(len(all))
	switch b.rnd.IntN(9) {
	case 0: // twice
		return join(slices.Insert(all, j, all[i]))
	case 1: // left out
		return join(slices.Delete(all, i, i+1))
	case 2: // in another place
		all[i], all[j] = all[j], all[i]
	case 3: // under another number
		all[i].number = protowire.Number(1 + b.rnd.IntN(20))
	case 4: // of another kind
		all[i].kind, all[i].value = protowire.VarintType, protowire.AppendVarint(nil, b.rnd.Uint64())
	case 5: // of a length that is not there
		return slices.Concat(join(all[:i]), protowire.AppendTag(nil, all[i].number, protowire.BytesType), b.length(), all[i].value, join(all[i+1:]))
	case 6: // with an extreme value
		all[i].value = b.extreme(all[i])
	case 7: // written with a byte too many
		return slices.Concat(join(all[:i]), b.wide(all[i]), join(all[i+1:]))
	default:
		all[i].value = b.flip(all[i].value)
	}
	return join(all)
}

// length is a length that no field has.
func (b *bender) length() []byte {
	lengths := []uint64{1 << 31, 1<<31 - 1, 1 << 32, 1<<63 - 1, 1<<64 - 1, 1 << 20, b.rnd.Uint64()}
	return protowire.AppendVarint(nil, lengths[b.rnd.IntN(len(lengths))])
}

func (b *bender) extreme(p part) []byte {
	if p.kind == protowire.VarintType {
		values := []uint64{0, 1, 1<<31 - 1, 1 << 31, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1}
		return protowire.AppendVarint(nil, values[b.rnd.IntN(len(values))])
	}
	switch b.rnd.IntN(4) {
	case 0:
		return nil
	case 1:
		return make([]byte, len(p.value))
	case 2:
		return bytes.Repeat([]byte{0xff}, len(p.value))
	}
	return append(p.value, 0)
}

// wide writes a field's length, or its number where it is one, with a byte more than it needs: the same to a lax reader.
func (b *bender) wide(p part) []byte {
	out := protowire.AppendTag(nil, p.number, p.kind)
	switch p.kind {
	case protowire.BytesType:
		return append(append(out, overlongVarint(uint64(len(p.value)))...), p.value...)
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(p.value)
		return append(out, overlongVarint(v)...)
	}
	return append(out, p.value...)
}

func overlongVarint(v uint64) []byte {
	out := binary.AppendUvarint(nil, v)
	if len(out) >= binary.MaxVarintLen64 {
		return out
	}
	out[len(out)-1] |= 0x80
	return append(out, 0)
}

// transplant puts a field of another message in the place of one's own.
func (b *bender) transplant(m []byte) []byte {
	all, ok := parts(m)
	others, ok2 := parts(b.stock[b.rnd.IntN(len(b.stock))])
	if !ok || !ok2 || len(all) == 0 || len(others) == 0 {
		return b.splice(m)
	}
	from := others[b.rnd.IntN(len(others))]
	for i := range all {
		if all[i].number == from.number {
			all[i] = from
			return join(all)
		}
	}
	return join(append(all, from))
}
