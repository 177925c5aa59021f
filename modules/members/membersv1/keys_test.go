package membersv1

import (
	"encoding/hex"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
)

// The bytes that other programs rely on.
func TestGoldenKeys(t *testing.T) {
	a := id.ID{1, 2, 3}
	const rest = "0102030000000000000000000000000000000000000000000000000000000000"
	pub := key.Public{Kind: key.Secp256k1, Bytes: make([]byte, 33)}
	legal := &Legal{CredentialKind: CredentialKind_CREDENTIAL_KIND_LEI, Credential: "5493001KJTIIGC8Y1R12"}
	for want, got := range map[string][]byte{
		"0101" + rest:                         MemberKey(a),
		"0102" + rest:                         AccountKey(a),
		"0103" + rest:                         KeyUseKey(a),
		"0105" + rest + "434e59":              DayUseKey(a, "CNY"),
		"0106":                                SeatsKey(),
		"0107" + rest:                         RecoveryKey(a),
		"0108" + rest + "434e59":              SettlementKey(a, "CNY"),
		"0104" + CredentialID(legal).String(): CredentialKey(legal),
		goldenCredential:                      CredentialKey(legal),
		goldenSubject:                         MembersSubject.Bytes(),
		goldenJoin:                            JoinDigest("test-1", a, pub),
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("want %s, got %x", want, got)
		}
	}
}

const (
	goldenCredential = "010454b243065f61d347fcb0855dc2a02c0c2dbbb258bd4a5d91f6a5602af543eacb"
	goldenSubject    = "7aed42b9c1f7189f7ff7372940eb611a585477d80494d1c7c8777c45d1ff7cb5"
	goldenJoin       = "85084e65e5c47418086c30c0aefe4d9d7d159b3ce63b5ce3890b331e971ef560"
)

func TestCodesKeepTheirNumbers(t *testing.T) {
	for i, name := range []string{
		"MemberField", "CredentialCheck", "RolesForm", "PolicyForm", "UnknownMember", "NotSponsor", "NotMainAccount", "NotOwnAccount",
		"MemberState", "SuspendedByVote", "SupplierQuota", "TooManyAccounts", "CredentialTaken", "PossessionProof", "KeyTaken",
		"TooManySeats", "LastSeat", "OverTransactionLimit", "OverDayLimit", "RecoveryPending", "NoRecovery", "MainAccountStays",
		"AccountNotEmpty", "HasSuppliers", "SponsorForm", "SettlementPending", "NoSettlement", "SecondKey", "SettlementOther", "TooManySettlements",
	} {
		c := errs.ByNumber(uint32(101 + i))
		if c == nil || c.Name != name || c.Module != "members" {
			t.Errorf("number %d is %v, not %s", 101+i, c, name)
		}
	}
}
