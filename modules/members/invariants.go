package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

type report = func(format string, args ...any)

// checkAccounts: every account belongs to a member, has a threshold its signing keys can reach, and every member's
// main account is its own.
func checkAccounts(c *kernel.Ctx, violated report) {
	accounts.Each(c, nil, func(k []byte, a *membersv1.Account) bool {
		if owner, _ := id.Of(a.Member); !members.Has(c, owner) {
			violated("account %x is of member %x, who is not there", k, a.Member)
		}
		if n := len(signingKeys(a.Policy)); int(a.Policy.GetThreshold()) > n || a.Policy.GetThreshold() < 1 {
			violated("account %x needs %d of %d keys", k, a.Policy.GetThreshold(), n)
		}
		return true
	})
	members.Each(c, nil, func(k []byte, m *membersv1.Member) bool {
		main, _ := id.Of(m.MainAccount)
		if a, ok := accounts.Get(c, main); !ok || string(a.Member) != string(k) {
			violated("member %x has the main account %x, which is not its own", k, m.MainAccount)
		}
		return true
	})
}

// checkKeys: the pointers from keys to accounts are exactly the signing and viewing keys of the accounts.
func checkKeys(c *kernel.Ctx, violated report) {
	named := 0
	accounts.Each(c, nil, func(k []byte, a *membersv1.Account) bool {
		for _, key := range a.Policy.GetKeys() {
			if !key.Named() {
				continue
			}
			named++
			if u, ok := keyUses.Get(c, key.Public().ID()); !ok || string(u.Account) != string(k) {
				violated("key %s of account %x points to %x", key.Public(), k, u.GetAccount())
			}
		}
		return true
	})
	keyUses.Each(c, nil, func([]byte, *membersv1.KeyUse) bool { named--; return true })
	if named != 0 {
		violated("%d more keys in accounts than pointers to them", named)
	}
}

// checkCredentials: every member's legal number points to it, and no other number to anybody.
func checkCredentials(c *kernel.Ctx, violated report) {
	more := 0
	members.Each(c, nil, func(k []byte, m *membersv1.Member) bool {
		more++
		if u, ok := credentials.Get(c, membersv1.CredentialID(m.Legal)); !ok || string(u.Member) != string(k) {
			violated("the number %s of member %x points to %x", m.Legal.GetCredential(), k, u.GetMember())
		}
		return true
	})
	credentials.Each(c, nil, func([]byte, *membersv1.CredentialUse) bool { more--; return true })
	if more != 0 {
		violated("%d more members than legal numbers", more)
	}
}

// tally counts what a member's record says in numbers.
type tally struct{ accounts, suppliers uint32 }

// checkCounts: seats, suppliers of each sponsor and accounts of each member are what their records say.
func checkCounts(c *kernel.Ctx, violated report) {
	voting, counted := uint32(0), map[string]tally{}
	add := func(member []byte, by tally) {
		t := counted[string(member)]
		counted[string(member)] = tally{t.accounts + by.accounts, t.suppliers + by.suppliers}
	}
	accounts.Each(c, nil, func(_ []byte, a *membersv1.Account) bool { add(a.Member, tally{accounts: 1}); return true })
	members.Each(c, nil, func(_ []byte, m *membersv1.Member) bool {
		if votes(m) {
			voting++
		}
		if counts(m) {
			add(m.Sponsor, tally{suppliers: 1})
		}
		return true
	})
	members.Each(c, nil, func(k []byte, m *membersv1.Member) bool {
		if have := (tally{m.Accounts, m.Suppliers}); have != counted[string(k)] {
			violated("member %x says accounts and suppliers are %v, they are %v", k, have, counted[string(k)])
		}
		return true
	})
	if rec, _ := seats.Get(c, kernel.None{}); rec.GetCount() != voting {
		violated("%d seats are counted, %d members vote", rec.GetCount(), voting)
	}
}

// checkRoles: every member has roles that may stand together; a sponsored one was admitted by a member.
func checkRoles(c *kernel.Ctx, violated report) {
	members.Each(c, nil, func(k []byte, m *membersv1.Member) bool {
		if err := membersv1.CheckRoles(m.Roles, m.Seat); err != nil {
			violated("member %x: %s", k, err)
		}
		if sponsor, ok := id.Of(m.Sponsor); ok && !members.Has(c, sponsor) {
			violated("member %x has the sponsor %s, who is not there", k, sponsor)
		}
		return true
	})
}

// checkUses: what is used of a limit is never negative and is of an account that is there.
func checkUses(c *kernel.Ctx, violated report) {
	dayUses.Each(c, nil, func(k []byte, u *membersv1.DayUse) bool {
		if account, _ := id.Of(u.Account); u.UsedMinor < 0 || u.TransactionUsedMinor < 0 || !accounts.Has(c, account) {
			violated("the use %x of account %x is %d, %d in a transaction", k, u.Account, u.UsedMinor, u.TransactionUsedMinor)
		}
		return true
	})
}
