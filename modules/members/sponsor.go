package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// suspendSupplier stops every account of a supplier at once; what it holds stays where it is.
func (m *Members) suspendSupplier(c *kernel.Ctx, msg *membersv1.SuspendSupplier) error {
	member, rec, err := sponsored(c, msg.Member, membersv1.MemberState_MEMBER_STATE_ACTIVE)
	if err != nil {
		return err
	}
	rec.State = membersv1.MemberState_MEMBER_STATE_SUSPENDED
	return change(c, member, rec, msg.Reason)
}

// reinstateSupplier takes the sponsor's own suspension back.
func (m *Members) reinstateSupplier(c *kernel.Ctx, msg *membersv1.ReinstateSupplier) error {
	member, rec, err := sponsored(c, msg.Member, membersv1.MemberState_MEMBER_STATE_SUSPENDED)
	if err != nil {
		return err
	}
	if rec.SuspendedByVote {
		return membersv1.ErrHeldByVote.At("member", "%s", member)
	}
	rec.State = membersv1.MemberState_MEMBER_STATE_ACTIVE
	return change(c, member, rec, "")
}

// sponsored reads a member that the caller's member admitted and that is in the state.
func sponsored(c *kernel.Ctx, b []byte, state membersv1.MemberState) (id.ID, *membersv1.Member, error) {
	member, rec, err := memberOf(c, b)
	if err != nil {
		return member, nil, err
	}
	s, err := c.Standing(c.Caller())
	if err != nil {
		return member, nil, err
	}
	if sponsor, _ := id.Of(rec.Sponsor); sponsor != s.Member {
		return member, nil, membersv1.ErrNotSponsor.At("member", "%s", member)
	}
	if rec.State != state {
		return member, nil, membersv1.ErrState.At("member", "%s is %s", member, rec.State)
	}
	return member, rec, nil
}

// change writes a member and says what it is now, to its main account too.
func change(c *kernel.Ctx, member id.ID, rec *membersv1.Member, reason string) error {
	members.Update(c, member, rec)
	c.Emit(&membersv1.MemberChanged{Member: rec.Id, State: rec.State, Roles: rec.Roles, Seat: rec.Seat, Reason: reason}, id.Must(rec.MainAccount))
	return nil
}
