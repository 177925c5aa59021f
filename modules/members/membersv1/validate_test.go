package membersv1

import (
	"errors"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/key"
	"google.golang.org/protobuf/proto"
)

func pub(n byte) []byte {
	secret := make([]byte, 32)
	secret[31] = n
	s, err := key.FromSecret(key.Secp256k1, secret)
	if err != nil {
		panic(err)
	}
	return s.Public().Bytes
}

func sign(n byte) *Key { return &Key{Kind: 1, PublicKey: pub(n), Purpose: KeyPurpose_KEY_PURPOSE_SIGN} }

func good() *AdmitMember {
	return &AdmitMember{
		Legal: &Legal{Name: "Bank", CredentialKind: CredentialKind_CREDENTIAL_KIND_LEI, Credential: "5493001KJTIIGC8Y1R12"},
		Roles: RoleBank, Seat: true, SupplierQuota: 3, Nodes: [][]byte{make([]byte, NodeSize)}, EncryptionKey: make([]byte, 32),
		Policy: &Policy{
			Keys: []*Key{sign(1), sign(2), {PublicKey: make([]byte, 32), Purpose: KeyPurpose_KEY_PURPOSE_ENCRYPT, Holder: "Ann"}}, Threshold: 2,
			Limits:  []*Limit{{Currency: "CNY", PerTransactionMinor: 1, PerDayMinor: 1}},
			Methods: []string{"voucher.Transfer"},
		},
	}
}

// Each row spoils one field of a message that is good without it.
func TestAdmitMember(t *testing.T) {
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 1000)
	for field, rows := range map[string][]struct {
		code  *errs.Code
		spoil func(m *AdmitMember)
	}{
		"legal":                 {{ErrField, func(m *AdmitMember) { m.Legal = nil }}},
		"legal.name":            {{ErrField, func(m *AdmitMember) { m.Legal.Name = "" }}, {ErrField, func(m *AdmitMember) { m.Legal.Name = long }}},
		"legal.credential_kind": {{ErrField, func(m *AdmitMember) { m.Legal.CredentialKind = 0 }}, {ErrField, func(m *AdmitMember) { m.Legal.CredentialKind = 3 }}},
		"legal.credential":      {{ErrCredential, func(m *AdmitMember) { m.Legal.Credential = "5493001KJTIIGC8Y1R13" }}, {ErrCredential, func(m *AdmitMember) { m.Legal.CredentialKind = 2 }}},
		"roles":                 {{ErrRoles, func(m *AdmitMember) { m.Roles = 0 }}, {ErrRoles, func(m *AdmitMember) { m.Roles = 1 << 12 }}, {ErrRoles, func(m *AdmitMember) { m.Roles |= RoleRegulator }}},
		"seat":                  {{ErrRoles, func(m *AdmitMember) { m.Roles = RoleRegulator }}},
		"supplier_quota":        {{ErrField, func(m *AdmitMember) { m.SupplierQuota = MaxSupplierQuota + 1 }}},
		"nodes": {
			{ErrField, func(m *AdmitMember) { m.Nodes[0] = make([]byte, 19) }},
			{ErrField, func(m *AdmitMember) { m.Nodes = append(m.Nodes, m.Nodes[0]) }},
			{ErrField, func(m *AdmitMember) { m.Nodes = make([][]byte, MaxNodes+1) }},
		},
		"encryption_key": {{ErrField, func(m *AdmitMember) { m.EncryptionKey = make([]byte, 31) }}},
		"policy":         {{ErrPolicy, func(m *AdmitMember) { m.Policy = nil }}},
		"policy.keys": {
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys = nil }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys = make([]*Key, MaxKeys+1) }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys[1] = sign(1) }},
		},
		"policy.keys.public_key": {
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys[0].PublicKey = make([]byte, 33) }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys[0].Kind = 9 }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys[2].Kind = 1 }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys[2].PublicKey = make([]byte, 33) }},
		},
		"policy.keys.purpose":      {{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys[0].Purpose = 0 }}, {ErrPolicy, func(m *AdmitMember) { m.Policy.Keys[0].Purpose = 4 }}},
		"policy.keys.since_height": {{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys[0].SinceHeight = 1 }}},
		"policy.keys.holder":       {{ErrPolicy, func(m *AdmitMember) { m.Policy.Keys[0].Holder = long }}},
		"policy.threshold":         {{ErrPolicy, func(m *AdmitMember) { m.Policy.Threshold = 0 }}, {ErrPolicy, func(m *AdmitMember) { m.Policy.Threshold = 3 }}},
		"policy.limits.currency": {
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Limits[0].Currency = "XYZ" }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Limits = append(m.Policy.Limits, proto.CloneOf(m.Policy.Limits[0])) }},
		},
		"policy.limits": {
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Limits[0].PerTransactionMinor = 0 }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Limits[0].PerTransactionMinor = 2 }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Limits = make([]*Limit, MaxLimits+1) }},
		},
		"policy.methods": {
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Methods = []string{""} }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Methods = []string{"a.B", "a.B"} }},
			{ErrPolicy, func(m *AdmitMember) { m.Policy.Methods = make([]string, MaxMethods+1) }},
		},
	} {
		for i, row := range rows {
			m := good()
			row.spoil(m)
			refusedAt(t, field, i, m.Validate(), row.code)
		}
	}
}

