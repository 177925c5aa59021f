package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// maxAtOnce bounds what one command names: a transaction has at most as many calls.
const maxAtOnce = 100

func some(cmd *cobra.Command, args []string) error {
	return cobra.MatchAll(cobra.MinimumNArgs(1), cobra.MaximumNArgs(maxAtOnce))(cmd, args)
}

// accept takes vouchers that were issued to the account, and parts that are on offer to it.
func (p *program) accept() *cobra.Command {
	var flags, invoices []string
	c := &cobra.Command{
		Use:   "accept VOUCHER|PART...",
		Short: "Accept vouchers issued to you, and parts offered to you",
		Long: `accept takes vouchers that wait for your acceptance ('tally pending') and parts that are on offer to you
('tally offers'), all or none. With --invoice it compares your copy of each invoice with what the voucher
rests on, and refuses where one does not fit. Where an invoice looks like one that is known under another
number, you are told, and go on only by naming that flag.`,
		Example: "  tally accept 3fa2c1b0 --invoice march.xml",
		Args:    some,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				return p.acceptAll(ctx, s, args, invoices, flags)
			})
		},
	}
	c.Flags().StringArrayVar(&invoices, "invoice", nil, "your copy of an invoice behind it, to compare; several times for several")
	c.Flags().StringArrayVar(&flags, "flag", nil, "a flag that you accept knowingly")
	return c
}

// target is a package or a part that is to be answered.
type target struct {
	pkg  *voucherv1.Package
	part *voucherv1.Part // nil for a package
}

// find finds a package that waits for the account, or a part on offer to it.
func find(g *wallet.Sight, short string) (target, error) {
	incoming := &wallet.Sight{Incoming: g.Incoming}
	waiting := &wallet.Sight{Pending: g.Pending}
	h, err := incoming.Part(short)
	if err == nil {
		if _, err := waiting.Package(short); err == nil {
			return target{}, wrong("id", lang.T("%s fits a voucher and a part", short), lang.T("Write more of it."))
		}
		return target{pkg: h.Package, part: h.Part}, nil
	}
	if !errors.Is(err, wallet.ErrNoMatch) {
		return target{}, err
	}
	pkg, err := waiting.Package(short)
	if errors.Is(err, wallet.ErrNoMatch) {
		return target{}, lang.Errorf("%w: %s neither waits for your acceptance nor is on offer to you", wallet.ErrNoMatch, short)
	}
	return target{pkg: pkg}, err
}

func (t target) background() *voucherv1.Background {
	if t.part != nil {
		return t.part.Offer.GetBackground()
	}
	return t.pkg.Background
}

func (t target) accept(flags [][]byte) proto.Message {
	if t.part != nil {
		return &voucherv1.AcceptOffer{Part: t.part.Ref(), Flags: flags}
	}
	return &voucherv1.AcceptPackage{Package: t.pkg.Id, Flags: flags}
}

func (t target) reject(reason string) proto.Message {
	if t.part != nil {
		return &voucherv1.RejectOffer{Part: t.part.Ref(), Reason: reason}
	}
	return &voucherv1.RejectPackage{Package: t.pkg.Id, Reason: reason}
}

func (p *program) acceptAll(ctx context.Context, s *wallet.Session, ids, files, named []string) error {
	g, err := s.Look(ctx, wallet.Pending|wallet.Incoming)
	if err != nil {
		return err
	}
	d := deed{next: func(sdk.Outcome) string { return s.Lang.F("'tally holdings' shows what you hold.") }}
	var uses []*voucherv1.InvoiceUse
	for _, short := range ids {
		t, err := find(g, short)
		if err != nil {
			return err
		}
		flags, err := flagsOf(ctx, s, t.background().GetInvoices(), named)
		if err != nil {
			return err
		}
		uses = append(uses, t.background().GetInvoices()...)
		d.messages = append(d.messages, t.accept(flags))
	}
	if d.notes, err = compare(s, uses, files); err != nil {
		return err
	}
	return p.act(ctx, s, d)
}

// flagsOf finds the fingerprints that are known from other invoices, and refuses where one was not named.
func flagsOf(ctx context.Context, s *wallet.Session, uses []*voucherv1.InvoiceUse, named []string) ([][]byte, error) {
	var out [][]byte
	for _, use := range uses {
		for _, second := range use.Secondary {
			f := &voucherv1.InvoiceFlag{}
			_, found, err := s.Client.Get(ctx, voucherv1.InvoiceFlagKey(id.Must(second)), f)
			if err != nil {
				return nil, err
			}
			if !found || string(f.Fingerprint) == string(use.Fingerprint) {
				continue
			}
			if !isNamed(second, named) {
				return nil, voucherv1.ErrFlagNotNamed.At("flags", "%s",
					s.Lang.F("it looks like invoice %s; to go on, add --flag %s", wallet.Short(f.Fingerprint), wallet.Short(second)))
			}
			out = append(out, second)
		}
	}
	return out, nil
}

