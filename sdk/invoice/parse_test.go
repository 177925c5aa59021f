package invoice_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/sdk/invoice"
)

// minimal has every element that is required, on lines that the tests below replace, and no other.
const minimal = `<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:ID>2026-0017</cbc:ID>
<cbc:IssueDate>2026-03-31</cbc:IssueDate>
<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
<cbc:DocumentCurrencyCode>CNY</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty><cac:Party>
<cac:PartyLegalEntity><cbc:RegistrationName>Seller Co., Ltd.</cbc:RegistrationName></cac:PartyLegalEntity>
</cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party>
<cac:PartyName><cbc:Name>Buyer Group</cbc:Name></cac:PartyName>
</cac:Party></cac:AccountingCustomerParty>
<cac:LegalMonetaryTotal>
<cbc:PayableAmount currencyID="CNY">1130.00</cbc:PayableAmount>
</cac:LegalMonetaryTotal>
</Invoice>
`

const (
	numberLine   = "<cbc:ID>2026-0017</cbc:ID>\n"
	issueLine    = "<cbc:IssueDate>2026-03-31</cbc:IssueDate>\n"
	typeLine     = "<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>\n"
	currencyLine = "<cbc:DocumentCurrencyCode>CNY</cbc:DocumentCurrencyCode>\n"
	sellerEntity = "<cac:PartyLegalEntity><cbc:RegistrationName>Seller Co., Ltd.</cbc:RegistrationName></cac:PartyLegalEntity>\n"
	sellerName   = "<cbc:RegistrationName>Seller Co., Ltd.</cbc:RegistrationName>"
	buyerName    = "<cac:PartyName><cbc:Name>Buyer Group</cbc:Name></cac:PartyName>\n"
	payableLine  = "<cbc:PayableAmount currencyID=\"CNY\">1130.00</cbc:PayableAmount>\n"
)

// with gives minimal with old replaced by new; it fails where old is not there, so that no case tests nothing.
func with(t testing.TB, pairs ...string) string {
	t.Helper()
	doc := minimal
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(doc, pairs[i]) {
			t.Fatalf("the document has no %q", pairs[i])
		}
		doc = strings.Replace(doc, pairs[i], pairs[i+1], 1)
	}
	return doc
}

