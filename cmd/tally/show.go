package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// show shows one thing, whatever it is.
func (p *program) show() *cobra.Command {
	return &cobra.Command{
		Use:   "show PART|VOUCHER|MEMBER|ACCOUNT",
		Short: "Show one part, voucher, member or account",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.showOne(ctx, s, args[0]) })
		},
	}
}

// showOne looks among vouchers and parts first, then among members and accounts, then by the whole id.
func (p *program) showOne(ctx context.Context, s *wallet.Session, text string) error {
	g, err := s.Look(ctx, wallet.Everything)
	if err != nil {
		return err
	}
	if h, err := g.Part(text); err == nil {
		return p.showPart(ctx, s, h, g.At)
	} else if !missed(err) {
		return err
	}
	if pkg, err := g.Package(text); err == nil {
		return p.showPackage(ctx, s, pkg, g.At)
	} else if !missed(err) {
		return err
	}
	whole, notWhole := id.Parse(text)
	if notWhole == nil {
		pkg := &voucherv1.Package{}
		v, found, err := s.Client.Get(ctx, voucherv1.PackageKey(whole), pkg)
		if found && err == nil {
			return p.showPackage(ctx, s, pkg, v)
		}
	}
	m, err := s.FindMember(ctx, text)
	if err == nil {
		return p.showMember(ctx, s, m)
	}
	if !missed(err) {
		return err
	}
	account, err := s.FindAccount(ctx, text)
	if err != nil {
		return err
	}
	return p.showAccount(ctx, s, account)
}

// missed tells whether a search may go on elsewhere: nothing was found, or the text is no id.
func missed(err error) bool {
	var in *wallet.Input
	return errors.Is(err, wallet.ErrNoMatch) || errors.As(err, &in) && strings.HasSuffix(in.Wrong.String(), "is no id")
}

func (p *program) showPart(ctx context.Context, s *wallet.Session, h sdk.Holding, v sdk.Verified) error {
	list, err := rows(ctx, s, []sdk.Holding{h})
	if err != nil {
		return err
	}
	r := list[0]
	if h.Package.Freezes > 0 {
		laid, err := s.Client.Freezes(ctx, id.Must(h.Package.Id))
		if err != nil {
			return err
		}
		now, err := s.Now(ctx)
		if err != nil {
			return err
		}
		r.json.FrozenUntil = frozenUntil(s, h, laid.Records, now)
	}
	return p.answer(map[string]any{"verified": verified(s, v), "kind": "part", "part": r.json}, func(w page) {
		facts(w, "part", r.json.Part, "of voucher", r.json.Voucher, "owed by", r.obligor, "held by", r.holder, "amount", r.amount,
			"due", r.json.Due, "state", w.State(r.json.State), "frozen until", r.json.FrozenUntil, "on offer to", r.to, "open until", r.expires, "offered for", r.json.Offer.trade(w.Lang),
			"units", w.F("%d to %d, of %d", h.Part.Lo, h.Part.Hi, h.Package.AmountMinor),
			"passed on", w.F("%d times, of at most %d; %d more splits", h.Part.Depth, h.Package.DepthMax, h.Part.SplitsLeft))
		stamp(w, s, v)
	})
}

func (p *program) showPackage(ctx context.Context, s *wallet.Session, pkg *voucherv1.Package, v sdk.Verified) error {
	j, who, err := packageOf(ctx, s, pkg)
	if err != nil {
		return err
	}
	return p.answer(map[string]any{"verified": verified(s, v), "kind": "voucher", "voucher": j}, func(w page) {
		facts(w, "voucher", j.Voucher, "owed by", who[0].Full(), "issued to", who[1].Full(), "amount", wallet.Money(j.AmountMinor, j.Currency),
			"outstanding", wallet.Money(j.OutstandingMinor, j.Currency), "issued", j.Issued, "due", j.Due, "state", packageNote(w.Lang, j),
			"contract", j.Contract, "invoices", strings.Join(j.Invoices, ", "), "parts", fmt.Sprint(pkg.Parts),
			"went back", j.wentBack(w.Lang), "freezes", j.freezes(w.Lang))
		stamp(w, s, v)
	})
}

