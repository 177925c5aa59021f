package app

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
)

// MaxBlockBytes bounds the transactions of a block; the engine's own bound for the whole block lies above it.
const MaxBlockBytes = 8 << 20

// EngineBytes is the room that a block has beside its transactions: header, commit, evidence.
const EngineBytes = 1 << 20

// genesis is what of the engine's genesis the application judges.
type genesis struct {
	chain         string
	height        int64
	time          time.Time
	maxBlockBytes int64
	state         []byte
	validators    []abci.ValidatorUpdate
}

// initChain makes the first state, which is committed with the first block, and returns a digest of it, the validators, and the protocol where it is not the first.
func (a *App) initChain(doc genesis) ([]byte, []kernel.ValidatorUpdate, uint32, error) {
	switch {
	case a.store.Height() != 0:
		return nil, nil, 0, errors.New("this node's state has blocks already: it belongs to a chain that has begun")
	case doc.chain != a.o.Chain:
		return nil, nil, 0, fmt.Errorf("the genesis is of chain %q, this node is set to %q", doc.chain, a.o.Chain)
	case doc.height != 1:
		return nil, nil, 0, fmt.Errorf("initial_height of the genesis is %d: a chain begins at 1", doc.height)
	case doc.maxBlockBytes < MaxBlockBytes+EngineBytes:
		return nil, nil, 0, fmt.Errorf("block.max_bytes of the genesis is %d: at least %d are needed", doc.maxBlockBytes, MaxBlockBytes+EngineBytes)
	}
	g, err := kernel.ParseGenesis(doc.state)
	if err != nil {
		return nil, nil, 0, err
	}
	state, updates, err := a.machine.InitGenesis(a.store, g, kernel.Info{TimeUnixS: doc.time.Unix()})
	if err != nil {
		return nil, nil, 0, err
	}
	if err := sameValidators(doc.validators, updates); err != nil {
		return nil, nil, 0, err
	}
	a.first = state
	return stateDigest(state), updates, g.Protocol, nil
}

// sameValidators judges that a genesis that lists validators lists those that its calls make: light clients begin
// from the list.
func sameValidators(listed []abci.ValidatorUpdate, made []kernel.ValidatorUpdate) error {
	if len(listed) == 0 {
		return nil
	}
	want := map[string]int64{}
	for _, v := range made {
		want[string(v.PublicKey)] = v.Power
	}
	for _, v := range listed {
		if power, ok := want[string(v.PubKey.GetEd25519())]; !ok || power != v.Power || len(listed) != len(made) {
			return errors.New("the genesis lists other validators than its calls make: name each by governance.SetValidator with its power")
		}
	}
	return nil
}

func stateDigest(state *kernel.Overlay) []byte {
	h := sha256.New()
	for _, c := range state.Changes() {
		one := id.Hash("record", c.Key, c.Value)
		h.Write(one[:])
	}
	return h.Sum(nil)
}

// Digest is the height, the root and a digest of every record of committed state.
func (a *App) Digest() (height int64, root []byte, content id.ID) {
	return a.store.Height(), a.store.Hash(), a.machine.ContentHash(a.machine.Export(a.store))
}

// Export is the state at the node's last block as a genesis for a chain that goes on from it. The node must not run.
func (a *App) Export() ([]byte, id.ID, error) {
	records := a.machine.Export(a.store)
	n := a.machine.NetworkOf(a.store)
	g := kernel.Genesis{Development: n.Development, UTCOffsetS: n.UtcOffsetS, Records: records, ExportedFrom: a.machine.Chain()}
	if p := a.protocol(); p > 1 {
		g.Protocol = p
	}
	b, err := json.MarshalIndent(g, "", " ")
	return b, a.machine.ContentHash(records), err
}
