package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/app/node/headers"
)

// oldIsOff is what an operator types who has seen to it.
const oldIsOff = "it is off"

func backupCommand() *cobra.Command {
	var home, passphraseFile string
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Write a node's keys, configuration and genesis into one encrypted file", Args: cobra.ExactArgs(1),
		Long: `backup writes the keys, the configuration and the genesis of a node into a new file, encrypted under a
passphrase. The node may run. Its data is not in the file: a restored node gets it from its peers. Neither is
what the validator signed last, because put back it would be old: see 'tallyd restore'.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := node.Load(home)
			if err != nil {
				return err
			}
			passphrase, err := askPassphrase(cmd, "the backup", passphraseFile, true)
			if err != nil {
				return err
			}
			a, err := node.Backup(c, passphrase, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "Wrote %d files of the node of %q on chain %s. Keep the file and the passphrase apart, and try 'tallyd restore' on a spare machine without a network.\n", len(a.Files), a.Member, a.Chain)
			return err
		},
	}
	homeFlag(cmd, &home)
	cmd.Flags().StringVar(&passphraseFile, "passphrase-file", "", "a file with the passphrase; asked for without")
	return cmd
}

// restoring is what 'tallyd restore' is told.
type restoring struct {
	home, passphraseFile, trustHash string
	gates                           []string
	trustHeight, signedBelow        int64
	margin                          int64
	off                             bool
}

func restoreCommand() *cobra.Command {
	var r restoring
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Make a node again from a backup, so that its validator never signs twice", Args: cobra.ExactArgs(1),
		Long: `restore makes a node again from the file of 'tallyd backup', in a new home. Its validator signs only above a
height that the old one cannot have reached: the newest of the network, proven by headers of two members'
gates, and a margin. Where the network stands still, name the height with --signed-below.

One thing no program can see: whether the old machine still runs. If it does, or starts again one day, both
sign, the network has proof of it, and the member answers for it. Before you go on, take the old machine
from the power or the network, and delete its priv_validator_key.json. As a last guard the restored
validator does not join while one of the last 10 blocks has a signature of its key.

The node gets its data from its peers: all blocks, or a snapshot, see state_sync_trust_height.`,
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(cmd, args[0]) },
	}
	homeFlag(cmd, &r.home)
	f := cmd.Flags()
	f.StringVar(&r.passphraseFile, "passphrase-file", "", "a file with the passphrase; asked for without")
	f.StringArrayVar(&r.gates, "gate", nil, "a member's gate, NAME=PIN@host:port; name two members' at least")
	f.Int64Var(&r.trustHeight, "trust-height", 0, "height of a header that a member told you; without it the genesis is trusted, for 14 days")
	f.StringVar(&r.trustHash, "trust-hash", "", "hash of that header")
	f.Int64Var(&r.signedBelow, "signed-below", 0, "do not ask the network: the old validator has signed nothing above this height")
	f.Int64Var(&r.margin, "margin", node.RestoreMargin, "blocks above the network's newest that are not signed either")
	f.BoolVar(&r.off, "old-machine-is-off", false, "you have seen to it; without it you are asked")
	return cmd
}

func (r *restoring) run(cmd *cobra.Command, file string) error {
	if r.margin < 0 || r.margin > node.SignedBelowMax || r.signedBelow < 0 {
		return failure{errors.New("--margin and --signed-below are heights: 0 or more"), exitUsage}
	}
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		return err
	}
	defer f.Close()
	passphrase, err := askPassphrase(cmd, "the backup", r.passphraseFile, false)
	if err != nil {
		return err
	}
	a, err := node.OpenBackup(f, passphrase)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "A backup of the node of %q on chain %s, made on %s.\n", a.Member, a.Chain, time.Unix(a.MadeUnixS, 0).UTC().Format(time.RFC3339))
	if err := r.confirm(cmd); err != nil {
		return err
	}
	below, err := r.height(cmd.Context(), a)
	if err != nil {
		return err
	}
	c, err := a.Restore(r.home, below)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "Made the node again in %s. Its validator signs above height %d alone. Run 'tallyd start --home %s'.\n", c.Home, below, c.Home)
	return err
}

// confirm has the operator say what no program can see.
func (r *restoring) confirm(cmd *cobra.Command) error {
	if r.off {
		return nil
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Is the old machine off, for good? If it runs while this node signs, both sign, and your member answers for it.\nType %q to go on: ", oldIsOff)
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if strings.TrimSpace(line) == oldIsOff {
		return nil
	}
	if err != nil {
		return fmt.Errorf("nothing was restored: nobody said that the old machine is off; --old-machine-is-off says it without asking: %w", err)
	}
	return errors.New("nothing was restored: the old machine is not off")
}

// height is the one up to which the old validator may have signed.
func (r *restoring) height(ctx context.Context, a *node.Archive) (int64, error) {
	if r.signedBelow > 0 {
		return r.signedBelow + r.margin, nil
	}
	var gates []headers.Gate
	for _, s := range r.gates {
		g, err := headers.ParseGate(s)
		if err != nil {
			return 0, failure{fmt.Errorf("--gate: %w", err), exitUsage}
		}
		gates = append(gates, g)
	}
	hash, err := hex.DecodeString(r.trustHash)
	if err != nil || (r.trustHeight == 0) != (len(hash) == 0) {
		return 0, failure{errors.New("--trust-height and --trust-hash name one header, the hash with 64 hex digits"), exitUsage}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	newest, err := a.NetworkHeight(ctx, headers.Trust{Height: r.trustHeight, Hash: hash}, gates)
	if err != nil {
		return 0, fmt.Errorf("the height up to which the old validator may have signed is not known: %w. If you know it, from the other members, give it with --signed-below", err)
	}
	return newest + r.margin, nil
}
