package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// rows are every route of the module, each in a world in which it takes effect.
func rows() map[string]kerneltest.Row {
	by := func(a kerneltest.Actor, msg proto.Message) func(*kerneltest.Chain) (kerneltest.Actor, proto.Message) {
		return func(*kerneltest.Chain) (kerneltest.Actor, proto.Message) { return a, msg }
	}
	governed := func(msg proto.Message) kerneltest.Row { return kerneltest.Row{Make: by(maker, msg), Wrong: bank} }
	own := func(msg proto.Message) kerneltest.Row { return kerneltest.Row{Make: by(maker, msg), Wrong: regulator} }
	supplier := func(c *kerneltest.Chain) kerneltest.Actor {
		return joined(c, admitted(c, bank, 2, "invitation"), "own")
	}
	return map[string]kerneltest.Row{
		"members.AdmitMember":   governed(memberstest.Admission("new", membersv1.RoleWarehouse)),
		"members.SetStanding":   governed(standing(operator, active, membersv1.RoleOperator, true)),
		"members.SetSponsor":    governed(&membersv1.SetSponsor{Member: operator.Member.Bytes(), Sponsor: bank.Member.Bytes()}),
		"members.Recover":       governed(recovery(operator, "new")),
		"members.AdmitSupplier": {Make: by(maker, invitation(9, "invitation")), Wrong: operator},
		"members.CancelRecovery": {Wrong: bank, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) {
			wants(c.TB, kerneltest.Govern(c, recovery(operator, "new")), nil)
			return maker, &membersv1.CancelRecovery{Account: operator.ID.Bytes()}
		}},
		"members.VetoRecovery": {Wrong: regulator, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) {
			wants(c.TB, kerneltest.Govern(c, recovery(operator, "new")), nil)
			return operator, &membersv1.VetoRecovery{Account: operator.ID.Bytes()}
		}},
		"members.SuspendSupplier": {Wrong: operator, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) {
			return bank, &membersv1.SuspendSupplier{Member: supplier(c).Member.Bytes(), Reason: "x"}
		}},
		"members.ReinstateSupplier": {Wrong: operator, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) {
			s := supplier(c)
			c.Must(bank, &membersv1.SuspendSupplier{Member: s.Member.Bytes(), Reason: "x"})
			return bank, &membersv1.ReinstateSupplier{Member: s.Member.Bytes()}
		}},
		"members.Join": {Wrong: maker, Refusal: kernel.ErrInactive, Once: true, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) {
			invited := admitted(c, maker, 1, "invitation")
			return invited, joinWith(invited, kerneltest.Signer("mine"))
		}},
		"members.OpenAccount":      own(&membersv1.OpenAccount{Name: "x", Policy: memberstest.Policy(1, "x")}),
		"members.SetPolicy":        own(&membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(1, "maker", "y")}),
		"members.SetNodes":         own(&membersv1.SetNodes{}),
		"members.SetEncryptionKey": own(&membersv1.SetEncryptionKey{EncryptionKey: make([]byte, membersv1.EncryptionSize)}),
		"members.CloseAccount": {Wrong: regulator, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) {
			return maker, &membersv1.CloseAccount{Account: memberstest.Opened(c, maker, memberstest.Policy(1, "x")).ID.Bytes()}
		}},
		"members.SetSettlementAccount": own(&membersv1.SetSettlementAccount{Currency: "CNY", Account: atBank("1")}),
		"members.ConfirmSettlementAccount": {Wrong: regulator, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) {
			c.Must(maker, &membersv1.SetSettlementAccount{Currency: "CNY", Account: atBank("1")})
			second := memberstest.Opened(c, maker, memberstest.Policy(1, "x"), "x")
			c.Advance(day)
			return second, &membersv1.ConfirmSettlementAccount{Currency: "CNY", Account: atBank("1")}
		}},
		"members.CancelSettlementAccount": {Wrong: regulator, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) {
			c.Must(maker, &membersv1.SetSettlementAccount{Currency: "CNY", Account: atBank("1")})
			return maker, &membersv1.CancelSettlementAccount{Currency: "CNY"}
		}},
	}
}

func TestRoutesRefuseWhoMayNot(t *testing.T) { kerneltest.Routes(t, New().Module(), setup, rows()) }

// A regulator's keys sign nothing that changes state: whatever the method, it is refused.
func TestARegulatorSignsNothing(t *testing.T) {
	for method, row := range rows() {
		c := setup(t)
		if _, msg := row.Make(c); c.Do(regulator, msg).Err == nil {
			t.Errorf("%s took effect", method)
		}
	}
	wants(t, pay(setup(t), regulator, 1).Err, kernel.ErrNotPermitted)
}

// invitation admits the supplier number n with an invitation's key.
func invitation(n int, key string) *membersv1.AdmitSupplier {
	inv := kerneltest.Signer(key).Public()
	return &membersv1.AdmitSupplier{
		Legal: memberstest.USCC("Supplier", n), IdentityCheck: id.Hash("check").Bytes(), InvitationKind: uint32(inv.Kind), InvitationKey: inv.Bytes,
	}
}
