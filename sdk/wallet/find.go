package wallet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
)

// minPrefix is how many hex digits a short id has at least.
const minPrefix = 4

// maxShown bounds how many candidates an ambiguous name lists.
const maxShown = 5

func noMatch(format string, args ...any) error {
	return lang.Errorf("%w: %s", ErrNoMatch, lang.T(format, args...))
}

func isHex(s string) bool { return strings.Trim(strings.ToLower(s), "0123456789abcdef") == "" }

// isShort tells whether a text may be the beginning of an id, or all of it.
func isShort(s string) bool { return isHex(s) && len(s) >= minPrefix && len(s) <= 2*id.Size }

// pick finds the one thing whose id begins with a short id. Things with one id are one.
func pick[T any](what, short string, all []T, idOf func(T) []byte) (T, error) {
	var none T
	short = strings.ToLower(strings.TrimSuffix(short, "…"))
	if !isShort(short) {
		return none, input(what, lang.T("%.80q is no id", short), lang.T("Give its first %d hex digits or more.", minPrefix))
	}
	found := map[string]T{}
	for _, one := range all {
		if text := fmt.Sprintf("%x", idOf(one)); strings.HasPrefix(text, short) {
			found[text] = one
		}
	}
	switch ids := slices.Sorted(maps.Keys(found)); len(ids) {
	case 0:
		return none, noMatch("%s %s is not among what this account sees", lang.T(what), short)
	case 1:
		return found[ids[0]], nil
	default:
		return none, ambiguous(what, short, ids)
	}
}

func ambiguous(what, text string, all []string) error {
	shown := all[:min(len(all), maxShown)]
	return input(what, lang.T("%q fits %d: %s", text, len(all), strings.Join(shown, ", ")), lang.T("Write more of it."))
}

// Sight is the vouchers that an account has something to do with, complete as far as it was looked for.
type Sight struct {
	Held, Offered, Incoming []sdk.Holding
	Pending, Owed           []*voucherv1.Package
	// At is where the last list was proven.
	At sdk.Verified
}

// Kind names lists of a Sight; they add up.
type Kind uint8

// The lists of a Sight.
const (
	Held Kind = 1 << iota
	Offered
	Incoming
	Pending
	Owed
	Everything = Held | Offered | Incoming | Pending | Owed
)

// Look reads lists, each proven complete.
func (s *Session) Look(ctx context.Context, kinds Kind) (*Sight, error) {
	out := &Sight{}
	parts := func(k Kind, read func(context.Context) (sdk.Complete[sdk.Holding], error), into *[]sdk.Holding) error {
		if kinds&k == 0 {
			return nil
		}
		list, err := read(ctx)
		*into, out.At = list.Records, list.Verified
		return err
	}
	packages := func(k Kind, read func(context.Context) (sdk.Complete[*voucherv1.Package], error), into *[]*voucherv1.Package) error {
		if kinds&k == 0 {
			return nil
		}
		list, err := read(ctx)
		*into, out.At = list.Records, list.Verified
		return err
	}
	for _, step := range []func() error{
		func() error { return parts(Held, s.Client.Holdings, &out.Held) },
		func() error { return parts(Offered, s.Client.Offered, &out.Offered) },
		func() error { return parts(Incoming, s.Client.Offers, &out.Incoming) },
		func() error { return packages(Pending, s.Client.Pending, &out.Pending) },
		func() error { return packages(Owed, s.Client.Owed, &out.Owed) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Parts are all parts of the sight.
func (g *Sight) Parts() []sdk.Holding { return slices.Concat(g.Held, g.Offered, g.Incoming) }

// Packages are all packages of the sight, those of its parts too.
func (g *Sight) Packages() []*voucherv1.Package {
	out := slices.Concat(g.Pending, g.Owed)
	for _, h := range g.Parts() {
		out = append(out, h.Package)
	}
	return out
}

// Part finds a part by a short id.
func (g *Sight) Part(short string) (sdk.Holding, error) {
	return pick("part", short, g.Parts(), func(h sdk.Holding) []byte { return h.Part.Number })
}

// Package finds a package by a short id.
func (g *Sight) Package(short string) (*voucherv1.Package, error) {
	return pick("voucher", short, g.Packages(), func(p *voucherv1.Package) []byte { return p.Id })
}

// FindMember finds a member by id, short id, credential, legal name, a beginning of either, or an account's name in the
// address book.
func (s *Session) FindMember(ctx context.Context, text string) (*membersv1.Member, error) {
	if account, ok := s.Wallet.Profile.Names[text]; ok {
		p, err := s.Party(ctx, account[:])
		if err == nil && p.Member == nil {
			err = noMatch("the member of account %s (%s) is not to be read", account.Short(), text)
		}
		return p.Member, err
	}
	if member, err := id.Parse(text); err == nil {
		return s.MemberByID(ctx, member)
	}
	m, err := s.findMember(ctx, text)
	if !errors.Is(err, ErrNoMatch) || !s.names.old() {
		return m, err
	}
	if err := s.names.walk(ctx, true); err != nil { // it may have been admitted since
		return nil, err
	}
	return s.findMember(ctx, text)
}

// findMember finds a member among those that were read.
func (s *Session) findMember(ctx context.Context, text string) (*membersv1.Member, error) {
	all, err := s.Members(ctx)
	if err != nil {
		return nil, err
	}
	list := slices.Collect(maps.Values(all))
	if m, err := byName(text, list); err != nil || m != nil {
		return m, err
	}
	if !isShort(text) {
		return nil, noMatch("no member is called %.80q; 'tally members' lists them", text)
	}
	return pick("member", text, list, func(m *membersv1.Member) []byte { return m.Id })
}

// byName finds the one member whose name or credential is, or else begins with, a text; nil where none does.
func byName(text string, all []*membersv1.Member) (*membersv1.Member, error) {
	folded := strings.ToLower(text)
	var exact, begins []*membersv1.Member
	for _, m := range all {
		name, number := strings.ToLower(m.GetLegal().GetName()), strings.ToLower(m.GetLegal().GetCredential())
		switch {
		case name == folded || number == folded:
			exact = append(exact, m)
		case len(text) > 1 && strings.HasPrefix(name, folded):
			begins = append(begins, m)
		}
	}
	if len(exact) == 0 {
		exact = begins
	}
	switch len(exact) {
	case 0:
		return nil, nil
	case 1:
		return exact[0], nil
	}
	var shown []string
	for _, m := range exact {
		shown = append(shown, m.Legal.Name+" ("+m.Legal.Credential+")")
	}
	slices.Sort(shown)
	return nil, ambiguous("name", text, shown)
}

// FindAccount finds an account by id, by a name of the address book, by its member's name, or by a short id among main
// accounts, one's own accounts and the address book.
func (s *Session) FindAccount(ctx context.Context, text string) (id.ID, error) {
	if account, err := id.Parse(text); err == nil {
		return account, nil
	}
	if account, ok := s.Wallet.Profile.Names[text]; ok {
		return account, nil
	}
	m, err := s.FindMember(ctx, text)
	if err == nil {
		return id.Must(m.MainAccount), nil
	}
	if !isShort(text) {
		return id.ID{}, err
	}
	if err := s.names.byOwn(ctx, nil); err != nil {
		return id.ID{}, err
	}
	accounts := slices.Collect(maps.Keys(s.names.known))
	accounts = slices.AppendSeq(accounts, maps.Values(s.Wallet.Profile.Names))
	return pick("account", text, accounts, func(a id.ID) []byte { return a[:] })
}