func refusedAt(t *testing.T, field string, row int, err error, code *errs.Code) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != code || e.Field != field {
		t.Errorf("%s, row %d: want %s, got %v", field, row, code.Name, err)
	}
}

func TestOtherCalls(t *testing.T) {
	id32, long := make([]byte, 32), strings.Repeat("x", 1000)
	legal, policy := good().Legal, good().Policy
	for i, tc := range []struct {
		m     interface{ Validate() error }
		field string
		code  *errs.Code
	}{
		{&SetStanding{Member: id32, State: 1, Roles: 1}, "", nil},
		{&SetStanding{State: 1, Roles: 1}, "member", ErrField},
		{&SetStanding{Member: id32, Roles: 1}, "state", ErrField},
		{&SetStanding{Member: id32, State: 4, Roles: 1}, "state", ErrField},
		{&SetStanding{Member: id32, State: 1}, "roles", ErrRoles},
		{&SetStanding{Member: id32, State: 1, Roles: RoleRegulator, Seat: true}, "seat", ErrRoles},
		{&SetStanding{Member: id32, State: 1, Roles: 1, SupplierQuota: MaxSupplierQuota + 1}, "supplier_quota", ErrField},
		{&AdmitSupplier{Legal: legal, IdentityCheck: id32, InvitationKind: 1, InvitationKey: pub(1)}, "", nil},
		{&AdmitSupplier{IdentityCheck: id32, InvitationKind: 1, InvitationKey: pub(1)}, "legal", ErrField},
		{&AdmitSupplier{Legal: legal, InvitationKind: 1, InvitationKey: pub(1)}, "identity_check", ErrField},
		{&AdmitSupplier{Legal: legal, IdentityCheck: id32, InvitationKind: 1}, "invitation_key", ErrField},
		{&Join{Kind: 1, PublicKey: pub(1), Possession: make([]byte, 64)}, "", nil},
		{&Join{PublicKey: pub(1), Possession: make([]byte, 64)}, "public_key", ErrField},
		{&Join{Kind: 1, PublicKey: pub(1)}, "possession", ErrField},
		{&Join{Kind: 1, PublicKey: pub(1), Possession: make([]byte, 64), EncryptionKey: []byte{1}}, "encryption_key", ErrField},
		{&SuspendSupplier{Member: id32, Reason: "late"}, "", nil},
		{&SuspendSupplier{Reason: "late"}, "member", ErrField},
		{&SuspendSupplier{Member: id32}, "reason", ErrField},
		{&SuspendSupplier{Member: id32, Reason: long}, "reason", ErrField},
		{&SuspendSupplier{Member: id32, Reason: "\xff"}, "reason", ErrField},
		{&ReinstateSupplier{Member: id32}, "", nil},
		{&ReinstateSupplier{}, "member", ErrField},
		{&OpenAccount{Name: "x", Policy: policy}, "", nil},
		{&OpenAccount{Policy: policy}, "name", ErrField},
		{&OpenAccount{Name: "x"}, "policy", ErrPolicy},
		{&SetPolicy{Account: id32, Policy: policy}, "", nil},
		{&SetPolicy{Policy: policy}, "account", ErrField},
		{&SetPolicy{Account: id32}, "policy", ErrPolicy},
		{&SetNodes{}, "", nil},
		{&SetNodes{Nodes: [][]byte{nil}}, "nodes", ErrField},
	} {
		err := tc.m.Validate()
		if tc.code == nil && err != nil {
			t.Errorf("row %d: %v", i, err)
		} else if tc.code != nil {
			refusedAt(t, tc.field, i, err, tc.code)
		}
	}
}
