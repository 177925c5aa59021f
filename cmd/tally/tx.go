package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// draftTarget is where a command's transaction is written instead of being signed and sent.
type draftTarget struct {
	file     string
	lifetime time.Duration // 0: the usual one
	built    bool
}

// tx is the commands of transactions that several people sign, each with a machine of their own.
func (p *program) tx() *cobra.Command {
	c := &cobra.Command{
		Use:   "tx",
		Short: "Transactions that several people sign: build, show, sign, combine, send",
		Long: `An account of several keys needs so many of them for each transaction. One person builds it, each signs a copy
of the file on a machine of their own, which needs no network, and one sends it:

  tally tx build pay.tx --lifetime 5d -- send 3fa2 --to Yuhe --amount 400000.00 --contract order.pdf
  tally tx show pay.tx                    # what it does, who has signed, who has not
  tally tx sign pay.tx                    # each on a copy, in any order
  tally tx combine all.tx pay.tx pay2.tx
  tally tx send all.tx`,
	}
	c.AddCommand(p.txBuild(), p.txShow(), p.txSign(), p.txCombine(), p.txSend())
	return c
}

func (p *program) txBuild() *cobra.Command {
	var lifetime, calls string
	c := &cobra.Command{
		Use:   "build FILE [--lifetime TIME] -- COMMAND...",
		Short: "Write the transaction of any command to a file instead of signing it",
		Long: `build runs a command of this tool up to the point where it would ask, and writes the transaction to FILE.
With --call it takes the calls from a JSON file instead, for any method of the chain:

  {"calls": [{"as": ACCOUNT, "method": "members.SetPolicy", "message": {"account": HEX, "policy": {…}}}]}

"as" is left out for this wallet's account. Fields are named as in the chain's .proto files, bytes are in hex.
A transaction can run for 3 days where nothing else is said, at most 7; for an account of one key 5 minutes,
at most 10.`,
		Example: "  tally tx build pay.tx --lifetime 5d -- pay 3fa2c1b0 --bank 'Bank of Linjiang'\n  tally tx build keys.tx --call calls.json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := newTarget(args[0], lifetime)
			if err != nil {
				return err
			}
			command := args[1:]
			switch dash := cmd.ArgsLenAtDash(); {
			case calls != "" && len(command) == 0:
				return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.buildCalls(ctx, s, t, calls) })
			case calls != "" || dash != 1 || len(command) == 0:
				return wrong("COMMAND", lang.T("one command is wanted, after the file and --"), lang.T("Write: tally tx build pay.tx -- send 3fa2 …; or name a file with --call."))
			}
			return p.buildCommand(cmd, t, command)
		},
	}
	c.Flags().StringVar(&lifetime, "lifetime", "", "how long it can run: 7d, 48h, 5m")
	c.Flags().StringVar(&calls, "call", "", "a JSON file of calls, instead of a command")
	return c
}

func newTarget(file, lifetime string) (*draftTarget, error) {
	t := &draftTarget{file: file}
	if lifetime == "" {
		return t, nil
	}
	now := time.Unix(0, 0)
	until, err := moment("lifetime", lifetime, now)
	if err != nil || until <= 0 || until > int64((366*24*time.Hour).Seconds()) {
		return nil, wrong("lifetime", lang.T("%.20q is no length of time", lifetime), lang.T("Write 7d, 48h or 5m."))
	}
	// The longest is what clocks leave of it: 7d means that, and is no fault.
	t.lifetime = time.Duration(until) * time.Second
	if t.lifetime == 7*24*time.Hour || t.lifetime == 10*time.Minute {
		t.lifetime -= time.Minute
	}
	return t, nil
}

// buildCommand runs a command line in a program that builds: whatever would be signed there goes to the file.
func (p *program) buildCommand(cmd *cobra.Command, t *draftTarget, args []string) error {
	var said bytes.Buffer // nothing on standard output where nothing is built
	sub := *p
	sub.target, sub.started, sub.raw, sub.out = t, false, &said, printable(&said)
	root := sub.root()
	if err := buildable(root, args); err != nil {
		return err
	}
	line := []string{"--home", p.home, "--output", p.output, "--timeout", p.timeout.String()}
	if p.passphraseFile != "" {
		line = append(line, "--passphrase-file", p.passphraseFile)
	}
	root.SetArgs(append(line, args...))
	root.SetIn(p.in)
	root.SetOut(sub.out)
	root.SetErr(p.err)
	err := root.ExecuteContext(cmd.Context())
	switch {
	case err != nil && !sub.started:
		return failure{err, exitUsage}
	case err == nil && !t.built:
		return wrong("COMMAND", lang.T("%q makes no transaction", strings.Join(args, " ")), lang.T("Nothing was written."))
	case err != nil:
		return err
	}
	_, err = said.WriteTo(p.raw)
	return err
}

