package kernelv1_test

import (
	"bytes"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// Derived names are of the wire: a client of any language finds the same 32 bytes. These were made by another program:
// SHA-256 over the domain and the parts, each behind its length in 8 bytes, big-endian.
func TestNamesGolden(t *testing.T) {
	sender := id.Hash("account")
	for name, tc := range map[string]struct {
		got  id.ID
		want string
	}{
		"governance":   {kernelv1.Governance, "24b05835d0367dda1c4f16d2f6aafa3afb96660a5395047d922c5fad24ae8ef0"},
		"seed":         {kernelv1.SeedOf(sender, []byte("0123456789abcdef")), "6a43a26eb1ff5875c2a5fc6f76c2eff42f5c3e87056e66b92a236e60d925d957"},
		"genesis seed": {kernelv1.GenesisSeed("test-1"), "8d8d8e8f996ac86da386ae9780f042398b5d964abc3e4beb12531631c192e168"},
		"created":      {kernelv1.CreatedID(sender, 1, 2), "d5f6d6dddfcc640f115aa0dc8a14cd127db8b28b8551c63aa2a941d262e00eaa"},
		"link":         {kernelv1.LinkHash([]byte{1, 2, 3}), "1784b814dfc70463f2546c32086b7b936d435a2354a73008cc70e94aeb1a5acf"},
		"block leaf":   {id.Must(kernelv1.BlockLeaf([]byte{1})), "d5d5e7e4de31b186aa06dc55b0d7515fd0181c3ed9aea9c55c557d44d2097c85"},
		"event salts":  {kernelv1.EventSalts([]byte("body")), "0ce97409f47e1365b83be733120bf40ca8e839075fbe6f63b3c7b04f3c185503"},
		"kept":         {kernelv1.KeptHash([]byte("part\x09")), "efdded10ba5e41974c0dd1ece30f597c5025c0d2910b1bf8b02ed399f871d48b"},
		"kept, short":  {kernelv1.KeptHash([]byte("abc")), "b6d204ab4ae40d66846fa11fa03dfff181b0a03a63029dc28d35a9ee02d7560f"},
	} {
		if tc.got.String() != tc.want {
			t.Errorf("%s: %s, want %s", name, tc.got, tc.want)
		}
	}
}

// Every part of what a name is derived from counts.
func TestNamesDiffer(t *testing.T) {
	a, b := id.Hash("a"), id.Hash("b")
	seen := map[id.ID]string{}
	for name, got := range map[string]id.ID{
		"created 0 0": kernelv1.CreatedID(a, 0, 0), "created 0 1": kernelv1.CreatedID(a, 0, 1), "created 1 0": kernelv1.CreatedID(a, 1, 0),
		"created of b": kernelv1.CreatedID(b, 0, 0), "seed a": kernelv1.SeedOf(a, []byte("x")), "seed a y": kernelv1.SeedOf(a, []byte("y")),
		"seed b": kernelv1.SeedOf(b, []byte("x")), "genesis a": kernelv1.GenesisSeed("a"), "genesis b": kernelv1.GenesisSeed("b"),
	} {
		if other, dup := seen[got]; dup {
			t.Errorf("%s and %s are one", name, other)
		}
		seen[got] = name
	}
}

func TestDayOf(t *testing.T) {
	for _, tc := range []struct {
		unix   int64
		offset int32
		want   int32
	}{
		{0, 0, 0},
		{86_399, 0, 0},
		{86_400, 0, 1},
		{-1, 0, -1},
		{-86_400, 0, -1},
		{-86_401, 0, -2},
		{57_599, 28_800, 0},
		{57_600, 28_800, 1}, // 16:00 UTC is midnight at +08:00
		{1_799, -1_800, -1},
		{1_800, -1_800, 0},
		{1_767_571_200, 28_800, 20_458},
	} {
		if got := kernelv1.DayOf(tc.unix, tc.offset); got != tc.want {
			t.Errorf("%d at %+d: day %d, want %d", tc.unix, tc.offset, got, tc.want)
		}
	}
}

func TestUnframe(t *testing.T) {
	want := &kernelv1.Count{Count: 300}
	b, err := proto.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	mark := bytes.Repeat([]byte{9}, kernelv1.MarkSize)
	got := &kernelv1.Count{}
	if err := kernelv1.Unframe(append(mark, b...), got); err != nil || !proto.Equal(got, want) {
		t.Error(got, err)
	}
	if err := kernelv1.Unframe(mark, got); err != nil || got.Count != 0 {
		t.Error("an empty message is a record:", got, err)
	}
	for _, raw := range [][]byte{nil, mark[1:], append(bytes.Clone(mark), 0xff)} {
		if kernelv1.Unframe(raw, got) == nil {
			t.Errorf("%x was read", raw)
		}
	}
}

func TestTotal(t *testing.T) {
	tot := &kernelv1.Totals{Lines: []*kernelv1.Total{{Class: 1, Currency: "CNY", Count: 2}, {Class: 1, Currency: "EUR", Count: 3}, {Class: 2, Currency: "CNY", Count: 4}}}
	for _, tc := range []struct {
		class    uint32
		currency string
		want     uint64
	}{{1, "CNY", 2}, {1, "EUR", 3}, {2, "CNY", 4}, {2, "EUR", 0}, {0, "", 0}} {
		if l := tot.Total(tc.class, tc.currency); l.Count != tc.want || l.Class != tc.class || l.Currency != tc.currency {
			t.Error(tc, l)
		}
	}
	if l := (*kernelv1.Totals)(nil).Total(1, "CNY"); l.Count != 0 {
		t.Error(l)
	}
}
