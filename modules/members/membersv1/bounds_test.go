package membersv1

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/key"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// judged is a message of a call.
type judged interface {
	proto.Message
	Validate() error
}

func bytesOf(n int) []byte { return bytes.Repeat([]byte{7}, n) }

func textOf(n int) string { return strings.Repeat("x", n) }

// manyNodes are peer ids that differ.
func manyNodes(n int) (out [][]byte) {
	for i := range n {
		out = append(out, append(bytesOf(NodeSize-1), byte(i)))
	}
	return out
}

func manyKeys(n int) (out []*Key) {
	for i := range n {
		out = append(out, sign(byte(i+1)))
	}
	return out
}

func manyLimits(currencies ...string) (out []*Limit) {
	for _, c := range currencies {
		out = append(out, &Limit{Currency: c, PerTransactionMinor: 1, PerDayMinor: math.MaxInt64})
	}
	return out
}

func manyMethods(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("voucher.Method%d", i))
	}
	return out
}

// wholeCurrencies are 32 that the chain knows.
var wholeCurrencies = strings.Fields("CNY EUR USD JPY GBP CHF HKD SGD AUD CAD KRW INR THB MYR IDR PHP VND NZD SEK NOK DKK PLN CZK HUF TRY ZAR BRL MXN AED SAR KWD BHD")

