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
		if n := len(keysFor(membersv1.KeyPurpose_KEY_PURPOSE_SIGN, a.Policy)); int(a.Policy.GetThreshold()) > n || a.Policy.GetThreshold() < 1 {
			violated("account %x needs %d of %d keys", k, a.Policy.GetThreshold(), n)
		}
		return true
	})
	members.Each(c, nil, func(k []byte, m *membersv1.Member) bool {
		main, _ := id.Of(m.MainAccount)
		if a, ok := accounts.Get(c, main); !ok || string(a.Member) != string(k) || closed(a) {
			violated("member %x has the main account %x, which is not its own", k, m.MainAccount)
		}
		return true
	})
}

// checkKeys: the pointers from keys to accounts are exactly the signing and viewing keys of the accounts that are
// not closed, and those that wait in a recovery, which say so.
func checkKeys(c *kernel.Ctx, violated report) {
	named := 0
	of := func(account []byte, p, but *membersv1.Policy, waits bool) {
		for _, key := range p.GetKeys() {
			if !key.Named() || names(but, key) {
				continue
			}
			named++
			if u, ok := keyUses.Get(c, key.Public().ID()); !ok || string(u.Account) != string(account) || u.Waits != waits {
				violated("key %s of account %x points to %x, which waits for it: %v", key.Public(), account, u.GetAccount(), u.GetWaits())
			}
		}
	}
	accounts.Each(c, nil, func(k []byte, a *membersv1.Account) bool {
		if account, _ := id.Of(k); !closed(a) {
			of(k, a.Policy, nil, false)
			of(k, waitingPolicy(c, account), a.Policy, true)
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
type tally struct{ accounts, suppliers, settlements uint32 }

// checkCounts: seats, suppliers of each sponsor, open accounts and settlement accounts of each member are what their records
// say.
func checkCounts(c *kernel.Ctx, violated report) {
	voting, counted := uint32(0), map[string]tally{}
	add := func(member []byte, by tally) {
		t := counted[string(member)]
		counted[string(member)] = tally{t.accounts + by.accounts, t.suppliers + by.suppliers, t.settlements + by.settlements}
	}
	accounts.Each(c, nil, func(_ []byte, a *membersv1.Account) bool {
		if !closed(a) {
			add(a.Member, tally{accounts: 1})
		}
		return true
	})
	settlements.Each(c, nil, func(_ []byte, s *membersv1.SettlementAccount) bool { add(s.Member, tally{settlements: 1}); return true })
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
		if have := (tally{m.Accounts, m.Suppliers, m.Settlements}); have != counted[string(k)] {
			violated("member %x says accounts, suppliers and settlement accounts are %v, they are %v", k, have, counted[string(k)])
		}
		return true
	})
	if rec, _ := seats.Get(c, kernel.None{}); rec.GetCount() != voting {
		violated("%d seats are counted, %d members vote", rec.GetCount(), voting)
	}
}

// checkRoles: every member has roles that may stand together; a sponsored one has its sponsor; who has left has neither seat
// nor quota nor nodes, and nobody on its lane.
func checkRoles(c *kernel.Ctx, violated report) {
	members.Each(c, nil, func(k []byte, m *membersv1.Member) bool {
		if err := membersv1.CheckRoles(m.Roles, m.Seat); err != nil {
			violated("member %x: %s", k, err)
		}
		sponsor, sponsored := id.Of(m.Sponsor)
		s, there := members.Get(c, sponsor)
		if sponsored && (!there || counts(m) && gone(s)) {
			violated("member %x has the sponsor %s, who is not there or has left", k, sponsor)
		}
		if gone(m) && (m.Seat || m.SupplierQuota > 0 || len(m.Nodes) > 0 || m.Suppliers > 0) {
			violated("member %x has left: seat %v, quota %d, %d nodes, %d suppliers", k, m.Seat, m.SupplierQuota, len(m.Nodes), m.Suppliers)
		}
		return true
	})
}

func gone(m *membersv1.Member) bool { return m.GetState() == membersv1.MemberState_MEMBER_STATE_LEFT }

func closed(a *membersv1.Account) bool {
	return a.GetState() == membersv1.AccountState_ACCOUNT_STATE_CLOSED
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

// checkRecoveries: each is of an account that is there and of its member; one that waits has its account open and its dated
// item, one that failed says why.
func checkRecoveries(c *kernel.Ctx, violated report) {
	recoveries.Each(c, nil, func(k []byte, r *membersv1.Recovery) bool {
		account, _ := id.Of(k)
		a, ok := accounts.Get(c, account)
		if !ok || string(a.Member) != string(r.Member) || string(r.Account) != string(k) {
			violated("the recovery %x is of account %x of member %x", k, r.Account, r.Member)
		}
		switch waits := len(r.Item) > 0 && r.FailedCode == 0 && !closed(a); {
		case r.State == membersv1.RecoveryState_RECOVERY_STATE_PENDING && waits:
		case r.State == membersv1.RecoveryState_RECOVERY_STATE_FAILED && r.FailedCode > 0 && len(r.Item) == 0:
		default:
			violated("the recovery of account %x is %s with code %d", k, r.State, r.FailedCode)
		}
		return true
	})
}

// checkSettlements: each is of a member that is there, and says something; a change has its dated item exactly where it has
// its second key, which is another than the first.
func checkSettlements(c *kernel.Ctx, violated report) {
	settlements.Each(c, nil, func(k []byte, s *membersv1.SettlementAccount) bool {
		member, _ := id.Of(s.Member)
		if !members.Has(c, member) || string(k) != string(kernel.Join(member, kernel.Text(s.Currency)).Append(nil)) {
			violated("the settlement account %x is of member %x in %s", k, s.Member, s.Currency)
		}
		p := s.Pending
		if s.Current == nil && p.GetTo() == nil {
			violated("the settlement account %x is none", k)
		}
		if p != nil && ((p.DueUnixS > 0) != (len(p.Item) > 0) || string(p.AskedBy) == string(p.ConfirmedBy)) {
			violated("the change of settlement account %x is due at %d and asked for by %x, confirmed by %x", k, p.DueUnixS, p.AskedBy, p.ConfirmedBy)
		}
		return true
	})
}
