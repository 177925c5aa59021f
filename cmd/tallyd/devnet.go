package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

func devnetCommand() *cobra.Command {
	var dir string
	var reset bool
	cmd := &cobra.Command{
		Use:   "devnet",
		Short: "Run a consortium on this machine: four validators of four members and a full node",
		Long: `devnet lays out a consortium in a folder and runs it until you press Ctrl-C: four validators of four
members, a full node beside them, and accounts of an obligor, a bank, a factor, suppliers of three tiers
and a regulator, with keys that everybody knows. Run again, it goes on where it stopped; --reset begins anew.
It is for development: nothing on it is real.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return runDevnet(ctx, cmd.OutOrStdout(), dir, reset)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", filepath.Join(defaultHome(), "devnet"), "the network's folder")
	cmd.Flags().BoolVar(&reset, "reset", false, "delete the network's folder first")
	return cmd
}

func runDevnet(ctx context.Context, out io.Writer, dir string, reset bool) error {
	net, err := openDevnet(dir, reset)
	if err != nil {
		return err
	}
	p, err := startProcesses(net)
	if err != nil {
		return err
	}
	defer p.stop()
	began := time.Now()
	if err := p.waitReady(ctx, net); err != nil {
		return err
	}
	fmt.Fprintf(out, "Ready after %.1f s. Chain %s, folder %s.\n\n", time.Since(began).Seconds(), devnet.ChainID, dir)
	printRoles(out, net)
	fmt.Fprintf(out, "\nTry, in another terminal:\n\n  tally init --home /tmp/tier1 --devnet %s --role tier1\n  tally holdings --home /tmp/tier1\n\nCtrl-C stops the network; the same command goes on where it stopped.\n", dir)
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.failed:
		return err
	}
}

// openDevnet makes the network's folder, or reads one that is there.
func openDevnet(dir string, reset bool) (*devnet.Net, error) {
	if reset {
		if err := devnet.RemoveDir(dir); err != nil {
			return nil, err
		}
	}
	if devnet.IsThere(dir) {
		return devnet.Open(dir)
	}
	return devnet.Make(devnet.Options{Dir: dir, Validators: 4, FullNode: true})
}

func printRoles(out io.Writer, net *devnet.Net) {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"role", "member", "account", "gate"})
	for _, r := range net.Roles {
		t.AppendRow(table.Row{r.Name, r.Title, r.Account.Short() + "…", "https://" + net.Nodes[r.Node].GateListen})
	}
	t.Render()
	fmt.Fprintln(out, "\nDevelopment keys (secp256k1, known to everybody):")
	for _, r := range net.Roles {
		fmt.Fprintf(out, "  %-10s %s\n", r.Name, r.Secret)
	}
}

// processes are the network's nodes, each a process of its own.
type processes struct {
	commands []*exec.Cmd
	logs     []*os.File
	failed   chan error
	ending   chan struct{}
	done     sync.WaitGroup
}

// startProcesses runs 'tallyd start' for every node; each writes its log beside its data.
func startProcesses(net *devnet.Net) (*processes, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &processes{failed: make(chan error, len(net.Nodes)), ending: make(chan struct{})}
	for _, c := range net.Nodes {
		if err := p.start(self, c); err != nil {
			p.stop()
			return nil, err
		}
	}
	return p, nil
}

func (p *processes) start(self string, c node.Config) error {
	log, err := os.OpenFile(filepath.Join(c.Home, "tallyd.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	p.logs = append(p.logs, log)
	cmd := exec.Command(self, "start", "--home", c.Home) //nolint:gosec // our own program
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = childAttributes()
	if err := cmd.Start(); err != nil {
		return err
	}
	p.commands = append(p.commands, cmd)
	p.done.Add(1)
	go func() {
		defer p.done.Done()
		_ = cmd.Wait() // how it ended is in ProcessState
		select {
		case <-p.ending:
		default:
			p.failed <- fmt.Errorf("the node in %s ended by itself (%s): see %s", c.Home, cmd.ProcessState, log.Name())
		}
	}()
	return nil
}

// stop ends every process well, and kills what has not ended in time.
func (p *processes) stop() {
	close(p.ending)
	for _, c := range p.commands {
		_ = c.Process.Signal(syscall.SIGTERM) // one that has ended needs none
	}
	ended := make(chan struct{})
	go func() { p.done.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		for _, c := range p.commands {
			_ = c.Process.Kill()
		}
		<-ended
	}
	for _, l := range p.logs {
		_ = l.Close()
	}
}

// waitReady asks every gate until it says that its node has caught up.
func (p *processes) waitReady(ctx context.Context, net *devnet.Net) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client := readinessClient()
	defer client.CloseIdleConnections()
	for _, c := range net.Nodes {
		for !ready(ctx, client, c.GateListen) {
			select {
			case err := <-p.failed:
				return err
			case <-ctx.Done():
				return errors.New("the nodes are not ready after a minute; their logs are in " + net.Dir)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

// readinessClient asks for readiness alone, which needs no trust.
func readinessClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
	}}
}

func ready(ctx context.Context, client *http.Client, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/ready", nil)
	if err != nil {
		return false
	}
	r, err := client.Do(req)
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode == http.StatusOK
}
