package membersv1

import (
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
)

// The prefixes of the module's collections; module number 1.
var (
	PrefixMember     = kernelv1.Prefix{1, 1}
	PrefixAccount    = kernelv1.Prefix{1, 2}
	PrefixKeyUse     = kernelv1.Prefix{1, 3}
	PrefixCredential = kernelv1.Prefix{1, 4}
	PrefixDayUse     = kernelv1.Prefix{1, 5}
	PrefixSeats      = kernelv1.Prefix{1, 6}
	PrefixRecovery   = kernelv1.Prefix{1, 7}
	PrefixSettlement = kernelv1.Prefix{1, 8}
)

// The names of the module's lists: all members, by MembersSubject; accounts, recoveries and settlement accounts, by their
// member.
const (
	ListMembers     = "members"
	ListAccounts    = "accounts"
	ListRecoveries  = "recoveries"
	ListSettlements = "settlements"
)

// The module's parameters, and what holds before any vote, in seconds.
const (
	ParamRecoveryWait   = "members.recovery_wait_s"
	ParamSettlementWait = "members.settlement_wait_s"
	RecoveryWaitS       = 72 * 3600
	SettlementWaitS     = 24 * 3600
)

// MembersSubject is the one subject of the list of all members.
var MembersSubject = id.Hash("members")

// MemberKey is the state key of a Member.
func MemberKey(member id.ID) []byte { return kernelv1.StateKey(PrefixMember, member[:]) }

// AccountKey is the state key of an Account.
func AccountKey(account id.ID) []byte { return kernelv1.StateKey(PrefixAccount, account[:]) }

// KeyUseKey is the state key of the KeyUse of a signing or viewing key, by key.Public's ID: how a wallet finds its
// account.
func KeyUseKey(publicKey id.ID) []byte { return kernelv1.StateKey(PrefixKeyUse, publicKey[:]) }

// CredentialKey is the state key of a legal number's CredentialUse.
func CredentialKey(l *Legal) []byte {
	use := CredentialID(l)
	return kernelv1.StateKey(PrefixCredential, use[:])
}

// CredentialID names a legal number by its kind and digits.
func CredentialID(l *Legal) id.ID {
	return id.Hash("credential", []byte{byte(l.GetCredentialKind())}, []byte(l.GetCredential()))
}

// DayUseKey is the state key of what an account has used of its limits in a currency.
func DayUseKey(account id.ID, currency string) []byte {
	return kernelv1.StateKey(PrefixDayUse, account[:], []byte(currency))
}

// SeatsKey is the state key of the number of Seats.
func SeatsKey() []byte { return kernelv1.StateKey(PrefixSeats) }

// RecoveryKey is the state key of an account's Recovery.
func RecoveryKey(account id.ID) []byte { return kernelv1.StateKey(PrefixRecovery, account[:]) }

// SettlementKey is the state key of a member's SettlementAccount in a currency.
func SettlementKey(member id.ID, currency string) []byte {
	return kernelv1.StateKey(PrefixSettlement, member[:], []byte(currency))
}

// JoinPurpose is what the proof of possession in Join is signed for.
const JoinPurpose = "members.join"

// JoinDigest is what the new key signs in Join: that it, and no other, joins this account on this chain.
func JoinDigest(chain string, account id.ID, newKey key.Public) []byte {
	k := newKey.ID()
	return key.Digest(chain, JoinPurpose, append(account.Bytes(), k[:]...))
}
