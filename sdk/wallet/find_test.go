package wallet

import (
	"errors"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestPick(t *testing.T) {
	var all [][]byte
	for _, s := range []string{"aabbcc", "aabbdd", "11223344"} {
		i, err := id.Parse(s + strings.Repeat("0", 64-len(s)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, i[:])
	}
	all = append(all, all[2]) // listed twice, it is still one
	for short, want := range map[string]string{"1122": "11223344", "AABBC": "aabbcc", "11223344…": "11223344"} {
		got, err := pick("part", short, all, func(b []byte) []byte { return b })
		if err != nil || !strings.HasPrefix(id.Must(got).String(), want) {
			t.Errorf("%s: %x, %v", short, got, err)
		}
	}
	var in *Input
	for short, fault := range map[string]string{"aabb": "fits 2", "aab": "is no id", "": "is no id", "gear": "is no id", strings.Repeat("1", 65): "is no id"} {
		if _, err := pick("part", short, all, func(b []byte) []byte { return b }); !errors.As(err, &in) || !strings.Contains(in.Wrong.String(), fault) {
			t.Errorf("%q: %v, want %s", short, err, fault)
		}
	}
	if _, err := pick("part", "ffff", all, func(b []byte) []byte { return b }); !errors.Is(err, ErrNoMatch) {
		t.Error(err)
	}
}

func TestByName(t *testing.T) {
	member := func(name, number string) *membersv1.Member {
		return &membersv1.Member{Legal: &membersv1.Legal{Name: name, Credential: number}}
	}
	all := []*membersv1.Member{member("Yuhe Forging Co., Ltd.", "A1"), member("Yuhe", "A2"), member("Yuhe Casting", "A3"), member("华安汽车", "A4")}
	for text, want := range map[string]string{"yuhe": "A2", "YUHE F": "A1", "a3": "A3", "yuhe forging co., ltd.": "A1", "华安": "A4"} {
		m, err := byName(text, all)
		if err != nil || m.GetLegal().GetCredential() != want {
			t.Errorf("%s: %v, %v", text, m, err)
		}
	}
	var in *Input
	if m, err := byName("Yuhe ", all); !errors.As(err, &in) {
		t.Errorf("two begin so: %v, %v", m, err)
	}
	for _, text := range []string{"nobody", "y", ""} {
		if m, err := byName(text, all); m != nil || err != nil {
			t.Errorf("%q: %v, %v", text, m, err)
		}
	}
	twins := []*membersv1.Member{member("Same Name", "B1"), member("same name", "B2")}
	if _, err := byName("Same Name", twins); !errors.As(err, &in) || !strings.Contains(in.Wrong.String(), "B1") {
		t.Errorf("one name of two members: %v", err)
	}
}
