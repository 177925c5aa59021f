package kernelv1_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// The goldens of this file were made by another program, from the descriptions alone.

func full(b byte) []byte { return bytes.Repeat([]byte{b}, id.Size) }

func entry() *kernelv1.Entry {
	return &kernelv1.Entry{
		Prev: full(1), Number: 7, Account: full(2), Height: 9, TimeUnixS: 1_767_571_200, Transaction: full(3), Events: full(4),
		Changes: []*kernelv1.Change{{Class: 301, Currency: "CNY", Count: 1, AmountMinor: -500}, {Class: 401, Currency: "CNY", Count: -1, AmountMinor: 12_345}},
	}
}

func link() *kernelv1.Link {
	return &kernelv1.Link{Prev: full(1), Number: 8, Id: []byte("0123456789abcdef"), BodyHash: full(2), Code: 407, Height: 9, Sender: full(3)}
}

func encoded(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := txv1.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The bytes of an entry and of a link, and the heads of the chains that they make.
func TestEntryAndLinkGolden(t *testing.T) {
	rep := func(s string) string { return strings.Repeat(s, id.Size) }
	for name, tc := range map[string]struct {
		got  []byte
		want string
	}{
		"entry": {encoded(t, entry()), "0a20" + rep("01") + "10071a20" + rep("02") + "20092880feebca063220" + rep("03") +
			"3a0d08ad021203434e59180220e7073a0e0891031203434e59180120f2c0014220" + rep("04")},
		"entry's hash": {kernelv1.EntryHash(encoded(t, entry())).Bytes(), "4530a47d87a216339ba936b99d4db2b3d987129fdc55c0c59fce4c9af43812a8"},
		"link":         {encoded(t, link()), "0a20" + rep("01") + "10081a10" + hex.EncodeToString([]byte("0123456789abcdef")) + "2220" + rep("02") + "2897033009" + "3a20" + rep("03")},
		"link's hash":  {kernelv1.LinkHash(encoded(t, link())).Bytes(), "b8b441f53fb8f1b2193144671dda25de46a99d34c6c7f3e0a5886d9c4f66c07e"},
	} {
		if got := hex.EncodeToString(tc.got); got != tc.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := kernelv1.TagSent + kernelv1.TagEntry + kernelv1.TagJoin; got != "sententrjoin" {
		t.Errorf("the tags are %s", got)
	}
}

// Kinds of kept bytes never share a hash: what hashes as an entry is no link, join or step of a trail.
func TestKeptHashesAreApart(t *testing.T) {
	body := encoded(t, link())
	seen := map[id.ID]string{}
	for _, tag := range []string{kernelv1.TagSent, kernelv1.TagEntry, kernelv1.TagJoin, "part", "endo", "", "kept", "sen", "sentx"} {
		h := kernelv1.KeptHash(append([]byte(tag), body...))
		if other, dup := seen[h]; dup {
			t.Errorf("%q and %q", tag, other)
		}
		seen[h] = tag
	}
	if kernelv1.LinkHash(body) != kernelv1.KeptHash(append([]byte("sent"), body...)) || kernelv1.EntryHash(body) != kernelv1.KeptHash(append([]byte("entr"), body...)) {
		t.Error("a node would not find what it keeps")
	}
}

// One bit of an entry that changes, changes its hash.
func TestEntryHashFindsTampering(t *testing.T) {
	b := encoded(t, entry())
	want := kernelv1.EntryHash(b)
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if kernelv1.EntryHash(b) == want {
				t.Fatalf("byte %d, bit %d", i, bit)
			}
			b[i] ^= 1 << bit
		}
	}
}

func events() []*kernelv1.Event {
	return []*kernelv1.Event{
		{Type: "splittally.kernel.v1.Count", Data: []byte{8, 7}},
		{Type: "splittally.kernel.v1.Count", Data: []byte{8, 8}, Parties: [][]byte{full(1), full(2)}, Visibility: kernelv1.Visibility_VISIBILITY_PARTY},
		{Type: "splittally.kernel.v1.ItemDone", Data: []byte{10, 1, 'k'}, Parties: [][]byte{full(1)}, Visibility: kernelv1.Visibility_VISIBILITY_REGULATOR},
	}
}

