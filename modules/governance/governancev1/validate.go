package governancev1

import (
	"crypto/sha256"
	"unicode/utf8"

	"github.com/splittally/splittally/modules/kernel/id"
)

// Bounds, in bytes, numbers and seconds.
const (
	MaxTitle      = 500
	MaxCalls      = 100
	MaxMethod     = 80
	MaxOpenS      = 30 * 86_400
	MaxName       = 100
	MaxSource     = 200
	KeySize       = 32 // Ed25519
	MaxPower      = 1_000
	MaxValidators = 100
	// FewValidators is how many tolerate one that fails.
	FewValidators = 4
	MaxShiftS     = 3653 * 86_400
	MaxInfo       = 500
	// FirstUpgrade is the protocol after the first.
	FirstUpgrade = 2
)

// Validate judges the message alone.
func (m *Propose) Validate() error {
	if err := text("title", m.Title, MaxTitle); err != nil {
		return err
	}
	if n := len(m.Calls); n < 1 || n > MaxCalls {
		return ErrField.At("calls", "%d, 1 to %d are needed", n, MaxCalls)
	}
	for i, call := range m.Calls {
		if len(call.GetAs()) > 0 {
			return ErrField.At("calls.as", "call %d runs as governance: leave the account empty", i)
		}
		if err := text("calls.method", call.GetMethod(), MaxMethod); err != nil {
			return err
		}
	}
	return nil
}

// Validate judges the message alone.
func (m *Vote) Validate() error { return identifier("proposal", m.Proposal) }

// Validate judges the message alone; whether there is such a parameter, and its bounds, are its module's.
func (m *SetParameter) Validate() error {
	if err := text("name", m.Name, MaxName); err != nil {
		return err
	}
	if m.FromDay < 0 {
		return ErrField.At("from_day", "%d is before 1970", m.FromDay)
	}
	return text("source", m.Source, MaxSource)
}

// Validate judges the message alone.
func (m *SetValidator) Validate() error {
	if len(m.PublicKey) != KeySize {
		return ErrField.At("public_key", "%d bytes, an Ed25519 key has %d", len(m.PublicKey), KeySize)
	}
	if m.Power < 0 || m.Power > MaxPower {
		return ErrField.At("power", "%d, 0 to %d is allowed", m.Power, MaxPower)
	}
	return identifier("member", m.Member)
}

// Validate judges the message alone; which protocol and height it may be is the chain's.
func (m *ScheduleUpgrade) Validate() error {
	switch {
	case m.Protocol < FirstUpgrade:
		return ErrField.At("protocol", "%d, the first that can be upgraded to is %d", m.Protocol, FirstUpgrade)
	case m.Height < 1:
		return ErrField.At("height", "%d is no block's", m.Height)
	case m.Info == "":
		return nil
	}
	return text("info", m.Info, MaxInfo)
}

// Validate judges the message alone.
func (m *CancelUpgrade) Validate() error { return nil }

// Validate judges the message alone.
func (m *ShiftClock) Validate() error {
	if m.ForwardS < 1 || m.ForwardS > MaxShiftS {
		return ErrField.At("forward_s", "%d, 1 to %d is allowed", m.ForwardS, MaxShiftS)
	}
	return nil
}

// Expired tells whether an open proposal has lapsed at a time; nothing in state says so.
func (p *Proposal) Expired(nowUnixS int64) bool {
	return p.GetState() == ProposalState_PROPOSAL_STATE_OPEN && nowUnixS >= p.GetExpiresUnixS()
}

// AddressOf is what the engine calls a validator by its Ed25519 key: the first 20 bytes of its SHA-256.
func AddressOf(publicKey []byte) []byte {
	sum := sha256.Sum256(publicKey)
	return sum[:20]
}

// Power is the set's voting power in all.
func (s *ValidatorSet) Power() int64 {
	var sum int64
	for _, v := range s.GetValidators() {
		sum += v.Power
	}
	return sum
}

func identifier(field string, b []byte) error {
	if _, ok := id.Of(b); !ok {
		return ErrField.At(field, "%d bytes, %d are needed", len(b), id.Size)
	}
	return nil
}

func text(field, s string, most int) error {
	if s == "" || len(s) > most || !utf8.ValidString(s) {
		return ErrField.At(field, "%d bytes, 1 to %d of UTF-8 are needed", len(s), most)
	}
	return nil
}
