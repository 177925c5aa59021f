package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// recoveryWait is how long a recovery waits for a veto.
var recoveryWait = &kernel.Param{
	Name: membersv1.ParamRecoveryWait, Default: membersv1.RecoveryWaitS, Min: 3600, Max: 30 * 86_400,
	Source: "the consortium: 72 hours in which the old key can veto",
}

// dueRecovery is the kind of the dated item that puts a recovery's policy in place; its payload is the account.
const dueRecovery = "members.recovery"

// beginRecovery books a new policy for an account whose keys are lost. Its keys are kept for the account from now on: everybody
// reads them while they wait.
func (m *Members) beginRecovery(c *kernel.Ctx, msg *membersv1.Recover) error {
	account := id.Must(msg.Account)
	a, ok := accounts.Get(c, account)
	if !ok {
		return kernel.ErrUnknown.At("account", "%s", account)
	}
	if err := recoverable(c, a); err != nil {
		return err
	}
	if err := free(c, account, msg.Policy); err != nil {
		return err
	}
	if r, ok := recoveries.Get(c, account); ok && r.State == membersv1.RecoveryState_RECOVERY_STATE_PENDING {
		return membersv1.ErrRecoveryOpen.At("account", "it is due at %d s", r.DueUnixS)
	}
	r := &membersv1.Recovery{
		Account: msg.Account, Member: a.Member, Policy: msg.Policy, Reason: msg.Reason,
		DueUnixS: c.Now() + c.Param(recoveryWait), State: membersv1.RecoveryState_RECOVERY_STATE_PENDING,
	}
	var err error
	if r.Item, err = c.Book(r.DueUnixS, kernel.LawLane, dueRecovery, account.Bytes()); err != nil {
		return err
	}
	recoveries.Save(c, account, r, true)
	reserve(c, account, a.Policy, r.Policy)
	tellRecovery(c, r, "pending")
	return nil
}

// recoverable judges that the account can sign again once it has keys: it is no invitation and not closed, and its member has
// not left. A suspended member's can be recovered: that is how a stolen account is taken back from a thief who would veto.
func recoverable(c *kernel.Ctx, a *membersv1.Account) error {
	if rec := mustMember(c, a); rec.State == membersv1.MemberState_MEMBER_STATE_LEFT {
		return membersv1.ErrState.At("account", "its member %x has left", a.Member)
	}
	return isActive(a)
}

func isActive(a *membersv1.Account) error {
	if a.State != membersv1.AccountState_ACCOUNT_STATE_ACTIVE {
		return membersv1.ErrState.At("account", "%x is %s", a.Id, a.State)
	}
	return nil
}

// free judges that no key of a policy is another account's.
func free(c *kernel.Ctx, account id.ID, p *membersv1.Policy) error {
	for i, k := range p.Keys {
		if k.Named() && isOthers(c, account, k) {
			return membersv1.ErrKeyTaken.At("policy.keys", "number %d, %s", i, k.Public())
		}
	}
	return nil
}

// recovered puts a recovery's policy in place when its time has come. What stands against it then fails it, and is kept.
func (m *Members) recovered(c *kernel.Ctx, _ int64, payload []byte) error {
	account := id.Must(payload)
	r, ok := recoveries.Get(c, account)
	if !ok {
		broken("the recovery of account %s is due and not there", account)
	}
	a := recovering(c, account)
	err := c.Try(func(c *kernel.Ctx) error { return putInPlace(c, account, r.Policy) })
	if err != nil {
		unreserve(c, a.Policy, r.Policy)
		r.State, r.FailedCode, r.Item = membersv1.RecoveryState_RECOVERY_STATE_FAILED, kernel.CodeNumber(err), nil
		recoveries.Update(c, account, r)
		tellRecovery(c, r, "failed")
		return nil
	}
	recoveries.Delete(c, account)
	tellRecovery(c, r, "done")
	return nil
}

// recovering reads the account of a recovery: accounts stay.
func recovering(c *kernel.Ctx, account id.ID) *membersv1.Account {
	a, ok := accounts.Get(c, account)
	if !ok {
		broken("a recovery of account %s, which is not there", account)
	}
	return a
}

func putInPlace(c *kernel.Ctx, account id.ID, p *membersv1.Policy) error {
	a := recovering(c, account)
	if err := recoverable(c, a); err != nil {
		return err
	}
	next := proto.CloneOf(p)
	if err := takeKeys(c, account, a.Policy, next); err != nil {
		return err
	}
	a.Policy = next
	saveAccount(c, a, "recovered")
	return nil
}

// vetoRecovery ends a recovery: who can still sign for the account, or for its member's main account, has lost no keys.
func (m *Members) vetoRecovery(c *kernel.Ctx, msg *membersv1.VetoRecovery) error {
	account := id.Must(msg.Account)
	if account != c.Caller() {
		rec, err := mainCaller(c)
		if err != nil {
			return err
		}
		if _, err := ownAccount(c, account, rec); err != nil {
			return err
		}
	}
	return endRecovery(c, account, "vetoed")
}

// cancelRecovery takes back by vote what a vote began.
func (m *Members) cancelRecovery(c *kernel.Ctx, msg *membersv1.CancelRecovery) error {
	return endRecovery(c, id.Must(msg.Account), "cancelled")
}

func endRecovery(c *kernel.Ctx, account id.ID, what string) error {
	r, ok := recoveries.Get(c, account)
	if !ok || r.State != membersv1.RecoveryState_RECOVERY_STATE_PENDING {
		return membersv1.ErrNoRecovery.At("account", "%s", account)
	}
	c.Unbook(r.Item)
	unreserve(c, recovering(c, account).Policy, r.Policy)
	recoveries.Delete(c, account)
	tellRecovery(c, r, what)
	return nil
}

// tellRecovery tells everybody, and puts it into the entries of who can veto: of the account and of its member's main account.
func tellRecovery(c *kernel.Ctx, r *membersv1.Recovery, what string) {
	parties := []id.ID{id.Must(r.Account)}
	if main := mainAccount(c, r.Member); main != parties[0] {
		parties = append(parties, main)
	}
	c.Emit(&membersv1.RecoveryChanged{Account: r.Account, Member: r.Member, What: what, DueUnixS: r.DueUnixS, FailedCode: r.FailedCode}, parties...)
}
