package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/node"
)

func snapshotCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Make, list, export or take in snapshots of the state",
		Long: `A snapshot is the whole state of one height, with the kept preimages of trails and accounts' histories. A new
node begins from one instead of all blocks: over the network with state_sync_trust_height in tallyd.toml,
or from a file. Nothing in it is believed: the state must have the root that two members' headers show.
A node that began so has no events and outcomes of the blocks before.

A running node makes snapshots by itself: snapshot_every_blocks in tallyd.toml.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(snapshotCreateCommand(), snapshotListCommand(), snapshotExportCommand(), snapshotRestoreCommand())
	for _, one := range cmd.Commands() {
		one.Args = asUsage(one.Args)
	}
	return cmd
}

func snapshotCreateCommand() *cobra.Command {
	var home string
	cmd := &cobra.Command{
		Use: "create", Short: "Make a snapshot of a stopped node's newest height", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := node.Load(home)
			if err != nil {
				return err
			}
			m, err := node.CreateSnapshot(c)
			if err != nil {
				return err
			}
			return tellSnapshot(cmd, "Made a snapshot of height %d: %d bytes in %d chunks, hash %x.\n", m)
		},
	}
	homeFlag(cmd, &home)
	return cmd
}

func tellSnapshot(cmd *cobra.Command, format string, m app.Manifest) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), format, m.Height, m.Bytes, len(m.Chunks), m.Hash())
	return err
}

func snapshotListCommand() *cobra.Command {
	var home string
	cmd := &cobra.Command{
		Use: "list", Short: "List a node's snapshots, newest first; it may run", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := node.Load(home)
			if err != nil {
				return err
			}
			all, err := node.ListSnapshots(c)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "There is none. 'tallyd snapshot create' makes one of a stopped node, snapshot_every_blocks while it runs.")
				return err
			}
			t := table.NewWriter()
			t.SetOutputMirror(cmd.OutOrStdout())
			t.SetStyle(table.StyleLight)
			t.AppendHeader(table.Row{"height", "bytes", "chunks", "root", "hash"})
			for _, m := range all {
				t.AppendRow(table.Row{m.Height, m.Bytes, len(m.Chunks), fmt.Sprintf("%x", m.Root), fmt.Sprintf("%x", m.Hash())})
			}
			t.Render()
			return nil
		},
	}
	homeFlag(cmd, &home)
	return cmd
}

func snapshotExportCommand() *cobra.Command {
	var home string
	var height int64
	cmd := &cobra.Command{
		Use: "export FILE", Short: "Write a snapshot into one file; the node may run", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := node.Load(home)
			if err != nil {
				return err
			}
			m, err := node.ExportSnapshot(c, height, args[0])
			if err != nil {
				return err
			}
			return tellSnapshot(cmd, "Wrote the snapshot of height %d: %d bytes in %d chunks, hash %x.\n", m)
		},
	}
	homeFlag(cmd, &home)
	cmd.Flags().Int64Var(&height, "height", 0, "the snapshot's height; without it the newest")
	return cmd
}

func snapshotRestoreCommand() *cobra.Command {
	var home string
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Begin a node without blocks from a snapshot file", Args: cobra.ExactArgs(1),
		Long: `restore takes a snapshot file into a node that has no blocks. tallyd.toml names what you trust:
state_sync_trust_height and state_sync_trust_hash a header that a member told you, state_sync_gates the
gates of two members that show the headers around the snapshot's height.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := node.Load(home)
			if err != nil {
				return err
			}
			f, err := os.Open(filepath.Clean(args[0]))
			if err != nil {
				return err
			}
			defer f.Close()
			bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription("taking in"), progressbar.OptionClearOnFinish())
			m, err := node.RestoreSnapshot(cmd.Context(), c, f, func(done, all int) {
				bar.ChangeMax(all)
				_ = bar.Set(done) // a bar that cannot be drawn is no fault of the snapshot
			})
			_ = bar.Finish()
			if err != nil {
				return fmt.Errorf("the snapshot is not taken in, and the node is as it was: %w", err)
			}
			return tellSnapshot(cmd, "The node begins at height %d: %d bytes in %d chunks, hash %x. Run 'tallyd start'.\n", m)
		},
	}
	homeFlag(cmd, &home)
	return cmd
}
