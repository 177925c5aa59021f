package invoice

import (
	"io"

	"github.com/splittally/splittally/modules/kernel/money"
)

// Parse reads one UBL 2.1 Invoice from r, to its end. Amounts become minor units exactly; nothing is rounded. An
// error is a *Refusal of class ErrMalformed or ErrUnfit, in the order that README.md gives, or r's own error.
func Parse(r io.Reader) (*Invoice, error) {
	root, err := readTree(r)
	if err != nil {
		return nil, err
	}
	inv := &Invoice{
		ContractRef: root.string("ContractDocumentReference", "ID"),
		OrderRef:    root.string("OrderReference", "ID"),
	}
	for _, n := range root.all("Note") {
		inv.Notes = append(inv.Notes, n.value)
	}
	for _, read := range []func(*element, *Invoice) error{readNumber, readDates, readType, readCurrency, readParties, readPayable} {
		if err := read(root, inv); err != nil {
			return nil, err
		}
	}
	return inv, nil
}

func readNumber(root *element, inv *Invoice) error {
	inv.Number = root.string("ID")
	if inv.Number == "" {
		return missing("ID", "the invoice has no number")
	}
	if Normalise(inv.Number) == "" {
		return unfit("ID", "Ask the seller for an invoice with a number of letters or digits.",
			"the number %s has neither a letter nor a digit", quote(inv.Number))
	}
	return nil
}

func readDates(root *element, inv *Invoice) (err error) {
	issue, due := root.string("IssueDate"), root.at("DueDate")
	if issue == "" {
		return missing("IssueDate", "the invoice has no date")
	}
	if inv.IssueDate, err = ParseDay(issue); err != nil {
		return malformed("IssueDate", resend, "%v", err)
	}
	if due == nil {
		return nil
	}
	inv.HasDueDate = true
	if inv.DueDate, err = ParseDay(due.value); err != nil {
		return malformed("DueDate", resend, "%v", err)
	}
	return nil
}

func readType(root *element, inv *Invoice) error {
	inv.TypeCode = root.string("InvoiceTypeCode")
	if inv.TypeCode == "" {
		return missing("InvoiceTypeCode", "the document does not say what kind of invoice it is")
	}
	return checkType(inv.TypeCode)
}

func readCurrency(root *element, inv *Invoice) error {
	inv.Currency = root.string("DocumentCurrencyCode")
	if inv.Currency == "" {
		return missing("DocumentCurrencyCode", "the invoice has no currency")
	}
	if _, known := money.Digits(inv.Currency); !known {
		return unfit("DocumentCurrencyCode", "Use an active ISO 4217 code such as CNY, in capitals.",
			"%s is no currency that the chain knows", quote(inv.Currency))
	}
	return nil
}

func readPayable(root *element, inv *Invoice) (err error) {
	const field = "LegalMonetaryTotal/PayableAmount"
	e := root.at("LegalMonetaryTotal", "PayableAmount")
	if e == nil || e.value == "" {
		return missing(field, "the invoice has no amount to pay")
	}
	if e.attr == "" {
		return missing(field+"/@currencyID", "the amount has no currency")
	}
	if e.attr != inv.Currency {
		return unfit(field+"/@currencyID", "Ask the seller to state the amount to pay in the invoice's currency.",
			"the amount is in %s, the invoice in %s", quote(e.attr), inv.Currency)
	}
	if inv.PayableMinor, err = money.Parse(e.value, inv.Currency); err != nil {
		return malformed(field, resend, "%v", err)
	}
	if inv.PayableMinor <= 0 {
		return unfit(field, "Use an invoice on which the buyer still owes something.",
			"%s %s is not above zero", e.value, inv.Currency)
	}
	return nil
}

func missing(field, reason string) error {
	return malformed(field, "Ask the sender for a file that states it.", "%s", reason)
}
