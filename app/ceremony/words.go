package ceremony

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/encoding/protojson"
)

// reading puts a genesis into words: one line for each thing that it settles.
type reading struct {
	doc   *types.GenesisDoc
	state *kernel.Genesis
	names map[id.ID]string
	total int64
	lines []string
}

// read says what a genesis says.
func read(doc *types.GenesisDoc) ([]string, error) {
	state, err := kernel.ParseGenesis(doc.AppState)
	if err != nil {
		return nil, err
	}
	r := &reading{doc: doc, state: state, names: map[id.ID]string{}}
	r.head()
	for i, call := range state.Calls {
		if err := r.call(i, call); err != nil {
			return nil, fmt.Errorf("genesis call %d (%s): %w", i, call.Method, err)
		}
	}
	for _, v := range doc.Validators {
		r.say("the engine's list of validators has %x of %s with power %d", v.PubKey.Bytes(), v.Name, v.Power)
	}
	return r.lines, nil
}

func (r *reading) say(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *reading) head() {
	r.say("chain %s begins at %s", r.doc.ChainID, r.doc.GenesisTime.UTC().Format(time.RFC3339Nano))
	r.say("its days begin at UTC%s", offset(r.state.UTCOffsetS))
	if r.state.Development {
		r.say("it is a DEVELOPMENT network: its clock can be moved, and nothing on it is real")
	}
	if r.state.Protocol > 0 {
		r.say("it begins with the rules of protocol %d", r.state.Protocol)
	}
	if n := len(r.state.Records); n > 0 {
		r.say("it goes on from %d records of the chain %s", n, r.state.ExportedFrom)
	}
	if params, err := json.Marshal(r.doc.ConsensusParams); err == nil {
		r.say("the engine's parameters are %s", params)
	}
	if len(r.doc.AppHash) > 0 || r.doc.InitialHeight != 1 {
		r.say("it begins at height %d with state hash %X", r.doc.InitialHeight, []byte(r.doc.AppHash))
	}
	r.total = 0
	for _, v := range r.doc.Validators {
		r.total += v.Power
	}
}

// offset writes seconds east of UTC as +08:00.
func offset(s int32) string {
	sign := "+"
	if s < 0 {
		sign, s = "-", -s
	}
	return fmt.Sprintf("%s%02d:%02d", sign, s/3600, s/60%60)
}

func (r *reading) call(n int, call kernel.GenesisCall) error {
	switch call.Method {
	case "members.AdmitMember":
		m := &membersv1.AdmitMember{}
		if err := protojson.Unmarshal(call.Message, m); err != nil {
			return err
		}
		r.names[kernelv1.CreatedID(kernelv1.GenesisSeed(r.doc.ChainID), uint32(n), 0)] = m.GetLegal().GetName() //nolint:gosec // few calls
		r.member(m)
	case "governance.SetValidator":
		m := &governancev1.SetValidator{}
		if err := protojson.Unmarshal(call.Message, m); err != nil {
			return err
		}
		r.validator(m)
	case "governance.SetParameter":
		m := &governancev1.SetParameter{}
		if err := protojson.Unmarshal(call.Message, m); err != nil {
			return err
		}
		r.parameter(m)
	default:
		var one bytes.Buffer
		if err := json.Compact(&one, call.Message); err != nil {
			return err
		}
		r.say("governance calls %s %s", call.Method, one.Bytes())
	}
	return nil
}

func (r *reading) member(m *membersv1.AdmitMember) {
	l, p := m.GetLegal(), m.GetPolicy()
	vote, small := "no vote", ""
	if m.Seat {
		vote = "a vote"
	}
	if l.GetSmallFirm() {
		small = ", a small firm"
	}
	r.say("member %s (%s%s): %s; %s; may admit %d suppliers", l.GetName(), l.GetCredential(), small, membersv1.RolesString(m.Roles), vote, m.SupplierQuota)
	var keys []string
	for _, k := range p.GetKeys() {
		keys = append(keys, strings.TrimSpace(k.Public().String()+" "+k.Holder))
	}
	r.say("%s: %d of %d keys sign for its main account: %s", l.GetName(), p.GetThreshold(), len(p.GetKeys()), strings.Join(keys, ", "))
	if len(p.GetLimits())+len(p.GetMethods()) > 0 {
		r.say("%s: its main account has limits %v and may call %v", l.GetName(), p.GetLimits(), p.GetMethods())
	}
	for _, n := range m.Nodes {
		r.say("%s: node %s", l.GetName(), hex.EncodeToString(n))
	}
	r.say("%s: encryption key %x", l.GetName(), m.EncryptionKey)
}

func (r *reading) validator(m *governancev1.SetValidator) {
	member, _ := id.Of(m.Member)
	name, ok := r.names[member]
	if !ok {
		name = "nobody known (" + member.String() + ")"
	}
	share := 0.0
	if r.total > 0 {
		share = float64(m.Power) * 100 / float64(r.total)
	}
	r.say("%s: validator %x has power %d of %d, %.1f %%", name, m.PublicKey, m.Power, r.total, share)
}

func (r *reading) parameter(m *governancev1.SetParameter) {
	before := "which is no parameter of this program"
	for _, p := range app.Machine(r.doc.ChainID).Params() {
		if p.Name == m.Name {
			before = fmt.Sprintf("instead of %d", p.Default)
		}
	}
	r.say("parameter %s is %d %s, by %s", m.Name, m.Value, before, m.Source)
}
