package wallet

import (
	"context"
	"fmt"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"google.golang.org/protobuf/proto"
)

// governanceWords has the words for votes and what they decide.
func (s *Session) governanceWords(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *governancev1.Propose:
		return s.proposalWords(ctx, m)
	case *governancev1.Vote:
		return s.voteWords(ctx, m)
	case *governancev1.ShiftClock:
		return s.say(nil, "You move this development network's clock forward by %s, for everybody. It cannot be moved back.", span(s.Lang, m.ForwardS))
	case *governancev1.SetParameter:
		return s.say(nil, "The parameter %s is %d from %s on, by %s.", Line(m.Name), m.Value, Day(m.FromDay), Line(m.Source))
	case *governancev1.SetValidator:
		return s.validatorWords(ctx, m)
	case *governancev1.ScheduleUpgrade:
		return s.say(nil, "Every node changes to protocol %d at block %d; one whose program does not know it stops there.%s", m.Protocol, m.Height, note(s.Lang, m.Info))
	case *governancev1.CancelUpgrade:
		return s.say(nil, "The upgrade that is planned is taken back.")
	}
	return s.membersVoted(ctx, m)
}

func note(l lang.Lang, info string) string {
	if info == "" {
		return ""
	}
	return l.F(" Note: %q.", info)
}

func (s *Session) validatorWords(ctx context.Context, m *governancev1.SetValidator) ([]string, error) {
	name, err := s.MemberFull(ctx, m.Member)
	switch {
	case m.Power > 0:
		return s.say(err, "The validator %x of %s has the voting power %d.", m.PublicKey, name, m.Power)
	case m.AllowBelowFour:
		return s.say(err, "The validator %x of %s is taken away, even where fewer than four remain: then no failure of one is borne.", m.PublicKey, name)
	}
	return s.say(err, "The validator %x of %s is taken away.", m.PublicKey, name)
}

// membersVoted has the words for what only a vote does to members.
func (s *Session) membersVoted(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *membersv1.AdmitMember:
		return s.say(nil, "%s is admitted as %s, with a quota of %s and %s.%s Of its main account %s.%s", legal(s.Lang, m.Legal), roles(s.Lang, m.Roles),
			s.Lang.N(int(m.SupplierQuota), "%d supplier", "%d suppliers"), nodes(s.Lang, m.Nodes), seat(s.Lang, m.Seat), policy(s.Lang, m.Policy), sealedTo(s.Lang, m.EncryptionKey))
	case *membersv1.SetStanding:
		name, err := s.MemberFull(ctx, m.Member)
		if m.State == membersv1.MemberState_MEMBER_STATE_LEFT {
			return s.say(err, "%s leaves: its accounts cannot act any more, and seat, quota and nodes are taken from it. What it holds stays where it is.%s", name, because(s.Lang, m.Reason))
		}
		return s.say(err, "%s becomes %s, as %s, with a quota of %s.%s%s", name, s.Lang.State(MemberState(m.State)), roles(s.Lang, m.Roles), s.Lang.N(int(m.SupplierQuota), "%d supplier", "%d suppliers"), seat(s.Lang, m.Seat), because(s.Lang, m.Reason))
	case *membersv1.SetSponsor:
		return s.sponsorWords(ctx, m)
	case *membersv1.Recover:
		p, err := s.Party(ctx, m.Account)
		if err != nil {
			return nil, err
		}
		wait, err := s.wait(ctx, membersv1.ParamRecoveryWait, membersv1.RecoveryWaitS)
		return s.say(err, "The keys of %s are lost, and it gets others: %s. This happens %s after the vote; until then the account itself, or its member's main account, can veto it.%s",
			named(p), policy(s.Lang, m.Policy), wait, because(s.Lang, m.Reason))
	case *membersv1.CancelRecovery:
		p, err := s.Party(ctx, m.Account)
		return s.say(err, "The recovery of %s that waits is taken back.", named(p))
	}
	return nil, nil
}