// buildable refuses, before it runs, what only looks or changes this wallet.
func buildable(root *cobra.Command, args []string) error {
	found, _, err := root.Find(args)
	if err != nil {
		return failure{err, exitUsage}
	}
	top := found
	for top.HasParent() && top.Parent() != root {
		top = top.Parent()
	}
	if slices.Contains([]string{groupLook, groupWallet, ""}, top.GroupID) {
		return wrong("COMMAND", lang.T("'tally %s' makes no transaction that others could sign", top.Name()), lang.T("Build one that sends, pays, issues, accepts or admits."))
	}
	return nil
}

// buildCalls builds from a file of calls.
func (p *program) buildCalls(ctx context.Context, s *wallet.Session, t *draftTarget, file string) error {
	calls, err := readCalls(file)
	if err != nil {
		return err
	}
	return p.build(ctx, s, t, nil, calls...)
}

// build writes a transaction to its file. notes are what a command adds to the words.
func (p *program) build(ctx context.Context, s *wallet.Session, t *draftTarget, notes []string, calls ...sdk.Call) error {
	d, err := s.Build(ctx, t.lifetime, calls...)
	if err != nil {
		return err
	}
	words, err := s.PreviewDraft(ctx, d)
	if err != nil {
		return err
	}
	for _, w := range slices.Concat(words, notes) {
		fmt.Fprintf(p.err, "• %s\n", w)
	}
	if err := wallet.WriteDraftFile(t.file, d, words, false); err != nil {
		return err
	}
	t.built = true
	view, err := viewOf(ctx, s, t.file, d, words)
	if err != nil {
		return err
	}
	return p.answer(view, func(w page) {
		w.say("Written to %s: transaction %s, which can run until %s. Nothing is signed yet.\n", t.file, view.Transaction[:8], s.Clock.Minute(s.Clock.Time(d.Expires())))
		view.accounts(w)
		w.say("Each signs a copy with 'tally tx sign %s'.\n", t.file)
	})
}

func asCalls(messages []proto.Message) (out []sdk.Call) {
	for _, m := range messages {
		out = append(out, sdk.Call{Message: m})
	}
	return out
}

// severalKeys refuses to sign alone for an account that wants several signatures.
func severalKeys(s *wallet.Session) error {
	need := s.Own.GetPolicy().GetThreshold()
	if need < 2 {
		return nil
	}
	return wrong("account", lang.T("%d of its %d keys must sign, and this wallet has one", need, len(wallet.Signing(s.Own))),
		lang.T("Put 'tally tx build FILE --' before the command, and have the others sign the file: 'tally help tx'."))
}

// signerJSON is one key of an account.
type signerJSON struct {
	Key    string `json:"key"`
	Holder string `json:"holder,omitempty"`
}

// txAccountJSON is how an account that must sign stands, by proof.
type txAccountJSON struct {
	partyJSON
	Threshold int          `json:"threshold"`
	Lacks     int          `json:"lacks"`
	Signed    []signerJSON `json:"signed"`
	Missing   []signerJSON `json:"missing"`
	Hidden    bool         `json:"hidden,omitempty"`
	full      string
}

// txJSON is a transaction's file as commands show it. What comes from the chain is there only where Verified is.
type txJSON struct {
	File         string          `json:"file"`
	Transaction  string          `json:"transaction"`
	Chain        string          `json:"chain"`
	Sender       string          `json:"sender"`
	Expires      string          `json:"expires"` // RFC 3339, UTC, real time
	Methods      []string        `json:"methods"`
	Decoded      []string        `json:"decoded"`
	BuilderWords []string        `json:"builder_words"` // proven by nothing
	Signatures   []string        `json:"signatures"`
	Verified     *verifiedJSON   `json:"verified,omitempty"`
	What         []string        `json:"what,omitempty"`
	Accounts     []txAccountJSON `json:"accounts,omitempty"`
	Needless     []string        `json:"needless,omitempty"`
	State        string          `json:"state"` // open, complete, expired, done, refused, never_ran; unknown without a chain
	needless     []key.Public
}

// accounts writes who has signed and who has not.
func (v *txJSON) accounts(w page) {
	for _, a := range v.Accounts {
		switch {
		case a.Hidden:
			w.say("%s must sign; this wallet may not read with which keys.\n", a.full)
			continue
		case a.Lacks == 0:
			w.say("%s: all %d of the signatures needed are there.\n", a.full, a.Threshold)
		case a.Lacks == 1:
			w.say("%s: %d of %d must sign; 1 more signature is needed.\n", a.full, a.Threshold, len(a.Signed)+len(a.Missing))
		default:
			w.say("%s: %d of %d must sign; %d more signatures are needed.\n", a.full, a.Threshold, len(a.Signed)+len(a.Missing), a.Lacks)
		}
		for _, one := range a.Signed {
			w.say("  signed   %s\n", one)
		}
		for _, one := range a.Missing {
			w.say("  not yet  %s\n", one)
		}
	}
	for _, one := range v.Needless {
		w.say("Needless: a signature of %s, which is no key of an account that must sign; 'tally tx send' leaves it out.\n", one)
	}
}

// String names a signer.
func (s signerJSON) String() string {
	if s.Holder == "" {
		return s.Key
	}
	return wallet.Line(s.Holder) + " (" + s.Key + ")"
}
