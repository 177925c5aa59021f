package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestStanding(t *testing.T) {
	c := setup(t)
	s, ok := New().Standing(c.View(), bank.ID)
	if !ok || !s.Active || !s.Seat || s.Member != bank.Member || s.Lane != bank.Member || s.Account != bank.ID ||
		s.Roles != membersv1.RoleBank|membersv1.RoleFinancier || s.Threshold != 1 || len(s.Keys) != 1 || len(s.Methods) != 0 {
		t.Errorf("the bank's standing is %+v", s)
	}
	for _, nobody := range []id.ID{{}, id.Hash("nobody"), kernel.Governance, bank.Member} {
		if _, ok := New().Standing(c.View(), nobody); ok {
			t.Errorf("%s has a standing", nobody)
		}
	}
}

func TestAnAccountWithoutItsMemberStopsTheProcess(t *testing.T) {
	c := setup(t)
	c.Plant(membersv1.MemberKey(bank.Member), nil)
	defer func() {
		if f, ok := recover().(kernel.Fatal); !ok {
			t.Errorf("got %v", f)
		}
	}()
	New().Standing(c.View(), bank.ID)
}

func TestWhoMayRead(t *testing.T) {
	c := setup(t)
	wants(t, pay(c, bank, 1).Err, nil)
	for _, tc := range []struct {
		key    []byte
		public bool
		member id.ID
		party  id.ID
	}{
		{key: membersv1.MemberKey(bank.Member), public: true},
		{key: membersv1.SeatsKey(), public: true},
		{key: membersv1.CredentialKey(lei("", leis[0])), public: true},
		{key: membersv1.KeyUseKey(kerneltest.Signer("bank").Public().ID()), public: true},
		{key: membersv1.AccountKey(bank.ID), member: bank.Member},
		{key: membersv1.DayUseKey(bank.ID, "CNY"), party: bank.ID},
	} {
		col := c.M.CollectionOf(tc.key)
		rec := col.New()
		if !c.Read(tc.key, rec) {
			t.Errorf("%s: no record", col.Name)
			continue
		}
		a := col.Readers(rec)
		if a.Public != tc.public || tc.member != one(a.Members) || tc.party != one(a.Parties) {
			t.Errorf("%s may be read by %+v", col.Name, a)
		}
	}
}

func one(all []id.ID) id.ID {
	if len(all) != 1 {
		return id.ID{}
	}
	return all[0]
}

func TestLists(t *testing.T) {
	c := setup(t)
	lists := map[string][]id.ID{}
	for _, col := range c.M.Collections() {
		for _, l := range col.Lists {
			if l.Name == membersv1.ListMembers {
				lists[l.Name] = l.Subjects(member(c, bank.Member))
			} else {
				lists[l.Name] = l.Subjects(account(c, bank.ID))
			}
		}
	}
	if one(lists["members"]) != id.Hash("members") || one(lists["accounts"]) != bank.Member {
		t.Errorf("the lists' subjects are %v", lists)
	}
}

func BenchmarkStanding(b *testing.B) {
	c := setup(b)
	view, m := c.View(), New()
	b.ReportAllocs()
	for b.Loop() {
		m.Standing(view, bank.ID)
	}
}
