package voucherv1_test

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// Each figure that an invoice says is part of what its checker has seen.
func TestInvoiceDocumentBindsEveryFigure(t *testing.T) {
	f := id.Hash("a fingerprint").Bytes()
	seen := map[id.ID]string{}
	for name, d := range map[string]id.ID{
		"as it is":    voucherv1.InvoiceDocument(f, 20_000, "CNY", 1_000),
		"other print": voucherv1.InvoiceDocument(id.Hash("another").Bytes(), 20_000, "CNY", 1_000),
		"other day":   voucherv1.InvoiceDocument(f, 20_001, "CNY", 1_000),
		"other money": voucherv1.InvoiceDocument(f, 20_000, "EUR", 1_000),
		"other total": voucherv1.InvoiceDocument(f, 20_000, "CNY", 1_001),
	} {
		if other, same := seen[d]; same {
			t.Errorf("%s and %s have one commitment", name, other)
		}
		seen[d] = name
	}
	use := &voucherv1.InvoiceUse{Fingerprint: f, IssueDay: 20_000, TotalMinor: 1_000, UsedMinor: 7}
	if use.Document("CNY") != voucherv1.InvoiceDocument(f, 20_000, "CNY", 1_000) {
		t.Error("what is used of it changes the document")
	}
	if got := voucherv1.InvoiceDocument(f, 20_000, "CNY", 1_000).String(); got != "65a8d2daa1e86930f6df5d615d066019250ec3d4ca366cfffb6c50ccf4e4d5a7" {
		t.Error(got)
	}
}
