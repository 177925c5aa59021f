// Package kernel is the machine that the modules run on: transactions, routes, typed collections over a journal,
// events, numbered refusals, the dated queue, invariants, genesis. It knows no engine and no disk.
package kernel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"google.golang.org/protobuf/proto"
)

// Module is one part of the business; fields that it does not need stay nil.
type Module struct {
	Name        string
	Collections []*Collection
	Params      []*Param
	Routes      []Route
	// Due has a handler for each kind of dated item. It computes from the item's due time, not from the block's.
	Due map[string]func(c *Ctx, dueUnixS int64, payload []byte) error
	// DueWeights are what kinds of dated items count for in a block that are more than one item's work.
	DueWeights map[string]int
	Invariants []Invariant
	// Misbehaviour is told, before the transactions, what a block proves of a validator.
	Misbehaviour func(c *Ctx, m Misbehaviour)
	// EndBlock runs after the transactions and dated items of every block.
	EndBlock func(c *Ctx) []ValidatorUpdate
	// Validators is the whole set, for the chain's beginning: genesis may have taken over one from another chain.
	Validators func(c *Ctx) []ValidatorUpdate
}

// ValidatorUpdate gives an Ed25519 key power in the engine; 0 removes it.
type ValidatorUpdate struct {
	PublicKey []byte
	Power     int64
}

// Invariant is a law of state. Check reports every violation that it finds, not only the first.
type Invariant struct {
	Name  string
	Check func(c *Ctx, violated func(format string, args ...any))
}

// Registry answers what the chain knows of accounts. modules/members is the one of the network.
type Registry interface {
	Standing(c *Ctx, account id.ID) (Standing, bool)
	// Charge judges what a call gives away against the account's limits and books it.
	Charge(c *Ctx, account id.ID, given []money.Amount) error
}

// Roles is a set of roles, one bit each; membersv1 names them.
type Roles uint32

// Has tells whether one of the wanted roles is there.
func (r Roles) Has(wanted Roles) bool { return r&wanted != 0 }

// Standing is what permission asks for: of an account, not of its member.
type Standing struct {
	Account id.ID
	Member  id.ID
	Lane    id.ID // the member whose lane pays
	Roles   Roles
	Seat    bool
	Active  bool
	// Methods is what the account's policy allows; empty for all.
	Methods   []string
	Keys      []key.Public
	Threshold int
	// Viewers are keys that may read what the account may, and sign nothing.
	Viewers []key.Public
}

// Message is a call's message: it knows its own limits. Validate judges the message alone, never state.
type Message interface {
	proto.Message
	Validate() error
}

// Need says who may call a method.
type Need struct {
	// Roles, of which the caller's member has one; 0 for every active account.
	Roles Roles
	// Seat: the caller's member has a seat.
	Seat bool
	// Governance: only an agreed proposal, or genesis.
	Governance bool
	// OrGovernance: governance may call it too.
	OrGovernance bool
	// Invited: an account that was invited and is not active yet may call it.
	Invited bool
	// Weight is the declared cost of one call; 0 counts as 1.
	Weight uint32
	// Large: the transaction may have 1 MiB.
	Large bool
	// Since is the protocol from which the method is there; 0 for always.
	Since uint32
}

// Route is one method of a module.
type Route struct {
	Method string
	Need   Need
	empty  func() Message
	decode func([]byte) (Message, error)
	gives  func(*Ctx, Message) ([]money.Amount, error)
	handle func(*Ctx, Message) error
}

// On declares a method: who may call it, what the call gives away by currency (GivesNothing says that it gives
// nothing), and its handler, which gets a valid message from a caller who is known and permitted.
func On[T any, P interface {
	*T
	Message
}](method string, need Need, gives func(*Ctx, P) ([]money.Amount, error), handle func(*Ctx, P) error) Route {
	r := Route{Method: method, Need: need}
	r.empty = func() Message { return P(new(T)) }
	r.decode = func(b []byte) (Message, error) {
		m := P(new(T))
		if err := decodeCanonical(b, m); err != nil {
			return nil, err
		}
		return m, m.Validate()
	}
	if gives != nil {
		r.gives = func(c *Ctx, m Message) ([]money.Amount, error) { return gives(c, m.(P)) }
	}
	r.handle = func(c *Ctx, m Message) error { return handle(c, m.(P)) }
	return r
}

// GivesNothing says of a route that its calls give no value away and grant no right to any.
func GivesNothing[P Message](*Ctx, P) ([]money.Amount, error) { return nil, nil }

