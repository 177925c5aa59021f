// Package kernelv1 has the records that every module shares, their state keys, and the kernel's refusals.
package kernelv1

import "github.com/splittally/splittally/modules/kernel/errs"

var set = errs.NewSet("kernel", 0)

// The refusals of a transaction before its module sees it, in order of precedence: form, then state, then permission.
// Fields of the body and calls are Malformed where they are met; the limit of 64 KiB is judged once the calls are known.
var (
	ErrTooLarge      = set.New("TooLarge", "a transaction has at most 64 KiB, an issue run 1 MiB", "Send it in smaller pieces.")
	ErrMalformed     = set.New("Malformed", "the bytes are no transaction, body or message", "Build it with the SDK of this chain's version.")
	ErrNotCanonical  = set.New("NotCanonical", "the bytes are not the one encoding of what they say", "Encode it again without unknown fields, fields in order.")
	ErrWrongChain    = set.New("WrongChain", "the transaction is for another chain", "Check which network your wallet is set to.")
	ErrAttachments   = set.New("Attachments", "attachments are not those that the body binds", "Send no attachments; none is defined yet.")
	ErrCalls         = set.New("CallCount", "a transaction has 1 to 100 calls", "Split it into several transactions.")
	ErrUnknownMethod = set.New("UnknownMethod", "no module has this method", "Check its spelling, and the version of your tool.")
	ErrInvalid       = set.New("InvalidMessage", "a field of the message is outside of what its module allows", "Mend the field that is named.")
	ErrSignatures    = set.New("SignatureForm", "signatures are 1 to 16, sorted by key, each key once", "Let the SDK assemble the signatures.")
	ErrExpired       = set.New("Expired", "the transaction's expiry has passed", "Sign it again with a new expiry.")
	ErrTooFarAhead   = set.New("ExpiryTooFar", "an expiry is at most 10 minutes ahead of block time, 7 days for accounts of several keys", "Choose a nearer expiry; check your clock.")
	ErrIDReused      = set.New("IDReused", "this sender has used this id for another transaction", "Use a new random id.")
	ErrIncluded      = set.New("AlreadyIncluded", "this transaction is in a block already", "Ask for its outcome; do not send it again.")
	ErrTooManyOpen   = set.New("TooManyOpen", "an account of several keys has at most 1,000 ids open for longer than 10 minutes", "Send it with an expiry of at most 10 minutes, or wait until earlier ones expire.")
	ErrUnknown       = set.New("UnknownAccount", "no such account", "Check the account's id.")
	ErrMissingKey    = set.New("SignatureMissing", "too few of the account's keys have signed", "Collect the missing signatures.")
	ErrNeedless      = set.New("SignatureNeedless", "a signature belongs to no account that must sign", "Leave it out.")
	ErrBadSignature  = set.New("BadSignature", "a signature does not fit its key and this transaction", "Sign again; check the chain id and the key.")
	ErrInactive      = set.New("Inactive", "the account, or its member, may not act now", "Ask the member's sponsor or the network's governance.")
	ErrNotPermitted  = set.New("NotPermitted", "the account's member has not the role or seat that the method needs, or the method is governance's own", "See who may call it in its module's README; what is governance's goes through a proposal.")
	ErrMethodClosed  = set.New("MethodNotAllowed", "the account's policy does not allow this method", "Use another account, or have the policy changed.")
	ErrOverflow      = set.New("AmountOverflow", "an amount leaves what the chain can count", "Use smaller amounts.")
	ErrQueueFull     = set.New("QueueFull", "this member has as many dated items open as it may", "Wait until some are done.")
	ErrDueTime       = set.New("DueTime", "work is booked for a time after 1970-01-01", "Choose a later time.")
	ErrLaneFull      = set.New("LaneFull", "this node holds as many waiting transactions of this member as it may", "Send again in a moment.")
	ErrTooHeavy      = set.New("TooHeavy", "a transaction takes at most half of a block by its declared weight and size", "Split it into several transactions.")
	ErrParameter     = set.New("NoSuchParameter", "no module declares this parameter", "Check its name with 'tally params'.")
	ErrParameterSize = set.New("ParameterBounds", "the parameter's value is outside its bounds", "Choose a value within the bounds that are named.")
	ErrUpgrade       = set.New("Upgrade", "an upgrade goes to the next protocol, at a height at least 20 blocks ahead, and one at a time", "Plan the protocol and height that are named, or cancel the plan that stands.")
)
