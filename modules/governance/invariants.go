package governance

import (
	"bytes"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
)

type report = func(format string, args ...any)

// checkProposals: every proposal has a state, one ballot a member, its proposer's first, and a code where it failed
// and nowhere else.
func checkProposals(c *kernel.Ctx, violated report) {
	proposals.Each(c, nil, func(k []byte, p *governancev1.Proposal) bool {
		seen := map[string]bool{}
		for _, b := range p.Ballots {
			if seen[string(b.Member)] {
				violated("proposal %x has two ballots of member %x", k, b.Member)
			}
			seen[string(b.Member)] = true
		}
		if len(p.Ballots) == 0 || !bytes.Equal(p.Ballots[0].Member, p.Proposer) {
			violated("proposal %x lacks its proposer's vote", k)
		}
		if p.State < governancev1.ProposalState_PROPOSAL_STATE_OPEN || p.State > governancev1.ProposalState_PROPOSAL_STATE_REJECTED ||
			(p.State == governancev1.ProposalState_PROPOSAL_STATE_FAILED) != (p.FailedCode != 0) {
			violated("proposal %x is %s with code %d", k, p.State, p.FailedCode)
		}
		return true
	})
}

// checkValidators: the set is in order of key, each key once, with a power within its bounds and a member.
func (g *Governance) checkValidators(c *kernel.Ctx, violated report) {
	set := g.Validators(c)
	if n := len(set.Validators); n > governancev1.MaxValidators {
		violated("there are %d validators", n)
	}
	var last []byte
	for _, v := range set.Validators {
		if bytes.Compare(v.PublicKey, last) <= 0 {
			violated("validator %x is out of order, or there twice", v.PublicKey)
		}
		if v.Power < 1 || v.Power > governancev1.MaxPower {
			violated("validator %x has the power %d", v.PublicKey, v.Power)
		}
		if !g.there(c, v) {
			violated("validator %x is of member %x, who is not there or has left", v.PublicKey, v.Member)
		}
		last = v.PublicKey
	}
	if set.ChangedHeight > 0 && set.ChangedPower*3 >= set.PowerBefore {
		violated("%d of %d changed at height %d", set.ChangedPower, set.PowerBefore, set.ChangedHeight)
	}
}

// checkChanges: between blocks the engine has been told everything.
func checkChanges(c *kernel.Ctx, violated report) {
	if rec, ok := changes.Get(c, kernel.None{}); ok {
		violated("%d changes of validators have not been told", len(rec.Changes))
	}
}
