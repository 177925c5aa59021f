package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// proposeFlags are what all proposals take.
type proposeFlags struct {
	title, expires string
	calls          []string
}

// govPropose puts calls to the vote, each kind by a command of its own, and any others from files.
func (p *program) govPropose() *cobra.Command {
	f := &proposeFlags{}
	c := &cobra.Command{
		Use:   "propose KIND … | --call FILE...",
		Short: "Put something to the vote, with your yes",
		Long: `propose puts one thing to the vote by its subcommand, or whatever calls stand in files: several calls in one proposal take
effect together. Your member's own vote is yes.

` + callsHelp,
		Example: `  tally gov propose suspend 'Yuhe Forging' --reason 'the licence was withdrawn'
  tally gov propose parameter voucher.tenor_max_days 170 --from 2027-01-01 --source 'decision 12'
  tally gov propose --call freeze.json --title 'Freeze of voucher 3fa2c1b0, case 17'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(f.calls) == 0 {
				return wrong("call", lang.T("nothing is proposed"), lang.T("Name a kind, or give --call FILE."))
			}
			messages, err := callsToVote(f.calls)
			if err != nil {
				return err
			}
			return p.proposing(cmd, f, func(context.Context, *wallet.Session) ([]proto.Message, error) { return messages, nil })
		},
	}
	c.PersistentFlags().StringVar(&f.title, "title", "", "what it is called, for people; what was typed without")
	c.PersistentFlags().StringVar(&f.expires, "expires", defaultExpiry, "how long it can be voted on: 7d, 48h, 2026-05-31; at most 30 days")
	c.Flags().StringArrayVar(&f.calls, "call", nil, "a file with a call, or a list of calls; several times for several")
	c.AddCommand(p.proposeMember(f)...)
	c.AddCommand(p.proposeNetwork(f)...)
	return c
}

// proposing connects, makes the messages and puts them to the vote.
func (p *program) proposing(cmd *cobra.Command, f *proposeFlags, makes func(context.Context, *wallet.Session) ([]proto.Message, error)) error {
	return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
		messages, err := makes(ctx, s)
		if err != nil {
			return err
		}
		if f.title == "" {
			f.title = titleOf(cmd.CommandPath(), cmd.Flags().Args(), messages)
		}
		m, err := f.message(ctx, s, messages)
		if err != nil {
			return err
		}
		return p.act(ctx, s, deed{
			messages: []proto.Message{m},
			created:  func(o sdk.Outcome) map[string]any { return map[string]any{"proposal": o.Created(0, 0).String()} },
			next: func(o sdk.Outcome) string {
				proposal := o.Created(0, 0)
				return fmt.Sprintf("Proposal: %s\n%s", proposal, became(ctx, s, proposal.Bytes()))
			},
		})
	})
}

// titleOf is what a proposal is called where nobody said: what was typed, such as 'suspend Yuhe Forging'; or its methods, where
// it comes from files.
func titleOf(path string, args []string, messages []proto.Message) string {
	_, kind, _ := strings.Cut(path, " propose")
	words := append(strings.Fields(kind), args...)
	if len(words) == 0 {
		for _, m := range messages {
			words = append(words, txv1.MethodOf(m))
		}
	}
	title := strings.Join(words, " ")
	if len(title) > governancev1.MaxTitle {
		title = strings.ToValidUTF8(title[:governancev1.MaxTitle], "")
	}
	return title
}

func (f *proposeFlags) message(ctx context.Context, s *wallet.Session, messages []proto.Message) (*governancev1.Propose, error) {
	calls, err := governed(messages)
	if err != nil {
		return nil, err
	}
	for i, m := range messages {
		if v, ok := m.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return nil, lang.Errorf("call %d, %s: %w", i, calls[i].Method, err)
			}
		}
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	m := &governancev1.Propose{Title: f.title, Calls: calls}
	m.ExpiresUnixS, err = moment("expires", f.expires, now)
	return m, err
}

// kind makes a subcommand that proposes what its arguments say.
func (p *program) kind(f *proposeFlags, use, short string, args cobra.PositionalArgs, makes func(context.Context, *wallet.Session, []string) ([]proto.Message, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.proposing(cmd, f, func(ctx context.Context, s *wallet.Session) ([]proto.Message, error) { return makes(ctx, s, args) })
		},
	}
}

// one is a proposal of a single call.
func one(m proto.Message, err error) ([]proto.Message, error) {
	if err != nil {
		return nil, err
	}
	return []proto.Message{m}, nil
}
