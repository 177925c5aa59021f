package members

import (
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestInvariantsCatchPlantedFaults(t *testing.T) {
	key := membersv1.KeyUseKey(kerneltest.Signer("bank").Public().ID())
	for _, tc := range []struct {
		name, want string
		plant      func(c *kerneltest.Chain)
	}{
		{"an account of nobody", "members/accounts", func(c *kerneltest.Chain) {
			a := account(c, bank.ID)
			a.Member = id.Hash("nobody").Bytes()
			c.Plant(membersv1.AccountKey(bank.ID), a)
		}},
		{"a threshold nobody reaches", "members/accounts", func(c *kerneltest.Chain) {
			a := account(c, bank.ID)
			a.Policy.Threshold = 2
			c.Plant(membersv1.AccountKey(bank.ID), a)
		}},
		{"another's main account", "members/accounts", func(c *kerneltest.Chain) {
			m := member(c, bank.Member)
			m.MainAccount = maker.ID.Bytes()
			c.Plant(membersv1.MemberKey(bank.Member), m)
		}},
		{"a key that points nowhere", "members/keys", func(c *kerneltest.Chain) { c.Plant(key, nil) }},
		{"a key that points to another", "members/keys", func(c *kerneltest.Chain) {
			c.Plant(key, &membersv1.KeyUse{Account: maker.ID.Bytes()})
		}},
		{"a pointer from no key", "members/keys", func(c *kerneltest.Chain) {
			c.Plant(membersv1.KeyUseKey(id.Hash("x")), &membersv1.KeyUse{Account: maker.ID.Bytes()})
		}},
		{"a recovery whose key is not kept", "members/keys", func(c *kerneltest.Chain) {
			c.Plant(membersv1.RecoveryKey(bank.ID), &membersv1.Recovery{
				Account: bank.ID.Bytes(), Member: bank.Member.Bytes(), State: 1, Item: []byte{1}, Policy: memberstest.Policy(1, "new"),
			})
		}},
		{"a key that signs and is said to wait", "members/keys", func(c *kerneltest.Chain) {
			c.Plant(key, &membersv1.KeyUse{Account: bank.ID.Bytes(), Waits: true})
		}},
		{"a number lost", "members/credentials", func(c *kerneltest.Chain) {
			c.Plant(membersv1.CredentialKey(memberstest.LEI("maker")), nil)
		}},
		{"a number of nobody", "members/credentials", func(c *kerneltest.Chain) {
			c.Plant(membersv1.CredentialKey(memberstest.USCC("", 99)), &membersv1.CredentialUse{Member: maker.Member.Bytes()})
		}},
		{"one seat more", "members/counts", func(c *kerneltest.Chain) {
			c.Plant(membersv1.SeatsKey(), &membersv1.Seats{Count: 3})
		}},
		{"a supplier not counted", "members/counts", func(c *kerneltest.Chain) {
			m := member(c, maker.Member)
			m.Suppliers = 0
			c.Plant(membersv1.MemberKey(maker.Member), m)
		}},
		{"a regulator that trades", "members/roles", func(c *kerneltest.Chain) {
			m := member(c, regulator.Member)
			m.Roles |= membersv1.RoleBank
			c.Plant(membersv1.MemberKey(regulator.Member), m)
		}},
		{"a sponsor that is not there", "members/roles", func(c *kerneltest.Chain) {
			m := member(c, operator.Member)
			m.Sponsor = id.Hash("nobody").Bytes()
			c.Plant(membersv1.MemberKey(operator.Member), m)
		}},
		{"a regulator's main account closed", "members/accounts", func(c *kerneltest.Chain) {
			a := account(c, regulator.ID)
			a.State = membersv1.AccountState_ACCOUNT_STATE_CLOSED
			c.Plant(membersv1.AccountKey(regulator.ID), a)
		}},
		{"a closed account's key that is not free", "members/keys", func(c *kerneltest.Chain) {
			a := account(c, bank.ID)
			a.State = membersv1.AccountState_ACCOUNT_STATE_CLOSED
			c.Plant(membersv1.AccountKey(bank.ID), a)
		}},
		{"one who left and keeps its seat", "members/roles", func(c *kerneltest.Chain) {
			m := member(c, bank.Member)
			m.State = left
			c.Plant(membersv1.MemberKey(bank.Member), m)
		}},
		{"a supplier on the lane of one who left", "members/roles", func(c *kerneltest.Chain) {
			m := member(c, maker.Member)
			m.State, m.Seat, m.SupplierQuota, m.Suppliers = left, false, 0, 0
			c.Plant(membersv1.MemberKey(maker.Member), m)
		}},
		{"a recovery of nobody's account", "members/recoveries", func(c *kerneltest.Chain) {
			c.Plant(membersv1.RecoveryKey(id.Hash("x")), &membersv1.Recovery{Account: id.Hash("x").Bytes(), State: 1, Item: []byte{1}})
		}},
		{"a recovery that waits for nothing", "members/recoveries", func(c *kerneltest.Chain) {
			c.Plant(membersv1.RecoveryKey(bank.ID), &membersv1.Recovery{Account: bank.ID.Bytes(), Member: bank.Member.Bytes(), State: 1})
		}},
		{"a recovery that failed for nothing", "members/recoveries", func(c *kerneltest.Chain) {
			c.Plant(membersv1.RecoveryKey(bank.ID), &membersv1.Recovery{Account: bank.ID.Bytes(), Member: bank.Member.Bytes(), State: 2})
		}},
		{"a settlement account that is not counted", "members/counts", func(c *kerneltest.Chain) {
			c.Plant(membersv1.SettlementKey(bank.Member, "CNY"), &membersv1.SettlementAccount{Member: bank.Member.Bytes(), Currency: "CNY", Current: atBank("1")})
		}},
		{"a settlement account of another", "members/settlements", func(c *kerneltest.Chain) {
			c.Plant(membersv1.SettlementKey(bank.Member, "CNY"), &membersv1.SettlementAccount{Member: maker.Member.Bytes(), Currency: "CNY", Current: atBank("1")})
		}},
		{"a settlement account that is none", "members/settlements", func(c *kerneltest.Chain) {
			c.Plant(membersv1.SettlementKey(bank.Member, "CNY"), &membersv1.SettlementAccount{Member: bank.Member.Bytes(), Currency: "CNY"})
		}},
		{"a change that one key confirmed twice", "members/settlements", func(c *kerneltest.Chain) {
			c.Plant(membersv1.SettlementKey(bank.Member, "CNY"), &membersv1.SettlementAccount{Member: bank.Member.Bytes(), Currency: "CNY", Pending: &membersv1.SettlementChange{
				To: atBank("1"), AskedBy: bank.ID.Bytes(), ConfirmedBy: bank.ID.Bytes(), DueUnixS: 1, Item: []byte{1},
			}})
		}},
		{"a change that is due and not booked", "members/settlements", func(c *kerneltest.Chain) {
			c.Plant(membersv1.SettlementKey(bank.Member, "CNY"), &membersv1.SettlementAccount{Member: bank.Member.Bytes(), Currency: "CNY", Pending: &membersv1.SettlementChange{
				To: atBank("1"), AskedBy: bank.ID.Bytes(), DueUnixS: 1,
			}})
		}},
		{"a use below zero", "members/uses", func(c *kerneltest.Chain) {
			c.Plant(membersv1.DayUseKey(bank.ID, "CNY"), &membersv1.DayUse{Account: bank.ID.Bytes(), UsedMinor: -1})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := setup(t)
			admitted(c, maker, 1, "invitation")
			if bad := c.M.CheckInvariants(c.View()); len(bad) > 0 {
				t.Fatalf("before: %v", bad)
			}
			tc.plant(c)
			if bad := strings.Join(c.M.CheckInvariants(c.View()), "\n"); !strings.Contains(bad, tc.want) {
				t.Errorf("want %s, got %q", tc.want, bad)
			}
		})
	}
}
