package main

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// partJSON is a part as commands show it.
type partJSON struct {
	Part        string     `json:"part"`
	Voucher     string     `json:"voucher"`
	Obligor     partyJSON  `json:"obligor"`
	Holder      partyJSON  `json:"holder"`
	AmountMinor int64      `json:"amount_minor"` // not paid
	Currency    string     `json:"currency"`
	Due         string     `json:"due"`
	State       string     `json:"state"`
	FrozenUntil string     `json:"frozen_until,omitempty"`
	Offer       *offerJSON `json:"offer,omitempty"`
}

type offerJSON struct {
	To       partyJSON `json:"to"`
	Expires  string    `json:"expires"`
	Recourse bool      `json:"recourse"`
	Invoices []string  `json:"invoices"`
	Contract string    `json:"contract,omitempty"`
}

// partRow is a part ready to be shown.
type partRow struct {
	json                partJSON
	obligor, holder, to string
	amount, expires     string
}

// rows names whatever parts have to do with, in order of due day.
func rows(ctx context.Context, s *wallet.Session, list []sdk.Holding) ([]partRow, error) {
	slices.SortStableFunc(list, func(a, b sdk.Holding) int { return int(a.Package.DueDay - b.Package.DueDay) })
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	var out []partRow
	for _, h := range list {
		holder := h.Part.Holder.ID()
		who, err := s.Parties(ctx, h.Package.Obligor, holder[:], h.Part.GetOffer().GetTo())
		if err != nil {
			return nil, err
		}
		r := partRow{obligor: who[0].String(), holder: who[1].String(), amount: wallet.Money(h.Part.Outstanding(), h.Package.Currency)}
		r.json = partJSON{
			Part: hex.EncodeToString(h.Part.Number), Voucher: hex.EncodeToString(h.Part.Package), Obligor: partyOf(who[0]),
			Holder: partyOf(who[1]), AmountMinor: h.Part.Outstanding(), Currency: h.Package.Currency, Due: wallet.Day(h.Package.DueDay),
			State: partState(h, s.Clock.Day(now)),
		}
		if o := h.Part.Offer; o != nil {
			expires := s.Clock.Unix(o.ExpiresUnixS)
			r.to, r.expires = who[2].String(), s.Clock.Minute(expires)
			r.json.Offer = offerOf(o, who[2], expires)
		}
		out = append(out, r)
	}
	return out, nil
}

// trade says what an offer is for, whole.
func (o *offerJSON) trade(l lang.Lang) string {
	if o == nil {
		return ""
	}
	var out []string
	for _, one := range o.Invoices {
		out = append(out, l.F("invoice %s", one))
	}
	if o.Contract != "" {
		out = append(out, l.F("contract %s", o.Contract))
	}
	if o.Recourse {
		out = append(out, l.F("with recourse"))
	}
	return l.List(out)
}

func offerOf(o *voucherv1.Offer, to wallet.Party, expires time.Time) *offerJSON {
	out := &offerJSON{
		To: partyOf(to), Expires: expires.Format(time.RFC3339), Recourse: o.Recourse, Invoices: []string{},
		Contract: hex.EncodeToString(o.Background.GetContract()),
	}
	for _, use := range o.Background.GetInvoices() {
		out.Invoices = append(out.Invoices, hex.EncodeToString(use.Fingerprint))
	}
	return out
}

func partState(h sdk.Holding, today int32) string {
	switch {
	case h.Part.State == voucherv1.PartState_PART_STATE_OFFERED:
		return "on offer"
	case h.Package.Due(today):
		return "due"
	}
	return "held"
}

func jsonOf(list []partRow) []partJSON {
	out := []partJSON{}
	for _, r := range list {
		out = append(out, r.json)
	}
	return out
}

// holdings lists what the account holds, on offer or not.
func (p *program) holdings() *cobra.Command {
	return &cobra.Command{
		Use:     "holdings",
		Aliases: []string{"ls"},
		Short:   "List the parts of vouchers that you hold, proven complete",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, p.showHoldings)
		},
	}
}

