package sdk

import (
	"context"
	"fmt"
	"iter"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// AccountByKey finds the account that a key signs for, by proof; ErrNotFound where there is none.
func (c *Client) AccountByKey(ctx context.Context, pub key.Public) (id.ID, error) {
	use := &membersv1.KeyUse{}
	_, found, err := c.Get(ctx, membersv1.KeyUseKey(pub.ID()), use)
	if err := notFound(found && !use.Waits, err); err != nil {
		return id.ID{}, err
	}
	account, ok := id.Of(use.Account)
	if !ok {
		return id.ID{}, fmt.Errorf("%w: a key's account of %d bytes", ErrAnswer, len(use.Account))
	}
	return account, nil
}

// Totals are the account's proven totals; an empty record where it has none.
func (c *Client) Totals(ctx context.Context) (*kernelv1.Totals, Verified, error) {
	t := &kernelv1.Totals{}
	v, _, err := c.Get(ctx, kernelv1.TotalsKey(c.account), t)
	return t, v, err
}

// Members walks all members, each proven; that none is left out is not proven.
func (c *Client) Members(ctx context.Context) iter.Seq2[*membersv1.Member, error] {
	return each(ctx, c, membersv1.ListMembers, membersv1.MembersSubject, func() *membersv1.Member { return &membersv1.Member{} })
}

// Accounts walks the accounts of a member that the account may read: its own member's. Each is proven; that none is
// left out is not proven.
func (c *Client) Accounts(ctx context.Context, member id.ID) iter.Seq2[*membersv1.Account, error] {
	return each(ctx, c, membersv1.ListAccounts, member, func() *membersv1.Account { return &membersv1.Account{} })
}
