package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// admitMember takes in a member by vote, with its main account: the member's id is the first that the call makes,
// the account's the second.
func (m *Members) admitMember(c *kernel.Ctx, msg *membersv1.AdmitMember) error {
	rec := &membersv1.Member{
		Legal: msg.Legal, Roles: msg.Roles, Seat: msg.Seat, SupplierQuota: msg.SupplierQuota,
		Nodes: msg.Nodes, EncryptionKey: msg.EncryptionKey,
	}
	return admit(c, rec, msg.Policy, membersv1.AccountState_ACCOUNT_STATE_ACTIVE)
}

// admitSupplier takes in a supplier on the caller's quota and lane. Its account can only join, by the key of the
// invitation.
func (m *Members) admitSupplier(c *kernel.Ctx, msg *membersv1.AdmitSupplier) error {
	a, sponsor := caller(c)
	if sponsor.Suppliers >= sponsor.SupplierQuota {
		return membersv1.ErrQuota.With("%d of %d are admitted", sponsor.Suppliers, sponsor.SupplierQuota)
	}
	rec := &membersv1.Member{
		Legal: msg.Legal, Roles: membersv1.RoleSupplier, Sponsor: a.Member, IdentityCheck: msg.IdentityCheck,
	}
	invitation := &membersv1.Key{Kind: msg.InvitationKind, PublicKey: msg.InvitationKey, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN}
	policy := &membersv1.Policy{Keys: []*membersv1.Key{invitation}, Threshold: 1}
	if err := admit(c, rec, policy, membersv1.AccountState_ACCOUNT_STATE_INVITED); err != nil {
		return err
	}
	sponsor.Suppliers++
	members.Update(c, id.Must(a.Member), sponsor)
	return nil
}

// mainName is the name of a member's first account.
const mainName = "main"

// admit writes a new active member and its main account.
func admit(c *kernel.Ctx, rec *membersv1.Member, policy *membersv1.Policy, state membersv1.AccountState) error {
	credential := membersv1.CredentialID(rec.Legal)
	if other, taken := credentials.Get(c, credential); taken {
		return membersv1.ErrKnown.At("legal.credential", "%s is that of member %x", rec.Legal.Credential, other.Member)
	}
	member, account := c.NewID(), c.NewID()
	rec.Id, rec.MainAccount, rec.Accounts = member.Bytes(), account.Bytes(), 1
	rec.State = membersv1.MemberState_MEMBER_STATE_ACTIVE
	policy = proto.CloneOf(policy)
	if err := takeKeys(c, account, nil, policy); err != nil {
		return err
	}
	if err := countSeat(c, false, votes(rec)); err != nil {
		return err
	}
	credentials.Insert(c, credential, &membersv1.CredentialUse{Member: rec.Id})
	members.Insert(c, member, rec)
	accounts.Insert(c, account, &membersv1.Account{Id: rec.MainAccount, Member: rec.Id, Name: mainName, Policy: policy, State: state})
	c.Emit(&membersv1.MemberAdmitted{Member: rec.Id, Name: rec.Legal.Name, Roles: rec.Roles, Sponsor: rec.Sponsor, MainAccount: rec.MainAccount})
	return nil
}
