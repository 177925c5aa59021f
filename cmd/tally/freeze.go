package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// freezeFlags are what 'tally freeze' takes.
type freezeFlags struct{ units, reason, lawsuit, until string }

// freeze lays a freeze, for authorities.
func (p *program) freeze() *cobra.Command {
	var f freezeFlags
	c := &cobra.Command{
		Use:   "freeze VOUCHER --reason TEXT --until TIME",
		Short: "As an authority: freeze a voucher, or a range of its units",
		Long: `freeze has units of a voucher stand still, whoever holds them: they are not passed on, split or merged, no offer
of them is accepted, and money paid for them waits until no freeze stands. An authority freezes for at most 72 hours, counted
from its first freeze of the same units; for longer, propose it to the members. Whoever has the voucher's id reads the
reason; what is not for everybody belongs into the case, of which only the hash is given.`,
		Example: "  tally freeze 3fa2c1b0... --units 1-30000000 --reason 'order 12 of 2026' --case order.pdf --until 48h",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.lay(ctx, s, args[0], f) })
		},
	}
	c.Flags().StringVar(&f.units, "units", "", "the first and the last unit, in minor units from 1, as 1-30000000; all without")
	c.Flags().StringVar(&f.reason, "reason", "", "why, at most 500 bytes; whoever has the voucher's id reads it")
	c.Flags().StringVar(&f.lawsuit, "case", "", "the case or order: its file, or its SHA-256")
	c.Flags().StringVar(&f.until, "until", "", "when it ends: 48h, 2026-05-31 or 2026-05-31T10:00")
	required(c, "reason", "until")
	return c
}

func (p *program) lay(ctx context.Context, s *wallet.Session, voucher string, f freezeFlags) error {
	pkg, err := anyPackage(ctx, s, voucher)
	if err != nil {
		return err
	}
	m := &voucherv1.Freeze{Package: pkg.Id, Reason: f.reason}
	if m.Extent, err = extent(f.units, pkg.AmountMinor); err != nil {
		return err
	}
	if f.lawsuit != "" {
		lawsuit, err := document("case", f.lawsuit)
		if err != nil {
			return err
		}
		m.Case = lawsuit.Bytes()
	}
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	if m.UntilUnixS, err = moment("until", f.until, now); err != nil {
		return err
	}
	return p.act(ctx, s, deed{
		messages: []proto.Message{m},
		created: func(o sdk.Outcome) map[string]any {
			return map[string]any{"freeze": o.Created(0, 0).String(), "voucher": hex.EncodeToString(pkg.Id)}
		},
		next: func(o sdk.Outcome) string {
			return s.Lang.F("Freeze: %s\nEnd it before its time with 'tally release'.", o.Created(0, 0).Short())
		},
	})
}

// extent reads units as a person types them: 1-30000000; all where nothing is typed.
func extent(typed string, units int64) ([]byte, error) {
	if typed == "" {
		return voucherv1.RangeExtent(1, units), nil
	}
	var lo, hi int64
	if _, err := fmt.Sscanf(typed, "%d-%d", &lo, &hi); err != nil || fmt.Sprintf("%d-%d", lo, hi) != typed || lo < 1 || hi < lo || hi > units {
		return nil, wrong("units", lang.T("%.60q is no range of units 1 to %d", typed, units), lang.T("Write the first and the last, as 1-30000000."))
	}
	return voucherv1.RangeExtent(lo, hi), nil
}

// anyPackage finds a voucher that the account has to do with, or any by its whole id.
func anyPackage(ctx context.Context, s *wallet.Session, text string) (*voucherv1.Package, error) {
	if whole, err := id.Parse(text); err == nil {
		pkg := &voucherv1.Package{}
		_, found, err := s.Client.Get(ctx, voucherv1.PackageKey(whole), pkg)
		if err == nil && !found {
			err = lang.Errorf("%w: there is no voucher %s", wallet.ErrNoMatch, whole.Short())
		}
		return pkg, err
	}
	g, err := s.Look(ctx, wallet.Everything)
	if err != nil {
		return nil, err
	}
	return g.Package(text)
}

