package proof

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/cosmos/iavl"
	"github.com/cosmos/iavl/db"
	ics23 "github.com/cosmos/ics23/go"
	"pgregory.net/rapid"
)

// tree is a real state tree over records: the leaf is the hash of the record.
type tree struct {
	*iavl.ImmutableTree
	records map[string][]byte
}

func grow(t interface{ Fatal(...any) }, records map[string][]byte) *tree {
	m := iavl.NewMutableTree(db.NewMemDB(), 100, true, iavl.NewNopLogger())
	for k, v := range records {
		leaf := sha256.Sum256(v)
		if _, err := m.Set([]byte(k), leaf[:]); err != nil {
			t.Fatal(err)
		}
	}
	_, version, err := m.SaveVersion()
	if err != nil {
		t.Fatal(err)
	}
	at, err := m.GetImmutable(version)
	if err != nil {
		t.Fatal(err)
	}
	return &tree{at, records}
}

func (r *tree) prove(t interface{ Fatal(...any) }, key []byte) []byte {
	prover := r.GetNonMembershipProof
	if r.records[string(key)] != nil {
		prover = r.GetMembershipProof
	}
	p, err := prover(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func numbered(n int) map[string][]byte {
	out := map[string][]byte{}
	for i := range n {
		out[fmt.Sprintf("key %02d", i)] = fmt.Appendf(nil, "record %d", i)
	}
	return out
}

func TestPresentAndAbsent(t *testing.T) {
	r := grow(t, numbered(20))
	root, there, gone := r.Hash(), []byte("key 07"), []byte("key 07a")
	value, shown, absent := r.records["key 07"], r.prove(t, there), r.prove(t, gone)
	older := grow(t, numbered(19)).Hash()
	for name, tc := range map[string]struct {
		err error
		ok  bool
	}{
		"present":                          {Present(root, there, value, shown), true},
		"absent":                           {Absent(root, gone, absent), true},
		"before the first":                 {Absent(root, []byte("a"), r.prove(t, []byte("a"))), true},
		"after the last":                   {Absent(root, []byte("z"), r.prove(t, []byte("z"))), true},
		"another value":                    {Present(root, there, []byte("other"), shown), false},
		"no value":                         {Present(root, there, nil, shown), false},
		"the hash in the value's place":    {Present(root, there, hashOf(value), shown), false},
		"another key":                      {Present(root, []byte("key 08"), value, shown), false},
		"another root":                     {Present(older, there, value, shown), false},
		"no root":                          {Present(nil, there, value, shown), false},
		"no proof":                         {Present(root, there, value, nil), false},
		"noise":                            {Present(root, there, value, []byte("noise")), false},
		"too large":                        {Present(root, there, value, make([]byte, maxBytes+1)), false},
		"absence for presence":             {Present(root, there, value, absent), false},
		"presence for absence":             {Absent(root, there, shown), false},
		"absence of another key":           {Absent(root, there, absent), false},
		"absence of another gap":           {Absent(root, []byte("key 11a"), absent), false},
		"absence under another root":       {Absent(older, gone, absent), false},
		"absence without a proof":          {Absent(root, gone, nil), false},
		"presence in a compressed batch":   {Present(root, there, value, batch(t, shown)), false},
		"absence, neighbours not adjacent": {Absent(root, there, around(t, r, "key 06", "key 08", there)), false},
	} {
		if (tc.err == nil) != tc.ok || tc.err != nil && !errors.Is(tc.err, Err) {
			t.Errorf("%s: %v", name, tc.err)
		}
	}
}

func hashOf(b []byte) []byte {
	h := sha256.Sum256(b)
	return h[:]
}

func batch(t *testing.T, proof []byte) []byte {
	t.Helper()
	p := &ics23.CommitmentProof{}
	if err := p.Unmarshal(proof); err != nil {
		t.Fatal(err)
	}
	c, err := ics23.CombineProofs([]*ics23.CommitmentProof{p})
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// around says that nothing lies between two keys, by their own valid proofs.
func around(t *testing.T, r *tree, left, right string, key []byte) []byte {
	t.Helper()
	exist := func(k string) *ics23.ExistenceProof {
		p := &ics23.CommitmentProof{}
		if err := p.Unmarshal(r.prove(t, []byte(k))); err != nil {
			t.Fatal(err)
		}
		return p.GetExist()
	}
	p := &ics23.CommitmentProof{Proof: &ics23.CommitmentProof_Nonexist{Nonexist: &ics23.NonExistenceProof{Key: key, Left: exist(left), Right: exist(right)}}}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// No proof, with any byte of it changed, proves anything but what it proved.
func TestNoChangedProofProvesAnotherThing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := grow(t, numbered(rapid.IntRange(2, 40).Draw(t, "records")))
		there, gone := []byte("key 01"), []byte("key 00a")
		shown, absent := r.prove(t, there), r.prove(t, gone)
		at, with := rapid.IntRange(0, 1<<20).Draw(t, "at"), rapid.Byte().Draw(t, "with")
		changed := func(b []byte) []byte { b = bytes.Clone(b); b[at%len(b)] = with; return b }
		other := []byte("another record")
		if Present(r.Hash(), there, other, changed(shown)) == nil || Absent(r.Hash(), there, changed(shown)) == nil ||
			Absent(r.Hash(), there, changed(absent)) == nil || Present(r.Hash(), gone, other, changed(absent)) == nil {
			t.Fatalf("byte %d as %#x proves another thing", at, with)
		}
	})
}
