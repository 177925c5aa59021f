package kerneltest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"google.golang.org/protobuf/proto"
)

// A small module with three routes whose messages are those of deposits: a role mints, everybody passes on, governance
// redeems. The tests plant one wrong declaration each and want the table of routes to find it.

const (
	mints kernel.Roles = 1 << iota
	holds
)

var (
	banker, holder = person("banker"), person("holder")

	tallies = kernel.NewMap[id.ID]("tallies", kernel.Prefix{90, 1}, func(*kernelv1.Count) kernel.Audience { return kernel.Public })
)

func person(name string) kerneltest.Actor {
	return kerneltest.Actor{ID: id.Hash("account", []byte(name)), Member: id.Hash("member", []byte(name)), Signers: []key.Signer{kerneltest.Signer(name)}}
}

// small is the module and who is registered, as a test declares them.
type small struct {
	mint, transfer, redeem kernel.Need
	handle                 func(c *kernel.Ctx) error
	keys                   map[id.ID][]key.Public // further keys of an account
	invariant              func(*kernel.Ctx, func(string, ...any))
}

func declared() *small {
	return &small{mint: kernel.Need{Roles: mints}, redeem: kernel.Need{Governance: true}, transfer: kernel.Need{Roles: holds}, keys: map[id.ID][]key.Public{}}
}

func (s *small) Standing(_ *kernel.Ctx, account id.ID) (kernel.Standing, bool) {
	for _, a := range []struct {
		who   kerneltest.Actor
		roles kernel.Roles
	}{{banker, mints}, {holder, holds}} {
		if a.who.ID == account {
			keys := append([]key.Public{a.who.Signers[0].Public()}, s.keys[account]...)
			return kernel.Standing{Account: account, Member: a.who.Member, Lane: a.who.Member, Roles: a.roles, Active: true, Keys: keys, Threshold: 1}, true
		}
	}
	return kernel.Standing{}, false
}

func (*small) Charge(*kernel.Ctx, id.ID, []money.Amount) error { return nil }

// module counts calls in one record; a currency of JPY is refused, so that refusals can be played.
func (s *small) module() *kernel.Module {
	run := func(c *kernel.Ctx, currency string) error {
		if currency == "JPY" {
			return depositv1.ErrForbidden
		}
		if s.handle != nil {
			return s.handle(c)
		}
		rec, _ := tallies.Get(c, id.Hash("all"))
		tallies.Save(c, id.Hash("all"), &kernelv1.Count{Count: rec.GetCount() + 1}, true)
		return nil
	}
	m := &kernel.Module{
		Name: "deposit", Collections: []*kernel.Collection{tallies.Declared()},
		Routes: []kernel.Route{
			kernel.On("deposit.Mint", s.mint, kernel.GivesNothing, func(c *kernel.Ctx, m *depositv1.Mint) error { return run(c, m.Currency) }),
			kernel.On("deposit.Transfer", s.transfer, kernel.GivesNothing, func(c *kernel.Ctx, m *depositv1.Transfer) error { return run(c, m.Currency) }),
			kernel.On("deposit.Redeem", s.redeem, kernel.GivesNothing, func(c *kernel.Ctx, m *depositv1.Redeem) error { return run(c, m.Currency) }),
		},
	}
	if s.invariant != nil {
		m.Invariants = []kernel.Invariant{{Name: "planted", Check: s.invariant}}
	}
	return m
}

func (s *small) start(tb testing.TB) *kerneltest.Chain {
	return kerneltest.New(tb, kernel.NewMachine(kerneltest.ChainID, s, s.module()))
}

func mint(currency string) proto.Message {
	return &depositv1.Mint{To: holder.ID.Bytes(), AmountMinor: 1, Currency: currency}
}

func pass() proto.Message {
	return &depositv1.Transfer{Bank: banker.Member.Bytes(), To: banker.ID.Bytes(), AmountMinor: 1, Currency: "CNY"}
}

func redeem() proto.Message {
	return &depositv1.Redeem{Bank: banker.Member.Bytes(), AmountMinor: 1, Currency: "CNY"}
}

func make1(a kerneltest.Actor, m proto.Message) func(*kerneltest.Chain) (kerneltest.Actor, proto.Message) {
	return func(*kerneltest.Chain) (kerneltest.Actor, proto.Message) { return a, m }
}

func table() map[string]kerneltest.Row {
	return map[string]kerneltest.Row{
		"deposit.Mint":     {Make: make1(banker, mint("CNY")), Wrong: holder},
		"deposit.Transfer": {Make: make1(holder, pass()), Wrong: banker},
		"deposit.Redeem":   {Make: make1(holder, redeem()), Wrong: banker},
	}
}

