package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// gov is what members with a seat decide.
func (p *program) gov() *cobra.Command {
	c := &cobra.Command{
		Use:   "gov",
		Short: "What the members decide: proposals, votes, parameters, validators, upgrades",
		Long: `Members with a seat propose and vote. A proposal is one or several calls, which run together when more than two thirds of
the seats agree before it expires; where one of them fails, none takes effect. Each member has one vote, which does not change.`,
	}
	c.AddCommand(p.govList(), p.govShow(), p.govPropose(), p.govVote(), p.govParameters(), p.govValidators(), p.govUpgrade())
	return c
}

// proposalJSON is a proposal as lists show it.
type proposalJSON struct {
	Proposal string `json:"proposal"`
	Title    string `json:"title"`
	Proposer string `json:"proposer"`
	State    string `json:"state"` // open, expired, executed, failed, rejected
	Expires  string `json:"expires"`
	Yes      int    `json:"yes"`
	No       int    `json:"no"`
	Seats    int    `json:"seats"`
	Needed   int    `json:"needed"` // yes votes in all
	Code     uint32 `json:"code,omitempty"`
	Voted    bool   `json:"voted"` // this wallet's member has
	expires  time.Time
}

// Words of a proposal's state.
const (
	stateOpen     = "open"
	stateExpired  = "expired"
	stateExecuted = "executed"
	stateFailed   = "failed"
	stateRejected = "rejected"
)

// Words of a vote, as they are typed and as programs read them.
const (
	voteYes = "yes"
	voteNo  = "no"
)

func voteOf(yes bool) string {
	if yes {
		return voteYes
	}
	return voteNo
}

// needed is how many yes votes are more than two thirds of the seats.
func needed(seats int) int { return seats*2/3 + 1 }

// seated are the members that vote, by id.
func seated(ctx context.Context, s *wallet.Session) (map[string]string, error) {
	all, err := s.Members(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for member, m := range all {
		if m.Seat && m.State == membersv1.MemberState_MEMBER_STATE_ACTIVE {
			out[member.String()] = fmt.Sprintf("%s (%s)", m.GetLegal().GetName(), m.GetLegal().GetCredential())
		}
	}
	return out, nil
}

func proposalOf(s *wallet.Session, r *governancev1.Proposal, seats map[string]string, now time.Time) proposalJSON {
	out := proposalJSON{
		Proposal: hex.EncodeToString(r.Id), Title: r.Title, Proposer: hex.EncodeToString(r.Proposer), Code: r.FailedCode,
		State: proposalState(r, now), Seats: len(seats), Needed: needed(len(seats)), expires: s.Clock.Unix(r.ExpiresUnixS),
	}
	out.Expires = out.expires.Format(time.RFC3339)
	for _, b := range r.Ballots {
		member := hex.EncodeToString(b.Member)
		out.Voted = out.Voted || member == s.Member().String()
		if _, counts := seats[member]; !counts && out.State == stateOpen {
			continue // who has lost its seat is not counted
		}
		if b.Yes {
			out.Yes++
		} else {
			out.No++
		}
	}
	return out
}

func proposalState(r *governancev1.Proposal, now time.Time) string {
	if r.Expired(now.Unix()) {
		return stateExpired
	}
	return map[governancev1.ProposalState]string{
		governancev1.ProposalState_PROPOSAL_STATE_OPEN: stateOpen, governancev1.ProposalState_PROPOSAL_STATE_EXECUTED: stateExecuted,
		governancev1.ProposalState_PROPOSAL_STATE_FAILED: stateFailed, governancev1.ProposalState_PROPOSAL_STATE_REJECTED: stateRejected,
	}[r.State]
}

func (p *program) govList() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "list", Short: "List the proposals that are open", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.listProposals(ctx, s, all) })
		},
	}
	c.Flags().BoolVar(&all, "all", false, "those that are decided or have expired too")
	return c
}

