package members

import (
	"cmp"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// setStanding changes a member's state, roles, seat and quota by vote. A supplier that leaves frees its place in
// its sponsor's quota; one that comes back takes it again, full or not: the vote stands above the quota. Who leaves
// lets go of its nodes, and leaves nobody on its lane.
func (m *Members) setStanding(c *kernel.Ctx, msg *membersv1.SetStanding) error {
	member, rec, err := memberOf(c, msg.Member)
	if err != nil {
		return err
	}
	if err := returns(c, rec, msg.State); err != nil {
		return err
	}
	voted, had, stood := votes(rec), counts(rec), membersv1.StandingHash(rec)
	rec.State, rec.Roles, rec.Seat, rec.SupplierQuota = msg.State, msg.Roles, msg.Seat, msg.SupplierQuota
	rec.SuspendedByVote = msg.State == membersv1.MemberState_MEMBER_STATE_SUSPENDED
	if err := countSeat(c, voted, votes(rec)); err != nil {
		return err
	}
	if rec.State == membersv1.MemberState_MEMBER_STATE_LEFT {
		if rec.Suppliers > 0 {
			return membersv1.ErrHasSuppliers.At("member", "%d are", rec.Suppliers)
		}
		rec.Nodes = nil
	}
	if has := counts(rec); has != had {
		recount(c, id.Must(rec.Sponsor), has)
	}
	if err := fresh(msg.Replaces, stood); err != nil {
		return err
	}
	return change(c, member, rec, cmp.Or(msg.Reason, "by vote"))
}

// returns judges that a supplier which comes back still has its sponsor.
func returns(c *kernel.Ctx, rec *membersv1.Member, to membersv1.MemberState) error {
	sponsor, named := id.Of(rec.Sponsor)
	if !named || counts(rec) || to == membersv1.MemberState_MEMBER_STATE_LEFT {
		return nil
	}
	if s, ok := members.Get(c, sponsor); !ok || s.State == membersv1.MemberState_MEMBER_STATE_LEFT {
		return membersv1.ErrState.At("member", "its sponsor %s has left: give it another first, or none", sponsor)
	}
	return nil
}

// counts tells whether a member takes a place in its sponsor's quota.
func counts(m *membersv1.Member) bool {
	return len(m.Sponsor) > 0 && m.State != membersv1.MemberState_MEMBER_STATE_LEFT
}

func recount(c *kernel.Ctx, sponsor id.ID, more bool) {
	rec, ok := members.Get(c, sponsor)
	if !ok || rec.Suppliers == 0 && !more {
		broken("the sponsor %s is not there, or has no supplier", sponsor)
	}
	if more {
		rec.Suppliers++
	} else {
		rec.Suppliers--
	}
	members.Update(c, sponsor, rec)
}
