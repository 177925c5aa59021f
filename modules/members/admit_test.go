package members

import (
	"bytes"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestGenesisMakesMembersAndTheirAccounts(t *testing.T) {
	c := setup(t)
	m, a := member(c, maker.Member), account(c, maker.ID)
	if !bytes.Equal(m.MainAccount, maker.ID.Bytes()) || m.Accounts != 1 || m.State != membersv1.MemberState_MEMBER_STATE_ACTIVE {
		t.Errorf("maker is %v", m)
	}
	if !bytes.Equal(a.Member, maker.Member.Bytes()) || a.Name != "main" || a.Policy.Keys[0].SinceHeight != 1 {
		t.Errorf("its account is %v", a)
	}
	if n := New().Seats(c.View()); n != 2 {
		t.Errorf("%d seats", n)
	}
	use := &membersv1.KeyUse{}
	if !c.Read(membersv1.KeyUseKey(kerneltest.Signer("maker").Public().ID()), use) || !bytes.Equal(use.Account, maker.ID.Bytes()) {
		t.Errorf("a wallet finds its account by its key: %v", use)
	}
}

func TestAdmitMember(t *testing.T) {
	fresh := func() *membersv1.AdmitMember {
		return &membersv1.AdmitMember{Legal: memberstest.USCC("New", 7), Roles: membersv1.RoleWarehouse, Seat: true, Policy: memberstest.Policy(1, "new")}
	}
	for name, tc := range map[string]struct {
		change func(*membersv1.AdmitMember)
		want   *errs.Code
	}{
		"takes effect": {func(*membersv1.AdmitMember) {}, nil},
		"number taken, before its key": {func(m *membersv1.AdmitMember) {
			m.Legal, m.Policy = memberstest.LEI("maker"), memberstest.Policy(1, "maker")
		}, membersv1.ErrKnown},
		"key of another account": {func(m *membersv1.AdmitMember) { m.Policy = memberstest.Policy(1, "new", "bank") }, membersv1.ErrKeyTaken},
	} {
		t.Run(name, func(t *testing.T) {
			c, msg := setup(t), fresh()
			tc.change(msg)
			wants(t, kerneltest.Govern(c, msg), tc.want)
			seats := 2
			if tc.want == nil {
				seats = 3
			}
			if n := New().Seats(c.View()); n != seats {
				t.Errorf("%d seats", n)
			}
		})
	}
}

func TestSeatsAreBounded(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	c.Plant(membersv1.SeatsKey(), &membersv1.Seats{Count: membersv1.MaxSeats})
	wants(t, kerneltest.Govern(c, &membersv1.AdmitMember{
		Legal: memberstest.USCC("New", 7), Roles: membersv1.RoleWarehouse, Seat: true, Policy: memberstest.Policy(1, "new"),
	}), membersv1.ErrManySeats)
}

func TestAdmitSupplier(t *testing.T) {
	inv := kerneltest.Signer("invitation").Public()
	msg := func(n int, k *membersv1.Key) *membersv1.AdmitSupplier {
		return &membersv1.AdmitSupplier{
			Legal: memberstest.USCC("Supplier", n), IdentityCheck: id.Hash("check").Bytes(), InvitationKind: k.Kind, InvitationKey: k.PublicKey,
		}
	}
	c := setup(t)
	supplier := admitted(c, maker, 1, "invitation")
	m, a := member(c, supplier.Member), account(c, supplier.ID)
	if !bytes.Equal(m.Sponsor, maker.Member.Bytes()) || m.Roles != membersv1.RoleSupplier || m.Seat || a.State != membersv1.AccountState_ACCOUNT_STATE_INVITED {
		t.Errorf("the supplier is %v, %v", m, a)
	}
	if s, ok := New().Standing(c.View(), supplier.ID); !ok || s.Active || s.Lane != maker.Member || !s.Keys[0].Equal(inv) {
		t.Errorf("its standing is %+v", s)
	}
	if n := member(c, maker.Member).Suppliers; n != 1 {
		t.Errorf("the sponsor has %d suppliers", n)
	}
	c.Refused(membersv1.ErrKnown, maker, msg(1, memberstest.Key("other")))
	c.Refused(membersv1.ErrKeyTaken, maker, msg(2, memberstest.Key("invitation")))
	c.Must(maker, msg(2, memberstest.Key("other")))
	c.Refused(membersv1.ErrQuota, maker, msg(1, memberstest.Key("invitation")))
	c.Must(bank, msg(3, memberstest.Key("third")))
	c.Refused(membersv1.ErrQuota, bank, msg(4, memberstest.Key("fourth")))
}
