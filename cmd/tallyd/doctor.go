package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app/doctor"
)

func doctorCommand() *cobra.Command {
	var home, output string
	var o doctor.Options
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look a node over, running or stopped: what is wrong, how bad it is, and what cures it",
		Long: fmt.Sprintf(`doctor looks at, in this order: %s.

It works on a running and on a stopped node, and changes nothing. Run it as the user that runs the node. It ends with
1 where there is a fault; warnings do not count.`, strings.Join(doctor.Names(), ", ")),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := knownOutput(output); err != nil {
				return err
			}
			found := doctor.Examine(cmd.Context(), home, o)
			if err := printFindings(cmd.OutOrStdout(), found, output); err != nil {
				return err
			}
			if doctor.Worst(found) == doctor.Fault {
				return fmt.Errorf("the node in %s has faults", home)
			}
			return nil
		},
	}
	homeFlag(cmd, &home)
	outputFlag(cmd, &output)
	cmd.Flags().StringVar(&o.NTP, "ntp", "", "a time server to compare the clock with, such as ntp.ntsc.ac.cn; none is asked without")
	cmd.Flags().IntVar(&o.MinFreeGiB, "min-free-gib", 0, "how much of the disk must be free, in GiB; 5 without")
	return cmd
}

// lineWidth is where what is told breaks.
const lineWidth = 70

func printFindings(w io.Writer, found []doctor.Finding, output string) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(map[string]any{"worst": doctor.Worst(found), "findings": found})
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"", "check", "what", "cure"})
	for _, f := range found {
		t.AppendRow(table.Row{strings.ToUpper(string(f.Level)), f.Check, text.WrapSoft(plain(f.What), lineWidth), text.WrapSoft(f.Cure, lineWidth)})
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}
