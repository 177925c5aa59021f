package main

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/sdk/wallet"
)

func (p *program) govParameters() *cobra.Command {
	return &cobra.Command{
		Use: "parameters", Short: "List the network's limits, and from which day they hold", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.connected(cmd, p.showParams) },
	}
}

type validatorJSON struct {
	Key    string `json:"key"`
	Power  int64  `json:"power"`
	Member string `json:"member"`
	Name   string `json:"name"`
}

func (p *program) govValidators() *cobra.Command {
	return &cobra.Command{
		Use: "validators", Short: "List the validators, their power and whose they are", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.connected(cmd, p.listValidators) },
	}
}

func (p *program) listValidators(ctx context.Context, s *wallet.Session) error {
	set := &governancev1.ValidatorSet{}
	v, _, err := s.Client.Get(ctx, governancev1.ValidatorsKey(), set)
	if err != nil {
		return err
	}
	list := []validatorJSON{}
	var table [][]string
	for _, one := range set.Validators {
		name, err := s.MemberFull(ctx, one.Member)
		if err != nil {
			return err
		}
		list = append(list, validatorJSON{Key: hex.EncodeToString(one.PublicKey), Power: one.Power, Member: hex.EncodeToString(one.Member), Name: name})
		table = append(table, []string{hex.EncodeToString(one.PublicKey), fmt.Sprint(one.Power), name})
	}
	return p.answer(map[string]any{"verified": verified(s, v), "validators": list, "power": set.Power()}, func(w page) {
		grid(w, []int{2}, []string{"key", "power", "member"}, table)
		w.say("\nThe power is %d in all; less than a third of it changes in one block.\n", set.Power())
		stamp(w, s, v)
	})
}

func (p *program) govUpgrade() *cobra.Command {
	return &cobra.Command{
		Use: "upgrade", Short: "Show which protocol runs, and the upgrade that is planned", Args: cobra.NoArgs,
		Long: "upgrade shows which protocol runs and what is planned. 'tally gov propose upgrade' plans one, and takes it back.",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.connected(cmd, p.showUpgrade) },
	}
}

func (p *program) showUpgrade(ctx context.Context, s *wallet.Session) error {
	rules := &kernelv1.Protocol{}
	v, _, err := s.Client.Get(ctx, kernelv1.ProtocolKey(), rules)
	if err != nil {
		return err
	}
	protocol := max(1, rules.Number)
	out := map[string]any{"verified": verified(s, v), "protocol": protocol}
	text := fmt.Sprintf("Protocol %d runs; no upgrade is planned.", protocol)
	if plan := rules.Plan; plan != nil {
		out["planned"] = map[string]any{"protocol": plan.Protocol, "height": plan.Height, "info": plan.Info}
		text = fmt.Sprintf("Protocol %d runs; protocol %d is planned for block %d, in %d blocks. A node whose program does not know it stops there.", protocol, plan.Protocol, plan.Height, plan.Height-v.Height)
		if plan.Info != "" {
			text += fmt.Sprintf(" Note: %q.", plan.Info)
		}
	}
	return p.answer(out, func(w page) {
		w.say("%s\n", text)
		stamp(w, s, v)
	})
}
