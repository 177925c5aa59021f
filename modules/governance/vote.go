package governance

import (
	"slices"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
)

// vote casts a member's one ballot. Whether a proposal has lapsed is computed here from its expiry.
func (g *Governance) vote(c *kernel.Ctx, msg *governancev1.Vote) error {
	proposal := id.Must(msg.Proposal)
	p, ok := proposals.Get(c, proposal)
	if !ok {
		return governancev1.ErrNoProposal.At("proposal", "%s", proposal)
	}
	s, err := c.Active(c.Caller())
	switch {
	case err != nil:
		return err
	case p.State != governancev1.ProposalState_PROPOSAL_STATE_OPEN:
		return governancev1.ErrDecided.At("proposal", "%s is %s", proposal, p.State)
	case p.Expired(c.Now()):
		return governancev1.ErrLapsed.At("proposal", "%s, %d s ago", proposal, c.Now()-p.ExpiresUnixS)
	case slices.ContainsFunc(p.Ballots, func(b *governancev1.Ballot) bool { return id.Must(b.Member) == s.Member }):
		return governancev1.ErrVoted.At("proposal", "%s", proposal)
	}
	g.cast(c, proposal, p, s.Member, msg.Yes)
	return nil
}

// cast adds a ballot, and decides where it decides. What an agreed proposal does takes effect in the transaction
// of the vote; where a call fails, the vote stands and nothing of the proposal does.
func (g *Governance) cast(c *kernel.Ctx, proposal id.ID, p *governancev1.Proposal, member id.ID, yes bool) {
	p.Ballots = append(p.Ballots, &governancev1.Ballot{Member: member.Bytes(), Yes: yes})
	c.Emit(&governancev1.Voted{Proposal: p.Id, Member: member.Bytes(), Yes: yes})
	if p.State = g.outcome(c, p); p.State == governancev1.ProposalState_PROPOSAL_STATE_EXECUTED {
		if err := g.execute(c, p); err != nil {
			p.State, p.FailedCode = governancev1.ProposalState_PROPOSAL_STATE_FAILED, kernel.CodeNumber(err)
		}
	}
	proposals.Update(c, proposal, p)
	if p.State != governancev1.ProposalState_PROPOSAL_STATE_OPEN {
		c.Emit(&governancev1.Decided{Proposal: p.Id, State: p.State, FailedCode: p.FailedCode})
	}
}

// outcome counts the ballots of those who have a seat now: agreed by more than two thirds of the seats, rejected
// when that cannot be reached any more.
func (g *Governance) outcome(c *kernel.Ctx, p *governancev1.Proposal) governancev1.ProposalState {
	seats, yes, no := g.members.Seats(c), 0, 0
	for _, b := range p.Ballots {
		switch {
		case !g.members.HasSeat(c, id.Must(b.Member)):
		case b.Yes:
			yes++
		default:
			no++
		}
	}
	switch {
	case agreed(yes, seats):
		return governancev1.ProposalState_PROPOSAL_STATE_EXECUTED
	case !agreed(seats-no, seats):
		return governancev1.ProposalState_PROPOSAL_STATE_REJECTED
	}
	return governancev1.ProposalState_PROPOSAL_STATE_OPEN
}

// agreed tells whether so many are more than two thirds of the seats.
func agreed(yes, seats int) bool { return yes*3 > seats*2 }

// execute runs the calls with governance's identity: all of them take effect or none does. What they leave together is judged
// at their end, so that their order is free.
func (g *Governance) execute(c *kernel.Ctx, p *governancev1.Proposal) error {
	return c.Try(func(c *kernel.Ctx) error {
		for _, call := range p.Calls {
			if err := c.Run(call.Method, call.Message); err != nil {
				return err
			}
		}
		return g.allThere(c)
	})
}
