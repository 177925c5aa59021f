package app_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// Clients send and read while blocks are proposed, judged, run and committed. Run it with -race.
func TestSendAndReadWhileBlocksCommit(t *testing.T) {
	r := newRig(t, func(o *app.Options) { o.Store.KeepVersions = 4; o.Store.KeepFor = time.Second })
	var sent [][]byte
	for range 400 {
		who := suppliers[r.number%3]
		sent = append(sent, r.tx("bank", mint(who, 100)), r.tx(who, pass("factor", 1)))
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var all sync.WaitGroup
	var next atomic.Int64
	for range 3 {
		all.Go(func() { send(ctx, t, r, sent, &next) })
	}
	all.Go(func() { readRecords(ctx, t, r) })
	all.Go(func() { followBlocks(ctx, t, r) })
	deadline := time.Now().Add(20 * time.Second)
	included := 0
	for included < len(sent) && time.Now().Before(deadline) {
		included += len(r.round())
		if _, err := r.x.ReapTxs(ctx, &abci.RequestReapTxs{MaxBytes: 10_000}); err != nil {
			t.Error(err)
		}
	}
	stop()
	all.Wait()
	if included != len(sent) {
		t.Errorf("%d of %d transactions came into blocks, each once", included, len(sent))
	}
}

// send hands transactions in, the odd ones through gossip too.
func send(ctx context.Context, t *testing.T, r *rig, sent [][]byte, next *atomic.Int64) {
	for ctx.Err() == nil {
		n := next.Add(1) - 1
		if n >= int64(len(sent)) {
			return
		}
		if n%2 == 1 {
			if res, err := r.x.InsertTx(ctx, &abci.RequestInsertTx{Tx: sent[n]}); err != nil || res.Code != 0 {
				t.Errorf("gossiped: %v %v", res, err)
			}
		} else if res, err := r.x.CheckTx(ctx, &abci.RequestCheckTx{Tx: sent[n]}); err != nil || res.Code != 0 {
			t.Errorf("sent: %v %v", res, err)
		}
	}
}

func readRecords(ctx context.Context, t *testing.T, r *rig) {
	keys := [][]byte{kernelv1.TotalsKey(id.ID(account("tier1"))), kernelv1.RangeKey(), voucherv1.PackageKey(id.ID{1})}
	for ctx.Err() == nil {
		height, records, err := r.a.ReadAt(anyone, 0, keys)
		if err != nil || len(records) != len(keys) || height < 1 || !records[1].Present || len(records[2].Proof) == 0 {
			t.Errorf("height %d: %v", height, err)
			return
		}
		reader, err := r.a.ReaderOf(id.ID(account("tier1")))
		if err != nil || reader.Regulator {
			t.Error(reader, err)
			return
		}
		if _, _, _, err := r.a.List(reader, "deposits", reader.Account, nil, 10); err != nil {
			t.Error(err)
			return
		}
	}
}

// followBlocks reads every block's events as they come; none may be left out.
func followBlocks(ctx context.Context, t *testing.T, r *rig) {
	for h := int64(1); ; h++ {
		b, txs, err := r.a.BlockOf(ctx, anyone, h)
		if b == nil && ctx.Err() != nil {
			return
		}
		if err != nil || b == nil || int(b.Transactions) != len(txs) {
			t.Errorf("block %d: %v %v", h, b, err)
			return
		}
	}
}

// Outcome waits for a block, and ends with its caller or with the node.
func TestWaitingEnds(t *testing.T) {
	r := newRig(t)
	raw := r.tx("bank", mint("tier1", 5))
	found := make(chan *app.Outcome)
	ask := func(ctx context.Context) {
		o, err := r.a.OutcomeOf(ctx, anyone, r.hash(raw))
		if err != nil {
			t.Error(err)
		}
		found <- o
	}
	ctx, cancel := context.WithCancel(context.Background())
	go ask(ctx)
	cancel()
	if o := <-found; o != nil {
		t.Error("an outcome of what never ran")
	}
	go ask(context.Background())
	r.run()
	r.must(raw)
	if o := <-found; o == nil || o.Height != 3 || o.Tx.Code != 0 {
		t.Errorf("%+v", o)
	}
	raw = r.tx("bank", mint("tier1", 6))
	go ask(context.Background())
	time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
	r.a.Release()
	select {
	case o := <-found:
		if o != nil {
			t.Error("an outcome of what never ran")
		}
	case <-time.After(5 * time.Second):
		t.Error("a node that stops leaves its callers waiting")
	}
}

// The proposer of an idle chain waits for a transaction, but not after a block that carried some.
func TestIdleProposerWaits(t *testing.T) {
	r := newRig(t, func(o *app.Options) { o.IdleWait = 300 * time.Millisecond })
	began := time.Now()
	if len(r.propose(engineRoom)) != 0 || time.Since(began) < 300*time.Millisecond {
		t.Error("it did not wait")
	}
	raw := r.tx("bank", mint("tier1", 5))
	go func() {
		time.Sleep(20 * time.Millisecond)
		r.check(raw)
	}()
	began = time.Now()
	if got := r.propose(engineRoom); len(got) != 1 || time.Since(began) > 250*time.Millisecond {
		t.Errorf("%d after %s: it did not wake", len(got), time.Since(began))
	}
	r.run(raw)
	began = time.Now()
	if r.propose(engineRoom); time.Since(began) > 100*time.Millisecond {
		t.Error("it waits although the last block's results need a header")
	}
}
