package kernel

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/encoding/protojson"
)

// Genesis is a chain's first state: what it is for, and the calls that governance makes before the first block;
// or the records of an exported state.
type Genesis struct {
	Development bool            `json:"development"`
	UTCOffsetS  int32           `json:"utc_offset_s"`
	Calls       []GenesisCall   `json:"calls,omitempty"`
	Records     []GenesisRecord `json:"records,omitempty"`
	// ExportedFrom is the chain whose state the records are. The new chain has another id, so that no transaction of
	// the old one can be played again.
	ExportedFrom string `json:"exported_from,omitempty"`
	// Protocol is the rules that the chain begins with; absent means 1.
	Protocol uint32 `json:"protocol,omitempty"`
}

// GenesisCall is one call with its message as protojson.
type GenesisCall struct {
	Method  string          `json:"method"`
	Message json.RawMessage `json:"message"`
}

// GenesisRecord is one record of an exported state, its mark included.
type GenesisRecord struct {
	Collection string `json:"collection"`
	Key        []byte `json:"key"`
	Value      []byte `json:"value"`
}

// MaxUTCOffsetS bounds the chain's offset: a day's clock is at most 14 hours from UTC.
const MaxUTCOffsetS = 14 * 3600

// ParseGenesis reads a genesis and refuses fields that it does not know.
func ParseGenesis(b []byte) (*Genesis, error) {
	d, g := json.NewDecoder(bytes.NewReader(b)), &Genesis{}
	d.DisallowUnknownFields()
	if err := d.Decode(g); err != nil {
		return nil, fmt.Errorf("app_state of the genesis: %w", err)
	}
	if g.UTCOffsetS < -MaxUTCOffsetS || g.UTCOffsetS > MaxUTCOffsetS {
		return nil, fmt.Errorf("app_state of the genesis: utc_offset_s is %d, at most ±%d is a place on earth", g.UTCOffsetS, MaxUTCOffsetS)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("app_state of the genesis: there is something behind its end")
	}
	return g, nil
}

// InitGenesis makes the first state over an empty reader. The overlay is the first block's.
func (m *Machine) InitGenesis(base Reader, g *Genesis, info Info) (*Overlay, []ValidatorUpdate, error) {
	if len(g.Records) > 0 && (g.ExportedFrom == "" || g.ExportedFrom == m.chain) {
		return nil, nil, fmt.Errorf("the genesis has records of chain %q: a chain that goes on from them needs another id", g.ExportedFrom)
	}
	state := NewOverlay(base)
	if err := m.importRecords(state, g.Records); err != nil {
		return nil, nil, err
	}
	c := m.context(state, info)
	c.seed = kernelv1.GenesisSeed(m.chain)
	c.caller, c.tx = Governance, c.seed
	copy(c.mark[:], networkMark[:]) // the same on every chain: the record is public and equal after export and import
	networks.Save(c, None{}, &kernelv1.Network{Development: g.Development, UtcOffsetS: g.UTCOffsetS}, true)
	if err := m.beginProtocol(c, g.Protocol); err != nil {
		return nil, nil, err
	}
	c = m.context(state, info).as(c)
	copy(c.mark[:], c.seed[:])
	for i, call := range g.Calls {
		if err := m.genesisCall(c, uint32(i), call); err != nil {
			return nil, nil, fmt.Errorf("genesis call %d (%s): %w", i, call.Method, err)
		}
	}
	var updates []ValidatorUpdate
	for _, mod := range m.modules {
		if mod.EndBlock != nil {
			mod.EndBlock(c) // what it says of changes is in the whole set
		}
		if mod.Validators != nil {
			updates = append(updates, mod.Validators(c)...)
		}
	}
	return state, updates, nil
}

var networkMark = id.Hash("network mark")

// as takes over another context's identity.
func (c *Ctx) as(o *Ctx) *Ctx {
	c.seed, c.caller, c.tx = o.seed, o.caller, o.tx
	return c
}

func (m *Machine) genesisCall(c *Ctx, n uint32, call GenesisCall) error {
	b, err := m.EncodeCall(call.Method, call.Message)
	if err != nil {
		return err
	}
	c.call, c.item = n, 0
	return c.Run(call.Method, b)
}

// EncodeCall turns a method's message from protojson into its canonical bytes.
func (m *Machine) EncodeCall(method string, message []byte) ([]byte, error) {
	r, ok := m.routes[method]
	if !ok {
		return nil, ErrUnknownMethod.With("%.80q", method)
	}
	msg := r.empty()
	if err := protojson.Unmarshal(message, msg); err != nil {
		return nil, ErrMalformed.With("%s", err)
	}
	return deterministic.Marshal(msg)
}

// importRecords takes over an exported state, but for what belongs to the old chain's blocks.
func (m *Machine) importRecords(state *Overlay, records []GenesisRecord) error {
	for i, r := range records {
		col := m.CollectionOf(r.Key)
		if col == nil || col.Name != r.Collection {
			return fmt.Errorf("genesis record %d: no collection %q has key %x", i, r.Collection, r.Key)
		}
		if err := kernelv1.Unframe(r.Value, col.New()); err != nil {
			return fmt.Errorf("genesis record %d (%s): %w", i, r.Collection, err)
		}
		if !ofBlocks(col) && col != networks.Declared() { // the genesis says itself what the network is
			state.set(r.Key, r.Value)
		}
	}
	return nil
}

func ofBlocks(c *Collection) bool {
	return c == ranges.Declared() || c == blockIDs.Declared() || c == protocols.Declared()
}

// Export lists every record of state in order of key.
func (m *Machine) Export(base Reader) []GenesisRecord {
	var out []GenesisRecord
	base.Range(nil, bytes.Repeat([]byte{0xff}, 3), func(k, v []byte) bool {
		col := m.CollectionOf(k)
		if col == nil {
			fatal("a record of no collection at %x", k)
		}
		out = append(out, GenesisRecord{Collection: col.Name, Key: bytes.Clone(k), Value: bytes.Clone(v)})
		return true
	})
	return out
}

// ContentHash is a digest over records that does not depend on how the tree grew: it is equal before export and
// after import. The records of the chain's own blocks are left out.
func (m *Machine) ContentHash(records []GenesisRecord) id.ID {
	h := sha256.New()
	for _, r := range records {
		if col := m.CollectionOf(r.Key); col != nil && !ofBlocks(col) {
			one := id.Hash("record", r.Key, r.Value)
			h.Write(one[:])
		}
	}
	return id.ID(h.Sum(nil))
}

// NetworkOf is what genesis fixed for good.
func (m *Machine) NetworkOf(base Reader) *kernelv1.Network { return m.View(base, Info{}).net }
