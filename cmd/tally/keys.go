package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk/keys"
	"github.com/splittally/splittally/sdk/keys/token"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// keyCost is what a guess of a passphrase costs; tests take less.
var keyCost = keys.Standard

// keyFlags are what the commands under 'tally keys' take.
type keyFlags struct {
	file, words, newPassphraseFile, kind string
	index                                uint32
	token                                tokenFlags
}

// kindOr is the kind that was asked for.
func (f *keyFlags) kindOr(usual key.Kind) (key.Kind, error) {
	if f.kind == "" {
		return usual, nil
	}
	kind, err := key.KindOf(f.kind)
	if err != nil {
		return 0, wrong("kind", lang.T("%.40q is no kind of key", f.kind), lang.T("Use secp256k1, p256 or sm2."))
	}
	return kind, nil
}

const keysHelp = `A wallet's key is in an encrypted file, from which 24 words restore it, or in a PKCS#11 token, which never gives it away.

Kinds are secp256k1, p256 and sm2 (SM2 with SM3, GB/T 32918). The same words give another key of each kind: note the kind
beside them. A token has p256 or secp256k1 keys; it needs a tally that was built with '-tags pkcs11', and its PIN is asked
for, or read from --passphrase-file.`

// keys makes, restores and shows the wallet's key. Secrets come from prompts and files, never from the command line.
func (p *program) keys() *cobra.Command {
	f := &keyFlags{}
	c := &cobra.Command{Use: "keys", Short: "Make, restore, copy and show the wallet's key", Long: keysHelp}
	c.PersistentFlags().StringVar(&f.file, "key", "", "the key's file; key.json in the wallet's folder without")
	f.token.register(c.PersistentFlags())
	create := &cobra.Command{
		Use: "new", Short: "Make a key and show the 24 words that restore it, once; or make one in a token", Args: cobra.NoArgs,
		Example: `  tally keys new
  tally keys new --kind sm2
  tally keys new --token-module /usr/lib/softhsm/libsofthsm2.so --token-label treasury --key-label director`,
		RunE: func(*cobra.Command, []string) error {
			if f.token.given() {
				return p.newTokenKey(f)
			}
			return p.newKey(f)
		},
	}
	create.Flags().StringVar(&f.kind, "kind", "", "secp256k1, p256 or sm2; without, secp256k1, and p256 in a token")
	create.Flags().StringVar(&f.words, "words-file", "", "write the 24 words to this new file instead of showing them")
	restore := &cobra.Command{
		Use: "import", Short: "Restore a key from its words", Args: cobra.NoArgs,
		Long: `import restores the key m/44'/60'/0'/0/INDEX of 12 to 24 words [BIP-39], as other wallets do: secp256k1 by BIP-44,
p256 by SLIP-10, sm2 by the rules of SLIP-10 under the salt "SM2 seed".`,
		RunE: func(*cobra.Command, []string) error { return p.importKey(f) },
	}
	restore.Flags().StringVar(&f.words, "words-file", "", "a file with the words in its first line; asked for without")
	restore.Flags().StringVar(&f.kind, "kind", "", "secp256k1, p256 or sm2, as the key was made; secp256k1 without")
	restore.Flags().Uint32Var(&f.index, "index", 0, "which key of the words")
	copied := &cobra.Command{
		Use: "export FILE", Short: "Copy the key to another encrypted file, under a new passphrase", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return p.exportKey(f, args[0]) },
	}
	copied.Flags().StringVar(&f.newPassphraseFile, "new-passphrase-file", "", "a file with the copy's passphrase; asked for without")
	c.AddCommand(create, restore, copied, p.listKeys(f), &cobra.Command{
		Use: "show", Short: "Show the public key", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.showKey(f) },
	})
	return c
}

func (p *program) keyFile(f *keyFlags) string {
	if f.file != "" {
		return f.file
	}
	return wallet.KeyPathIn(p.home)
}

func (p *program) newKey(f *keyFlags) error {
	if f.words == "" && p.terminal == nil {
		return wrong("words-file", lang.T("nobody is here to read the words"), lang.T("Name a new file for them, on a medium that you can lock away."))
	}
	words, err := keys.NewWords()
	if err != nil {
		return err
	}
	if err := p.saveKey(f, words, 0); err != nil {
		return err
	}
	if f.words != "" {
		if err := writeNew(f.words, words+"\n"); err != nil {
			return lang.Errorf("the key is in %s, but its words could not be written: %w; remove that key and begin again", p.keyFile(f), err)
		}
		p.note("The 24 words are in %s. Who has them has the key: lock them away, and delete the file.\n", f.words)
	} else {
		p.showWords(words)
	}
	if f.kind != "" {
		p.note("Note the kind beside the words: %s.\n", f.kind)
	}
	return p.showKey(f)
}

// showWords numbers them, to be copied by hand.
func (p *program) showWords(words string) {
	p.note("\nWrite these words down, in order, on paper. Who has them has the key; without them a lost key stays lost.\nThey are shown this once.\n")
	const columns = 4
	for i, w := range strings.Fields(words) {
		if i%columns == 0 {
			p.note("\n")
		}
		fmt.Fprintf(p.err, "  %2d. %-10s", i+1, w)
	}
	p.note("\n\n")
}

func (p *program) importKey(f *keyFlags) error {
	words, err := p.askWords(f)
	if err != nil {
		return err
	}
	if err := p.saveKey(f, words, f.index); err != nil {
		return err
	}
	return p.showKey(f)
}

