package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

func (p *program) accountOpen() *cobra.Command {
	f := &policyFlags{}
	c := &cobra.Command{
		Use: "open NAME (--key KEY... [--threshold N] | --file POLICY)", Short: "As the main account: open another account of your member", Args: cobra.ExactArgs(1),
		Example: "  tally account open treasury --threshold 2 --key secp256k1:02a1…=Ann --key secp256k1:03b2…=Ben --key p256:02c3…=Cleo",
		RunE: func(cmd *cobra.Command, args []string) error {
			policy, err := f.policy()
			if err != nil {
				return err
			}
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				return p.act(ctx, s, deed{
					messages: []proto.Message{&membersv1.OpenAccount{Name: args[0], Policy: policy}},
					created:  func(o sdk.Outcome) map[string]any { return map[string]any{"account": o.Created(0, 0).String()} },
					next:     func(o sdk.Outcome) string { return fmt.Sprintf("Its account is %s.", o.Created(0, 0)) },
				})
			})
		},
	}
	f.register(c)
	return c
}

func (p *program) accountPolicy() *cobra.Command {
	f := &policyFlags{}
	c := &cobra.Command{
		Use: "policy ACCOUNT (--key KEY... [--threshold N] | --file POLICY)", Short: "As the main account: replace an account's policy whole", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			policy, err := f.policy()
			if err != nil {
				return err
			}
			return p.changePolicy(cmd, args[0], func(now *membersv1.Policy) error {
				proto.Reset(now)
				proto.Merge(now, policy)
				return nil
			})
		},
	}
	f.register(c)
	return c
}

func (p *program) accountLimits() *cobra.Command {
	var set, remove []string
	c := &cobra.Command{
		Use: "limits ACCOUNT --set CURRENCY=ONCE/DAY | --remove CURRENCY", Short: "As the main account: change an account's limits, and nothing else of it", Args: cobra.ExactArgs(1),
		Example: "  tally account limits treasury --set CNY=500000.00/2000000.00 --remove EUR",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.changePolicy(cmd, args[0], func(now *membersv1.Policy) error { return changeLimits(now, set, remove) })
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "a limit, as CNY=ONCE/DAY; several times for several currencies")
	c.Flags().StringArrayVar(&remove, "remove", nil, "a currency that has no limit any more")
	c.MarkFlagsOneRequired("set", "remove")
	return c
}

func changeLimits(p *membersv1.Policy, set, remove []string) error {
	for _, currency := range remove {
		if p.Limit(currency) == nil {
			return wrong("remove", lang.T("there is no limit in %.12q", currency), lang.T("'tally account show' lists the limits."))
		}
		p.Limits = slices.DeleteFunc(p.Limits, func(l *membersv1.Limit) bool { return l.Currency == currency })
	}
	for _, one := range set {
		currency, amounts, _ := strings.Cut(one, "=")
		once, daily, ok := strings.Cut(amounts, "/")
		if !ok {
			return wrong("set", lang.T("%.60q", one), lang.T("Write it as CNY=500000.00/2000000.00."))
		}
		l, err := (&policyLimitJSON{Currency: currency, PerTransaction: once, PerDay: daily}).message()
		if err != nil {
			return err
		}
		p.Limits = slices.DeleteFunc(p.Limits, func(o *membersv1.Limit) bool { return o.Currency == currency })
		p.Limits = append(p.Limits, l)
	}
	return nil
}

func (p *program) accountRotate() *cobra.Command {
	var out, in []string
	var threshold uint32
	c := &cobra.Command{
		Use: "rotate ACCOUNT --remove KEY --add KEY", Short: "As the main account: take keys out of an account and put others in", Args: cobra.ExactArgs(1),
		Long: `rotate takes keys out of an account and puts others in, and leaves its limits and methods as they are. Keys are named as
'tally keys show' prints them; a key to be taken out also by its beginning, or by its holder. It takes effect with the next
block; drafts that a key signed before it was taken out are refused.`,
		Example: "  tally account rotate treasury --remove Ann --add secp256k1:02d4…=Dora",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.changePolicy(cmd, args[0], func(now *membersv1.Policy) error { return rotate(now, out, in, threshold) })
		},
	}
	c.Flags().StringArrayVar(&out, "remove", nil, "a key to take out: its beginning, or its holder")
	c.Flags().StringArrayVar(&in, "add", nil, "a key to put in, as KEY or KEY=HOLDER")
	c.Flags().Uint32Var(&threshold, "threshold", 0, "how many must sign from then on; as before without")
	c.MarkFlagsOneRequired("remove", "add")
	return c
}

func rotate(p *membersv1.Policy, out, in []string, threshold uint32) error {
	for _, one := range out {
		fits := func(k *membersv1.Key) bool { return k.Holder == one || strings.HasPrefix(k.Public().String(), one) }
		n := 0
		for _, k := range p.Keys {
			if fits(k) {
				n++
			}
		}
		if n != 1 {
			return wrong("remove", lang.T("%.90q is that of %d keys", one, n), lang.T("Name one key: 'tally account show' lists them."))
		}
		p.Keys = slices.DeleteFunc(p.Keys, fits)
	}
	for _, one := range in {
		text, holder, _ := strings.Cut(one, "=")
		k, err := (&policyKeyJSON{Key: text, Holder: holder}).message()
		if err != nil {
			return err
		}
		p.Keys = append(p.Keys, k)
	}
	if threshold > 0 {
		p.Threshold = threshold
	}
	return nil
}

// changePolicy has the main account put a changed policy in place of the one that holds.
func (p *program) changePolicy(cmd *cobra.Command, text string, change func(*membersv1.Policy) error) error {
	return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
		a, _, err := ownAccount(ctx, s, text)
		if err != nil {
			return err
		}
		next := proto.CloneOf(a.Policy)
		for _, k := range next.Keys {
			k.SinceHeight, k.SinceUnixS = 0, 0 // the chain sets them
		}
		if err := change(next); err != nil {
			return err
		}
		return p.act(ctx, s, deed{messages: []proto.Message{&membersv1.SetPolicy{Account: a.Id, Policy: next, Replaces: membersv1.PolicyHash(a.Policy).Bytes()}}})
	})
}

func (p *program) accountEncryption() *cobra.Command {
	return &cobra.Command{
		Use: "encryption-key x25519:HEX|none", Short: "As the main account: name the key that documents for your member are encrypted to", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m := &membersv1.SetEncryptionKey{}
			if args[0] != "none" {
				k, err := (&policyKeyJSON{Key: args[0], Purpose: "encrypt"}).message()
				if err != nil {
					return err
				}
				m.EncryptionKey = k.PublicKey
			}
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				return p.act(ctx, s, deed{messages: []proto.Message{m}})
			})
		},
	}
}

func (p *program) accountClose() *cobra.Command {
	return &cobra.Command{
		Use: "close ACCOUNT", Short: "As the main account: close an account that holds nothing and owes nothing", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				a, _, err := ownAccount(ctx, s, args[0])
				if err != nil {
					return err
				}
				return p.act(ctx, s, deed{messages: []proto.Message{&membersv1.CloseAccount{Account: a.Id}}})
			})
		},
	}
}
