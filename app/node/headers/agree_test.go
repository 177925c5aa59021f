package headers

import (
	"errors"
	"strings"
	"testing"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/types"
)

// shown is a header as a gate shows it; priority is of the second validator, which no hash has.
func shown(address, member, app string, priority int64) answer {
	a, b := types.NewValidator(ed25519.GenPrivKeyFromSecret([]byte("a")).PubKey(), 1), types.NewValidator(ed25519.GenPrivKeyFromSecret([]byte("b")).PubKey(), 1)
	b.ProposerPriority = priority
	set := &types.ValidatorSet{Validators: []*types.Validator{a, b}}
	h := &types.Header{Height: 5, ValidatorsHash: []byte("validators"), AppHash: []byte(app)}
	return answer{address: address, member: member, block: &types.LightBlock{SignedHeader: &types.SignedHeader{Header: h}, ValidatorSet: set}}
}

func TestAgree(t *testing.T) {
	down := answer{address: "down", err: provider.ErrNoResponse}
	for name, c := range map[string]struct {
		answers []answer
		says    string // empty: agreed
	}{
		"two members":                {[]answer{shown("1", "A", "x", 0), shown("2", "B", "x", 0)}, ""},
		"two members and one down":   {[]answer{down, shown("1", "A", "x", 0), shown("2", "B", "x", 0)}, ""},
		"one lies about turns":       {[]answer{shown("1", "A", "x", 9), shown("2", "B", "x", 0), shown("3", "C", "x", 0)}, ""},
		"no two agree about turns":   {[]answer{shown("1", "A", "x", 9), shown("2", "B", "x", 0)}, "fewer than 2 members"},
		"two gates of one member":    {[]answer{shown("1", "A", "x", 0), shown("2", "A", "x", 0)}, "fewer than 2 members"},
		"one answers":                {[]answer{down, shown("1", "A", "x", 0)}, "down: client failed to respond"},
		"none":                       {nil, "fewer than 2 members"},
		"two signed headers":         {[]answer{shown("1", "A", "x", 0), shown("2", "B", "y", 0)}, ErrConflict.Error()},
		"two signed headers, of two": {[]answer{shown("1", "A", "x", 0), shown("2", "B", "x", 0), shown("3", "C", "y", 0)}, ErrConflict.Error()},
	} {
		b, err := agree(c.answers)
		if c.says == "" && (err != nil || string(b.AppHash) != "x" || b.ValidatorSet.Validators[1].ProposerPriority != 0) {
			t.Errorf("%s: %v", name, err)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, ErrConflict) != (c.says == ErrConflict.Error())) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestParseGate(t *testing.T) {
	pin := strings.Repeat("ab", 32)
	if g, err := ParseGate("Bank of Hanhai=" + pin + "@host:1"); err != nil || g.Member != "Bank of Hanhai" || g.Address != "host:1" || g.Pin[0] != 0xab {
		t.Errorf("%v %v", g, err)
	}
	for _, bad := range []string{
		"", "A=", "A=" + pin, "A=@host:1", "A=" + pin[1:] + "@host:1", "A=" + pin + "00@host:1", "A=" + pin + "@host", "A=zz" + pin[2:] + "@host:1",
		pin + "@host:1", "=" + pin + "@host:1", " =" + pin + "@host:1", strings.Repeat("x", memberBytesMax+1) + "=" + pin + "@host:1",
	} {
		if _, err := ParseGate(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// Whose a gate is, is the operator's word: the same gate, or another of the same member, makes no second one.
func TestCheckMembers(t *testing.T) {
	a, b, again := Gate{Member: "A", Pin: [32]byte{1}}, Gate{Member: "B", Pin: [32]byte{2}}, Gate{Member: "A", Pin: [32]byte{3}}
	copied := Gate{Member: "B", Pin: a.Pin}
	for name, c := range map[string]struct {
		gates []Gate
		ok    bool
	}{
		"two members": {[]Gate{a, b}, true}, "three gates": {[]Gate{a, again, b}, true}, "none": {nil, false}, "one": {[]Gate{a}, false},
		"two gates of one member": {[]Gate{a, again}, false}, "one gate by two names": {[]Gate{a, copied}, false}, "and more": {[]Gate{a, b, copied}, false},
	} {
		if err := CheckMembers(c.gates); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a lying gate hands over in place of a header is an error, and no panic.
func FuzzDecode(f *testing.F) {
	g := &gate{chain: "c"}
	f.Add([]byte{}, int64(1))
	f.Add([]byte{10, 4, 10, 2, 10, 0}, int64(0))
	f.Fuzz(func(t *testing.T, raw []byte, height int64) {
		if b, err := g.decode(raw, height); err == nil && (b.ValidateBasic("c") != nil || height != 0 && b.Height != height) {
			t.Fatal("a header is taken that is none")
		}
	})
}
