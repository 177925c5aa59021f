package wallet

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/lang"
)

// maxMembers bounds a walk over all members.
const maxMembers = 100_000

// Party is an account with what is proven of whose it is.
type Party struct {
	Account id.ID
	// Member is whose account it is; nil where that is not to be read: the chain tells of main accounts alone, and of one's
	// own.
	Member *membersv1.Member
	// Own is the account's name within one's own member, else empty.
	Own string
	// Nickname is the owner's own name for it, from the address book.
	Nickname string
	You      bool
	lang     lang.Lang
}

// String names the party as sentences do.
func (p Party) String() string {
	switch {
	case p.You:
		return p.lang.F("you")
	case p.Own != "":
		return p.lang.F("your account %s", Line(p.Own))
	case p.Member != nil:
		return Line(p.Member.GetLegal().GetName())
	case p.Nickname != "":
		return p.lang.F("%s (account %s)", p.Nickname, p.Account.Short())
	}
	return p.lang.F("account %s", p.Account.Short())
}

// Full names the party so that it cannot be taken for another: for what is about to be signed.
func (p Party) Full() string {
	if p.You || p.Member == nil {
		return p.String()
	}
	return p.lang.F("%s (%s, account %s)", p.String(), Line(p.Member.GetLegal().GetCredential()), p.Account.Short())
}

// names knows whose accounts are. Hints, from earlier runs, say which member to read; they are believed only where the
// member's proven record names the account.
type names struct {
	s       *Session
	known   map[id.ID]Party
	members map[id.ID]*membersv1.Member
	hints   map[id.ID]id.ID
	learnt  bool // hints that the file has not
	// walked is when all members were read; zero before. unknown are accounts that were nobody's then.
	walked  time.Time
	unknown map[id.ID]bool
}

// walkAgain is how old a walk over all members must be for something that it did not find to be looked for again: who was
// admitted since is found, and a name that nobody has does not cost a walk each time.
const walkAgain = 10 * time.Second

func newNames(s *Session) *names {
	n := &names{s: s, known: map[id.ID]Party{}, members: map[id.ID]*membersv1.Member{}, hints: map[id.ID]id.ID{}, unknown: map[id.ID]bool{}}
	if readJSON(n.file(), &n.hints) != nil {
		n.hints = map[id.ID]id.ID{} // hints can be missing
	}
	return n
}

func (n *names) file() string { return filepath.Join(n.s.Wallet.Home, fileHints) }

func (n *names) save() error {
	if !n.learnt {
		return nil
	}
	n.learnt = false
	return writeJSON(n.file(), n.hints)
}

// add keeps a proven member.
func (n *names) add(m *membersv1.Member) {
	member, ok1 := id.Of(m.Id)
	account, ok2 := id.Of(m.MainAccount)
	if !ok1 || !ok2 {
		return
	}
	n.members[member] = m
	n.set(Party{Account: account, Member: m})
	if n.hints[account] != member && len(n.hints) < maxMembers {
		n.hints[account], n.learnt = member, true
	}
}

func (n *names) set(p Party) {
	p.You = p.Account == n.s.Account()
	for name, account := range n.s.Wallet.Profile.Names {
		if account == p.Account && (p.Nickname == "" || name < p.Nickname) {
			p.Nickname = name
		}
	}
	n.known[p.Account] = p
	delete(n.unknown, p.Account)
}

// Parties finds out whose accounts are, by proof; what cannot be known is named by the account.
func (s *Session) Parties(ctx context.Context, accounts ...[]byte) ([]Party, error) {
	if err := s.names.learn(ctx, accounts); err != nil {
		return nil, err
	}
	out := make([]Party, len(accounts))
	for i, b := range accounts {
		account, _ := id.Of(b)
		out[i] = s.names.known[account]
		out[i].lang = s.Lang
	}
	return out, nil
}

// Party is Parties of one.
func (s *Session) Party(ctx context.Context, account []byte) (Party, error) {
	out, err := s.Parties(ctx, account)
	if err != nil {
		return Party{}, err
	}
	return out[0], nil
}

