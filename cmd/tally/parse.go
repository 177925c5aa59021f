package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// maxDocument bounds a file whose hash is taken, in bytes.
const maxDocument = 1 << 30

const secondsPerDay = 86_400

func wrong(field string, what, do lang.Text) error {
	return &wallet.Input{Field: field, Wrong: what, Do: do}
}

// amount reads what a person typed: above zero, written 1234.56.
func amount(field, typed, currency string) (int64, error) {
	minor, err := money.Parse(typed, currency)
	if err != nil {
		return 0, wrong(field, lang.T("%s", err), lang.T("Write it as 1234.56, without separators."))
	}
	if minor <= 0 {
		return 0, wrong(field, lang.T("%s is not above zero", typed), lang.T("Give what is to move."))
	}
	return minor, nil
}

// day reads a date.
func day(field, typed string) (int32, error) {
	d, err := invoice.ParseDay(typed)
	if err != nil {
		return 0, wrong(field, lang.T("%s", err), lang.T("Dates are written year, month, day."))
	}
	return int32(d), nil
}

// moment reads a point in the chain's time: so many days or hours from now (7d, 48h), the end of a day (2026-05-31) or a
// time of one (2026-05-31T10:00).
func moment(field, typed string, now time.Time) (int64, error) {
	const hint = "Write 7d, 48h, 2026-05-31 or 2026-05-31T10:00."
	if n, ok := strings.CutSuffix(typed, "d"); ok {
		var days int64
		if _, err := fmt.Sscanf(n, "%d", &days); err != nil || fmt.Sprint(days) != n || days < 1 || days > 3660 {
			return 0, wrong(field, lang.T("%.20q is no number of days", typed), lang.T(hint))
		}
		return now.Unix() + days*secondsPerDay, nil
	}
	if d, err := time.ParseDuration(typed); err == nil {
		return now.Add(d).Unix(), nil
	}
	if t, err := time.ParseInLocation("2006-01-02", typed, now.Location()); err == nil {
		return t.Unix() + secondsPerDay - 1, nil
	}
	t, err := time.ParseInLocation("2006-01-02T15:04", typed, now.Location())
	if err != nil {
		return 0, wrong(field, lang.T("%.40q is no time", typed), lang.T(hint))
	}
	return t.Unix(), nil
}

// document is the hash of a document: 64 hex digits as they are, else the SHA-256 of a file.
func document(field, typed string) (id.ID, error) {
	if h, err := id.Parse(strings.ToLower(typed)); err == nil {
		return h, nil
	}
	f, err := os.Open(typed)
	if err != nil {
		return id.ID{}, wrong(field, lang.T("%.80q is neither a hash nor a file that can be read", typed), lang.T("Give 64 hex digits, or the document's file."))
	}
	defer f.Close() // it was only read
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, maxDocument+1))
	if err != nil {
		return id.ID{}, wrong(field, lang.T("%s", err), lang.T("Name a file."))
	}
	if n > maxDocument {
		return id.ID{}, wrong(field, lang.T("%s has over %d bytes", typed, maxDocument), lang.T("Give its SHA-256 as 64 hex digits."))
	}
	return id.Must(h.Sum(nil)), nil
}

// readInvoice reads a UBL invoice.
func readInvoice(path string) (*invoice.Invoice, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, wrong("invoice", lang.T("%s", err), lang.T("Name the invoice's UBL file."))
	}
	defer f.Close() // it was only read
	inv, err := invoice.Parse(f)
	if err != nil {
		return nil, lang.Errorf("%s: %w", path, err)
	}
	return inv, nil
}

// invoiceKey is the consortium's key of fingerprints, from the profile.
func invoiceKey(s *wallet.Session) ([32]byte, error) {
	k, ok := s.Wallet.InvoiceKey()
	if !ok {
		return k, lang.Errorf("%w: the profile has no invoice key, without which invoices have no fingerprints; ask your sponsor for it, and give it to 'tally init --invoice-key-file'", wallet.ErrDamaged)
	}
	return k, nil
}

// useOf is how an invoice stands behind a claim: usedMinor of it, or with 0 all.
func useOf(k [32]byte, inv *invoice.Invoice, usedMinor int64) *voucherv1.InvoiceUse {
	if usedMinor == 0 {
		usedMinor = inv.PayableMinor
	}
	use := &voucherv1.InvoiceUse{
		Fingerprint: invoice.Primary(k, inv).Bytes(), IssueDay: int32(inv.IssueDate), TotalMinor: inv.PayableMinor, UsedMinor: usedMinor,
	}
	for _, f := range invoice.Secondary(k, inv) {
		use.Secondary = append(use.Secondary, f.Bytes())
	}
	return use
}
