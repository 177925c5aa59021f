package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// closeAccount ends an account of the caller's member whose totals are empty: it holds nothing, offers nothing, is offered
// nothing and owes nothing. Its keys are free for other accounts, and sign nothing more for this one: not what they signed before
// either. The record stays, so that what it did keeps its author.
func (m *Members) closeAccount(c *kernel.Ctx, msg *membersv1.CloseAccount) error {
	rec, err := mainCaller(c)
	if err != nil {
		return err
	}
	account := id.Must(msg.Account)
	a, err := ownAccount(c, account, rec)
	if err != nil {
		return err
	}
	if err := isActive(a); err != nil {
		return err
	}
	if account == c.Caller() {
		return membersv1.ErrMainCloses.At("account", "%s", account)
	}
	if lines := c.Totals(account).Lines; len(lines) > 0 {
		return membersv1.ErrNotEmpty.At("account", "%s has %d of class %d", account, lines[0].Count, lines[0].Class)
	}
	if r, ok := recoveries.Get(c, account); ok && r.State == membersv1.RecoveryState_RECOVERY_STATE_PENDING {
		if err := endRecovery(c, account, "vetoed"); err != nil {
			return err
		}
	}
	for _, k := range a.Policy.Keys {
		if k.Named() {
			keyUses.Delete(c, k.Public().ID())
		}
	}
	rec.Accounts--
	members.Update(c, id.Must(rec.Id), rec)
	a.State = membersv1.AccountState_ACCOUNT_STATE_CLOSED
	saveAccount(c, a, "closed")
	return nil
}

// ownAccount reads an account of the member.
func ownAccount(c *kernel.Ctx, account id.ID, of *membersv1.Member) (*membersv1.Account, error) {
	a, ok := accounts.Get(c, account)
	if !ok || id.Must(a.Member) != id.Must(of.Id) {
		return nil, membersv1.ErrNotOwn.At("account", "%s", account)
	}
	return a, nil
}
