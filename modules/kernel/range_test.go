package kernel_test

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// After every block the peaks are the roots of the perfect trees that the binary digits of the count make, highest
// first, over the hashes of all blocks: computed here from the leaves anew.
func TestMountainRange(t *testing.T) {
	w := newWorld(t)
	var leaves [][]byte
	for n := 1; n <= 100; n++ {
		h := id.Hash("block hash", binary.BigEndian.AppendUint64(nil, uint64(n))) // as kerneltest's engine makes it
		leaves = append(leaves, kernelv1.BlockLeaf(h.Bytes()))
		rec := &kernelv1.Range{}
		if !w.Read(kernelv1.RangeKey(), rec) || rec.Count != uint64(n) || len(rec.Peaks) != bits.OnesCount(uint(n)) {
			t.Fatalf("after %d blocks: %v", n, rec)
		}
		from := 0
		for i, size := 0, 1<<bits.Len(uint(n)); size > 0; size /= 2 {
			if n&size == 0 {
				continue
			}
			if want := kernelv1.MerkleRoot(leaves[from : from+size]); !bytes.Equal(rec.Peaks[i], want) {
				t.Fatalf("after %d blocks peak %d is %x, want %x", n, i, rec.Peaks[i], want)
			}
			from, i = from+size, i+1
		}
		w.Block()
	}
}

// The record carries the root over the events of its block that no transaction caused, and of that block alone.
func TestBlockEvents(t *testing.T) {
	w := newWorld(t)
	end := 0
	w.toy.end = func(c *kernel.Ctx) []kernel.ValidatorUpdate {
		if end++; end%2 == 1 {
			c.Emit(number(uint64(end)))
			c.Keep([]byte("kept by the block"))
		}
		return []kernel.ValidatorUpdate{{PublicKey: []byte{byte(end)}, Power: 3}}
	}
	for _, events := range []int{1, 0, 1} {
		o := w.outcome()
		rec := &kernelv1.Range{}
		w.Read(kernelv1.RangeKey(), rec)
		h := id.Hash("outcome", []byte{byte(w.Height)})
		want, err := kernelv1.EventRoot(id.Hash("block events", h[:]), o.Events)
		if err != nil || len(o.Events) != events || len(o.Kept) != events || !bytes.Equal(rec.BlockEvents, want) {
			t.Errorf("%d events, %d kept; %x, want %x", len(o.Events), len(o.Kept), rec.BlockEvents, want)
		}
		if len(o.Validators) != 1 || o.Validators[0].PublicKey[0] != byte(end) {
			t.Error(o.Validators)
		}
	}
}
