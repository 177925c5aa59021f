// Package iso20022 writes messages of ISO 20022 and checks what it writes: camt.053.001.08, a bank's statement to its
// customer.
package iso20022

import (
	"encoding/xml"
	"io"
)

// Namespace is camt.053.001.08's.
const Namespace = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"

// Signs of amounts, which are never negative themselves.
const (
	Credit = "CRDT"
	Debit  = "DBIT"
)

// Balance types.
const (
	OpeningBooked = "OPBD"
	ClosingBooked = "CLBD"
)

// Document is a camt.053 message, with the fields that are used here, in the order that the schema wants.
type Document struct {
	XMLName   xml.Name  `xml:"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08 Document"`
	Statement Statement `xml:"BkToCstmrStmt"`
}

// Statement is the message below its root.
type Statement struct {
	MessageID string             `xml:"GrpHdr>MsgId"`   // 1 to 35 characters
	Created   string             `xml:"GrpHdr>CreDtTm"` // ISO 8601 with offset
	Accounts  []AccountStatement `xml:"Stmt"`
}

// AccountStatement is one account's.
type AccountStatement struct {
	ID         string    `xml:"Id"`
	Sequence   uint64    `xml:"ElctrncSeqNb,omitempty"`
	Created    string    `xml:"CreDtTm"`
	From       string    `xml:"FrToDt>FrDtTm"`
	To         string    `xml:"FrToDt>ToDtTm"`
	Account    Account   `xml:"Acct"`
	Balances   []Balance `xml:"Bal"`
	Summary    Summary   `xml:"TxsSummry"`
	Entries    []Entry   `xml:"Ntry"`
	Additional string    `xml:"AddtlStmtInf,omitempty"`
}

// Account names an account that has no IBAN.
type Account struct {
	ID       string    `xml:"Id>Othr>Id"` // 1 to 34 characters
	Scheme   string    `xml:"Id>Othr>SchmeNm>Prtry"`
	Type     string    `xml:"Tp>Prtry"`
	Currency string    `xml:"Ccy"`
	Name     string    `xml:"Nm,omitempty"`
	Owner    *Party    `xml:"Ownr"`
	Servicer *Servicer `xml:"Svcr"`
}

// Party is whom an account or a payment is of.
type Party struct {
	Name string `xml:"Nm"`
}

// Servicer is the bank that keeps the account.
type Servicer struct {
	Name string `xml:"FinInstnId>Nm"`
}

// Amount is a decimal with its currency.
type Amount struct {
	Currency string `xml:"Ccy,attr"`
	Value    string `xml:",chardata"`
}

// Balance is what an account had.
type Balance struct {
	Type   string `xml:"Tp>CdOrPrtry>Cd"`
	Amount Amount `xml:"Amt"`
	Sign   string `xml:"CdtDbtInd"`
	Date   string `xml:"Dt>Dt"`
}

// Summary counts and adds up the entries.
type Summary struct {
	Entries NetTotal `xml:"TtlNtries"`
	Credits Total    `xml:"TtlCdtNtries"`
	Debits  Total    `xml:"TtlDbtNtries"`
}

// NetTotal is over all entries: Sum of their amounts without signs, Net with.
type NetTotal struct {
	Count int    `xml:"NbOfNtries"`
	Sum   string `xml:"Sum"`
	Net   string `xml:"TtlNetNtry>Amt"`
	Sign  string `xml:"TtlNetNtry>CdtDbtInd"`
}

// Total is over those of one sign.
type Total struct {
	Count int    `xml:"NbOfNtries"`
	Sum   string `xml:"Sum"`
}

// Entry is one line.
type Entry struct {
	Reference         string `xml:"NtryRef"`
	Amount            Amount `xml:"Amt"`
	Sign              string `xml:"CdtDbtInd"`
	Status            string `xml:"Sts>Cd"`
	Booked            string `xml:"BookgDt>DtTm"`
	Valued            string `xml:"ValDt>Dt"`
	ServicerReference string `xml:"AcctSvcrRef"`
	Code              Code   `xml:"BkTxCd"`
	Details           Detail `xml:"NtryDtls>TxDtls"`
}

// Code says what an entry is: the ISO code where there is one, and the account servicer's own.
type Code struct {
	Domain      *Domain `xml:"Domn"`
	Proprietary string  `xml:"Prtry>Cd"`
	Issuer      string  `xml:"Prtry>Issr"`
}

// Domain is a bank transaction code of ISO 20022's external list.
type Domain struct {
	Code      string `xml:"Cd"`
	Family    string `xml:"Fmly>Cd"`
	SubFamily string `xml:"Fmly>SubFmlyCd"`
}

// Detail says more of an entry.
type Detail struct {
	TransactionID string          `xml:"Refs>TxId"`
	Voucher       *OwnReference   `xml:"Refs>Prtry"`
	Amount        Amount          `xml:"Amt"`
	Sign          string          `xml:"CdtDbtInd"`
	Related       *RelatedParties `xml:"RltdPties"`
	Remittance    string          `xml:"RmtInf>Ustrd,omitempty"`
	Additional    string          `xml:"AddtlTxInf,omitempty"`
}

// OwnReference is a reference of a type of one's own.
type OwnReference struct {
	Type      string `xml:"Tp"`
	Reference string `xml:"Ref"`
}

// RelatedParties are the other side of an entry: whoever pays, or is paid.
type RelatedParties struct {
	Debtor   *RelatedParty `xml:"Dbtr"`
	Creditor *RelatedParty `xml:"Cdtr"`
}

// RelatedParty is one of them.
type RelatedParty struct {
	Name string `xml:"Pty>Nm"`
}

// Write checks the message and writes it as XML.
func (d *Document) Write(w io.Writer) error {
	if err := d.Check(); err != nil {
		return err
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(d); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// Read reads a message that Write has written.
func Read(r io.Reader) (*Document, error) {
	d := &Document{}
	if err := xml.NewDecoder(r).Decode(d); err != nil {
		return nil, err
	}
	return d, d.Check()
}