// One line a case: each bound of a field, and one beyond it. Empty: it is allowed.
func TestBounds(t *testing.T) {
	admit := func(change func(*AdmitMember)) judged { m := good(); change(m); return m }
	policy := func(change func(*Policy)) judged {
		m := &SetPolicy{Account: bytesOf(32), Policy: good().Policy}
		change(m.Policy)
		return m
	}
	standing := func(change func(*SetStanding)) judged {
		m := &SetStanding{Member: bytesOf(32), State: 1, Roles: 1}
		change(m)
		return m
	}
	bank := func(change func(*BankAccount)) judged {
		a := atBank()
		change(a)
		return &SetSettlementAccount{Currency: "CNY", Account: a}
	}
	number := func(s string) judged { return bank(func(a *BankAccount) { a.Iban, a.Number = "", s }) }
	join := func(kind uint32, possession int, encryption []byte) judged {
		return &Join{Kind: kind, PublicKey: pub(1), Possession: bytesOf(possession), EncryptionKey: encryption}
	}
	for i, tc := range []struct {
		m     judged
		field string
	}{
		{admit(func(m *AdmitMember) { m.Legal.Name = textOf(MaxName) }), ""},
		{admit(func(m *AdmitMember) { m.Legal.Name = textOf(MaxName + 1) }), "legal.name"},
		{admit(func(m *AdmitMember) { m.Legal.Name = strings.Repeat("货", MaxName/3) }), ""},
		{admit(func(m *AdmitMember) { m.Legal.Name = strings.Repeat("货", MaxName/3+1) }), "legal.name"},
		{admit(func(m *AdmitMember) { m.Legal.Name = "a\xff" }), "legal.name"},
		{admit(func(m *AdmitMember) { m.Legal.CredentialKind = -1 }), "legal.credential_kind"},
		{admit(func(m *AdmitMember) { m.Legal.Credential = "" }), "legal.credential"},
		{admit(func(m *AdmitMember) { m.Legal.Credential += "0" }), "legal.credential"},
		{admit(func(m *AdmitMember) { m.Legal.SmallFirm = true }), ""},
		{admit(func(m *AdmitMember) { m.Roles = Trading }), ""},
		{admit(func(m *AdmitMember) { m.Roles = math.MaxUint32 }), "roles"},
		{admit(func(m *AdmitMember) { m.Roles, m.Seat = RoleRegulator, false }), ""},
		{admit(func(m *AdmitMember) { m.SupplierQuota = MaxSupplierQuota }), ""},
		{admit(func(m *AdmitMember) { m.SupplierQuota = math.MaxUint32 }), "supplier_quota"},
		{admit(func(m *AdmitMember) { m.Nodes = manyNodes(MaxNodes) }), ""},
		{admit(func(m *AdmitMember) { m.Nodes = manyNodes(MaxNodes + 1) }), "nodes"},
		{admit(func(m *AdmitMember) { m.Nodes = append(manyNodes(2), manyNodes(1)...) }), "nodes"},
		{admit(func(m *AdmitMember) { m.Nodes = [][]byte{bytesOf(NodeSize + 1)} }), "nodes"},
		{admit(func(m *AdmitMember) { m.Nodes = nil }), ""},
		{admit(func(m *AdmitMember) { m.EncryptionKey = nil }), ""},
		{admit(func(m *AdmitMember) { m.EncryptionKey = bytesOf(EncryptionSize + 1) }), "encryption_key"},

		{policy(func(p *Policy) { p.Keys, p.Threshold = manyKeys(MaxKeys), MaxKeys }), ""},
		{policy(func(p *Policy) { p.Keys, p.Threshold = manyKeys(MaxKeys+1), 1 }), "policy.keys"},
		{policy(func(p *Policy) { p.Keys, p.Threshold = manyKeys(MaxKeys), MaxKeys+1 }), "policy.threshold"},
		{policy(func(p *Policy) { p.Threshold = math.MaxUint32 }), "policy.threshold"},
		{policy(func(p *Policy) { p.Keys[1].Purpose = KeyPurpose_KEY_PURPOSE_VIEW }), "policy.threshold"},
		{policy(func(p *Policy) { p.Keys[1].Purpose, p.Threshold = KeyPurpose_KEY_PURPOSE_VIEW, 1 }), ""},
		{policy(func(p *Policy) { p.Keys[1], p.Threshold = sign(1), 1 }), "policy.keys"},
		{policy(func(p *Policy) { p.Keys[1] = sign(1); p.Keys[1].Purpose = KeyPurpose_KEY_PURPOSE_VIEW }), "policy.keys"},
		{policy(func(p *Policy) { p.Keys[0] = nil }), "policy.keys.purpose"},
		{policy(func(p *Policy) { p.Keys[0].Kind = math.MaxUint32 }), "policy.keys.public_key"},
		{policy(func(p *Policy) { p.Keys[0].Kind = 1<<8 | 1 }), "policy.keys.public_key"},
		{policy(func(p *Policy) { p.Keys[0].PublicKey = nil }), "policy.keys.public_key"},
		{policy(func(p *Policy) { p.Keys[2].PublicKey = bytesOf(EncryptionSize - 1) }), "policy.keys.public_key"},
		{policy(func(p *Policy) { p.Keys[2].PublicKey = nil }), "policy.keys.public_key"},
		{policy(func(p *Policy) { p.Keys[0].Purpose = -1 }), "policy.keys.purpose"},
		{policy(func(p *Policy) { p.Keys[0].SinceHeight = -1 }), "policy.keys.since_height"},
		{policy(func(p *Policy) { p.Keys[0].Holder = textOf(MaxHolder) }), ""},
		{policy(func(p *Policy) { p.Keys[0].Holder = textOf(MaxHolder + 1) }), "policy.keys.holder"},
		{policy(func(p *Policy) { p.Keys[0].Holder = "\xff" }), "policy.keys.holder"},
		{policy(func(p *Policy) { p.Limits = nil }), ""},
		{policy(func(p *Policy) { p.Limits = manyLimits(wholeCurrencies...) }), ""},
		{policy(func(p *Policy) { p.Limits = manyLimits(append(wholeCurrencies, "ISK")...) }), "policy.limits"},
		{policy(func(p *Policy) { p.Limits = []*Limit{nil} }), "policy.limits.currency"},
		{policy(func(p *Policy) { p.Limits[0].Currency = "" }), "policy.limits.currency"},
		{policy(func(p *Policy) {
			p.Limits[0].PerTransactionMinor, p.Limits[0].PerDayMinor = math.MaxInt64, math.MaxInt64
		}), ""},
		{policy(func(p *Policy) { p.Limits[0].PerTransactionMinor = -1 }), "policy.limits"},
		{policy(func(p *Policy) { p.Limits[0].PerDayMinor = 0 }), "policy.limits"},
		{policy(func(p *Policy) { p.Limits[0].PerDayMinor = math.MinInt64 }), "policy.limits"},
		{policy(func(p *Policy) { p.Methods = manyMethods(MaxMethods) }), ""},
		{policy(func(p *Policy) { p.Methods = manyMethods(MaxMethods + 1) }), "policy.methods"},
		{policy(func(p *Policy) { p.Methods = []string{textOf(MaxMethod)} }), ""},
		{policy(func(p *Policy) { p.Methods = []string{textOf(MaxMethod + 1)} }), "policy.methods"},
		{policy(func(p *Policy) { p.Methods = []string{"\xff"} }), "policy.methods"},

		{standing(func(m *SetStanding) { m.Reason = textOf(MaxReason) }), ""},
		{standing(func(m *SetStanding) { m.Reason = textOf(MaxReason + 1) }), "reason"},
		{standing(func(m *SetStanding) { m.Reason = "\xff" }), "reason"},
		{standing(func(m *SetStanding) { m.Member = bytesOf(33) }), "member"},
		{standing(func(m *SetStanding) { m.State = -1 }), "state"},
		{standing(func(m *SetStanding) { m.State = math.MaxInt32 }), "state"},
		{standing(func(m *SetStanding) { m.SupplierQuota = MaxSupplierQuota }), ""},
		{&Recover{Account: bytesOf(32), Policy: good().Policy, Reason: textOf(MaxReason)}, ""},
		{&Recover{Account: bytesOf(32), Policy: good().Policy, Reason: textOf(MaxReason + 1)}, "reason"},
		{&Recover{Account: bytesOf(31), Policy: good().Policy, Reason: "x"}, "account"},
		{&SuspendSupplier{Member: bytesOf(32), Reason: textOf(MaxReason)}, ""},
		{&SuspendSupplier{Member: bytesOf(32), Reason: textOf(MaxReason + 1)}, "reason"},
		{&SuspendSupplier{Member: bytesOf(33), Reason: "x"}, "member"},
		{&ReinstateSupplier{Member: bytesOf(31)}, "member"},
		{&SetSponsor{Member: bytesOf(32), Sponsor: bytesOf(33)}, "sponsor"},
		{&AdmitSupplier{Legal: good().Legal, IdentityCheck: bytesOf(33), InvitationKind: 1, InvitationKey: pub(1)}, "identity_check"},
		{&AdmitSupplier{Legal: good().Legal, IdentityCheck: bytesOf(32), InvitationKind: 1, InvitationKey: pub(1)[1:]}, "invitation_key"},
		{&AdmitSupplier{Legal: good().Legal, IdentityCheck: bytesOf(32), InvitationKind: math.MaxUint32, InvitationKey: pub(1)}, "invitation_key"},
		{join(1, key.SignatureSize, bytesOf(EncryptionSize)), ""},
		{join(1, key.SignatureSize-1, nil), "possession"},
		{join(1, key.SignatureSize+1, nil), "possession"},
		{join(1, key.SignatureSize, bytesOf(EncryptionSize+1)), "encryption_key"},
		{join(1<<8|1, key.SignatureSize, nil), "public_key"},
		{&OpenAccount{Name: textOf(MaxAccountName), Policy: good().Policy}, ""},
		{&OpenAccount{Name: textOf(MaxAccountName + 1), Policy: good().Policy}, "name"},
		{&SetNodes{Nodes: manyNodes(MaxNodes)}, ""},
		{&SetNodes{Nodes: manyNodes(MaxNodes + 1)}, "nodes"},
		{&SetEncryptionKey{}, ""},
		{&SetEncryptionKey{EncryptionKey: bytesOf(EncryptionSize)}, ""},
		{&SetEncryptionKey{EncryptionKey: bytesOf(1)}, "encryption_key"},

		{bank(func(a *BankAccount) { a.Bank = textOf(MaxName) }), ""},
		{bank(func(a *BankAccount) { a.Bank = textOf(MaxName + 1) }), "account.bank"},
		{bank(func(a *BankAccount) { a.Bank = "\xff" }), "account.bank"},
		{bank(func(a *BankAccount) { a.Holder = textOf(MaxName) }), ""},
		{bank(func(a *BankAccount) { a.Holder = textOf(MaxName + 1) }), "account.holder"},
		{bank(func(a *BankAccount) { a.Bic = "DEUTDEFF50" }), "account.bic"},
		{bank(func(a *BankAccount) { a.Bic = "DEUTDEFF5000" }), "account.bic"},
		{bank(func(a *BankAccount) { a.Bic = "DEUTDÉFF" }), "account.bic"},
		{bank(func(a *BankAccount) { a.Iban = textOf(35) }), "account.iban"},
		{number(strings.Repeat("9", MaxNumber)), ""},
		{number(strings.Repeat("9", MaxNumber+1)), "account.number"},
		{number("12a"), "account.number"},
		{number("１２"), "account.number"},
		{&CancelSettlementAccount{Currency: "cny"}, "currency"},
		{&CancelSettlementAccount{Currency: textOf(1 << 16)}, "currency"},
	} {
		err := tc.m.Validate()
		if tc.field == "" && err != nil {
			t.Errorf("row %d: %v", i, err)
		}
		var e *errs.Error
		if tc.field != "" && (!errors.As(err, &e) || e.Field != tc.field || e.Code.Module != "members") {
			t.Errorf("row %d: want %s, got %v", i, tc.field, err)
		}
		if err != nil && len(err.Error()) > 500 {
			t.Errorf("row %d: the refusal has %d bytes", i, len(err.Error()))
		}
	}
}

