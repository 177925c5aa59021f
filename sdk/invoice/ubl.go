package invoice

import (
	"encoding/xml"
	"strconv"

	"github.com/splittally/splittally/modules/kernel/money"
)

// The elements that Generate writes, in the order of the UBL 2.1 schema. encoding/xml writes a name with a prefix as
// it stands, and the root declares the prefixes.
type (
	ublInvoice struct {
		XMLName  xml.Name  `xml:"Invoice"`
		NS       string    `xml:"xmlns,attr"`
		NSCac    string    `xml:"xmlns:cac,attr"`
		NSCbc    string    `xml:"xmlns:cbc,attr"`
		ID       string    `xml:"cbc:ID"`
		Issued   string    `xml:"cbc:IssueDate"`
		Due      string    `xml:"cbc:DueDate,omitempty"`
		Type     string    `xml:"cbc:InvoiceTypeCode"`
		Notes    []string  `xml:"cbc:Note"`
		Currency string    `xml:"cbc:DocumentCurrencyCode"`
		Order    *ublRef   `xml:"cac:OrderReference"`
		Contract *ublRef   `xml:"cac:ContractDocumentReference"`
		Seller   ublParty  `xml:"cac:AccountingSupplierParty>cac:Party"`
		Buyer    ublParty  `xml:"cac:AccountingCustomerParty>cac:Party"`
		Tax      ublTax    `xml:"cac:TaxTotal"`
		Total    ublTotal  `xml:"cac:LegalMonetaryTotal"`
		Lines    []ublLine `xml:"cac:InvoiceLine"`
	}
	ublRef struct {
		ID string `xml:"cbc:ID"`
	}
	ublParty struct {
		Tax   *ublTaxNumber `xml:"cac:PartyTaxScheme"`
		Name  string        `xml:"cac:PartyLegalEntity>cbc:RegistrationName"`
		Legal *ublNumber    `xml:"cac:PartyLegalEntity>cbc:CompanyID"`
	}
	ublTaxNumber struct {
		Number string `xml:"cbc:CompanyID"`
		Scheme string `xml:"cac:TaxScheme>cbc:ID"`
	}
	ublNumber struct {
		Scheme string `xml:"schemeID,attr,omitempty"`
		Number string `xml:",chardata"`
	}
	ublMoney struct {
		Currency string `xml:"currencyID,attr"`
		Value    string `xml:",chardata"`
	}
	ublTax struct {
		Amount ublMoney     `xml:"cbc:TaxAmount"`
		Rates  []ublTaxRate `xml:"cac:TaxSubtotal"`
	}
	ublTaxRate struct {
		Taxable  ublMoney    `xml:"cbc:TaxableAmount"`
		Amount   ublMoney    `xml:"cbc:TaxAmount"`
		Category ublCategory `xml:"cac:TaxCategory"`
	}
	ublCategory struct {
		ID      string `xml:"cbc:ID"`
		Percent string `xml:"cbc:Percent"`
		Scheme  string `xml:"cac:TaxScheme>cbc:ID"`
	}
	ublTotal struct {
		Lines     ublMoney `xml:"cbc:LineExtensionAmount"`
		Exclusive ublMoney `xml:"cbc:TaxExclusiveAmount"`
		Inclusive ublMoney `xml:"cbc:TaxInclusiveAmount"`
		Payable   ublMoney `xml:"cbc:PayableAmount"`
	}
	ublQuantity struct {
		Unit  string `xml:"unitCode,attr"`
		Value int64  `xml:",chardata"`
	}
	ublLine struct {
		ID       string      `xml:"cbc:ID"`
		Quantity ublQuantity `xml:"cbc:InvoicedQuantity"`
		Amount   ublMoney    `xml:"cbc:LineExtensionAmount"`
		Name     string      `xml:"cac:Item>cbc:Name"`
		Category ublCategory `xml:"cac:Item>cac:ClassifiedTaxCategory"`
		Price    ublMoney    `xml:"cac:Price>cbc:PriceAmount"`
	}
)

func (g Spec) document(t *totals) *ublInvoice {
	doc := &ublInvoice{
		NS: nsInvoice, NSCac: nsAggregate, NSCbc: nsBasic,
		ID: g.Number, Issued: g.IssueDate.String(), Type: generatedType, Notes: g.Notes, Currency: g.Currency,
		Order: reference(g.OrderRef), Contract: reference(g.ContractRef),
		Seller: party(g.Seller), Buyer: party(g.Buyer),
		Tax: g.tax(t),
		Total: ublTotal{
			Lines: g.money(t.netMinor), Exclusive: g.money(t.netMinor),
			Inclusive: g.money(t.payable), Payable: g.money(t.payable),
		},
	}
	if g.HasDueDate {
		doc.Due = g.DueDate.String()
	}
	for i, l := range g.Lines {
		doc.Lines = append(doc.Lines, ublLine{
			ID: strconv.Itoa(i + 1), Quantity: ublQuantity{Unit: unitOne, Value: l.Quantity},
			Amount: g.money(t.lineMinor[i]), Name: l.Name, Category: category(l.VATppm), Price: g.money(l.PriceMinor),
		})
	}
	return doc
}

func (g Spec) tax(t *totals) ublTax {
	tax := ublTax{Amount: g.money(t.taxMinor)}
	for _, r := range t.rates {
		tax.Rates = append(tax.Rates, ublTaxRate{
			Taxable: g.money(r.netMinor), Amount: g.money(r.taxMinor), Category: category(r.vatPPM),
		})
	}
	return tax
}

func (g Spec) money(minor int64) ublMoney {
	return ublMoney{Currency: g.Currency, Value: money.Format(minor, g.Currency)}
}

func category(vatPPM int64) ublCategory {
	c := ublCategory{ID: categoryNormal, Percent: percent(vatPPM), Scheme: vat}
	if vatPPM == 0 {
		c.ID = categoryZero
	}
	return c
}

func party(p Party) ublParty {
	out := ublParty{Name: p.Name}
	if p.TaxID != "" {
		out.Tax = &ublTaxNumber{Number: p.TaxID, Scheme: vat}
	}
	if p.ID != "" {
		out.Legal = &ublNumber{Scheme: p.IDScheme, Number: p.ID}
	}
	return out
}

func reference(number string) *ublRef {
	if number == "" {
		return nil
	}
	return &ublRef{ID: number}
}
