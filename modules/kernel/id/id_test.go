package id_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
)

// Golden: sha256 of len(domain) ‖ domain ‖ len(part) ‖ part …, lengths of 8 bytes, big-endian.
func TestHashGolden(t *testing.T) {
	for want, got := range map[string]id.ID{
		"3514291da937cfa7442e730acad983d7a6fc0725af7b56591cb83df8b37c8f7b": id.Hash("account"),
		"3260df74d4ab18efab86a7f7a974cb03d2fb2ad9945310e16b55e240a7c409f7": id.Hash("part", []byte("a"), nil),
	} {
		if got.String() != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestHashSeparates(t *testing.T) {
	seen := map[id.ID]string{}
	for name, v := range map[string]id.ID{
		"a|b,c":  id.Hash("a", []byte("b"), []byte("c")),
		"a|bc":   id.Hash("a", []byte("bc")),
		"ab|c":   id.Hash("ab", []byte("c")),
		"a|bc,":  id.Hash("a", []byte("bc"), nil),
		"a|,bc":  id.Hash("a", nil, []byte("bc")),
		"empty|": id.Hash(""),
	} {
		if other, dup := seen[v]; dup {
			t.Errorf("%s and %s have one id", name, other)
		}
		seen[v] = name
	}
}

func TestTextRoundTrip(t *testing.T) {
	want := id.Hash("test", []byte{1})
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got id.ID
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Fatalf("%v %v", got, err)
	}
	if got.Short() != got.String()[:8] {
		t.Fatal("Short is not a prefix")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "zz", strings.Repeat("0", 63), strings.Repeat("0", 66), strings.Repeat("g", 64)} {
		if _, err := id.Parse(s); err == nil {
			t.Errorf("%q accepted", s)
		}
	}
	if _, ok := id.Of(make([]byte, 31)); ok {
		t.Error("31 bytes accepted")
	}
	var v id.ID
	if err := v.UnmarshalText([]byte("xx")); err == nil || !v.IsZero() {
		t.Error("a wrong text changed the id")
	}
}

func TestMustPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	id.Must([]byte{1})
}

func TestBytesIsACopy(t *testing.T) {
	v := id.Hash("x")
	v.Bytes()[0] ^= 1
	if v != id.Hash("x") {
		t.Fatal("Bytes shares memory")
	}
	if string(v.Append([]byte("p"))) != "p"+string(v[:]) {
		t.Fatal("Append")
	}
}
