package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
)

// What the engine alone carries: transactions as large as a transfer, which nobody looks into.
const (
	noopTxBytes = 300
	noopWaiting = 20_000 // own transactions of a node that wait for a block
)

// noopApp accepts every transaction and changes nothing. It makes its own as fast as blocks take them, so that what is
// measured is the engine and its mempool's gossip, and no client.
type noopApp struct {
	abci.BaseApplication
	told func(txs int) // after each block

	mu     sync.Mutex
	serial uint64
	tag    [8]byte // of this node, so that no two make the same
	pool   map[[32]byte][]byte
	order  [][32]byte // of pool; what is gone from it is skipped
	gossip [][]byte
	own    int // waiting, made here
	block  int
}

func newNoopApp(tag []byte, told func(txs int)) *noopApp {
	a := &noopApp{told: told, pool: map[[32]byte][]byte{}}
	copy(a.tag[:], tag)
	return a
}

// Info has nothing kept: the engine plays all blocks again.
func (a *noopApp) Info(context.Context, *abci.RequestInfo) (*abci.ResponseInfo, error) {
	return &abci.ResponseInfo{}, nil
}

// CheckTx takes everything.
func (a *noopApp) CheckTx(_ context.Context, r *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	a.insert(r.Tx)
	return &abci.ResponseCheckTx{}, nil
}

// InsertTx takes what other nodes pass on.
func (a *noopApp) InsertTx(_ context.Context, r *abci.RequestInsertTx) (*abci.ResponseInsertTx, error) {
	a.insert(r.Tx)
	return &abci.ResponseInsertTx{}, nil
}

func (a *noopApp) insert(raw []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.add(raw)
}

func (a *noopApp) add(raw []byte) {
	name := sha256.Sum256(raw)
	if _, there := a.pool[name]; !there {
		a.pool[name], a.order = raw, append(a.order, name)
	}
}

// fill makes transactions until enough wait.
func (a *noopApp) fill() {
	for ; a.own < noopWaiting; a.own++ {
		raw := make([]byte, noopTxBytes)
		copy(raw, a.tag[:])
		a.serial++
		binary.BigEndian.PutUint64(raw[len(a.tag):], a.serial)
		a.add(raw)
		a.gossip = append(a.gossip, raw)
	}
}

// ReapTxs hands new transactions over for other nodes.
func (a *noopApp) ReapTxs(context.Context, *abci.RequestReapTxs) (*abci.ResponseReapTxs, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.gossip
	a.gossip = nil
	return &abci.ResponseReapTxs{Txs: out}, nil
}

// PrepareProposal takes what waits, in order of arrival.
func (a *noopApp) PrepareProposal(_ context.Context, r *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out, room := [][]byte{}, r.MaxTxBytes
	for _, name := range a.order {
		if raw, there := a.pool[name]; there {
			if room -= int64(len(raw)) + noopFraming; room < 0 {
				break
			}
			out = append(out, raw)
		}
	}
	return &abci.ResponsePrepareProposal{Txs: out}, nil
}

// noopFraming is what an encoded block adds to a transaction, at most.
const noopFraming = 8

// ProcessProposal agrees.
func (a *noopApp) ProcessProposal(context.Context, *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// FinalizeBlock gives every transaction an empty result.
func (a *noopApp) FinalizeBlock(_ context.Context, r *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	out := &abci.ResponseFinalizeBlock{AppHash: []byte{1}}
	for range r.Txs {
		out.TxResults = append(out.TxResults, &abci.ExecTxResult{})
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, raw := range r.Txs {
		delete(a.pool, sha256.Sum256(raw))
		if [8]byte(raw) == a.tag {
			a.own--
		}
	}
	a.block = len(r.Txs)
	return out, nil
}

// Commit makes room for new transactions.
func (a *noopApp) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	kept := a.order[:0]
	for _, name := range a.order {
		if _, there := a.pool[name]; there {
			kept = append(kept, name)
		}
	}
	a.order = kept
	a.fill()
	a.told(a.block)
	return &abci.ResponseCommit{}, nil
}

// Query admits every peer.
func (a *noopApp) Query(context.Context, *abci.RequestQuery) (*abci.ResponseQuery, error) {
	return &abci.ResponseQuery{}, nil
}