// minFlag is how many hex digits name a flag at least.
const minFlag = 8

func isNamed(flag []byte, named []string) bool {
	for _, n := range named {
		if len(n) >= minFlag && strings.HasPrefix(fmt.Sprintf("%x", flag), strings.ToLower(n)) {
			return true
		}
	}
	return false
}

// compare recomputes fingerprints from documents: each must be one of those behind the voucher, and with any given all
// must be. Notes say what was and was not compared.
func compare(s *wallet.Session, uses []*voucherv1.InvoiceUse, files []string) ([]string, error) {
	if len(uses) == 0 && len(files) > 0 {
		return nil, wrong("invoice", lang.T("no invoice stands behind it"), lang.T("Leave --invoice out."))
	}
	if len(files) == 0 {
		return uncompared(s.Lang, len(uses)), nil
	}
	k, err := invoiceKey(s)
	if err != nil {
		return nil, err
	}
	left := map[string]*voucherv1.InvoiceUse{}
	for _, use := range uses {
		left[string(use.Fingerprint)] = use
	}
	var notes []string
	for _, file := range files {
		inv, err := readInvoice(file)
		if err != nil {
			return nil, err
		}
		fingerprint := invoice.Primary(k, inv)
		use, ok := left[string(fingerprint[:])]
		if !ok || use.IssueDay != int32(inv.IssueDate) || use.TotalMinor != inv.PayableMinor {
			return nil, lang.Errorf("%w: %s is invoice %s of %s over %s, which the voucher does not name with this day and amount",
				wallet.ErrDocument, file, inv.Number, inv.IssueDate, wallet.Money(inv.PayableMinor, inv.Currency))
		}
		delete(left, string(fingerprint[:]))
		notes = append(notes, s.Lang.F("Your copy of invoice %s fits: seller, buyer, number, day and amount.", inv.Number))
	}
	if len(left) > 0 {
		return nil, lang.Errorf("%w: it rests on %d more invoices; give each with --invoice", wallet.ErrDocument, len(left))
	}
	return notes, nil
}

func uncompared(l lang.Lang, n int) []string {
	if n == 0 {
		return nil
	}
	return []string{l.F("You have not compared the invoices behind it with your own; --invoice FILE does.")}
}

// reject turns down vouchers and offers.
func (p *program) reject() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "reject VOUCHER|PART...",
		Short: "Turn down vouchers issued to you, and parts offered to you",
		Args:  some,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				g, err := s.Look(ctx, wallet.Pending|wallet.Incoming)
				if err != nil {
					return err
				}
				var d deed
				for _, short := range args {
					t, err := find(g, short)
					if err != nil {
						return err
					}
					d.messages = append(d.messages, t.reject(reason))
				}
				return p.act(ctx, s, d)
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the other side: at most 500 bytes")
	return c
}

// cancel ends own vouchers that were not accepted yet.
func (p *program) cancel() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "cancel VOUCHER...",
		Short: "Cancel vouchers that you issued, before they are accepted",
		Args:  some,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				g, err := s.Look(ctx, wallet.Owed)
				if err != nil {
					return err
				}
				var d deed
				for _, short := range args {
					pkg, err := g.Package(short)
					if err != nil {
						return err
					}
					d.messages = append(d.messages, &voucherv1.CancelPackage{Package: pkg.Id, Reason: reason})
				}
				return p.act(ctx, s, d)
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the other side: at most 500 bytes")
	return c
}

// withdraw takes own offers back.
func (p *program) withdraw() *cobra.Command {
	return &cobra.Command{
		Use:   "withdraw PART...",
		Short: "Take back offers that nobody has answered",
		Args:  some,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				g, err := s.Look(ctx, wallet.Offered)
				if err != nil {
					return err
				}
				var d deed
				for _, short := range args {
					h, err := g.Part(short)
					if err != nil {
						return err
					}
					d.messages = append(d.messages, &voucherv1.WithdrawOffer{Part: h.Part.Ref()})
				}
				return p.act(ctx, s, d)
			})
		},
	}
}
