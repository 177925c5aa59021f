package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// settlement shows and changes where members are paid by banks.
func (p *program) settlement() *cobra.Command {
	c := &cobra.Command{
		Use:   "settlement [MEMBER]",
		Short: "Show where a member is paid by banks, and change where yours is",
		Long: `A settlement account is the account at a bank where a member is paid in a currency, for all members to read. A change takes
two keys: the main account asks, and where one key signs for it, another account of the member confirms. It takes effect 24
hours after the second key, where nothing else was voted; until then the main account can cancel it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				member := s.Member()
				if len(args) > 0 {
					m, err := s.FindMember(ctx, args[0])
					if err != nil {
						return err
					}
					member = id.Must(m.Id)
				}
				return p.listSettlements(ctx, s, member)
			})
		},
	}
	c.AddCommand(p.settlementSet(), p.settlementOne("remove", "As the main account: ask that there is none in a currency any more", removeSettlement),
		p.settlementOne("confirm", "As another account of your member: bring a change's second key", confirmSettlement),
		p.settlementOne("cancel", "As the main account: end a change before it takes effect", cancelSettlement))
	return c
}

func (p *program) settlementSet() *cobra.Command {
	a := &membersv1.BankAccount{}
	c := &cobra.Command{
		Use: "set CURRENCY --bank NAME --bic BIC (--iban IBAN | --number NUMBER) --holder NAME", Short: "As the main account: ask to be paid at another account", Args: cobra.ExactArgs(1),
		Example: "  tally settlement set CNY --bank 'Bank of Linjiang' --bic LJBKCNBJ --number 6222-0212-0001 --holder 'Yuhe Forging Co., Ltd.'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				return p.act(ctx, s, deed{
					messages: []proto.Message{&membersv1.SetSettlementAccount{Currency: args[0], Account: a}},
					next:     func(sdk.Outcome) string { return "'tally settlement' shows what it waits for." },
				})
			})
		},
	}
	c.Flags().StringVar(&a.Bank, "bank", "", "the bank's name")
	c.Flags().StringVar(&a.Bic, "bic", "", "its Business Identifier Code [ISO 9362]")
	c.Flags().StringVar(&a.Iban, "iban", "", "the account's IBAN [ISO 13616]")
	c.Flags().StringVar(&a.Number, "number", "", "or the bank's own number for it")
	c.Flags().StringVar(&a.Holder, "holder", "", "in whose name it is")
	required(c, "bank", "bic", "holder")
	c.MarkFlagsOneRequired("iban", "number")
	c.MarkFlagsMutuallyExclusive("iban", "number")
	return c
}

// settlementOne is a command about one currency's settlement account, as it is proven to be.
func (p *program) settlementOne(name, short string, message func(*membersv1.SettlementAccount) (proto.Message, error)) *cobra.Command {
	return &cobra.Command{
		Use: name + " CURRENCY", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				if err := knownCurrency(args[0]); err != nil {
					return err
				}
				r := &membersv1.SettlementAccount{Currency: args[0]}
				if _, _, err := s.Client.Get(ctx, membersv1.SettlementKey(s.Member(), args[0]), r); err != nil {
					return err
				}
				m, err := message(r)
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{messages: []proto.Message{m}})
			})
		},
	}
}

func removeSettlement(r *membersv1.SettlementAccount) (proto.Message, error) {
	return &membersv1.SetSettlementAccount{Currency: r.Currency}, nil
}

func confirmSettlement(r *membersv1.SettlementAccount) (proto.Message, error) {
	if r.Pending == nil {
		return nil, lang.Errorf("%w: no change of your member's settlement account in %s is under way", wallet.ErrNoMatch, r.Currency)
	}
	return &membersv1.ConfirmSettlementAccount{Currency: r.Currency, Account: r.Pending.To}, nil
}

func cancelSettlement(r *membersv1.SettlementAccount) (proto.Message, error) {
	return &membersv1.CancelSettlementAccount{Currency: r.Currency}, nil
}

// settlementJSON is a settlement account as commands show it.
type settlementJSON struct {
	Currency string      `json:"currency"`
	Current  *atBankJSON `json:"current,omitempty"`
	Since    string      `json:"since,omitempty"`
	Pending  *changeJSON `json:"pending,omitempty"`
	change   string
}

type atBankJSON struct {
	Bank   string `json:"bank"`
	BIC    string `json:"bic"`
	IBAN   string `json:"iban,omitempty"`
	Number string `json:"number,omitempty"`
	Holder string `json:"holder"`
}

type changeJSON struct {
	To          *atBankJSON `json:"to,omitempty"`
	AskedBy     string      `json:"asked_by"`
	ConfirmedBy string      `json:"confirmed_by,omitempty"`
	Due         string      `json:"due,omitempty"` // missing while the second key is
}

func atBankOf(a *membersv1.BankAccount) *atBankJSON {
	if a == nil {
		return nil
	}
	return &atBankJSON{Bank: a.Bank, BIC: a.Bic, IBAN: a.Iban, Number: a.Number, Holder: a.Holder}
}

func settlementOf(s *wallet.Session, r *membersv1.SettlementAccount) settlementJSON {
	out := settlementJSON{Currency: r.Currency, Current: atBankOf(r.Current)}
	if r.Current != nil {
		out.Since = s.Clock.Unix(r.SinceUnixS).Format(time.RFC3339)
	}
	c := r.Pending
	if c == nil {
		return out
	}
	out.Pending = &changeJSON{To: atBankOf(c.To), AskedBy: hex.EncodeToString(c.AskedBy), ConfirmedBy: hex.EncodeToString(c.ConfirmedBy)}
	to := "none any more"
	if c.To != nil {
		to = wallet.BankAccount(s.Lang, c.To)
	}
	if c.DueUnixS == 0 {
		out.change = fmt.Sprintf("A change in %s waits for its second key (tally settlement confirm %s, by another account): %s", r.Currency, r.Currency, to)
		return out
	}
	due := s.Clock.Unix(c.DueUnixS)
	out.Pending.Due = due.Format(time.RFC3339)
	out.change = fmt.Sprintf("A change in %s takes effect on %s (tally settlement cancel %s, by the main account): %s", r.Currency, s.Clock.Minute(due), r.Currency, to)
	return out
}

func (p *program) listSettlements(ctx context.Context, s *wallet.Session, member id.ID) error {
	name, err := s.MemberFull(ctx, member.Bytes())
	if err != nil {
		return err
	}
	list := []settlementJSON{}
	var table [][]string
	for r, err := range s.Client.Settlements(ctx, member) {
		if err != nil {
			return err
		}
		list = append(list, settlementOf(s, r))
		if r.Current != nil {
			table = append(table, []string{r.Currency, wallet.BankAccount(s.Lang, r.Current), s.Clock.Minute(s.Clock.Unix(r.SinceUnixS))})
		}
	}
	return p.answer(map[string]any{"verified": verified(s, s.Clock.At), "member": member.String(), "settlements": list}, func(w page) {
		if len(table) == 0 {
			w.say("%s has no settlement account.\n", name)
		} else {
			w.say("%s is paid at:\n", name)
			grid(w, nil, []string{"currency", "account", "since"}, table)
		}
		for _, one := range list {
			if one.change != "" {
				w.say("%s\n", wallet.Line(one.change))
			}
		}
		stamp(w, s, s.Clock.At)
	})
}
