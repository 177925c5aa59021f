package kernel_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

// The toy module: its routes run scripts, which each test writes as plain functions over Ctx. A call names its
// script in kind; round is the amount in CNY that it gives.
var (
	toySet     = errs.NewSet("toy", 91_000)
	errField   = toySet.New("ToyField", "a field is wrong", "Mend it.")
	errRefused = toySet.New("ToyRefused", "the toy refuses", "Leave it.")
	errLimit   = toySet.New("ToyLimit", "the toy's limit", "Give less.")
)

type (
	notesKey = id.ID
	pairKey  = kernel.Pair[id.ID, kernel.Text]
)

var (
	notes   = kernel.NewMap[notesKey]("toy.notes", kernel.Prefix{90, 1}, readNote, kernel.ListOf("toy.notes", noteSubjects))
	numbers = kernel.NewMap[kernel.Uint64]("toy.numbers", kernel.Prefix{90, 2}, public)
	texts   = kernel.NewMap[pairKey]("toy.texts", kernel.Prefix{90, 3}, public)
	charged = kernel.NewMap[id.ID]("toy.charged", kernel.Prefix{90, 4}, public)

	toyParam = &kernel.Param{Name: "toy.size_bytes", Default: 5, Min: 1, Max: 100, Source: "the toy's rule"}
)

func public(*kernelv1.Count) kernel.Audience { return kernel.Public }

func readNote(n *kernelv1.Count) kernel.Audience {
	return kernel.Audience{Parties: []id.ID{id.Hash(fmt.Sprint(n.Count))}}
}

func noteSubjects(n *kernelv1.Count) []id.ID { return []id.ID{id.Hash(fmt.Sprint(n.Count))} }

func number(n uint64) *kernelv1.Count { return &kernelv1.Count{Count: n} }

// do is the message of every toy route: a QueueItem, which has a field of most kinds.
type do struct{ kernelv1.QueueItem }

// Validate refuses a negative due time with the toy's code, and a payload of 3 bytes with an error of no code.
func (m *do) Validate() error {
	if m.DueUnixS < 0 {
		return errField.At("due_unix_s", "%d", m.DueUnixS)
	}
	if len(m.Payload) == 3 {
		return errors.New("payload has 3 bytes")
	}
	return nil
}

type script = func(c *kernel.Ctx) error

type toy struct {
	scripts map[string]script
	due     map[string]func(c *kernel.Ctx, due int64, payload []byte) error
	end     func(c *kernel.Ctx) []kernel.ValidatorUpdate
	whole   func(c *kernel.Ctx) []kernel.ValidatorUpdate
	checks  []kernel.Invariant
}

func (y *toy) run(c *kernel.Ctx, m *do) error {
	if f := y.scripts[m.Kind]; f != nil {
		return f(c)
	}
	return nil
}

// gives refuses 13, so that tests see what becomes of an error there.
func gives(_ *kernel.Ctx, m *do) ([]money.Amount, error) {
	if m.Round == 13 {
		return nil, errField.At("round", "13")
	}
	return []money.Amount{{Minor: int64(m.Round), Currency: "CNY"}, {Currency: "EUR"}}, nil
}

