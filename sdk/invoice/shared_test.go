package invoice_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/splittally/splittally/sdk/invoice"
)

// sharedUBL are invoices that nobody on this project wrote: the examples of EN 16931.
const sharedUBL = "../../../shared/data/ubl"

var (
	koksmaat = invoice.Party{Name: "De Koksmaat", ID: "57151520", TaxID: "NL8200.98.395.B.01"}
	odin     = invoice.Party{Name: "ODIN 59"} // 10202 is its number in the seller's books
	companyA = invoice.Party{Name: "Company A", ID: "DK12345678", IDScheme: "0184", TaxID: "DK12345678"}
	companyB = invoice.Party{Name: "Company B", ID: "DK87654321", IDScheme: "0184", TaxID: "DK87654321"}
	selco    = invoice.Party{Name: "SellerCompany", ID: "DK16356706", TaxID: "DK16356706"}
	buyco    = invoice.Party{Name: "Buyercompany ltd", ID: "5790000436057", IDScheme: "0088"}
)

// samples says what every file of the folder yields: an invoice (notes apart), or the exact refusal.
var samples = []struct {
	file    string
	want    invoice.Invoice
	due     string
	issue   string
	notes   int
	refusal string
}{
	{
		file:    "BIS3_Invoice_negativ.XML",
		refusal: "invoice not fit for a voucher (LegalMonetaryTotal/PayableAmount): -782179.43 DKK is not above zero. Use an invoice on which the buyer still owes something.",
	},
	{
		file: "BIS3_Invoice_positive.XML", issue: "2019-01-25", due: "2019-02-24", notes: 1,
		want: invoice.Invoice{Number: "12345", Currency: "DKK", PayableMinor: 78217943, Seller: companyA, Buyer: companyB, ContractRef: "12345", OrderRef: "n/a"},
	},
	{
		file: "guide-example1.xml", issue: "2015-01-09", due: "2015-01-09", notes: 1,
		want: invoice.Invoice{Number: "12115118", Currency: "EUR", PayableMinor: 25033, Seller: koksmaat, Buyer: odin},
	},
	{
		file: "guide-example2.xml", issue: "2013-06-30", due: "2013-07-20", notes: 1, // 1000.00 of 1801.78 prepaid
		want: invoice.Invoice{
			Number: "TOSL108", Currency: "NOK", PayableMinor: 80178, ContractRef: "Contract321", OrderRef: "123",
			Seller: invoice.Party{Name: "Salescompany ltd.", ID: "123456789", IDScheme: "0082", TaxID: "NO123456789MVA"},
			Buyer:  invoice.Party{Name: "The Buyercompany", ID: "987654321", IDScheme: "0082", TaxID: "NO987654321MVA"},
		},
	},
	{
		file: "guide-example3.xml", issue: "2013-04-10", due: "2013-05-10", notes: 1,
		want: invoice.Invoice{
			Number: "TOSL108", Currency: "DKK", PayableMinor: 112500, ContractRef: "SUBSCR571",
			Seller: invoice.Party{Name: "SubscriptionSeller", ID: "DK16356706", TaxID: "DK16356706"},
			Buyer:  invoice.Party{Name: "Buyercompany ltd", ID: "5790000435975", IDScheme: "0088"},
		},
	},
	{
		file: "sample-discount-price.xml", issue: "2018-02-05", due: "2018-02-28",
		want: invoice.Invoice{
			Number: "test decimal 1", Currency: "EUR", PayableMinor: 1515,
			Seller: invoice.Party{Name: "HEP SPLIT", ID: "086374645", TaxID: "HR46830600751"},
			Buyer: invoice.Party{
				Name: "HEP-OPERATOR DISTRIBUCIJSKOG SUSTAVA D.O.O. ZA DISTRIBUCIJU I OPSKRBU ELEKTRICNE ENERGIJE",
				ID:   "08634543", TaxID: "HR46830600751",
			},
		},
	},
	{
		file:    "ubl-tc434-creditnote1.xml",
		refusal: "invoice not fit for a voucher (CreditNote): the document is a credit note. Give the invoice that the buyer is to pay; a credit lowers what an invoice is worth and carries no voucher.",
	},
	{
		file: "ubl-tc434-example1.xml", issue: "2015-01-09", due: "2015-01-09", notes: 1,
		want: invoice.Invoice{Number: "12115118", Currency: "EUR", PayableMinor: 25033, Seller: koksmaat, Buyer: odin},
	},
	{
		file: "ubl-tc434-example2.xml", issue: "2013-06-30", due: "2013-07-20", notes: 1,
		want: invoice.Invoice{
			Number: "TOSL108", Currency: "NOK", PayableMinor: 80178, ContractRef: "Contract321", OrderRef: "123",
			Seller: invoice.Party{Name: "Salescompany ltd.", ID: "123456789", TaxID: "NO123456789MVA"},
			Buyer:  invoice.Party{Name: "The Buyercompany", ID: "987654321", TaxID: "NO987654321MVA"},
		},
	},
	{
		file: "ubl-tc434-example3.xml", issue: "2013-04-10", due: "2013-05-10", notes: 1,
		want: invoice.Invoice{
			Number: "TOSL108", Currency: "DKK", PayableMinor: 200500, ContractRef: "SUBSCR571",
			Seller: invoice.Party{Name: "SubscriptionSeller", ID: "DK16356706", TaxID: "DK16356706"},
			Buyer:  invoice.Party{Name: "Buyercompany ltd", ID: "987654321", TaxID: "NO987654321MVA"},
		},
	},
	{
		file: "ubl-tc434-example4.xml", issue: "2013-04-10", due: "2013-05-10", notes: 1,
		want: invoice.Invoice{Number: "TOSL110", Currency: "DKK", PayableMinor: 467500, OrderRef: "123", Seller: selco, Buyer: buyco},
	},
	{
		file: "ubl-tc434-example5.xml", issue: "2013-04-10", due: "2013-05-10", notes: 1, // half of it prepaid
		want: invoice.Invoice{
			Number: "TOSL110", Currency: "DKK", PayableMinor: 233750, ContractRef: "2013-05", OrderRef: "PO4711",
			Seller: invoice.Party{Name: "SellerCompany", ID: "NL16356706", TaxID: "NL16356706"},
			Buyer:  invoice.Party{Name: "Buyercompany ltd", ID: "DK16356607", TaxID: "DK16356607"},
		},
	},
	{
		file: "ubl-tc434-example6.xml", issue: "2013-04-10", due: "2013-05-10",
		want: invoice.Invoice{
			Number: "TOSL110", Currency: "DKK", PayableMinor: 467500,
			Seller: invoice.Party{Name: "SellerCompany", TaxID: "DK123456789MVA"}, Buyer: invoice.Party{Name: "Buyercompany ltd"},
		},
	},
	{
		file: "ubl-tc434-example7.xml", issue: "2013-03-11", notes: 1,
		want: invoice.Invoice{
			Number: "INVOICE_test_7", Currency: "SEK", PayableMinor: 320000, OrderRef: "Order_9988_x",
			Seller: invoice.Party{Name: "The Sellercompany Incorporated"}, Buyer: invoice.Party{Name: "THe Buyercompany"},
		},
	},
	{
		file: "ubl-tc434-example8.xml", issue: "2014-11-10", due: "2014-11-24", notes: 1,
		want: invoice.Invoice{
			Number: "1100512149", Currency: "EUR", PayableMinor: 109978,
			Seller: invoice.Party{Name: "Enexis B.V.", ID: "17131139", TaxID: "NL809561074B01"}, Buyer: invoice.Party{Name: "Klant"},
		},
	},
	{
		file: "ubl-tc434-example9.xml", issue: "2015-04-01", due: "2015-04-14", notes: 1,
		want: invoice.Invoice{
			Number: "20150483", Currency: "EUR", PayableMinor: 17787, ContractRef: "iExpress 20110412",
			Seller: invoice.Party{Name: "Bluem BV", ID: "32081330 Amersfoort", TaxID: "NL809163160B01"},
			Buyer:  invoice.Party{Name: "Provide Verzekeringen"},
		},
	},
}

func sharedFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(sharedUBL)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the shared UBL examples are not at " + sharedUBL)
	}
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestSharedFilesAreAllNamed(t *testing.T) {
	var named []string
	for _, s := range samples {
		named = append(named, s.file)
	}
	sorted := cmpopts.SortSlices(func(a, b string) bool { return a < b })
	if diff := cmp.Diff(sharedFiles(t), named, sorted); diff != "" {
		t.Errorf("folder (-) and table (+) differ:\n%s", diff)
	}
}

func TestSharedFiles(t *testing.T) {
	sharedFiles(t)
	for _, s := range samples {
		t.Run(s.file, func(t *testing.T) {
			f, err := os.Open(filepath.Join(sharedUBL, s.file))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got, err := invoice.Parse(f)
			if s.refusal != "" {
				wantRefusal(t, got, err, s.refusal)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := s.want
			want.TypeCode, want.IssueDate = "380", day(t, s.issue)
			if want.HasDueDate = s.due != ""; want.HasDueDate {
				want.DueDate = day(t, s.due)
			}
			if diff := cmp.Diff(&want, got, cmpopts.IgnoreFields(invoice.Invoice{}, "Notes")); diff != "" {
				t.Error(diff)
			}
			if len(got.Notes) != s.notes {
				t.Errorf("%d notes, want %d", len(got.Notes), s.notes)
			}
		})
	}
}

// Two publications of one invoice give one primary fingerprint; four different ones numbered TOSL110 give four.
func TestSharedFingerprints(t *testing.T) {
	sharedFiles(t)
	of := func(file string) string {
		b, err := os.ReadFile(filepath.Join(sharedUBL, file))
		if err != nil {
			t.Fatal(err)
		}
		return invoice.Primary(testKey, parse(t, string(b))).String()
	}
	for _, twins := range [][2]string{
		{"guide-example1.xml", "ubl-tc434-example1.xml"},
		{"guide-example2.xml", "ubl-tc434-example2.xml"}, // one names the scheme of the numbers, the other does not
	} {
		if of(twins[0]) != of(twins[1]) {
			t.Errorf("%s and %s are one invoice", twins[0], twins[1])
		}
	}
	seen := map[string]string{}
	for _, file := range []string{
		"BIS3_Invoice_positive.XML", "guide-example2.xml", "guide-example3.xml", "ubl-tc434-example4.xml",
		"ubl-tc434-example5.xml", "ubl-tc434-example6.xml",
	} {
		p := of(file)
		if other, dup := seen[p]; dup {
			t.Errorf("%s and %s have one fingerprint", file, other)
		}
		seen[p] = file
	}
}

func wantRefusal(t *testing.T, got *invoice.Invoice, err error, want string) {
	t.Helper()
	var r *invoice.Refusal
	if !errors.As(err, &r) || got != nil {
		t.Fatalf("got %+v, %v; want the refusal %q", got, err, want)
	}
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func day(t *testing.T, s string) invoice.Day {
	t.Helper()
	d, err := invoice.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
