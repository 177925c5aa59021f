package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/node"
)

func homeFlag(c *cobra.Command, home *string) {
	c.Flags().StringVar(home, "home", defaultHome(), "the node's folder")
}

func defaultHome() string {
	if dir, err := os.UserHomeDir(); err == nil {
		return dir + "/.tallyd"
	}
	return ".tallyd"
}

func initCommand() *cobra.Command {
	c := node.DefaultConfig()
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a node's folder: keys, a certificate for the gate, a configuration",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ident, err := node.MakeHome(c)
			if err != nil {
				return err
			}
			if err := c.Save(); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), `Made a node in %s.

  peer id         %s
  validator key   %x
  gate's pin      %s

Next: put the network's genesis file at %s,
name other members' nodes under "peers" in %s, and run 'tallyd start --home %s'.
Your member must have this peer id registered before others let the node in.
`, c.Home, ident.PeerID, ident.Validator, ident.Pin, c.GenesisFile(), c.ConfigFile(), c.Home)
			return err
		},
	}
	homeFlag(cmd, &c.Home)
	cmd.Flags().StringVar(&c.Member, "member", "", "the name of the member whose node this is")
	cmd.Flags().StringVar(&c.GateListen, "gate", c.GateListen, "the public port, host:port")
	cmd.Flags().StringVar(&c.P2PListen, "p2p", c.P2PListen, "where other nodes connect, host:port")
	return cmd
}

func startCommand() *cobra.Command {
	var home string
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Run the node until it is told to stop",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := node.Load(home)
			if err != nil {
				return err
			}
			return run(cmd.ErrOrStderr(), c)
		},
	}
	homeFlag(cmd, &home)
	return cmd
}

// run runs a node until a signal, which ends it well, or until it fails.
func run(logs io.Writer, c node.Config) error {
	sink, err := node.OpenLog(logs, c)
	if err != nil {
		return err
	}
	defer sink.Close() //nolint:errcheck // nothing is left to say it to
	log := node.NewLog(sink, c)
	n, err := node.Start(c, version, log)
	if u := (*app.UpgradeNeeded)(nil); errors.As(err, &u) {
		return failure{err, exitUpgrade}
	}
	if err != nil {
		return err
	}
	stop, reopen := make(chan os.Signal, 2), make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	signal.Notify(reopen, syscall.SIGHUP)
	log.Info("the node runs", "member", c.Member, "gate", n.GateAddress(), "height", n.App().Status().Height, "version", version)
	for {
		select {
		case <-reopen:
			log.Info("opening the log anew")
			if err := sink.Reopen(); err != nil {
				log.Error("the log was not closed well", "err", err)
			}
		case s := <-stop:
			log.Info("stopping", "signal", s.String(), "within", node.StopWithin)
			return end(n, stop)
		case err := <-n.Failed():
			return ended(n, log, err)
		}
	}
}

// end stops the node in its order; a second signal, or too long a stop, ends the process as it is, which costs nothing but
// the reading of the last block at the next start.
func end(n *node.Node, again <-chan os.Signal) error {
	done := make(chan error, 1)
	go func() { done <- n.Stop() }()
	select {
	case err := <-done:
		return err
	case <-again:
		return errors.New("ended at once by a second signal")
	case <-time.After(node.StopWithin):
		return fmt.Errorf("ended at once: it did not stop within %s", node.StopWithin)
	}
}

// ended says why a node ended by itself.
func ended(n *node.Node, log *slog.Logger, err error) error {
	var u *app.UpgradeNeeded
	if errors.As(err, &u) {
		log.Info("stopping for the upgrade", "height", u.Height, "protocol", u.Protocol, "known", u.Known)
		return failure{errors.Join(u, n.Stop()), exitUpgrade}
	}
	log.Error("the node has failed and ends", "err", err)
	return failure{fmt.Errorf("the node has failed: %w; its log says why, its data is as of the last block", err), exitEngine}
}

func verifyCommand() *cobra.Command {
	var home string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Replay all blocks of a stopped node; check every header, commit, state hash and invariant",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := node.Load(home)
			if err != nil {
				return err
			}
			bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription("replaying"), progressbar.OptionClearOnFinish())
			v, err := node.Verify(c, func(done, all int64) {
				bar.ChangeMax64(all)
				_ = bar.Set64(done) // a bar that cannot be drawn is no fault of the chain
			})
			_ = bar.Finish()
			if err != nil {
				return fmt.Errorf("verification failed after %d blocks: %w", v.Blocks, err)
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
		},
	}
	homeFlag(cmd, &home)
	return cmd
}

func exportCommand() *cobra.Command {
	var home, out string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the state of a stopped node as the app_state of a new genesis",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := node.Load(home)
			if err != nil {
				return err
			}
			state, content, height, err := node.Export(c)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "state of height %d, content hash %s\n", height, content)
			if out == "" {
				_, err = cmd.OutOrStdout().Write(append(state, '\n'))
				return err
			}
			return os.WriteFile(out, append(state, '\n'), 0o600)
		},
	}
	homeFlag(cmd, &home)
	cmd.Flags().StringVar(&out, "out", "", "the file to write; standard output without it")
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of program, protocol and Go",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "tallyd %s, protocol %d, %s %s/%s\n", version, app.NewestProtocol(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