// release ends a freeze that the account laid.
func (p *program) release() *cobra.Command {
	return &cobra.Command{
		Use:   "release FREEZE",
		Short: "As the authority that laid it: end a freeze before its time",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				f, err := s.FindFreeze(ctx, args[0])
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{messages: []proto.Message{&voucherv1.Release{Package: f.Package, Freeze: f.Id}}})
			})
		},
	}
}

// freezeJSON is a freeze as commands show it.
type freezeJSON struct {
	Freeze  string    `json:"freeze"`
	Voucher string    `json:"voucher"`
	Lo      int64     `json:"lo"`
	Hi      int64     `json:"hi"`
	By      partyJSON `json:"by"`
	Reason  string    `json:"reason"`
	Case    string    `json:"case,omitempty"`
	From    string    `json:"from"`
	Until   string    `json:"until"`
	Stands  bool      `json:"stands"`
}

// byVote names who laid a freeze that was voted.
const byVote = "the members, by vote"

func freezeRows(ctx context.Context, s *wallet.Session, all []*voucherv1.StandingFreeze) ([]freezeJSON, [][]string, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, nil, err
	}
	out, table := []freezeJSON{}, [][]string(nil)
	for _, f := range all {
		lo, hi, _ := voucherv1.ReadRange(f.Extent)
		j := freezeJSON{
			Freeze: hex.EncodeToString(f.Id), Voucher: hex.EncodeToString(f.Package), Lo: lo, Hi: hi, Reason: f.Reason, Case: hex.EncodeToString(f.Case),
			From: s.Clock.Unix(f.FromUnixS).Format(time.RFC3339), Until: s.Clock.Unix(f.UntilUnixS).Format(time.RFC3339), Stands: f.Stands(now.Unix()),
		}
		by := s.Lang.F(byVote)
		if len(f.Member) > 0 {
			who, err := s.Party(ctx, f.By)
			if err != nil {
				return nil, nil, err
			}
			j.By, by = partyOf(who), who.String()
		}
		out = append(out, j)
		table = append(table, []string{j.Freeze[:8], j.Voucher[:8], s.Lang.F("%d to %d", lo, hi), by, until(s, f, now), wallet.Line(f.Reason)})
	}
	return out, table, nil
}

func until(s *wallet.Session, f *voucherv1.StandingFreeze, now time.Time) string {
	if !f.Stands(now.Unix()) {
		return s.Lang.F("over")
	}
	return s.Clock.Minute(s.Clock.Unix(f.UntilUnixS))
}

// freezes lists the freezes of a voucher; without one those of the account's parts, the money that waits for them, and what
// it laid.
func (p *program) freezes() *cobra.Command {
	return &cobra.Command{
		Use:   "freezes [VOUCHER]",
		Short: "List the freezes of a voucher; without one, those that meet your parts or that you laid",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				if len(args) == 0 {
					return p.showOwnFreezes(ctx, s)
				}
				pkg, err := anyPackage(ctx, s, args[0])
				if err != nil {
					return err
				}
				return p.showFreezesOf(ctx, s, id.Must(pkg.Id))
			})
		},
	}
}

var freezeHeader = []string{"freeze", "voucher", "units", "by", "until", "reason"}

func (p *program) showFreezesOf(ctx context.Context, s *wallet.Session, pkg id.ID) error {
	list, err := s.Client.Freezes(ctx, pkg)
	if err != nil {
		return err
	}
	all, table, err := freezeRows(ctx, s, list.Records)
	if err != nil {
		return err
	}
	return p.answer(map[string]any{"verified": verified(s, list.Verified), "voucher": pkg.String(), "freezes": all}, func(w page) {
		if len(all) == 0 {
			w.say("No freeze is laid on voucher %s.\n", pkg.Short())
		} else {
			grid(w, nil, freezeHeader, table)
		}
		stamp(w, s, list.Verified)
	})
}

