package main

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// proposeNetwork are the proposals about the network itself.
func (p *program) proposeNetwork(f *proposeFlags) []*cobra.Command {
	return []*cobra.Command{p.proposeParameter(f), p.proposeValidator(f), p.proposeUpgrade(f)}
}

func (p *program) proposeParameter(f *proposeFlags) *cobra.Command {
	var from, source string
	c := p.kind(f, "parameter NAME VALUE --from DATE --source TEXT", "Give a limit another value from a day on", cobra.ExactArgs(2),
		func(_ context.Context, _ *wallet.Session, args []string) ([]proto.Message, error) {
			value, err := strconv.ParseInt(args[1], 10, 64)
			if err != nil {
				return nil, wrong("VALUE", lang.T("%.40q is no whole number", args[1]), lang.T("'tally gov parameters' shows what holds."))
			}
			d, err := day("from", from)
			return one(&governancev1.SetParameter{Name: args[0], Value: value, FromDay: d, Source: source}, err)
		})
	c.Example = "  tally gov propose parameter voucher.tenor_max_days 170 --from 2027-01-01 --source 'decision 12 of 2026'"
	c.Flags().StringVar(&from, "from", "", "the day from which it holds, tomorrow at the earliest: 2027-01-01")
	c.Flags().StringVar(&source, "source", "", "the law or decision that it comes from")
	required(c, "from", "source")
	return c
}

func (p *program) proposeValidator(f *proposeFlags) *cobra.Command {
	c := &cobra.Command{Use: "validator", Short: "Add a validator, change its power, or remove it"}
	var power int64
	add := p.kind(f, "add MEMBER KEY [--power N]", "Give a member's key voting power, or change it", cobra.ExactArgs(2),
		func(ctx context.Context, s *wallet.Session, args []string) ([]proto.Message, error) {
			member, err := s.FindMember(ctx, args[0])
			if err != nil {
				return nil, err
			}
			k, err := hex.DecodeString(args[1])
			if err != nil || power < 1 {
				return nil, wrong("KEY", lang.T("a key is 64 hex digits, and its power at least 1"), lang.T("'tallyd' prints a node's validator key."))
			}
			return one(&governancev1.SetValidator{PublicKey: k, Power: power, Member: member.Id}, nil)
		})
	add.Flags().Int64Var(&power, "power", usualPower, "its voting power, 1 to 1,000")
	var below bool
	remove := p.kind(f, "remove KEY", "Take a validator away; the connections of a removed member's nodes end", cobra.ExactArgs(1),
		func(ctx context.Context, s *wallet.Session, args []string) ([]proto.Message, error) {
			v, err := findValidator(ctx, s, args[0])
			if err != nil {
				return nil, err
			}
			return one(&governancev1.SetValidator{PublicKey: v.PublicKey, Member: v.Member, AllowBelowFour: below}, nil)
		})
	remove.Flags().BoolVar(&below, "allow-below-four", false, "even where fewer than four remain: then no failure of one is borne")
	c.AddCommand(add, remove)
	return c
}

// usualPower is a validator's where nothing else is said.
const usualPower = 10

// findValidator finds a validator by its key or the beginning of it.
func findValidator(ctx context.Context, s *wallet.Session, text string) (*governancev1.Validator, error) {
	set := &governancev1.ValidatorSet{}
	if _, _, err := s.Client.Get(ctx, governancev1.ValidatorsKey(), set); err != nil {
		return nil, err
	}
	var found []*governancev1.Validator
	for _, v := range set.Validators {
		if len(text) >= minShort && strings.HasPrefix(hex.EncodeToString(v.PublicKey), strings.ToLower(text)) {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		return nil, lang.Errorf("%w: %.80q is the key of %d validators; 'tally gov validators' shows them", wallet.ErrNoMatch, text, len(found))
	}
	return found[0], nil
}

func (p *program) proposeUpgrade(f *proposeFlags) *cobra.Command {
	m := &governancev1.ScheduleUpgrade{}
	c := p.kind(f, "upgrade --protocol N --height H", "Change to the next protocol at a height", cobra.NoArgs,
		func(context.Context, *wallet.Session, []string) ([]proto.Message, error) { return one(m, nil) })
	c.Flags().Uint32Var(&m.Protocol, "protocol", 0, "the next protocol")
	c.Flags().Int64Var(&m.Height, "height", 0, "its first block, at least 20 after the last vote")
	c.Flags().StringVar(&m.Info, "info", "", "which program it needs, where it is to be had, and its hash")
	required(c, "protocol", "height")
	c.AddCommand(p.kind(f, "cancel", "Take back the upgrade that is planned", cobra.NoArgs,
		func(context.Context, *wallet.Session, []string) ([]proto.Message, error) {
			return one(&governancev1.CancelUpgrade{}, nil)
		}))
	return c
}