func TestEventsGolden(t *testing.T) {
	salts := kernelv1.EventSalts([]byte("body"))
	leaves := []string{
		"f1d6998093b18a0a8902eb62c6f05392cf4ab4dda714d69d866bc51fb51b365a",
		"5162bbbf14387f22ce71964200db2860e378ff6f5936ee16e5d2a7706ab2d47d",
		"678ce1784c5bd0f5395b44ca3c0328419ebd9a8c72fb3990a0b98bfe237f6281",
	}
	roots := []string{"", leaves[0], "b968caa6870e7f178452217e79e7f77e5f8d992b6e3907237d7be789322455d7", "f8dad71bda7e31442d105a09a189d68ef663626e50969f24cf0f522d7292b93f"}
	digests := []string{
		"a8ea2e11c581e7e7faf313474d3a151112df6e27e9a1ac3fc519a192ab00588e",
		"efa7d163ece43d5e989dc85fa80c4eb3f20ad33b9ba231e8c2c0c616068415e9",
		"d7c0c2597fdf75ad01140548e9d42fd37730904878427c82622c527fd399cfbd",
	}
	var all []id.ID
	for i, e := range events() {
		leaf, err := kernelv1.EventLeaf(salts, i, e)
		if err != nil || leaf.String() != leaves[i] {
			t.Errorf("leaf %d is %s, %v", i, leaf, err)
		}
		digest := kernelv1.EventDigest(e)
		if digest.String() != digests[i] {
			t.Errorf("digest %d is %s", i, digest)
		}
		all = append(all, digest)
	}
	for n, want := range roots {
		if root, err := kernelv1.EventRoot(salts, events()[:n]); err != nil || hex.EncodeToString(root) != want {
			t.Errorf("root of %d: %x, %v", n, root, err)
		}
	}
	if got := kernelv1.EventsHash(all); got.String() != "d917d377268aa92dd5afcff89fad1a6ed0f8ca820511cc9baa8efabee6750fda" {
		t.Error(got)
	}
	if got := kernelv1.EventsHash(nil); got.String() != "053b0b392dcd2e301d39e86e0c35f0833cd89f6ee4659d3b4d56a6d9c8c0e7a7" {
		t.Error(got)
	}
}

// What an event says, whom it names, who sees it and its place all count; another salt hides the same event.
func TestEventHashesDiffer(t *testing.T) {
	salts, base := kernelv1.EventSalts([]byte("body")), events()[1]
	leaf := func(salts id.ID, i int, e *kernelv1.Event) id.ID {
		l, err := kernelv1.EventLeaf(salts, i, e)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	seen := map[id.ID]string{leaf(salts, 0, base): "base", kernelv1.EventDigest(base): "base"}
	put := func(name string, h id.ID) {
		if other, dup := seen[h]; dup {
			t.Errorf("%s and %s share a hash", name, other)
		}
		seen[h] = name
	}
	put("place", leaf(salts, 1, base))
	put("salt", leaf(kernelv1.EventSalts([]byte("other")), 0, base))
	for name, change := range map[string]func(*kernelv1.Event){
		"type": func(e *kernelv1.Event) { e.Type += "s" }, "data": func(e *kernelv1.Event) { e.Data = []byte{8, 9} },
		"no data": func(e *kernelv1.Event) { e.Data = nil }, "a party less": func(e *kernelv1.Event) { e.Parties = e.Parties[:1] },
		"order of parties": func(e *kernelv1.Event) { e.Parties[0], e.Parties[1] = e.Parties[1], e.Parties[0] },
		"visibility":       func(e *kernelv1.Event) { e.Visibility = kernelv1.Visibility_VISIBILITY_REGULATOR },
	} {
		e := proto.CloneOf(base)
		change(e)
		put(name+" in a leaf", leaf(salts, 0, e))
		put(name+" in a digest", kernelv1.EventDigest(e))
	}
	a, b := kernelv1.EventDigest(events()[0]), kernelv1.EventDigest(events()[1])
	if kernelv1.EventsHash([]id.ID{a, b}) == kernelv1.EventsHash([]id.ID{b, a}) || kernelv1.EventsHash([]id.ID{a}) == kernelv1.EventsHash([]id.ID{a, a}) {
		t.Error("order or number of events does not count")
	}
}

// The roots of the eight leaves that implementations of RFC 6962 are tested with.
func TestMerkleRootGolden(t *testing.T) {
	var leaves [][]byte
	for _, data := range []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"} {
		b, err := hex.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}
		leaf := sha256.Sum256(append([]byte{0}, b...))
		leaves = append(leaves, leaf[:])
	}
	for n, want := range []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	} {
		before := bytes.Join(leaves, nil)
		if got := kernelv1.MerkleRoot(leaves[:n+1]); hex.EncodeToString(got) != want {
			t.Errorf("%d leaves: %x", n+1, got)
		}
		if !bytes.Equal(before, bytes.Join(leaves, nil)) {
			t.Fatal("the leaves were changed")
		}
	}
	var many [][]byte
	for i := range 33 {
		many = append(many, full(byte(i)))
	}
	if got := kernelv1.MerkleRoot(many); hex.EncodeToString(got) != "be444252c8573d047f4972da71b241b8bff113d3a7710b59398566b8a9c51292" {
		t.Errorf("33 leaves: %x", got)
	}
}

