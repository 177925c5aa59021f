package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// Standing is what permission asks for: one read of the account and one of its member. Keys and methods share the
// record with other readers, and must not be changed.
func (m *Members) Standing(c *kernel.Ctx, account id.ID) (kernel.Standing, bool) {
	a, ok := accounts.Read(c, account)
	if !ok {
		return kernel.Standing{}, false
	}
	rec, ok := members.Read(c, id.Must(a.Member))
	if !ok {
		broken("account %s is of member %x, who is not there", account, a.Member)
	}
	s := kernel.Standing{
		Account: account, Member: id.Must(a.Member), Roles: kernel.Roles(rec.Roles), Seat: rec.Seat,
		Active:  a.State == membersv1.AccountState_ACCOUNT_STATE_ACTIVE && rec.State == membersv1.MemberState_MEMBER_STATE_ACTIVE,
		Methods: a.Policy.GetMethods(), Threshold: int(a.Policy.GetThreshold()),
	}
	if !closed(a) { // a closed account's keys may be another member's by now: they open and sign nothing for it
		s.Keys, s.Viewers = keysFor(membersv1.KeyPurpose_KEY_PURPOSE_SIGN, a.Policy), keysFor(membersv1.KeyPurpose_KEY_PURPOSE_VIEW, a.Policy)
	}
	if s.Lane = s.Member; len(rec.Sponsor) > 0 {
		s.Lane = id.Must(rec.Sponsor)
	}
	return s, true
}

func keysFor(purpose membersv1.KeyPurpose, p *membersv1.Policy) []key.Public {
	var out []key.Public
	for _, k := range p.GetKeys() {
		if k.Purpose == purpose {
			out = append(out, k.Public())
		}
	}
	return out
}