// memberJSON is a member as commands show it.
type memberJSON struct {
	Member     string   `json:"member"`
	Name       string   `json:"name"`
	Credential string   `json:"credential"`
	State      string   `json:"state"`
	Roles      []string `json:"roles"`
	Seat       bool     `json:"seat"`
	SmallFirm  bool     `json:"small_firm"`
	Sponsor    string   `json:"sponsor,omitempty"`
	Account    string   `json:"account"`
}

func memberOf(m *membersv1.Member) memberJSON {
	return memberJSON{
		Member: hex.EncodeToString(m.Id), Name: m.GetLegal().GetName(), Credential: m.GetLegal().GetCredential(), State: wallet.MemberState(m.State),
		Roles: membersv1.RoleNames(m.Roles), Seat: m.Seat, SmallFirm: m.GetLegal().GetSmallFirm(), Sponsor: hex.EncodeToString(m.Sponsor),
		Account: hex.EncodeToString(m.MainAccount),
	}
}

func (p *program) showMember(ctx context.Context, s *wallet.Session, m *membersv1.Member) error {
	now := &membersv1.Member{}
	v, _, err := s.Client.Get(ctx, membersv1.MemberKey(id.Must(m.Id)), now)
	if err != nil {
		return err
	}
	sponsor := s.Lang.F("admitted by vote")
	if len(now.Sponsor) > 0 {
		if sponsor, err = s.MemberName(ctx, now.Sponsor); err != nil {
			return err
		}
	}
	j := memberOf(now)
	return p.answer(map[string]any{"verified": verified(s, v), "kind": "member", "member": j}, func(w page) {
		facts(w, "member", j.Member, "name", j.Name, "number", j.Credential, "state", w.State(j.State), "roles", rolesText(w.Lang, j.Roles),
			"votes", w.Word(yesNo(j.Seat)), "small firm", w.Word(yesNo(j.SmallFirm)), "sponsor", sponsor, "suppliers", suppliers(w.Lang, now), "main account", j.Account)
		stamp(w, s, v)
	})
}

func suppliers(l lang.Lang, m *membersv1.Member) string {
	if m.SupplierQuota == 0 {
		return ""
	}
	return l.F("%d admitted, of at most %d", m.Suppliers, m.SupplierQuota)
}

// rolesText names roles for people.
func rolesText(l lang.Lang, roles []string) string {
	said := make([]string, len(roles))
	for i, one := range roles {
		said[i] = l.Word(one)
	}
	return l.List(said)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (p *program) showAccount(ctx context.Context, s *wallet.Session, account id.ID) error {
	a := &membersv1.Account{}
	v, found, err := s.Client.Get(ctx, membersv1.AccountKey(account), a)
	if err != nil {
		return err
	}
	if !found {
		return lang.Errorf("%w: there is no account %s", sdk.ErrNotFound, account.Short())
	}
	who, err := s.Party(ctx, account[:])
	if err != nil {
		return err
	}
	var keys []string
	for _, k := range a.GetPolicy().GetKeys() {
		keys = append(keys, k.Public().String())
	}
	return p.answer(map[string]any{
		"verified": verified(s, v), "kind": "account", "account": partyOf(who), "account_name": a.Name, "state": wallet.AccountState(a.State),
		"threshold": a.GetPolicy().GetThreshold(), "keys": keys,
	}, func(w page) {
		facts(w, "account", account.String(), "of", who.String(), "name", a.Name, "state", w.State(wallet.AccountState(a.State)),
			"signs", w.F("%d of %d keys", a.GetPolicy().GetThreshold(), len(keys)), "keys", strings.Join(keys, ", "))
		for _, l := range a.GetPolicy().GetLimits() {
			facts(w, "limit", w.F("%s at once, %s a day", wallet.Money(l.PerTransactionMinor, l.Currency), wallet.Money(l.PerDayMinor, l.Currency)))
		}
		stamp(w, s, v)
	})
}

// stepJSON is one entry of a trail.
type stepJSON struct {
	Step        string    `json:"step"`
	From        partyJSON `json:"from"`
	To          partyJSON `json:"to"`
	AmountMinor int64     `json:"amount_minor"`
	Lo          int64     `json:"lo"`
	Hi          int64     `json:"hi"`
	Recourse    bool      `json:"recourse"`
	Time        string    `json:"time"`
	Height      int64     `json:"height"`
	Invoices    []string  `json:"invoices"`
	Contract    string    `json:"contract,omitempty"`
	Transaction string    `json:"transaction"`
}

// trail shows who passed a part on to whom.
func (p *program) trail() *cobra.Command {
	return &cobra.Command{
		Use:   "trail PART",
		Short: "Show who passed a part on to whom for what, from its issue, every step checked",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.showTrail(ctx, s, args[0]) })
		},
	}
}

