// Package membersv1 has the messages, keys, roles and errors of modules/members: all that a client imports.
package membersv1

import "github.com/splittally/splittally/modules/kernel/errs"

var set = errs.NewSet("members", 100)

// The refusals of the module, in order of precedence: of the message alone, then of what state says.
var (
	ErrField        = set.New("MemberField", "a field of the message is outside of what members allows", "Mend the field that is named.")
	ErrCredential   = set.New("CredentialCheck", "the check digits of a LEI [ISO 17442] or unified social credit code [GB 32100] must fit", "Copy the number again from its register.")
	ErrRoles        = set.New("RolesForm", "roles are those of the list, and a regulator has no other role and no seat", "Choose roles that may stand together.")
	ErrPolicy       = set.New("PolicyForm", "a policy has 1 to 16 different keys, a threshold of 1 to its signing keys, and ordered limits", "Mend the part of the policy that is named.")
	ErrNoMember     = set.New("UnknownMember", "no such member", "Check the member's id.")
	ErrNotSponsor   = set.New("NotSponsor", "only who admitted a supplier suspends and reinstates it", "Ask its sponsor, or put it to the vote.")
	ErrNotMain      = set.New("NotMainAccount", "accounts, policies, nodes, the encryption key and settlement accounts are changed by the member's main account alone", "Call from the main account.")
	ErrNotOwn       = set.New("NotOwnAccount", "a policy is changed for accounts of one's own member alone", "Check the account's id.")
	ErrState        = set.New("MemberState", "the member or account is not in the state that this needs", "Look at its state; another call, or a vote, comes first.")
	ErrHeldByVote   = set.New("SuspendedByVote", "what a vote suspended only a vote reinstates", "Put members.SetStanding to the vote.")
	ErrQuota        = set.New("SupplierQuota", "a sponsor admits no more suppliers than were voted", "Have the quota raised by vote.")
	ErrManyAccts    = set.New("TooManyAccounts", "a member has at most 1,000 accounts", "Use an account that is there.")
	ErrKnown        = set.New("CredentialTaken", "a legal number belongs to one member", "Use the member that is there.")
	ErrPossession   = set.New("PossessionProof", "the new key must sign that it joins this account on this chain", "Sign membersv1.JoinDigest with the new key.")
	ErrKeyTaken     = set.New("KeyTaken", "a signing or viewing key belongs to one account", "Use a key of its own for each account.")
	ErrManySeats    = set.New("TooManySeats", "governance has at most 200 seats", "Take a seat away first.")
	ErrLastSeat     = set.New("LastSeat", "at least one active member must keep its seat", "Give another member a seat first.")
	ErrOverPayment  = set.New("OverTransactionLimit", "one transaction gives away no more than the account's limit", "Give less, use another account, or have the limit changed.")
	ErrOverDay      = set.New("OverDayLimit", "one day's transactions give away no more than the account's limit", "Wait for the next day, use another account, or have the limit changed.")
	ErrRecoveryOpen = set.New("RecoveryPending", "one recovery of an account waits at a time", "Cancel the one that waits, or let it end.")
	ErrNoRecovery   = set.New("NoRecovery", "no recovery of this account waits", "Look at the account; the recovery may be done.")
	ErrMainCloses   = set.New("MainAccountStays", "the main account closes others, and never itself", "Have the member leave by vote.")
	ErrNotEmpty     = set.New("AccountNotEmpty", "an account that is closed holds nothing, offers nothing and owes nothing", "Pass on what it holds, and settle what it owes.")
	ErrHasSuppliers = set.New("HasSuppliers", "a member leaves once no supplier is on its lane", "Put its suppliers with another sponsor first, by vote.")
	ErrSponsor      = set.New("SponsorForm", "a sponsor is another member, active, and a core enterprise or bank", "Choose another sponsor, or none.")
	ErrChangeOpen   = set.New("SettlementPending", "one change of a settlement account is under way at a time", "Cancel it first.")
	ErrNoChange     = set.New("NoSettlement", "there is no such settlement account, or no change of it that waits", "Look at the member's settlement accounts.")
	ErrSecondKey    = set.New("SecondKey", "a change of a settlement account needs two keys: another account of the member confirms", "Confirm from another account.")
	ErrOtherChange  = set.New("SettlementOther", "who confirms names the change whole, and it is another", "Look at the change again before confirming.")
	ErrManySettled  = set.New("TooManySettlements", "a member has at most 32 settlement accounts", "Take one away first.")
	ErrStale        = set.New("Stale", "who replaces a policy or a standing names the one that holds", "Read it again and decide anew.")
	ErrNewKeys      = set.New("NewKeys", "the second key of a settlement account has been its account's for the whole wait", "Confirm from an older account, or wait until its keys are old enough.")
)
