package kernel

import (
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// Governance is the identity with which the calls of an agreed proposal, and of genesis, run.
var Governance = kernelv1.Governance

// Info is what the engine says of a block.
type Info struct {
	Height    int64
	TimeUnixS int64
	// Hash is the engine's own hash of this block; empty at genesis.
	Hash []byte
	// Misbehaviour is what the block proves of validators that broke the engine's rules.
	Misbehaviour []Misbehaviour
}

// Offence is how a validator broke the engine's rules.
type Offence uint32

// The offences.
const (
	TwoVotes     Offence = 1 // for one height and round
	ForgedHeader Offence = 2 // for clients
)

// Misbehaviour is an offence that the engine has checked.
type Misbehaviour struct {
	Offence Offence
	// Address is the validator's: the first 20 bytes of the SHA-256 of its Ed25519 key.
	Address []byte
	// Height and TimeUnixS are when it did.
	Height    int64
	TimeUnixS int64
}

// Ctx is all that a handler may touch: state, the block's time, who calls, and where events go.
type Ctx struct {
	m      *Machine
	state  *Overlay
	info   Info
	net    *kernelv1.Network
	shift  int64
	rules  *kernelv1.Protocol // nil for protocol 1 with no plan
	params map[string]int64

	chain  string
	caller id.ID
	seed   id.ID // what ids of created things are derived from
	tx     id.ID
	call   uint32
	item   uint32
	mark   [kernelv1.MarkSize]byte
	out    *output
	last   *lastStanding // nil in a context that is shared
	begun  uint32        // the protocol that this block began
}

// lastStanding is the standing that was asked for last, good until state is written: one transaction asks for its
// sender's several times.
type lastStanding struct {
	account  id.ID
	version  uint64
	standing Standing
}

// output is what a transaction or a dated item leaves beside state; a rollback cuts it.
type output struct {
	events []*kernelv1.Event
	kept   [][]byte
	moves  []move
}

// Chain is the chain's id.
func (c *Ctx) Chain() string { return c.chain }

// Height is the block's height.
func (c *Ctx) Height() int64 { return c.info.Height }

// BlockTime is the block's own time in unix seconds: for expiries of transactions and proofs.
func (c *Ctx) BlockTime() int64 { return c.info.TimeUnixS }

// Now is the business time in unix seconds: block time, shifted where the network is for development.
func (c *Ctx) Now() int64 { return c.info.TimeUnixS + c.shift }

// Today is Now's day: days since 1970-01-01 by the chain's fixed offset from UTC.
func (c *Ctx) Today() int32 { return kernelv1.DayOf(c.Now(), c.net.GetUtcOffsetS()) }

// Development tells whether genesis said that this network is for development.
func (c *Ctx) Development() bool { return c.net.GetDevelopment() }

// Caller is the account that the call acts as; it has signed and is permitted.
func (c *Ctx) Caller() id.ID { return c.caller }

// Transaction is the hash of the body that runs; for a dated item the item's hash.
func (c *Ctx) Transaction() id.ID { return c.tx }

// CallNumber is the number of the call in its transaction, from 0.
func (c *Ctx) CallNumber() uint32 { return c.call }

// NewID names a thing that this call creates: a hash of sender, transaction id, number of the call and item.
func (c *Ctx) NewID() id.ID {
	c.item++
	return kernelv1.CreatedID(c.seed, c.call, c.item-1)
}

// Emit records what happened. The parties may see it beside regulators unless all its fields are public.
func (c *Ctx) Emit(event proto.Message, parties ...id.ID) {
	c.out.events = append(c.out.events, newEvent(event, parties))
}

// Keep hands bytes to the node's index, which finds them by their hash. They are no part of consensus: their
// hash must be in state for anybody to trust them.
func (c *Ctx) Keep(b []byte) { c.out.kept = append(c.out.kept, b) }

// Standing is what the chain knows of an account; ErrUnknown where it knows none.
func (c *Ctx) Standing(account id.ID) (Standing, error) {
	if l := c.last; l != nil && l.account == account && l.version == c.state.version {
		return l.standing, nil
	}
	s, ok := c.m.registry.Standing(c, account)
	if !ok {
		return Standing{}, ErrUnknown.With("%s", account)
	}
	if c.last != nil {
		*c.last = lastStanding{account: account, version: c.state.version, standing: s}
	}
	return s, nil
}

// Active is the standing of an account that may act now.
func (c *Ctx) Active(account id.ID) (Standing, error) {
	s, err := c.Standing(account)
	if err == nil && !s.Active {
		return Standing{}, ErrInactive.With("%s", account)
	}
	return s, err
}

// Param is the value of a parameter that holds today; it changes only between blocks.
func (c *Ctx) Param(p *Param) int64 {
	v, ok := c.params[p.Name]
	if !ok {
		fatal("parameter %s is not declared", p.Name)
	}
	return v
}

// Run executes a call under governance's identity, for an agreed proposal: the permission to call is governance's.
func (c *Ctx) Run(method string, message []byte) error {
	p, err := c.m.parseCall(method, message)
	if err == nil {
		err = p.known(c)
	}
	if err != nil {
		return err
	}
	sub := *c
	sub.caller = Governance
	err = c.m.invoke(&sub, p)
	c.item = sub.item
	return err
}

// Check decodes a call as governance would run it, and tells why it could not be.
func (c *Ctx) Check(method string, message []byte) error {
	p, err := c.m.parseCall(method, message)
	if err == nil {
		err = p.known(c)
	}
	if err != nil {
		return err
	}
	return p.governed()
}

// Try runs f and takes back what it wrote where it returns an error.
func (c *Ctx) Try(f func(*Ctx) error) error {
	mark, events, kept, moves := c.state.Snapshot(), len(c.out.events), len(c.out.kept), len(c.out.moves)
	err := f(c)
	if err != nil {
		c.state.Revert(mark)
		c.out.events, c.out.kept, c.out.moves = c.out.events[:events], c.out.kept[:kept], c.out.moves[:moves]
	}
	return err
}

// CodeNumber is the number of an error's code; an error without one is no refusal and stops the process.
func CodeNumber(err error) uint32 {
	if err == nil {
		return 0
	}
	code := errs.CodeOf(err)
	if code == nil {
		fatal("an error without a code: %v", err)
	}
	return code.Number
}

// At is this context's state as a block of another height and time would find it: for judging one thing after the
// other, by one goroutine.
func (c *Ctx) At(info Info) *Ctx {
	out := *c
	out.info, out.last = info, &lastStanding{}
	if out.Today() != c.Today() {
		out.params = c.m.paramsOn(&out, out.Today())
	}
	return &out
}