func (p *program) showTrail(ctx context.Context, s *wallet.Session, short string) error {
	g, err := s.Look(ctx, wallet.Held|wallet.Offered|wallet.Incoming)
	if err != nil {
		return err
	}
	h, err := g.Part(short)
	if err != nil {
		return err
	}
	entries, v, err := s.Client.Trail(ctx, id.Must(h.Part.Package), id.Must(h.Part.Number))
	if err != nil {
		return err
	}
	steps := []stepJSON{}
	var table [][]string
	for _, e := range entries {
		j, row, err := stepOf(ctx, s, e, h.Package.Currency)
		if err != nil {
			return err
		}
		steps, table = append(steps, j), append(table, row)
	}
	part, voucher := hex.EncodeToString(h.Part.Number), hex.EncodeToString(h.Part.Package)
	return p.answer(map[string]any{"verified": verified(s, v), "part": part, "voucher": voucher, "steps": steps}, func(w page) {
		w.say("Part %s of voucher %s:\n", part[:8], voucher[:8])
		grid(w, []int{4}, []string{"time", "step", "from → to", "amount", "for"}, table)
		stamp(w, s, v)
	})
}

func stepOf(ctx context.Context, s *wallet.Session, e *voucherv1.Endorsement, currency string) (stepJSON, []string, error) {
	who, err := s.Parties(ctx, e.From, e.To)
	if err != nil {
		return stepJSON{}, nil, err
	}
	at := s.Clock.Unix(e.TimeUnixS)
	j := stepJSON{
		Step: stepName(e), From: partyOf(who[0]), To: partyOf(who[1]), AmountMinor: e.Hi - e.Lo + 1, Lo: e.Lo, Hi: e.Hi, Recourse: e.Recourse,
		Time: at.Format(time.RFC3339), Height: e.Height, Invoices: []string{}, Contract: hex.EncodeToString(e.Background.GetContract()),
		Transaction: hex.EncodeToString(e.Transaction),
	}
	var reasons []string
	for _, use := range e.Background.GetInvoices() {
		j.Invoices = append(j.Invoices, hex.EncodeToString(use.Fingerprint))
		reasons = append(reasons, s.Lang.F("invoice %s", wallet.Short(use.Fingerprint)))
	}
	if j.Contract != "" {
		reasons = append(reasons, s.Lang.F("contract %s", j.Contract[:8]))
	}
	way := who[0].String() + " → " + who[1].String()
	if string(e.From) == string(e.To) {
		way = ""
	}
	return j, []string{s.Clock.Minute(at), s.Lang.State(j.Step), way, wallet.Money(j.AmountMinor, currency), s.Lang.List(reasons)}, nil
}

func stepName(e *voucherv1.Endorsement) string {
	switch e.Step {
	case voucherv1.Step_STEP_ISSUED:
		return "issued"
	case voucherv1.Step_STEP_SPLIT:
		return "split"
	case voucherv1.Step_STEP_MERGED:
		return "merged"
	case voucherv1.Step_STEP_CUT:
		return "cut by a freeze"
	case voucherv1.Step_STEP_EXTINGUISHED:
		return "extinguished"
	}
	if e.Recourse {
		return "passed on with recourse"
	}
	return "passed on"
}