func (p *program) listProposals(ctx context.Context, s *wallet.Session, all bool) error {
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	seats, err := seated(ctx, s)
	if err != nil {
		return err
	}
	list := []proposalJSON{}
	for r, err := range s.Client.Proposals(ctx) {
		if err != nil {
			return err
		}
		if j := proposalOf(s, r, seats, now); all || j.State == stateOpen {
			list = append(list, j)
		}
	}
	slices.SortFunc(list, func(a, b proposalJSON) int {
		return cmp.Or(a.expires.Compare(b.expires), strings.Compare(a.Proposal, b.Proposal))
	})
	var table [][]string
	for _, j := range list {
		name, err := s.MemberName(ctx, unhex(j.Proposer))
		if err != nil {
			return err
		}
		table = append(table, []string{j.Proposal[:8], j.Title, name, votesText(j), j.State, s.Clock.Minute(j.expires), yesNo(j.Voted)})
	}
	return p.answer(map[string]any{"verified": verified(s, s.Clock.At), "proposals": list}, func(w page) {
		if len(list) == 0 {
			w.say("No proposal is open.\n")
		} else {
			grid(w, nil, []string{"proposal", "title", "by", "votes", "state", "until", "you voted"}, table)
			w.say("\n'tally gov show PROPOSAL' says what it does. Each is proven; that the node lists them all is not.\n")
		}
		stamp(w, s, s.Clock.At)
	})
}

func unhex(text string) []byte {
	b, _ := hex.DecodeString(text) // it was made by EncodeToString
	return b
}

func votesText(j proposalJSON) string {
	return fmt.Sprintf("%d yes, %d no; %d of %d needed", j.Yes, j.No, j.Needed, j.Seats)
}

// findProposal finds a proposal by its id or the beginning of it.
func findProposal(ctx context.Context, s *wallet.Session, text string) (*governancev1.Proposal, error) {
	if whole, err := id.Parse(text); err == nil {
		return s.Proposal(ctx, whole.Bytes())
	}
	var found []*governancev1.Proposal
	for r, err := range s.Client.Proposals(ctx) {
		if err != nil {
			return nil, err
		}
		if len(text) >= minShort && strings.HasPrefix(hex.EncodeToString(r.Id), strings.ToLower(text)) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return nil, lang.Errorf("%w: no proposal is called %.80q; 'tally gov list' shows them", wallet.ErrNoMatch, text)
	case 1:
		return found[0], nil
	}
	return nil, wrong("PROPOSAL", lang.T("%q fits %d proposals", text, len(found)), lang.T("Give more digits of its id."))
}

func (p *program) govVote() *cobra.Command {
	return &cobra.Command{
		Use: "vote PROPOSAL yes|no", Short: "Vote on a proposal, after reading what it does", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] != voteYes && args[1] != voteNo {
				return wrong("yes|no", lang.T("%.20q is no vote", args[1]), lang.T("Write yes or no behind the proposal."))
			}
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				r, err := findProposal(ctx, s, args[0])
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{
					messages: []proto.Message{&governancev1.Vote{Proposal: r.Id, Yes: args[1] == voteYes}},
					created:  func(sdk.Outcome) map[string]any { return map[string]any{"proposal": hex.EncodeToString(r.Id)} },
					next:     func(sdk.Outcome) string { return became(ctx, s, r.Id) },
				})
			})
		},
	}
}

// became says how a proposal stands after a vote.
func became(ctx context.Context, s *wallet.Session, proposal []byte) string {
	look := fmt.Sprintf("'tally gov show %s' shows how it stands.", wallet.Short(proposal))
	r, err := s.Proposal(ctx, proposal)
	if err != nil {
		return look
	}
	switch r.State {
	case governancev1.ProposalState_PROPOSAL_STATE_EXECUTED:
		return "It is agreed, and has taken effect."
	case governancev1.ProposalState_PROPOSAL_STATE_FAILED:
		return fmt.Sprintf("It is agreed, and nothing of it took effect: a call was refused with %s.", codeName(r.FailedCode))
	case governancev1.ProposalState_PROPOSAL_STATE_REJECTED:
		return "It is rejected: it cannot reach two thirds any more."
	}
	return look
}
