package invoice_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/sdk/invoice"
)

// FuzzParse asserts of any bytes: no panic; a document is either refused with a field, a reason and a cure, or gives an
// invoice that keeps every promise of its type, holds no more than the document did, and reads the same again.
func FuzzParse(f *testing.F) {
	seeds := []string{
		minimal, "", "<", "<Invoice/>", "<!DOCTYPE a>" + minimal,
		with(f, ">1130.00<", ">-1<"), with(f, "2026-0017", "２０２６－００１７ß"), with(f, ">380<", ">381<"),
		with(f, sellerEntity, scheme("V1", "VAT")+identifier("7", ` schemeID="0088"`)+sellerEntity),
		with(f, typeLine, "<cbc:DueDate>2026-06-30</cbc:DueDate><cbc:Note>n</cbc:Note>"+typeLine),
	}
	for _, s := range append(seeds, string(generate(f, spec()))) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		inv, err := invoice.Parse(bytes.NewReader(doc))
		if err != nil {
			checkRefusal(t, inv, err)
			return
		}
		checkInvoice(t, inv)
		if held := size(inv); held > len(doc) {
			t.Fatalf("%d bytes of document became %d of text", len(doc), held)
		}
		again, err := invoice.Parse(bytes.NewReader(doc))
		if diff := cmp.Diff(inv, again); diff != "" || err != nil {
			t.Fatal(err, diff)
		}
	})
}

// size is the bytes of text that an invoice holds; nothing in a document may multiply.
func size(inv *invoice.Invoice) int {
	n := len(inv.Number) + len(inv.TypeCode) + len(inv.Currency) + len(inv.ContractRef) + len(inv.OrderRef)
	for _, p := range []invoice.Party{inv.Seller, inv.Buyer} {
		n += len(p.Name) + len(p.ID) + len(p.IDScheme) + len(p.TaxID)
	}
	for _, note := range inv.Notes {
		n += len(note)
	}
	return n
}

func checkRefusal(t *testing.T, inv *invoice.Invoice, err error) {
	t.Helper()
	var r *invoice.Refusal
	if !errors.As(err, &r) || r.Field == "" || r.Reason == "" || r.Do == "" || inv != nil {
		t.Fatalf("%+v, %#v", inv, err)
	}
	if len(err.Error()) > 2000 {
		t.Fatalf("a refusal of %d bytes", len(err.Error()))
	}
}

func checkInvoice(t *testing.T, inv *invoice.Invoice) {
	t.Helper()
	if inv.PayableMinor <= 0 || inv.IssueDate < 0 || inv.IssueDate > invoice.LastDay || len(inv.Notes) > invoice.MaxNotes {
		t.Fatalf("%+v", inv)
	}
	for _, s := range []struct {
		text  string
		limit int
		known bool // it must have something to be known by
	}{
		{inv.Number, invoice.MaxNumber, true},
		{inv.Seller.Name, invoice.MaxName, true},
		{inv.Buyer.Name, invoice.MaxName, true},
		{inv.Seller.ID, invoice.MaxPartyID, false},
		{inv.Seller.TaxID, invoice.MaxPartyID, false},
		{inv.Buyer.ID, invoice.MaxPartyID, false},
		{inv.Buyer.TaxID, invoice.MaxPartyID, false},
		{inv.ContractRef, invoice.MaxReference, false},
		{inv.OrderRef, invoice.MaxReference, false},
	} {
		if n := invoice.Normalise(s.text); len(s.text) > s.limit || s.known && n == "" || invoice.Normalise(n) != n {
			t.Fatalf("%q: %q, then %q", s.text, n, invoice.Normalise(n))
		}
	}
	if invoice.Primary(testKey, inv).IsZero() || len(invoice.Secondary(testKey, inv)) != invoice.Secondaries {
		t.Fatal("fingerprints")
	}
}
