package membersv1

import (
	"unicode/utf8"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"google.golang.org/protobuf/proto"
)

// Bounds of a policy.
const (
	MaxKeys    = 16
	MaxHolder  = 100 // bytes
	MaxLimits  = 32
	MaxMethods = 64
	MaxMethod  = 80 // bytes
)

// Check judges a policy by itself, as calls carry it: no key has a height yet.
func (p *Policy) Check() error {
	if p == nil {
		return ErrPolicy.At("policy", "is missing")
	}
	return first(p.checkKeys(), p.checkLimits(), p.checkMethods())
}

func (p *Policy) checkKeys() error {
	if n := len(p.Keys); n < 1 || n > MaxKeys {
		return ErrPolicy.At("policy.keys", "%d keys", n)
	}
	var signing uint32
	for i, k := range p.Keys {
		if err := k.check(i); err != nil {
			return err
		}
		for _, other := range p.Keys[:i] {
			if other.Public().Equal(k.Public()) {
				return ErrPolicy.At("policy.keys", "number %d is there twice", i)
			}
		}
		if k.Purpose == KeyPurpose_KEY_PURPOSE_SIGN {
			signing++
		}
	}
	if p.Threshold < 1 || p.Threshold > signing {
		return ErrPolicy.At("policy.threshold", "%d of %d signing keys", p.Threshold, signing)
	}
	return nil
}

func (k *Key) check(i int) error {
	switch k.GetPurpose() {
	case KeyPurpose_KEY_PURPOSE_SIGN, KeyPurpose_KEY_PURPOSE_VIEW:
		if _, err := key.Parse(key.Kind(k.Kind), k.PublicKey); err != nil {
			return ErrPolicy.At("policy.keys.public_key", "number %d: %s", i, err)
		}
	case KeyPurpose_KEY_PURPOSE_ENCRYPT:
		if k.Kind != 0 || len(k.PublicKey) != EncryptionSize {
			return ErrPolicy.At("policy.keys.public_key", "number %d: an encryption key is of kind 0 and has %d bytes", i, EncryptionSize)
		}
	default:
		return ErrPolicy.At("policy.keys.purpose", "number %d: %d is neither sign, encrypt nor view", i, k.GetPurpose())
	}
	if k.SinceHeight != 0 {
		return ErrPolicy.At("policy.keys.since_height", "number %d: the chain sets it, leave it 0", i)
	}
	if k.SinceUnixS != 0 {
		return ErrPolicy.At("policy.keys.since_unix_s", "number %d: the chain sets it, leave it 0", i)
	}
	if len(k.Holder) > MaxHolder || !utf8.ValidString(k.Holder) {
		return ErrPolicy.At("policy.keys.holder", "number %d: %d bytes, at most %d of UTF-8", i, len(k.Holder), MaxHolder)
	}
	return nil
}

func (p *Policy) checkLimits() error {
	if len(p.Limits) > MaxLimits {
		return ErrPolicy.At("policy.limits", "%d, at most %d", len(p.Limits), MaxLimits)
	}
	for i, l := range p.Limits {
		if _, known := money.Digits(l.GetCurrency()); !known || p.Limit(l.Currency) != l {
			return ErrPolicy.At("policy.limits.currency", "number %d: %.10q is unknown or there twice", i, l.GetCurrency())
		}
		if l.PerTransactionMinor < 1 || l.PerDayMinor < l.PerTransactionMinor {
			return ErrPolicy.At("policy.limits", "number %d: 1 ≤ per transaction (%d) ≤ per day (%d) does not hold", i, l.PerTransactionMinor, l.PerDayMinor)
		}
	}
	return nil
}

func (p *Policy) checkMethods() error {
	if len(p.Methods) > MaxMethods {
		return ErrPolicy.At("policy.methods", "%d, at most %d", len(p.Methods), MaxMethods)
	}
	seen := make(map[string]bool, len(p.Methods))
	for i, m := range p.Methods {
		if err := text("policy.methods", m, MaxMethod); err != nil || seen[m] {
			return ErrPolicy.At("policy.methods", "number %d: %.40q is empty, too long or there twice", i, m)
		}
		seen[m] = true
	}
	return nil
}

// Limit finds the limit of a currency; nil where it has none.
func (p *Policy) Limit(currency string) *Limit {
	for _, l := range p.GetLimits() {
		if l.GetCurrency() == currency {
			return l
		}
	}
	return nil
}

// Public is the key as signatures name it. It shares the message's bytes.
func (k *Key) Public() key.Public {
	return key.Public{Kind: key.Kind(k.GetKind()), Bytes: k.GetPublicKey()}
}

// Named tells whether the chain finds an account by this key: by keys that sign or view.
func (k *Key) Named() bool { return k.GetPurpose() != KeyPurpose_KEY_PURPOSE_ENCRYPT }

// PolicyHash names a policy as the chain has it, for SetPolicy.replaces.
func PolicyHash(p *Policy) id.ID { return hashOf("policy", p) }

// StandingHash names how a member stands, for SetStanding.replaces: state, roles, seat and quota.
func StandingHash(m *Member) id.ID {
	return hashOf("standing", &SetStanding{Member: m.GetId(), State: m.GetState(), Roles: m.GetRoles(), Seat: m.GetSeat(), SupplierQuota: m.GetSupplierQuota()})
}

func hashOf(tag string, m proto.Message) id.ID {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err) // a record of state, or fields of one: both were encoded before
	}
	return id.Hash(tag, b)
}
