package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestSuspensionIsImmediateAndTheSponsorsOwn(t *testing.T) {
	c := setup(t)
	supplier := joined(c, admitted(c, maker, 1, "invitation"), "own")
	suspend := &membersv1.SuspendSupplier{Member: supplier.Member.Bytes(), Reason: "a false invoice"}
	reinstate := &membersv1.ReinstateSupplier{Member: supplier.Member.Bytes()}

	c.Refused(membersv1.ErrNoMember, maker, &membersv1.SuspendSupplier{Member: id.Hash("nobody").Bytes(), Reason: "x"})
	c.Refused(membersv1.ErrNotSponsor, bank, suspend)
	c.Refused(membersv1.ErrNotSponsor, bank, reinstate)
	c.Refused(membersv1.ErrNotSponsor, maker, &membersv1.SuspendSupplier{Member: bank.Member.Bytes(), Reason: "x"})
	c.Refused(membersv1.ErrState, maker, reinstate)

	r := c.Must(maker, suspend)
	if e := memberstest.Event[*membersv1.MemberChanged](c, r); e.Reason != suspend.Reason || e.State != membersv1.MemberState_MEMBER_STATE_SUSPENDED {
		t.Errorf("the event says %v", e)
	}
	c.Refused(kernel.ErrInactive, supplier, &membersv1.SetNodes{})
	c.Refused(membersv1.ErrState, maker, suspend)
	c.Must(maker, reinstate)
	c.Must(supplier, &membersv1.SetNodes{})
}

func TestSuspensionMeetsTransactionsOfItsOwnBlock(t *testing.T) {
	c := setup(t)
	supplier := joined(c, admitted(c, maker, 1, "invitation"), "own")
	first := memberstest.Judged(c, maker, &membersv1.SuspendSupplier{Member: supplier.Member.Bytes(), Reason: "x"})
	second := memberstest.Judged(c, supplier, &membersv1.SetNodes{})
	res := c.Block(first, second)
	wants(t, res[0].Err, nil)
	wants(t, res[1].Err, kernel.ErrInactive)
}

func TestWhatAVoteSuspendedTheSponsorDoesNotReinstate(t *testing.T) {
	c := setup(t)
	supplier := joined(c, admitted(c, maker, 1, "invitation"), "own")
	wants(t, kerneltest.Govern(c, &membersv1.SetStanding{
		Member: supplier.Member.Bytes(), State: membersv1.MemberState_MEMBER_STATE_SUSPENDED, Roles: membersv1.RoleSupplier,
	}), nil)
	c.Refused(membersv1.ErrHeldByVote, maker, &membersv1.ReinstateSupplier{Member: supplier.Member.Bytes()})
	wants(t, kerneltest.Govern(c, &membersv1.SetStanding{
		Member: supplier.Member.Bytes(), State: membersv1.MemberState_MEMBER_STATE_ACTIVE, Roles: membersv1.RoleSupplier,
	}), nil)
	c.Must(supplier, &membersv1.SetNodes{})
}
