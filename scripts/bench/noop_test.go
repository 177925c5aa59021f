package main

import (
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/google/go-cmp/cmp"
)

// TestNoopBlocks plays blocks between two nodes: each transaction is in one block, once.
func TestNoopBlocks(t *testing.T) {
	var told []int
	a := newNoopApp([]byte("node a.."), func(txs int) { told = append(told, txs) })
	b := newNoopApp([]byte("node b.."), func(int) {})
	seen := map[string]bool{}
	for height := range 4 {
		for _, pair := range [][2]*noopApp{{a, b}, {b, a}} {
			r, _ := pair[0].ReapTxs(t.Context(), nil)
			for _, tx := range r.Txs {
				_, _ = pair[1].InsertTx(t.Context(), &abci.RequestInsertTx{Tx: tx})
			}
		}
		p, _ := a.PrepareProposal(t.Context(), &abci.RequestPrepareProposal{MaxTxBytes: 1 << 20})
		if room := (1 << 20) / (noopTxBytes + noopFraming); height > 0 && len(p.Txs) != room {
			t.Fatalf("block %d has %d transactions, there is room for %d", height, len(p.Txs), room)
		}
		for _, tx := range p.Txs {
			if len(tx) != noopTxBytes || seen[string(tx)] {
				t.Fatalf("%d bytes, twice: %v", len(tx), seen[string(tx)])
			}
			seen[string(tx)] = true
		}
		for _, n := range []*noopApp{a, b} {
			f, _ := n.FinalizeBlock(t.Context(), &abci.RequestFinalizeBlock{Txs: p.Txs})
			if len(f.TxResults) != len(p.Txs) {
				t.Fatalf("%d results of %d", len(f.TxResults), len(p.Txs))
			}
			_, _ = n.Commit(t.Context(), nil)
			if n.own != noopWaiting {
				t.Fatalf("%d of its own wait", n.own)
			}
		}
	}
	room := (1 << 20) / (noopTxBytes + noopFraming)
	if diff := cmp.Diff([]int{0, room, room, room}, told); diff != "" {
		t.Error(diff)
	}
}

func TestLineSum(t *testing.T) {
	l := &lineSum{}
	for _, piece := range []string{"1", "2\n3", "\n", "0\n40"} {
		if n, err := l.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	if got := l.sum.Load(); got != 15 {
		t.Errorf("%d, want 12 + 3 + 0; 40 has not ended", got)
	}
	if _, err := (&lineSum{}).Write([]byte("panic\n")); err == nil {
		t.Error("a line that is no number was taken")
	}
}
