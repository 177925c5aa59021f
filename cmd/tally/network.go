package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// members lists the network's members.
func (p *program) members() *cobra.Command {
	return &cobra.Command{
		Use:   "members",
		Short: "List the network's members, each proven",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, p.showMembers)
		},
	}
}

func (p *program) showMembers(ctx context.Context, s *wallet.Session) error {
	all, err := s.Members(ctx)
	if err != nil {
		return err
	}
	list := slices.SortedFunc(maps.Values(all), func(a, b *membersv1.Member) int {
		return strings.Compare(a.GetLegal().GetName()+string(a.Id), b.GetLegal().GetName()+string(b.Id))
	})
	out := []memberJSON{}
	var table [][]string
	for _, m := range list {
		j := memberOf(m)
		out = append(out, j)
		table = append(table, []string{j.Member[:8], j.Name, j.Credential, rolesText(s.Lang, j.Roles), s.Lang.Word(yesNo(j.Seat)), s.Lang.State(j.State)})
	}
	return p.answer(map[string]any{"verified": verified(s, s.Clock.At), "members": out}, func(w page) {
		grid(w, nil, []string{"member", "name", "number", "roles", "votes", "state"}, table)
		w.say("\nEach is proven; that the node lists them all is not.\n")
		stamp(w, s, s.Clock.At)
	})
}

// parameter is a limit of the network with what holds before any vote: the same table as the modules', by a test.
type parameter struct {
	name    string
	initial int64
	what    string
}

var parameters = []parameter{
	{voucherv1.ParamTenorMax, 183, "days from issue to due day, at most [77 art. 11]"},
	{voucherv1.ParamTenorReviewedMax, 366, "the same with a bank's review [77 art. 11]"},
	{voucherv1.ParamSmallFirmDays, 60, "days from delivery to due day beyond which a small firm is warned [802]"},
	{voucherv1.ParamDepthMax, 16, "how often a part may be passed on"},
	{voucherv1.ParamSplitsMax, 500, "splits that a new voucher allows [SHCPE]"},
	{voucherv1.ParamPartsMax, 10_000, "parts that a voucher may have"},
	{voucherv1.ParamAuthorityFreezeMaxS, 72 * 3_600, "seconds for which an authority freezes a unit, at most, from its first freeze of it"},
	{voucherv1.ParamFreezeAgainDays, 30, "days after which it may freeze the unit again"},
	{voucherv1.ParamFreezeMaxS, 366 * 86_400, "seconds for which a freeze is voted, at most"},
	{membersv1.ParamRecoveryWait, membersv1.RecoveryWaitS, "seconds that a recovery of lost keys waits for a veto"},
	{membersv1.ParamSettlementWait, membersv1.SettlementWaitS, "seconds that a change of a settlement account waits after its second key"},
	{depositv1.ParamAllowed, 1, "1 where deposits are allowed [77 art. 4, 14]"},
}

type parameterJSON struct {
	Name   string               `json:"name"`
	Value  int64                `json:"value"`
	Source string               `json:"source,omitempty"`
	What   string               `json:"what"`
	Values []parameterValueJSON `json:"values"` // as voted, with the days from which they hold
}

type parameterValueJSON struct {
	From   string `json:"from"`
	Value  int64  `json:"value"`
	Source string `json:"source"`
}

// params lists the limits that the law or the members set.
func (p *program) params() *cobra.Command {
	return &cobra.Command{
		Use:   "params",
		Short: "List the network's limits, and from which day they hold",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, p.showParams)
		},
	}
}

func (p *program) showParams(ctx context.Context, s *wallet.Session) error {
	var keys [][]byte
	for _, one := range parameters {
		keys = append(keys, kernelv1.ParameterKey(one.name))
	}
	v, raws, err := s.Client.GetAll(ctx, keys...)
	if err != nil {
		return err
	}
	today := s.Clock.Day(s.Clock.Time(v.Time))
	out := []parameterJSON{}
	var table [][]string
	for i, one := range parameters {
		r := &kernelv1.Parameter{}
		if raws[i] != nil {
			if err := kernelv1.Unframe(raws[i], r); err != nil {
				return err
			}
		}
		j := one.on(r, today)
		out = append(out, j)
		table = append(table, []string{j.Name, fmt.Sprint(j.Value), s.Lang.Word(j.What), j.since(s.Lang, today)})
	}
	return p.answer(map[string]any{"verified": verified(s, v), "parameters": out}, func(w page) {
		grid(w, []int{2}, []string{"parameter", "value", "what", "holds"}, table)
		stamp(w, s, v)
	})
}

// on is what holds on a day.
func (one parameter) on(r *kernelv1.Parameter, today int32) parameterJSON {
	out := parameterJSON{Name: one.name, Value: one.initial, What: one.what, Values: []parameterValueJSON{}}
	for _, v := range r.Values {
		out.Values = append(out.Values, parameterValueJSON{From: wallet.Day(v.FromDay), Value: v.Value, Source: v.Source})
		if v.FromDay <= today {
			out.Value, out.Source = v.Value, v.Source
		}
	}
	return out
}

// since says from when the value holds, and what comes next.
func (j parameterJSON) since(l lang.Lang, today int32) string {
	words := l.F("from the beginning")
	for _, v := range j.Values {
		if v.From > wallet.Day(today) {
			return l.F("%s; %d from %s, by %s", words, v.Value, v.From, v.Source)
		}
		words = l.F("from %s, by %s", v.From, v.Source)
	}
	return words
}
