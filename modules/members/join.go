package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// join replaces the invitation's key by the supplier's own, which proves that it is held by who joins. From then on
// the account acts.
func (m *Members) join(c *kernel.Ctx, msg *membersv1.Join) error {
	a, rec := caller(c)
	account := c.Caller()
	if a.State != membersv1.AccountState_ACCOUNT_STATE_INVITED || rec.State != membersv1.MemberState_MEMBER_STATE_ACTIVE {
		return membersv1.ErrState.With("account %s is %s, its member %s", account, a.State, rec.State)
	}
	own := &membersv1.Key{Kind: msg.Kind, PublicKey: msg.PublicKey, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN}
	if err := key.Verify(own.Public(), membersv1.JoinDigest(c.Chain(), account, own.Public()), msg.Possession); err != nil {
		return membersv1.ErrPossession.At("possession", "%s", err)
	}
	if find(a.Policy, own) != nil {
		return membersv1.ErrKeyTaken.At("public_key", "it is the invitation's, which others have seen")
	}
	next := &membersv1.Policy{Keys: []*membersv1.Key{own}, Threshold: 1}
	if err := takeKeys(c, account, a.Policy, next); err != nil {
		return err
	}
	a.Policy, a.State = next, membersv1.AccountState_ACCOUNT_STATE_ACTIVE
	rec.EncryptionKey = msg.EncryptionKey
	members.Update(c, id.Must(rec.Id), rec)
	saveAccount(c, a, "joined")
	return nil
}
