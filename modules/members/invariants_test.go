package members

import (
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
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
		{"a number lost", "members/credentials", func(c *kerneltest.Chain) {
			c.Plant(membersv1.CredentialKey(lei("", leis[0])), nil)
		}},
		{"a number of nobody", "members/credentials", func(c *kerneltest.Chain) {
			c.Plant(membersv1.CredentialKey(uscc("", 99)), &membersv1.CredentialUse{Member: maker.Member.Bytes()})
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
