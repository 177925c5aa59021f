package invoice_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/sdk/invoice"
	"pgregory.net/rapid"
)

func spec() invoice.Spec {
	return invoice.Spec{
		Number: "2026-0017", IssueDate: 20543, DueDate: 20634, HasDueDate: true, Currency: "CNY",
		Seller:      invoice.Party{Name: "Seller Co., Ltd.", ID: "91440300MA5EXAMPL1", IDScheme: "0184", TaxID: "91440300MA5EXAMPL1"},
		Buyer:       invoice.Party{Name: "Buyer & <Group>"},
		ContractRef: "C-1", OrderRef: "PO-2", Notes: []string{"first\nsecond"},
		Lines: []invoice.Line{
			{Name: "Steel", Quantity: 10, PriceMinor: 10005, VATppm: 130_000},
			{Name: "Transport", Quantity: 1, PriceMinor: 5000, VATppm: 90_000},
			{Name: "Steel, thin", Quantity: 1, PriceMinor: 7, VATppm: 130_000},
			{Name: "Free of tax", Quantity: 3, PriceMinor: 1},
		},
	}
}

// expected is what Parse must give back, its amount reckoned apart from the code under test.
func expected(g invoice.Spec) *invoice.Invoice {
	return &invoice.Invoice{
		Number: g.Number, IssueDate: g.IssueDate, DueDate: g.DueDate, HasDueDate: g.HasDueDate, TypeCode: "380",
		Currency: g.Currency, PayableMinor: payable(g).Int64(), Seller: g.Seller, Buyer: g.Buyer,
		ContractRef: g.ContractRef, OrderRef: g.OrderRef, Notes: g.Notes,
	}
}

// payable adds up each rate's lines and its tax, half to even, in big integers.
func payable(g invoice.Spec) *big.Int {
	sum, million := new(big.Int), big.NewInt(money.PPM)
	net := map[int64]*big.Int{}
	for _, l := range g.Lines {
		if net[l.VATppm] == nil {
			net[l.VATppm] = new(big.Int)
		}
		net[l.VATppm].Add(net[l.VATppm], new(big.Int).Mul(big.NewInt(l.Quantity), big.NewInt(l.PriceMinor)))
	}
	for ppm, n := range net {
		tax, rem := new(big.Int).QuoRem(new(big.Int).Mul(n, big.NewInt(ppm)), million, new(big.Int))
		if c := rem.Lsh(rem, 1).Cmp(million); c > 0 || c == 0 && tax.Bit(0) == 1 {
			tax.Add(tax, big.NewInt(1))
		}
		sum.Add(sum, n).Add(sum, tax)
	}
	return sum
}

const goldenFile = "testdata/generated.xml"

// The file is what Generate writes for spec, for readers of other languages too: 1000.50 + 50.00 + 0.07 + 0.03 net,
// 13 % of 1000.57 is 130.07, 9 % of 50.00 is 4.50.
func TestGenerateGolden(t *testing.T) {
	got := generate(t, spec())
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
	inv := parse(t, string(got))
	if diff := cmp.Diff(expected(spec()), inv); diff != "" {
		t.Error(diff)
	}
	if inv.PayableMinor != 118517 {
		t.Error(inv.PayableMinor)
	}
}

func generate(t interface {
	Helper()
	Fatal(...any)
}, g invoice.Spec,
) []byte {
	t.Helper()
	b, err := invoice.Generate(g)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	word  = rapid.StringMatching(`[A-Za-z0-9<>&"'深圳é-]{1,12}`)
	empty = rapid.Just("")
)

func drawText(t *rapid.T, name string) string {
	return strings.Join(rapid.SliceOfN(word, 1, 4).Draw(t, name), " ") + "x" // at least one letter
}

func drawParty(t *rapid.T, who string) invoice.Party {
	p := invoice.Party{Name: drawText(t, who+" name"), TaxID: rapid.OneOf(empty, word).Draw(t, who+" tax")}
	if p.ID = rapid.OneOf(empty, word).Draw(t, who+" id"); p.ID != "" {
		p.IDScheme = rapid.OneOf(empty, rapid.Just("0184")).Draw(t, who+" scheme")
	}
	return p
}