func parse(t testing.TB, doc string) *invoice.Invoice {
	t.Helper()
	inv, err := invoice.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func minimalInvoice(t *testing.T) *invoice.Invoice {
	return &invoice.Invoice{
		Number: "2026-0017", IssueDate: day(t, "2026-03-31"), TypeCode: "380", Currency: "CNY", PayableMinor: 113000,
		Seller: invoice.Party{Name: "Seller Co., Ltd."}, Buyer: invoice.Party{Name: "Buyer Group"},
	}
}

// Each case says how minimal is changed and how that changes what is read.
func TestParseReads(t *testing.T) {
	for _, c := range []struct {
		name   string
		pairs  []string
		change func(*invoice.Invoice)
	}{
		{"minimal", nil, func(*invoice.Invoice) {}},
		{"a byte order mark", []string{"<?xml", "\ufeff<?xml"}, func(*invoice.Invoice) {}},
		{"white space around a number", []string{"2026-0017", "\n 2026  0017\t"}, func(i *invoice.Invoice) { i.Number = "2026 0017" }},
		{"a comment within a number", []string{"2026-0017", "2026-<!-- x -->0017"}, func(*invoice.Invoice) {}},
		{"CDATA and predefined entities", []string{"Buyer Group", "<![CDATA[B&]]>&lt;&#67;"}, func(i *invoice.Invoice) { i.Buyer.Name = "B&<C" }},
		{"a processing instruction", []string{"<Invoice", "<?xml-stylesheet href=\"a.xsl\"?><Invoice"}, func(*invoice.Invoice) {}},
		{"a due date", []string{typeLine, "<cbc:DueDate>2026-06-30</cbc:DueDate>" + typeLine}, func(i *invoice.Invoice) { i.DueDate, i.HasDueDate = 20634, true }},
		{"the first day", []string{"2026-03-31", "1970-01-01"}, func(i *invoice.Invoice) { i.IssueDate = 0 }},
		{"another type", []string{">380<", ">389<"}, func(i *invoice.Invoice) { i.TypeCode = "389" }},
		{"no decimals", []string{">1130.00<", ">1130<"}, func(*invoice.Invoice) {}},
		{"zeros beyond the currency's decimals", []string{">1130.00<", ">1130.0000<"}, func(*invoice.Invoice) {}},
		{"one minor unit", []string{">1130.00<", "> 0.01 <"}, func(i *invoice.Invoice) { i.PayableMinor = 1 }},
		{"the largest amount", []string{">1130.00<", ">92233720368547758.07<"}, func(i *invoice.Invoice) { i.PayableMinor = 1<<63 - 1 }},
		{
			"a currency without decimals",
			[]string{currencyLine, strings.Replace(currencyLine, "CNY", "JPY", 1), payableLine, `<cbc:PayableAmount currencyID="JPY">1130.00</cbc:PayableAmount>`},
			func(i *invoice.Invoice) { i.Currency, i.PayableMinor = "JPY", 1130 },
		},
		{
			"notes keep their lines",
			[]string{typeLine, typeLine + "<cbc:Note> a\n b </cbc:Note><cbc:Note>c</cbc:Note>"},
			func(i *invoice.Invoice) { i.Notes = []string{"a\n b", "c"} },
		},
		{
			"references",
			[]string{currencyLine, currencyLine +
				"<cac:OrderReference><cbc:ID>PO 1</cbc:ID></cac:OrderReference><cac:ContractDocumentReference><cbc:ID>C 2</cbc:ID></cac:ContractDocumentReference>"},
			func(i *invoice.Invoice) { i.OrderRef, i.ContractRef = "PO 1", "C 2" },
		},
		{
			"another invoice within an extension", []string{
				numberLine,
				"<x:UBLExtensions xmlns:x=\"urn:x\"><cbc:ID>9</cbc:ID><cac:LegalMonetaryTotal/></x:UBLExtensions>" + numberLine,
			}, func(*invoice.Invoice) {},
		},
		{"an element of the same name in another namespace", []string{numberLine, "<ID xmlns=\"urn:x\">9</ID>" + numberLine}, func(*invoice.Invoice) {}},
		{"other totals", []string{payableLine, `<cbc:PrepaidAmount currencyID="CNY">5.00</cbc:PrepaidAmount>` + payableLine}, func(*invoice.Invoice) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := minimalInvoice(t)
			c.change(want)
			if diff := cmp.Diff(want, parse(t, with(t, c.pairs...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func scheme(number, tax string) string {
	return "<cac:PartyTaxScheme><cbc:CompanyID>" + number + "</cbc:CompanyID><cac:TaxScheme><cbc:ID>" + tax + "</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
}

func identifier(number, attr string) string {
	return "<cac:PartyIdentification><cbc:ID" + attr + ">" + number + "</cbc:ID></cac:PartyIdentification>"
}

func TestParseParty(t *testing.T) {
	name := "Seller Co., Ltd."
	for _, c := range []struct {
		what string
		in   string
		want invoice.Party
	}{
		{"a registered name goes before a trading name", "<cac:PartyName><cbc:Name>Shop</cbc:Name></cac:PartyName>" + sellerEntity, invoice.Party{Name: name}},
		{"a trading name must do", "<cac:PartyName><cbc:Name>Shop</cbc:Name></cac:PartyName>", invoice.Party{Name: "Shop"}},
		{"VAT goes before another tax", scheme("L1", "LOC") + scheme("V1", "VAT") + sellerEntity, invoice.Party{Name: name, TaxID: "V1"}},
		{"the first other tax where there is no VAT", scheme("L1", "LOC") + scheme("M1", "GST") + sellerEntity, invoice.Party{Name: name, TaxID: "L1"}},
		{"a number under a scheme", identifier("10", "") + identifier("77", ` schemeID="0088"`) + sellerEntity, invoice.Party{Name: name, ID: "77", IDScheme: "0088"}},
		{"no customer number", identifier("10", "") + sellerEntity, invoice.Party{Name: name}},
		{"no mandate of a bank", identifier("10", ` schemeID="SEPA"`) + sellerEntity, invoice.Party{Name: name}},
		{
			"the legal number goes before others",
			identifier("77", ` schemeID="0088"`) + strings.Replace(sellerEntity, sellerName, sellerName+`<cbc:CompanyID schemeID="0184">DK1</cbc:CompanyID>`, 1),
			invoice.Party{Name: name, ID: "DK1", IDScheme: "0184"},
		},
	} {
		if diff := cmp.Diff(c.want, parse(t, with(t, sellerEntity, c.in)).Seller); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
	}
}

// The refusals in their order of precedence: each case also breaks everything that comes later.
func TestParseRefusesInOrder(t *testing.T) {
	steps := []struct{ field, old, new string }{
		{"ID", numberLine, ""},
		{"IssueDate", issueLine, ""},
		{"InvoiceTypeCode", typeLine, ""},
		{"DocumentCurrencyCode", currencyLine, ""},
		{"AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName", sellerEntity, ""},
		{"AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName", buyerName, ""},
		{"LegalMonetaryTotal/PayableAmount", payableLine, ""},
	}
	for i := range steps {
		var pairs []string
		for _, s := range steps[i:] {
			pairs = append(pairs, s.old, s.new)
		}
		_, err := invoice.Parse(strings.NewReader(with(t, pairs...)))
		var r *invoice.Refusal
		if !errors.As(err, &r) || r.Field != steps[i].field || !errors.Is(err, invoice.ErrMalformed) {
			t.Errorf("without %s and what follows: %v", steps[i].field, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const payable = "LegalMonetaryTotal/PayableAmount"
	const seller, buyer = "AccountingSupplierParty", "AccountingCustomerParty"
	for _, c := range []struct {
		name  string
		pairs []string
		class error
		field string
		says  string
	}{
		{"an empty number", []string{"2026-0017", " "}, invoice.ErrMalformed, "ID", "no number"},
		{"a number of punctuation", []string{"2026-0017", "--/--"}, invoice.ErrUnfit, "ID", "neither a letter nor a digit"},
		{"a number too long", []string{"2026-0017", strings.Repeat("9", invoice.MaxNumber+1)}, invoice.ErrMalformed, "ID", "longer than 200 bytes"},
		{"two numbers", []string{numberLine, numberLine + numberLine}, invoice.ErrMalformed, "ID", "more than 1 times"},
		{"an element within a number", []string{"2026-0017", "20<b/>26"}, invoice.ErrMalformed, "ID", `the element "b"`},
		{"no such day", []string{"2026-03-31", "2026-02-30"}, invoice.ErrMalformed, "IssueDate", "2026-02-30"},
		{"a day of the wrong form", []string{"2026-03-31", "31.03.2026"}, invoice.ErrMalformed, "IssueDate", "write it as"},
		{"a time zone", []string{"2026-03-31", "2026-03-31Z"}, invoice.ErrMalformed, "IssueDate", "write it as"},
		{"a day before 1970", []string{"2026-03-31", "1969-12-31"}, invoice.ErrMalformed, "IssueDate", "1970-01-01"},
		{"an empty due date", []string{typeLine, "<cbc:DueDate/>" + typeLine}, invoice.ErrMalformed, "DueDate", "write it as"},
		{"two due dates", []string{typeLine, strings.Repeat("<cbc:DueDate>2026-06-30</cbc:DueDate>", 2) + typeLine}, invoice.ErrMalformed, "DueDate", "more than 1 times"},
		{"a credit", []string{">380<", ">381<"}, invoice.ErrUnfit, "InvoiceTypeCode", "type 381 is a credit"},
		{"a self-billed credit", []string{">380<", ">261<"}, invoice.ErrUnfit, "InvoiceTypeCode", "type 261 is a credit"},
		{"a factored credit", []string{">380<", ">396<"}, invoice.ErrUnfit, "InvoiceTypeCode", "is a credit"},
		{"a pro forma", []string{">380<", ">325<"}, invoice.ErrUnfit, "InvoiceTypeCode", "pro forma"},
		{"a correction", []string{">380<", ">384<"}, invoice.ErrUnfit, "InvoiceTypeCode", "correction"},
		{"a prepayment", []string{">380<", ">386<"}, invoice.ErrUnfit, "InvoiceTypeCode", "prepayment"},
		{"a factored one", []string{">380<", ">393<"}, invoice.ErrUnfit, "InvoiceTypeCode", "belongs to somebody else"},
		{"an unknown type", []string{">380<", ">38O<"}, invoice.ErrUnfit, "InvoiceTypeCode", `"38O" is not among`},
		{"an unknown currency", []string{currencyLine, strings.Replace(currencyLine, "CNY", "XAU", 1)}, invoice.ErrUnfit, "DocumentCurrencyCode", `"XAU" is no currency`},
		{"a currency in small letters", []string{currencyLine, strings.Replace(currencyLine, "CNY", "cny", 1)}, invoice.ErrUnfit, "DocumentCurrencyCode", "in capitals"},
		{"no supplier", []string{seller, "X", "/cac:" + seller, "/cac:X"}, invoice.ErrMalformed, seller, "no seller"},
		{"no customer", []string{buyer, "X", "/cac:" + buyer, "/cac:X"}, invoice.ErrMalformed, buyer, "no buyer"},
		{"a name of punctuation", []string{"Buyer Group", "***"}, invoice.ErrUnfit, buyer + "/Party/PartyLegalEntity/RegistrationName", "neither a letter"},
		{"two legal entities", []string{sellerEntity, sellerEntity + sellerEntity}, invoice.ErrMalformed, seller + "/Party/PartyLegalEntity", "more than 1 times"},
		{"two VAT numbers", []string{sellerEntity, scheme("V1", "VAT") + scheme("V2", "VAT") + sellerEntity}, invoice.ErrMalformed, seller + "/Party/PartyTaxScheme", `"V1" and "V2"`},
		{"too many identifiers", []string{sellerEntity, strings.Repeat(identifier("1", ""), 65) + sellerEntity}, invoice.ErrMalformed, seller + "/Party/PartyIdentification", "more than 64 times"},
		{"a scheme given twice", []string{sellerEntity, identifier("1", ` schemeID="0088" schemeID="0184"`) + sellerEntity}, invoice.ErrMalformed, seller + "/Party/PartyIdentification/ID/@schemeID", "more than once"},
		{"a scheme too long", []string{sellerEntity, identifier("1", ` schemeID="12345678901234567"`) + sellerEntity}, invoice.ErrMalformed, seller + "/Party/PartyIdentification/ID/@schemeID", "longer than 16"},
		{"no currency of the amount", []string{` currencyID="CNY"`, ""}, invoice.ErrMalformed, payable + "/@currencyID", "no currency"},
		{"another currency of the amount", []string{`currencyID="CNY"`, `currencyID="USD"`}, invoice.ErrUnfit, payable + "/@currencyID", `in "USD", the invoice in CNY`},
		{"two amounts", []string{payableLine, payableLine + payableLine}, invoice.ErrMalformed, payable, "more than 1 times"},
		{"two totals", []string{"</Invoice>", "<cac:LegalMonetaryTotal/></Invoice>"}, invoice.ErrMalformed, "LegalMonetaryTotal", "more than 1 times"},
		{"an empty amount", []string{">1130.00<", "><"}, invoice.ErrMalformed, payable, "no amount"},
		{"a fraction of a fen", []string{">1130.00<", ">1130.001<"}, invoice.ErrMalformed, payable, "more decimals than CNY has"},
		{"a comma", []string{">1130.00<", ">1,130.00<"}, invoice.ErrMalformed, payable, "write it as 1234.56"},
		{"an exponent", []string{">1130.00<", ">1e3<"}, invoice.ErrMalformed, payable, "is not an amount"},
		{"more than can be counted", []string{">1130.00<", ">92233720368547758.08<"}, invoice.ErrMalformed, payable, "larger than the chain can count"},
		{"zero", []string{">1130.00<", ">0.00<"}, invoice.ErrUnfit, payable, "not above zero"},
		{"minus zero", []string{">1130.00<", ">-0<"}, invoice.ErrUnfit, payable, "not above zero"},
		{"negative", []string{">1130.00<", ">-0.01<"}, invoice.ErrUnfit, payable, "-0.01 CNY is not above zero"},
		{"too many notes", []string{typeLine, strings.Repeat("<cbc:Note/>", invoice.MaxNotes+1) + typeLine}, invoice.ErrMalformed, "Note", "more than 64 times"},
		{"a note too long", []string{typeLine, "<cbc:Note>" + strings.Repeat("n", invoice.MaxNote+1) + "</cbc:Note>" + typeLine}, invoice.ErrMalformed, "Note", "longer than 8192"},
	} {
		t.Run(c.name, func(t *testing.T) { refuses(t, with(t, c.pairs...), c.class, c.field, c.says) })
	}
}

func refuses(t *testing.T, doc string, class error, field, says string) {
	t.Helper()
	inv, err := invoice.Parse(strings.NewReader(doc))
	var r *invoice.Refusal
	if !errors.As(err, &r) || inv != nil {
		t.Fatalf("got %+v, %v", inv, err)
	}
	if r.Field != field || !errors.Is(err, class) || r.Do == "" || !strings.HasSuffix(r.Do, ".") {
		t.Errorf("field %q, class %v, cure %q; want field %q, class %v", r.Field, r.Class, r.Do, field, class)
	}
	if !strings.Contains(err.Error(), says) {
		t.Errorf("%q does not say %q", err, says)
	}
}

func TestClassesAreApart(t *testing.T) {
	err := error(&invoice.Refusal{Field: "ID", Reason: "r", Do: "Do.", Class: invoice.ErrUnfit})
	if errors.Is(err, invoice.ErrMalformed) || !errors.Is(err, invoice.ErrUnfit) {
		t.Error("class")
	}
	if got := err.Error(); got != "invoice not fit for a voucher (ID): r. Do." {
		t.Error(got)
	}
}

func TestDay(t *testing.T) {
	for s, want := range map[string]invoice.Day{"1970-01-01": 0, "1970-01-02": 1, "2000-02-29": 11016, "2026-03-31": 20543, "9999-12-31": invoice.LastDay} {
		if got, err := invoice.ParseDay(s); got != want || err != nil || got.String() != s {
			t.Errorf("%s: %d %v %v, want %d", s, got, got, err, want)
		}
	}
	for _, s := range []string{"", "1969-12-31", "2026-3-1", "2026-13-01", "2025-02-29", "10000-01-01", "2026-03-31T00:00:00", " 2026-03-31", "0000-00-00"} {
		if d, err := invoice.ParseDay(s); err == nil {
			t.Errorf("%q accepted as %v", s, d)
		}
	}
}