// Machine executes blocks over state. It has no state of its own but what it was made of.
type Machine struct {
	chain       string
	modules     []*Module
	registry    Registry
	routes      map[string]*Route
	params      []*Param
	due         map[string]func(*Ctx, int64, []byte) error
	dueWeights  map[string]int
	collections []*Collection
	upgrades    []Upgrade
}

// NewMachine wires the modules in order. It panics on two methods, prefixes or names that are the same: a fault
// of the program, found at start.
func NewMachine(chain string, registry Registry, modules ...*Module) *Machine {
	m := &Machine{
		chain: chain, modules: modules, registry: registry,
		routes: map[string]*Route{}, due: map[string]func(*Ctx, int64, []byte) error{}, dueWeights: map[string]int{},
		collections: slices.Clone(ownCollections),
	}
	for _, mod := range modules {
		m.add(mod)
	}
	m.checkCollections()
	return m
}

func (m *Machine) add(mod *Module) {
	for i := range mod.Routes {
		r := &mod.Routes[i]
		if !strings.HasPrefix(r.Method, mod.Name+".") || m.routes[r.Method] != nil {
			panic(fmt.Sprintf("kernel: method %s of module %s", r.Method, mod.Name))
		}
		if r.gives == nil {
			panic("kernel: " + r.Method + " does not say what it gives")
		}
		m.routes[r.Method] = r
	}
	for kind, f := range mod.Due { //statelint:sorted into a map, order plays no part
		if m.due[kind] != nil {
			panic("kernel: two handlers for dated items of kind " + kind)
		}
		m.due[kind] = f
		m.dueWeights[kind] = max(mod.DueWeights[kind], 1)
	}
	for _, p := range mod.Params {
		if slices.ContainsFunc(m.params, func(o *Param) bool { return o.Name == p.Name }) {
			panic("kernel: two parameters named " + p.Name)
		}
		m.params = append(m.params, p)
	}
	m.collections = append(m.collections, mod.Collections...)
}

func (m *Machine) checkCollections() {
	prefixes, names, lists := map[Prefix]string{}, map[string]bool{}, map[string]bool{}
	for _, c := range m.collections {
		if other, dup := prefixes[c.Prefix]; dup || names[c.Name] {
			panic(fmt.Sprintf("kernel: collection %s clashes with %s", c.Name, other))
		}
		prefixes[c.Prefix], names[c.Name] = c.Name, true
		for _, l := range c.Lists {
			if lists[l.Name] {
				panic("kernel: two lists named " + l.Name)
			}
			lists[l.Name] = true
		}
	}
}

// Chain is the chain's id.
func (m *Machine) Chain() string { return m.chain }

// Collections lists every declared collection, for the index, the gate and export.
func (m *Machine) Collections() []*Collection { return m.collections }

// CollectionOf finds the collection of a state key; nil where none has its prefix.
func (m *Machine) CollectionOf(stateKey []byte) *Collection {
	for _, c := range m.collections {
		if len(stateKey) >= len(c.Prefix) && Prefix(stateKey[:2]) == c.Prefix {
			return c
		}
	}
	return nil
}

// Methods lists every method, sorted.
func (m *Machine) Methods() []string {
	var out []string
	for name := range m.routes { //statelint:sorted right below
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// View is a context over committed state for reading alone: queries, permission checks, invariants.
func (m *Machine) View(base Reader, info Info) *Ctx { return m.context(NewOverlay(base), info) }

func (m *Machine) context(state *Overlay, info Info) *Ctx {
	c := &Ctx{m: m, chain: m.chain, state: state, info: info, net: &kernelv1.Network{}, out: &output{}}
	if n, ok := networks.Get(c, None{}); ok {
		c.net = n
	}
	if s, ok := clocks.Get(c, None{}); ok {
		c.shift = s.ShiftS
	}
	c.rules, _ = protocols.Get(c, None{})
	c.params = m.paramsOn(c, c.Today())
	return c
}

// CheckInvariants runs every module's invariants over a context and returns all violations.
func (m *Machine) CheckInvariants(c *Ctx) []string {
	var out []string
	for _, mod := range m.modules {
		for _, inv := range mod.Invariants {
			inv.Check(c, func(format string, args ...any) {
				out = append(out, mod.Name+"/"+inv.Name+": "+fmt.Sprintf(format, args...))
			})
		}
	}
	return out
}
