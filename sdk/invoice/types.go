package invoice

import "slices"

// Kinds of document [UNTDID 1001, as EN 16931 lists them for BT-3] in three lots: those that claim a price for what
// was delivered, those that credit, and those that are invoices in form but no claim to finance.
var (
	claims = []string{
		"80",  // debit note for goods or services
		"82",  // metered services
		"326", // partial invoice
		"380", // commercial invoice
		"383", // debit note
		"388", // tax invoice
		"389", // self-billed invoice
		"394", // lease invoice
		"395", // consignment invoice
		"875", // partial construction invoice
		"876", // partial final construction invoice
		"877", // final construction invoice
	}
	credits = []string{"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"}
	others  = []struct{ code, reason, do string }{
		{"325", "is a pro forma invoice: nothing is owed on it", "Use the invoice that followed it."},
		{"384", "is a correction: the invoice that it corrects may carry a voucher already", "Ask the seller to credit the first and issue a new one."},
		{"386", "asks for prepayment: nothing was delivered yet", "Use the invoice for the delivery."},
		{"393", "is factored: its claim belongs to somebody else already", "Use an invoice that the seller has not assigned."},
		{"751", "is for the books only: nothing is owed on it", "Use the invoice that is to be paid."},
	}
)

// checkType refuses a document that is no claim for something delivered, and every code it does not know.
func checkType(code string) error {
	const field = "InvoiceTypeCode"
	switch {
	case slices.Contains(claims, code):
		return nil
	case slices.Contains(credits, code):
		return unfit(field, noCredit, "type %s is a credit", code)
	}
	for _, o := range others {
		if o.code == code {
			return unfit(field, o.do, "type %s %s", code, o.reason)
		}
	}
	return unfit(field, "Use a commercial invoice (type 380).", "type %s is not among those that a voucher can rest on", quote(code))
}
