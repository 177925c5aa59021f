package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
)

// source is a seeded one; the seed is in the log of a failed test.
func source(tb testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	tb.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// busy runs blocks of a small consortium's business.
func busy(tb testing.TB, r *rig, rnd *rand.Rand, blocks int) {
	tb.Helper()
	taken := 0
	for n := 0; n < blocks || taken < blocks/4 && n < 10*blocks; n++ { // a quiet draw goes on until it shows something
		for _, res := range r.run(work(r, rnd, 6)...).TxResults {
			if res.Code == 0 {
				taken++
			}
		}
	}
	if taken < blocks/4 {
		tb.Fatalf("only %d transactions took effect in %d blocks: this shows nothing", taken, blocks)
	}
}

// follow runs another's blocks and compares every hash.
func (r *rig) follow(blocks []decided, restart func() bool) {
	r.tb.Helper()
	for i, b := range blocks {
		if restart() {
			r.reopen()
		}
		if restart() { // a block that was run and not committed when the process ended
			r.finalize(b.at, b.raws...)
			r.reopen()
		}
		if res := r.runAt(b.at, b.raws...); !bytes.Equal(res.AppHash, b.hash) {
			r.tb.Fatalf("block %d of %d: the hash is %X, it was %X", i, len(blocks), res.AppHash, b.hash)
		}
	}
}

func never() bool { return false }

func TestSameBlocksSameHash(t *testing.T) {
	rnd := source(t)
	a := newRig(t)
	busy(t, a, rnd, 60)
	b := newRig(t, func(o *app.Options) { o.CheckInvariants = false; o.Store.NodeCacheMiB = 64; o.Store.TreeCache = 100 })
	b.follow(a.blocks[1:], never)
}

func TestSameHashAcrossRestarts(t *testing.T) {
	rnd := source(t)
	a := newRig(t)
	busy(t, a, rnd, 40)
	b := newRig(t)
	b.follow(a.blocks[1:], func() bool { return rnd.IntN(6) == 0 })
	if s, u := a.a.Status(), b.a.Status(); s != u {
		t.Errorf("status %+v, after restarts %+v", s, u)
	}
}

// A second FinalizeBlock for a height before its commit stands; the first leaves nothing behind.
func TestFinalizeAgain(t *testing.T) {
	a, b := newRig(t), newRig(t)
	raw := a.tx("bank", mint("tier1", 500))
	a.finalize(a.at(), raw, a.tx("bank", mint("tier2", 7)))
	a.finalize(a.at())
	if got, want := a.run(raw), b.run(raw); !bytes.Equal(got.AppHash, want.AppHash) {
		t.Errorf("%X, without the first tries %X", got.AppHash, want.AppHash)
	}
}

func TestCommitNeedsABlock(t *testing.T) {
	r := newRig(t)
	if _, err := r.x.Commit(context.Background(), &abci.RequestCommit{}); err == nil {
		t.Error("a commit without a block was taken")
	}
}

// export closes the application and writes its state.
func (r *rig) export() ([]byte, id.ID) {
	r.tb.Helper()
	state, content, err := r.a.Export()
	if err != nil {
		r.tb.Fatal(err)
	}
	return state, content
}

// imported begins a chain that goes on from an exported state.
func imported(t *testing.T, state []byte) (*rig, *abci.ResponseInitChain) {
	t.Helper()
	r := &rig{tb: t, o: app.Options{Chain: "splittally-next", Store: smallStore(t.TempDir()), CheckInvariants: true}}
	r.open()
	t.Cleanup(func() { _ = r.a.Close() })
	return r, r.initChain(state)
}

func TestExportImport(t *testing.T) {
	a := newRig(t)
	busy(t, a, source(t), 40)
	state, content := a.export()
	b, first := imported(t, state)
	c, second := imported(t, state)
	if !bytes.Equal(first.AppHash, second.AppHash) {
		t.Error("two imports begin with different hashes")
	}
	at := begun.Add(41 * time.Second) // nothing falls due between the last block and the first
	if x, y := b.runAt(at), c.runAt(at); !bytes.Equal(x.AppHash, y.AppHash) {
		t.Error("two imports have different roots")
	}
	_, again := b.export()
	if again != content {
		t.Errorf("content %s, after export and import %s", content, again)
	}
	if x, y := b.run(b.tx("bank", mint("tier1", 5))), c.run(b.blocksLast()...); x.TxResults[0].Code != 0 || !bytes.Equal(x.AppHash, y.AppHash) {
		t.Errorf("the new chain does not go on: code %d", x.TxResults[0].Code)
	}
}

// blocksLast are the transactions of the last block.
func (r *rig) blocksLast() [][]byte { return r.blocks[len(r.blocks)-1].raws }

func TestListsAfterImport(t *testing.T) {
	a := newRig(t)
	busy(t, a, source(t), 40)
	state, _ := a.export()
	b, _ := imported(t, state)
	b.runAt(a.at().Add(-time.Second))
	for _, role := range laid().Roles {
		for _, list := range allLists(a) {
			_, was, _, err1 := a.a.List(anyone, list, role.Account, nil, 1_000)
			_, is, _, err2 := b.a.List(anyone, list, role.Account, nil, 1_000)
			if err1 != nil || err2 != nil || !bytes.Equal(bytes.Join(was, nil), bytes.Join(is, nil)) {
				t.Errorf("list %s of %s: %d keys, after import %d (%v, %v)", list, role.Name, len(was), len(is), err1, err2)
			}
		}
	}
}

func allLists(r *rig) (out []string) {
	for _, c := range r.a.Machine().Collections() {
		for _, l := range c.Lists {
			out = append(out, l.Name)
		}
	}
	return out
}

// The engine of a chain that goes on must have the validators that its state has.
func TestImportedValidators(t *testing.T) {
	a := newRig(t)
	state, _ := a.export()
	_, res := imported(t, state)
	if len(res.Validators) != 4 {
		t.Errorf("the engine is told of %d validators, the state has 4", len(res.Validators))
	}
}

func TestImportRefuses(t *testing.T) {
	a := newRig(t)
	busy(t, a, source(t), 8)
	state, _ := a.export()
	var g kernel.Genesis
	for name, spoil := range map[string]func(){
		"the same chain":       func() { g.ExportedFrom = "splittally-next" },
		"no origin":            func() { g.ExportedFrom = "" },
		"a foreign collection": func() { g.Records[3].Collection = "nobody.knows" },
		"a key of another":     func() { g.Records[3].Key = []byte{250, 250, 1} },
		"a short value":        func() { g.Records[3].Value = []byte{1} },
		"an empty key":         func() { g.Records[3].Key = nil },
	} {
		t.Run(name, func(t *testing.T) {
			g = kernel.Genesis{}
			if err := json.Unmarshal(state, &g); err != nil {
				t.Fatal(err)
			}
			spoil()
			b, err := json.Marshal(g)
			if err != nil {
				t.Fatal(err)
			}
			r := &rig{tb: t, o: app.Options{Chain: "splittally-next", Store: smallStore(t.TempDir())}}
			r.open()
			defer r.a.Close() //nolint:errcheck // of a test
			if _, err := r.x.InitChain(context.Background(), &abci.RequestInitChain{ChainId: r.o.Chain, Time: begun, AppStateBytes: b, InitialHeight: 1, ConsensusParams: params(app.MaxBlockBytes + app.EngineBytes)}); err == nil {
				t.Error("taken")
			}
		})
	}
}

func TestInitChainRefuses(t *testing.T) {
	used := newRig(t)
	good := laid().Genesis.AppState
	init := func(r *rig, q abci.RequestInitChain) error {
		q.Time = begun
		if q.ConsensusParams == nil {
			q.ConsensusParams = params(app.MaxBlockBytes + app.EngineBytes)
		}
		_, err := r.x.InitChain(context.Background(), &q)
		return err
	}
	if err := init(used, abci.RequestInitChain{ChainId: used.o.Chain, AppStateBytes: good, InitialHeight: 1}); err == nil {
		t.Error("a state with blocks was begun again")
	}
	for name, q := range map[string]abci.RequestInitChain{
		"garbage":        {ChainId: chainID(), AppStateBytes: []byte("{"), InitialHeight: 1},
		"nothing":        {ChainId: chainID(), InitialHeight: 1},
		"behind the end": {ChainId: chainID(), AppStateBytes: append(bytes.Clone(good), "{}"...), InitialHeight: 1},
		"another height": {ChainId: chainID(), AppStateBytes: good, InitialHeight: 5},
		"another chain":  {ChainId: "another", AppStateBytes: good, InitialHeight: 1},
		"small blocks":   {ChainId: chainID(), AppStateBytes: good, InitialHeight: 1, ConsensusParams: params(1 << 20)},
		"unknown method": {ChainId: chainID(), AppStateBytes: []byte(`{"calls":[{"method":"members.Rob","message":{}}]}`), InitialHeight: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := &rig{tb: t, o: app.Options{Chain: chainID(), Store: smallStore(t.TempDir())}}
			r.open()
			defer r.a.Close() //nolint:errcheck // of a test
			if err := init(r, q); err == nil {
				t.Error("taken")
			}
		})
	}
}

func chainID() string { return laid().Genesis.ChainID }