func (s *Session) sponsorWords(ctx context.Context, m *membersv1.SetSponsor) ([]string, error) {
	name, err := s.MemberFull(ctx, m.Member)
	if err != nil {
		return nil, err
	}
	if len(m.Sponsor) == 0 {
		return s.say(nil, "%s has no sponsor any more: it stands on its own lane.", name)
	}
	sponsor, err := s.MemberFull(ctx, m.Sponsor)
	return s.say(err, "%s is sponsored by %s: it uses that member's lane, and can be suspended by it.", name, sponsor)
}

// named is Party.Full where the reader's own account is one among others, and where nothing but the whole id tells one that is
// nobody's by what can be read.
func named(p Party) string {
	switch {
	case p.You:
		return p.lang.F("your own account %s", p.Account.Short())
	case p.Member == nil:
		return p.lang.F("account %s", p.Account)
	}
	return p.Full()
}

func roles(l lang.Lang, set uint32) string {
	names := membersv1.RoleNames(set)
	for i := range names {
		names[i] = l.Word(names[i])
	}
	return l.List(names)
}

func nodes(l lang.Lang, all [][]byte) string {
	if len(all) == 0 {
		return l.F("no node")
	}
	return l.F("%s (%s)", l.N(len(all), "%d node", "%d nodes"), peers(all))
}

func seat(l lang.Lang, has bool) string {
	if has {
		return l.F(" It votes.")
	}
	return l.F(" It does not vote.")
}

func (s *Session) proposalWords(ctx context.Context, m *governancev1.Propose) ([]string, error) {
	out := []string{s.Lang.F("You put %q to the vote, with your yes. If more than two thirds of the seats agree by %s, this is done:",
		m.Title, s.Clock.Minute(s.Clock.Unix(m.ExpiresUnixS)))}
	decided, err := s.Decides(ctx, m.Calls)
	return append(out, decided...), err
}

func (s *Session) voteWords(ctx context.Context, m *governancev1.Vote) ([]string, error) {
	p, err := s.Proposal(ctx, m.Proposal)
	if err != nil {
		return nil, err
	}
	by, err := s.MemberFull(ctx, p.Proposer)
	if err != nil {
		return nil, err
	}
	decided, err := s.Decides(ctx, p.Calls)
	answer := s.Lang.F("no")
	if m.Yes {
		answer = s.Lang.F("yes")
	}
	return append([]string{s.Lang.F("You vote %s on %q (proposal %s, by %s). It cannot be changed. What it decides:", answer, p.Title, Short(p.Id), by)}, decided...), err
}

// Proposal reads a proposal by proof.
func (s *Session) Proposal(ctx context.Context, b []byte) (*governancev1.Proposal, error) {
	proposal, ok := id.Of(b)
	if !ok {
		return nil, input("proposal", lang.T("an id of %d bytes", len(b)), lang.T("Name a proposal."))
	}
	p := &governancev1.Proposal{}
	_, found, err := s.Client.Get(ctx, governancev1.ProposalKey(proposal), p)
	if err == nil && !found {
		err = noMatch("there is no proposal %s", proposal.Short())
	}
	return p, err
}

// Decides says in plain words what the calls of a proposal do: nobody does it but the vote.
func (s *Session) Decides(ctx context.Context, calls []*txv1.Call) ([]string, error) {
	var out []string
	for i, call := range calls {
		m, err := sdk.DecodeCall(call)
		if err != nil {
			return nil, lang.Errorf("call %d of the proposal: %w", i, err)
		}
		words, err := s.voted(ctx, m)
		if err != nil {
			return nil, err
		}
		for _, w := range words {
			out = append(out, fmt.Sprintf("(%d) %s", i+1, w))
		}
	}
	return out, nil
}

// voted has the words for calls of other modules that a vote makes as well as an account: where an account makes them they
// begin with You.
func (s *Session) voted(ctx context.Context, m proto.Message) ([]string, error) {
	if m, ok := m.(*voucherv1.SetLine); ok {
		to, err := s.Party(ctx, m.Obligor)
		return s.say(err, "The line of %s is set to %s by vote: it may have vouchers of that much outstanding, for which no guarantor stands.", named(to), Money(m.LimitMinor, m.Currency))
	}
	return s.words(ctx, m)
}
