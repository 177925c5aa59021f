package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// maxCopies bounds the files that are combined: each key of an account has one.
const maxCopies = 64

func (p *program) txCombine() *cobra.Command {
	return &cobra.Command{
		Use:   "combine OUT FILE...",
		Short: "Put the signatures of copies of one transaction into one file",
		Long: `combine merges the signatures of copies of one transaction; files of different transactions are refused. It needs
no network. OUT must not be there yet, unless it is one of the copies.`,
		Args: cobra.MatchAll(cobra.MinimumNArgs(2), cobra.MaximumNArgs(maxCopies)),
		RunE: func(cmd *cobra.Command, args []string) error { return p.combine(cmd.Context(), args[0], args[1:]) },
	}
}

func (p *program) combine(ctx context.Context, out string, files []string) error {
	all, words, err := wallet.ReadDraftFile(files[0])
	if err != nil {
		return err
	}
	for _, file := range files[1:] {
		d, _, err := wallet.ReadDraftFile(file)
		if err != nil {
			return err
		}
		if err := all.Combine(d); err != nil {
			return wrong(file, lang.T("%s", err), lang.T("Combine copies of one file that 'tally tx build' wrote."))
		}
	}
	if err := wallet.WriteDraftFile(out, all, words, slices.Contains(files, out)); err != nil {
		return err
	}
	v, err := viewOf(ctx, nil, out, all, words)
	if err != nil {
		return err
	}
	return p.answer(v, func(w page) {
		w.say("%s has %s:\n", out, lang.Count(len(v.Signatures), "%d signature", "%d signatures"))
		for _, one := range v.Signatures {
			w.say("  %s\n", one)
		}
	})
}

func (p *program) txSend() *cobra.Command {
	return &cobra.Command{
		Use:   "send FILE",
		Short: "Send a transaction that enough people have signed, and prove what became of it",
		Long: `send checks every signature, and by proof that enough of the account's keys have signed, sends the transaction and
proves what became of it. Signatures that belong to no account in it are left out. After a lost answer run it
again: it finds out first whether the transaction ran, and a copy never runs twice.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, words, err := wallet.ReadDraftFile(args[0])
			if err != nil {
				return err
			}
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.sendDraft(ctx, s, args[0], d, words) })
		},
	}
}

func (p *program) sendDraft(ctx context.Context, s *wallet.Session, file string, d *sdk.Draft, words []string) error {
	if err := sameChain(s.Wallet, d); err != nil {
		return err
	}
	calls, err := d.Calls()
	if err != nil {
		return err
	}
	outcome := deed{created: func(o sdk.Outcome) map[string]any { return vouchersOf(calls, o) }}
	if o, err := s.DraftOutcome(ctx, d); err == nil {
		return p.done(s, words, o, outcome)
	} else if !errors.Is(err, sdk.ErrUnsettled) {
		return err
	}
	v, err := viewOf(ctx, s, file, d, words)
	if err != nil {
		return err
	}
	if err := v.enough(); err != nil {
		return err
	}
	d.Leave(v.needless...)
	what, err := s.PreviewDraft(ctx, d)
	if err != nil {
		return err
	}
	shown := slices.Clone(what)
	for _, one := range v.Needless {
		shown = append(shown, s.Lang.F("The signature of %s is left out: it is no key of an account that must sign.", one))
	}
	if err := p.ask(p.lang.F("Send? [y/N] "), shown); err != nil {
		return err
	}
	done := p.waiting("waiting for the block")
	o, err := s.SendDraft(ctx, what, d)
	done()
	if err != nil {
		return err
	}
	return p.done(s, what, o, outcome)
}

// enough refuses, by the rule of the chain, what lacks a signature, and names who could give it.
func (v *txJSON) enough() error {
	for _, a := range v.Accounts {
		if a.Lacks == 0 {
			continue
		}
		var names []string
		for _, one := range a.Missing {
			names = append(names, one.String())
		}
		return kernelv1.ErrMissingKey.At("signatures", "%s has %d of %d; %d more of: %s", a.full, len(a.Signed), a.Threshold, a.Lacks, strings.Join(names, ", "))
	}
	return nil
}

// vouchersOf names what the calls of a transaction issued.
func vouchersOf(calls []sdk.Call, o sdk.Outcome) map[string]any {
	var all []string
	for i, call := range calls {
		m, _ := call.Message.(*voucherv1.Issue) // nil has no items
		for j := range m.GetItems() {
			all = append(all, o.Created(uint32(i), uint32(j)).String())
		}
	}
	if len(all) == 0 {
		return nil
	}
	return map[string]any{"vouchers": all}
}
