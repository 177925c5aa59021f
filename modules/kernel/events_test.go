package kernel_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"
)

// A result's Data is the root over the events, and a verifier that has the body's bytes finds it again.
func TestDataIsTheRootOverTheEvents(t *testing.T) {
	w := newWorld(t)
	body := w.Body(alice, w.call(alice, "toy.Do", func(c *kernel.Ctx) error {
		c.Emit(number(1), alice.ID, bob.ID)
		c.Emit(&kernelv1.ItemDone{Kind: "x"})
		c.Emit(number(2))
		return nil
	}))
	r := w.Raw(w.Sign(body, alice))
	if r.Err != nil || len(r.Events) != 3 {
		t.Fatal(r.Err, r.Events)
	}
	root, err := kernelv1.EventRoot(kernelv1.EventSalts(encode(body)), r.Events)
	if err != nil || !bytes.Equal(root, r.Data) || len(root) != sha256.Size {
		t.Errorf("%x, %x, %v", root, r.Data, err)
	}
	e := r.Events[0]
	if e.Type != "splittally.kernel.v1.Count" || len(e.Parties) != 2 || !bytes.Equal(e.Parties[1], bob.ID[:]) {
		t.Error(e)
	}
	if m, err := e.Decode(); err != nil || !proto.Equal(m, number(1)) {
		t.Error(m, err)
	}
}

// One event can be shown without the others: its leaf and the hashes beside its way lead to the root.
func TestOneEventIsProven(t *testing.T) {
	salts := id.Hash("salts")
	events := []*kernelv1.Event{{Type: "a"}, {Type: "b"}, {Type: "c"}}
	root, err := kernelv1.EventRoot(salts, events)
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(i int, e *kernelv1.Event) []byte { l, _ := kernelv1.EventLeaf(salts, i, e); return l.Bytes() }
	if got := kernelv1.Inner(kernelv1.Inner(leaf(0, events[0]), leaf(1, events[1])), leaf(2, events[2])); !bytes.Equal(got, root) {
		t.Errorf("%x, %x", got, root)
	}
	if bytes.Equal(leaf(0, events[0]), leaf(1, events[0])) {
		t.Error("a leaf is the same at another place")
	}
}

// Any change of any event, of their order or their number changes the root.
func TestAChangedEventChangesTheRoot(t *testing.T) {
	event := rapid.Custom(func(rt *rapid.T) *kernelv1.Event {
		return &kernelv1.Event{
			Type: rapid.StringMatching("[a-c]").Draw(rt, "type"), Data: rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(rt, "data"),
			Visibility: kernelv1.Visibility(rapid.IntRange(0, 2).Draw(rt, "visibility")),
			Parties:    rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 2), 0, 2).Draw(rt, "parties"),
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		a := rapid.SliceOfN(event, 1, 9).Draw(rt, "events")
		b := rapid.SliceOfN(event, 1, 9).Draw(rt, "others")
		if rapid.Bool().Draw(rt, "near") { // differs in one place at most
			b = append([]*kernelv1.Event(nil), a...)
			b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] = event.Draw(rt, "new")
		}
		salts := id.Hash("salts")
		ra, errA := kernelv1.EventRoot(salts, a)
		rb, errB := kernelv1.EventRoot(salts, b)
		if errA != nil || errB != nil || bytes.Equal(ra, rb) != sameEvents(a, b) {
			rt.Fatalf("%x and %x for %v and %v", ra, rb, a, b)
		}
		if rc, _ := kernelv1.EventRoot(id.Hash("other salts"), a); bytes.Equal(ra, rc) {
			rt.Fatal("salts play no part")
		}
	})
}

func sameEvents(a, b []*kernelv1.Event) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !proto.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// The root by RFC 6962, whose inner nodes are written out here by hand.
func TestMerkleGolden(t *testing.T) {
	var leaves [][]byte
	for i := range 7 {
		h := sha256.Sum256([]byte{0, byte(i)})
		leaves = append(leaves, h[:])
	}
	in := func(l, r []byte) []byte {
		h := sha256.Sum256(append(append([]byte{1}, l...), r...))
		return h[:]
	}
	l := leaves
	for n, want := range map[int][]byte{
		1: l[0],
		2: in(l[0], l[1]),
		3: in(in(l[0], l[1]), l[2]),
		5: in(in(in(l[0], l[1]), in(l[2], l[3])), l[4]),
		7: in(in(in(l[0], l[1]), in(l[2], l[3])), in(in(l[4], l[5]), l[6])),
	} {
		if got := kernelv1.MerkleRoot(leaves[:n]); !bytes.Equal(got, want) {
			t.Errorf("%d leaves: %x, want %x", n, got, want)
		}
	}
	// RFC 6962's own test vector for the tree of the leaves "", 00, 10.
	hash := func(s string) []byte {
		b, _ := hex.DecodeString(s)
		h := sha256.Sum256(append([]byte{0}, b...))
		return h[:]
	}
	const rfc = "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
	if got := hex.EncodeToString(kernelv1.MerkleRoot([][]byte{hash(""), hash("00"), hash("10")})); got != rfc {
		t.Error(got)
	}
}

