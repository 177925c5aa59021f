package app_test

import (
	"context"
	"encoding/binary"
	"os"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

// begun is the time of the test chains' genesis.
var begun = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// laid is one development network; its genesis and cast serve every test of this package.
var laid = sync.OnceValue(func() *devnet.Net {
	dir, err := os.MkdirTemp("", "splittally-app-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	n, err := devnet.Make(devnet.Options{Dir: dir, Validators: 4, Time: begun})
	if err != nil {
		panic(err)
	}
	return n
})

// decided is one block that a rig ran.
type decided struct {
	at   time.Time
	raws [][]byte
	hash []byte // application hash after it
}

// rig is one application, driven as the engine drives it, without an engine.
type rig struct {
	tb     testing.TB
	o      app.Options
	a      *app.App
	x      *app.ABCI
	blocks []decided
	number uint64
}

func smallStore(dir string) store.Options {
	return store.Options{Dir: dir, NodeCacheMiB: 32, BlockCacheMiB: 8, WriteBufferMiB: 8, NoSync: true}
}

// newRig begins the development chain and runs its first block.
func newRig(tb testing.TB, tune ...func(*app.Options)) *rig {
	tb.Helper()
	r := &rig{tb: tb, o: app.Options{Chain: devnet.ChainID, Store: smallStore(tb.TempDir()), CheckInvariants: true}}
	for _, f := range tune {
		f(&r.o)
	}
	r.open()
	tb.Cleanup(func() { _ = r.a.Close() })
	r.initChain(laid().Genesis.AppState)
	r.run()
	return r
}

func (r *rig) open() {
	r.tb.Helper()
	if r.o.Fail == nil {
		r.o.Fail = func(why string) { r.tb.Errorf("the node fails: %s", why) }
	}
	a, err := app.Open(r.o)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.a, r.x = a, app.NewABCI(a)
}

// reopen closes the application and opens it again on its data.
func (r *rig) reopen() {
	r.tb.Helper()
	if err := r.a.Close(); err != nil {
		r.tb.Fatal(err)
	}
	r.open()
}

func (r *rig) initChain(state []byte) *abci.ResponseInitChain {
	r.tb.Helper()
	res, err := r.x.InitChain(context.Background(), &abci.RequestInitChain{ChainId: r.o.Chain, Time: begun, AppStateBytes: state, InitialHeight: 1, ConsensusParams: params(app.MaxBlockBytes + app.EngineBytes)})
	if err != nil {
		r.tb.Fatal(err)
	}
	return res
}

// params are the engine's parameters with blocks of a size.
func params(maxBytes int64) *cmtproto.ConsensusParams {
	return &cmtproto.ConsensusParams{Block: &cmtproto.BlockParams{MaxBytes: maxBytes, MaxGas: -1}}
}

func (r *rig) height() int64 { return r.a.Status().Height }

// at is the time of the next block: one second after the last.
func (r *rig) at() time.Time { return begun.Add(time.Duration(r.height()+1) * time.Second) }

// finalize runs the next block and does not commit it.
func (r *rig) finalize(at time.Time, raws ...[]byte) *abci.ResponseFinalizeBlock {
	r.tb.Helper()
	h := r.height() + 1
	hash := id.Hash("test block", binary.BigEndian.AppendUint64(nil, uint64(h)))
	res, err := r.x.FinalizeBlock(context.Background(), &abci.RequestFinalizeBlock{Height: h, Time: at, Txs: raws, Hash: hash[:]})
	if err != nil {
		r.tb.Fatal(err)
	}
	return res
}

func (r *rig) commit() {
	r.tb.Helper()
	if _, err := r.x.Commit(context.Background(), &abci.RequestCommit{}); err != nil {
		r.tb.Fatal(err)
	}
}

// runAt decides a block at a time.
func (r *rig) runAt(at time.Time, raws ...[]byte) *abci.ResponseFinalizeBlock {
	r.tb.Helper()
	res := r.finalize(at, raws...)
	r.commit()
	r.blocks = append(r.blocks, decided{at, raws, res.AppHash})
	return res
}

// run decides the next block.
func (r *rig) run(raws ...[]byte) *abci.ResponseFinalizeBlock {
	r.tb.Helper()
	return r.runAt(r.at(), raws...)
}

// must runs transactions that take effect.
func (r *rig) must(raws ...[]byte) {
	r.tb.Helper()
	for i, res := range r.run(raws...).TxResults {
		if res.Code != 0 {
			o, _ := r.a.OutcomeOf(context.Background(), app.Reader{Regulator: true, Member: id.ID{1}}, r.hash(raws[i]))
			r.tb.Fatalf("transaction %d: code %d: %s", i, res.Code, o.Tx.Log)
		}
	}
}

func (r *rig) hash(raw []byte) id.ID {
	tx := &txv1.Transaction{}
	if err := proto.Unmarshal(raw, tx); err != nil {
		r.tb.Fatal(err)
	}
	return txv1.Hash(tx.Body)
}

// propose asks for a proposal as the engine does.
func (r *rig) propose(maxBytes int64) [][]byte {
	r.tb.Helper()
	res, err := r.x.PrepareProposal(context.Background(), &abci.RequestPrepareProposal{Height: r.height() + 1, Time: r.at(), MaxTxBytes: maxBytes})
	if err != nil {
		r.tb.Fatal(err)
	}
	return res.Txs
}

// accepts tells whether a proposal of the next block is accepted.
func (r *rig) accepts(raws ...[]byte) bool {
	r.tb.Helper()
	return r.acceptsAt(r.at(), raws...)
}

func (r *rig) acceptsAt(at time.Time, raws ...[]byte) bool {
	r.tb.Helper()
	res, err := r.x.ProcessProposal(context.Background(), &abci.RequestProcessProposal{Height: r.height() + 1, Time: at, Txs: raws})
	if err != nil {
		r.tb.Fatal(err)
	}
	return res.Status == abci.ResponseProcessProposal_ACCEPT
}

func (r *rig) check(raw []byte) uint32 {
	r.tb.Helper()
	res, err := r.x.CheckTx(context.Background(), &abci.RequestCheckTx{Tx: raw})
	if err != nil {
		r.tb.Fatal(err)
	}
	return res.Code
}

// body makes a fresh body of a role's calls.
func (r *rig) body(role string, ms ...proto.Message) *txv1.Body {
	r.tb.Helper()
	r.number++
	txID := make([]byte, txv1.IDSize)
	binary.BigEndian.PutUint64(txID, r.number)
	b := &txv1.Body{
		ChainId: r.o.Chain, Sender: laid().Role(role).Account.Bytes(), Id: txID, ExpiresUnixS: r.at().Unix() + txv1.WindowS/2,
	}
	for _, m := range ms {
		call, err := txv1.CallOf(id.ID{}, m)
		if err != nil {
			r.tb.Fatal(err)
		}
		b.Calls = append(b.Calls, call)
	}
	return b
}

func (r *rig) sign(b *txv1.Body, roles ...string) []byte {
	r.tb.Helper()
	var signers []key.Signer
	for _, name := range roles {
		signers = append(signers, laid().Role(name).Signer)
	}
	raw, _, err := txv1.Sign(b, signers...)
	if err != nil {
		r.tb.Fatal(err)
	}
	return raw
}

// tx is a signed transaction of a role's calls.
func (r *rig) tx(role string, ms ...proto.Message) []byte {
	r.tb.Helper()
	return r.sign(r.body(role, ms...), role)
}
