package ceremony

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Parameter is a limit of the network that differs from its default, with the rule that it comes from.
type Parameter struct {
	Name   string `json:"name"`
	Value  int64  `json:"value"`
	Source string `json:"source"`
}

// Ceremony is all that a genesis is made from: the same ceremony gives the same bytes on every machine.
type Ceremony struct {
	Version int       `json:"splittally_ceremony"`
	Chain   string    `json:"chain"`
	Time    time.Time `json:"time"` // whole seconds
	// UTCOffsetS is where the chain's days begin, in seconds east of UTC.
	UTCOffsetS int32       `json:"utc_offset_s"`
	Parameters []Parameter `json:"parameters"`
	// AllowBelowFour lets a network begin that no failed validator leaves alive.
	AllowBelowFour bool    `json:"allow_below_four,omitempty"`
	Offers         []Offer `json:"offers"`
}

// fewSeats is how many members must vote for there to be more than one will.
const fewSeats = 1

// Settle puts offers and parameters in their one order, and the time in UTC.
func (c *Ceremony) Settle() {
	c.Version, c.Time = formVersion, c.Time.UTC()
	if c.Parameters == nil {
		c.Parameters = []Parameter{}
	}
	slices.SortFunc(c.Offers, func(a, b Offer) int {
		return strings.Compare(a.Terms.CredentialKind+a.Terms.Credential, b.Terms.CredentialKind+b.Terms.Credential)
	})
	slices.SortFunc(c.Parameters, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
}

// Check lists everything that is wrong, and what is allowed and dangerous.
func (c *Ceremony) Check() (faults, warnings []string) {
	faults = append(c.settingFaults(), c.offerFaults()...)
	faults = append(faults, c.sharedFaults()...)
	power, powerWarnings := c.powerFaults()
	return append(faults, power...), powerWarnings
}

func (c *Ceremony) settingFaults() []string {
	var out []string
	if c.Version != formVersion {
		out = append(out, fmt.Sprintf("splittally_ceremony is %d: this program reads version %d", c.Version, formVersion))
	}
	if c.Chain == "" || len(c.Chain) > maxChainBytes {
		out = append(out, fmt.Sprintf("chain: %d bytes, 1 to %d are needed", len(c.Chain), maxChainBytes))
	}
	if c.Time.Unix() <= 0 || c.Time.Nanosecond() != 0 {
		out = append(out, fmt.Sprintf("time: %s is no time of whole seconds", c.Time.Format(time.RFC3339Nano)))
	}
	if n := len(c.Offers); n == 0 || n > MaxOffers {
		out = append(out, fmt.Sprintf("there are %d offers, 1 to %d are possible", n, MaxOffers))
	}
	for i, p := range c.Parameters {
		if i > 0 && p.Name == c.Parameters[i-1].Name {
			out = append(out, fmt.Sprintf("parameter %s is given twice", p.Name))
		}
	}
	return out
}

func (c *Ceremony) offerFaults() []string {
	var out []string
	for i := range c.Offers {
		o := &c.Offers[i]
		for _, f := range o.Check() {
			out = append(out, fmt.Sprintf("offer of %s: %s", o.Terms.Name, f))
		}
		if o.Terms.Chain != c.Chain {
			out = append(out, fmt.Sprintf("offer of %s: it is for chain %q, not %q: it must be made again", o.Terms.Name, o.Terms.Chain, c.Chain))
		}
	}
	return out
}

// sharedFaults names what two offers claim at once.
func (c *Ceremony) sharedFaults() []string {
	var out []string
	claimed := map[string]string{}
	claim := func(what, value, by string) {
		if value == "" {
			return
		}
		k := what + " " + value
		if other, taken := claimed[k]; taken {
			out = append(out, fmt.Sprintf("%s is in the offers of %s and %s: it belongs to one", k, other, by))
		}
		claimed[k] = by
	}
	for i := range c.Offers {
		t := &c.Offers[i].Terms
		claim("the credential", t.Credential, t.Name)
		claim("the validator's key", t.Validator, t.Name)
		claim("the encryption key", t.EncryptionKey, t.Name)
		claim("the gate's pin", t.Pin, t.Name)
		claim("the p2p address", t.P2P, t.Name)
		for _, k := range t.Keys {
			claim("the account key", k.Key, t.Name)
		}
		for _, n := range t.Nodes {
			claim("the peer id", strings.ToLower(n), t.Name)
		}
	}
	return out
}

// powerFaults judges who could stop or lead the chain alone.
func (c *Ceremony) powerFaults() (faults, warnings []string) {
	var total int64
	validators, seats := 0, 0
	for i := range c.Offers {
		if t := &c.Offers[i].Terms; t.Power > 0 {
			total, validators = total+t.Power, validators+1
		}
		if c.Offers[i].Terms.Seat {
			seats++
		}
	}
	if validators == 0 || validators < governancev1.FewValidators && !c.AllowBelowFour {
		faults = append(faults, fmt.Sprintf("there are %d validators: with fewer than %d a single failure stops the chain; --allow-below-four if that is meant", validators, governancev1.FewValidators))
	}
	if seats < fewSeats {
		faults = append(faults, "no member has a seat: nobody could ever vote on anything")
	}
	for i := range c.Offers {
		if t := &c.Offers[i].Terms; t.Power*3 >= total && t.Power > 0 {
			warnings = append(warnings, fmt.Sprintf("%s has %d of %d voting power: with a third or more it can stop the chain alone", t.Name, t.Power, total))
		}
	}
	return faults, warnings
}

// Genesis makes the genesis file of a settled ceremony that Check has no fault with.
func (c *Ceremony) Genesis() ([]byte, error) {
	doc, err := c.document()
	if err != nil {
		return nil, err
	}
	b, err := cmtjson.MarshalIndent(doc, "", "  ")
	return append(b, '\n'), err
}

func (c *Ceremony) document() (*types.GenesisDoc, error) {
	doc := &types.GenesisDoc{ChainID: c.Chain, GenesisTime: c.Time, InitialHeight: 1, ConsensusParams: types.DefaultConsensusParams()}
	doc.ConsensusParams.Block.MaxBytes = app.MaxBlockBytes + app.EngineBytes
	calls, err := c.calls(doc)
	if err != nil {
		return nil, err
	}
	state, err := json.Marshal(&kernel.Genesis{UTCOffsetS: c.UTCOffsetS, Calls: calls})
	if err != nil {
		return nil, err
	}
	doc.AppState = state
	return doc, doc.ValidateAndComplete()
}

// calls are what governance does before the first block: the law, the members, whose keys make blocks.
func (c *Ceremony) calls(doc *types.GenesisDoc) ([]kernel.GenesisCall, error) {
	var messages []proto.Message
	for _, p := range c.Parameters {
		messages = append(messages, &governancev1.SetParameter{
			Name: p.Name, FromDay: kernelv1.DayOf(c.Time.Unix(), c.UTCOffsetS), Value: p.Value, Source: p.Source,
		})
	}
	first := len(messages)
	for i := range c.Offers {
		m, err := c.Offers[i].Terms.Admit()
		if err != nil {
			return nil, fmt.Errorf("offer of %s: %w", c.Offers[i].Terms.Name, err)
		}
		messages = append(messages, m)
	}
	for i := range c.Offers {
		t := &c.Offers[i].Terms
		if t.Power == 0 {
			continue
		}
		b, err := hex.DecodeString(t.Validator)
		if err != nil || len(b) != ed25519.PubKeySize {
			return nil, fmt.Errorf("offer of %s: validator: %.80q", t.Name, t.Validator)
		}
		pub := ed25519.PubKey(b)
		doc.Validators = append(doc.Validators, types.GenesisValidator{Address: pub.Address(), PubKey: pub, Power: t.Power, Name: t.Name})
		messages = append(messages, &governancev1.SetValidator{PublicKey: b, Power: t.Power, Member: c.member(first + i).Bytes(), AllowBelowFour: c.AllowBelowFour})
	}
	return encode(messages)
}

// member is the id that the call of this number gives the member that it admits; account is its main account's.
func (c *Ceremony) member(call int) id.ID {
	return kernelv1.CreatedID(kernelv1.GenesisSeed(c.Chain), uint32(call), 0) //nolint:gosec // a few hundred calls
}

func (c *Ceremony) account(call int) id.ID {
	return kernelv1.CreatedID(kernelv1.GenesisSeed(c.Chain), uint32(call), 1) //nolint:gosec // a few hundred calls
}

// encode writes calls as genesis has them. protojson puts in blanks at random; compact JSON has one form.
func encode(messages []proto.Message) ([]kernel.GenesisCall, error) {
	var out []kernel.GenesisCall
	for _, m := range messages {
		b, err := protojson.Marshal(m)
		if err != nil {
			return nil, err
		}
		var one bytes.Buffer
		if err := json.Compact(&one, b); err != nil {
			return nil, err
		}
		out = append(out, kernel.GenesisCall{Method: txv1.MethodOf(m), Message: one.Bytes()})
	}
	return out, nil
}
