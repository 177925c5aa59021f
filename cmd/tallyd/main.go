// Command tallyd is a member's node.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// Exit codes, documented in 'tallyd --help'.
const (
	exitFailed  = 1  // the command did not do what it was asked
	exitUsage   = 2  // the command line is wrong
	exitEngine  = 70 // the node has failed and must be looked at
	exitUpgrade = 78 // the network goes on by rules that this program does not know: install the next one
)

// version is set by the linker for releases.
var version = "0.1.0-dev"

// failure is an error with the exit code that it means.
type failure struct {
	error
	code int
}

func main() {
	err := root().Execute()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "tallyd:", err)
	var f failure
	if errors.As(err, &f) {
		os.Exit(f.code)
	}
	os.Exit(exitFailed)
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:   "tallyd",
		Short: "A member's node of a Splittally network",
		Long: `tallyd is a member's node of a Splittally network: a permissioned chain for supply-chain finance.

Begin with 'tallyd demo', which plays a whole consortium on this machine, or 'tallyd devnet', which
leaves one running for you to work with.

Exit codes: 0 done, 1 not done, 2 wrong command line, 70 the running node has failed,
78 the network has upgraded beyond this program.`,
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return failure{err, exitUsage} })
	c.AddCommand(demoCommand(), initCommand(), startCommand(), verifyCommand(), exportCommand(), versionCommand(), devnetCommand())
	c.AddCommand(genesisCommand(), doctorCommand())
	c.AddCommand(snapshotCommand(), backupCommand(), restoreCommand(), signerCommand())
	for _, one := range append(c.Commands(), c) {
		one.Args = asUsage(one.Args)
	}
	return c
}

// asUsage gives what is wrong with a command's words the exit code of a wrong command line.
func asUsage(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, words []string) error {
		if err := args(cmd, words); err != nil {
			return failure{err, exitUsage}
		}
		return nil
	}
}
