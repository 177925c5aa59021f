package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// defaultExpiry is how long an offer stays open where nothing else is said.
const defaultExpiry = "7d"

// sendFlags are what 'tally send' takes.
type sendFlags struct {
	to, amount, contract, invoice, expires string
	recourse, now                          bool
}

func (p *program) send() *cobra.Command {
	var f sendFlags
	c := &cobra.Command{
		Use:   "send PART... --to RECEIVER --contract HASH|FILE",
		Short: "Offer parts of vouchers to another account",
		Long: `send offers parts that you hold to a receiver, who accepts, rejects or lets the offer lapse. With --amount a
single part is divided: so much goes, the rest stays yours. Every passing on names the trade it is for: a
contract or order, or an invoice whose amount is then used for it.`,
		Example: "  tally send 3fa2c1b0 --to 'Yuhe Forging' --amount 300000.00 --contract order-17.pdf --expires 3d",
		Args:    some,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.sendAll(ctx, s, args, f) })
		},
	}
	c.Flags().StringVar(&f.to, "to", "", "the receiver: an account, or a member's name")
	c.Flags().StringVar(&f.amount, "amount", "", "how much of the part, as 1234.56; all of it without")
	c.Flags().StringVar(&f.contract, "contract", "", "the contract or order it is for: its file, or its SHA-256")
	c.Flags().StringVar(&f.invoice, "invoice", "", "the invoice it pays: its UBL file")
	c.Flags().StringVar(&f.expires, "expires", defaultExpiry, "how long the offer stays open: 7d, 48h, 2026-05-31; at most 30 days")
	c.Flags().BoolVar(&f.recourse, "recourse", false, "if it is not paid when due, the receiver can turn to you")
	c.Flags().BoolVar(&f.now, "now", false, "no offer: it goes at once, under the receiver's standing acceptance")
	required(c, "to")
	c.MarkFlagsOneRequired("contract", "invoice")
	c.MarkFlagsMutuallyExclusive("now", "expires")
	return c
}

func (p *program) sendAll(ctx context.Context, s *wallet.Session, parts []string, f sendFlags) error {
	if len(parts) > 1 && (f.amount != "" || f.invoice != "") {
		return wrong("amount", lang.T("it is for one part, and %d are named", len(parts)), lang.T("Send them one by one, or leave --amount and --invoice out."))
	}
	to, err := s.FindAccount(ctx, f.to)
	if err != nil {
		return err
	}
	g, err := s.Look(ctx, wallet.Held)
	if err != nil {
		return err
	}
	m := &voucherv1.Transfer{}
	for _, short := range parts {
		h, err := g.Part(short)
		if err != nil {
			return err
		}
		item, err := f.item(ctx, s, h, to)
		if err != nil {
			return err
		}
		m.Items = append(m.Items, item)
	}
	return p.act(ctx, s, deed{messages: []proto.Message{m}, next: func(sdk.Outcome) string {
		if f.now {
			return s.Lang.F("They hold it now.")
		}
		return s.Lang.F("They see it with 'tally offers'; so do you.")
	}})
}

func (f *sendFlags) item(ctx context.Context, s *wallet.Session, h sdk.Holding, to id.ID) (*voucherv1.TransferItem, error) {
	item := &voucherv1.TransferItem{Part: h.Part.Ref(), To: to.Bytes(), Recourse: f.recourse, Background: &voucherv1.Background{}}
	sent := h.Part.Outstanding()
	var err error
	if f.amount != "" {
		if sent, err = amount("amount", f.amount, h.Package.Currency); err != nil {
			return nil, err
		}
		if sent > h.Part.Outstanding() {
			return nil, wrong("amount", lang.T("%s is more than the part's %s", f.amount, wallet.Money(h.Part.Outstanding(), h.Package.Currency)), lang.T("Send less, or leave --amount out."))
		}
	}
	if sent < h.Part.Outstanding() {
		item.AmountMinor = sent
	}
	if f.contract != "" {
		contract, err := document("contract", f.contract)
		if err != nil {
			return nil, err
		}
		item.Background.Contract = contract.Bytes()
	}
	if f.invoice != "" {
		if item.Background.Invoices, err = f.use(s, h.Package.Currency, sent); err != nil {
			return nil, err
		}
	}
	if f.now {
		return item, nil
	}
	now, err := s.Now(ctx)
	if err == nil {
		item.OfferExpiresUnixS, err = moment("expires", f.expires, now)
	}
	return item, err
}

// use is as much of the invoice as is sent.
func (f *sendFlags) use(s *wallet.Session, currency string, sent int64) ([]*voucherv1.InvoiceUse, error) {
	inv, err := readInvoice(f.invoice)
	if err != nil {
		return nil, err
	}
	if inv.Currency != currency || inv.PayableMinor < sent {
		return nil, wrong("invoice", lang.T("%s is over %s, and %s are to be sent", inv.Number,
			wallet.Money(inv.PayableMinor, inv.Currency), wallet.Money(sent, currency)), lang.T("Send less, or give the right invoice."))
	}
	k, err := invoiceKey(s)
	if err != nil {
		return nil, err
	}
	return []*voucherv1.InvoiceUse{useOf(k, inv, sent)}, nil
}

// split divides a part that stays with its holder.
func (p *program) split() *cobra.Command {
	return &cobra.Command{
		Use:   "split PART AMOUNT...",
		Short: "Divide a part of a voucher into pieces that all stay yours",
		Long:  "split divides a part into pieces of the given amounts, from its low end; what is left over is the last piece.",
		Example: `  tally split 3fa2c1b0 300000.00
  tally split 3fa2c1b0 100000 100000 100000`,
		Args: cobra.MatchAll(cobra.MinimumNArgs(2), cobra.MaximumNArgs(voucherv1.MaxPieces)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				g, err := s.Look(ctx, wallet.Held)
				if err != nil {
					return err
				}
				h, err := g.Part(args[0])
				if err != nil {
					return err
				}
				pieces, err := piecesOf(h, args[1:])
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{
					messages: []proto.Message{&voucherv1.Split{Part: h.Part.Ref(), PiecesMinor: pieces}},
					next:     func(sdk.Outcome) string { return s.Lang.F("'tally holdings' shows the pieces.") },
				})
			})
		},
	}
}

func piecesOf(h sdk.Holding, typed []string) ([]int64, error) {
	left := h.Part.Units()
	var out []int64
	for _, one := range typed {
		minor, err := amount("amount", one, h.Package.Currency)
		if err != nil {
			return nil, err
		}
		if left, err = money.Sub(left, minor); err != nil {
			return nil, wrong("amount", lang.T("the pieces are more than the part's %s", wallet.Money(h.Part.Units(), h.Package.Currency)), lang.T("Make them smaller."))
		}
		out = append(out, minor)
	}
	if left > 0 {
		out = append(out, left)
	}
	return out, nil
}
