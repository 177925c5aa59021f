package kernel_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/encoding/protowire"
)

// piece is one field of an encoded message, tag and all.
type piece struct {
	number protowire.Number
	raw    []byte
}

func pieces(b []byte) (out []piece) {
	for len(b) > 0 {
		number, _, n := protowire.ConsumeField(b)
		if n < 0 {
			panic("no message")
		}
		out, b = append(out, piece{number, b[:n]}), b[n:]
	}
	return out
}

func join(ps []piece) (out []byte) {
	for _, p := range ps {
		out = append(out, p.raw...)
	}
	return out
}

// mutations are ways to say the same in other bytes, or to say nothing that can be read. Each gets an encoded message
// of at least two fields whose first is bytes.
var mutations = []struct {
	name   string
	want   *errs.Code
	mutate func(b []byte) []byte
}{
	{"unknown field behind", kernel.ErrNotCanonical, func(b []byte) []byte { return protowire.AppendVarint(append(b, 0xf8, 0x07), 1) }},
	{"unknown field before", kernel.ErrNotCanonical, func(b []byte) []byte { return append([]byte{0xf8, 0x07, 0x01}, b...) }},
	{"unknown group", kernel.ErrNotCanonical, func(b []byte) []byte { return append(b, 0xfb, 0x07, 0xfc, 0x07) }},
	{"fields out of order", kernel.ErrNotCanonical, func(b []byte) []byte { ps := pieces(b); return append(ps[len(ps)-1].raw, join(ps[:len(ps)-1])...) }},
	{"first field twice", kernel.ErrNotCanonical, func(b []byte) []byte { return append(pieces(b)[0].raw, b...) }},
	{"first field twice, empty first", kernel.ErrNotCanonical, func(b []byte) []byte {
		return append(protowire.AppendVarint(protowire.AppendTag(nil, pieces(b)[0].number, protowire.BytesType), 0), b...)
	}},
	{"tag longer than needed", kernel.ErrNotCanonical, func(b []byte) []byte { return append([]byte{b[0] | 0x80, 0}, b[1:]...) }},
	{"length longer than needed", kernel.ErrNotCanonical, lengthen},
	{"end of a group", kernel.ErrMalformed, func(b []byte) []byte { return append(b, 0xfc, 0x07) }},
	{"half a field behind", kernel.ErrMalformed, func(b []byte) []byte { return append(b, 0x0a, 0x05, 1) }},
	{"cut by one byte", kernel.ErrMalformed, func(b []byte) []byte { return b[:len(b)-1] }},
	{"tag 0", kernel.ErrMalformed, func(b []byte) []byte { return append(b, 0, 0) }},
	{"a varint without end", kernel.ErrMalformed, func(b []byte) []byte { return append(b, bytes.Repeat([]byte{0xff}, 11)...) }},
}

// lengthen writes the length of the first field in one byte more.
func lengthen(b []byte) []byte {
	_, n := protowire.ConsumeVarint(b[1:])
	out := append([]byte{b[0]}, b[1:1+n]...)
	out[n] |= 0x80
	return append(append(out, 0), b[1+n:]...)
}

// Every level of a transaction has one encoding: the envelope, the body, and each call's message.
func TestOneEncoding(t *testing.T) {
	w := newWorld(t)
	message := &do{}
	message.Hash, message.Round, message.Kind = []byte{1, 2}, 1, "k"
	good := w.Body(alice, callOf(alice, "toy.Do", message))
	seal := func(body []byte) []byte { return seal(t, w, body) }
	levels := map[string]func(func([]byte) []byte) []byte{
		"envelope": func(f func([]byte) []byte) []byte { return f(seal(encode(good))) },
		"body":     func(f func([]byte) []byte) []byte { return seal(f(encode(good))) },
		"message": func(f func([]byte) []byte) []byte {
			b := w.Body(alice, callOf(alice, "toy.Do", message))
			b.Calls[0].Message = f(encode(mess(message)))
			return seal(encode(b))
		},
	}
	for level, build := range levels {
		if _, err := w.M.Parse(build(func(b []byte) []byte { return b })); err != nil {
			t.Errorf("%s, as it should be: %v", level, err)
		}
		for _, m := range mutations {
			if _, err := w.M.Parse(build(func(b []byte) []byte { return m.mutate(bytes.Clone(b)) })); !errors.Is(err, m.want) {
				t.Errorf("%s, %s: want %s, got %v", level, m.name, m.want.Name, err)
			}
		}
	}
}

