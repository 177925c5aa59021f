package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// route is a call that would take effect for one actor, and an actor whose role does not allow it.
type route struct {
	msg      proto.Message
	right    kerneltest.Actor
	wrong    kerneltest.Actor
	refusal  *errs.Code // of the wrong role
	governed bool       // for nobody but governance
}

// routes is every route of the module, in a world with an invited supplier and one that is its sponsor's to suspend.
func routes(c *kerneltest.Chain) []route {
	invited := admitted(c, maker, 1, "invitation")
	supplier := joined(c, admitted(c, bank, 2, "invitation 2"), "own")
	inv := kerneltest.Signer("invitation 3").Public()
	return []route{
		{msg: genesis()[0], right: maker, wrong: bank, governed: true},
		{msg: standing(operator, active, membersv1.RoleOperator, true), right: maker, wrong: bank, governed: true},
		{msg: &membersv1.AdmitSupplier{
			Legal: uscc("S", 9), IdentityCheck: id.Hash("x").Bytes(), InvitationKind: uint32(inv.Kind), InvitationKey: inv.Bytes,
		}, right: maker, wrong: operator, refusal: kernel.ErrNotPermitted},
		{msg: &membersv1.SuspendSupplier{Member: supplier.Member.Bytes(), Reason: "x"}, right: bank, wrong: operator, refusal: kernel.ErrNotPermitted},
		{msg: &membersv1.ReinstateSupplier{Member: supplier.Member.Bytes()}, right: bank, wrong: supplier, refusal: kernel.ErrNotPermitted},
		{msg: joinWith(invited, kerneltest.Signer("mine")), right: invited, wrong: maker, refusal: kernel.ErrInactive},
		{msg: &membersv1.OpenAccount{Name: "x", Policy: policy(1, "x")}, right: maker, wrong: regulator, refusal: kernel.ErrNotPermitted},
		{msg: &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: policy(1, "maker", "y")}, right: maker, wrong: regulator, refusal: kernel.ErrNotPermitted},
		{msg: &membersv1.SetNodes{}, right: maker, wrong: regulator, refusal: kernel.ErrNotPermitted},
	}
}

func TestEveryRouteIsInTheTable(t *testing.T) {
	c := setup(t)
	var want []string
	for _, r := range New().Module().Routes {
		want = append(want, r.Method)
	}
	for i, r := range routes(c) {
		if i >= len(want) || kerneltest.Method(r.msg) != want[i] {
			t.Errorf("row %d is %s", i, kerneltest.Method(r.msg))
		}
	}
}

func TestRoutesRefuseWhoMayNot(t *testing.T) {
	for i, r := range routes(setup(t)) {
		t.Run(kerneltest.Method(r.msg), func(t *testing.T) {
			c := setup(t)
			r := routes(c)[i]
			if r.governed {
				c.Refused(kernel.ErrNotPermitted, r.right, r.msg)
				return
			}
			c.Refused(r.refusal, r.wrong, r.msg)
			wrongSigner := r.right
			wrongSigner.Signers = []key.Signer{kerneltest.Signer("stranger")}
			c.Refused(kernel.ErrMissingKey, wrongSigner, r.msg)

			body := c.Body(r.right, kerneltest.Call(r.right, r.msg))
			wants(t, c.Raw(c.Sign(with(body, func(b *txv1.Body) { b.ChainId = "other-1" }), r.right)).Err, kernel.ErrWrongChain)
			wants(t, c.Raw(c.Sign(with(body, func(b *txv1.Body) { b.ExpiresUnixS = c.Time }), r.right)).Err, kernel.ErrExpired)
			first := c.Raw(c.Sign(body, r.right)).Err
			if code := errs.CodeOf(first); first != nil && code.Module != "members" {
				t.Errorf("the right caller is refused: %v", first)
			}
			if !isJoin(r.msg) { // whose key is gone after the first time
				wants(t, c.Raw(c.Sign(body, r.right)).Err, kernel.ErrIDReused)
			}
		})
	}
}

func isJoin(m proto.Message) bool { _, ok := m.(*membersv1.Join); return ok }

func with(b *txv1.Body, change func(*txv1.Body)) *txv1.Body {
	out := proto.CloneOf(b)
	change(out)
	return out
}

// A regulator's keys sign nothing that changes state: whatever the method, it is refused.
func TestARegulatorSignsNothing(t *testing.T) {
	c := setup(t)
	for _, r := range routes(c) {
		if res := c.Do(regulator, r.msg); res.Err == nil {
			t.Errorf("%s took effect", kerneltest.Method(r.msg))
		}
	}
	wants(t, pay(c, regulator, 1).Err, kernel.ErrNotPermitted)
}