// calls are an empty message of every call of the module.
func calls() []judged {
	return []judged{
		&AdmitMember{}, &SetStanding{}, &SetSponsor{}, &Recover{}, &VetoRecovery{}, &CancelRecovery{}, &CloseAccount{}, &AdmitSupplier{}, &Join{},
		&SuspendSupplier{}, &ReinstateSupplier{}, &OpenAccount{}, &SetPolicy{}, &SetNodes{}, &SetEncryptionKey{},
		&SetSettlementAccount{}, &ConfirmSettlementAccount{}, &CancelSettlementAccount{},
	}
}

// The list of calls is whole: every message of the module's file that judges itself is in it.
func TestEveryCallIsJudged(t *testing.T) {
	listed := map[protoreflect.FullName]bool{}
	for _, m := range calls() {
		listed[m.ProtoReflect().Descriptor().FullName()] = true
		if err := m.Validate(); err == nil != (m.ProtoReflect().Descriptor().Name() == "SetNodes" || m.ProtoReflect().Descriptor().Name() == "SetEncryptionKey") {
			t.Errorf("%T with nothing in it: %v", m, err)
		}
	}
	all := File_modules_members_membersv1_members_proto.Messages()
	for i := range all.Len() {
		typ, err := protoregistry.GlobalTypes.FindMessageByName(all.Get(i).FullName())
		if err != nil {
			t.Fatal(err)
		}
		if _, judges := typ.New().Interface().(judged); judges && !listed[all.Get(i).FullName()] {
			t.Errorf("%s is not tested here", all.Get(i).FullName())
		}
	}
}

// Whatever bytes are read as a call, judging it ends with a refusal that is short, or with a call that is encoded the same.
func FuzzValidate(f *testing.F) {
	for i, m := range append(calls(), good()) {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), b)
	}
	f.Add(byte(0), []byte{0x32, 2, 0x0a, 0})                 // a policy with an empty key
	f.Add(byte(12), []byte{0x12, 4, 0x0a, 0, 0x1a, 0})       // and an empty limit
	f.Add(byte(15), []byte{0x0a, 3, 'C', 'N', 'Y', 0x12, 0}) // an empty account at a bank
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		all := calls()
		m := all[int(which)%len(all)]
		if proto.Unmarshal(b, m) != nil {
			return
		}
		err := m.Validate()
		if err == nil {
			return
		}
		if errs.CodeOf(err) == nil || errs.CodeOf(err).Module != "members" || len(err.Error()) > 1_000 {
			t.Errorf("%T: %.1000v", m, err)
		}
	})
}
