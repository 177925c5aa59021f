package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// setSponsor moves a member to another sponsor's lane, or to its own: before its sponsor leaves, or when it has grown. The vote
// stands above the new sponsor's quota.
func (m *Members) setSponsor(c *kernel.Ctx, msg *membersv1.SetSponsor) error {
	member, rec, err := memberOf(c, msg.Member)
	if err != nil {
		return err
	}
	next, named := id.Of(msg.Sponsor)
	if named {
		if err := maySponsor(c, member, next); err != nil {
			return err
		}
	}
	if counts(rec) {
		recount(c, id.Must(rec.Sponsor), false)
	}
	rec.Sponsor = msg.Sponsor
	if counts(rec) {
		recount(c, next, true)
	}
	return change(c, member, rec, "sponsor, by vote")
}

func maySponsor(c *kernel.Ctx, member, sponsor id.ID) error {
	s, ok := members.Get(c, sponsor)
	switch {
	case !ok:
		return membersv1.ErrNoMember.At("sponsor", "%s", sponsor)
	case sponsor == member || s.State != membersv1.MemberState_MEMBER_STATE_ACTIVE || s.Roles&membersv1.Sponsorship == 0:
		return membersv1.ErrSponsor.At("sponsor", "%s is %s, as %s", sponsor, s.State, membersv1.RolesString(s.Roles))
	}
	return nil
}
