package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
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
	wants(t, kerneltest.Govern(c, recovery(bank, "new")), nil)
	c.Must(bank, ask("1"))
	for _, tc := range []struct {
		key    []byte
		public bool
		member id.ID
		party  id.ID
	}{
		{key: membersv1.MemberKey(bank.Member), public: true},
		{key: membersv1.SeatsKey(), public: true},
		{key: membersv1.RecoveryKey(bank.ID), public: true},
		{key: membersv1.SettlementKey(bank.Member, "CNY"), public: true},
		{key: membersv1.CredentialKey(memberstest.LEI("maker")), public: true},
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
	wants(t, kerneltest.Govern(c, recovery(bank, "new")), nil)
	c.Must(bank, ask("1"))
	settled, _ := New().Settlement(c.View(), bank.Member, "CNY")
	records := map[string]proto.Message{
		membersv1.ListMembers: member(c, bank.Member), membersv1.ListAccounts: account(c, bank.ID),
		membersv1.ListRecoveries: recoveryOf(c, bank), membersv1.ListSettlements: settled,
	}
	for _, col := range c.M.Collections() {
		for _, l := range col.Lists {
			want := bank.Member
			if l.Name == membersv1.ListMembers {
				want = id.Hash("members")
			}
			if got := one(l.Subjects(records[l.Name])); got != want {
				t.Errorf("the list %s has the subject %s", l.Name, got)
			}
		}
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

// A viewing key opens the account's records and signs nothing; an encryption key does neither.
func TestViewersAreNoSigners(t *testing.T) {
	c := setup(t)
	p := memberstest.Policy(1, "bank")
	p.Keys = append(p.Keys, memberstest.Viewer("auditor"))
	c.Must(bank, &membersv1.SetPolicy{Account: bank.ID.Bytes(), Policy: p})
	s, _ := New().Standing(c.View(), bank.ID)
	if len(s.Keys) != 1 || len(s.Viewers) != 1 || !s.Viewers[0].Equal(memberstest.Viewer("auditor").Public()) {
		t.Errorf("signers %v, viewers %v", s.Keys, s.Viewers)
	}
}