// blockedJSON is money that waits.
type blockedJSON struct {
	Bank        string `json:"bank"`
	BankName    string `json:"bank_name"`
	AmountMinor int64  `json:"amount_minor"`
	Currency    string `json:"currency"`
	Voucher     string `json:"voucher"`
	Part        string `json:"part"`
}

func (p *program) showOwnFreezes(ctx context.Context, s *wallet.Session) error {
	frozen, err := s.Client.Frozen(ctx)
	if err != nil {
		return err
	}
	laid, err := s.Client.Laid(ctx)
	if err != nil {
		return err
	}
	money, waiting, err := blocked(ctx, s)
	if err != nil {
		return err
	}
	meeting, met, err := freezeRows(ctx, s, distinct(frozen.Records))
	if err != nil {
		return err
	}
	own, ours, err := freezeRows(ctx, s, laid.Records)
	if err != nil {
		return err
	}
	return p.answer(map[string]any{
		"verified": verified(s, laid.Verified), "freezes": meeting, "laid": own, "blocked": money, "totals_frozen": totalsOf(frozen.Totals),
	}, func(w page) {
		titled(w, "Freezes that meet parts of yours:", freezeHeader, met)
		sums(w, "%d frozen part", "%d frozen parts", frozen.Totals)
		titled(w, "Money that waits for you until no freeze stands:", []string{"bank", "amount", "voucher", "part"}, waiting)
		titled(w, "Freezes that you laid:", freezeHeader, ours)
		if len(met)+len(waiting)+len(ours) == 0 {
			w.say("Nothing of yours is frozen, and you have frozen nothing.\n")
		}
		stamp(w, s, laid.Verified)
	})
}

func titled(w page, title string, header []string, table [][]string) {
	if len(table) > 0 {
		w.say(title + "\n")
		grid(w, nil, header, table)
	}
}

// distinct are the freezes of parts, each once.
func distinct(parts []sdk.FrozenPart) (out []*voucherv1.StandingFreeze) {
	met := map[string]bool{}
	for _, p := range parts {
		for _, f := range p.Freezes {
			if !met[string(f.Id)] {
				met[string(f.Id)], out = true, append(out, f)
			}
		}
	}
	return out
}

func blocked(ctx context.Context, s *wallet.Session) ([]blockedJSON, [][]string, error) {
	list, err := s.Client.Blocked(ctx)
	out, table := []blockedJSON{}, [][]string(nil)
	for _, b := range list.Records {
		name, err := s.MemberName(ctx, b.Bank)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, blockedJSON{hex.EncodeToString(b.Bank), name, b.AmountMinor, b.Currency, hex.EncodeToString(b.Package), hex.EncodeToString(b.Number)})
		table = append(table, []string{name, wallet.Money(b.AmountMinor, b.Currency), wallet.Short(b.Package), wallet.Short(b.Number)})
	}
	return out, table, err
}

// frozenUntil says until when freezes meet a part, for whoever looks at it; empty where none stands.
func frozenUntil(s *wallet.Session, h sdk.Holding, all []*voucherv1.StandingFreeze, now time.Time) string {
	var last int64
	for _, f := range all {
		if f.Meets(h.Part.Lo, h.Part.Hi) && f.Stands(now.Unix()) {
			last = max(last, f.UntilUnixS)
		}
	}
	if last == 0 {
		return ""
	}
	return s.Clock.Minute(s.Clock.Unix(last))
}

// frozenState adds to the state of a part that it is frozen.
func frozenState(l lang.Lang, state, until string) string {
	if until == "" {
		return l.State(state)
	}
	return l.F("%s, frozen until %s", l.State(state), until)
}
