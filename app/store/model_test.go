package store

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/storage"
	"pgregory.net/rapid"
)

// drawBlock changes a few of few keys, so that they meet often. It leaves at least leavesMin keys.
func drawBlock(t *rapid.T, state map[string][]byte, leavesMin int) []Change {
	keys := rapid.SliceOfNDistinct(rapid.IntRange(0, 24), max(1, leavesMin-len(state)), 8, rapid.ID[int]).Draw(t, "keys")
	slices.Sort(keys)
	left := len(state)
	var changes []Change
	for _, k := range keys {
		c := Change{Key: []byte(numbered(k))}
		_, there := state[string(c.Key)]
		if there && left > leavesMin && rapid.Bool().Draw(t, "delete") {
			left--
		} else {
			c.Value = rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "value")
			if !there {
				left++
			}
		}
		changes = append(changes, c)
	}
	return changes
}

func modelLaw(leavesMin int, sameNodesAsIAVL bool) func(*rapid.T) {
	return func(t *rapid.T) {
		files, o := storage.NewMemStorage(), small()
		o.KeepVersions = rapid.Int64Range(2, 6).Draw(t, "keep")
		s, m := openMem(t, files, o), newModel()
		defer func() { closeStore(t, s) }()
		for range rapid.IntRange(2, 20).Draw(t, "blocks") {
			if rapid.IntRange(0, 3).Draw(t, "give up") == 0 {
				_, err := s.Stage(s.Height()+1, 0, drawBlock(t, m.now(), leavesMin), nil)
				must(t, err)
			}
			if rapid.IntRange(0, 5).Draw(t, "reopen") == 0 {
				must(t, s.Close())
				s = openMem(t, files, o)
				s.cache.entries.Reset() // as if it were too small
			}
			changes := drawBlock(t, m.now(), leavesMin)
			if got, want := commit(t, s, changes), m.apply(t, changes); !bytes.Equal(got, want) {
				t.Fatalf("root %x, want %x", got, want)
			}
			checkWindow(t, s, m, numbered(-1), numbered(7), numbered(99))
			checkWhole(t, s)
			if sameNodesAsIAVL {
				m.pruneBelow(t, s.Oldest())
				if got, want := records(t, s, prefixNode), m.nodes(t); !maps.Equal(got, want) {
					t.Fatalf("%d nodes on disk, IAVL has %d, or others", len(got), len(want))
				}
			}
		}
	}
}

// Roots, views, proofs and the nodes on disk are those of IAVL that keeps and prunes by itself.
func TestAgainstIAVL(t *testing.T) { rapid.Check(t, modelLaw(2, true)) }

// Down to one leaf and to none IAVL's own pruning forgets nodes (a root that was a leaf), so that only what the kept
// versions need is compared.
func TestSmallestTrees(t *testing.T) { rapid.Check(t, modelLaw(0, false)) }
