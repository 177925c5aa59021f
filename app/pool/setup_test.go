package pool_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
)

// roomy holds whatever a test puts into it.
var roomy = pool.Room{Bytes: 8 << 20, Weight: pool.MaxWeight}

func anyone(*pool.Entry) bool { return true }

func laneID(n int) id.ID {
	var l id.ID
	binary.BigEndian.PutUint64(l[:], uint64(n+1))
	return l
}

// entry makes a judged transaction of a lane: number names it, size is of its bytes.
func entry(lane, number, size int, weight int64) *pool.Entry {
	raw := make([]byte, max(size, 16))
	binary.BigEndian.PutUint64(raw, uint64(lane))
	binary.BigEndian.PutUint64(raw[8:], uint64(number))
	txID := make([]byte, txv1.IDSize)
	copy(txID, raw[:16])
	return &pool.Entry{Raw: raw, Lane: laneID(lane), Tx: &kernel.Tx{
		Hash: id.Hash("body", raw), Sender: laneID(lane), Weight: weight, Body: &txv1.Body{Id: txID, ExpiresUnixS: 1 << 40},
	}}
}

// again is the same body with other signature bytes.
func again(e *pool.Entry) *pool.Entry {
	return &pool.Entry{Raw: append(append([]byte(nil), e.Raw...), 1), Lane: e.Lane, Tx: e.Tx}
}

// another is another body under the id of e.
func another(e *pool.Entry) *pool.Entry {
	tx := *e.Tx
	tx.Hash = id.Hash("another", e.Raw)
	return &pool.Entry{Raw: append(append([]byte(nil), e.Raw...), 2), Lane: e.Lane, Tx: &tx}
}

func mustAdd(t testing.TB, p *pool.Pool, all ...*pool.Entry) {
	t.Helper()
	for _, e := range all {
		if err := p.Add(e); err != nil {
			t.Fatal(err)
		}
	}
}

// remove forgets entries, as a block that carries them does.
func remove(p *pool.Pool, all ...*pool.Entry) {
	keys := make([]kernel.ReplayKey, len(all))
	for i, e := range all {
		keys[i] = e.Tx.ReplayKey()
	}
	p.Forget(keys, 0)
}

// names writes entries as lane.number.
func names(entries []*pool.Entry) string {
	out := ""
	for _, e := range entries {
		out += fmt.Sprintf("%d.%d ", binary.BigEndian.Uint64(e.Raw), binary.BigEndian.Uint64(e.Raw[8:]))
	}
	return out
}
