package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// recoveryJSON is a recovery as commands show it.
type recoveryJSON struct {
	Account string     `json:"account"`
	State   string     `json:"state"` // pending, failed
	Due     string     `json:"due"`
	Reason  string     `json:"reason"`
	Policy  policyJSON `json:"policy"`
	Code    uint32     `json:"code,omitempty"`
	warning string
}

func recoveryJSONOf(s *wallet.Session, r *membersv1.Recovery) recoveryJSON {
	due := s.Clock.Unix(r.DueUnixS)
	out := recoveryJSON{
		Account: hex.EncodeToString(r.Account), State: "pending", Due: due.Format(time.RFC3339), Reason: r.Reason, Policy: policyOf(r.Policy), Code: r.FailedCode,
	}
	if r.State == membersv1.RecoveryState_RECOVERY_STATE_FAILED {
		out.State = "failed"
		out.warning = fmt.Sprintf("A recovery of account %s was due on %s and failed: %s.", out.Account[:8], s.Clock.Minute(due), codeName(r.FailedCode))
		return out
	}
	out.warning = fmt.Sprintf("A recovery of account %s waits: other keys take its place on %s (reason: %q). If its keys are not lost, stop it: tally recovery veto %s",
		out.Account[:8], s.Clock.Minute(due), r.Reason, out.Account[:8])
	return out
}

// codeName is a refusal's name with its number.
func codeName(number uint32) string {
	if code := errs.ByNumber(number); code != nil {
		return fmt.Sprintf("%s (%d)", code.Name, number)
	}
	return fmt.Sprintf("code %d", number)
}

// recoveryOn is what waits for an account, or failed last, by proof; nil for nothing.
func recoveryOn(ctx context.Context, s *wallet.Session, account []byte) (*recoveryJSON, error) {
	r := &membersv1.Recovery{}
	_, found, err := s.Client.Get(ctx, membersv1.RecoveryKey(id.Must(account)), r)
	if err != nil || !found {
		return nil, err
	}
	j := recoveryJSONOf(s, r)
	return &j, nil
}

func warnOf(w page, r *recoveryJSON) {
	if r != nil {
		w.say("%s\n", wallet.Line(r.warning))
	}
}

// recovery shows and stops recoveries of one's own member's accounts.
func (p *program) recovery() *cobra.Command {
	c := &cobra.Command{
		Use:   "recovery",
		Short: "Show recoveries of your member's accounts, and veto one",
		Long: `Where an account's keys are lost, the network's members can vote it others ('tally gov propose recover'). They come after a
wait, 72 hours where nothing else was voted. Until then who can still sign for the account, or for its member's main account,
can veto it. Without a subcommand, recovery shows what waits.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.connected(cmd, p.listRecoveries) },
	}
	c.AddCommand(&cobra.Command{
		Use: "veto [ACCOUNT]", Short: "Stop a recovery: the keys that are there stay", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				text := ""
				if len(args) > 0 {
					text = args[0]
				}
				a, _, err := ownAccount(ctx, s, text)
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{messages: []proto.Message{&membersv1.VetoRecovery{Account: a.Id}}})
			})
		},
	})
	return c
}

func (p *program) listRecoveries(ctx context.Context, s *wallet.Session) error {
	list := []recoveryJSON{}
	for r, err := range s.Client.Recoveries(ctx, s.Member()) {
		if err != nil {
			return err
		}
		list = append(list, recoveryJSONOf(s, r))
	}
	return p.answer(map[string]any{"verified": verified(s, s.Clock.At), "recoveries": list}, func(w page) {
		if len(list) == 0 {
			w.say("No recovery of your member's accounts waits.\n")
		}
		for i := range list {
			warnOf(w, &list[i])
		}
		stamp(w, s, s.Clock.At)
	})
}
