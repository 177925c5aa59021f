package wallet

import (
	"context"
	"fmt"
	"strings"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// membersWords has the words for members and accounts.
func (s *Session) membersWords(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *membersv1.AdmitSupplier:
		return say(nil, "You admit %s as your supplier and answer for its identity check (document %s). It uses your lane, counts against your quota, and can act once it has joined.",
			legal(m.Legal), Short(m.IdentityCheck))
	case *membersv1.Join:
		pub := key.Public{Kind: key.Kind(m.Kind), Bytes: m.PublicKey}
		return say(nil, "You join: from then on the key %.24s… alone signs for account %s.", pub, s.Account().Short())
	case *membersv1.SuspendSupplier:
		name, err := s.MemberName(ctx, m.Member)
		return say(err, "You suspend %s at once: none of its accounts can act until you reinstate it. What it holds stays where it is.%s", name, because(m.Reason))
	case *membersv1.ReinstateSupplier:
		name, err := s.MemberName(ctx, m.Member)
		return say(err, "You reinstate %s: its accounts can act again.", name)
	case *membersv1.OpenAccount:
		return say(nil, "You open another account of your member, %q: %s.", m.Name, policy(m.Policy))
	case *membersv1.SetPolicy:
		p, err := s.Party(ctx, m.Account)
		return say(err, "You change who signs for %s and what it may do: %s.", p.Full(), policy(m.Policy))
	case *membersv1.SetNodes:
		return say(nil, "You name %s as those of your member; other nodes refuse any other.", plural(len(m.Nodes), "node"))
	case *membersv1.AdmitMember:
		return say(nil, "%s is admitted as %s, with %s.%s", legal(m.Legal), membersv1.RolesString(m.Roles), policy(m.Policy), seat(m.Seat))
	case *membersv1.SetStanding:
		name, err := s.MemberName(ctx, m.Member)
		return say(err, "%s becomes %s, as %s, with a quota of %d suppliers.%s", name, MemberState(m.State), membersv1.RolesString(m.Roles), m.SupplierQuota, seat(m.Seat))
	}
	return nil, nil
}

func seat(has bool) string {
	if has {
		return " It votes."
	}
	return " It does not vote."
}

func legal(l *membersv1.Legal) string {
	if l.GetSmallFirm() {
		return fmt.Sprintf("%s (%s, a small firm)", Line(l.GetName()), l.GetCredential())
	}
	return fmt.Sprintf("%s (%s)", Line(l.GetName()), l.GetCredential())
}

// policy names keys, limits and methods.
func policy(p *membersv1.Policy) string {
	var holders, limits []string
	for _, k := range p.GetKeys() {
		holders = append(holders, fmt.Sprintf("%s (%.24s…)", Line(k.Holder), k.Public()))
	}
	for _, l := range p.GetLimits() {
		limits = append(limits, fmt.Sprintf("%s at once and %s a day", Money(l.PerTransactionMinor, l.Currency), Money(l.PerDayMinor, l.Currency)))
	}
	words := fmt.Sprintf("%d of %s must sign: %s", p.GetThreshold(), plural(len(holders), "key"), strings.Join(holders, ", "))
	if len(limits) > 0 {
		words += "; at most " + strings.Join(limits, ", ")
	}
	if len(p.GetMethods()) > 0 {
		words += "; only " + strings.Join(p.Methods, ", ")
	}
	return words
}

// MemberState says in a word how a member stands.
func MemberState(state membersv1.MemberState) string {
	switch state {
	case membersv1.MemberState_MEMBER_STATE_ACTIVE:
		return "active"
	case membersv1.MemberState_MEMBER_STATE_SUSPENDED:
		return "suspended"
	case membersv1.MemberState_MEMBER_STATE_LEFT:
		return "left"
	}
	return "unknown"
}

// AccountState says in a word how an account stands.
func AccountState(state membersv1.AccountState) string {
	switch state {
	case membersv1.AccountState_ACCOUNT_STATE_INVITED:
		return "invited"
	case membersv1.AccountState_ACCOUNT_STATE_ACTIVE:
		return "active"
	case membersv1.AccountState_ACCOUNT_STATE_CLOSED:
		return "closed"
	}
	return "unknown"
}

// governanceWords has the words for votes and what they decide.
func (s *Session) governanceWords(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *governancev1.Propose:
		return s.proposalWords(ctx, m)
	case *governancev1.Vote:
		return s.voteWords(ctx, m)
	case *governancev1.SetParameter:
		return say(nil, "The parameter %s is %d from %s on, by %s.", Line(m.Name), m.Value, Day(m.FromDay), Line(m.Source))
	case *governancev1.SetValidator:
		name, err := s.MemberName(ctx, m.Member)
		if m.Power == 0 {
			return say(err, "The validator %s of %s is taken away.", Short(m.PublicKey), name)
		}
		return say(err, "The validator %s of %s has the voting power %d.", Short(m.PublicKey), name, m.Power)
	case *governancev1.ShiftClock:
		return say(nil, "You move this development network's clock forward by %s, for everybody. It cannot be moved back.", span(m.ForwardS))
	}
	return nil, nil
}

func (s *Session) proposalWords(ctx context.Context, m *governancev1.Propose) ([]string, error) {
	out := []string{fmt.Sprintf("You put %q to the vote, with your yes. If more than two thirds of the seats agree by %s, this is done:",
		m.Title, s.Clock.Minute(s.Clock.Unix(m.ExpiresUnixS)))}
	decided, err := s.callsWords(ctx, m.Calls)
	return append(out, decided...), err
}

func (s *Session) callsWords(ctx context.Context, calls []*txv1.Call) ([]string, error) {
	var out []string
	for i, call := range calls {
		m, err := decode(call)
		if err != nil {
			return nil, fmt.Errorf("call %d of the proposal: %w", i, err)
		}
		words, err := s.words(ctx, m)
		if err != nil {
			return nil, err
		}
		for _, w := range words {
			out = append(out, fmt.Sprintf("(%d) %s", i+1, w))
		}
	}
	return out, nil
}

// decode reads a call's message, where this version knows it.
func decode(call *txv1.Call) (proto.Message, error) {
	module, name, _ := strings.Cut(call.GetMethod(), ".")
	t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("splittally." + module + ".v1." + name))
	if err != nil {
		return nil, fmt.Errorf("this version does not know %.80q: do not sign what you cannot read", call.GetMethod())
	}
	m := t.New().Interface()
	return m, proto.Unmarshal(call.Message, m)
}

func (s *Session) voteWords(ctx context.Context, m *governancev1.Vote) ([]string, error) {
	proposal, ok := id.Of(m.Proposal)
	if !ok {
		return nil, input("proposal", fmt.Sprintf("an id of %d bytes", len(m.Proposal)), "Name a proposal.")
	}
	p := &governancev1.Proposal{}
	_, found, err := s.Client.Get(ctx, governancev1.ProposalKey(proposal), p)
	if err == nil && !found {
		err = noMatch("there is no proposal %s", proposal.Short())
	}
	if err != nil {
		return nil, err
	}
	decided, err := s.callsWords(ctx, p.Calls)
	answer := "no"
	if m.Yes {
		answer = "yes"
	}
	return append([]string{fmt.Sprintf("You vote %s on %q. It cannot be changed. What it decides:", answer, p.Title)}, decided...), err
}
