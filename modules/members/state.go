package members

import (
	"fmt"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// inCurrency is the key of what an account or member has in a currency.
type inCurrency = kernel.Pair[id.ID, kernel.Text]

var (
	members = kernel.NewMap[id.ID, *membersv1.Member]("members.members", membersv1.PrefixMember, everybody[*membersv1.Member],
		kernel.PublicListOf(membersv1.ListMembers, func(*membersv1.Member) []id.ID { return []id.ID{membersv1.MembersSubject} }))
	accounts = kernel.NewMap[id.ID, *membersv1.Account]("members.accounts", membersv1.PrefixAccount, ofMember,
		kernel.ListOf(membersv1.ListAccounts, func(a *membersv1.Account) []id.ID { return []id.ID{id.Must(a.Member)} }))
	keyUses     = kernel.NewMap[id.ID, *membersv1.KeyUse]("members.keys", membersv1.PrefixKeyUse, everybody[*membersv1.KeyUse])
	credentials = kernel.NewMap[id.ID, *membersv1.CredentialUse]("members.credentials", membersv1.PrefixCredential, everybody[*membersv1.CredentialUse])
	dayUses     = kernel.NewMap[inCurrency, *membersv1.DayUse]("members.day_uses", membersv1.PrefixDayUse, ofAccount).OwnedBy(kernel.FirstID)
	seats       = kernel.NewMap[kernel.None, *membersv1.Seats]("members.seats", membersv1.PrefixSeats, everybody[*membersv1.Seats])
	// What waits is public: the proposal that began it is, and payers must learn of a change before it holds.
	recoveries = kernel.NewMap[id.ID, *membersv1.Recovery]("members.recoveries", membersv1.PrefixRecovery, everybody[*membersv1.Recovery],
		kernel.PublicListOf(membersv1.ListRecoveries, func(r *membersv1.Recovery) []id.ID { return []id.ID{id.Must(r.Member)} }))
	settlements = kernel.NewMap[inCurrency, *membersv1.SettlementAccount]("members.settlements", membersv1.PrefixSettlement, everybody[*membersv1.SettlementAccount],
		kernel.PublicListOf(membersv1.ListSettlements, func(s *membersv1.SettlementAccount) []id.ID { return []id.ID{id.Must(s.Member)} }))
)

func everybody[V proto.Message](V) kernel.Audience { return kernel.Public }

func ofMember(a *membersv1.Account) kernel.Audience {
	return kernel.Audience{Members: []id.ID{id.Must(a.Member)}}
}

func ofAccount(u *membersv1.DayUse) kernel.Audience {
	return kernel.Audience{Parties: []id.ID{id.Must(u.Account)}}
}

// Member reads a member; false where there is none.
func (m *Members) Member(c *kernel.Ctx, member id.ID) (*membersv1.Member, bool) {
	return members.Get(c, member)
}

// Account reads an account; false where there is none.
func (m *Members) Account(c *kernel.Ctx, account id.ID) (*membersv1.Account, bool) {
	return accounts.Get(c, account)
}

// Recovery reads what waits for an account, or failed last; false where nothing does.
func (m *Members) Recovery(c *kernel.Ctx, account id.ID) (*membersv1.Recovery, bool) {
	return recoveries.Get(c, account)
}

// Settlement reads where a member is paid in a currency; false where it has said nothing.
func (m *Members) Settlement(c *kernel.Ctx, member id.ID, currency string) (*membersv1.SettlementAccount, bool) {
	return settlements.Get(c, kernel.Join(member, kernel.Text(currency)))
}

// Seats is how many active members vote.
func (m *Members) Seats(c *kernel.Ctx) int {
	rec, _ := seats.Get(c, kernel.None{})
	return int(rec.GetCount())
}

// HasSeat tells whether a member votes now.
func (m *Members) HasSeat(c *kernel.Ctx, member id.ID) bool {
	rec, ok := members.Get(c, member)
	return ok && votes(rec)
}

func votes(m *membersv1.Member) bool {
	return m.GetSeat() && m.GetState() == membersv1.MemberState_MEMBER_STATE_ACTIVE
}

// memberOf reads the member of a call's field, which validation has judged in form.
func memberOf(c *kernel.Ctx, b []byte) (id.ID, *membersv1.Member, error) {
	member := id.Must(b)
	rec, ok := members.Get(c, member)
	if !ok {
		return member, nil, membersv1.ErrNoMember.At("member", "%s", member)
	}
	return member, rec, nil
}

// caller reads the account that calls, and its member.
func caller(c *kernel.Ctx) (*membersv1.Account, *membersv1.Member) {
	a, ok := accounts.Get(c, c.Caller())
	if !ok {
		broken("the caller %s has no account", c.Caller())
	}
	return a, mustMember(c, a)
}

func mustMember(c *kernel.Ctx, a *membersv1.Account) *membersv1.Member {
	m, ok := members.Get(c, id.Must(a.Member))
	if !ok {
		broken("account %x is of member %x, who is not there", a.Id, a.Member)
	}
	return m
}

// mainAccount is the main account of a member that a record names.
func mainAccount(c *kernel.Ctx, member []byte) id.ID {
	m, ok := members.Get(c, id.Must(member))
	if !ok {
		broken("the member %x is not there", member)
	}
	return id.Must(m.MainAccount)
}

// countSeat keeps the number of seats when a member's vote comes or goes.
func countSeat(c *kernel.Ctx, before, after bool) error {
	if before == after {
		return nil
	}
	rec, _ := seats.Get(c, kernel.None{})
	count := rec.GetCount()
	switch {
	case after && count >= membersv1.MaxSeats:
		return membersv1.ErrManySeats.With("%d are taken", count)
	case after:
		count++
	case count <= 1:
		return membersv1.ErrLastSeat
	default:
		count--
	}
	seats.Save(c, kernel.None{}, &membersv1.Seats{Count: count}, true)
	return nil
}

func broken(format string, args ...any) {
	panic(kernel.Fatal{Err: fmt.Errorf("members: "+format, args...)})
}
