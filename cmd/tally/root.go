package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// program is one run: its streams and the flags that all commands have.
type program struct {
	in       io.Reader
	raw      io.Writer // standard output as it is: for what machines read
	out, err io.Writer // for people: nothing in it can move their cursor
	terminal *terminal // nil where nobody sits there

	lang                         lang.Lang
	chosen                       string // the language that --lang or TALLY_LANG names
	home, output, passphraseFile string
	yes                          bool
	timeout                      time.Duration
	started                      bool         // the command line was right and the command runs
	target                       *draftTarget // of 'tally tx build'; else nil
}

// commandTimeout bounds a command: a transaction's two minutes, what is asked before, and finding out after.
const commandTimeout = 5 * time.Minute

// The groups of commands in the help.
const (
	groupDaily  = "daily"
	groupBank   = "money"
	groupLook   = "look"
	groupWallet = "wallet"
	groupMember = "members"
)

func (p *program) root() *cobra.Command {
	c := &cobra.Command{
		Use:   "tally",
		Short: "A wallet for receivable vouchers that believes no node",
		Long: `tally holds, splits and passes on receivable vouchers, and takes payment for them.

It trusts no node: whatever it shows was proven against headers that more than two thirds of the
network's validators signed and a second node confirmed. It asks before it signs, in plain words.

Begin with 'tally join INVITATION' if a customer or bank has invited you, or with 'tally init --help'.
'tally help exit-codes', 'tally help json' and 'tally help files' say more.`,
		SilenceUsage: true, SilenceErrors: true,
	}
	f := c.PersistentFlags()
	f.StringVar(&p.home, "home", defaultHome(), "the wallet's folder; TALLY_HOME names another")
	f.StringVarP(&p.output, "output", "o", outputTable, "table for people, json for programs")
	f.StringVar(&p.passphraseFile, "passphrase-file", os.Getenv("TALLY_PASSPHRASE_FILE"), "a file with the key's passphrase; TALLY_PASSPHRASE_FILE names one too")
	f.BoolVarP(&p.yes, "yes", "y", false, "sign without asking")
	f.DurationVar(&p.timeout, "timeout", commandTimeout, "give up after this long")
	f.String("lang", "", "zh or en: the language of what people read; TALLY_LANG, the wallet's profile and the system's setting say it too")
	c.PersistentPreRunE = func(*cobra.Command, []string) error { return p.start() }
	c.AddGroup(
		&cobra.Group{ID: groupDaily, Title: "Vouchers:"}, &cobra.Group{ID: groupLook, Title: "Looking:"},
		&cobra.Group{ID: groupBank, Title: "Money:"}, &cobra.Group{ID: groupWallet, Title: "The wallet:"},
		&cobra.Group{ID: groupMember, Title: "Members:"},
	)
	for group, commands := range p.commands() {
		for _, one := range commands {
			one.GroupID = group
			c.AddCommand(one)
		}
	}
	c.AddCommand(topics()...)
	p.marked(c)
	c.SetHelpCommandGroupID(groupWallet)
	c.SetCompletionCommandGroupID(groupWallet)
	p.complete(c)
	p.translate(c)
	return c
}

func (p *program) commands() map[string][]*cobra.Command {
	return map[string][]*cobra.Command{
		groupDaily: {
			p.holdings(), p.offers(), p.pending(), p.owed(), p.issue(), p.accept(), p.reject(), p.cancel(),
			p.send(), p.withdraw(), p.split(), p.merge(), p.standing(), p.check(),
		},
		groupLook:   {p.show(), p.trail(), p.members(), p.params(), p.line(), p.freezes(), p.statement(), p.watch()},
		groupBank:   {p.pay(), p.deposits(), p.deposit()},
		groupWallet: {p.keys(), p.init(), p.join(), p.status(), p.namesCommand(), p.checkpoint(), p.tx(), p.man(), p.versionCommand()},
		groupMember: {p.invite(), p.suspend(), p.reinstate(), p.freeze(), p.release(), p.gov(), p.account(), p.recovery(), p.settlement()},
	}
}

func defaultHome() string {
	if home := os.Getenv("TALLY_HOME"); home != "" {
		return home
	}
	if dir, err := os.UserHomeDir(); err == nil {
		return filepath.Join(dir, ".tally")
	}
	return ".tally"
}

// start judges the flags that all commands have.
func (p *program) start() error {
	if p.output != outputTable && p.output != outputJSON {
		return lang.Errorf("--output: %.20q is neither table nor json", p.output)
	}
	if p.chosen != "" {
		if _, err := lang.Parse(p.chosen); err != nil {
			return lang.Errorf("--lang: %w", err)
		}
	}
	if p.timeout <= 0 {
		return lang.Errorf("--timeout: %s is no time to do anything; leave it out, or give 30s", p.timeout)
	}
	return nil
}

// marked notes when a command begins to run: until then every fault is one of the command line.
func (p *program) marked(c *cobra.Command) {
	if run := c.RunE; run != nil {
		c.RunE = func(cmd *cobra.Command, args []string) error {
			p.started = true
			return run(cmd, args)
		}
	}
	for _, one := range c.Commands() {
		p.marked(one)
	}
}

// open opens the wallet and unlocks it.
func (p *program) open() (*wallet.Wallet, error) {
	w, err := p.openLocked()
	if errors.Is(err, wallet.ErrNoWallet) {
		return nil, lang.Errorf("%w: make one with 'tally join INVITATION' or 'tally init', or name another with --home", err)
	}
	if err != nil {
		return nil, err
	}
	return w, p.unlock(w)
}

func (p *program) unlock(w *wallet.Wallet) error {
	if !w.Locked() {
		return nil
	}
	passphrase, err := p.passphrase(w.Prompt())
	if err != nil {
		return err
	}
	return w.Unlock(passphrase)
}

// connected runs what needs the chain. Whoever calls it prints at its end, when everything is proven.
func (p *program) connected(cmd *cobra.Command, do func(context.Context, *wallet.Session) error) error {
	w, err := p.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), p.timeout)
	defer cancel()
	return p.session(ctx, w, func(s *wallet.Session) error { return do(ctx, s) })
}

func (p *program) session(ctx context.Context, w *wallet.Wallet, do func(*wallet.Session) error) error {
	done := p.waiting("connecting")
	s, err := w.Connect(ctx)
	done()
	if err != nil {
		return err
	}
	err = errors.Join(do(s), s.Close())
	if kept, kerr := w.Unsettled(); kerr == nil && len(kept) > 0 {
		p.note("Not settled: %s. 'tally status' finds out what became of it.\n", lang.Count(len(kept), "%d transaction", "%d transactions"))
	}
	return err
}
