package kerneltest

import (
	"cmp"
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

// Row is one route in the table of who may not call it.
type Row struct {
	// Make prepares the chain so that the call takes effect, and returns who makes it. Of a call that only governance makes
	// it may be anybody.
	Make func(c *Chain) (Actor, proto.Message)
	// Wrong is somebody whose role does not allow it, and Refusal what he is told; nil for NotPermitted.
	Wrong   Actor
	Refusal *errs.Code
	// Once says that the call changes its caller's keys, so that a copy of it is refused for those.
	Once bool
}

// Routes plays every route of a module against the wrong role, the wrong signer, another chain, an expired and a copied
// transaction, and wants it to take effect for who may call it. A route without a row, and a row without a route, fail.
func Routes(t *testing.T, module *kernel.Module, setup func(testing.TB) *Chain, rows map[string]Row) {
	t.Helper()
	routed := map[string]bool{}
	for _, r := range module.Routes {
		routed[r.Method] = true
		row, ok := rows[r.Method]
		if !ok {
			t.Errorf("%s has no row", r.Method)
			continue
		}
		t.Run(r.Method, func(t *testing.T) { row.play(t, r, setup(t)) })
	}
	for method := range rows {
		if !routed[method] {
			t.Errorf("%s is no route of %s", method, module.Name)
		}
	}
}

func (row Row) play(t *testing.T, r kernel.Route, c *Chain) {
	as, msg := row.Make(c)
	if got := Method(msg); got != r.Method {
		t.Fatalf("the row makes %s", got)
	}
	want := func(what string, err error, code *errs.Code) {
		t.Helper()
		if got := errs.CodeOf(err); got != code {
			t.Errorf("%s: want %v, got %v", what, code, err)
		}
	}
	want("wrong role", c.Do(row.Wrong, msg).Err, cmp.Or(row.Refusal, kernel.ErrNotPermitted))
	if r.Need.Governance {
		want("who is not governance", c.Do(as, msg).Err, kernel.ErrNotPermitted)
		want("governance", Govern(c, msg), nil)
		return
	}
	body := c.Body(as, Call(as, msg))
	with := func(change func(*txv1.Body)) []byte {
		b := proto.CloneOf(body)
		change(b)
		return c.Sign(b, as)
	}
	want("wrong signer", c.Raw(c.Sign(body, Actor{Signers: []key.Signer{Signer("nobody's key")}})).Err, kernel.ErrMissingKey)
	want("other chain", c.Raw(with(func(b *txv1.Body) { b.ChainId = "other-1" })).Err, kernel.ErrWrongChain)
	want("expired", c.Raw(with(func(b *txv1.Body) { b.ExpiresUnixS = c.Time })).Err, kernel.ErrExpired)
	want("who may", c.Raw(c.Sign(body, as)).Err, nil)
	if !row.Once {
		want("a copy", c.Raw(c.Sign(body, as)).Err, kernel.ErrIDReused)
	}
}

// Govern runs a call as governance does, in a block of its own, and commits what it changes.
func Govern(c *Chain, msg proto.Message) error {
	c.TB.Helper()
	raw, err := txv1.Encode(msg)
	if err != nil {
		c.TB.Fatal(err)
	}
	c.Height++
	c.Time++
	run := c.M.Begin(kernel.NewOverlay(c.Mem), kernel.Info{Height: c.Height, TimeUnixS: c.Time, Hash: id.Hash("governed", c.info().Hash).Bytes()}, c.IDs)
	err = run.Context().Try(func(ctx *kernel.Ctx) error { return ctx.Run(Method(msg), raw) })
	o := run.End()
	c.Mem.Apply(o.Changes)
	c.IDs.Apply(o.IDs)
	c.Validators = append(c.Validators, o.Validators...)
	return err
}

// Step is a call and what must come of it; without an actor governance makes it.
type Step struct {
	As   Actor
	Do   proto.Message
	Want *errs.Code
}

// InOrder plays calls with one fault fewer each: every step is wrong in what the steps after it still are, so that the order
// of refusals is seen. Their numbers rise, those of the kernel aside. The last may take effect.
func (c *Chain) InOrder(steps ...Step) {
	c.TB.Helper()
	var last *errs.Code
	for i, s := range steps {
		var err error
		if s.As.ID.IsZero() {
			err = Govern(c, s.Do)
		} else {
			err = c.Do(s.As, s.Do).Err
		}
		if s.Want == nil && err != nil || s.Want != nil && !errors.Is(err, s.Want) {
			c.TB.Fatalf("step %d, %s: want %v, got %v", i, Method(s.Do), s.Want, err)
		}
		if s.Want == nil || s.Want.Module == "kernel" {
			continue
		}
		if last != nil && last.Module == s.Want.Module && last.Number > s.Want.Number {
			c.TB.Errorf("step %d: %s comes after %s", i, s.Want.Name, last.Name)
		}
		last = s.Want
	}
}