// Leaves are of the wire: bytes that other languages find too.
func TestEventLeafGolden(t *testing.T) {
	salts := kernelv1.EventSalts([]byte("body"))
	leaf, err := kernelv1.EventLeaf(salts, 1, &kernelv1.Event{Type: "t", Data: []byte{1}, Visibility: kernelv1.Visibility_VISIBILITY_PARTY})
	if err != nil {
		t.Fatal(err)
	}
	salt := id.Hash("salt", salts[:], []byte{0, 0, 0, 0, 0, 0, 0, 1})
	if want := id.Hash("event", salt[:], []byte{0x0a, 1, 't', 0x12, 1, 1, 0x20, 1}); leaf != want {
		t.Errorf("%s, want %s", leaf, want)
	}
	if none, err := kernelv1.EventRoot(salts, nil); err != nil || none != nil {
		t.Error("a root over nothing")
	}
}

// Text that is no UTF-8 has no encoding: a module that makes it is broken, in an event as in a record.
func TestWhatHasNoEncodingIsFatal(t *testing.T) {
	w := newWorld(t)
	c, _ := w.open()
	fatally(t, "event", func() { c.Emit(&kernelv1.ItemDone{Kind: "\xff"}) })
	bad := kernel.NewMap[kernel.None]("toy.bad", kernel.Prefix{90, 9}, func(*kernelv1.ItemDone) kernel.Audience { return kernel.Public })
	fatally(t, "record", func() { bad.Insert(c, kernel.None{}, &kernelv1.ItemDone{Kind: "\xff"}) })
	if _, err := kernelv1.EventRoot(id.ID{}, []*kernelv1.Event{{Type: "\xff"}}); err == nil {
		t.Error("a root over an event without encoding")
	}
}

func TestDecodeOfAnUnknownType(t *testing.T) {
	if _, err := (&kernelv1.Event{Type: "splittally.nowhere.v1.Thing"}).Decode(); err == nil {
		t.Error("an event of no type was decoded")
	}
	if _, err := (&kernelv1.Event{Type: "splittally.kernel.v1.Count", Data: []byte{0xff}}).Decode(); err == nil {
		t.Error("bytes of no message were decoded")
	}
}

// An event is as visible as its least visible field, and so are the messages in it.
func TestVisibility(t *testing.T) {
	const public, party, regulator = kernelv1.Visibility_VISIBILITY_UNSPECIFIED, kernelv1.Visibility_VISIBILITY_PARTY, kernelv1.Visibility_VISIBILITY_REGULATOR
	w := newWorld(t)
	for i, tc := range []struct {
		fields, inner []kernelv1.Visibility
		want          kernelv1.Visibility
	}{
		{nil, nil, public},
		{[]kernelv1.Visibility{public, public}, nil, public},
		{[]kernelv1.Visibility{public, party, public}, nil, party},
		{[]kernelv1.Visibility{regulator, party, public}, nil, regulator},
		{[]kernelv1.Visibility{party, public, regulator}, nil, regulator},
		{[]kernelv1.Visibility{public}, []kernelv1.Visibility{public, party}, party},
		{[]kernelv1.Visibility{regulator}, []kernelv1.Visibility{party}, regulator},
	} {
		m := messageWith(t, fmt.Sprintf("Seen%d", i), tc.fields, tc.inner)
		for range 2 { // the second time from what is remembered
			r := w.must(alice, func(c *kernel.Ctx) error {
				c.Emit(m, alice.ID)
				return nil
			})
			if got := r.Events[0].Visibility; got != tc.want {
				t.Errorf("%+v: %s, want %s", tc, got, tc.want)
			}
		}
	}
}

// messageWith is an empty message of a type whose fields, and those of a message in it, are as visible as said.
func messageWith(t *testing.T, name string, fields, inner []kernelv1.Visibility) proto.Message {
	t.Helper()
	in, out := descriptorWith("Inner", inner), descriptorWith(name, fields)
	out.NestedType = []*descriptorpb.DescriptorProto{in}
	out.Field = append(out.Field, &descriptorpb.FieldDescriptorProto{
		Name: proto.String("inner"), Number: proto.Int32(100), Type: descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(),
		Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), TypeName: proto.String(".splittally.toy.v1." + name + ".Inner"),
	})
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("seen.proto"), Package: proto.String("splittally.toy.v1"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{out},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return dynamicpb.NewMessage(file.Messages().Get(0))
}

func descriptorWith(name string, fields []kernelv1.Visibility) *descriptorpb.DescriptorProto {
	d := &descriptorpb.DescriptorProto{Name: proto.String(name)}
	for i, v := range fields {
		f := &descriptorpb.FieldDescriptorProto{
			Name: proto.String(string(rune('a' + i))), Number: proto.Int32(int32(i) + 1), Options: &descriptorpb.FieldOptions{},
			Type: descriptorpb.FieldDescriptorProto_TYPE_INT64.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		}
		proto.SetExtension(f.Options, kernelv1.E_Visibility, v)
		d.Field = append(d.Field, f)
	}
	return d
}
