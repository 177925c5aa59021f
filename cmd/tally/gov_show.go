package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk/wallet"
)

// ballotJSON is one member's vote, or that it has none yet.
type ballotJSON struct {
	Member string `json:"member"`
	Name   string `json:"name"`
	Vote   string `json:"vote"` // yes, no; empty for none yet
	Seat   bool   `json:"seat"` // it has its seat still
}

func (p *program) govShow() *cobra.Command {
	return &cobra.Command{
		Use: "show PROPOSAL", Short: "Show what a proposal does, in plain words, and who voted how", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.showProposal(ctx, s, args[0]) })
		},
	}
}

func (p *program) showProposal(ctx context.Context, s *wallet.Session, text string) error {
	found, err := findProposal(ctx, s, text)
	if err != nil {
		return err
	}
	r := &governancev1.Proposal{}
	v, _, err := s.Client.Get(ctx, governancev1.ProposalKey(id.Must(found.Id)), r)
	if err != nil {
		return err
	}
	seats, err := seated(ctx, s)
	if err != nil {
		return err
	}
	words, err := s.Decides(ctx, r.Calls)
	if err != nil {
		return err
	}
	calls, err := callsOf(r)
	if err != nil {
		return err
	}
	ballots, err := ballotsOf(ctx, s, r, seats)
	if err != nil {
		return err
	}
	by, err := s.MemberFull(ctx, r.Proposer)
	if err != nil {
		return err
	}
	j := proposalOf(s, r, seats, s.Clock.Time(v.Time))
	return p.answer(map[string]any{"verified": verified(s, v), "proposal": j, "what": words, "calls": calls, "ballots": ballots}, func(w page) {
		facts(w, "proposal", j.Proposal, "title", j.Title, "by", by, "state", stateText(j), "until", s.Clock.Minute(j.expires), "votes", votesText(j))
		w.say("\nWhat it does, all of it or nothing:\n")
		for _, one := range words {
			w.say("  %s\n", wallet.Line(one))
		}
		w.say("\n")
		grid(w, nil, []string{"member", "vote"}, rowsOf(ballots))
		stamp(w, s, v)
	})
}

func stateText(j proposalJSON) string {
	if j.State == stateFailed {
		return fmt.Sprintf("failed: it was agreed, and a call was refused with %s", codeName(j.Code))
	}
	return j.State
}

// ballotsOf are the votes in the order in which they were cast, then who has not voted.
func ballotsOf(ctx context.Context, s *wallet.Session, r *governancev1.Proposal, seats map[string]string) ([]ballotJSON, error) {
	out := []ballotJSON{}
	for _, b := range r.Ballots {
		name, err := s.MemberFull(ctx, b.Member)
		if err != nil {
			return nil, err
		}
		one := ballotJSON{Member: hex.EncodeToString(b.Member), Name: name, Vote: voteOf(b.Yes)}
		_, one.Seat = seats[one.Member]
		out = append(out, one)
	}
	for _, member := range slices.Sorted(maps.Keys(seats)) {
		if !slices.ContainsFunc(out, func(b ballotJSON) bool { return b.Member == member }) {
			out = append(out, ballotJSON{Member: member, Name: seats[member], Seat: true})
		}
	}
	return out, nil
}

func rowsOf(ballots []ballotJSON) (out [][]string) {
	for _, b := range ballots {
		vote := b.Vote
		switch {
		case vote == "":
			vote = "not yet"
		case !b.Seat:
			vote += ", and has no seat any more"
		}
		out = append(out, []string{b.Name, vote})
	}
	return out
}
