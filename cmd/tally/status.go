package main

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// status shows where the wallet stands, and finds out what became of transactions whose answer was lost.
func (p *program) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the wallet's account and chain, and settle transactions whose answer was lost",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, p.showStatus)
		},
	}
}

type settledJSON struct {
	Transaction string   `json:"transaction"`
	What        []string `json:"what"`
	Outcome     string   `json:"outcome"` // done, refused, never_ran, unknown
	Height      int64    `json:"height,omitempty"`
	Code        uint32   `json:"code,omitempty"`
	Text        string   `json:"text"`
}

func (p *program) showStatus(ctx context.Context, s *wallet.Session) error {
	settled, err := s.Settle(ctx)
	if err != nil {
		return err
	}
	own, err := s.MemberByID(ctx, s.Member())
	if err != nil {
		return err
	}
	totals, v, err := s.Client.Totals(ctx)
	if err != nil {
		return err
	}
	waits, err := recoveryOn(ctx, s, s.Own.Id)
	if err != nil {
		return err
	}
	list := []settledJSON{}
	for _, one := range settled {
		list = append(list, settledOf(s, one))
	}
	profile := s.Wallet.Profile
	return p.answer(map[string]any{
		"verified": verified(s, v), "chain": profile.Chain, "development": s.Clock.Development, "home": s.Wallet.Home,
		"account": s.Account().String(), "account_name": s.Own.Name, "account_state": wallet.AccountState(s.Own.State),
		"member": memberOf(own), "endpoints": profile.Endpoints, "sent": totals.SentCount, "settled": list, "recovery": waits,
	}, func(w page) {
		facts(w, "member", w.F("%s (%s), %s", own.GetLegal().GetName(), own.GetLegal().GetCredential(), w.State(wallet.MemberState(own.State))),
			"roles", rolesText(w.Lang, membersv1.RoleNames(own.Roles)), "account", w.F("%s (%s, %s)", s.Account(), s.Own.Name, w.State(wallet.AccountState(s.Own.State))),
			"chain", profile.Chain+development(s.Clock), "node", nodeText(w.Lang, profile.Endpoints[0]), "witness", witness(w.Lang, profile),
			"wallet", s.Wallet.Home, "sent", w.N(int(totals.SentCount), "%d transaction so far", "%d transactions so far"))
		warnOf(w, waits)
		have(w, totals)
		for _, one := range list {
			w.say("Transaction %s (%s): %s\n", one.Transaction[:8], strings.Join(one.What, " "), one.Text)
		}
		stamp(w, s, v)
	})
}

func development(k wallet.Clock) string {
	switch {
	case !k.Development:
		return ""
	case k.ShiftS == 0:
		return k.Lang.F(" (for development: nothing on it is real)")
	}
	return k.Lang.F(" (for development: nothing on it is real; %s)", k.Shift())
}

func nodeText(l lang.Lang, e wallet.Endpoint) string {
	if e.Member == "" {
		return e.URL
	}
	return l.F("%s of %s", e.URL, e.Member)
}

func witness(l lang.Lang, p wallet.Profile) string {
	if len(p.Endpoints) < 2 {
		return l.F("none: this node is believed to show the one chain that there is")
	}
	var out []string
	for _, e := range p.Endpoints[1:] {
		out = append(out, nodeText(l, e))
	}
	return l.List(out)
}

// classes are the totals that status shows: amount and count, and the command with more.
var classes = []struct {
	class uint32
	sum   string
}{
	{voucherv1.ClassHeld, "%s in %d held ('tally holdings')"},
	{voucherv1.ClassOffered, "%s in %d on offer by you ('tally offers')"},
	{voucherv1.ClassIncoming, "%s in %d on offer to you ('tally offers')"},
	{voucherv1.ClassPending, "%s in %d waiting for your acceptance ('tally pending')"},
	{voucherv1.ClassOwed, "%s in %d owed by you ('tally owed')"},
}

func have(w page, t *kernelv1.Totals) {
	for _, c := range classes {
		for _, l := range t.Lines {
			if l.Class == c.class {
				w.say(c.sum+"\n", wallet.Money(l.AmountMinor, l.Currency), l.Count)
			}
		}
	}
}

func settledOf(s *wallet.Session, one wallet.Settled) settledJSON {
	out := settledJSON{Transaction: one.Ticket.Body.String(), What: one.What, Height: one.Outcome.Height, Code: one.Outcome.Code}
	var refusal *sdk.Refusal
	switch {
	case one.Err == nil:
		out.Outcome, out.Text = "done", s.Lang.F("done, in block %d.", one.Outcome.Height)
	case errors.As(one.Err, &refusal):
		out.Outcome, out.Text = "refused", s.Lang.F("refused in block %d: %s", one.Outcome.Height, s.Lang.Error(refusal))
	case errors.Is(one.Err, sdk.ErrNeverRan):
		out.Outcome, out.Text = "never_ran", s.Lang.F("it expired and never ran: it may be sent anew.")
	default:
		out.Outcome = "unknown"
		out.Text = s.Lang.F("not known yet; it can run until %s. Ask again then.", s.Clock.Minute(s.Clock.Time(time.Unix(one.Ticket.ExpiresUnixS, 0))))
	}
	return out
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of the program and of Go",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return p.answer(map[string]string{"version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH}, func(w page) {
				w.say("tally %s, %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			})
		},
	}
}
