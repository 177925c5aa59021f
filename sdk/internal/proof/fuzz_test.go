package proof

import "testing"

// FuzzProofs bends proofs, keys and values. Nothing may panic, and no proof may show for a key what the tree does not say
// of it.
func FuzzProofs(f *testing.F) {
	records := numbered(20)
	r := grow(f, records)
	root := r.Hash()
	for _, key := range []string{"key 03", "key 07", "no such key", ""} {
		f.Add([]byte(key), records[key], r.prove(f, []byte("key 03")))
		f.Add([]byte(key), []byte("other"), r.prove(f, []byte("key 07x")))
	}
	f.Fuzz(func(t *testing.T, key, value, p []byte) {
		have, there := records[string(key)]
		if Present(root, key, value, p) == nil && (!there || string(have) != string(value)) {
			t.Fatalf("a proof shows %q = %q, and the tree says %q, %v", key, value, have, there)
		}
		if Absent(root, key, p) == nil && there {
			t.Fatalf("a proof shows that %q is absent, and it is there", key)
		}
	})
}
