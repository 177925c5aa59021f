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

// The verbs that were there before each have their refusals in order: every step is wrong in what later steps still are.

func TestAdmitMemberRefusesInOrder(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	m := member(c, maker.Member)
	msg := memberstest.Seated("maker", membersv1.RoleBank)
	msg.Policy = memberstest.Policy(1, "bank")
	wrong := func(change func(*membersv1.AdmitMember)) *membersv1.AdmitMember {
		out := proto.CloneOf(msg)
		change(out)
		return out
	}
	c.Plant(membersv1.SeatsKey(), &membersv1.Seats{Count: membersv1.MaxSeats})
	c.InOrder(
		kerneltest.Step{Do: &membersv1.AdmitMember{}, Want: membersv1.ErrField},
		kerneltest.Step{Do: wrong(func(a *membersv1.AdmitMember) { a.Legal.Credential, a.Roles = "1", 0 }), Want: membersv1.ErrCredential},
		kerneltest.Step{Do: wrong(func(a *membersv1.AdmitMember) { a.Roles, a.Policy = 0, nil }), Want: membersv1.ErrRoles},
		kerneltest.Step{Do: wrong(func(a *membersv1.AdmitMember) { a.Policy = nil }), Want: membersv1.ErrPolicy},
		kerneltest.Step{Do: msg, Want: membersv1.ErrKnown},
		kerneltest.Step{Do: wrong(func(a *membersv1.AdmitMember) { a.Legal = memberstest.LEI("new") }), Want: membersv1.ErrKeyTaken},
		kerneltest.Step{Do: wrong(func(a *membersv1.AdmitMember) {
			a.Legal, a.Policy = memberstest.LEI("new"), memberstest.Policy(1, "new")
		}), Want: membersv1.ErrManySeats},
	)
	c.Plant(membersv1.SeatsKey(), &membersv1.Seats{Count: 2})
	c.Plant(membersv1.MemberKey(maker.Member), m)
}

func TestSetStandingRefusesInOrder(t *testing.T) {
	c := setup(t)
	joined(c, admitted(c, maker, 1, "invitation"), "own")
	wants(t, kerneltest.Govern(c, standing(bank, suspended, membersv1.RoleBank, true)), nil)
	orphan := joined(c, admitted(c, maker, 2, "invitation"), "orphan")
	wants(t, kerneltest.Govern(c, standing(orphan, left, membersv1.RoleSupplier, false)), nil)
	lost := member(c, orphan.Member)
	lost.Sponsor = id.Hash("nobody").Bytes()
	c.NoInvariants = true
	c.Plant(membersv1.MemberKey(orphan.Member), lost)
	nobody := kerneltest.Actor{Member: id.Hash("nobody")}
	c.InOrder(
		kerneltest.Step{Do: &membersv1.SetStanding{}, Want: membersv1.ErrField},
		kerneltest.Step{Do: standing(nobody, active, 0, false), Want: membersv1.ErrRoles},
		kerneltest.Step{Do: standing(nobody, active, membersv1.RoleSupplier, false), Want: membersv1.ErrNoMember},
		kerneltest.Step{Do: standing(orphan, active, membersv1.RoleSupplier, false), Want: membersv1.ErrState},
		kerneltest.Step{Do: standing(maker, left, membersv1.RoleCoreEnterprise, false), Want: membersv1.ErrLastSeat},
		kerneltest.Step{Do: standing(bank, active, membersv1.RoleBank, true)},
		kerneltest.Step{Do: standing(maker, left, membersv1.RoleCoreEnterprise, false), Want: membersv1.ErrHasSuppliers},
	)
}

func TestAdmitSupplierRefusesInOrder(t *testing.T) {
	c := setup(t)
	admitted(c, bank, 1, "invitation")
	badNumber := invitation(1, "invitation")
	badNumber.Legal.Credential = "1"
	c.InOrder(
		kerneltest.Step{As: bank, Do: &membersv1.AdmitSupplier{}, Want: membersv1.ErrField},
		kerneltest.Step{As: bank, Do: badNumber, Want: membersv1.ErrCredential},
		kerneltest.Step{As: bank, Do: invitation(1, "invitation"), Want: membersv1.ErrQuota},
		kerneltest.Step{As: maker, Do: invitation(1, "invitation"), Want: membersv1.ErrKnown},
		kerneltest.Step{As: maker, Do: invitation(2, "invitation"), Want: membersv1.ErrKeyTaken},
		kerneltest.Step{As: maker, Do: invitation(2, "invitation 2")},
	)
}

func TestJoinRefusesInOrder(t *testing.T) {
	c := setup(t)
	invited := admitted(c, maker, 1, "invitation")
	forged := joinWith(maker, kerneltest.Signer("maker"))
	c.Must(maker, &membersv1.SuspendSupplier{Member: invited.Member.Bytes(), Reason: "x"})
	c.InOrder(
		kerneltest.Step{As: invited, Do: &membersv1.Join{}, Want: membersv1.ErrField},
		kerneltest.Step{As: invited, Do: forged, Want: membersv1.ErrState},
	)
	c.Must(maker, &membersv1.ReinstateSupplier{Member: invited.Member.Bytes()})
	c.InOrder(
		kerneltest.Step{As: invited, Do: forged, Want: membersv1.ErrPossession},
		kerneltest.Step{As: invited, Do: joinWith(invited, kerneltest.Signer("maker")), Want: membersv1.ErrKeyTaken},
		kerneltest.Step{As: invited, Do: joinWith(invited, kerneltest.Signer("own"))},
	)
}

