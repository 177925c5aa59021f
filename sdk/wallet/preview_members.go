package wallet

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/lang"
	"google.golang.org/protobuf/proto"
)

// membersWords has the words for members and accounts.
func (s *Session) membersWords(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *membersv1.AdmitSupplier:
		return s.say(nil, "You admit %s as your supplier and answer for its identity check (document %s). It uses your lane, counts against your quota, and can act once who has the invitation's key %s has joined.",
			legal(s.Lang, m.Legal), Short(m.IdentityCheck), publicKey(m.InvitationKind, m.InvitationKey))
	case *membersv1.Join:
		return s.say(nil, "You join: from then on the key %s alone signs for account %s.%s", publicKey(m.Kind, m.PublicKey), s.Account().Short(), sealedTo(s.Lang, m.EncryptionKey))
	case *membersv1.SuspendSupplier:
		name, err := s.MemberFull(ctx, m.Member)
		return s.say(err, "You suspend %s at once: none of its accounts can act until you reinstate it. What it holds stays where it is.%s", name, because(s.Lang, m.Reason))
	case *membersv1.ReinstateSupplier:
		name, err := s.MemberFull(ctx, m.Member)
		return s.say(err, "You reinstate %s: its accounts can act again.", name)
	case *membersv1.OpenAccount:
		return s.say(nil, "You open another account of your member, %q: %s.", m.Name, policy(s.Lang, m.Policy))
	case *membersv1.SetPolicy:
		p, err := s.Party(ctx, m.Account)
		return s.say(err, "You change who signs for %s and what it may do: %s. Keys that are not named here stop at once, new ones sign from the next block on.", p.Full(), policy(s.Lang, m.Policy))
	case *membersv1.CloseAccount:
		p, err := s.Party(ctx, m.Account)
		return s.say(err, "You close %s for good. It must hold nothing and owe nothing; its keys are free for other accounts.", p.Full())
	case *membersv1.SetNodes:
		return s.nodesWords(m)
	case *membersv1.SetEncryptionKey:
		if len(m.EncryptionKey) == 0 {
			return s.say(nil, "You take your member's encryption key away: no documents can be encrypted for it.")
		}
		return s.say(nil, "You have documents for your member encrypted to the key x25519:%x from then on. What was encrypted before needs the key that it was encrypted to.", m.EncryptionKey)
	}
	if words, err := s.settlementWords(ctx, m); words != nil || err != nil {
		return words, err
	}
	return s.recoveryWords(ctx, m)
}

func (s *Session) nodesWords(m *membersv1.SetNodes) ([]string, error) {
	if len(m.Nodes) == 0 {
		return s.say(nil, "You name no node as your member's: other nodes refuse all of them from then on.")
	}
	return s.say(nil, "You name %s as those of your member: %s. Other nodes refuse any other.", s.Lang.N(len(m.Nodes), "%d node", "%d nodes"), peers(m.Nodes))
}

func peers(nodes [][]byte) string {
	var out []string
	for _, n := range nodes {
		out = append(out, fmt.Sprintf("%x", n))
	}
	return strings.Join(out, ", ")
}

// recoveryWords has the words for lost keys. Who began a recovery is the vote: see governanceWords.
func (s *Session) recoveryWords(ctx context.Context, m proto.Message) ([]string, error) {
	veto, ok := m.(*membersv1.VetoRecovery)
	if !ok {
		return nil, nil
	}
	r, err := s.recoveryOf(ctx, veto.Account)
	if err != nil {
		return nil, err
	}
	p, err := s.Party(ctx, veto.Account)
	return s.say(err, "You veto the recovery of %s: the keys that it has stay, and these do not come: %s. It was voted with the reason %q.", named(p), policy(s.Lang, r.Policy), r.Reason)
}

// recoveryOf reads a recovery that waits, by proof.
func (s *Session) recoveryOf(ctx context.Context, b []byte) (*membersv1.Recovery, error) {
	account, ok := id.Of(b)
	if !ok {
		return nil, input("account", lang.T("an id of %d bytes", len(b)), lang.T("Name an account."))
	}
	r := &membersv1.Recovery{}
	_, found, err := s.Client.Get(ctx, membersv1.RecoveryKey(account), r)
	if err == nil && (!found || r.State != membersv1.RecoveryState_RECOVERY_STATE_PENDING) {
		err = noMatch("no recovery of account %s waits", account.Short())
	}
	return r, err
}

