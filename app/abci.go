package app

import (
	"context"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
)

// ABCI is the application as the engine calls it: it translates, and holds no rule.
type ABCI struct {
	abci.BaseApplication
	app       *App
	snapshots *Snapshots // nil where the node neither makes nor takes any
}

// NewABCI wraps the application for the engine.
func NewABCI(a *App) *ABCI { return &ABCI{app: a} }

// WithSnapshots lets the engine make, hand out and take in snapshots.
func (x *ABCI) WithSnapshots(s *Snapshots) *ABCI {
	x.snapshots = s
	return x
}

// Info tells the engine which block the state is at.
func (x *ABCI) Info(context.Context, *abci.RequestInfo) (*abci.ResponseInfo, error) {
	return &abci.ResponseInfo{
		Data: "splittally", AppVersion: uint64(x.app.protocol()),
		LastBlockHeight: x.app.store.Height(), LastBlockAppHash: x.app.store.Hash(),
	}, nil
}

// InitChain makes the first state.
func (x *ABCI) InitChain(_ context.Context, r *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	hash, updates, protocol, err := x.app.initChain(genesis{
		chain: r.ChainId, height: r.InitialHeight, time: r.Time, maxBlockBytes: r.ConsensusParams.GetBlock().GetMaxBytes(), state: r.AppStateBytes, validators: r.Validators,
	})
	if err != nil {
		return nil, err
	}
	return &abci.ResponseInitChain{AppHash: hash, Validators: validators(updates), ConsensusParams: versionOf(protocol)}, nil
}

// CheckTx takes a transaction of this node's own clients into the pool.
func (x *ABCI) CheckTx(_ context.Context, r *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	hash, err := x.app.Accept(r.Tx)
	return &abci.ResponseCheckTx{Code: codeOf(err), Log: text(err), Data: hash.Bytes()}, nil
}

// InsertTx takes a transaction of another node into the pool.
func (x *ABCI) InsertTx(_ context.Context, r *abci.RequestInsertTx) (*abci.ResponseInsertTx, error) {
	_, err := x.app.Accept(r.Tx)
	return &abci.ResponseInsertTx{Code: codeOf(err)}, nil
}

// ReapTxs hands new transactions over for other nodes.
func (x *ABCI) ReapTxs(_ context.Context, r *abci.RequestReapTxs) (*abci.ResponseReapTxs, error) {
	return &abci.ResponseReapTxs{Txs: x.app.pool.Reap(r.MaxBytes)}, nil
}

// PrepareProposal picks the transactions of a block.
func (x *ABCI) PrepareProposal(_ context.Context, r *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	return &abci.ResponsePrepareProposal{Txs: x.app.propose(r.Height, r.Time, r.MaxTxBytes)}, nil
}

