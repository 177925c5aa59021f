package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/keys"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// reachTimeout bounds the attempt to connect where a command can do without.
const reachTimeout = 20 * time.Second

func (p *program) txShow() *cobra.Command {
	var offline bool
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Show what a transaction's file does, who has signed and who is missing",
		Long: `show decodes the transaction from the bytes that are signed. With a network it adds, proven, what that means
and who has signed and who has not; without, it says what it cannot know.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, words, err := wallet.ReadDraftFile(args[0])
			if err != nil {
				return err
			}
			return p.perhaps(cmd, d, nil, p.asked(offline), func(ctx context.Context, s *wallet.Session, why string) error {
				return p.showDraft(ctx, s, why, args[0], d, words)
			})
		},
	}
	c.Flags().BoolVar(&offline, "offline", false, "do not connect")
	return c
}

// asked is the reason to stay offline that --offline gives.
func (p *program) asked(offline bool) string {
	if offline {
		return p.lang.F("it was asked to stay offline")
	}
	return ""
}

// perhaps runs with a session or, where there is a reason to stay offline, no wallet, or no node that can be reached, without
// one and with the reason. A node that fails a proof is an error all the same. A signer is the wallet's, unlocked before.
func (p *program) perhaps(cmd *cobra.Command, d *sdk.Draft, signer key.Signer, offline string, do func(context.Context, *wallet.Session, string) error) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), p.timeout)
	defer cancel()
	w, err := p.openLocked()
	switch {
	case errors.Is(err, wallet.ErrNoWallet):
		return do(ctx, nil, p.lang.F("this machine has no wallet's profile"))
	case err != nil:
		return err
	}
	if err := sameChain(w, d); err != nil {
		return err
	}
	if offline != "" {
		return do(ctx, nil, offline)
	}
	if signer != nil {
		w.UseSigner(signer)
	}
	if err := p.unlock(w); err != nil {
		return err
	}
	return p.reach(ctx, w, do)
}

// reach connects, or says why not.
func (p *program) reach(ctx context.Context, w *wallet.Wallet, do func(context.Context, *wallet.Session, string) error) error {
	soon, cancel := context.WithTimeout(ctx, min(p.timeout, reachTimeout))
	defer cancel()
	done := p.waiting("connecting")
	s, err := w.Connect(soon)
	done()
	if err == nil {
		return errors.Join(do(ctx, s, ""), s.Close())
	}
	if exitCode(err) == exitUnreachable {
		return do(ctx, nil, p.lang.F("no node could be reached"))
	}
	return err
}

func sameChain(w *wallet.Wallet, d *sdk.Draft) error {
	if d.Chain() != w.Profile.Chain {
		return wrong("chain", lang.T("the transaction is for %q, this wallet is of %q", d.Chain(), w.Profile.Chain), lang.T("Use the wallet of that chain."))
	}
	return nil
}

// decodedOf decodes a transaction from its bytes alone.
func decodedOf(d *sdk.Draft) (lines, methods []string, err error) {
	calls, err := d.Calls()
	if err != nil {
		return nil, nil, err
	}
	for i, call := range calls {
		method := txv1.MethodOf(call.Message)
		head := fmt.Sprintf("call %d of %d: %s", i+1, len(calls), method)
		if !call.As.IsZero() {
			head += " as account " + call.As.String()
		}
		fields, err := wallet.Decoded(call.Message)
		if err != nil {
			return nil, nil, err
		}
		methods, lines = append(methods, method), append(lines, head)
		for _, f := range fields {
			lines = append(lines, "  "+f)
		}
	}
	return lines, methods, nil
}

// viewOf is what a file says; with a session, what is proven of it too.
func viewOf(ctx context.Context, s *wallet.Session, file string, d *sdk.Draft, words []string) (*txJSON, error) {
	v := &txJSON{
		File: file, Transaction: d.Ticket().Body.String(), Chain: d.Chain(), Sender: d.Sender().String(), Expires: d.Expires().Format(time.RFC3339),
		BuilderWords: append([]string{}, words...), Signatures: []string{}, State: "unknown",
	}
	var err error
	if v.Decoded, v.Methods, err = decodedOf(d); err != nil {
		return nil, err
	}
	for _, pub := range d.Signers() {
		v.Signatures = append(v.Signatures, pub.String())
	}
	if s == nil {
		return v, nil
	}
	return v, v.prove(ctx, s, d)
}

// prove adds what the chain says.
func (v *txJSON) prove(ctx context.Context, s *wallet.Session, d *sdk.Draft) error {
	all, needless, at, err := s.Client.Signings(ctx, d)
	if err != nil {
		return err
	}
	where := verified(s, at)
	v.Verified, v.needless = &where, needless
	for _, pub := range needless {
		v.Needless = append(v.Needless, pub.String())
	}
	lacks := 0
	for _, one := range all {
		who, err := s.Party(ctx, one.Account[:])
		if err != nil {
			return err
		}
		lacks += one.Lacks()
		v.Accounts = append(v.Accounts, txAccountJSON{
			partyJSON: partyOf(who), Threshold: one.Threshold, Lacks: one.Lacks(), Hidden: one.Hidden,
			Signed: signersOf(one.Signed), Missing: signersOf(one.Missing), full: accountWords(s.Lang, who),
		})
	}
	switch {
	case at.Time.After(d.Expires()):
		v.State = "expired"
	case lacks == 0:
		v.State = "complete"
	default:
		v.State = "open"
	}
	return nil
}

func accountWords(l lang.Lang, who wallet.Party) string {
	if who.You {
		return l.F("Your account %s", who.Account.Short())
	}
	return who.Full()
}

func signersOf(all []*membersv1.Key) []signerJSON {
	out := []signerJSON{}
	for _, k := range all {
		out = append(out, signerJSON{Key: k.Public().String(), Holder: k.Holder})
	}
	return out
}

// showDraft shows a file, and what became of the transaction where it ran.
func (p *program) showDraft(ctx context.Context, s *wallet.Session, why, file string, d *sdk.Draft, words []string) error {
	v, err := viewOf(ctx, s, file, d, words)
	if err != nil {
		return err
	}
	outcome := ""
	if s != nil {
		if outcome, err = v.settle(ctx, s, d); err != nil {
			return err
		}
		if v.State == "open" || v.State == "complete" {
			if v.What, err = s.PreviewDraft(ctx, d); err != nil {
				outcome = s.Lang.F("What it does cannot be said in words now: %s", wallet.Line(s.Lang.Error(err)))
			}
		}
	}
	return p.answer(v, func(w page) {
		v.write(w, s, why, d)
		if outcome != "" {
			fmt.Fprintln(w, outcome)
		}
		v.accounts(w)
		if s != nil {
			w.say("verified at height %d, %s\n", v.Verified.Height, v.Verified.Time)
		}
	})
}

// settle finds out whether it ran already.
func (v *txJSON) settle(ctx context.Context, s *wallet.Session, d *sdk.Draft) (string, error) {
	if d.Sender() != s.Account() {
		return "", nil
	}
	o, err := s.DraftOutcome(ctx, d)
	var refusal *sdk.Refusal
	switch {
	case err == nil:
		v.State = "done"
		return s.Lang.F("It was done in block %d.", o.Height), nil
	case errors.As(err, &refusal):
		v.State = "refused"
		return s.Lang.F("It was refused in block %d: %s", o.Height, wallet.Line(s.Lang.Error(refusal))), nil
	case errors.Is(err, sdk.ErrNeverRan):
		v.State = "never_ran"
		return s.Lang.F("It has expired and never ran: build it anew."), nil
	case errors.Is(err, sdk.ErrUnsettled):
		return "", nil
	}
	return "", err
}

// write shows a transaction from its bytes, the words that are proven, and the builder's, marked.
func (v *txJSON) write(w page, s *wallet.Session, why string, d *sdk.Draft) {
	expires := d.Expires().Format("2006-01-02 15:04 UTC")
	if s != nil {
		expires = s.Clock.Minute(s.Clock.Time(d.Expires()))
	}
	facts(w, "transaction", v.Transaction, "chain", v.Chain, "sender", v.Sender, "can run until", expires)
	w.say("What is signed, decoded from its bytes:\n")
	for _, line := range v.Decoded {
		fmt.Fprintf(w, "  %s\n", wallet.Line(line))
	}
	if s == nil {
		w.say("Without the chain (%s) it cannot be known what parts, vouchers and accounts these are, whose keys must sign, or whether it ran.\n", why)
		for _, line := range v.BuilderWords {
			w.say("Words of who built it, proven by nothing: %s\n", wallet.Line(line))
		}
		for _, one := range v.Signatures {
			w.say("signed   %s\n", one)
		}
	}
	for _, line := range v.What {
		fmt.Fprintf(w, "• %s\n", line)
	}
}

func (p *program) txSign() *cobra.Command {
	var offline bool
	var out, keyFile string
	c := &cobra.Command{
		Use:   "sign FILE",
		Short: "Sign a transaction's file, on a machine that needs no network",
		Long: `sign shows what is signed, decoded from the bytes themselves, asks, and adds this wallet's signature to the file.
It needs no network and no profile, only the key. With a network it shows, proven, what the bytes mean, and
refuses a key that is none of the account's.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				out = args[0]
			}
			d, words, err := wallet.ReadDraftFile(args[0])
			if err != nil {
				return err
			}
			signer, err := p.signer(keyFile)
			if err != nil {
				return err
			}
			why := p.asked(offline)
			if keyFile != "" {
				why = p.lang.F("another key than the wallet's signs")
			}
			return p.perhaps(cmd, d, signer, why, func(ctx context.Context, s *wallet.Session, why string) error {
				return p.signDraft(ctx, s, signing{why: why, file: args[0], out: out, words: words, draft: d, signer: signer})
			})
		},
	}
	c.Flags().BoolVar(&offline, "offline", false, "do not connect")
	c.Flags().StringVar(&out, "out", "", "write the signed copy here; FILE itself without")
	c.Flags().StringVar(&keyFile, "key", "", "sign with this key's file instead of the wallet's, offline")
	return c
}

