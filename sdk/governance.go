package sdk

import (
	"context"
	"iter"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// Proposals walks all proposals, decided ones too. Each is proven; that none is left out is not proven.
func (c *Client) Proposals(ctx context.Context) iter.Seq2[*governancev1.Proposal, error] {
	return each(ctx, c, governancev1.ListProposals, governancev1.ProposalsSubject, func() *governancev1.Proposal { return &governancev1.Proposal{} })
}

// Recoveries walks the recoveries of a member's accounts that wait or failed last. Each is proven; that none is left out is
// not proven: what waits for one account is proven by membersv1.RecoveryKey.
func (c *Client) Recoveries(ctx context.Context, member id.ID) iter.Seq2[*membersv1.Recovery, error] {
	return each(ctx, c, membersv1.ListRecoveries, member, func() *membersv1.Recovery { return &membersv1.Recovery{} })
}

// Settlements walks where a member is paid, by currency. Each is proven; that none is left out is not proven: that of one
// currency is proven by membersv1.SettlementKey.
func (c *Client) Settlements(ctx context.Context, member id.ID) iter.Seq2[*membersv1.SettlementAccount, error] {
	return each(ctx, c, membersv1.ListSettlements, member, func() *membersv1.SettlementAccount { return &membersv1.SettlementAccount{} })
}
