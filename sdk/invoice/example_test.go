package invoice_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/sdk/invoice"
)

func ExampleParse() {
	inv, err := invoice.Parse(strings.NewReader(minimal))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(inv.Number, "of", inv.IssueDate, "from", inv.Seller.Name, "to", inv.Buyer.Name)
	fmt.Println(money.Amount{Minor: inv.PayableMinor, Currency: inv.Currency})

	_, err = invoice.Parse(strings.NewReader(strings.Replace(minimal, ">380<", ">381<", 1)))
	var r *invoice.Refusal
	fmt.Println(errors.Is(err, invoice.ErrUnfit), errors.As(err, &r), r.Field)
	fmt.Println(r.Do)
	// Output:
	// 2026-0017 of 2026-03-31 from Seller Co., Ltd. to Buyer Group
	// 1130.00 CNY
	// true true InvoiceTypeCode
	// Give the invoice that the buyer is to pay; a credit lowers what an invoice is worth and carries no voucher.
}

func ExamplePrimary() {
	var key [32]byte // made at genesis, given to each member
	a := &invoice.Invoice{Number: "INV-2026/0017", Seller: invoice.Party{TaxID: "NL8200.98.395.B.01"}, Buyer: invoice.Party{Name: "ODIN 59"}}
	b := &invoice.Invoice{Number: "inv 2026 0017", Seller: invoice.Party{TaxID: "NL820098395B01"}, Buyer: invoice.Party{Name: "Odin-59"}}
	fmt.Println(invoice.Primary(key, a) == invoice.Primary(key, b))
	// Output: true
}

func ExampleGenerate() {
	doc, err := invoice.Generate(invoice.Spec{
		Number: "2026-0017", IssueDate: 20543, Currency: "CNY",
		Seller: invoice.Party{Name: "Seller Co., Ltd."}, Buyer: invoice.Party{Name: "Buyer Group"},
		Lines: []invoice.Line{{Name: "Steel", Quantity: 10, PriceMinor: 100_00, VATppm: 130_000}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	inv, err := invoice.Parse(strings.NewReader(string(doc)))
	fmt.Println(inv.PayableMinor, err)
	// Output: 113000 <nil>
}
