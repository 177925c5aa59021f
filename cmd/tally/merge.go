package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// merge makes one part of neighbours.
func (p *program) merge() *cobra.Command {
	return &cobra.Command{
		Use:   "merge PART PART...",
		Short: "Make one part of several that lie side by side in a voucher",
		Long: `merge makes one part of parts that you hold of one voucher, that lie one after the other in it, that are not on
offer and not frozen, and that the same accounts passed on with recourse. Splits that were used stay used.`,
		Example: "  tally merge 3fa2c1b0 9d01e2c4",
		Args:    cobra.MatchAll(cobra.MinimumNArgs(2), cobra.MaximumNArgs(voucherv1.MaxMerge)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				g, err := s.Look(ctx, wallet.Held)
				if err != nil {
					return err
				}
				m, err := merging(g, args)
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{
					messages: []proto.Message{m},
					next:     func(sdk.Outcome) string { return s.Lang.F("'tally holdings' shows the part.") },
				})
			})
		},
	}
}

// merging names parts in order of range, in whatever order they were typed.
func merging(g *wallet.Sight, typed []string) (*voucherv1.Merge, error) {
	var all []*voucherv1.Part
	for _, short := range typed {
		h, err := g.Part(short)
		if err != nil {
			return nil, err
		}
		if len(all) > 0 && string(h.Part.Package) != string(all[0].Package) {
			return nil, wrong("part", lang.T("%s is of another voucher than %s", short, typed[0]), lang.T("Name parts of one voucher."))
		}
		all = append(all, h.Part)
	}
	slices.SortFunc(all, func(a, b *voucherv1.Part) int { return cmp.Compare(a.Lo, b.Lo) })
	m := &voucherv1.Merge{Package: all[0].Package}
	for _, one := range all {
		m.Parts = append(m.Parts, one.Ref())
	}
	return m, nil
}
