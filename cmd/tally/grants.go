package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// standing shows and changes the account's standing acceptance.
func (p *program) standing() *cobra.Command {
	var currency string
	c := &cobra.Command{
		Use:   "standing",
		Short: "Show, leave or end your standing acceptance of parts",
		Long: `With a standing acceptance parts come to you without your being asked, where an account that you name has
checked the documents behind them. Without a subcommand, standing shows the one that you left.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.showStanding(ctx, s, currency) })
		},
	}
	c.PersistentFlags().StringVar(&currency, "currency", defaultCurrency, "the ISO 4217 currency")
	c.AddCommand(p.standingSet(&currency), &cobra.Command{
		Use: "end", Short: "End it: you are asked for every part again", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				return p.act(ctx, s, deed{messages: []proto.Message{&voucherv1.SetStandingAcceptance{Currency: currency}}})
			})
		},
	})
	return c
}

func (p *program) standingSet(currency *string) *cobra.Command {
	var checker, most, until string
	c := &cobra.Command{
		Use: "set --checker ACCOUNT --max AMOUNT", Short: "Leave or change it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				account, err := s.FindAccount(ctx, checker)
				if err != nil {
					return err
				}
				m := &voucherv1.SetStandingAcceptance{Checker: account.Bytes(), Currency: *currency}
				if m.MaxMinor, err = amount("max", most, *currency); err != nil {
					return err
				}
				now, err := s.Now(ctx)
				if err == nil && until != "" {
					m.UntilUnixS, err = moment("until", until, now)
				}
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{messages: []proto.Message{m}})
			})
		},
	}
	c.Flags().StringVar(&checker, "checker", "", "whose check of documents you rely on")
	c.Flags().StringVar(&most, "max", "", "the largest part that comes so, as 1234.56")
	c.Flags().StringVar(&until, "until", "", "until when: 30d, 2026-05-31; until you end it without")
	required(c, "checker", "max")
	return c
}

func (p *program) showStanding(ctx context.Context, s *wallet.Session, currency string) error {
	if err := knownCurrency(currency); err != nil {
		return err
	}
	r := &voucherv1.StandingAcceptance{}
	v, found, err := s.Client.Get(ctx, voucherv1.StandingAcceptanceKey(s.Account(), currency), r)
	if err != nil {
		return err
	}
	out := map[string]any{"verified": verified(s, v), "currency": currency, "max_minor": r.MaxMinor}
	text := s.Lang.F("You have left no standing acceptance in %s: you are asked for every part.", currency)
	if found {
		checker, err := s.Party(ctx, r.Checker)
		if err != nil {
			return err
		}
		out["checker"] = partyOf(checker)
		text = s.Lang.F("Parts of up to %s come to you without your being asked, where %s has checked the documents.", wallet.Money(r.MaxMinor, currency), checker.Full())
		if r.UntilUnixS > 0 {
			until := s.Clock.Unix(r.UntilUnixS)
			out["until"] = until.Format(time.RFC3339)
			text += s.Lang.F(" Until %s.", s.Clock.Minute(until))
		}
	}
	return p.answer(out, func(w page) {
		fmt.Fprintln(w, text)
		stamp(w, s, v)
	})
}

func knownCurrency(code string) error {
	if _, ok := money.Digits(code); !ok {
		return wrong("currency", lang.T("%.12q is none that the chain knows", code), lang.T("Use an ISO 4217 code such as CNY."))
	}
	return nil
}

// check records that the account has checked documents.
func (p *program) check() *cobra.Command {
	var invoices, documents []string
	c := &cobra.Command{
		Use:   "check --invoice FILE | --contract HASH|FILE",
		Short: "Declare that you have checked documents, for those who rely on you",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				m, err := checkMessage(s, invoices, documents)
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{messages: []proto.Message{m}})
			})
		},
	}
	c.Flags().StringArrayVar(&invoices, "invoice", nil, "an invoice's UBL file; several times for several")
	c.Flags().StringArrayVar(&documents, "contract", nil, "a contract or order: its file, or its SHA-256; several times for several")
	c.MarkFlagsOneRequired("invoice", "contract")
	return c
}

func checkMessage(s *wallet.Session, invoices, documents []string) (*voucherv1.CheckDocument, error) {
	m := &voucherv1.CheckDocument{}
	for _, file := range invoices {
		k, err := invoiceKey(s)
		if err != nil {
			return nil, err
		}
		inv, err := readInvoice(file)
		if err != nil {
			return nil, err
		}
		m.Documents = append(m.Documents, invoice.Primary(k, inv).Bytes())
	}
	for _, one := range documents {
		h, err := document("contract", one)
		if err != nil {
			return nil, err
		}
		m.Documents = append(m.Documents, h.Bytes())
	}
	return m, nil
}

// line shows an obligor's line, and lets a guarantor set it.
func (p *program) line() *cobra.Command {
	var currency string
	c := &cobra.Command{
		Use:   "line [OBLIGOR]",
		Short: "Show how much an obligor may have outstanding; yours without a name",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				obligor := s.Account()
				if len(args) > 0 {
					var err error
					if obligor, err = s.FindAccount(ctx, args[0]); err != nil {
						return err
					}
				}
				return p.showLine(ctx, s, obligor, currency)
			})
		},
	}
	c.PersistentFlags().StringVar(&currency, "currency", defaultCurrency, "the ISO 4217 currency")
	c.AddCommand(&cobra.Command{
		Use: "set OBLIGOR AMOUNT", Short: "As its guarantor: set an obligor's line", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				obligor, err := s.FindAccount(ctx, args[0])
				if err != nil {
					return err
				}
				limit, err := money.Parse(args[1], currency)
				if err != nil || limit < 0 {
					return wrong("amount", lang.T("%.40q", args[1]), lang.T("Write it as 1234.56, from 0."))
				}
				return p.act(ctx, s, deed{messages: []proto.Message{&voucherv1.SetLine{Obligor: obligor.Bytes(), Currency: currency, LimitMinor: limit}}})
			})
		},
	})
	return c
}

func (p *program) showLine(ctx context.Context, s *wallet.Session, obligor id.ID, currency string) error {
	if err := knownCurrency(currency); err != nil {
		return err
	}
	l := &voucherv1.Line{}
	v, found, err := s.Client.Get(ctx, voucherv1.LineKey(obligor, currency), l)
	if err != nil {
		return err
	}
	who, err := s.Party(ctx, obligor[:])
	if err != nil {
		return err
	}
	by := s.Lang.F("vote")
	if len(l.Guarantor) > 0 {
		if by, err = s.MemberName(ctx, l.Guarantor); err != nil {
			return err
		}
	}
	return p.answer(map[string]any{
		"verified": verified(s, v), "obligor": partyOf(who), "currency": currency, "limit_minor": l.LimitMinor,
		"outstanding_minor": l.OutstandingMinor, "guarantor": hex.EncodeToString(l.Guarantor),
	}, func(w page) {
		if !found {
			w.say("There is no line of %s in %s.\n", who, currency)
		} else {
			facts(w, "obligor", who.String(), "line", wallet.Money(l.LimitMinor, currency), "outstanding", wallet.Money(l.OutstandingMinor, currency),
				"available", wallet.Money(max(0, l.LimitMinor-l.OutstandingMinor), currency), "given by", by)
		}
		stamp(w, s, v)
	})
}
