package governancev1

import (
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// The prefixes of the module's collections; module number 2.
var (
	PrefixProposal   = kernelv1.Prefix{2, 1}
	PrefixValidators = kernelv1.Prefix{2, 2}
	PrefixChanges    = kernelv1.Prefix{2, 3}
)

// ListProposals is the name of the list of all proposals, by ProposalsSubject.
const ListProposals = "proposals"

// ProposalsSubject is the one subject of the list of proposals.
var ProposalsSubject = id.Hash("proposals")

// ProposalKey is the state key of a Proposal.
func ProposalKey(proposal id.ID) []byte { return kernelv1.StateKey(PrefixProposal, proposal[:]) }

// ValidatorsKey is the state key of the ValidatorSet.
func ValidatorsKey() []byte { return kernelv1.StateKey(PrefixValidators) }

// ChangesKey is the state key of the ValidatorChanges of the block that runs.
func ChangesKey() []byte { return kernelv1.StateKey(PrefixChanges) }