func (y *toy) module() *kernel.Module {
	route := func(name string, need kernel.Need) kernel.Route {
		return kernel.On("toy."+name, need, gives, y.run)
	}
	return &kernel.Module{
		Name:        "toy",
		Collections: []*kernel.Collection{notes.Declared(), numbers.Declared(), texts.Declared(), charged.Declared()},
		Params:      []*kernel.Param{toyParam},
		Routes: []kernel.Route{
			route("Do", kernel.Need{}), route("Role", kernel.Need{Roles: roleA | roleB}), route("Seat", kernel.Need{Seat: true}),
			route("Governed", kernel.Need{Governance: true}), route("Both", kernel.Need{OrGovernance: true, Seat: true}),
			route("Invited", kernel.Need{Invited: true}), route("Large", kernel.Need{Large: true}), route("Later", kernel.Need{Since: 2}), route("Heavy", kernel.Need{Weight: 7}),
		},
		Due: map[string]func(*kernel.Ctx, int64, []byte) error{
			"one":   func(c *kernel.Ctx, due int64, p []byte) error { return y.item("one", c, due, p) },
			"two":   func(c *kernel.Ctx, due int64, p []byte) error { return y.item("two", c, due, p) },
			"heavy": func(c *kernel.Ctx, due int64, p []byte) error { return y.item("heavy", c, due, p) },
		},
		DueWeights: map[string]int{"heavy": heavy},
		Invariants: y.checks,
		EndBlock: func(c *kernel.Ctx) []kernel.ValidatorUpdate {
			if y.end == nil {
				return nil
			}
			return y.end(c)
		},
		Validators: func(c *kernel.Ctx) []kernel.ValidatorUpdate {
			if y.whole == nil {
				return nil
			}
			return y.whole(c)
		},
	}
}

func (y *toy) item(kind string, c *kernel.Ctx, due int64, payload []byte) error {
	if f := y.due[kind]; f != nil {
		return f(c, due, payload)
	}
	return nil
}

const (
	roleA kernel.Roles = 1 << iota
	roleB
	roleC
)

// registry knows the accounts of a map, and charges up to limit CNY an account in all.
type registry struct {
	accounts map[id.ID]kernel.Standing
	limit    uint64
}

func (r *registry) Standing(_ *kernel.Ctx, account id.ID) (kernel.Standing, bool) {
	s, ok := r.accounts[account]
	return s, ok
}

func (r *registry) Charge(c *kernel.Ctx, account id.ID, given []money.Amount) error {
	rec, _ := charged.Get(c, account)
	sum := rec.GetCount()
	for _, a := range given {
		sum += uint64(a.Minor)
	}
	if sum > r.limit {
		return errLimit.With("%d", sum)
	}
	charged.Save(c, account, number(sum), true)
	return nil
}

// The actors: one key each but for board, 2 of 3, and pair, 2 of 2.
var (
	alice   = actor("alice", "alice")
	bob     = actor("bob", "bob")
	carol   = actor("carol", "carol")
	board   = actor("board", "board 1", "board 2", "board 3")
	pair    = actor("pair", "pair 1", "pair 2")
	invited = actor("invited", "invited")
	narrow  = actor("narrow", "narrow")
	nobody  = actor("nobody", "nobody")
)

func actor(name string, keys ...string) kerneltest.Actor {
	a := kerneltest.Actor{ID: id.Hash("account", []byte(name)), Member: id.Hash("member", []byte(name))}
	for _, k := range keys {
		a.Signers = append(a.Signers, kerneltest.Signer(k))
	}
	return a
}

// with is the actor signing with some of its keys alone.
func with(a kerneltest.Actor, keys ...int) kerneltest.Actor {
	all := a.Signers
	a.Signers = nil
	for _, i := range keys {
		a.Signers = append(a.Signers, all[i])
	}
	return a
}

func newRegistry() *registry {
	r := &registry{accounts: map[id.ID]kernel.Standing{}, limit: 1_000_000}
	r.put(alice, 1, func(s *kernel.Standing) { s.Roles, s.Seat = roleA, true })
	r.put(bob, 1, func(s *kernel.Standing) { s.Roles = roleB })
	r.put(carol, 1, func(s *kernel.Standing) { s.Roles, s.Lane = roleC, alice.Member })
	r.put(board, 2, func(*kernel.Standing) {})
	r.put(pair, 2, func(*kernel.Standing) {})
	r.put(invited, 1, func(s *kernel.Standing) { s.Active = false })
	r.put(narrow, 1, func(s *kernel.Standing) { s.Methods = []string{"toy.Role"} })
	return r
}

func (r *registry) put(a kerneltest.Actor, threshold int, change func(*kernel.Standing)) {
	s := kernel.Standing{Account: a.ID, Member: a.Member, Lane: a.Member, Active: true, Threshold: threshold}
	for _, k := range a.Signers {
		s.Keys = append(s.Keys, k.Public())
	}
	change(&s)
	r.accounts[a.ID] = s
}

