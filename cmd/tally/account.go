package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// account shows and changes the accounts of one's own member.
func (p *program) account() *cobra.Command {
	c := &cobra.Command{
		Use:   "account",
		Short: "Show and change your member's accounts: who signs, and how much",
		Long: `A member has accounts; each has keys, of which so many must sign, limits per transaction and day, and the methods that
it may call. The main account opens, changes and closes the others, and changes itself.

A change of keys takes effect with the next block: a key that was taken out signs nothing more, not even what was
drafted before. 'tally help policy' shows how a policy is written in a file.`,
	}
	c.AddCommand(p.accountList(), p.accountShow(), p.accountOpen(), p.accountPolicy(), p.accountLimits(), p.accountRotate(), p.accountEncryption(), p.accountClose())
	return c
}

// accountJSON is an account as commands show it.
type accountJSON struct {
	Account string        `json:"account"`
	Name    string        `json:"name"`
	State   string        `json:"state"`
	Main    bool          `json:"main"`
	Yours   bool          `json:"yours"` // this wallet's
	Policy  policyJSON    `json:"policy"`
	Used    []useJSON     `json:"used_today,omitempty"`
	Waits   *recoveryJSON `json:"recovery,omitempty"`
}

type useJSON struct {
	Currency  string `json:"currency"`
	UsedMinor int64  `json:"used_minor"`
	LeftMinor int64  `json:"left_minor"`
}

func accountOf(s *wallet.Session, own *membersv1.Member, a *membersv1.Account) accountJSON {
	return accountJSON{
		Account: hex.EncodeToString(a.Id), Name: a.Name, State: wallet.AccountState(a.State), Policy: policyOf(a.Policy),
		Main: string(a.Id) == string(own.MainAccount), Yours: string(a.Id) == string(s.Own.Id),
	}
}

// ownAccounts are the accounts of the wallet's member, and the member.
func ownAccounts(ctx context.Context, s *wallet.Session) ([]*membersv1.Account, *membersv1.Member, error) {
	own, err := s.MemberByID(ctx, s.Member())
	if err != nil {
		return nil, nil, err
	}
	var out []*membersv1.Account
	for a, err := range s.Client.Accounts(ctx, s.Member()) {
		if err != nil {
			return nil, nil, err
		}
		out = append(out, a)
	}
	return out, own, nil
}

// ownAccount finds an account of the wallet's member by its name or id; the wallet's own without a text.
func ownAccount(ctx context.Context, s *wallet.Session, text string) (*membersv1.Account, *membersv1.Member, error) {
	all, own, err := ownAccounts(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	if text == "" {
		text = s.Account().String()
	}
	var found []*membersv1.Account
	for _, a := range all {
		if a.Name == text || len(text) >= minShort && strings.HasPrefix(hex.EncodeToString(a.Id), strings.ToLower(text)) {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil, lang.Errorf("%w: no account of your member is called %.80q; 'tally account list' shows them", wallet.ErrNoMatch, text)
	case 1:
		return found[0], own, nil
	}
	return nil, nil, wrong("ACCOUNT", lang.T("%q fits %d of your member's accounts", text, len(found)), lang.T("Give more digits of its id."))
}

// minShort is how many hex digits a short id has at least.
const minShort = 4

func (p *program) accountList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List your member's accounts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.connected(cmd, p.listAccounts) },
	}
}

func (p *program) listAccounts(ctx context.Context, s *wallet.Session) error {
	all, own, err := ownAccounts(ctx, s)
	if err != nil {
		return err
	}
	list := []accountJSON{}
	var table [][]string
	for _, a := range all {
		j := accountOf(s, own, a)
		list = append(list, j)
		note := ""
		if j.Main {
			note = "main"
		}
		if j.Yours {
			note = strings.TrimPrefix(note+", this wallet's", ", ")
		}
		table = append(table, []string{j.Account[:8], j.Name, j.State, signs(a.Policy), limitsText(a.Policy), note})
	}
	return p.answer(map[string]any{"verified": verified(s, s.Clock.At), "accounts": list}, func(w page) {
		grid(w, nil, []string{"account", "name", "state", "signs", "limits", ""}, table)
		w.say("\nEach is proven; that the node lists them all is not.\n")
		stamp(w, s, s.Clock.At)
	})
}

func signs(p *membersv1.Policy) string {
	n := 0
	for _, k := range p.GetKeys() {
		if k.Purpose == membersv1.KeyPurpose_KEY_PURPOSE_SIGN {
			n++
		}
	}
	return fmt.Sprintf("%d of %d", p.GetThreshold(), n)
}

func limitsText(p *membersv1.Policy) string {
	var out []string
	for _, l := range p.GetLimits() {
		out = append(out, fmt.Sprintf("%s, %s a day", wallet.Money(l.PerTransactionMinor, l.Currency), wallet.Money(l.PerDayMinor, l.Currency)))
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, "; ")
}

func (p *program) accountShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [ACCOUNT]", Short: "Show an account of your member: keys, limits and what of them is used, a recovery that waits", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				return p.showOwn(ctx, s, strings.Join(args, ""))
			})
		},
	}
}

func (p *program) showOwn(ctx context.Context, s *wallet.Session, text string) error {
	a, own, err := ownAccount(ctx, s, text)
	if err != nil {
		return err
	}
	v, used, err := usedToday(ctx, s, a)
	if err != nil {
		return err
	}
	j := accountOf(s, own, a)
	j.Used = used
	if j.Waits, err = recoveryOn(ctx, s, a.Id); err != nil {
		return err
	}
	return p.answer(map[string]any{"verified": verified(s, v), "account": j}, func(w page) {
		facts(w, "account", j.Account, "name", j.Name, "state", j.State, "main account", yesNo(j.Main), "signs", signs(a.Policy)+" keys",
			"methods", strings.Join(a.GetPolicy().GetMethods(), ", "))
		for _, k := range j.Policy.Keys {
			facts(w, "key", fmt.Sprintf("%s, %s, to %s, since block %d", k.Key, k.Holder, k.Purpose, k.SinceHeight))
		}
		for i, l := range a.GetPolicy().GetLimits() {
			facts(w, "limit", fmt.Sprintf("%s at once, %s a day; %s are left today", wallet.Money(l.PerTransactionMinor, l.Currency),
				wallet.Money(l.PerDayMinor, l.Currency), wallet.Money(used[i].LeftMinor, l.Currency)))
		}
		warnOf(w, j.Waits)
		stamp(w, s, v)
	})
}

// usedToday is what of each limit is used on the chain's day, in order of the limits.
func usedToday(ctx context.Context, s *wallet.Session, a *membersv1.Account) (sdk.Verified, []useJSON, error) {
	account := id.Must(a.Id)
	keys := [][]byte{membersv1.AccountKey(account)}
	for _, l := range a.GetPolicy().GetLimits() {
		keys = append(keys, membersv1.DayUseKey(account, l.Currency))
	}
	v, raws, err := s.Client.GetAll(ctx, keys...)
	if err != nil {
		return v, nil, err
	}
	today := s.Clock.Day(s.Clock.Time(v.Time))
	var out []useJSON
	for i, l := range a.GetPolicy().GetLimits() {
		u := &membersv1.DayUse{}
		if raw := raws[i+1]; raw != nil {
			if err := kernelv1.Unframe(raw, u); err != nil {
				return v, nil, err
			}
		}
		used := int64(0)
		if u.Day == today {
			used = u.UsedMinor
		}
		out = append(out, useJSON{Currency: l.Currency, UsedMinor: used, LeftMinor: max(0, l.PerDayMinor-used)})
	}
	return v, out, nil
}
