// Package invoice reads the invoices that vouchers rest on: UBL 2.1 in, the few fields that decide out, and the
// keyed fingerprints by which the chain knows an invoice again without seeing it. It also writes plain invoices
// for tests and demonstrations. What is not fit for a voucher is refused with the field, the reason and the cure.
package invoice

import (
	"fmt"
	"time"
)

// Bounds of a document. A text is measured in bytes after its white space is collapsed.
const (
	MaxBytes     = 4 << 20 // the whole document
	MaxDepth     = 64      // elements within elements
	MaxNumber    = 200
	MaxName      = 500
	MaxReference = 200
	MaxPartyID   = 100
	MaxNotes     = 64
	MaxNote      = 8 << 10
)

// Invoice is what a voucher needs of an invoice. Parse gives only invoices whose texts are bounded, whose names
// and number keep letters or digits when normalised, and whose PayableMinor is above zero.
type Invoice struct {
	Number       string // as printed by the seller (BT-1), at most MaxNumber bytes
	IssueDate    Day    // BT-2
	DueDate      Day    // BT-9, only where HasDueDate
	HasDueDate   bool
	TypeCode     string // UNTDID 1001 code (BT-3): 380 for a commercial invoice
	Currency     string // ISO 4217 (BT-5)
	PayableMinor int64  // what is still to be paid (BT-115), prepaid amounts taken off, in minor units of Currency; > 0
	Seller       Party
	Buyer        Party
	ContractRef  string   // BT-12, may be empty
	OrderRef     string   // BT-13, may be empty
	Notes        []string // BT-22, at most MaxNotes of MaxNote bytes
}

// Party is a seller or a buyer.
type Party struct {
	Name     string // the registered name, else the trading name; never empty
	ID       string // the legal registration number, else a number under a public scheme; may be empty
	IDScheme string // ISO 6523 code of ID's scheme, where the document gives it
	TaxID    string // the VAT number, else another tax number; may be empty
}

// Day is a calendar day counted from 1970-01-01, in no time zone.
type Day int32

const (
	secondsPerDay = 86400
	dayLayout     = "2006-01-02"
	// LastDay is 9999-12-31, the last that four digits of a year can write; the first is 0, 1970-01-01.
	LastDay Day = 2932896
)

// String writes the day as 2026-01-31.
func (d Day) String() string { return time.Unix(int64(d)*secondsPerDay, 0).UTC().Format(dayLayout) }

// ParseDay reads what String writes, from 1970-01-01 to 9999-12-31. A time zone is refused: a date on an invoice
// has none [PEPPOL-EN16931-F001].
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(dayLayout, s)
	if err != nil || t.Unix() < 0 {
		return 0, fmt.Errorf("%s is no day from 1970-01-01 to 9999-12-31: write it as 2026-01-31", quote(s))
	}
	return Day(t.Unix() / secondsPerDay), nil
}