func TestStateKeysGolden(t *testing.T) {
	rep := strings.Repeat("aa", id.Size)
	for want, got := range map[string][]byte{
		"0001": kernelv1.NetworkKey(), "0002": kernelv1.ClockKey(), "0003": kernelv1.RangeKey(), "0005" + rep: kernelv1.TotalsKey(id.ID(full(0xaa))),
		"0008" + hex.EncodeToString([]byte("voucher.depth_max")): kernelv1.ParameterKey("voucher.depth_max"), "0009": kernelv1.ProtocolKey(),
		"0102ff00": kernelv1.StateKey(kernelv1.Prefix{1, 2}, []byte{0xff}, nil, []byte{0}),
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("%x, want %s", got, want)
		}
	}
	one, two := kernelv1.ClockKey(), kernelv1.ClockKey()
	one[0] = 0xff
	if two[0] != 0 || kernelv1.PrefixClock != (kernelv1.Prefix{0, 2}) {
		t.Error("a key shares its prefix's bytes")
	}
}

// Numbers never change their meaning; the list ends where the program's does.
func TestErrorNumbers(t *testing.T) {
	names := strings.Fields(`TooLarge Malformed NotCanonical WrongChain Attachments CallCount UnknownMethod InvalidMessage SignatureForm Expired
		ExpiryTooFar IDReused AlreadyIncluded TooManyOpen UnknownAccount SignatureMissing SignatureNeedless BadSignature Inactive NotPermitted
		MethodNotAllowed AmountOverflow QueueFull DueTime LaneFull TooHeavy NoSuchParameter ParameterBounds Upgrade`)
	for i, name := range names {
		if c := errs.ByNumber(uint32(i + 1)); c == nil || c.Name != name || c.Module != "kernel" || c.Rule == "" || c.Do == "" {
			t.Errorf("number %d is %v, not %s", i+1, c, name)
		}
	}
	if c := errs.ByNumber(uint32(len(names) + 1)); c != nil {
		t.Errorf("%d %s is new: add it above", c.Number, c.Name)
	}
}

