// Package governancev1 has the messages, keys and errors of modules/governance: all that a client imports.
package governancev1

import "github.com/splittally/splittally/modules/kernel/errs"

var set = errs.NewSet("governance", 200)

// The refusals of the module, in order of precedence: of the message alone, then of what state says.
var (
	ErrField          = set.New("GovernanceField", "a field of the message is outside of what governance allows", "Mend the field that is named.")
	ErrExpiry         = set.New("ProposalExpiry", "a proposal expires in the future, at most 30 days ahead", "Choose a nearer expiry.")
	ErrNoProposal     = set.New("UnknownProposal", "no such proposal", "Check the proposal's id.")
	ErrDecided        = set.New("ProposalDecided", "a decided proposal takes no more votes", "Look at its outcome; propose again if need be.")
	ErrLapsed         = set.New("ProposalExpired", "an expired proposal takes no more votes", "Propose again.")
	ErrVoted          = set.New("AlreadyVoted", "each member has one vote, which does not change", "Nothing: the vote stands.")
	ErrFromDay        = set.New("ParameterDay", "a parameter's value holds from a later day than today", "Choose tomorrow or later.")
	ErrNoMember       = set.New("ValidatorMember", "a validator belongs to one active member, the same as long as it is there", "Name that member; take the key away first to give it to another.")
	ErrNoValidator    = set.New("UnknownValidator", "only a key that is in the set is taken away", "Check the key.")
	ErrManySet        = set.New("TooManyValidators", "there are at most 100 validators", "Take one away first.")
	ErrFewSet         = set.New("TooFewValidators", "a removal that leaves fewer than four says allow_below_four, and one must remain", "Set allow_below_four, or add a validator first.")
	ErrThird          = set.New("ThirdOfPower", "less than a third of the voting power changes in one block, so that light clients can follow", "Make the change in several steps, in several blocks.")
	ErrNotDev         = set.New("NotDevelopment", "only a network whose genesis says development shifts its clock", "Wait.")
	ErrShiftTooLarge  = set.New("ShiftTooLarge", "the clock is shifted by at most 10 years in all", "Shift it by less, or start a new network.")
	ErrValidatorStays = set.New("ValidatorStays", "a member that leaves takes its validators along", "Put governance.SetValidator with power 0 for each into the same proposal.")
	ErrAccused        = set.New("ValidatorAccused", "a key that broke the engine's rules never gets power again", "Make a new key on a machine that is looked after, and name that.")
)
