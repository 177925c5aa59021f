// Package voucherv1 has the messages, keys, hashes and errors of modules/voucher: all that a client imports.
package voucherv1

import (
	"errors"
	"fmt"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

// Bounds of messages.
const (
	RunSize        = 16
	MaxIssueItems  = 1_000
	MaxTransfers   = 100
	MaxPieces      = 100
	MaxInvoices    = 16
	MaxSecondary   = 4
	MaxFlags       = MaxInvoices * MaxSecondary
	MaxDocuments   = 100
	MaxReasonBytes = 500
	MaxMerge       = 100
	MaxExtentBytes = 64
	// MaxOfferS is how far ahead an offer may lapse, in seconds.
	MaxOfferS = 30 * 86_400
	// MaxDay is the last day that the chain knows: 9999-12-31.
	MaxDay = 2_932_896
	// MaxUnixS is the end of that day.
	MaxUnixS = (MaxDay + 1) * 86_400
)

// The largest values that the parameters of depth, splits and parts may take.
const (
	MaxDepth  = 64
	MaxSplits = 10_000
	MaxParts  = 10_000
	// MaxCutParts is up to how many live parts of a package freezes cut parts at their borders; beyond, what a border
	// goes through stands still whole.
	MaxCutParts = MaxParts + 2*MaxFreezes
	// MaxFreezes bounds the freezes that are laid on a package, MaxFreezesByOne those that one member lays on it, ended
	// ones too that are remembered.
	MaxFreezes      = 1_000
	MaxFreezesByOne = 100
)

// Validate judges the message alone: the obligor, the currency, a limit of 0 to money.Max minor units.
func (m *SetLine) Validate() error {
	return first(checkID("obligor", m.Obligor), checkCurrency(m.Currency), between("limit_minor", m.LimitMinor, 0))
}

// Validate judges the message alone: a run of 16 bytes with a chunk from 1, or neither; 1 to 1,000 items.
func (m *Issue) Validate() error {
	if n := len(m.Run); n != 0 && n != RunSize {
		return ErrField.At("run", "%d bytes, where %d or none are needed", n, RunSize)
	}
	if (len(m.Run) > 0) != (m.Chunk > 0) {
		return ErrField.At("chunk", "%d, where chunks of a run count from 1 and a single issue has 0", m.Chunk)
	}
	return each("items", m.Items, 1, MaxIssueItems, (*IssueItem).validate)
}

func (m *IssueItem) validate() error {
	if m.Background == nil || len(m.Background.Invoices) == 0 || len(m.Background.Contract) == 0 {
		return ErrField.At("background", "an issue has invoices and a contract")
	}
	return first(
		checkID("creditor", m.Creditor), checkCurrency(m.Currency), between("amount_minor", m.AmountMinor, 1),
		checkDay("due_day", m.DueDay, 1), checkDay("delivery_day", m.DeliveryDay, 0),
		within("background", m.Background.validate()), optionalID("bank_review", m.BankReview),
	)
}

// validate judges a background alone: at least one of invoices and contract, no invoice twice.
func (m *Background) validate() error {
	if len(m.Invoices) == 0 && len(m.Contract) == 0 {
		return ErrField.At("contract", "a background has at least one of invoices and a contract")
	}
	if err := optionalID("contract", m.Contract); err != nil {
		return err
	}
	if err := each("invoices", m.Invoices, 0, MaxInvoices, (*InvoiceUse).validate); err != nil {
		return err
	}
	return distinct("invoices", m.Invoices, (*InvoiceUse).GetFingerprint)
}

func (m *InvoiceUse) validate() error {
	err := first(
		checkID("fingerprint", m.Fingerprint), checkIDs("secondary", m.Secondary, 0, MaxSecondary),
		checkDay("issue_day", m.IssueDay, 1), between("total_minor", m.TotalMinor, 1), atLeast("used_minor", m.UsedMinor, 1),
	)
	if err == nil && m.UsedMinor > m.TotalMinor {
		return ErrField.At("used_minor", "%d of a total of %d", m.UsedMinor, m.TotalMinor)
	}
	return err
}

// Validate judges the message alone: the package, at most 64 flags.
func (m *AcceptPackage) Validate() error {
	return first(checkID("package", m.Package), checkIDs("flags", m.Flags, 0, MaxFlags))
}

// Validate judges the message alone: the package, a reason of at most 500 bytes.
func (m *RejectPackage) Validate() error {
	return first(checkID("package", m.Package), checkReason(m.Reason))
}

// Validate judges the message alone: the package, a reason of at most 500 bytes.
func (m *CancelPackage) Validate() error {
	return first(checkID("package", m.Package), checkReason(m.Reason))
}

// Validate judges the message alone: 2 to 100 pieces of at least one minor unit, whose sum can be counted.
func (m *Split) Validate() error {
	if n := len(m.PiecesMinor); n < 2 || n > MaxPieces {
		return ErrField.At("pieces_minor", "%d, where 2 to %d are allowed", n, MaxPieces)
	}
	for i, p := range m.PiecesMinor {
		if p < 1 {
			return ErrField.At(fmt.Sprintf("pieces_minor[%d]", i), "%d, where at least 1 is needed", p)
		}
	}
	if _, err := money.Sum(m.PiecesMinor...); err != nil {
		return ErrField.At("pieces_minor", "%s", err)
	}
	return checkRef(m.Part)
}

// Validate judges the message alone: 2 to 100 parts of the package, each once.
func (m *Merge) Validate() error {
	err := first(checkID("package", m.Package), each("parts", m.Parts, 2, MaxMerge, checkRef))
	if err != nil {
		return err
	}
	for i, p := range m.Parts {
		if string(p.Package) != string(m.Package) {
			return ErrField.At(fmt.Sprintf("parts[%d].part.package", i), "parts of one package are merged")
		}
	}
	return distinct("parts", m.Parts, (*PartRef).GetNumber)
}

// Validate judges the message alone: an extent of 1 to 64 bytes, a reason of 1 to 500; the case may be left out.
func (m *Freeze) Validate() error {
	err := first(checkID("package", m.Package), checkReason(m.Reason), optionalID("case", m.Case), checkTime("until_unix_s", m.UntilUnixS))
	switch n := len(m.Extent); {
	case err != nil:
		return err
	case n < 1 || n > MaxExtentBytes:
		return ErrField.At("extent", "%d bytes, where 1 to %d are needed", n, MaxExtentBytes)
	case m.Reason == "":
		return ErrField.At("reason", "a freeze says why it is laid")
	}
	return nil
}

// Validate judges the message alone: the package, the freeze.
func (m *Release) Validate() error {
	return first(checkID("package", m.Package), checkID("freeze", m.Freeze))
}

// Validate judges the message alone: 1 to 100 items.
func (m *Transfer) Validate() error {
	return each("items", m.Items, 1, MaxTransfers, (*TransferItem).validate)
}

func (m *TransferItem) validate() error {
	if m.Background == nil {
		return ErrField.At("background", "every endorsement names its trade")
	}
	return first(
		checkRef(m.Part), checkID("to", m.To), atLeast("amount_minor", m.AmountMinor, 0),
		within("background", m.Background.validate()), checkTime("offer_expires_unix_s", m.OfferExpiresUnixS),
	)
}

// Validate judges the message alone: the part, at most 64 flags.
func (m *AcceptOffer) Validate() error {
	return first(checkRef(m.Part), checkIDs("flags", m.Flags, 0, MaxFlags))
}

// Validate judges the message alone: the part, a reason of at most 500 bytes.
func (m *RejectOffer) Validate() error { return first(checkRef(m.Part), checkReason(m.Reason)) }

// Validate judges the message alone: the part.
func (m *WithdrawOffer) Validate() error { return checkRef(m.Part) }

// Validate judges the message alone: the currency, and a checker, unless max_minor 0 ends the acceptance.
func (m *SetStandingAcceptance) Validate() error {
	if m.MaxMinor == 0 && (len(m.Checker) > 0 || m.UntilUnixS != 0) {
		return ErrField.At("max_minor", "0 ends the acceptance and stands alone with the currency")
	}
	err := first(checkCurrency(m.Currency), atLeast("max_minor", m.MaxMinor, 0), checkTime("until_unix_s", m.UntilUnixS))
	if err == nil && m.MaxMinor > 0 {
		err = checkID("checker", m.Checker)
	}
	return err
}

// Validate judges the message alone: 1 to 100 documents, each once.
func (m *CheckDocument) Validate() error { return checkIDs("documents", m.Documents, 1, MaxDocuments) }

// Validate judges the message alone: the package, at least one minor unit, the bank.
func (m *Pay) Validate() error {
	return first(checkID("package", m.Package), atLeast("amount_minor", m.AmountMinor, 1), checkID("bank", m.Bank))
}

// first is the first error that is one.
func first(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// within names the message that a field is in.
func within(field string, err error) error {
	var e *errs.Error
	if errors.As(err, &e) {
		if e.Field != "" {
			field += "." + e.Field
		}
		return &errs.Error{Code: e.Code, Field: field, Detail: e.Detail}
	}
	if code := errs.CodeOf(err); code != nil {
		return &errs.Error{Code: code, Field: field}
	}
	return err
}

// Item names the item of a list that an error is about.
func Item(list string, i int, err error) error {
	return within(fmt.Sprintf("%s[%d]", list, i), err)
}

// each judges the number of messages in a list, and each of them.
func each[T any](field string, all []*T, least, most int, judge func(*T) error) error {
	if n := len(all); n < least || n > most {
		return ErrField.At(field, "%d, where %d to %d are allowed", n, least, most)
	}
	for i, m := range all {
		if err := judge(m); err != nil {
			return Item(field, i, err)
		}
	}
	return nil
}

// distinct refuses what stands twice in a short list.
func distinct[T any](field string, all []T, of func(T) []byte) error {
	for i := range all {
		for j := range i {
			if string(of(all[i])) == string(of(all[j])) {
				return ErrField.At(fmt.Sprintf("%s[%d]", field, i), "it stands twice")
			}
		}
	}
	return nil
}

func checkRef(r *PartRef) error {
	if r == nil {
		return ErrField.At("part", "none is named")
	}
	return first(checkID("part.package", r.Package), checkID("part.number", r.Number), checkID("part.head", r.Head))
}

func checkID(field string, b []byte) error {
	if i, ok := id.Of(b); !ok || i.IsZero() {
		return ErrField.At(field, "%d bytes, where an id or hash of %d that is not zero is needed", len(b), id.Size)
	}
	return nil
}

func optionalID(field string, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	return checkID(field, b)
}

func checkIDs(field string, all [][]byte, least, most int) error {
	if n := len(all); n < least || n > most {
		return ErrField.At(field, "%d, where %d to %d are allowed", n, least, most)
	}
	for i, b := range all {
		if err := checkID(field, b); err != nil {
			return ErrField.At(fmt.Sprintf("%s[%d]", field, i), "%d bytes, where %d that are not zero are needed", len(b), id.Size)
		}
	}
	return distinct(field, all, func(b []byte) []byte { return b })
}

func checkCurrency(code string) error {
	if _, known := money.Digits(code); !known {
		return ErrField.At("currency", "%.12q is no ISO 4217 code that the chain knows", code)
	}
	return nil
}

func atLeast(field string, v, least int64) error {
	if v < least {
		return ErrField.At(field, "%d, where at least %d is needed", v, least)
	}
	return nil
}

// between judges an amount that somebody promises: to money.Max minor units.
func between(field string, v, least int64) error {
	if v < least || v > money.Max {
		return ErrField.At(field, "%d, where %d to %d are allowed", v, least, int64(money.Max))
	}
	return nil
}

func checkDay(field string, day, least int32) error {
	if day < least || day > MaxDay {
		return ErrField.At(field, "%d, where days since 1970-01-01 up to 9999-12-31 are needed", day)
	}
	return nil
}

func checkTime(field string, unixS int64) error {
	if unixS < 0 || unixS > MaxUnixS {
		return ErrField.At(field, "%d, where unix seconds up to the year 9999 are needed", unixS)
	}
	return nil
}

func checkReason(s string) error {
	if len(s) > MaxReasonBytes {
		return ErrField.At("reason", "%d bytes, where at most %d are allowed", len(s), MaxReasonBytes)
	}
	return nil
}
