package main

import (
	"bytes"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// sample is a message with every kind of nesting that a transaction has.
func sample(t testing.TB, n byte) []byte {
	t.Helper()
	b := &txv1.Body{ChainId: "test", Sender: id.Hash("sender", []byte{n}).Bytes(), Id: bytes.Repeat([]byte{n + 1}, txv1.IDSize), ExpiresUnixS: 1_700_000_000 + int64(n)}
	b.Calls = append(b.Calls, &txv1.Call{Method: "deposit.Transfer", Message: []byte{8, 1, 18, 1, n}}, &txv1.Call{Method: "voucher.Split"})
	raw, _, err := txv1.Sign(b, secret("one", int(n)), secret("two", int(n)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A message taken apart and put together is the same, byte for byte.
func TestPartsAndJoin(t *testing.T) {
	for n := range byte(5) {
		raw := sample(t, n)
		all, ok := parts(raw)
		if !ok || len(all) != 3 || !bytes.Equal(join(all), raw) {
			t.Errorf("%d parts, %v", len(all), ok)
		}
	}
	for _, bad := range [][]byte{{0xff}, {8}, {0x0a, 5, 1}, {0}} {
		if all, ok := parts(bad); ok {
			t.Errorf("%x: %v", bad, all)
		}
	}
	if all, ok := parts(nil); !ok || len(all) != 0 {
		t.Error("an empty message has no parts, and is one")
	}
}

// Every way of bending ends and bends whatever it is given, and never what it was given in place.
func TestBends(t *testing.T) {
	stock := [][]byte{sample(t, 1), sample(t, 2), {}, {0x0a}}
	rapid.Check(t, func(t *rapid.T) {
		b := &bender{childRand(rapid.Uint64().Draw(t, "seed"), 0), stock}
		m := rapid.OneOf(rapid.SampledFrom(stock), rapid.SliceOfN(rapid.Byte(), 0, 200)).Draw(t, "message")
		kept := bytes.Clone(m)
		out, how := b.bent(m)
		if how == "" || !bytes.Equal(m, kept) {
			t.Fatalf("%q changed the original", how)
		}
		if len(out) > 3*len(kept)+1_000 {
			t.Fatalf("%q made %d bytes of %d", how, len(out), len(kept))
		}
	})
}

// Each way really changes a message, most of the time.
func TestEachWayBends(t *testing.T) {
	base := sample(t, 3)
	for _, one := range bends {
		b, changed := &bender{childRand(1, 1), [][]byte{sample(t, 4)}}, 0
		for range 200 {
			if !bytes.Equal(one.bend(b, bytes.Clone(base)), base) {
				changed++
			}
		}
		if changed < 150 {
			t.Errorf("%s: changed %d of 200", one.name, changed)
		}
	}
}

// What is written with a byte too many says the same to a lax reader.
func TestOverlong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Uint64().Draw(t, "v")
		b := overlongVarint(v)
		got, n := protowire.ConsumeVarint(b)
		if n != len(b) || got != v {
			t.Fatalf("%d is read as %d", v, got)
		}
	})
	raw := sample(t, 6)
	wide := overlong(raw)
	a, b := &txv1.Transaction{}, &txv1.Transaction{}
	if proto.Unmarshal(raw, a) != nil || proto.Unmarshal(wide, b) != nil || !proto.Equal(a, b) || len(wide) != len(raw)+1 {
		t.Errorf("%d and %d bytes", len(raw), len(wide))
	}
	w := (&bender{childRand(1, 1), nil}).wide(part{number: 3, kind: protowire.VarintType, value: []byte{5}})
	if !bytes.Equal(w, []byte{0x18, 0x85, 0}) {
		t.Errorf("%x", w)
	}
}
