package kernel

import (
	"slices"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/kernel/txv1"
)

// Result is what became of one transaction.
type Result struct {
	Hash   id.ID
	Code   uint32
	Err    error // for logs and people; no part of consensus
	Data   []byte
	Events []*kernelv1.Event
	Kept   [][]byte
	// Accounts signed for it: what the node's words about it are shown to.
	Accounts []id.ID
}

// Run is one block in execution.
type Run struct {
	m   *Machine
	c   *Ctx
	ids *IDSet
	new map[ReplayKey]struct{}
	d   *IDChanges
}

// Outcome is what a block leaves.
type Outcome struct {
	Changes    []Change
	Validators []ValidatorUpdate
	IDs        *IDChanges
	Events     []*kernelv1.Event // that no transaction caused
	Kept       [][]byte
	// Protocol is the one that this block began; 0 for the one before it.
	Protocol uint32
}

// Begin starts a block over an overlay: an empty one, or genesis's for the first block.
func (m *Machine) Begin(state *Overlay, info Info, ids *IDSet) *Run {
	state.remember()
	c := m.context(state, info)
	c.seed = id.Hash("block", info.Hash)
	copy(c.mark[:], c.seed[:])
	c.tx = c.seed
	c = m.upgrade(c)
	m.accuse(c)
	r := &Run{m: m, c: c, ids: ids, new: map[ReplayKey]struct{}{}, d: &IDChanges{}}
	c.expireIDs(r.d)
	return r
}

// accuse hands validators' misbehaviour to the modules that want to know of it.
func (m *Machine) accuse(c *Ctx) {
	for _, one := range c.info.Misbehaviour {
		for _, mod := range m.modules {
			if mod.Misbehaviour != nil {
				mod.Misbehaviour(c, one)
			}
		}
	}
}

// Deliver runs one transaction: all of its calls take effect, or none; its id is consumed either way.
func (r *Run) Deliver(tx *Tx) Result {
	c := *r.c
	c.tx, c.mark, c.out, c.last = tx.Hash, tx.mark, &output{}, &lastStanding{}
	c.seed = kernelv1.SeedOf(tx.Sender, tx.Body.Id)
	err := r.consume(&c, tx)
	included := err == nil
	if included {
		err = c.Try(func(c *Ctx) error { return r.m.calls(c, tx) })
	}
	res := Result{Hash: tx.Hash, Code: CodeNumber(err), Err: err, Events: c.out.events, Accounts: tx.Accounts()}
	if included {
		c.sent(tx, res.Code)
	}
	c.enter(tx.Hash.Bytes())
	res.Data, res.Kept = eventRoot(tx.salts, res.Events), c.out.kept
	return res
}

// consume takes the transaction's id. An honest proposal has none that fails here, and what an earlier transaction of
// the block did to the sender's keys changes nothing: the id is kept for as long as the expiry may lie ahead.
func (r *Run) consume(c *Ctx, tx *Tx) error {
	if tx.expired(c) {
		return ErrExpired
	}
	if tx.Body.ExpiresUnixS-c.BlockTime() > txv1.WindowSeveralS {
		return ErrTooFarAhead
	}
	class := tx.class(c)
	k := tx.ReplayKey()
	if _, twice := r.new[k]; twice || r.ids.Has(k) {
		return ErrIDReused
	}
	if _, err := c.Standing(tx.Sender); err != nil {
		return err
	}
	r.new[k] = struct{}{}
	r.d.consume(tx, class)
	return nil
}

// calls judges the policies against the state that the transaction meets, then runs its calls in order.
func (m *Machine) calls(c *Ctx, tx *Tx) error {
	if err := m.signed(c, tx); err != nil {
		return err
	}
	if err := payers(c, tx); err != nil {
		return err
	}
	for i, call := range tx.calls {
		c.caller, c.call, c.item = call.as, uint32(i), 0
		if _, err := m.permit(c, call); err != nil {
			return err
		}
		if err := m.invoke(c, call); err != nil {
			return err
		}
	}
	return nil
}

// permit judges whether the account may call the method.
func (m *Machine) permit(c *Ctx, call parsedCall) (Standing, error) {
	need := call.route.Need
	s, err := c.Standing(call.as)
	switch {
	case err != nil:
		return s, err
	case need.Invited == s.Active:
		return s, ErrInactive.With("account %s", call.as)
	case need.Governance, need.Seat && !s.Seat, need.Roles != 0 && !s.Roles.Has(need.Roles):
		return s, ErrNotPermitted.With("%s", call.route.Method)
	case len(s.Methods) > 0 && !slices.Contains(s.Methods, call.route.Method):
		return s, ErrMethodClosed.With("%s", call.route.Method)
	}
	return s, nil
}

// invoke charges what the call gives away and runs its handler.
func (m *Machine) invoke(c *Ctx, call parsedCall) error {
	if c.caller == Governance {
		if err := call.governed(); err != nil {
			return err
		}
		return call.route.handle(c, call.msg)
	}
	given, err := call.route.gives(c, call.msg)
	if err != nil {
		return err
	}
	if given = nonZero(given); len(given) > 0 {
		if err := m.registry.Charge(c, c.caller, given); err != nil {
			return err
		}
	}
	return call.route.handle(c, call.msg)
}

// governed judges whether governance may make the call.
func (p parsedCall) governed() error {
	if need := p.route.Need; !need.Governance && !need.OrGovernance {
		return ErrNotPermitted.With("%s is not governance's", p.route.Method)
	}
	return nil
}

func nonZero(given []money.Amount) []money.Amount {
	return slices.DeleteFunc(given, func(a money.Amount) bool { return a.Minor == 0 })
}

// End runs what is due and each module's end of block, appends the block's hash to the mountain range, writes the
// ids, and returns what changed.
func (r *Run) End() *Outcome {
	c := r.c
	c.runDue()
	out := &Outcome{Protocol: c.begun}
	for _, mod := range r.m.modules {
		if mod.EndBlock != nil {
			out.Validators = append(out.Validators, mod.EndBlock(c)...)
		}
	}
	c.enter(nil)
	c.saveIDs(r.d)
	c.saveRange()
	out.IDs, out.Events, out.Kept, out.Changes = r.d, c.out.events, c.out.kept, c.state.Changes()
	return out
}

func (c *Ctx) saveRange() {
	rec, _ := ranges.Get(c, None{})
	if rec == nil {
		rec = &kernelv1.Range{}
	}
	next := appendBlock(rec, c.info.Hash)
	next.BlockEvents = eventRoot(id.Hash("block events", c.info.Hash), c.out.events)
	ranges.Save(c, None{}, next, true)
}

// Before reads state as it was before the block.
func (r *Run) Before(key []byte) ([]byte, bool) { return r.c.state.before(key) }

// Context is the block's own context, for tests and queries that look at the state in the making.
func (r *Run) Context() *Ctx { return r.c }
