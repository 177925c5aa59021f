package kerneltest_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"pgregory.net/rapid"
)

// Memory is a sorted map, as a node's store is: reads, walks and applied changes agree with one.
func TestMemoryAgainstAMap(t *testing.T) {
	short := rapid.StringMatching("[a-c]{1,3}")
	rapid.Check(t, func(rt *rapid.T) {
		m, model := kerneltest.NewMemory(), map[string]string{}
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			k := short.Draw(rt, "key")
			if rapid.Bool().Draw(rt, "delete") {
				m.Apply([]kernel.Change{{Key: []byte(k)}})
				delete(model, k)
			} else {
				v := short.Draw(rt, "value")
				m.Apply([]kernel.Change{{Key: []byte(k), Value: []byte(v)}})
				model[k] = v
			}
			if v, ok := m.Get([]byte(k)); ok != (model[k] != "") || string(v) != model[k] {
				rt.Fatalf("%s is %q", k, v)
			}
			start, end, most := short.Draw(rt, "start"), short.Draw(rt, "end"), rapid.IntRange(1, 5).Draw(rt, "most")
			var got, want []string
			m.Range([]byte(start), []byte(end), func(k, v []byte) bool {
				got = append(got, string(k)+"="+string(v))
				return len(got) < most
			})
			for _, k := range slices.Sorted(maps.Keys(model)) {
				if k >= start && k < end && len(want) < most {
					want = append(want, k+"="+model[k])
				}
			}
			if !slices.Equal(got, want) {
				rt.Fatalf("[%s, %s): %v, want %v", start, end, got, want)
			}
		}
	})
}

func TestMethod(t *testing.T) {
	if got := kerneltest.Method(&kernelv1.ItemDone{}); got != "kernel.ItemDone" {
		t.Error(got)
	}
	if c := kerneltest.GenesisCall(&kernelv1.Count{Count: 7}); c.Method != "kernel.Count" || !bytes.Contains(c.Message, []byte("7")) {
		t.Errorf("%s %s", c.Method, c.Message)
	}
}

// A name determines its key, so that a failing test fails again.
func TestSigner(t *testing.T) {
	if !kerneltest.Signer("a").Public().Equal(kerneltest.Signer("a").Public()) || kerneltest.Signer("a").Public().Equal(kerneltest.Signer("b").Public()) {
		t.Error("keys of names")
	}
}
