package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// initFlags are what 'tally init' takes.
type initFlags struct {
	gate, pin, witness, witnessPin string
	genesis, chain, hash           string
	height                         int64
	network, via                   string
	account, key, invoiceKeyFile   string
	confirmers                     []string
	alone                          bool
	devnet, role                   string
	token                          tokenFlags
}

const initHelp = `init makes a wallet in a folder for an account that is there already. Who was invited uses 'tally join'.

Your network's network.json, which a member gives you, says what it needs: nodes with their pins, confirmers, and a
header to trust, or the SHA-256 of the genesis file that you then give too. --via names the member whose node you use.

Without it you name all of that. The wallet reads from one node and has another member's node confirm its headers. Each
is known by the pin of its key, which its operator tells you ('tallyd init' prints it). The chain is known by its
genesis file, or by the height and hash of a header that a member tells you: compare it over another way than the node.

Your key is in key.json, or in a PKCS#11 token that --token-module, --token-label and --key-label name; the PIN is
asked for, or read from --passphrase-file, and is never kept in the wallet.

For a development network, --devnet and --role take everything from the network's folder.`

func (p *program) init() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a wallet for an account that is there already",
		Long:  initHelp,
		Example: `  tally keys new
  tally init --network network.json --via 'Bank of Linjiang' --genesis genesis.json
  tally init --gate https://node.hanhai.example:9443 --pin 1f0c… --witness https://node.linjiang.example:9443 \
    --witness-pin 77ab… --genesis genesis.json
  tally init --gate … --token-module /usr/lib/softhsm/libsofthsm2.so --token-label treasury --key-label director
  tally init --devnet /tmp/net --role tier1 --home /tmp/tier1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.initWallet(cmd, &f) },
	}
	f.register(c.Flags())
	f.exclude(c)
	return c
}

func (f *initFlags) register(l *pflag.FlagSet) {
	l.StringVar(&f.network, "network", "", "the network's file network.json, from a member")
	l.StringVar(&f.via, "via", "", "with --network: the member whose node to use, or the beginning of its name; the file's first without")
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
	f.token.register(l)
	l.StringVar(&f.invoiceKeyFile, "invoice-key-file", "", "a file with the consortium's key of invoice fingerprints, 64 hex digits")
	l.StringArrayVar(&f.confirmers, "confirmer", nil, "MEMBER=KIND:HEX, a member whose checkpoints you will take; at least two")
	l.StringVar(&f.devnet, "devnet", "", "the folder of a development network")
	l.StringVar(&f.role, "role", "", "which of its accounts: obligor, bank, tier1…")
}

// exclude says which flags go together, and which do not.
func (*initFlags) exclude(c *cobra.Command) {
	c.MarkFlagsOneRequired("network", "gate", "devnet")
	c.MarkFlagsRequiredTogether("devnet", "role")
	c.MarkFlagsRequiredTogether("trust-height", "trust-hash", "chain")
	for _, other := range []string{"network", "via", "gate", "genesis", "trust-height", "witness", "account", "key", "token-module"} {
		c.MarkFlagsMutuallyExclusive("devnet", other)
	}
	for _, other := range []string{"gate", "pin", "witness", "witness-pin", "chain", "trust-height", "confirmer"} {
		c.MarkFlagsMutuallyExclusive("network", other)
	}
	c.MarkFlagsMutuallyExclusive("key", "token-module")
	c.MarkFlagsRequiredTogether("token-module", "token-label", "key-label")
	c.MarkFlagsMutuallyExclusive("genesis", "trust-height")
}

// initWallet makes the profile and tries it out; where that fails, nothing is left of it.
func (p *program) initWallet(cmd *cobra.Command, f *initFlags) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), p.timeout)
	defer cancel()
	profile, err := f.profile(ctx)
	if err != nil {
		return f.advise(err)
	}
	w, err := wallet.Create(p.home, profile)
	if err != nil {
		return err
	}
	if err := p.adopt(w); err != nil {
		return err
	}
	if err := p.tryOut(ctx, w); err != nil {
		return errors.Join(f.advise(err), os.Remove(filepath.Join(p.home, "profile.json")))
	}
	return nil
}

// advise adds to an error what helps where the wallet is only being made.
func (f *initFlags) advise(err error) error {
	switch {
	case errors.Is(err, sdk.ErrTrustExpired):
		return lang.Errorf("%w; no wallet was made: begin from a newer header, whose height and hash a member's 'tally checkpoint make' shows: trust in network.json has them, or --trust-height and --trust-hash", err)
	case f.network != "" && exitCode(err) == exitUnreachable:
		return lang.Errorf("%w; no wallet was made: --via names another member's node", err)
	}
	return err
}

func (p *program) tryOut(ctx context.Context, w *wallet.Wallet) error {
	if err := p.unlock(w); err != nil {
		if errors.Is(err, wallet.ErrToken) {
			return failure{err, exitWallet}
		}
		return err
	}
	return p.session(ctx, w, func(s *wallet.Session) error { return p.showStatus(ctx, s) })
}

func (f *initFlags) profile(ctx context.Context) (wallet.Profile, error) {
	if f.devnet != "" {
		return wallet.Development(ctx, f.devnet, f.role)
	}
	p, genesis, err := f.begin()
	if err != nil {
		return p, err
	}
	if err := f.secrets(&p); err != nil {
		return p, err
	}
	if err := trustGenesis(ctx, &p, genesis); err != nil {
		return p, err
	}
	return p, f.addConfirmers(&p)
}

// begin has chain, nodes and header of the profile, and the genesis file where that is to be trusted instead of a header.
func (f *initFlags) begin() (wallet.Profile, []byte, error) {
	if f.network != "" {
		return f.fromNetwork()
	}
	if f.via != "" {
		return wallet.Profile{}, nil, wrong("via", lang.T("it names a member of a network.json, and none is given"), lang.T("Give --network too, or the node's address with --gate."))
	}
	p := wallet.Profile{
		Chain: f.chain, Alone: f.alone, Endpoints: []wallet.Endpoint{{URL: f.gate, Pin: f.pin}},
		Trust: wallet.Trust{Height: f.height, Hash: strings.ToLower(f.hash)},
	}
	if f.witness != "" {
		p.Endpoints = append(p.Endpoints, wallet.Endpoint{URL: f.witness, Pin: f.witnessPin})
	}
	genesis, err := f.readGenesis()
	return p, genesis, err
}

// fromNetwork begins from network.json. A genesis file that is given must be its network's, and is trusted where
// network.json has no header to trust.
func (f *initFlags) fromNetwork() (wallet.Profile, []byte, error) {
	n, err := wallet.ReadNetwork(f.network)
	if err != nil {
		return wallet.Profile{}, nil, err
	}
	p, err := n.Profile(f.via, f.alone)
	if err != nil {
		return p, nil, err
	}
	genesis, err := f.readGenesis()
	switch {
	case err != nil:
		return p, nil, err
	case genesis != nil:
		err = n.CheckGenesis(genesis)
	case p.Trust.Height == 0:
		err = wrong("genesis", lang.T("network.json has no header to trust yet"), lang.T("Give the network's genesis file too: it lies beside network.json as genesis.json."))
	}
	if p.Trust.Height > 0 {
		genesis = nil
	}
	return p, genesis, err
}

// secrets fills in what comes from files, and the account.
func (f *initFlags) secrets(p *wallet.Profile) (err error) {
	if f.account != "" {
		if p.Account, err = id.Parse(f.account); err != nil {
			return wrong("account", lang.T("%s", err), lang.T("Leave it out to have it found by your key."))
		}
	}
	if p.Token, err = f.token.config(); err != nil {
		return err
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

// readGenesis is the genesis file; nil where none is given.
func (f *initFlags) readGenesis() ([]byte, error) {
	if f.genesis == "" {
		return nil, nil
	}
	genesis, err := os.ReadFile(f.genesis)
	if err != nil {
		return nil, wrong("genesis", lang.T("%s", err), lang.T("Name the network's genesis file."))
	}
	return genesis, nil
}

// trustGenesis has the profile begin from the first block after a genesis file, where there is one.
func trustGenesis(ctx context.Context, p *wallet.Profile, genesis []byte) error {
	if genesis == nil {
		return nil
	}
	t, err := sdk.TrustGenesis(ctx, genesis, sdk.Endpoint{URL: p.Endpoints[0].URL, Pin: p.Endpoints[0].Pin})
	if err != nil {
		return err
	}
	if p.Chain != "" && p.Chain != t.Chain {
		return wrong("chain", lang.T("network.json names %q, and the genesis file %.60q", p.Chain, t.Chain), lang.T("Ask a member for the network.json of this genesis file."))
	}
	p.Chain, p.Trust = t.Chain, wallet.TrustOf(t)
	return nil
}

func (f *initFlags) addConfirmers(p *wallet.Profile) error {
	for _, one := range f.confirmers {
		member, public, ok := strings.Cut(one, "=")
		m, err := id.Parse(member)
		if !ok || err != nil {
			return wrong("confirmer", lang.T("%.80q", one), lang.T("Write MEMBER=KIND:HEX: the member's id, and a key of its main account."))
		}
		p.Confirmers = append(p.Confirmers, wallet.Confirmer{Member: m, Key: public})
	}
	return nil
}
