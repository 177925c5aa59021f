package main

import (
	"crypto/ecdh"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app/ceremony"
	"github.com/splittally/splittally/app/node"
)

// checked is a genesis that was held against a member's home.
type checked struct {
	*papers
	config  node.Config
	own     ceremony.Offer
	private *ecdh.PrivateKey
	report  *ceremony.Report
}

// checkAtHome checks a genesis file against the home's own offer and keys, and other offers that are known.
func checkAtHome(file, home, told string, others []string) (*checked, error) {
	c, err := node.Load(home)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(ceremony.OfferFile(c)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: this home has made no offer; name the home that 'tallyd genesis offer' was run with", err)
	}
	x, err := checkOffers(file, told, append([]string{ceremony.OfferFile(c)}, others...))
	if err != nil {
		return nil, err
	}
	x.config = c
	return x, x.atHome()
}

// checkOffers checks a genesis file against offers that are known: the first is one's own.
func checkOffers(file, told string, offers []string) (*checked, error) {
	p, err := readPapers(file)
	if err != nil {
		return nil, err
	}
	var known []*ceremony.Offer
	for _, f := range offers {
		o := &ceremony.Offer{}
		if err := ceremony.Read(f, o); err != nil {
			return nil, err
		}
		known = append(known, o)
	}
	x := &checked{papers: p, own: *known[0], report: ceremony.Check(p.genesis, &p.ceremony, known...)}
	if told != "" && !strings.EqualFold(told, x.report.Hash) {
		x.report.Faults = append(x.report.Faults, "the hash that you were told is another one: somebody has another genesis")
	}
	return x, nil
}

// checkFor is the check of a command: at the home of a node, or, for who holds a key and has no node, against the offer
// that was signed.
func checkFor(cmd *cobra.Command, file, home, told string, offers []string) (*checked, error) {
	if len(offers) > 0 && !cmd.Flags().Changed("home") {
		return checkOffers(file, told, offers)
	}
	return checkAtHome(file, home, told, offers)
}

// atHome judges what only this home can: that the keys it offered are here, and that its copy of the invoice key opens.
func (x *checked) atHome() error {
	ident, err := node.ReadIdentity(x.config)
	if err != nil {
		return err
	}
	t := &x.own.Terms
	if len(t.Nodes) == 0 || t.Nodes[0] != ident.PeerID || t.Pin != ident.Pin {
		x.report.Faults = append(x.report.Faults, "the keys in this home are not those of its offer: the node's key or the gate's certificate is another one")
	}
	if x.private, err = ceremony.EncryptionKey(x.config); err != nil {
		return err
	}
	if _, err := x.keys.Open(t.Credential, x.private); err != nil {
		x.report.Faults = append(x.report.Faults, err.Error())
	}
	return nil
}

// refused is an error where the check has found faults.
func (x *checked) refused() error {
	if n := len(x.report.Faults); n > 0 {
		return fmt.Errorf("do not accept this genesis: it has %d faults", n)
	}
	return nil
}

