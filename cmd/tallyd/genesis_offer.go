package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cometbft/cometbft/privval"
	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app/ceremony"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/keys"
)

// offerFlags are what 'tallyd genesis offer' takes.
type offerFlags struct {
	home, out, passphraseFile string
	terms                     ceremony.Terms
	uscc, lei, roles          string
	keys, nodes               []string
	validatorKey              string
}

func offerCommand() *cobra.Command {
	var f offerFlags
	cmd := &cobra.Command{
		Use:   "offer --chain ID --uscc CODE --roles ROLES --key KEY...",
		Short: "As a member: write what you offer to be in the genesis, signed by your keys",
		Long: `offer writes the public parts of your node's keys and your account's keys with who you are, signed by all of
them. Make the node first with 'tallyd init', the account's keys with 'tally keys new'.

--key names a key file of this machine, or the public key of a holder elsewhere, who then runs
'tallyd genesis sign'; =NAME behind it says who holds it. Several keys and --threshold make an account that
needs several people.`,
		Example: `  tallyd genesis offer --chain hanhai-1 --uscc 91310000MA1DEM0004 --roles core_enterprise --seat --power 10 \
    --supplier-quota 5000 --key ~/.tally/key.json='Li Na' --gate https://node.hanhai.example:26443 --p2p node.hanhai.example:26656`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	homeFlag(cmd, &f.home)
	l := cmd.Flags()
	l.StringVar(&f.terms.Chain, "chain", "", "the chain's id, which all members agree on first")
	l.StringVar(&f.terms.Name, "name", "", "the member's legal name; that of the configuration without")
	l.StringVar(&f.uscc, "uscc", "", "its unified social credit code [GB 32100]")
	l.StringVar(&f.lei, "lei", "", "or its Legal Entity Identifier [ISO 17442]")
	l.BoolVar(&f.terms.SmallFirm, "small-firm", false, "it is a small firm [802]")
	l.StringVar(&f.roles, "roles", "", "its roles, with commas: "+membersv1.RolesString(membersv1.AllRoles))
	l.BoolVar(&f.terms.Seat, "seat", false, "it votes on proposals")
	l.Uint32Var(&f.terms.SupplierQuota, "supplier-quota", 0, "how many suppliers it may admit")
	l.StringArrayVar(&f.keys, "key", nil, "FILE[=HOLDER] or KIND:HEX[=HOLDER], a key of the main account; once for each")
	l.Uint32Var(&f.terms.Threshold, "threshold", 1, "how many of the keys must sign")
	l.Int64Var(&f.terms.Power, "power", 0, "the validator's voting power; 0 for a node that makes no blocks")
	l.StringVar(&f.validatorKey, "validator-key", "", "the validator's key file; the home's without")
	l.StringVar(&f.terms.Gate, "gate", "", "where wallets reach the gate, https://host:port; https://gate_listen without")
	l.StringVar(&f.terms.P2P, "p2p", "", "where other nodes reach this one, host:port; p2p_external or p2p_listen without")
	l.StringArrayVar(&f.nodes, "node", nil, "the peer id of a further node of the member; once for each")
	l.StringVar(&f.out, "out", "", "the offer's file, which must not be there yet; offer.json in the home's config without")
	passphraseFlag(cmd, &f.passphraseFile)
	for _, name := range []string{"chain", "roles", "key"} {
		_ = cmd.MarkFlagRequired(name) // the flag is there
	}
	cmd.MarkFlagsOneRequired("uscc", "lei")
	cmd.MarkFlagsMutuallyExclusive("uscc", "lei")
	return cmd
}

func (f *offerFlags) run(cmd *cobra.Command) error {
	c, err := node.Load(f.home)
	if err != nil {
		return err
	}
	if f.out == "" {
		f.out = ceremony.OfferFile(c)
	}
	if _, err := os.Stat(f.out); err == nil {
		return fmt.Errorf("%s is there already: an offer that was given away is not changed; delete it to make another", f.out)
	}
	files, err := f.complete(c)
	if err != nil {
		return err
	}
	o := ceremony.NewOffer(f.terms)
	for _, file := range files {
		s, err := loadKey(cmd, file, f.passphraseFile)
		if err != nil {
			return err
		}
		if err := o.Sign(s); err != nil {
			return err
		}
	}
	if f.terms.Power > 0 {
		k, err := f.readValidatorKey(c)
		if err != nil {
			return err
		}
		if err := o.SignValidator(k.PrivKey.Sign); err != nil {
			return err
		}
	}
	return f.write(cmd, c, o)
}

// write keeps the offer in the home too: what is checked later is that it was not changed.
func (f *offerFlags) write(cmd *cobra.Command, c node.Config, o *ceremony.Offer) error {
	waiting := o.Unsigned()
	if faults := o.Check(); len(faults) > len(waiting) {
		return ceremony.Faults(faults)
	}
	if err := ceremony.Write(f.out, o); err != nil {
		return err
	}
	if f.out != ceremony.OfferFile(c) {
		if err := ceremony.Write(ceremony.OfferFile(c), o); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "The offer of %s is in %s.\n", o.Terms.Name, f.out)
	for _, k := range waiting {
		fmt.Fprintf(cmd.OutOrStdout(), "%s (%s) has yet to sign it: tallyd genesis sign %s --key FILE\n", k.Holder, k.Key, f.out)
	}
	if len(waiting) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "Give it to the member that assembles the genesis.")
	}
	return nil
}

