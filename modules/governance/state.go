package governance

import (
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"google.golang.org/protobuf/proto"
)

// The module's collections. Everybody may read what is put to the vote and who validates.
var (
	proposals = kernel.NewMap[id.ID, *governancev1.Proposal]("governance.proposals", governancev1.PrefixProposal, everybody[*governancev1.Proposal],
		kernel.PublicListOf(governancev1.ListProposals, func(*governancev1.Proposal) []id.ID { return []id.ID{governancev1.ProposalsSubject} }))
	validators  = kernel.NewMap[kernel.None, *governancev1.ValidatorSet]("governance.validators", governancev1.PrefixValidators, everybody[*governancev1.ValidatorSet])
	changes     = kernel.NewMap[kernel.None, *governancev1.ValidatorChanges]("governance.changes", governancev1.PrefixChanges, everybody[*governancev1.ValidatorChanges])
	accusations = kernel.NewMap[id.ID, *governancev1.Accusation]("governance.accusations", governancev1.PrefixAccusation, everybody[*governancev1.Accusation],
		kernel.PublicListOf(governancev1.ListAccusations, func(*governancev1.Accusation) []id.ID { return []id.ID{governancev1.AccusationsSubject} }))
)

func everybody[V proto.Message](V) kernel.Audience { return kernel.Public }

// Proposal reads a proposal; false where there is none.
func (g *Governance) Proposal(c *kernel.Ctx, proposal id.ID) (*governancev1.Proposal, bool) {
	return proposals.Get(c, proposal)
}

// Validators reads the validator set, in order of key.
func (g *Governance) Validators(c *kernel.Ctx) *governancev1.ValidatorSet {
	if set, ok := validators.Get(c, kernel.None{}); ok {
		return set
	}
	return &governancev1.ValidatorSet{}
}
