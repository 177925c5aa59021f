package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// setStanding changes a member's state, roles, seat and quota by vote. A supplier that leaves frees its place in
// its sponsor's quota; one that comes back takes it again, full or not: the vote stands above the quota.
func (m *Members) setStanding(c *kernel.Ctx, msg *membersv1.SetStanding) error {
	member, rec, err := memberOf(c, msg.Member)
	if err != nil {
		return err
	}
	voted, had := votes(rec), counts(rec)
	rec.State, rec.Roles, rec.Seat, rec.SupplierQuota = msg.State, msg.Roles, msg.Seat, msg.SupplierQuota
	rec.SuspendedByVote = msg.State == membersv1.MemberState_MEMBER_STATE_SUSPENDED
	if err := countSeat(c, voted, votes(rec)); err != nil {
		return err
	}
	if has := counts(rec); has != had {
		recount(c, id.Must(rec.Sponsor), has)
	}
	return change(c, member, rec, "by vote")
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