func TestASponsorsVerbsRefuseInOrder(t *testing.T) {
	c := setup(t)
	s := joined(c, admitted(c, maker, 1, "invitation"), "own")
	nobody := id.Hash("nobody").Bytes()
	suspend := &membersv1.SuspendSupplier{Member: s.Member.Bytes(), Reason: "x"}
	reinstate := &membersv1.ReinstateSupplier{Member: s.Member.Bytes()}
	c.InOrder(
		kerneltest.Step{As: bank, Do: &membersv1.ReinstateSupplier{}, Want: membersv1.ErrField},
		kerneltest.Step{As: bank, Do: &membersv1.ReinstateSupplier{Member: nobody}, Want: membersv1.ErrNoMember},
		kerneltest.Step{As: bank, Do: reinstate, Want: membersv1.ErrNotSponsor},
		kerneltest.Step{As: maker, Do: reinstate, Want: membersv1.ErrState},
		kerneltest.Step{Do: standing(s, suspended, membersv1.RoleSupplier, false)},
		kerneltest.Step{As: maker, Do: reinstate, Want: membersv1.ErrHeldByVote},
	)
	c.InOrder(
		kerneltest.Step{As: bank, Do: &membersv1.SuspendSupplier{Member: nobody}, Want: membersv1.ErrField},
		kerneltest.Step{As: bank, Do: &membersv1.SuspendSupplier{Member: nobody, Reason: "x"}, Want: membersv1.ErrNoMember},
		kerneltest.Step{As: bank, Do: suspend, Want: membersv1.ErrNotSponsor},
		kerneltest.Step{As: maker, Do: suspend, Want: membersv1.ErrState},
		kerneltest.Step{Do: standing(s, active, membersv1.RoleSupplier, false)},
		kerneltest.Step{As: maker, Do: suspend},
		kerneltest.Step{As: maker, Do: reinstate},
	)
}

func TestAccountsVerbsRefuseInOrder(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	a := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann")
	gone := memberstest.Opened(c, maker, memberstest.Policy(1, "gone"))
	c.Must(maker, &membersv1.CloseAccount{Account: gone.ID.Bytes()})
	m := member(c, maker.Member)
	full := proto.CloneOf(m)
	full.Accounts = membersv1.MaxAccounts
	c.Plant(membersv1.MemberKey(maker.Member), full)
	open := &membersv1.OpenAccount{Name: "x", Policy: memberstest.Policy(1, "bank")}
	c.InOrder(
		kerneltest.Step{As: a, Do: &membersv1.OpenAccount{}, Want: membersv1.ErrField},
		kerneltest.Step{As: a, Do: &membersv1.OpenAccount{Name: "x"}, Want: membersv1.ErrPolicy},
		kerneltest.Step{As: a, Do: open, Want: membersv1.ErrNotMain},
		kerneltest.Step{As: maker, Do: open, Want: membersv1.ErrManyAccts},
	)
	c.Plant(membersv1.MemberKey(maker.Member), m)
	c.InOrder(
		kerneltest.Step{As: maker, Do: open, Want: membersv1.ErrKeyTaken},
		kerneltest.Step{As: maker, Do: &membersv1.OpenAccount{Name: "x", Policy: memberstest.Policy(1, "x")}},
	)
	set := func(of id.ID, key string) *membersv1.SetPolicy {
		return &membersv1.SetPolicy{Account: of.Bytes(), Policy: memberstest.Policy(1, key)}
	}
	c.InOrder(
		kerneltest.Step{As: a, Do: &membersv1.SetPolicy{}, Want: membersv1.ErrField},
		kerneltest.Step{As: a, Do: &membersv1.SetPolicy{Account: bank.ID.Bytes()}, Want: membersv1.ErrPolicy},
		kerneltest.Step{As: a, Do: set(bank.ID, "bank"), Want: membersv1.ErrNotMain},
		kerneltest.Step{As: maker, Do: set(bank.ID, "bank"), Want: membersv1.ErrNotOwn},
		kerneltest.Step{As: maker, Do: set(gone.ID, "bank"), Want: membersv1.ErrState},
		kerneltest.Step{As: maker, Do: set(a.ID, "bank"), Want: membersv1.ErrKeyTaken},
		kerneltest.Step{As: maker, Do: set(a.ID, "ben")},
	)
	c.InOrder(
		kerneltest.Step{As: a, Do: &membersv1.SetNodes{Nodes: [][]byte{nil}}, Want: membersv1.ErrField},
		kerneltest.Step{As: kerneltest.Actor{ID: a.ID, Signers: memberstest.Signers("ben")}, Do: &membersv1.SetNodes{}, Want: membersv1.ErrNotMain},
		kerneltest.Step{As: maker, Do: &membersv1.SetNodes{}},
	)
}

// Limits come behind everything that says who may call, the transaction's before the day's.
func TestLimitsRefuseInOrder(t *testing.T) {
	c := setup(t)
	wants(t, pay(c, bank, 100).Err, nil)
	wants(t, pay(c, bank, 101).Err, membersv1.ErrOverPayment) // over the day's too
	wants(t, pay(c, bank, 51).Err, membersv1.ErrOverDay)
	wants(t, kerneltest.Govern(c, standing(bank, suspended, membersv1.RoleBank, false)), nil)
	wants(t, pay(c, bank, 101).Err, kernel.ErrInactive)
}
