// Package depositv1 has the messages, keys and errors of modules/deposit: all that a client imports.
package depositv1

import (
	"math"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

// MaxReferenceBytes bounds a reference: that of a payment in ISO 20022 has 140 characters.
const MaxReferenceBytes = 140

// Validate judges the message alone: the receiver, the amount of at most money.Max minor units, the currency, the reference.
func (m *Mint) Validate() error {
	if err := checkID("to", m.To); err != nil {
		return err
	}
	return checkClaim(m.AmountMinor, money.Max, m.Currency, m.Reference)
}

// Validate judges the message alone: the bank, the amount in minor units, the currency, the reference.
func (m *Redeem) Validate() error {
	if err := checkID("bank", m.Bank); err != nil {
		return err
	}
	return checkClaim(m.AmountMinor, math.MaxInt64, m.Currency, m.Reference)
}

// Validate judges the message alone: bank and receiver, the amount of at most money.Max minor units, the currency, the
// reference.
func (m *Transfer) Validate() error {
	if err := checkID("bank", m.Bank); err != nil {
		return err
	}
	if err := checkID("to", m.To); err != nil {
		return err
	}
	return checkClaim(m.AmountMinor, money.Max, m.Currency, m.Reference)
}

func checkID(field string, b []byte) error {
	if i, ok := id.Of(b); !ok || i.IsZero() {
		return ErrField.At(field, "%d bytes, where an id of %d that is not zero is needed", len(b), id.Size)
	}
	return nil
}

func checkClaim(amountMinor, mostMinor int64, currency, reference string) error {
	if amountMinor <= 0 || amountMinor > mostMinor {
		return ErrField.At("amount_minor", "%d, where 1 to %d are allowed", amountMinor, mostMinor)
	}
	if _, known := money.Digits(currency); !known {
		return ErrField.At("currency", "%.12q is no ISO 4217 code that the chain knows", currency)
	}
	if len(reference) > MaxReferenceBytes {
		return ErrField.At("reference", "%d bytes, where at most %d are allowed", len(reference), MaxReferenceBytes)
	}
	return nil
}
