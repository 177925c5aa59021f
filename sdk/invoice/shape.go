package invoice

import "encoding/xml"

// Namespaces of UBL 2.1.
const (
	nsInvoice    = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
	nsCreditNote = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
	nsAggregate  = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
	nsBasic      = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
)

const (
	once     = 1
	repeated = 64 // most identifiers or tax schemes of a party
	maxCode  = 16 // bytes of a code, a date, a scheme or a currency
	maxMoney = 40 // bytes of an amount
)

// shape is one element that is read; all others are passed over. What the European core invoice [EN 16931] has once
// is taken once, though UBL allows more: of two registered names, nobody could say which one signs.
type shape struct {
	name  xml.Name
	times int // most occurrences within one parent
	text  int // most bytes of text; 0 for an element that holds elements
	attr  string
	kids  []*shape
}

func group(local string, times int, kids ...*shape) *shape {
	return &shape{name: xml.Name{Space: nsAggregate, Local: local}, times: times, kids: kids}
}

func leaf(local string, times, text int, attr string) *shape {
	return &shape{name: xml.Name{Space: nsBasic, Local: local}, times: times, text: text, attr: attr}
}

func (s *shape) kid(name xml.Name) *shape {
	for _, k := range s.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

func partyShape(role string) *shape {
	return group(role, once, group("Party", once,
		group("PartyIdentification", repeated, leaf("ID", once, MaxPartyID, "schemeID")),
		group("PartyName", once, leaf("Name", once, MaxName, "")),
		group("PartyTaxScheme", repeated,
			leaf("CompanyID", once, MaxPartyID, ""),
			group("TaxScheme", once, leaf("ID", once, maxCode, ""))),
		group("PartyLegalEntity", once,
			leaf("RegistrationName", once, MaxName, ""),
			leaf("CompanyID", once, MaxPartyID, "schemeID"))))
}

// invoiceShape is everything that is read of an invoice.
var invoiceShape = &shape{name: xml.Name{Space: nsInvoice, Local: "Invoice"}, times: once, kids: []*shape{
	leaf("ID", once, MaxNumber, ""),
	leaf("IssueDate", once, maxCode, ""),
	leaf("DueDate", once, maxCode, ""),
	leaf("InvoiceTypeCode", once, maxCode, ""),
	leaf("Note", MaxNotes, MaxNote, ""),
	leaf("DocumentCurrencyCode", once, maxCode, ""),
	group("OrderReference", once, leaf("ID", once, MaxReference, "")),
	group("ContractDocumentReference", once, leaf("ID", once, MaxReference, "")),
	partyShape("AccountingSupplierParty"),
	partyShape("AccountingCustomerParty"),
	group("LegalMonetaryTotal", once, leaf("PayableAmount", once, maxMoney, "currencyID")),
}}

// element is one element that was read: its text, its one attribute, and the elements in it that were read.
type element struct {
	shape *shape
	text  []byte
	value string // text, trimmed or collapsed, once the element has ended
	attr  string
	kids  []*element
}

// at walks down by local names, taking the first of each; nil where there is none.
func (e *element) at(path ...string) *element {
	for _, local := range path {
		if e = first(e.all(local)); e == nil {
			return nil
		}
	}
	return e
}

// all lists the elements of a name.
func (e *element) all(local string) []*element {
	var out []*element
	for _, k := range e.kids {
		if k.shape.name.Local == local {
			out = append(out, k)
		}
	}
	return out
}

// string is the text at a path; empty where there is none.
func (e *element) string(path ...string) string {
	if e = e.at(path...); e == nil {
		return ""
	}
	return e.value
}

func (e *element) count(s *shape) int {
	n := 0
	for _, k := range e.kids {
		if k.shape == s {
			n++
		}
	}
	return n
}

func first(es []*element) *element {
	if len(es) == 0 {
		return nil
	}
	return es[0]
}