func drawSpec(t *rapid.T) invoice.Spec {
	days := rapid.Int32Range(0, int32(invoice.LastDay))
	g := invoice.Spec{
		Number: drawText(t, "number"), IssueDate: invoice.Day(days.Draw(t, "issue")),
		Currency: rapid.SampledFrom([]string{"CNY", "JPY", "KWD", "EUR"}).Draw(t, "currency"),
		Seller:   drawParty(t, "seller"), Buyer: drawParty(t, "buyer"),
		ContractRef: rapid.OneOf(empty, word).Draw(t, "contract"), OrderRef: rapid.OneOf(empty, word).Draw(t, "order"),
	}
	if g.HasDueDate = rapid.Bool().Draw(t, "has due"); g.HasDueDate {
		g.DueDate = invoice.Day(days.Draw(t, "due"))
	}
	for range rapid.IntRange(0, 2).Draw(t, "notes") {
		g.Notes = append(g.Notes, strings.TrimSpace(strings.Map(printable, rapid.String().Draw(t, "note"))))
	}
	for range rapid.IntRange(1, 8).Draw(t, "lines") {
		g.Lines = append(g.Lines, invoice.Line{
			Name: drawText(t, "line"), Quantity: rapid.Int64Range(1, 1e6).Draw(t, "quantity"),
			PriceMinor: rapid.Int64Range(1, 1e9).Draw(t, "price"),
			VATppm:     rapid.SampledFrom([]int64{0, 1, 30_000, 55_000, 130_000, 333_333, money.PPM}).Draw(t, "vat"),
		})
	}
	return g
}

// printable keeps what XML 1.0 can hold; a carriage return is among it.
func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
		return -1
	}
	return r
}

func TestParseOfGenerateIsSpec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawSpec(t)
		b := generate(t, g)
		if !bytes.Equal(b, generate(t, g)) {
			t.Fatal("one Spec gave two documents")
		}
		got, err := invoice.Parse(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(expected(g), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// written is a generated document as a bookkeeper reads it: amounts as texts.
type written struct {
	Taxes []struct {
		Taxable string `xml:"TaxableAmount"`
		Tax     string `xml:"TaxAmount"`
	} `xml:"TaxTotal>TaxSubtotal"`
	Tax       string `xml:"TaxTotal>TaxAmount"`
	Net       string `xml:"LegalMonetaryTotal>LineExtensionAmount"`
	Exclusive string `xml:"LegalMonetaryTotal>TaxExclusiveAmount"`
	Inclusive string `xml:"LegalMonetaryTotal>TaxInclusiveAmount"`
	Payable   string `xml:"LegalMonetaryTotal>PayableAmount"`
	Lines     []struct {
		Quantity int64  `xml:"InvoicedQuantity"`
		Amount   string `xml:"LineExtensionAmount"`
		Price    string `xml:"Price>PriceAmount"`
		Percent  string `xml:"Item>ClassifiedTaxCategory>Percent"`
	} `xml:"InvoiceLine"`
}

// The document adds up by itself [EN 16931 BR-CO-10, 13, 14, 15, 16]: lines, rates, totals.
func TestGeneratedArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawSpec(t)
		var w written
		if err := xml.Unmarshal(generate(t, g), &w); err != nil {
			t.Fatal(err)
		}
		read := func(s string) int64 {
			v, err := money.Parse(s, g.Currency)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		var lines, taxable, taxes int64
		for _, l := range w.Lines {
			if read(l.Amount) != l.Quantity*read(l.Price) {
				t.Fatalf("%d × %s is not %s", l.Quantity, l.Price, l.Amount)
			}
			lines += read(l.Amount)
		}
		for _, r := range w.Taxes {
			taxable, taxes = taxable+read(r.Taxable), taxes+read(r.Tax)
		}
		if len(w.Lines) != len(g.Lines) || lines != read(w.Net) || lines != read(w.Exclusive) || lines != taxable || taxes != read(w.Tax) {
			t.Fatalf("lines %d, rates %d, tax %d: %+v", lines, taxable, taxes, w)
		}
		if lines+taxes != read(w.Inclusive) || w.Inclusive != w.Payable {
			t.Fatalf("%d and %d: %+v", lines, taxes, w)
		}
	})
}