// world is a chain of the toy.
type world struct {
	*kerneltest.Chain
	toy *toy
	reg *registry
}

func newWorld(tb testing.TB, calls ...kernel.GenesisCall) *world {
	return newWorldOf(tb, &toy{}, calls...)
}

func newWorldOf(tb testing.TB, y *toy, calls ...kernel.GenesisCall) *world {
	tb.Helper()
	if y.scripts == nil {
		y.scripts = map[string]script{}
	}
	if y.due == nil {
		y.due = map[string]func(*kernel.Ctx, int64, []byte) error{}
	}
	r := newRegistry()
	m := kernel.NewMachine(kerneltest.ChainID, r, y.module())
	return &world{Chain: kerneltest.New(tb, m, calls...), toy: y, reg: r}
}

// call makes a call of a toy route that runs f; f may be nil.
func (w *world) call(as kerneltest.Actor, method string, f script) *txv1.Call {
	m := &do{}
	if f != nil {
		m.Kind = fmt.Sprintf("script %d", len(w.toy.scripts))
		w.toy.scripts[m.Kind] = f
	}
	return callOf(as, method, m)
}

func callOf(as kerneltest.Actor, method string, m proto.Message) *txv1.Call {
	b, err := txv1.Encode(m)
	if err != nil {
		panic(err)
	}
	return &txv1.Call{As: as.ID.Bytes(), Method: method, Message: b}
}

// run sends one transaction of a call for each script, in a block of its own.
func (w *world) run(as kerneltest.Actor, fs ...script) kernel.Result {
	w.TB.Helper()
	var calls []*txv1.Call
	for _, f := range fs {
		calls = append(calls, w.call(as, "toy.Do", f))
	}
	return w.Raw(w.Sign(w.Body(as, calls...), as))
}

// must is run, and fails the test where the transaction is refused.
func (w *world) must(as kerneltest.Actor, fs ...script) kernel.Result {
	w.TB.Helper()
	r := w.run(as, fs...)
	if r.Err != nil {
		w.TB.Fatal(r.Err)
	}
	return r
}

// parse makes the transaction of a body without judging it against state; signatures are as the keys say, and of no
// worth: execution judges keys alone.
func (w *world) parse(body *txv1.Body, signers ...kerneltest.Actor) *kernel.Tx {
	w.TB.Helper()
	tx, err := w.M.Parse(cheap(body, signers...))
	if err != nil {
		w.TB.Fatal(err)
	}
	return tx
}

// cheap is a transaction with empty signatures: thousands take no time.
func cheap(body *txv1.Body, signers ...kerneltest.Actor) []byte {
	wire := &txv1.Transaction{Body: encode(body)}
	for _, a := range signers {
		for _, s := range a.Signers {
			pub := s.Public()
			wire.Signatures = append(wire.Signatures, &txv1.Signature{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Signature: make([]byte, key.SignatureSize)})
		}
	}
	txv1.SortSignatures(wire)
	return encode(wire)
}

func encode(m proto.Message) []byte {
	b, err := txv1.Encode(m)
	if err != nil {
		panic(err)
	}
	return b
}

// fatally runs f and tells of the Fatal that it panics with; it fails the test where there is none.
func fatally(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		e, ok := recover().(kernel.Fatal)
		if !ok || e.Error() == "" {
			t.Errorf("%s: no Fatal", what)
		}
	}()
	f()
}

// panics runs f and fails the test where it does not panic.
func panics(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}

// open is a context that writes, over an overlay of committed state.
func (w *world) open() (*kernel.Ctx, *kernel.Overlay) {
	o := kernel.NewOverlay(w.Mem)
	r := w.M.Begin(o, kernel.Info{Height: w.Height + 1, TimeUnixS: w.Time + 1, Hash: id.Hash("open").Bytes()}, w.IDs)
	return r.Context(), o
}