// Records that no program wrote are refused, whatever their bytes; nothing is read past the record or written into it.
func TestUnframeHostile(t *testing.T) {
	mark := bytes.Repeat([]byte{9}, kernelv1.MarkSize)
	tag := func(n protowire.Number, typ protowire.Type) []byte { return protowire.AppendTag(nil, n, typ) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	deep := []byte{}
	for range 20_000 {
		deep = protowire.AppendBytes(tag(5, protowire.BytesType), deep)
		if len(deep) > 200_000 {
			break
		}
	}
	for name, tc := range map[string]struct {
		body []byte
		into proto.Message
	}{
		"a tag cut off":                {[]byte{0x80}, &kernelv1.Count{}},
		"a varint without an end":      {join([]byte{8}, bytes.Repeat([]byte{0x80}, 20)), &kernelv1.Count{}},
		"a varint of 11 bytes":         {join([]byte{8}, bytes.Repeat([]byte{0xff}, 10), []byte{1}), &kernelv1.Count{}},
		"field number 0":               {[]byte{0, 1}, &kernelv1.Count{}},
		"a wire type that is none":     {[]byte{0x0f}, &kernelv1.Count{}},
		"an end of a group alone":      {[]byte{0x0c}, &kernelv1.Count{}},
		"a group without an end":       {[]byte{0x13}, &kernelv1.Count{}},
		"20,000 groups":                {bytes.Repeat([]byte{0x13}, 20_000), &kernelv1.Count{}},
		"a length past the record":     {join(tag(1, protowire.BytesType), []byte{200, 1}, full(1)), &kernelv1.Entry{}},
		"a length of 2^63":             {join(tag(1, protowire.BytesType), protowire.AppendVarint(nil, 1<<63), full(1)), &kernelv1.Entry{}},
		"a length below zero":          {join(tag(1, protowire.BytesType), protowire.AppendVarint(nil, 1<<64-1)), &kernelv1.Entry{}},
		"a change that is cut off":     {join(tag(7, protowire.BytesType), []byte{2, 8, 0x80}), &kernelv1.Entry{}},
		"a currency that is no UTF-8":  {join(tag(7, protowire.BytesType), []byte{3, 0x12, 1, 0xff}), &kernelv1.Entry{}},
		"a kind that is no UTF-8":      {join(tag(5, protowire.BytesType), []byte{1, 0xff}), &kernelv1.QueueItem{}},
		"a line of totals that is cut": {join(tag(3, protowire.BytesType), []byte{1, 8}), &kernelv1.Totals{}},
		"lengths within lengths, cut":  {deep[:len(deep)-1], &kernelv1.Totals{}},
	} {
		raw := join(mark, tc.body)
		before := bytes.Clone(raw)
		if err := kernelv1.Unframe(raw, tc.into); err == nil {
			t.Errorf("%s was read: %v", name, tc.into)
		}
		if !bytes.Equal(raw, before) {
			t.Errorf("%s: the record was written into", name)
		}
	}
	for n := range kernelv1.MarkSize {
		if err := kernelv1.Unframe(make([]byte, n), &kernelv1.Count{}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("this has %d", n)) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// The mark is no part of what a record says, and reading forgets what the message held before.
func TestUnframeForgets(t *testing.T) {
	into := &kernelv1.Totals{SentCount: 5, Lines: []*kernelv1.Total{{Class: 1}}}
	want := &kernelv1.Totals{Entries: 3}
	for _, mark := range []byte{0, 8, 0xff} {
		if err := kernelv1.Unframe(append(bytes.Repeat([]byte{mark}, kernelv1.MarkSize), encoded(t, want)...), into); err != nil || !proto.Equal(into, want) {
			t.Errorf("%v, %v", into, err)
		}
	}
}

func FuzzUnframe(f *testing.F) {
	b, err := proto.Marshal(entry())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(make([]byte, kernelv1.MarkSize), b...))
	f.Add(make([]byte, kernelv1.MarkSize-1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before, m := bytes.Clone(raw), &kernelv1.Entry{}
		err := kernelv1.Unframe(raw, m)
		if !bytes.Equal(raw, before) || err == nil && len(raw) < kernelv1.MarkSize {
			t.Fatalf("%x: %v", raw, err)
		}
		if err != nil {
			return
		}
		again, err := proto.Marshal(m)
		if err != nil || len(again) > 11*len(raw) {
			t.Fatalf("%d bytes became %d: %v", len(raw), len(again), err)
		}
	})
}

// An event that this program knows is read; what it does not know, or cannot read, is told.
func TestDecodeEvent(t *testing.T) {
	m, err := events()[0].Decode()
	if c, ok := m.(*kernelv1.Count); err != nil || !ok || c.Count != 7 {
		t.Errorf("%v, %v", m, err)
	}
	for name, e := range map[string]*kernelv1.Event{
		"another program's": {Type: "splittally.kernel.v9.Count"}, "no type": {}, "not a name": {Type: "../../etc"},
		"an enum": {Type: "splittally.kernel.v1.Visibility"}, "broken data": {Type: "splittally.kernel.v1.Count", Data: []byte{0xff}},
	} {
		if _, err := e.Decode(); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if e := events()[1]; !e.Names(id.ID(full(2))) || e.Names(id.ID(full(3))) || e.Names(id.ID{}) || (&kernelv1.Event{Parties: [][]byte{full(1)[:31]}}).Names(id.ID{}) {
		t.Error("whom an event names")
	}
}
