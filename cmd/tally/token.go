package main

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk/keys/token"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// tokenFlags name a key in a PKCS#11 token.
type tokenFlags struct{ module, label, key string }

func (f *tokenFlags) register(l *pflag.FlagSet) {
	l.StringVar(&f.module, "token-module", "", "the PKCS#11 library of the token that has your key")
	l.StringVar(&f.label, "token-label", "", "the token's label")
	l.StringVar(&f.key, "key-label", "", "the key's label in the token")
}

func (f *tokenFlags) given() bool { return f.module != "" || f.label != "" || f.key != "" }

// place judges where the token is; a relative path is one from here.
func (f *tokenFlags) place() error {
	if f.module == "" || f.label == "" {
		return wrong("token-module, token-label", lang.T("one is missing"), lang.T("Give both: the PKCS#11 library, and the token's label."))
	}
	var err error
	if f.module, err = filepath.Abs(f.module); err != nil {
		return err
	}
	if err := token.CheckPlace(f.module, f.label); err != nil {
		return wrong("token-module, token-label", lang.T("%s", err), lang.T("The token's own tool shows its label."))
	}
	return nil
}

// config is what a wallet's profile keeps; nil where no token is named.
func (f *tokenFlags) config() (*token.Config, error) {
	if !f.given() {
		return nil, nil
	}
	if err := f.place(); err != nil {
		return nil, err
	}
	c := &token.Config{Module: f.module, Token: f.label, Key: f.key}
	if err := c.Check(); err != nil {
		return nil, wrong("key-label", lang.T("%s", err), lang.T("'tally keys list' shows the labels of the token's keys."))
	}
	return c, nil
}

// inToken opens the token, asks for its PIN and does something with it.
func (p *program) inToken(f *tokenFlags, do func(*token.Token) error) error {
	if err := f.place(); err != nil {
		return err
	}
	pin, err := p.passphrase(p.lang.F("PIN of the token %q: ", f.label))
	if err != nil {
		return err
	}
	t, err := token.Open(f.module, f.label, pin)
	if err != nil {
		return ofToken(err)
	}
	return errors.Join(ofToken(do(t)), t.Close())
}

// ofToken has an error of a token end the command as one of the wallet does.
func ofToken(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, token.ErrPIN):
		return failure{lang.Errorf("%w: %w", wallet.ErrPassphrase, err), exitWallet}
	}
	return failure{lang.Errorf("%w: %w", wallet.ErrToken, err), exitWallet}
}

// publicKeyJSON is a public key as programs read it.
type publicKeyJSON struct {
	File   string `json:"file,omitempty"`
	Token  string `json:"token,omitempty"`
	Label  string `json:"label,omitempty"`
	Kind   string `json:"kind"`
	Public string `json:"public"`
	ID     string `json:"id"`
}

func keyOf(pub key.Public) publicKeyJSON {
	return publicKeyJSON{Kind: pub.Kind.String(), Public: pub.String(), ID: pub.ID().String()}
}

// showTokenKey prints a key that a token has.
func (p *program) showTokenKey(where, label string, pub key.Public) error {
	out := keyOf(pub)
	out.Token, out.Label = where, label
	return p.answer(out, func(w page) {
		facts(w, "token", where, "key", label, "public key", out.Public, "key id", out.ID)
	})
}

func (p *program) newTokenKey(f *keyFlags) error {
	kind, err := f.kindOr(key.P256)
	if err != nil {
		return err
	}
	if strings.TrimSpace(f.token.key) == "" {
		return wrong("key-label", lang.T("it is missing"), lang.T("Give the new key a label of its own in the token."))
	}
	return p.inToken(&f.token, func(t *token.Token) error {
		s, err := t.Generate(kind, f.token.key)
		if err != nil {
			return err
		}
		p.note("The key is in the token and nowhere else: no words restore it. Have a second key sign for the account, or its recovery set up.\n")
		return p.showTokenKey(f.token.label, f.token.key, s.Public())
	})
}

// listKeys shows the keys of a token.
func (p *program) listKeys(f *keyFlags) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show the keys of a token", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return p.inToken(&f.token, func(t *token.Token) error {
				listed, err := t.Keys()
				if err != nil {
					return err
				}
				return p.showListed(listed)
			})
		},
	}
}

func (p *program) showListed(listed []token.Listed) error {
	all := []publicKeyJSON{}
	var rows [][]string
	for _, l := range listed {
		one := keyOf(l.Public)
		one.Label = l.Label
		all, rows = append(all, one), append(rows, []string{l.Label, one.Public})
	}
	return p.answer(map[string]any{"keys": all}, func(w page) {
		if len(rows) == 0 {
			w.say("The token has no keys that could sign here: 'tally keys new' makes one.\n")
			return
		}
		grid(w, nil, []string{"label", "public key"}, rows)
	})
}
