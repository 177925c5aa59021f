package main

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// packageJSON is a voucher, as issued, as commands show it.
type packageJSON struct {
	Voucher          string    `json:"voucher"`
	Obligor          partyJSON `json:"obligor"`
	Creditor         partyJSON `json:"creditor"`
	AmountMinor      int64     `json:"amount_minor"`
	OutstandingMinor int64     `json:"outstanding_minor"`
	Currency         string    `json:"currency"`
	Issued           string    `json:"issued"`
	Due              string    `json:"due"`
	State            string    `json:"state"`
	Invoices         []string  `json:"invoices"`
	Contract         string    `json:"contract,omitempty"`
	Over60Days       bool      `json:"over_60_days"`
	// ExtinguishedMinor went back to the obligor, without money.
	ExtinguishedMinor int64  `json:"extinguished_minor,omitempty"`
	Freezes           uint32 `json:"freezes,omitempty"`
}

// wentBack is what of a voucher is extinguished, for people.
func (j packageJSON) wentBack(l lang.Lang) string {
	if j.ExtinguishedMinor == 0 {
		return ""
	}
	return l.F("%s to who owes it: extinguished", wallet.Money(j.ExtinguishedMinor, j.Currency))
}

// freezes says where to look at the freezes of a voucher.
func (j packageJSON) freezes(l lang.Lang) string {
	if j.Freezes == 0 {
		return ""
	}
	return l.F("%d: see 'tally freezes %s'", j.Freezes, j.Voucher[:8])
}

func packageOf(ctx context.Context, s *wallet.Session, p *voucherv1.Package) (out packageJSON, who []wallet.Party, err error) {
	who, err = s.Parties(ctx, p.Obligor, p.Creditor)
	if err != nil {
		return out, nil, err
	}
	now, err := s.Now(ctx)
	out = packageJSON{
		Voucher: hex.EncodeToString(p.Id), Obligor: partyOf(who[0]), Creditor: partyOf(who[1]), AmountMinor: p.AmountMinor,
		OutstandingMinor: p.Outstanding(), Currency: p.Currency, Issued: wallet.Day(p.IssueDay), Due: wallet.Day(p.DueDay),
		State: wallet.PackageState(p, s.Clock.Day(now)), Invoices: []string{}, Contract: hex.EncodeToString(p.Background.GetContract()),
		Over60Days: p.Over_60Days, ExtinguishedMinor: p.ExtinguishedMinor, Freezes: p.Freezes,
	}
	if p.ExtinguishedMinor == p.AmountMinor {
		out.State = "extinguished"
	}
	for _, use := range p.Background.GetInvoices() {
		out.Invoices = append(out.Invoices, hex.EncodeToString(use.Fingerprint))
	}
	return out, who, err
}

// pending lists what waits for the account's acceptance.
func (p *program) pending() *cobra.Command {
	return &cobra.Command{
		Use:   "pending",
		Short: "List vouchers that wait for your acceptance, proven complete",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				list, err := s.Client.Pending(ctx)
				return p.showPackages(ctx, s, list, err, "from", "No voucher waits for your acceptance.",
					"Look at one with 'tally show VOUCHER'; answer with 'tally accept VOUCHER' or 'tally reject VOUCHER'.")
			})
		},
	}
}

// owed lists what the account owes.
func (p *program) owed() *cobra.Command {
	return &cobra.Command{
		Use:   "owed",
		Short: "List vouchers that you issued and that have not ended, proven complete",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				list, err := s.Client.Owed(ctx)
				return p.showPackages(ctx, s, list, err, "to", "You owe nothing on vouchers.", "")
			})
		},
	}
}

func (p *program) showPackages(ctx context.Context, s *wallet.Session, list sdk.Complete[*voucherv1.Package], err error, side, none, next string) error {
	if err != nil {
		return err
	}
	slices.SortStableFunc(list.Records, func(a, b *voucherv1.Package) int { return int(a.DueDay - b.DueDay) })
	all := []packageJSON{}
	var table [][]string
	for _, one := range list.Records {
		j, who, err := packageOf(ctx, s, one)
		if err != nil {
			return err
		}
		other := who[0]
		if side == "to" {
			other = who[1]
		}
		all = append(all, j)
		table = append(table, []string{j.Voucher[:8], other.String(), j.Due, wallet.Money(j.OutstandingMinor, j.Currency), packageNote(s.Lang, j)})
	}
	return p.answer(map[string]any{"verified": verified(s, list.Verified), "vouchers": all, "totals": totalsOf(list.Totals)}, func(w page) {
		if len(all) == 0 {
			w.say(none + "\n")
		} else {
			grid(w, []int{4}, []string{"voucher", side, "due", "outstanding", "state"}, table)
			w.say("\n")
			sums(w, "%d voucher", "%d vouchers", list.Totals)
			if next != "" {
				w.say(next + "\n")
			}
		}
		stamp(w, s, list.Verified)
	})
}

func packageNote(l lang.Lang, j packageJSON) string {
	note := l.State(j.State)
	if j.Freezes > 0 {
		note += l.F("; frozen, in whole or in part")
	}
	if j.Over60Days {
		note += l.F("; over 60 days to a small firm [802]")
	}
	return note
}