// planted are wrong declarations and wrong rows by name, and what the table of routes says of each.
var planted = map[string]struct {
	spoil func(*small, map[string]kerneltest.Row)
	want  []string
}{
	"nothing":                      {func(*small, map[string]kerneltest.Row) {}, nil},
	"a route open to every role":   {func(s *small, _ map[string]kerneltest.Row) { s.mint = kernel.Need{} }, []string{"deposit.Mint", "wrong role: want NotPermitted"}},
	"a route of another role":      {func(s *small, _ map[string]kerneltest.Row) { s.mint.Roles = holds }, []string{"deposit.Mint", "wrong role", "who may"}},
	"a route of too many roles":    {func(s *small, _ map[string]kerneltest.Row) { s.transfer.Roles |= mints }, []string{"deposit.Transfer", "wrong role"}},
	"a route that nobody may call": {func(s *small, _ map[string]kerneltest.Row) { s.mint.Seat = true }, []string{"deposit.Mint", "who may"}},
	"governance's, open to all":    {func(s *small, _ map[string]kerneltest.Row) { s.redeem = kernel.Need{} }, []string{"deposit.Redeem", "wrong role"}},
	"a key too many": {func(s *small, _ map[string]kerneltest.Row) {
		s.keys[banker.ID] = []key.Public{kerneltest.Signer("nobody's key").Public()}
	}, []string{"deposit.Mint", "wrong signer: want SignatureMissing"}},
	"a handler that always refuses": {func(s *small, _ map[string]kerneltest.Row) {
		s.handle = func(*kernel.Ctx) error { return depositv1.ErrInsufficient }
	}, []string{"deposit.Mint", "who may", "deposit.Redeem", "governance", "DepositInsufficient"}},
	"a route without a row":   {func(_ *small, rows map[string]kerneltest.Row) { delete(rows, "deposit.Transfer") }, []string{"deposit.Transfer has no row"}},
	"a row without a route":   {func(_ *small, rows map[string]kerneltest.Row) { rows["deposit.Burn"] = rows["deposit.Mint"] }, []string{"deposit.Burn is no route of deposit"}},
	"a row of another method": {func(_ *small, rows map[string]kerneltest.Row) { rows["deposit.Transfer"] = rows["deposit.Mint"] }, []string{"the row makes deposit.Mint"}},
	"another refusal": {func(_ *small, rows map[string]kerneltest.Row) {
		row := rows["deposit.Mint"]
		row.Refusal = depositv1.ErrToSelf
		rows["deposit.Mint"] = row
	}, []string{"want DepositToSelf", "NotPermitted"}},
	"a wrong actor who may": {func(_ *small, rows map[string]kerneltest.Row) {
		row := rows["deposit.Mint"]
		row.Wrong = banker
		rows["deposit.Mint"] = row
	}, []string{"deposit.Mint", "wrong role"}},
}

const plantedEnv = "SPLITTALLY_PLANTED_ROUTE"

// TestPlantedRoute plays the table of routes with the fault that the environment names; it is run by TestRoutesFindsFaults,
// in a process of its own, because it is to fail.
func TestPlantedRoute(t *testing.T) {
	s, rows := declared(), table()
	if fault := os.Getenv(plantedEnv); fault != "" {
		planted[fault].spoil(s, rows)
	}
	kerneltest.Routes(t, s.module(), s.start, rows)
}

// The table of routes finds each wrong declaration and each wrong row, and says which route and what was wrong.
func TestRoutesFindsFaults(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range planted {
		cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestPlantedRoute$", "-test.count=1")
		cmd.Env = append(os.Environ(), plantedEnv+"="+name)
		out, err := cmd.CombinedOutput()
		if (err == nil) != (tc.want == nil) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if !bytes.Contains(out, []byte("PASS")) && !bytes.Contains(out, []byte("--- FAIL: TestPlantedRoute")) {
			t.Errorf("%s: the table was not played:\n%s", name, out)
		}
		for _, want := range tc.want {
			if !bytes.Contains(out, []byte(want)) {
				t.Errorf("%s: nothing says %q:\n%s", name, want, out)
			}
		}
	}
}

// judge is a test that remembers what it was told, and stops at a Fatal.
type judge struct {
	testing.TB
	errors, fatals []string
}

type stopped struct{}