// settlementWords has the words for where a member is paid.
func (s *Session) settlementWords(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *membersv1.SetSettlementAccount:
		wait, err := s.wait(ctx, membersv1.ParamSettlementWait, membersv1.SettlementWaitS)
		if m.Account == nil {
			return s.say(err, "You ask that your member has no settlement account in %s any more. It takes effect %s after its second key: this account's second signature, or else another account of your member that confirms. Your main account can cancel it until then.", m.Currency, wait)
		}
		return s.say(err, "You ask that your member is paid in %s at %s. It takes effect %s after its second key: this account's second signature, or else another account of your member that confirms. Your main account can cancel it until then.", m.Currency, BankAccount(s.Lang, m.Account), wait)
	case *membersv1.ConfirmSettlementAccount:
		wait, err := s.wait(ctx, membersv1.ParamSettlementWait, membersv1.SettlementWaitS)
		if m.Account == nil {
			return s.say(err, "You confirm, as the second key, that your member has no settlement account in %s any more. It holds %s from now.", m.Currency, wait)
		}
		return s.say(err, "You confirm, as the second key, that your member is paid in %s at %s. It holds %s from now.", m.Currency, BankAccount(s.Lang, m.Account), wait)
	case *membersv1.CancelSettlementAccount:
		return s.say(nil, "You cancel the change of your member's settlement account in %s that is under way: what holds goes on.", m.Currency)
	}
	return nil, nil
}

// BankAccount names an account at a bank in full.
func BankAccount(l lang.Lang, a *membersv1.BankAccount) string {
	number := a.GetIban()
	if number == "" {
		number = a.GetNumber()
	}
	return l.F("%s (%s), account %s in the name of %s", Line(a.GetBank()), a.GetBic(), number, Line(a.GetHolder()))
}

// wait is a parameter of seconds as it holds today, in words.
func (s *Session) wait(ctx context.Context, parameter string, initialS int64) (string, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return "", err
	}
	r := &kernelv1.Parameter{}
	if _, _, err := s.Client.Get(ctx, kernelv1.ParameterKey(parameter), r); err != nil {
		return "", err
	}
	for _, v := range r.Values {
		if v.FromDay <= s.Clock.Day(now) {
			initialS = v.Value
		}
	}
	if initialS%secondsPerHour == 0 {
		return s.Lang.N(int(initialS/secondsPerHour), "%d hour", "%d hours"), nil
	}
	return span(s.Lang, initialS), nil
}

const secondsPerHour = 3_600

// MemberFull names a member so that it cannot be taken for another: legal names are not unique, their numbers are.
func (s *Session) MemberFull(ctx context.Context, b []byte) (string, error) {
	member, ok := id.Of(b)
	if !ok {
		return s.Lang.F("nobody"), nil
	}
	m, err := s.MemberByID(ctx, member)
	if errors.Is(err, ErrNoMatch) {
		return s.Lang.F("member %s", member.Short()), nil
	}
	return s.Lang.F("%s (%s)", Line(m.GetLegal().GetName()), Line(m.GetLegal().GetCredential())), err
}

func legal(l lang.Lang, of *membersv1.Legal) string {
	if of.GetSmallFirm() {
		return l.F("%s (%s, a small firm)", Line(of.GetName()), of.GetCredential())
	}
	return l.F("%s (%s)", Line(of.GetName()), of.GetCredential())
}

func publicKey(kind uint32, b []byte) string {
	return key.Public{Kind: key.Kind(kind), Bytes: b}.String()
}

func sealedTo(l lang.Lang, encryptionKey []byte) string {
	if len(encryptionKey) == 0 {
		return ""
	}
	return l.F(" Documents for it are encrypted to the key x25519:%x.", encryptionKey)
}

// policy names keys with what they are for, limits and methods: all that is signed.
func policy(l lang.Lang, p *membersv1.Policy) string {
	var signers, others, limits []string
	for _, k := range p.GetKeys() {
		switch k.GetPurpose() {
		case membersv1.KeyPurpose_KEY_PURPOSE_SIGN:
			signers = append(signers, held(l, k, k.Public().String()))
		case membersv1.KeyPurpose_KEY_PURPOSE_VIEW:
			others = append(others, l.F("%s may look and signs nothing", held(l, k, k.Public().String())))
		default:
			others = append(others, l.F("documents are encrypted to %s", held(l, k, fmt.Sprintf("x25519:%x", k.GetPublicKey()))))
		}
	}
	for _, one := range p.GetLimits() {
		limits = append(limits, l.F("%s at once and %s a day", Money(one.PerTransactionMinor, one.Currency), Money(one.PerDayMinor, one.Currency)))
	}
	words := []string{ofKeys(l, int(p.GetThreshold()), signers)}
	words = append(words, others...)
	if len(limits) > 0 {
		words = append(words, l.F("at most %s", l.List(limits)))
	} else {
		words = append(words, l.F("with no limit of amounts"))
	}
	if len(p.GetMethods()) > 0 {
		words = append(words, l.F("only %s", Line(l.List(p.Methods))))
	}
	return strings.Join(words, l.Word("; "))
}

// ofKeys says who signs.
func ofKeys(l lang.Lang, threshold int, signers []string) string {
	if len(signers) == 1 {
		return l.F("one key must sign: %s", signers[0])
	}
	return l.F("%d of %d keys must sign: %s", threshold, len(signers), l.List(signers))
}

func held(l lang.Lang, k *membersv1.Key, text string) string {
	if k.GetHolder() == "" {
		return text
	}
	return l.F("%s (%s)", Line(k.Holder), text)
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
