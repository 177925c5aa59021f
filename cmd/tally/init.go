package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/wallet"
)

// initFlags are what 'tally init' takes.
type initFlags struct {
	gate, pin, witness, witnessPin string
	genesis, chain, hash           string
	height                         int64
	account, key, invoiceKeyFile   string
	confirmers                     []string
	alone                          bool
	devnet, role                   string
}

const initHelp = `init makes a wallet in a folder for an account that is there already. Who was invited uses 'tally join'.

The wallet reads from one node and has another member's node confirm its headers. Each is known by the pin of
its key, which its operator tells you ('tallyd init' prints it). The chain is known by its genesis file, or by
the height and hash of a header that a member tells you: compare it over another way than the node.

For a development network, --devnet and --role take everything from the network's folder.`

func (p *program) init() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a wallet for an account that is there already",
		Long:  initHelp,
		Example: `  tally keys new
  tally init --gate https://node.hanhai.example:9443 --pin 1f0c… --witness https://node.linjiang.example:9443 \
    --witness-pin 77ab… --genesis genesis.json
  tally init --devnet /tmp/net --role tier1 --home /tmp/tier1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.initWallet(cmd, &f) },
	}
	l := c.Flags()
	l.StringVar(&f.gate, "gate", "", "the node to read from and send to, https://…")
	l.StringVar(&f.pin, "pin", "", "the pin of its key, 64 hex digits; without, this machine must trust its certificate")
	l.StringVar(&f.witness, "witness", "", "another member's node, to confirm headers")
	l.StringVar(&f.witnessPin, "witness-pin", "", "the pin of its key")
	l.BoolVar(&f.alone, "alone", false, "no witness: for a node of your own")
	l.StringVar(&f.genesis, "genesis", "", "the network's genesis file")
	l.StringVar(&f.chain, "chain", "", "the chain's id, with --trust-height and --trust-hash")
	l.Int64Var(&f.height, "trust-height", 0, "the height of a header that you trust")
	l.StringVar(&f.hash, "trust-hash", "", "its hash, 64 hex digits")
	l.StringVar(&f.account, "account", "", "your account, 64 hex digits; found by your key without")
	l.StringVar(&f.key, "key", "", "your key's file; key.json in the wallet's folder without")
	l.StringVar(&f.invoiceKeyFile, "invoice-key-file", "", "a file with the consortium's key of invoice fingerprints, 64 hex digits")
	l.StringArrayVar(&f.confirmers, "confirmer", nil, "MEMBER=KIND:HEX, a member whose checkpoints you will take; at least two")
	l.StringVar(&f.devnet, "devnet", "", "the folder of a development network")
	l.StringVar(&f.role, "role", "", "which of its accounts: obligor, bank, tier1…")
	c.MarkFlagsOneRequired("gate", "devnet")
	c.MarkFlagsRequiredTogether("devnet", "role")
	c.MarkFlagsRequiredTogether("trust-height", "trust-hash", "chain")
	for _, other := range []string{"gate", "genesis", "trust-height", "witness", "account", "key"} {
		c.MarkFlagsMutuallyExclusive("devnet", other)
	}
	c.MarkFlagsMutuallyExclusive("genesis", "trust-height")
	return c
}

// initWallet makes the profile and tries it out; where that fails, nothing is left of it.
func (p *program) initWallet(cmd *cobra.Command, f *initFlags) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), p.timeout)
	defer cancel()
	profile, err := f.profile(ctx)
	if err != nil {
		return err
	}
	w, err := wallet.Create(p.home, profile)
	if err != nil {
		return err
	}
	if err := p.tryOut(ctx, w); err != nil {
		return errors.Join(err, os.Remove(filepath.Join(p.home, "profile.json")))
	}
	return nil
}

func (p *program) tryOut(ctx context.Context, w *wallet.Wallet) error {
	if err := p.unlock(w); err != nil {
		return err
	}
	return p.session(ctx, w, func(s *wallet.Session) error { return p.showStatus(ctx, s) })
}

func (f *initFlags) profile(ctx context.Context) (wallet.Profile, error) {
	if f.devnet != "" {
		return wallet.Development(ctx, f.devnet, f.role)
	}
	p := wallet.Profile{Chain: f.chain, Alone: f.alone, Endpoints: []wallet.Endpoint{{URL: f.gate, Pin: f.pin}}}
	if f.witness != "" {
		p.Endpoints = append(p.Endpoints, wallet.Endpoint{URL: f.witness, Pin: f.witnessPin})
	}
	if err := f.secrets(&p); err != nil {
		return p, err
	}
	if err := f.trust(ctx, &p); err != nil {
		return p, err
	}
	return p, f.addConfirmers(&p)
}

// secrets fills in what comes from files, and the account.
func (f *initFlags) secrets(p *wallet.Profile) (err error) {
	if f.account != "" {
		if p.Account, err = id.Parse(f.account); err != nil {
			return wrong("account", err.Error(), "Leave it out to have it found by your key.")
		}
	}
	if f.key != "" {
		if p.KeyFile, err = filepath.Abs(f.key); err != nil {
			return err
		}
	}
	if f.invoiceKeyFile != "" {
		p.InvoiceKey, err = secretFile("invoice-key-file", f.invoiceKeyFile)
	}
	return err
}

func (f *initFlags) trust(ctx context.Context, p *wallet.Profile) error {
	if f.genesis == "" {
		p.Trust = wallet.Trust{Height: f.height, Hash: strings.ToLower(f.hash)}
		return nil
	}
	genesis, err := os.ReadFile(f.genesis)
	if err != nil {
		return wrong("genesis", err.Error(), "Name the network's genesis file.")
	}
	t, err := sdk.TrustGenesis(ctx, genesis, sdk.Endpoint{URL: f.gate, Pin: f.pin})
	if err != nil {
		return err
	}
	p.Chain, p.Trust = t.Chain, wallet.TrustOf(t)
	return nil
}

func (f *initFlags) addConfirmers(p *wallet.Profile) error {
	for _, one := range f.confirmers {
		member, public, ok := strings.Cut(one, "=")
		m, err := id.Parse(member)
		if !ok || err != nil {
			return wrong("confirmer", fmt.Sprintf("%.80q", one), "Write MEMBER=KIND:HEX: the member's id, and a key of its main account.")
		}
		p.Confirmers = append(p.Confirmers, wallet.Confirmer{Member: m, Key: public})
	}
	return nil
}