// ProcessProposal judges a proposed block.
func (x *ABCI) ProcessProposal(_ context.Context, r *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	if err := x.app.checkProposal(r.Height, r.Time, r.Txs, MaxBlockBytes); err != nil {
		x.app.o.Log.Warn("refused a proposal", "height", r.Height, "err", err)
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// FinalizeBlock runs a decided block.
func (x *ABCI) FinalizeBlock(_ context.Context, r *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	info := kernel.Info{Height: r.Height, TimeUnixS: r.Time.Unix(), Hash: r.Hash, Misbehaviour: misbehaviour(r.Misbehavior)}
	results, outcome, root, err := x.app.execute(info, r.Txs)
	if err != nil {
		return nil, err
	}
	out := &abci.ResponseFinalizeBlock{AppHash: root, ValidatorUpdates: validators(outcome.Validators), ConsensusParamUpdates: versionOf(outcome.Protocol)}
	for _, res := range results {
		out.TxResults = append(out.TxResults, &abci.ExecTxResult{Code: res.Code, Data: res.Data})
	}
	return out, nil
}

// Commit makes the block durable.
func (x *ABCI) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	err := x.app.commit()
	if err == nil && x.snapshots != nil {
		x.snapshots.committed(x.app.store.Height())
	}
	return &abci.ResponseCommit{}, err
}

// ListSnapshots lists the snapshots that this node hands out.
func (x *ABCI) ListSnapshots(context.Context, *abci.RequestListSnapshots) (*abci.ResponseListSnapshots, error) {
	out := &abci.ResponseListSnapshots{}
	if x.snapshots == nil {
		return out, nil
	}
	for _, m := range x.snapshots.List() {
		out.Snapshots = append(out.Snapshots, &abci.Snapshot{
			Height: uint64(m.Height), Format: m.Format, Chunks: uint32(len(m.Chunks)), Hash: m.Hash(), Metadata: m.Encode(),
		})
	}
	return out, nil
}

// LoadSnapshotChunk hands out a chunk; none where there is no such.
func (x *ABCI) LoadSnapshotChunk(_ context.Context, r *abci.RequestLoadSnapshotChunk) (*abci.ResponseLoadSnapshotChunk, error) {
	if x.snapshots == nil {
		return &abci.ResponseLoadSnapshotChunk{}, nil
	}
	chunk, err := x.snapshots.Chunk(int64(r.Height), r.Format, r.Chunk)
	if err != nil {
		x.app.o.Log.Debug("a chunk was asked for that is not there", "err", err)
		return &abci.ResponseLoadSnapshotChunk{}, nil
	}
	return &abci.ResponseLoadSnapshotChunk{Chunk: chunk}, nil
}

// OfferSnapshot judges a snapshot of another node.
func (x *ABCI) OfferSnapshot(_ context.Context, r *abci.RequestOfferSnapshot) (*abci.ResponseOfferSnapshot, error) {
	if x.snapshots == nil {
		return &abci.ResponseOfferSnapshot{Result: abci.ResponseOfferSnapshot_ABORT}, nil
	}
	return &abci.ResponseOfferSnapshot{Result: x.snapshots.offer(r.Snapshot, r.AppHash)}, nil
}

// ApplySnapshotChunk takes in a chunk.
func (x *ABCI) ApplySnapshotChunk(_ context.Context, r *abci.RequestApplySnapshotChunk) (*abci.ResponseApplySnapshotChunk, error) {
	if x.snapshots == nil {
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ABORT}, nil
	}
	return x.snapshots.apply(r.Index, r.Chunk, r.Sender), nil
}

// Query answers the engine's question whether a peer is admitted, and nothing else.
func (x *ABCI) Query(_ context.Context, r *abci.RequestQuery) (*abci.ResponseQuery, error) {
	peer, isID := strings.CutPrefix(r.Path, "/p2p/filter/id/")
	switch {
	case isID && !x.app.AdmitsPeer(peer):
		return &abci.ResponseQuery{Code: codeOf(kernel.ErrNotPermitted), Log: "peer " + peer + " is no member's node"}, nil
	case isID, strings.HasPrefix(r.Path, "/p2p/filter/addr/"):
		return &abci.ResponseQuery{}, nil
	}
	return &abci.ResponseQuery{Code: codeOf(kernel.ErrUnknownMethod), Log: "state is read through the gate"}, nil
}

// codeOf is the number of a refusal; what is no refusal, and a full lane, mean "try again".
func codeOf(err error) uint32 {
	switch {
	case err == nil:
		return abci.CodeTypeOK
	case TryAgain(err):
		return abci.CodeTypeRetry
	default:
		return errs.CodeOf(err).Number
	}
}

func misbehaviour(in []abci.Misbehavior) []kernel.Misbehaviour {
	var out []kernel.Misbehaviour
	for _, m := range in {
		offence := kernel.TwoVotes
		if m.Type == abci.MisbehaviorType_LIGHT_CLIENT_ATTACK {
			offence = kernel.ForgedHeader
		}
		out = append(out, kernel.Misbehaviour{Offence: offence, Address: m.Validator.Address, Height: m.Height, TimeUnixS: m.Time.Unix()})
	}
	return out
}

// versionOf tells the engine which protocol the headers name from the next block on; nil where it stays.
func versionOf(protocol uint32) *cmtproto.ConsensusParams {
	if protocol == 0 {
		return nil
	}
	return &cmtproto.ConsensusParams{Version: &cmtproto.VersionParams{App: uint64(protocol)}}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func validators(in []kernel.ValidatorUpdate) []abci.ValidatorUpdate {
	var out []abci.ValidatorUpdate
	for _, u := range in {
		out = append(out, abci.Ed25519ValidatorUpdate(u.PublicKey, u.Power))
	}
	return out
}