// mess is the message with its first field of bytes, so that every mutation meets what it needs.
func mess(m *do) *kernelv1.QueueItem {
	return &kernelv1.QueueItem{Hash: m.Hash, Kind: m.Kind}
}

// seal puts a body's bytes, whatever they are, into an envelope that alice signs.
func seal(t *testing.T, w *world, body []byte) []byte {
	t.Helper()
	s := alice.Signers[0]
	sig, err := s.Sign(txv1.Digest(w.M.Chain(), body))
	if err != nil {
		t.Fatal(err)
	}
	pub := s.Public()
	return encode(&txv1.Transaction{Body: body, Signatures: []*txv1.Signature{{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Signature: sig}}})
}

// Fields of the body that only a hand makes: defaults written out, numbers longer than needed, no UTF-8.
func TestOneEncodingOfFields(t *testing.T) {
	w := newWorld(t)
	body := w.Body(alice, w.call(alice, "toy.Do", nil))
	body.Lane = nil
	ps := pieces(encode(body))
	with := func(number protowire.Number, raw []byte) []byte { // in the place that its number has
		var out []piece
		for _, p := range ps {
			if raw != nil && p.number >= number {
				out = append(out, piece{number, raw})
				if raw = nil; p.number == number {
					continue
				}
			}
			out = append(out, p)
		}
		return join(out)
	}
	bytesField := func(n protowire.Number, v string) []byte {
		return protowire.AppendString(protowire.AppendTag(nil, n, protowire.BytesType), v)
	}
	for name, tc := range map[string]struct {
		body []byte
		want *errs.Code
	}{
		"an empty field written out":   {with(5, bytesField(5, "")), kernel.ErrNotCanonical},
		"a zero written out":           {with(4, []byte{4 << 3, 0}), kernel.ErrNotCanonical},
		"a number longer than needed":  {with(4, []byte{4 << 3, 0x81, 0x80, 0}), kernel.ErrNotCanonical},
		"a number of more than 64 bit": {with(4, append([]byte{4 << 3}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)), kernel.ErrMalformed},
		"text that is no UTF-8":        {with(1, bytesField(1, "\xff\xfe")), kernel.ErrMalformed},
		"another type of field":        {with(1, []byte{1 << 3, 1}), kernel.ErrNotCanonical},
	} {
		if _, err := w.M.Parse(seal(t, w, tc.body)); !errors.Is(err, tc.want) {
			t.Errorf("%s: want %s, got %v", name, tc.want.Name, err)
		}
	}
}

// FuzzParse: no bytes make Parse panic, and what it accepts is the one encoding of what it says: parsed, encoded and
// parsed again it is the same transaction.
func FuzzParse(f *testing.F) {
	w := newWorld(f)
	w.toy.scripts["x"] = nil
	several := w.Body(board, w.call(board, "toy.Do", nil), w.call(alice, "toy.Heavy", nil))
	several.Lane = bob.ID.Bytes()
	for _, raw := range [][]byte{
		w.Sign(w.Body(alice, w.call(alice, "toy.Do", nil)), alice), w.Sign(several, board, alice, bob),
		cheap(w.Body(alice), alice), cheap(&txv1.Body{}),
		{},
		{0x0a},
		bytes.Repeat([]byte{0xff}, 40),
		encode(&txv1.Transaction{Signatures: []*txv1.Signature{{Kind: 300}}, Attachments: []*txv1.Attachment{{}}}),
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := w.M.Parse(raw)
		if err != nil {
			if kernel.CodeNumber(err) == 0 {
				t.Fatal("a refusal without a number")
			}
			return
		}
		again := &txv1.Transaction{Body: encode(tx.Body)}
		for _, s := range tx.Sigs {
			again.Signatures = append(again.Signatures, &txv1.Signature{Kind: uint32(s.Public.Kind), PublicKey: s.Public.Bytes, Signature: s.Signature})
		}
		if !bytes.Equal(encode(again), raw) {
			t.Fatal("accepted bytes are not what they say")
		}
		second, err := w.M.Parse(encode(again))
		if err != nil || second.Hash != tx.Hash || second.Weight != tx.Weight || second.Size != len(raw) || second.ReplayKey() != tx.ReplayKey() {
			t.Fatalf("parsed again: %v, %+v", err, second)
		}
		if err := w.M.Judge(w.View(), tx, w.IDs, key.Verify); err != nil && kernel.CodeNumber(err) == 0 {
			t.Fatal("a refusal without a number")
		}
	})
}