func (p *program) askWords(f *keyFlags) (string, error) {
	if f.words != "" {
		return secretFile("words-file", f.words)
	}
	if p.terminal == nil {
		return "", wrong("words-file", lang.T("nobody is here to type the words"), lang.T("Name a file that has them in its first line."))
	}
	return p.hidden(p.lang.F("The words, with blanks between them: "))
}

func (p *program) saveKey(f *keyFlags, words string, index uint32) error {
	kind, err := f.kindOr(key.Secp256k1)
	if err != nil {
		return err
	}
	signer, err := keys.FromWordsOf(kind, words, "", index)
	if err != nil {
		return wrong("words", lang.T("%s", err), lang.T("Look at each word again."))
	}
	if _, err := os.Stat(p.keyFile(f)); err == nil {
		return lang.Errorf("%w: %s has a key already, which is not overwritten; move it away, or name another file with --key", wallet.ErrExists, p.keyFile(f))
	}
	passphrase, err := p.newPassphrase()
	if err != nil {
		return err
	}
	return p.writeKey(p.keyFile(f), passphrase, signer)
}

func (p *program) writeKey(file, passphrase string, signer key.Signer) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	done := p.waiting("encrypting the key")
	err := keys.Save(file, passphrase, signer, keyCost)
	done()
	if errors.Is(err, os.ErrExist) {
		return lang.Errorf("%w: %s", wallet.ErrExists, file)
	}
	return err
}

func (p *program) exportKey(f *keyFlags, to string) error {
	passphrase, err := p.passphrase(p.lang.F("Passphrase of the key: "))
	if err != nil {
		return err
	}
	signer, err := keys.Load(p.keyFile(f), passphrase)
	if errors.Is(err, os.ErrNotExist) {
		return lang.Errorf("%w: there is no key %s", wallet.ErrNoWallet, p.keyFile(f))
	}
	if err != nil {
		return lang.Errorf("%w: %w", wallet.ErrPassphrase, err)
	}
	var next string
	if f.newPassphraseFile != "" {
		next, err = secretFile("new-passphrase-file", f.newPassphraseFile)
	} else if p.terminal != nil {
		next, err = p.hidden(p.lang.F("Passphrase of the copy (at least 8 characters): "))
	} else {
		err = wrong("new-passphrase-file", lang.T("nobody is here to ask"), lang.T("Name a file with the copy's passphrase."))
	}
	if err != nil {
		return err
	}
	if err := p.writeKey(to, next, signer); err != nil {
		return err
	}
	fmt.Fprint(p.out, p.lang.F("Copied to %s, encrypted with its own passphrase.\n", to))
	return nil
}

func (p *program) showKey(f *keyFlags) error {
	if f.token.given() {
		return p.inToken(&f.token, func(t *token.Token) error {
			s, err := t.Key(f.token.key)
			if err != nil {
				return err
			}
			return p.showTokenKey(f.token.label, f.token.key, s.Public())
		})
	}
	if w, err := p.openLocked(); err == nil && f.file == "" && w.Profile.Token != nil {
		return p.showWalletToken(w.Profile.Token)
	}
	pub, err := keys.Public(p.keyFile(f))
	if errors.Is(err, os.ErrNotExist) {
		return lang.Errorf("%w: there is no key %s; 'tally keys new' makes one", wallet.ErrNoWallet, p.keyFile(f))
	}
	if err != nil {
		return err
	}
	out := keyOf(pub)
	out.File = p.keyFile(f)
	return p.answer(out, func(w page) {
		facts(w, "key file", out.File, "public key", out.Public, "key id", out.ID)
	})
}

// showWalletToken shows what the wallet has seen of its token's key, which needs no PIN and no token.
func (p *program) showWalletToken(c *token.Config) error {
	pub, err := key.ParseString(c.Public)
	if err != nil {
		return lang.Errorf("%w: its key was not seen yet; 'tally status' opens it", wallet.ErrToken)
	}
	return p.showTokenKey(c.Token, c.Key, pub)
}

// writeNew never replaces a file.
func writeNew(path, content string) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, content)
	return errors.Join(err, out.Sync(), out.Close())
}

// joinKey is the key in the wallet's folder; a new one where there is none.
func (p *program) joinKey() (key.Signer, error) {
	file := wallet.KeyPathIn(p.home)
	var passphrase string
	_, err := os.Stat(file)
	switch {
	case err == nil:
		if passphrase, err = p.passphrase(p.lang.F("Passphrase: ")); err != nil {
			return nil, err
		}
	case errors.Is(err, os.ErrNotExist):
		if passphrase, err = p.makeKey(file); err != nil {
			return nil, err
		}
	default:
		return nil, err
	}
	signer, err := keys.Load(file, passphrase)
	if err != nil {
		return nil, lang.Errorf("%w: %w", wallet.ErrPassphrase, err)
	}
	return signer, nil
}

// makeKey makes the key of somebody who joins, and returns its passphrase.
func (p *program) makeKey(file string) (string, error) {
	if p.terminal == nil {
		return "", wrong("key", lang.T("there is none in %s, and nobody is here to read the words of a new one", file),
			lang.T("Run 'tally keys new --words-file FILE' first."))
	}
	words, err := keys.NewWords()
	if err != nil {
		return "", err
	}
	signer, err := keys.FromWords(words, "", 0)
	if err != nil {
		return "", err
	}
	passphrase, err := p.newPassphrase()
	if err != nil {
		return "", err
	}
	if err := p.writeKey(file, passphrase, signer); err != nil {
		return "", err
	}
	p.showWords(words)
	return passphrase, nil
}