func (j *judge) Helper() {}
func (j *judge) Errorf(format string, a ...any) {
	j.errors = append(j.errors, fmt.Sprintf(format, a...))
}
func (j *judge) Fatal(a ...any) { j.Fatalf("%s", fmt.Sprint(a...)) }
func (j *judge) Fatalf(format string, a ...any) {
	j.fatals = append(j.fatals, fmt.Sprintf(format, a...))
	panic(stopped{})
}

// said runs f on a chain whose test is a judge, and gives what was said: errors, then the Fatal.
func said(t *testing.T, s *small, f func(c *kerneltest.Chain)) string {
	t.Helper()
	j := &judge{TB: t}
	func() {
		defer func() {
			if e := recover(); e != nil && e != (stopped{}) {
				panic(e)
			}
		}()
		f(s.start(j))
	}()
	return strings.Join(append(j.errors, j.fatals...), "; ")
}

// One line a case: what a test does on a chain, and what it is told; nothing where all is as it says.
func TestChainTellsTheTest(t *testing.T) {
	forbidden, insufficient, denied := depositv1.ErrForbidden, depositv1.ErrInsufficient, kernel.ErrNotPermitted
	type chain = *kerneltest.Chain
	for name, tc := range map[string]struct {
		do   func(c chain)
		want string
	}{
		"Must, and it takes effect":   {func(c chain) { c.Must(banker, mint("CNY")) }, ""},
		"Must, and it is refused":     {func(c chain) { c.Must(banker, mint("JPY")) }, "deposit.Mint: DepositsForbidden"},
		"Must of who may not":         {func(c chain) { c.Must(holder, mint("CNY")) }, "NotPermitted"},
		"Must of what is not valid":   {func(c chain) { c.Must(banker, mint("XXQ")) }, "DepositField"},
		"Refused, as it says":         {func(c chain) { c.Refused(forbidden, banker, mint("JPY")) }, ""},
		"Refused with another code":   {func(c chain) { c.Refused(insufficient, banker, mint("JPY")) }, "want DepositInsufficient, got DepositsForbidden"},
		"Refused, and it takes place": {func(c chain) { c.Refused(forbidden, banker, mint("CNY")) }, "want DepositsForbidden, got <nil>"},
		"in order": {func(c chain) {
			c.InOrder(kerneltest.Step{As: holder, Do: mint("JPY"), Want: denied}, kerneltest.Step{As: banker, Do: mint("JPY"), Want: forbidden}, kerneltest.Step{As: banker, Do: mint("CNY")})
		}, ""},
		"in order, governance": {func(c chain) {
			c.InOrder(kerneltest.Step{As: holder, Do: redeem(), Want: denied}, kerneltest.Step{Do: redeem()})
		}, ""},
		"in order, another refusal": {func(c chain) { c.InOrder(kerneltest.Step{As: banker, Do: mint("JPY"), Want: insufficient}) }, "step 0, deposit.Mint: want DepositInsufficient"},
		"in order, none":            {func(c chain) { c.InOrder(kerneltest.Step{As: banker, Do: mint("CNY"), Want: forbidden}) }, "step 0"},
		"in order, one at the end":  {func(c chain) { c.InOrder(kerneltest.Step{As: banker, Do: mint("JPY")}) }, "step 0"},
		"numbers that fall": {func(c chain) {
			c.InOrder(kerneltest.Step{As: banker, Do: mint("JPY"), Want: forbidden}, kerneltest.Step{As: banker, Do: mint("XXQ"), Want: depositv1.ErrField})
		}, "step 1: DepositField comes after DepositsForbidden"},
	} {
		got := said(t, declared(), tc.do)
		if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: it was told %q, want %q", name, got, tc.want)
		}
	}
}

// A block that leaves state in disorder ends the test with every violation, unless the test plants it itself.
func TestBlockChecksInvariants(t *testing.T) {
	s := declared()
	s.invariant = func(c *kernel.Ctx, violated func(string, ...any)) {
		if rec, _ := tallies.Get(c, id.Hash("all")); rec.GetCount() > 1 {
			violated("first of %d", rec.GetCount())
			violated("second")
		}
	}
	if got := said(t, s, func(c *kerneltest.Chain) { c.Must(banker, mint("CNY")) }); got != "" {
		t.Errorf("one call: %s", got)
	}
	got := said(t, s, func(c *kerneltest.Chain) { c.Must(banker, mint("CNY"), mint("CNY")) })
	if !strings.Contains(got, "height 2") || !strings.Contains(got, "first of 2") || !strings.Contains(got, "second") {
		t.Errorf("two calls: %q", got)
	}
	quiet := func(c *kerneltest.Chain) {
		c.NoInvariants = true
		c.Must(banker, mint("CNY"), mint("CNY"))
	}
	if got := said(t, s, quiet); got != "" {
		t.Errorf("without them: %s", got)
	}
}