func checkGenesisCommand() *cobra.Command {
	var home, told, output string
	var others []string
	cmd := &cobra.Command{
		Use:   "check GENESIS",
		Short: "As a member: check a genesis against your offer, run it in memory, say what it says",
		Long: `check looks whether your offer is in the genesis unchanged, whether all offers are signed by their keys, whether
the file is what these offers make and nothing else, and whether a chain begins from it with all invariants
holding. It says in plain words what the genesis says. Read the hash to the other members over the telephone.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownOutput(output); err != nil {
				return err
			}
			x, err := checkFor(cmd, args[0], home, told, others)
			if err != nil {
				return err
			}
			if err := printCheck(cmd, x.report, output); err != nil {
				return err
			}
			return x.refused()
		},
	}
	homeFlag(cmd, &home)
	cmd.Flags().StringVar(&told, "hash", "", "the hash that another member told you")
	cmd.Flags().StringArrayVar(&others, "offer", nil, "an offer that must be in unchanged; without --home the first is the one that you signed")
	outputFlag(cmd, &output)
	return cmd
}

func outputFlag(c *cobra.Command, output *string) {
	c.Flags().StringVarP(output, "output", "o", "table", "table for people, json for programs")
}

func knownOutput(output string) error {
	if output != "table" && output != "json" {
		return failure{fmt.Errorf("--output: %.20q is neither table nor json", output), exitUsage}
	}
	return nil
}

func printCheck(cmd *cobra.Command, r *ceremony.Report, output string) error {
	if output == "json" {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
	}
	printList(cmd, "The genesis says:", r.Words)
	printList(cmd, "Warnings:", r.Warnings)
	printList(cmd, "Faults:", r.Faults)
	fmt.Fprintf(cmd.OutOrStdout(), "\nRead this hash to the other members:\n\n  %s\n", grouped(r.Hash))
	return nil
}

// grouped puts blanks into a hash, to be read aloud.
func grouped(s string) string {
	const group = 4
	var out []string
	for ; len(s) > group; s = s[group:] {
		out = append(out, s[:group])
	}
	return strings.Join(append(out, s), " ")
}

func acceptCommand() *cobra.Command {
	var home, file, out, passphraseFile string
	var offers []string
	cmd := &cobra.Command{
		Use:   "accept GENESIS --key FILE",
		Short: "As a member: check a genesis again and sign its hash with your account's key",
		Long: `accept checks as 'tallyd genesis check' does and signs the hash. Who holds a key of the account and has no node
names the offer that was signed, with --offer, in place of --home; each holder writes an acceptance.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			x, err := checkFor(cmd, args[0], home, "", offers)
			if err != nil {
				return err
			}
			if err := x.refused(); err != nil {
				printList(cmd, "Faults:", x.report.Faults)
				return err
			}
			a := ceremony.NewAcceptance(x.genesis, &x.keys, &x.own.Terms)
			s, err := loadKey(cmd, file, passphraseFile)
			if err != nil {
				return err
			}
			if !x.own.Terms.Has(s.Public()) {
				return fmt.Errorf("--key: %s is none of the keys of your offer", s.Public())
			}
			if err := a.Sign(s); err != nil {
				return err
			}
			if err := ceremony.Write(out, a); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s accepts the genesis %s…; give %s to every member.\n", x.own.Terms.Name, x.report.Hash[:16], out)
			return nil
		},
	}
	homeFlag(cmd, &home)
	cmd.Flags().StringVar(&file, "key", "", "your account's key file")
	cmd.Flags().StringArrayVar(&offers, "offer", nil, "an offer that must be in unchanged; without --home the first is the one that you signed")
	cmd.Flags().StringVar(&out, "out", "acceptance.json", "the acceptance's file, which must not be there yet")
	passphraseFlag(cmd, &passphraseFile)
	_ = cmd.MarkFlagRequired("key") // the flag is there
	return cmd
}

func collectCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "collect GENESIS ACCEPTANCE...",
		Short: "Show which members have accepted a genesis",
		Long:  "collect shows who has accepted. It ends with 0 when every member has, by as many keys as its account needs.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownOutput(output); err != nil {
				return err
			}
			p, err := readPapers(args[0])
			if err != nil {
				return err
			}
			var all []ceremony.Acceptance
			for _, f := range args[1:] {
				var a ceremony.Acceptance
				if err := ceremony.Read(f, &a); err != nil {
					return err
				}
				all = append(all, a)
			}
			standings, faults := ceremony.Collect(p.genesis, &p.ceremony, &p.keys, all)
			return printStandings(cmd, standings, faults, output)
		},
	}
	outputFlag(cmd, &output)
	return cmd
}

func printStandings(cmd *cobra.Command, all []ceremony.Standing, faults []string, output string) error {
	missing := 0
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"member", "credential", "signatures", "accepted"})
	for _, s := range all {
		word := "yes"
		if !s.Accepted {
			word = "not yet"
			missing++
		}
		t.AppendRow(table.Row{plain(s.Member), s.Credential, fmt.Sprintf("%d of %d", s.Signed, s.Needed), word})
	}
	if output == "json" {
		if err := json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"members": all, "faults": append([]string{}, faults...)}); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(cmd.OutOrStdout(), t.Render())
		printList(cmd, "Faults:", faults)
	}
	if missing+len(faults) > 0 {
		return fmt.Errorf("%d of %d members have yet to accept", missing, len(all))
	}
	return nil
}

func installCommand() *cobra.Command {
	var home string
	cmd := &cobra.Command{
		Use:   "install GENESIS",
		Short: "Put an accepted genesis, the other members' nodes and the invoice key into your node's home",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			x, err := checkAtHome(args[0], home, "", nil)
			if err != nil {
				return err
			}
			if err := x.refused(); err != nil {
				printList(cmd, "Faults:", x.report.Faults)
				return err
			}
			if err := ceremony.Install(x.config, x.genesis, &x.ceremony, &x.keys, &x.own.Terms, x.private); err != nil {
				return err
			}
			_, account, _ := x.ceremony.Account(x.own.Terms.Credential)
			fmt.Fprintf(cmd.OutOrStdout(), `Installed in %s. Your main account is %s.

Now: tallyd doctor --home %s
     tallyd start --home %s
Wallets begin from %s; who issues or accepts against invoices needs %s,
which is for members alone: tally init --invoice-key-file
`, home, account, home, home, ceremony.NetworkFile(x.config), ceremony.InvoiceKeyFile(x.config))
			return nil
		},
	}
	homeFlag(cmd, &home)
	return cmd
}
