package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// The exit codes. They are a contract with scripts and do not change their meaning.
const (
	exitDone = iota
	exitRefused
	exitUsage
	exitProof
	exitUnreachable
	exitUnknown
	exitNotFound
	exitWallet
	exitNotConfirmed
	exitTrustExpired
	exitNeverRan
	exitDocument
	exitOther = 70
)

// exitCodes is what 'tally help exit-codes' shows.
const exitCodes = `Exit codes:

   0  done
   1  the chain refused: the rule and what to do are in the message
   2  the command line, or a file that was given, is wrong
   3  a proof failed: the node lies, leaves something out, or answers from the past; use another node
   4  no node, or no witness, can be reached
   5  it is not known yet whether the transaction ran: 'tally status' finds out; do not send it again
   6  nothing that this account sees has this name or id
   7  the wallet: none in the folder, the passphrase or PIN does not fit, its token is not there, or a file is
      damaged
   8  not confirmed: you said no, or nobody was there to ask (--yes signs without asking)
   9  more than 14 days without contact: a checkpoint is needed ('tally checkpoint --help')
  10  the transaction expired without having run: nothing has happened, and it may be sent anew
  11  the document is not the one that the voucher rests on: do not accept; keep both as evidence
  70  anything else`

// failure is an error with the exit code that it means.
type failure struct {
	error
	code int
}

func (f failure) Unwrap() error { return f.error }

// errNotConfirmed ends a command that was not to sign.
var errNotConfirmed = errors.New("not confirmed: nothing was signed or sent")

// meanings maps errors to exit codes; the first that fits counts.
var meanings = []struct {
	code int
	is   []error
}{
	{exitUnknown, []error{sdk.ErrUnsettled, wallet.ErrOnItsWay}},
	{exitNeverRan, []error{sdk.ErrNeverRan}},
	{exitDocument, []error{wallet.ErrDocument}},
	{exitUsage, []error{voucherv1.ErrField, depositv1.ErrField, membersv1.ErrField, membersv1.ErrCredential, membersv1.ErrRoles, membersv1.ErrPolicy, governancev1.ErrField, fs.ErrExist}},
	{exitProof, []error{sdk.ErrPin, sdk.ErrProof, sdk.ErrFork, sdk.ErrHeader, sdk.ErrPowerChange, sdk.ErrStale, sdk.ErrIncomplete, sdk.ErrAnswer}},
	{exitTrustExpired, []error{sdk.ErrTrustExpired}},
	{exitNotFound, []error{wallet.ErrNoMatch, sdk.ErrNotFound, sdk.ErrNotVisible}},
	{exitWallet, []error{wallet.ErrNoWallet, wallet.ErrLocked, wallet.ErrPassphrase, wallet.ErrToken, wallet.ErrDamaged, wallet.ErrExists}},
	{exitNotConfirmed, []error{errNotConfirmed}},
	{exitUnreachable, []error{sdk.ErrNoWitness, context.DeadlineExceeded, context.Canceled}},
}

func exitCode(err error) int {
	var f failure
	var refusal *sdk.Refusal
	var in *wallet.Input
	var doc *invoice.Refusal
	switch {
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &refusal):
		return exitRefused
	case errors.As(err, &in), errors.As(err, &doc):
		return exitUsage
	}
	for _, m := range meanings {
		for _, one := range m.is {
			if errors.Is(err, one) {
				return m.code
			}
		}
	}
	if errs.CodeOf(err) != nil {
		return exitRefused
	}
	return exitOfCall(err)
}

// exitOfCall is for answers of a node that the SDK gives as they are.
func exitOfCall(err error) int {
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeResourceExhausted, connect.CodeCanceled:
		return exitUnreachable
	case connect.CodeUnauthenticated, connect.CodePermissionDenied:
		return exitWallet
	}
	return exitOther
}

// report tells a person what went wrong and what to do, and returns the exit code.
func (p *program) report(err error) int {
	code := exitCode(err)
	var refusal *sdk.Refusal
	if errors.As(err, &refusal) {
		fmt.Fprint(p.err, refusalText(p.lang, refusal))
		return code
	}
	if errors.Is(err, sdk.ErrNotVisible) {
		err = sdk.ErrNotVisible // the rest is the key of a record
	}
	fmt.Fprintf(p.err, "tally: %s\n", strings.TrimSpace(p.told(err)))
	if hint := hints[code]; hint != "" {
		p.note(hint + "\n")
	}
	return code
}

// hints say what to do next, by exit code.
var hints = map[int]string{
	exitUsage:        "'tally help COMMAND' shows how it is written.",
	exitProof:        "What this node says is not proven, and nothing of it was shown. Use another node, and tell the network's operator.",
	exitUnreachable:  "Check the connection and the addresses in the wallet's profile.json, then try again.",
	exitUnknown:      "Do not send it again: 'tally status' finds out what became of it.",
	exitTrustExpired: "Ask two members for a checkpoint: 'tally checkpoint --help'.",
	exitNotConfirmed: "Where nobody can be asked, --yes signs without asking.",
}

// refusalText says the rule and the cure in this program's own words, for the code is proven; the figures of the case
// are the node's words, and are marked as such.
func refusalText(l lang.Lang, r *sdk.Refusal) string {
	if r.Code == nil {
		return l.F("Refused: code %d, which this version does not know.\n  The node says: %s\n  What to do: use a newer version.\n", r.Number, wallet.Line(r.Told))
	}
	s := l.F("Refused: %s.\n", l.Word(r.Code.Rule))
	if told := figures(r); told != "" {
		s += l.F("  The node adds: %s.\n", wallet.Line(told))
	}
	s += l.F("  What to do: %s\n", l.Word(r.Code.Do))
	if r.Proven {
		return s + l.F("  Code: %s (%d), proven. Nothing else happened.\n", r.Code.Name, r.Code.Number)
	}
	return s + l.F("  Code: %s (%d), by the node's own check; 'tally status' proves later that it never ran.\n", r.Code.Name, r.Code.Number)
}

// figures are what the node's words have beyond the code's own: the field and the case.
func figures(r *sdk.Refusal) string {
	rest, ok := strings.CutPrefix(r.Told, r.Code.Name)
	if !ok {
		return r.Told
	}
	rest = strings.TrimSuffix(strings.TrimSuffix(rest, r.Code.Do), ". ")
	field, detail, _ := strings.Cut(rest, ": "+r.Code.Rule)
	return strings.Trim(strings.Trim(field, " ()")+": "+strings.TrimPrefix(detail, ": "), ": ")
}

func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodes},
		{Use: "json", Short: "What --output json gives", Long: jsonHelp},
		{Use: "policy", Short: "How a policy file is written", Long: policyHelp},
		{Use: "calls", Short: "How a file with calls for a proposal is written", Long: callsHelp},
		{Use: "files", Short: "What is in the wallet's folder", Long: filesHelp},
	}
}

const filesHelp = `The wallet's folder (--home, TALLY_HOME, else ~/.tally) has:

  key.json          the key, encrypted with your passphrase (Web3 Secret Storage, version 3); not there where
                    the key is in a token
  profile.json      chain, nodes with their pins, the header that the wallet began from, your account, your names,
                    and the consortium's key of invoice fingerprints, which is for members alone
  chain/            the newest trusted header, and who may confirm a checkpoint
  tickets/          transactions whose outcome is not known yet
  runs/             which rows each issue run was begun with, so that an altered table is noticed
  names-seen.json   whose accounts were seen; a hint that is proven again whenever it is used
  checkpoint.json   after 'tally checkpoint use'

Keep the 24 words on paper and key.json with its passphrase apart. Everything else can be made again.`
