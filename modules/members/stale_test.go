package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// A draft of new limits that was signed before a rotation does not put the old key back.
func TestAPolicyReplacesTheOneThatWasRead(t *testing.T) {
	c := setup(t)
	seen := membersv1.PolicyHash(account(c, maker.ID).Policy).Bytes()
	limits := &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Limited(memberstest.Policy(1, "maker"), 5, 5), Replaces: seen}
	c.Must(maker, &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(1, "maker", "next"), Replaces: seen})
	c.Refused(membersv1.ErrStale, maker, limits)
	taken := &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(1, "bank"), Replaces: seen}
	c.Refused(membersv1.ErrKeyTaken, maker, taken)
	limits.Replaces = membersv1.PolicyHash(account(c, maker.ID).Policy).Bytes()
	c.Must(maker, limits)
	c.Refused(membersv1.ErrField, maker, &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(1, "maker"), Replaces: seen[1:]})
}

// A proposal to suspend does not undo what another has changed meanwhile.
func TestAStandingReplacesTheOneThatWasRead(t *testing.T) {
	c := setup(t)
	suspend := standing(bank, suspended, membersv1.RoleBank, true)
	suspend.Replaces = membersv1.StandingHash(member(c, bank.Member)).Bytes()
	wants(t, kerneltest.Govern(c, standing(bank, active, membersv1.RoleBank|membersv1.RoleFinancier, true)), nil)
	wants(t, kerneltest.Govern(c, suspend), membersv1.ErrStale)
	suspend.Replaces = membersv1.StandingHash(member(c, bank.Member)).Bytes()
	wants(t, kerneltest.Govern(c, suspend), nil)
}
