package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/splittally/splittally/sdk/lang"
)

// manDate is the date of every page, so that the same program writes the same bytes.
var manDate = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (p *program) man() *cobra.Command {
	return &cobra.Command{
		Use:   "man FOLDER",
		Short: "Write the manual pages of all commands into a folder",
		Long: `Write the manual pages of all commands into a folder, which is made if it is not there. To read
them: man -l FOLDER/tally.1; to install them: copy them to /usr/local/share/man/man1.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // pages are for everybody
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			root.PersistentFlags().Lookup("home").DefValue = "~/.tally" // not that of whoever writes the pages
			root.PersistentFlags().Lookup("passphrase-file").DefValue = ""
			head := &doc.GenManHeader{Section: "1", Source: "tally " + version, Manual: "Splittally", Date: &manDate}
			if err := doc.GenManTree(root, head, args[0]); err != nil {
				return lang.Errorf("%s: %w", args[0], err)
			}
			_, err := fmt.Fprintf(p.out, "Wrote the manual pages to %s.\n", args[0])
			return err
		},
	}
}