// learn asks in order of cost: hints, all members, the accounts of one's own member.
func (n *names) learn(ctx context.Context, accounts [][]byte) error {
	for _, step := range []func(context.Context, []id.ID) error{n.byHints, n.byMembers, n.byOwn} {
		missing := n.missing(accounts)
		if len(missing) == 0 {
			return nil
		}
		if err := step(ctx, missing); err != nil {
			return err
		}
	}
	for _, account := range n.missing(accounts) {
		n.set(Party{Account: account})
		n.unknown[account] = true
	}
	return nil
}

func (n *names) missing(accounts [][]byte) (out []id.ID) {
	for _, b := range accounts {
		account, ok := id.Of(b)
		if _, known := n.known[account]; ok && (!known || n.unknown[account] && n.old()) {
			out = append(out, account)
		}
	}
	return out
}

func (n *names) byHints(ctx context.Context, missing []id.ID) error {
	var members []id.ID
	for _, account := range missing {
		if member, ok := n.hints[account]; ok {
			members = append(members, member)
		}
	}
	return n.read(ctx, members)
}

// read proves members by their ids and keeps those that are there.
func (n *names) read(ctx context.Context, members []id.ID) error {
	if len(members) == 0 {
		return nil
	}
	var keys [][]byte
	for _, m := range members {
		keys = append(keys, membersv1.MemberKey(m))
	}
	_, raws, err := n.s.Client.GetAll(ctx, keys...)
	if err != nil {
		return err
	}
	for _, raw := range raws {
		m := &membersv1.Member{}
		if raw == nil {
			continue
		}
		if err := kernelv1.Unframe(raw, m); err != nil {
			return err
		}
		n.add(m)
	}
	return nil
}

func (n *names) byMembers(ctx context.Context, _ []id.ID) error { return n.walk(ctx, n.old()) }

// old tells whether what the last walk did not find may be there by now.
func (n *names) old() bool { return time.Since(n.walked) > walkAgain }

// walk reads all members, once, or anew.
func (n *names) walk(ctx context.Context, anew bool) error {
	if !n.walked.IsZero() && !anew {
		return nil
	}
	count := 0
	for m, err := range n.s.Client.Members(ctx) {
		if err != nil {
			return err
		}
		if count++; count > maxMembers {
			return errors.New("the network has more members than this version reads")
		}
		n.add(m)
	}
	n.walked = time.Now()
	return nil
}

func (n *names) byOwn(ctx context.Context, _ []id.ID) error {
	own, err := n.s.MemberByID(ctx, n.s.Member())
	if err != nil {
		return err
	}
	for a, err := range n.s.Client.Accounts(ctx, n.s.Member()) {
		if err != nil {
			return err
		}
		account, _ := id.Of(a.Id)
		n.set(Party{Account: account, Member: own, Own: a.Name})
	}
	return nil
}

// MemberByID reads a member, by proof.
func (s *Session) MemberByID(ctx context.Context, member id.ID) (*membersv1.Member, error) {
	if m, ok := s.names.members[member]; ok {
		return m, nil
	}
	if err := s.names.read(ctx, []id.ID{member}); err != nil {
		return nil, err
	}
	m, ok := s.names.members[member]
	if !ok {
		return nil, noMatch("there is no member %s", member.Short())
	}
	return m, nil
}

// MemberName is a member's legal name; its short id where there is no such member.
func (s *Session) MemberName(ctx context.Context, b []byte) (string, error) {
	member, ok := id.Of(b)
	if !ok {
		return s.Lang.F("nobody"), nil
	}
	m, err := s.MemberByID(ctx, member)
	if errors.Is(err, ErrNoMatch) {
		return s.Lang.F("member %s", member.Short()), nil
	}
	return Line(m.GetLegal().GetName()), err
}

// Members are all members that the node lists, each proven, by id.
func (s *Session) Members(ctx context.Context) (map[id.ID]*membersv1.Member, error) {
	return s.names.members, s.names.walk(ctx, false)
}
