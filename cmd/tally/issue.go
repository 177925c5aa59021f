package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// maxInvoices bounds the invoices of one command; thousands come in a table, with --csv.
const maxInvoices = 100

// issueFlags are what 'tally issue' takes.
type issueFlags struct {
	invoices                                   []string
	to, due, contract, delivered, bankReviewed string
	csv, run, result                           string
}

func (p *program) issue() *cobra.Command {
	var f issueFlags
	c := &cobra.Command{
		Use:   "issue --invoice FILE --to CREDITOR --contract HASH|FILE | --csv TABLE --run NAME",
		Short: "Issue a voucher over an invoice to its seller, or thousands over a table of them",
		Long: `issue makes one voucher for each invoice: a promise to pay its whole amount on one day. It counts once the
creditor has accepted it. Invoices are UBL 2.1 files and stay with you: the chain gets keyed hashes of them.
The due day is the invoice's where --due is not given.

With --csv it issues a whole table of invoices: all rows are checked before anything is sent, one question is
asked for all, and what was issued stands row by row in a table of results. After a cut, the same command under
the same --run goes on where it stopped and issues nothing twice; a table that was altered meanwhile is refused.
The columns, in any order, named in the first line, UTF-8:

  number, issue_date, seller, currency, amount      as on the invoice; amount is what is to be paid, as 1234.56
  seller_tax_id, seller_id                          as on the invoice, where it has them
  buyer, buyer_tax_id, buyer_id                     as on the invoice; without, your legal name and number
  due_date, delivered                               2026-05-31; --due and --delivered hold for rows without
  creditor                                          an account or member; without, the seller's
  contract, bank_review                             a file or SHA-256; --contract and --bank-review hold for rows without`,
		Example: "  tally issue --invoice march.xml --to 'Dingsheng Gearbox' --contract frame-contract.pdf --due 2026-05-31\n" +
			"  tally issue --csv may.csv --run 2026-05-payables --contract frame-contract.pdf",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.csv == "" && (f.to == "" || f.contract == "") {
				return wrong("issue", lang.T("an invoice goes to a creditor, for a contract"), lang.T("Give --to and --contract."))
			}
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				if f.csv != "" {
					return p.issueRun(ctx, s, f)
				}
				return p.issueAll(ctx, s, f)
			})
		},
	}
	c.Flags().StringArrayVar(&f.invoices, "invoice", nil, "the invoice's UBL file; several times for several vouchers, all or none")
	c.Flags().StringVar(&f.to, "to", "", "the creditor: an account, or a member's name")
	c.Flags().StringVar(&f.contract, "contract", "", "the contract or order: its file, or its SHA-256")
	c.Flags().StringVar(&f.due, "due", "", "the day on which you pay, as 2026-05-31")
	c.Flags().StringVar(&f.delivered, "delivered", "", "the day of delivery, for the rule of 60 days for small firms [802]")
	c.Flags().StringVar(&f.bankReviewed, "bank-review", "", "the bank's review, its file or SHA-256, for more than six months")
	c.Flags().StringVar(&f.csv, "csv", "", "a table of invoices instead")
	c.Flags().StringVar(&f.run, "run", "", "a name for the run of the table: the same again goes on with it")
	c.Flags().StringVar(&f.result, "result", "", "where the table of results goes; beside the table without")
	c.MarkFlagsOneRequired("invoice", "csv")
	c.MarkFlagsMutuallyExclusive("invoice", "csv")
	c.MarkFlagsRequiredTogether("csv", "run")
	return c
}

// required marks flags that a command cannot do without.
func required(c *cobra.Command, flags ...string) {
	for _, f := range flags {
		if err := c.MarkFlagRequired(f); err != nil {
			panic(err) // a flag that the command has not
		}
	}
}

func (p *program) issueAll(ctx context.Context, s *wallet.Session, f issueFlags) error {
	if len(f.invoices) > maxInvoices {
		return wrong("invoice", lang.T("there are %d", len(f.invoices)), lang.T("Give at most %d at once; more go into a table, with --csv.", maxInvoices))
	}
	creditor, err := s.FindAccount(ctx, f.to)
	if err != nil {
		return err
	}
	d := deed{}
	m := &voucherv1.Issue{}
	for _, file := range f.invoices {
		inv, err := readInvoice(file)
		if err != nil {
			return err
		}
		item, err := f.item(s, inv, creditor)
		if err != nil {
			return lang.Errorf("%s: %w", file, err)
		}
		notes, err := partiesNotes(ctx, s, inv, creditor)
		if err != nil {
			return err
		}
		m.Items, d.notes = append(m.Items, item), append(d.notes, notes...)
	}
	d.messages = []proto.Message{m}
	d.created = func(o sdk.Outcome) map[string]any { return map[string]any{"vouchers": created(o, len(m.Items))} }
	d.next = func(o sdk.Outcome) string {
		return s.Lang.F("Vouchers: %s\nThey wait for the creditor: 'tally owed' shows them.", strings.Join(created(o, len(m.Items)), ", "))
	}
	return p.act(ctx, s, d)
}

func created(o sdk.Outcome, n int) []string {
	var out []string
	for i := range n {
		out = append(out, o.Created(0, uint32(i)).String())
	}
	return out
}

func (f *issueFlags) item(s *wallet.Session, inv *invoice.Invoice, creditor id.ID) (*voucherv1.IssueItem, error) {
	k, err := invoiceKey(s)
	if err != nil {
		return nil, err
	}
	contract, err := document("contract", f.contract)
	if err != nil {
		return nil, err
	}
	var due, delivered int32
	if f.due != "" {
		if due, err = day("due", f.due); err != nil {
			return nil, err
		}
	} else if !inv.HasDueDate {
		return nil, wrong("due", lang.T("the invoice has no due date"), lang.T("Give --due as 2026-05-31."))
	}
	if f.delivered != "" {
		if delivered, err = day("delivered", f.delivered); err != nil {
			return nil, err
		}
	}
	item, err := sdk.ItemFromInvoice(inv, k, creditor, contract, due)
	if err != nil {
		return nil, err
	}
	item.DeliveryDay = delivered
	if f.bankReviewed != "" {
		review, err := document("bank-review", f.bankReviewed)
		item.BankReview = review.Bytes()
		return item, err
	}
	return item, nil
}

// partiesNotes warns where an invoice's parties do not look like those of the voucher.
func partiesNotes(ctx context.Context, s *wallet.Session, inv *invoice.Invoice, creditor id.ID) ([]string, error) {
	seller, err := s.Party(ctx, creditor[:])
	if err != nil {
		return nil, err
	}
	buyer, err := s.MemberByID(ctx, s.Member())
	if err != nil {
		return nil, err
	}
	var out []string
	if seller.Member != nil && !same(inv.Seller, seller.Member) {
		out = append(out, s.Lang.F("Look again: the seller on invoice %s is %s, the voucher goes to %s.", inv.Number, inv.Seller.Name, seller.Full()))
	}
	if !same(inv.Buyer, buyer) {
		out = append(out, s.Lang.F("Look again: the buyer on invoice %s is %s, not you (%s).", inv.Number, inv.Buyer.Name, buyer.GetLegal().GetName()))
	}
	return out, nil
}

// same tells whether an invoice's party is a member, by any of its numbers or by name.
func same(party invoice.Party, m *membersv1.Member) bool {
	number := invoice.Normalise(m.GetLegal().GetCredential())
	return invoice.Normalise(party.TaxID) == number || invoice.Normalise(party.ID) == number ||
		invoice.Normalise(party.Name) == invoice.Normalise(m.GetLegal().GetName())
}
