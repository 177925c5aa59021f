package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app/ceremony"
	"github.com/splittally/splittally/app/files"
)

// assembleFlags are what 'tallyd genesis assemble' takes.
type assembleFlags struct {
	chain, time, offset, out string
	parameters               []string
	belowFour                bool
}

func assembleCommand() *cobra.Command {
	var f assembleFlags
	cmd := &cobra.Command{
		Use:   "assemble --chain ID --time TIME OFFER...",
		Short: "As one member for all: make the genesis of the members' offers",
		Long: `assemble checks every offer, makes a key of invoice fingerprints for the network, and writes into a new folder:
genesis.json, the same bytes for the same offers in any order; ceremony.json, what it was made from;
invoice-keys.json, the key sealed to each member. Send the whole folder to every member.`,
		Example: `  tallyd genesis assemble --chain hanhai-1 --time 2027-01-04T09:00:00+08:00 --utc-offset +08:00 \
    --parameter 'voucher.tenor_max_days=180:six months [77 art. 11]' --out hanhai-1 hanhai.json linjiang.json anping.json operations.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	l := cmd.Flags()
	l.StringVar(&f.chain, "chain", "", "the chain's id")
	l.StringVar(&f.time, "time", "", "when the first block may be made, such as 2027-01-04T09:00:00+08:00")
	l.StringVar(&f.offset, "utc-offset", "+08:00", "where the chain's days begin")
	l.StringArrayVar(&f.parameters, "parameter", nil, "NAME=VALUE:SOURCE, a limit that differs from its default; once for each")
	l.BoolVar(&f.belowFour, "allow-below-four", false, "fewer than four validators, so that one failure stops the chain")
	l.StringVar(&f.out, "out", "genesis", "the folder to make")
	_ = cmd.MarkFlagRequired("chain") // the flag is there
	_ = cmd.MarkFlagRequired("time")  // the flag is there
	return cmd
}

func (f *assembleFlags) run(cmd *cobra.Command, files []string) error {
	c, err := f.ceremony(files)
	if err != nil {
		return err
	}
	c.Settle()
	faults, warnings := c.Check()
	printList(cmd, "Warnings:", warnings)
	if len(faults) > 0 {
		printList(cmd, "Faults:", faults)
		return fmt.Errorf("nothing was written: %d faults in %d offers", len(faults), len(c.Offers))
	}
	genesis, err := c.Genesis()
	if err != nil {
		return err
	}
	if r := ceremony.Check(genesis, c); len(r.Faults) > 0 {
		printList(cmd, "Faults:", r.Faults)
		return errors.New("nothing was written: the genesis does not run")
	}
	return f.write(cmd, c, genesis)
}

func (f *assembleFlags) ceremony(files []string) (*ceremony.Ceremony, error) {
	at, err := time.Parse(time.RFC3339, f.time)
	if err != nil {
		return nil, failure{fmt.Errorf("--time: %.40q: write it as 2027-01-04T09:00:00+08:00", f.time), exitUsage}
	}
	seconds, err := offset(f.offset)
	if err != nil {
		return nil, err
	}
	c := &ceremony.Ceremony{Chain: f.chain, Time: at, UTCOffsetS: seconds, AllowBelowFour: f.belowFour}
	for _, p := range f.parameters {
		one, err := parameterOf(p)
		if err != nil {
			return nil, err
		}
		c.Parameters = append(c.Parameters, one)
	}
	for _, file := range files {
		var o ceremony.Offer
		if err := ceremony.Read(file, &o); err != nil {
			return nil, err
		}
		c.Offers = append(c.Offers, o)
	}
	return c, nil
}

func parameterOf(s string) (ceremony.Parameter, error) {
	name, rest, ok := strings.Cut(s, "=")
	value, source, also := strings.Cut(rest, ":")
	n, err := strconv.ParseInt(value, 10, 64)
	if !ok || !also || err != nil {
		return ceremony.Parameter{}, failure{fmt.Errorf("--parameter: %.80q: write it as NAME=VALUE:SOURCE; 'tally params' lists the names", s), exitUsage}
	}
	return ceremony.Parameter{Name: name, Value: n, Source: source}, nil
}

func (f *assembleFlags) write(cmd *cobra.Command, c *ceremony.Ceremony, genesis []byte) error {
	sealed, err := ceremony.MakeInvoiceKeys(c)
	if err != nil {
		return err
	}
	if err := os.Mkdir(f.out, 0o700); err != nil {
		return fmt.Errorf("--out: %w: name a folder that is not there", err)
	}
	file := filepath.Join(f.out, "genesis.json")
	if err := errors.Join(
		files.New(file, genesis),
		ceremony.Write(ceremony.Beside(file, ceremony.CeremonyName), c),
		ceremony.Write(ceremony.Beside(file, ceremony.InvoiceKeysName), sealed),
	); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "The genesis of %s with %d members is in %s.\n\n  %s\n\nSend the folder to every member; each runs 'tallyd genesis check' and reads this hash to the others.\n",
		c.Chain, len(c.Offers), f.out, ceremony.Hash(genesis))
	return nil
}
