package membersv1

import (
	"unicode/utf8"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
)

// Bounds of what a message may carry, in bytes and numbers.
const (
	MaxName          = 200
	MaxAccountName   = 100
	MaxReason        = 500
	MaxNodes         = 16
	NodeSize         = 20
	EncryptionSize   = 32 // X25519
	MaxSupplierQuota = 1_000_000
)

// Bounds of state.
const (
	MaxSeats       = 200
	MaxAccounts    = 1_000
	MaxSettlements = 32
)

// Validate judges the message alone.
func (m *AdmitMember) Validate() error {
	return first(
		legal(m.GetLegal()),
		CheckRoles(m.Roles, m.Seat),
		quota(m.SupplierQuota),
		nodes(m.GetNodes()),
		m.GetPolicy().Check(),
		encryption(m.EncryptionKey),
	)
}

// Validate judges the message alone.
func (m *SetStanding) Validate() error {
	return first(identifier("member", m.Member), m.standing(), quota(m.SupplierQuota), optional("reason", m.Reason, MaxReason), CheckRoles(m.Roles, m.Seat), optionalHash("replaces", m.Replaces))
}

// standing judges the state, and that who leaves takes no seat and no quota along.
func (m *SetStanding) standing() error {
	switch {
	case m.State < MemberState_MEMBER_STATE_ACTIVE || m.State > MemberState_MEMBER_STATE_LEFT:
		return ErrField.At("state", "%d is neither active, suspended nor left", m.State)
	case m.State == MemberState_MEMBER_STATE_LEFT && m.Seat:
		return ErrField.At("seat", "who has left does not vote")
	case m.State == MemberState_MEMBER_STATE_LEFT && m.SupplierQuota > 0:
		return ErrField.At("supplier_quota", "who has left admits nobody")
	}
	return nil
}

// Validate judges the message alone.
func (m *SetSponsor) Validate() error {
	if len(m.Sponsor) == 0 {
		return identifier("member", m.Member)
	}
	return first(identifier("member", m.Member), identifier("sponsor", m.Sponsor))
}

// Validate judges the message alone.
func (m *Recover) Validate() error {
	return first(identifier("account", m.Account), text("reason", m.Reason, MaxReason), m.GetPolicy().Check())
}

// Validate judges the message alone.
func (m *VetoRecovery) Validate() error { return identifier("account", m.Account) }

// Validate judges the message alone.
func (m *CancelRecovery) Validate() error { return identifier("account", m.Account) }

// Validate judges the message alone.
func (m *CloseAccount) Validate() error { return identifier("account", m.Account) }

// Validate judges the message alone.
func (m *AdmitSupplier) Validate() error {
	return first(
		legal(m.GetLegal()),
		identifier("identity_check", m.IdentityCheck),
		signingKey("invitation_key", m.InvitationKind, m.InvitationKey),
	)
}

// Validate judges the message alone; the proof of possession needs the chain's id and is judged by the handler.
func (m *Join) Validate() error {
	if err := signingKey("public_key", m.Kind, m.PublicKey); err != nil {
		return err
	}
	if len(m.Possession) != key.SignatureSize {
		return ErrField.At("possession", "%d bytes, a signature has %d", len(m.Possession), key.SignatureSize)
	}
	return encryption(m.EncryptionKey)
}

// Validate judges the message alone.
func (m *SuspendSupplier) Validate() error {
	return first(identifier("member", m.Member), text("reason", m.Reason, MaxReason))
}

// Validate judges the message alone.
func (m *ReinstateSupplier) Validate() error { return identifier("member", m.Member) }

// Validate judges the message alone.
func (m *OpenAccount) Validate() error {
	return first(text("name", m.Name, MaxAccountName), m.GetPolicy().Check())
}

// Validate judges the message alone.
func (m *SetPolicy) Validate() error {
	return first(identifier("account", m.Account), m.GetPolicy().Check(), optionalHash("replaces", m.Replaces))
}

// Validate judges the message alone.
func (m *SetNodes) Validate() error { return nodes(m.GetNodes()) }

// Validate judges the message alone.
func (m *SetEncryptionKey) Validate() error { return encryption(m.EncryptionKey) }

// first is the first refusal of several.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func legal(l *Legal) error {
	if l == nil {
		return ErrField.At("legal", "is missing")
	}
	if err := text("legal.name", l.Name, MaxName); err != nil {
		return err
	}
	switch l.CredentialKind {
	case CredentialKind_CREDENTIAL_KIND_LEI:
		if !ValidLEI(l.Credential) {
			return ErrCredential.At("legal.credential", "%.40q is no LEI", l.Credential)
		}
	case CredentialKind_CREDENTIAL_KIND_USCC:
		if !ValidUSCC(l.Credential) {
			return ErrCredential.At("legal.credential", "%.40q is no unified social credit code", l.Credential)
		}
	default:
		return ErrField.At("legal.credential_kind", "%d is neither LEI nor USCC", l.CredentialKind)
	}
	return nil
}

// CheckRoles judges whether roles, and a seat, may stand together.
func CheckRoles(r uint32, seat bool) error {
	switch {
	case r == 0 || r&^uint32(AllRoles) != 0:
		return ErrRoles.At("roles", "%#x", r)
	case r&RoleRegulator != 0 && r != RoleRegulator:
		return ErrRoles.At("roles", "%s", RolesString(r))
	case r&RoleRegulator != 0 && seat:
		return ErrRoles.At("seat", "a regulator does not vote")
	}
	return nil
}

func quota(n uint32) error {
	if n > MaxSupplierQuota {
		return ErrField.At("supplier_quota", "%d, at most %d", n, MaxSupplierQuota)
	}
	return nil
}

func nodes(all [][]byte) error {
	if len(all) > MaxNodes {
		return ErrField.At("nodes", "%d, at most %d", len(all), MaxNodes)
	}
	seen := make(map[string]bool, len(all))
	for i, n := range all {
		if len(n) != NodeSize || seen[string(n)] {
			return ErrField.At("nodes", "number %d: a peer id of %d bytes, each once", i, NodeSize)
		}
		seen[string(n)] = true
	}
	return nil
}

func encryption(k []byte) error {
	if len(k) != 0 && len(k) != EncryptionSize {
		return ErrField.At("encryption_key", "%d bytes, an X25519 key has %d", len(k), EncryptionSize)
	}
	return nil
}

func signingKey(field string, kind uint32, b []byte) error {
	if _, err := key.Parse(key.Kind(kind), b); err != nil {
		return ErrField.At(field, "%s", err)
	}
	return nil
}

func identifier(field string, b []byte) error {
	if _, ok := id.Of(b); !ok {
		return ErrField.At(field, "%d bytes, %d are needed", len(b), id.Size)
	}
	return nil
}

func optionalHash(field string, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	return identifier(field, b)
}

func optional(field, s string, most int) error {
	if s == "" {
		return nil
	}
	return text(field, s, most)
}

func text(field, s string, most int) error {
	if s == "" || len(s) > most || !utf8.ValidString(s) {
		return ErrField.At(field, "%d bytes, 1 to %d of UTF-8 are needed", len(s), most)
	}
	return nil
}