func TestGeneratedPercent(t *testing.T) {
	for ppm, want := range map[int64]string{0: "0", 1: "0.0001", 55_000: "5.5", 130_000: "13", 100: "0.01", 333_333: "33.3333", 1_000_000: "100"} {
		g := spec()
		g.Lines = []invoice.Line{{Name: "x", Quantity: 1, PriceMinor: 100, VATppm: ppm}}
		var w written
		if err := xml.Unmarshal(generate(t, g), &w); err != nil || w.Lines[0].Percent != want {
			t.Errorf("%d ppm: %q %v, want %q", ppm, w.Lines[0].Percent, err, want)
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	line := func(change func(*invoice.Line)) func(*invoice.Spec) {
		return func(g *invoice.Spec) { change(&g.Lines[1]) }
	}
	for _, c := range []struct {
		name   string
		change func(*invoice.Spec)
		field  string
	}{
		{"no number", func(g *invoice.Spec) { g.Number = "" }, "ID"},
		{"a long number", func(g *invoice.Spec) { g.Number = strings.Repeat("9", 201) }, "Number"},
		{"white space at the end", func(g *invoice.Spec) { g.OrderRef = "a " }, "OrderRef"},
		{"a line in a name", func(g *invoice.Spec) { g.Seller.Name = "a\nb" }, "Seller.Name"},
		{"a control character", func(g *invoice.Spec) { g.Buyer.Name = "a\x00" }, "Buyer.Name"},
		{"no UTF-8", func(g *invoice.Spec) { g.Buyer.TaxID = "\xff" }, "Buyer.TaxID"},
		{"what XML cannot hold", func(g *invoice.Spec) { g.ContractRef = "\uffff" }, "ContractRef"},
		{"no buyer", func(g *invoice.Spec) { g.Buyer.Name = "" }, "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName"},
		{"a scheme without a number", func(g *invoice.Spec) { g.Buyer.IDScheme = "0184" }, "IDScheme"},
		{"an unknown currency", func(g *invoice.Spec) { g.Currency = "XXX" }, "DocumentCurrencyCode"},
		{"a day before 1970", func(g *invoice.Spec) { g.IssueDate = -1 }, "IssueDate"},
		{"a day after 9999", func(g *invoice.Spec) { g.DueDate = invoice.LastDay + 1 }, "DueDate"},
		{"a note with a space at its end", func(g *invoice.Spec) { g.Notes = []string{"ok", "a "} }, "Notes[1]"},
		{"too many notes", func(g *invoice.Spec) { g.Notes = make([]string, invoice.MaxNotes+1) }, "Notes"},
		{"no lines", func(g *invoice.Spec) { g.Lines = nil }, "Lines"},
		{"too many lines", func(g *invoice.Spec) { g.Lines = make([]invoice.Line, invoice.MaxLines+1) }, "Lines"},
		{"no quantity", line(func(l *invoice.Line) { l.Quantity = 0 }), "Lines[1].Quantity"},
		{"a negative price", line(func(l *invoice.Line) { l.PriceMinor = -1 }), "Lines[1].PriceMinor"},
		{"a negative rate", line(func(l *invoice.Line) { l.VATppm = -1 }), "Lines[1].VATppm"},
		{"a rate over the whole", line(func(l *invoice.Line) { l.VATppm = invoice.MaxVATRate + 1 }), "Lines[1].VATppm"},
		{"a long item", line(func(l *invoice.Line) { l.Name = strings.Repeat("x", 501) }), "Lines[1].Name"},
		{"a line that overflows", line(func(l *invoice.Line) { l.Quantity, l.PriceMinor = math.MaxInt64, 2 }), "Lines"},
		{"a rate that overflows", func(g *invoice.Spec) {
			for i := range g.Lines {
				g.Lines[i] = invoice.Line{Name: "x", Quantity: 1, PriceMinor: math.MaxInt64 / 2}
			}
		}, "Lines"},
		{"tax that overflows", func(g *invoice.Spec) {
			g.Lines = []invoice.Line{{Name: "x", Quantity: 1, PriceMinor: math.MaxInt64, VATppm: 10_000}}
		}, "Lines"},
		{"nothing to pay", func(g *invoice.Spec) {
			g.Lines = []invoice.Line{{Name: "x", Quantity: 1}}
		}, "LegalMonetaryTotal/PayableAmount"},
	} {
		g := spec()
		c.change(&g)
		b, err := invoice.Generate(g)
		var r *invoice.Refusal
		if !errors.As(err, &r) || r.Field != c.field || b != nil {
			t.Errorf("%s: %v; want field %s", c.name, err, c.field)
		}
	}
}