func (p *program) showHoldings(ctx context.Context, s *wallet.Session) error {
	offered, err := s.Client.Offered(ctx)
	if err != nil {
		return err
	}
	held, err := s.Client.Holdings(ctx)
	if err != nil {
		return err
	}
	frozen, err := s.Client.Frozen(ctx)
	if err != nil {
		return err
	}
	list, err := rows(ctx, s, append(slices.Clone(held.Records), offered.Records...))
	if err == nil {
		err = markFrozen(ctx, s, list, frozen.Records)
	}
	if err != nil {
		return err
	}
	return p.answer(map[string]any{
		"verified": verified(s, held.Verified), "parts": jsonOf(list), "totals": totalsOf(held.Totals), "totals_on_offer": totalsOf(offered.Totals),
		"totals_frozen": totalsOf(frozen.Totals),
	}, func(w page) {
		if len(list) == 0 {
			w.say("You hold no vouchers. What others offer you is in 'tally offers', what waits for your acceptance in 'tally pending'.\n")
		} else {
			var out [][]string
			for _, r := range list {
				state := frozenState(w.Lang, r.json.State, r.json.FrozenUntil)
				if r.to != "" {
					state = w.F("%s to %s", state, r.to)
				}
				out = append(out, []string{r.json.Part[:8], r.json.Voucher[:8], r.obligor, r.json.Due, r.amount, state})
			}
			grid(w, []int{5}, []string{"part", "voucher", "owed by", "due", "amount", "state"}, out)
			w.say("\n")
			sums(w, "%d part held", "%d parts held", held.Totals)
			sums(w, "%d part on offer", "%d parts on offer", offered.Totals)
			sums(w, "%d part among them frozen: see 'tally freezes'", "%d parts among them frozen: see 'tally freezes'", frozen.Totals)
		}
		stamp(w, s, held.Verified)
	})
}

// markFrozen says of each part until when it is frozen.
func markFrozen(ctx context.Context, s *wallet.Session, list []partRow, frozen []sdk.FrozenPart) error {
	now, err := s.Now(ctx)
	for i := range list {
		for _, f := range frozen {
			if hex.EncodeToString(f.Part.Number) == list[i].json.Part {
				list[i].json.FrozenUntil = frozenUntil(s, f.Holding, f.Freezes, now)
			}
		}
	}
	return err
}

// offers lists offers to the account, and its own.
func (p *program) offers() *cobra.Command {
	return &cobra.Command{
		Use:   "offers",
		Short: "List what others offer you and what you offer others, proven complete",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, p.showOffers)
		},
	}
}

func (p *program) showOffers(ctx context.Context, s *wallet.Session) error {
	out, err := s.Client.Offered(ctx)
	if err != nil {
		return err
	}
	in, err := s.Client.Offers(ctx)
	if err != nil {
		return err
	}
	outgoing, err := rows(ctx, s, out.Records)
	if err != nil {
		return err
	}
	incoming, err := rows(ctx, s, in.Records)
	if err != nil {
		return err
	}
	return p.answer(map[string]any{
		"verified": verified(s, in.Verified), "incoming": jsonOf(incoming), "outgoing": jsonOf(outgoing), "totals": totalsOf(in.Totals),
	}, func(w page) {
		offerTable(w, "Offered to you; answer with 'tally accept PART' or 'tally reject PART':", "from", incoming)
		offerTable(w, "Offered by you; take back with 'tally withdraw PART':", "to", outgoing)
		if len(incoming)+len(outgoing) == 0 {
			w.say("Nothing is on offer, to you or by you.\n")
		}
		stamp(w, s, in.Verified)
	})
}

func offerTable(w page, title, side string, list []partRow) {
	if len(list) == 0 {
		return
	}
	var out [][]string
	for _, r := range list {
		other := r.holder
		if side == "to" {
			other = r.to
		}
		out = append(out, []string{r.json.Part[:8], r.json.Voucher[:8], other, r.obligor, r.json.Due, r.amount, w.Word(yesNo(r.json.Offer.Recourse)), r.expires})
	}
	w.say(title + "\n")
	grid(w, []int{6}, []string{"part", "voucher", side, "owed by", "due", "amount", "recourse", "open until"}, out)
	w.say("\n")
}
