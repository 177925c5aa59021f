package main

import (
	"context"
	"encoding/hex"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// pay pays a voucher that is due, from deposits.
func (p *program) pay() *cobra.Command {
	var typed, bank string
	c := &cobra.Command{
		Use:   "pay VOUCHER --bank BANK",
		Short: "Pay a voucher that you issued, from its due day on, from your deposits",
		Long: `pay moves deposits to all who hold parts of the voucher, each its share, in one step. With --amount it pays
in part. The voucher must be due, and you need so much deposited at the bank ('tally deposits').`,
		Example: "  tally pay 3fa2c1b0 --bank 'Bank of Linjiang' --amount 500000.00",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				g, err := s.Look(ctx, wallet.Owed)
				if err != nil {
					return err
				}
				pkg, err := g.Package(args[0])
				if err != nil {
					return err
				}
				m := &voucherv1.Pay{Package: pkg.Id, AmountMinor: pkg.Outstanding()}
				if typed != "" {
					if m.AmountMinor, err = amount("amount", typed, pkg.Currency); err != nil {
						return err
					}
				}
				from, err := s.FindMember(ctx, bank)
				if err != nil {
					return err
				}
				m.Bank = from.Id
				return p.act(ctx, s, deed{messages: []proto.Message{m}})
			})
		},
	}
	c.Flags().StringVar(&typed, "amount", "", "how much, as 1234.56; all that is outstanding without")
	c.Flags().StringVar(&bank, "bank", "", "the bank whose deposits are used")
	required(c, "bank")
	return c
}

type depositJSON struct {
	Bank        string `json:"bank"`
	BankName    string `json:"bank_name"`
	AmountMinor int64  `json:"amount_minor"`
	Currency    string `json:"currency"`
}

// deposits lists what banks owe the account.
func (p *program) deposits() *cobra.Command {
	return &cobra.Command{
		Use:   "deposits",
		Short: "List what banks owe you on the chain, proven complete",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, p.showDeposits)
		},
	}
}

func (p *program) showDeposits(ctx context.Context, s *wallet.Session) error {
	list, err := s.Client.Deposits(ctx)
	if err != nil {
		return err
	}
	all := []depositJSON{}
	var table [][]string
	for _, b := range list.Records {
		name, err := s.MemberName(ctx, b.Bank)
		if err != nil {
			return err
		}
		all = append(all, depositJSON{Bank: hex.EncodeToString(b.Bank), BankName: name, AmountMinor: b.AmountMinor, Currency: b.Currency})
		table = append(table, []string{name, wallet.Money(b.AmountMinor, b.Currency)})
	}
	money, waiting, err := blocked(ctx, s)
	if err != nil {
		return err
	}
	return p.answer(map[string]any{
		"verified": verified(s, list.Verified), "deposits": all, "totals": totalsOf(list.Totals), "blocked": money,
	}, func(w page) {
		if len(all) == 0 {
			w.say("No bank owes you anything on the chain.\n")
		} else {
			grid(w, []int{2}, []string{"bank", "amount"}, table)
		}
		titled(w, "Money that waits for you until no freeze stands:", []string{"bank", "amount", "voucher", "part"}, waiting)
		stamp(w, s, list.Verified)
	})
}

// depositFlags are what the commands under 'tally deposit' take.
type depositFlags struct{ to, bank, currency, reference string }

func (p *program) deposit() *cobra.Command {
	c := &cobra.Command{Use: "deposit", Short: "Record, pass on and give back deposits"}
	c.AddCommand(
		p.depositCommand("mint AMOUNT --to ACCOUNT", "As a bank: record that you owe an account so much more",
			func(ctx context.Context, s *wallet.Session, f *depositFlags, minor int64) (proto.Message, error) {
				to, err := s.FindAccount(ctx, f.to)
				return &depositv1.Mint{To: to.Bytes(), AmountMinor: minor, Currency: f.currency, Reference: f.reference}, err
			}, "to"),
		p.depositCommand("redeem AMOUNT --bank BANK", "Give a claim back to the bank, which pays it out",
			func(ctx context.Context, s *wallet.Session, f *depositFlags, minor int64) (proto.Message, error) {
				bank, err := s.FindMember(ctx, f.bank)
				return &depositv1.Redeem{Bank: bank.GetId(), AmountMinor: minor, Currency: f.currency, Reference: f.reference}, err
			}, "bank"),
		p.depositCommand("transfer AMOUNT --bank BANK --to ACCOUNT", "Pass a deposit on to another account",
			func(ctx context.Context, s *wallet.Session, f *depositFlags, minor int64) (proto.Message, error) {
				bank, err := s.FindMember(ctx, f.bank)
				if err != nil {
					return nil, err
				}
				to, err := s.FindAccount(ctx, f.to)
				return &depositv1.Transfer{Bank: bank.Id, To: to.Bytes(), AmountMinor: minor, Currency: f.currency, Reference: f.reference}, err
			}, "bank", "to"))
	return c
}

type depositMaker func(context.Context, *wallet.Session, *depositFlags, int64) (proto.Message, error)

func (p *program) depositCommand(use, short string, makeMessage depositMaker, needs ...string) *cobra.Command {
	f := &depositFlags{}
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				minor, err := amount("amount", args[0], f.currency)
				if err != nil {
					return err
				}
				m, err := makeMessage(ctx, s, f, minor)
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{messages: []proto.Message{m}})
			})
		},
	}
	for _, need := range needs {
		if need == "to" {
			c.Flags().StringVar(&f.to, "to", "", "the receiver: an account, or a member's name")
		} else {
			c.Flags().StringVar(&f.bank, "bank", "", "the bank that owes: a member's name or id")
		}
	}
	c.Flags().StringVar(&f.currency, "currency", defaultCurrency, "the ISO 4217 currency")
	c.Flags().StringVar(&f.reference, "reference", "", "what your books call it, at most 140 bytes")
	required(c, needs...)
	return c
}

// defaultCurrency is that of the networks this is made for.
const defaultCurrency = "CNY"