// signer is the wallet's key, or that of a file.
func (p *program) signer(file string) (key.Signer, error) {
	w, err := p.openLocked()
	switch {
	case err == nil && file == "":
		if err := p.unlock(w); err != nil {
			return nil, err
		}
		return w.Signer(), nil
	case err != nil && !errors.Is(err, wallet.ErrNoWallet):
		return nil, err
	case file == "":
		file = wallet.KeyPathIn(p.home)
	}
	if _, err := os.Stat(file); err != nil {
		return nil, lang.Errorf("%w: there is no key %s; 'tally keys new' makes one", wallet.ErrNoWallet, filepath.Clean(file))
	}
	passphrase, err := p.passphrase(p.lang.F("Passphrase: "))
	if err != nil {
		return nil, err
	}
	signer, err := keys.Load(file, passphrase)
	if err != nil {
		return nil, lang.Errorf("%w: %w", wallet.ErrPassphrase, err)
	}
	return signer, nil
}

// signing is one person's part.
type signing struct {
	why, file, out string
	words          []string
	draft          *sdk.Draft
	signer         key.Signer
}

func (p *program) signDraft(ctx context.Context, s *wallet.Session, g signing) error {
	pub := g.signer.Public()
	v, err := viewOf(ctx, s, g.file, g.draft, g.words)
	if err != nil {
		return err
	}
	if err := v.maySign(ctx, s, g.draft, pub); err != nil {
		return err
	}
	already := g.draft.HasSigned(pub)
	if s != nil && !already {
		if v.What, err = s.PreviewDraft(ctx, g.draft); err != nil {
			return err
		}
	}
	v.write(page{p.err, p.lang}, s, g.why, g.draft)
	if already {
		p.note("The key %s has signed it already; a second signature by it would count for nothing.\n", pub)
	} else if err := p.ask(p.lang.F("Sign? [y/N] "), nil); err != nil {
		return err
	} else if err := g.draft.Sign(g.signer); err != nil {
		return err
	}
	if err := wallet.WriteDraftFile(g.out, g.draft, g.words, g.out == g.file); err != nil {
		return err
	}
	if v, err = viewOf(ctx, s, g.out, g.draft, g.words); err != nil {
		return err
	}
	return p.answer(v, func(w page) {
		w.say("%s has %s.\n", g.out, lang.Count(len(v.Signatures), "%d signature", "%d signatures"))
		v.accounts(w)
	})
}

// maySign refuses to sign what can no longer run and, where the chain can be asked, with a key that is no signing key of an
// account that must sign.
func (v *txJSON) maySign(ctx context.Context, s *wallet.Session, d *sdk.Draft, pub key.Public) error {
	if v.State == "expired" || s == nil && time.Now().After(d.Expires()) {
		return wrong("expires", lang.T("the transaction could run until %s, which has passed", v.Expires), lang.T("Have it built anew."))
	}
	if s == nil {
		return nil
	}
	account, err := s.Client.AccountByKey(ctx, pub)
	if err != nil && !errors.Is(err, sdk.ErrNotFound) {
		return err
	}
	for _, a := range v.Accounts {
		signs := func(one signerJSON) bool { return one.Key == pub.String() }
		if a.Account == account.String() && (a.Hidden || slices.ContainsFunc(slices.Concat(a.Signed, a.Missing), signs)) {
			return nil
		}
	}
	return wrong("key", lang.T("this wallet's key (%s) is no signing key of an account that must sign", pub), lang.T("Sign with a key of the account; it may have been taken out or rotated."))
}