// What is planted is read, by its key, as if a handler had written it; nil takes it away.
func TestPlantAndRead(t *testing.T) {
	c := declared().start(t)
	at := kernelv1.StateKey(kernelv1.Prefix{90, 1}, id.Hash("planted").Bytes())
	if c.Read(at, &kernelv1.Count{}) {
		t.Error("it is there before")
	}
	c.Plant(at, &kernelv1.Count{Count: 9})
	got := &kernelv1.Count{}
	if !c.Read(at, got) || got.Count != 9 {
		t.Errorf("read %v", got)
	}
	if rec, ok := tallies.Get(c.View(), id.Hash("planted")); !ok || rec.Count != 9 {
		t.Errorf("a handler reads %v", rec)
	}
	c.Plant(at, nil)
	if c.Read(at, got) {
		t.Error("it is there still")
	}
}

// Each step is a block, a second after the last; Advance moves time by what it is told and makes a block.
func TestHeightsAndTimes(t *testing.T) {
	c := declared().start(t)
	if c.Height != 1 || c.Time != kerneltest.Start+1 {
		t.Errorf("genesis: height %d, %d s", c.Height, c.Time-kerneltest.Start)
	}
	c.Must(banker, mint("CNY"))
	c.Refused(depositv1.ErrForbidden, banker, mint("JPY"))
	c.Advance(3_600)
	if c.Height != 4 || c.Time != kerneltest.Start+4+3_600 {
		t.Errorf("height %d, %d s", c.Height, c.Time-kerneltest.Start)
	}
	if err := kerneltest.Govern(c, redeem()); err != nil || c.Height != 5 {
		t.Errorf("governance: %v, height %d", err, c.Height)
	}
	if rec, _ := tallies.Get(c.View(), id.Hash("all")); rec.GetCount() != 2 {
		t.Errorf("%d calls took effect", rec.GetCount())
	}
	if err := kerneltest.Govern(c, &depositv1.Redeem{Bank: banker.Member.Bytes(), AmountMinor: 1, Currency: "JPY"}); !errors.Is(err, depositv1.ErrForbidden) {
		t.Errorf("governance is not refused: %v", err)
	}
	if rec, _ := tallies.Get(c.View(), id.Hash("all")); rec.GetCount() != 2 {
		t.Error("what governance was refused took effect")
	}
}

// Bodies are fresh, and a transaction is signed once by each key, whoever has it.
func TestBodiesAndSignatures(t *testing.T) {
	c := declared().start(t)
	one, two := c.Body(banker), c.Body(banker)
	if bytes.Equal(one.Id, two.Id) || one.ExpiresUnixS <= c.Time || one.ChainId != kerneltest.ChainID {
		t.Errorf("%v, %v", one, two)
	}
	body := c.Body(banker, kerneltest.Call(banker, mint("CNY")))
	twice := c.Sign(body, banker, banker)
	if !bytes.Equal(twice, c.Sign(body, banker)) {
		t.Error("an actor who is named twice signs twice")
	}
	if r := c.Raw(twice); r.Err != nil || c.Height != 2 {
		t.Errorf("%v at height %d", r.Err, c.Height)
	}
	if r := c.Raw(twice); r.Err == nil || r.Code == 0 || c.Height != 2 {
		t.Errorf("a copy: %v, code %d, height %d", r.Err, r.Code, c.Height)
	}
	if r := c.Raw([]byte("no transaction")); errs.CodeOf(r.Err) != kernelv1.ErrMalformed || c.Height != 2 {
		t.Errorf("%v at height %d", r.Err, c.Height)
	}
}

// Run gives each case a chain of its own.
func TestRunIsolatesCases(t *testing.T) {
	count := func(want uint64) func(*kerneltest.Chain) {
		return func(c *kerneltest.Chain) {
			if rec, _ := tallies.Get(c.View(), id.Hash("all")); rec.GetCount() != want {
				t.Errorf("%d calls, want %d", rec.GetCount(), want)
			}
		}
	}
	kerneltest.Run(t, declared().start, []kerneltest.Case{
		{Name: "once", As: banker, Do: mint("CNY"), After: count(1)},
		{Name: "and again", As: banker, Do: mint("CNY"), After: count(1)},
		{Name: "refused", As: banker, Do: mint("JPY"), Want: depositv1.ErrForbidden, After: count(0)},
		{Name: "of governance", As: holder, Do: redeem(), Want: kernel.ErrNotPermitted, After: count(0)},
	})
}