func (f *offerFlags) validatorKeyFile(c node.Config) string {
	if f.validatorKey != "" {
		return f.validatorKey
	}
	return c.Engine().PrivValidatorKeyFile()
}

func (f *offerFlags) readValidatorKey(c node.Config) (*privval.FilePVKey, error) {
	k, err := node.ReadValidatorKey(f.validatorKeyFile(c))
	if err != nil {
		return nil, fmt.Errorf("%s: %w; it is a validator's key as 'tallyd init' makes it", f.validatorKeyFile(c), err)
	}
	return k, nil
}

// complete fills the terms in from the home and the flags, and tells which key files are here to sign.
func (f *offerFlags) complete(c node.Config) (files []string, err error) {
	t := &f.terms
	t.Name = cmpOr(t.Name, c.Member)
	t.CredentialKind, t.Credential = "uscc", f.uscc
	if f.lei != "" {
		t.CredentialKind, t.Credential = "lei", f.lei
	}
	roles, err := membersv1.ParseRoles(f.roles)
	if err != nil {
		return nil, failure{fmt.Errorf("--roles: %w", err), exitUsage}
	}
	t.Roles = membersv1.RoleNames(roles)
	t.Gate, t.P2P = cmpOr(t.Gate, "https://"+c.GateListen), cmpOr(t.P2P, c.P2PExternal, c.P2PListen)
	if err := f.fromHome(c); err != nil {
		return nil, err
	}
	for _, k := range f.keys {
		one, file, err := accountKey(k)
		if err != nil {
			return nil, err
		}
		t.Keys = append(t.Keys, one)
		if file != "" {
			files = append(files, file)
		}
	}
	return files, nil
}

// cmpOr is the first that is not empty.
func cmpOr(all ...string) string {
	if i := slices.IndexFunc(all, func(s string) bool { return s != "" }); i >= 0 {
		return all[i]
	}
	return ""
}

// fromHome takes the public parts of the node's keys.
func (f *offerFlags) fromHome(c node.Config) error {
	for _, file := range []string{c.Engine().NodeKeyFile(), f.validatorKeyFile(c), c.GateCertFile()} {
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("%w; 'tallyd init' makes a node's keys", err)
		}
	}
	ident, err := node.ReadIdentity(c)
	if err != nil {
		return err
	}
	f.terms.Nodes, f.terms.Pin = append([]string{ident.PeerID}, f.nodes...), ident.Pin
	if f.terms.Power != 0 {
		k, err := f.readValidatorKey(c)
		if err != nil {
			return err
		}
		f.terms.Validator = fmt.Sprintf("%x", k.PubKey.Bytes())
	}
	private, err := ceremony.MakeEncryptionKey(c)
	if err != nil {
		return err
	}
	f.terms.EncryptionKey = fmt.Sprintf("%x", private.PublicKey().Bytes())
	return nil
}

// accountKey reads FILE[=HOLDER] or KIND:HEX[=HOLDER]; file is empty where the key is elsewhere.
func accountKey(s string) (k ceremony.AccountKey, file string, err error) {
	what, holder, _ := strings.Cut(s, "=")
	k.Holder = holder
	if pub, err := key.ParseString(what); err == nil {
		k.Key = pub.String()
		return k, "", nil
	}
	pub, err := keys.Public(what)
	if err != nil {
		return k, "", fmt.Errorf("--key: %.100q is neither a public key, kind:hex, nor a key file: %w", what, err)
	}
	k.Key = pub.String()
	return k, what, nil
}

func signOfferCommand() *cobra.Command {
	var file, passphraseFile string
	cmd := &cobra.Command{
		Use:   "sign OFFER --key FILE",
		Short: "As a holder of one of its keys: add your signature to an offer",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var o ceremony.Offer
			if err := ceremony.Read(args[0], &o); err != nil {
				return err
			}
			s, err := loadKey(cmd, file, passphraseFile)
			if err != nil {
				return err
			}
			if err := o.Sign(s); err != nil {
				return err
			}
			if err := ceremony.Rewrite(args[0], &o); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s has signed the offer of %s; %d of its %d keys have.\n", s.Public(), o.Terms.Name, len(o.Signatures), len(o.Terms.Keys))
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "key", "", "your key file")
	passphraseFlag(cmd, &passphraseFile)
	_ = cmd.MarkFlagRequired("key") // the flag is there
	return cmd
}
