package app

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
)

// MaxBlockBytes bounds the transactions of a block; the engine's own bound for the whole block lies above it.
const MaxBlockBytes = 8 << 20

// initChain makes the first state, which is committed with the first block, and returns a digest of it.
func (a *App) initChain(appState []byte, at time.Time) ([]byte, []kernel.ValidatorUpdate, error) {
	if a.store.Height() != 0 {
		return nil, nil, errors.New("this node's state has blocks already: it belongs to a chain that has begun")
	}
	g, err := kernel.ParseGenesis(appState)
	if err != nil {
		return nil, nil, err
	}
	state, updates, err := a.machine.InitGenesis(a.store, g, kernel.Info{TimeUnixS: at.Unix()})
	if err != nil {
		return nil, nil, err
	}
	a.first = state
	return stateDigest(state), updates, nil
}

func stateDigest(state *kernel.Overlay) []byte {
	h := sha256.New()
	for _, c := range state.Changes() {
		one := id.Hash("record", c.Key, c.Value)
		h.Write(one[:])
	}
	return h.Sum(nil)
}

// Export is the state at the node's last block as a genesis for a chain that goes on from it. The node must not run.
func (a *App) Export() ([]byte, id.ID, error) {
	records := a.machine.Export(a.store)
	n := a.machine.NetworkOf(a.store)
	g := kernel.Genesis{Development: n.Development, UTCOffsetS: n.UtcOffsetS, Records: records}
	b, err := json.MarshalIndent(g, "", " ")
	return b, a.machine.ContentHash(records), err
}
