package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app/ceremony"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk/keys"
)

const genesisHelp = `The members of a new network make its genesis together. No secret leaves its owner's machine.

  1. each member    tallyd init, tally keys new, tallyd genesis offer
                    (accounts of several keys: each holder runs tallyd genesis sign)
  2. one member     tallyd genesis assemble OFFER...        sends the folder it makes to all
  3. each member    tallyd genesis check genesis.json       and reads the hash to the others on the telephone
                    tallyd genesis accept genesis.json      sends its acceptance to all
  4. each member    tallyd genesis collect genesis.json ACCEPTANCE...
                    tallyd genesis install genesis.json, tallyd start`

func genesisCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "genesis",
		Short: "Make a network's genesis with its other members",
		Long:  genesisHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(offerCommand(), signOfferCommand(), assembleCommand(), checkGenesisCommand(), acceptCommand(), collectCommand(), installCommand())
	for _, one := range c.Commands() {
		one.Args = asUsage(one.Args)
	}
	return c
}

// passphraseFlag names a file for programs; people are asked.
func passphraseFlag(c *cobra.Command, file *string) {
	c.Flags().StringVar(file, "passphrase-file", os.Getenv("TALLY_PASSPHRASE_FILE"), "a file with the key's passphrase; asked for without")
}

// loadKey opens an account's key that 'tally keys' made.
func loadKey(cmd *cobra.Command, file, passphraseFile string) (key.Signer, error) {
	passphrase, err := askPassphrase(cmd, file, passphraseFile, false)
	if err != nil {
		return nil, err
	}
	return keys.Load(file, passphrase)
}

// offset reads +08:00 as seconds east of UTC.
func offset(s string) (int32, error) {
	t, err := time.Parse("-07:00", s)
	if err != nil {
		return 0, failure{fmt.Errorf("--utc-offset: %.20q: write it as +08:00", s), exitUsage}
	}
	_, seconds := t.Zone()
	return int32(seconds), nil //nolint:gosec // at most a day
}

// papers are what goes round with a genesis file, from its folder.
type papers struct {
	genesis  []byte
	ceremony ceremony.Ceremony
	keys     ceremony.InvoiceKeys
}

func readPapers(file string) (*papers, error) {
	p := &papers{}
	var err error
	if p.genesis, err = os.ReadFile(file); err != nil {
		return nil, err
	}
	if err := ceremony.Read(ceremony.Beside(file, ceremony.CeremonyName), &p.ceremony); err != nil {
		return nil, fmt.Errorf("%w: keep the files together that 'tallyd genesis assemble' wrote", err)
	}
	if err := ceremony.Read(ceremony.Beside(file, ceremony.InvoiceKeysName), &p.keys); err != nil {
		return nil, fmt.Errorf("%w: keep the files together that 'tallyd genesis assemble' wrote", err)
	}
	return p, nil
}

// plain is text without what could move a terminal's cursor: it comes from files of others.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case r == '\n':
			return ' '
		}
		return unicode.ReplacementChar
	}, s)
}

// printList prints lines under a heading, and nothing where there are none.
func printList(cmd *cobra.Command, heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(cmd.OutOrStdout(), heading)
	for _, l := range lines {
		fmt.Fprintln(cmd.OutOrStdout(), "  "+plain(l))
	}
}
