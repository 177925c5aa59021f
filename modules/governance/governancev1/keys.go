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
	PrefixAccusation = kernelv1.Prefix{2, 4}
)

// ListAccusations is the name of the list of all accusations, by AccusationsSubject.
const ListAccusations = "accusations"

// AccusationsSubject is the one subject of the list of accusations.
var AccusationsSubject = id.Hash("accusations")

// AccusationKey is the state key of the Accusation of a validator, by its address of 20 bytes.
func AccusationKey(address []byte) []byte {
	at := AccusedAs(address)
	return kernelv1.StateKey(PrefixAccusation, at[:])
}

// AccusedAs is what an accusation is found by.
func AccusedAs(address []byte) id.ID { return id.Hash("validator address", address) }

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
