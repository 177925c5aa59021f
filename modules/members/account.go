package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// openAccount adds an account to the caller's member; its id is the first that the call makes.
func (m *Members) openAccount(c *kernel.Ctx, msg *membersv1.OpenAccount) error {
	rec, err := mainCaller(c)
	if err != nil {
		return err
	}
	if rec.Accounts >= membersv1.MaxAccounts {
		return membersv1.ErrManyAccts.With("%d are open", rec.Accounts)
	}
	account, policy := c.NewID(), proto.CloneOf(msg.Policy)
	if err := takeKeys(c, account, nil, policy); err != nil {
		return err
	}
	rec.Accounts++
	members.Update(c, id.Must(rec.Id), rec)
	a := &membersv1.Account{Id: account.Bytes(), Member: rec.Id, Name: msg.Name, Policy: policy, State: membersv1.AccountState_ACCOUNT_STATE_ACTIVE}
	accounts.Insert(c, account, a)
	emitAccount(c, a, "opened")
	return nil
}

// setPolicy changes keys, limits and methods of an account of the caller's member. Old keys stop at once: whatever
// runs after this call meets the new policy. New keys sign from the next block on, since a block's signatures are
// judged against the state before it.
func (m *Members) setPolicy(c *kernel.Ctx, msg *membersv1.SetPolicy) error {
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
	if err := free(c, account, msg.Policy); err != nil {
		return err
	}
	if err := fresh(msg.Replaces, membersv1.PolicyHash(a.Policy)); err != nil {
		return err
	}
	next := proto.CloneOf(msg.Policy)
	if err := takeKeys(c, account, a.Policy, next); err != nil {
		return err
	}
	a.Policy = next
	saveAccount(c, a, "policy")
	return nil
}

// fresh judges that a call which replaces a record whole was made for the one that holds, where it says so: what was signed
// before another change does not undo it.
func fresh(replaces []byte, now id.ID) error {
	if len(replaces) > 0 && string(replaces) != string(now[:]) {
		return membersv1.ErrStale.At("replaces", "%x, it is %s", replaces, now)
	}
	return nil
}

// setNodes names the peer ids of the nodes that the caller's member runs.
func (m *Members) setNodes(c *kernel.Ctx, msg *membersv1.SetNodes) error {
	rec, err := mainCaller(c)
	if err != nil {
		return err
	}
	rec.Nodes = msg.Nodes
	return change(c, id.Must(rec.Id), rec, "nodes")
}

// setEncryptionKey names the key that documents for the caller's member are encrypted to. What was encrypted to the old one
// stays so.
func (m *Members) setEncryptionKey(c *kernel.Ctx, msg *membersv1.SetEncryptionKey) error {
	rec, err := mainCaller(c)
	if err != nil {
		return err
	}
	rec.EncryptionKey = msg.EncryptionKey
	return change(c, id.Must(rec.Id), rec, "encryption key")
}

// mainCaller reads the caller's member where the caller is its main account.
func mainCaller(c *kernel.Ctx) (*membersv1.Member, error) {
	_, rec := caller(c)
	if id.Must(rec.MainAccount) != c.Caller() {
		return nil, membersv1.ErrNotMain.With("it is %x", rec.MainAccount)
	}
	return rec, nil
}

func saveAccount(c *kernel.Ctx, a *membersv1.Account, what string) {
	accounts.Update(c, id.Must(a.Id), a)
	emitAccount(c, a, what)
}

func emitAccount(c *kernel.Ctx, a *membersv1.Account, what string) {
	c.Emit(&membersv1.AccountChanged{Account: a.Id, Member: a.Member, What: what}, id.Must(a.Id))
}
