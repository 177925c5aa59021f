package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/keys"
	"github.com/splittally/splittally/sdk/keys/token"
	"github.com/splittally/splittally/sdk/lang"
)

// Wallet is a home folder that was opened. It is used by one goroutine at a time.
type Wallet struct {
	Home    string
	Profile Profile
	// Lang is the language in which its sessions speak to people.
	Lang   lang.Lang
	signer key.Signer
}

// Create makes a wallet in a home that has none yet; ErrExists otherwise. The key's file is put there by SaveKey, before
// or after.
func Create(home string, p Profile) (*Wallet, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(home, fileProfile)); err == nil {
		return nil, lang.Errorf("%w: %s", ErrExists, home)
	}
	if p.KeyFile == "" && p.DevelopmentSecret == "" && p.Token == nil {
		p.KeyFile = fileKey
	}
	if err := os.MkdirAll(filepath.Join(home, dirTickets), 0o700); err != nil {
		return nil, err
	}
	w := &Wallet{Home: home, Profile: p}
	if err := w.Save(); err != nil {
		return nil, err
	}
	return w, w.unlockDevelopment()
}

// Open opens a wallet; ErrNoWallet where the home has none. A development network's key needs no passphrase and is
// unlocked at once.
func Open(home string) (*Wallet, error) {
	w := &Wallet{Home: home}
	err := readStrict(filepath.Join(home, fileProfile), &w.Profile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, lang.Errorf("%w: %s", ErrNoWallet, home)
	case err != nil:
		return nil, err
	}
	if err := w.Profile.Check(); err != nil {
		return nil, lang.Errorf("%w: %s: %w", ErrDamaged, filepath.Join(home, fileProfile), err)
	}
	return w, w.unlockDevelopment()
}

// Save writes the profile.
func (w *Wallet) Save() error { return writeJSON(filepath.Join(w.Home, fileProfile), &w.Profile) }

func (w *Wallet) unlockDevelopment() error {
	if w.Profile.DevelopmentSecret == "" {
		return nil
	}
	secret, err := unhex32("development_secret", w.Profile.DevelopmentSecret)
	if err != nil {
		return err
	}
	w.signer, err = key.FromSecret(key.Secp256k1, secret[:])
	return err
}

// KeyPath is where the wallet's keystore is, or would be.
func (w *Wallet) KeyPath() string {
	if filepath.IsAbs(w.Profile.KeyFile) {
		return w.Profile.KeyFile
	}
	return filepath.Join(w.Home, w.Profile.KeyFile)
}

// KeyPathIn is where a home keeps its keystore where nothing else is said.
func KeyPathIn(home string) string { return filepath.Join(home, fileKey) }

// ErrToken is a token that has the key and is not there, or is not the right one.
var ErrToken = errors.New("the token with the wallet's key cannot be used")

// Locked tells whether a passphrase, or a token's PIN, is needed.
func (w *Wallet) Locked() bool { return w.signer == nil }

// Prompt is how to ask a person for what Unlock needs.
func (w *Wallet) Prompt() string {
	if t := w.Profile.Token; t != nil {
		return w.Lang.F("PIN of the token %q: ", t.Token)
	}
	return w.Lang.F("Passphrase: ")
}

// Unlock opens the key with its passphrase, or its token with the PIN; ErrPassphrase where it does not fit.
func (w *Wallet) Unlock(passphrase string) error {
	if w.Profile.Token != nil {
		return w.unlockToken(passphrase)
	}
	s, err := keys.Load(w.KeyPath(), passphrase)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return lang.Errorf("%w: its key %s is not there", ErrNoWallet, w.KeyPath())
	case err != nil:
		return lang.Errorf("%w: %w", ErrPassphrase, err)
	}
	w.signer = s
	return nil
}

// unlockToken opens the token. The key that is found first is kept in the profile, so that another is noticed later.
func (w *Wallet) unlockToken(pin string) error {
	s, err := token.Load(*w.Profile.Token, pin)
	switch {
	case errors.Is(err, token.ErrPIN):
		return lang.Errorf("%w: %w", ErrPassphrase, err)
	case err != nil:
		return lang.Errorf("%w: %w", ErrToken, err)
	}
	w.signer = s
	if w.Profile.Token.Public == "" {
		w.Profile.Token.Public = s.Public().String()
		return w.Save()
	}
	return nil
}

// UseSigner has another key sign: one in a token or a remote machine.
func (w *Wallet) UseSigner(s key.Signer) { w.signer = s }

// Signer is the unlocked key; nil while it is locked.
func (w *Wallet) Signer() key.Signer { return w.signer }

// InvoiceKey is the consortium's key of fingerprints; false where the profile has none.
func (w *Wallet) InvoiceKey() (out [32]byte, ok bool) {
	b, err := hex.DecodeString(w.Profile.InvoiceKey)
	if err != nil || len(b) != len(out) {
		return out, false
	}
	return [32]byte(b), true
}

// Client connects as the wallet's account. A zero account in the profile is found by the key and kept. The wallet must
// be unlocked: ErrLocked. Close the client when done.
func (w *Wallet) Client(ctx context.Context) (*sdk.Client, error) {
	if w.Locked() {
		return nil, ErrLocked
	}
	conf, err := w.Profile.config()
	if err != nil {
		return nil, err
	}
	conf.Signer, conf.Dir = w.signer, filepath.Join(w.Home, dirChain)
	if conf.Checkpoint, err = w.checkpoint(); err != nil {
		return nil, err
	}
	c, err := sdk.Dial(ctx, conf)
	if err != nil {
		return nil, err
	}
	if w.Profile.Account.IsZero() {
		w.Profile.Account = c.Account()
		return c, w.Save()
	}
	return c, nil
}

// UseCheckpoint keeps a checkpoint for the next connection, which checks who signed it.
func (w *Wallet) UseCheckpoint(p *sdk.Checkpoint) error {
	return writeJSON(filepath.Join(w.Home, fileCheckpoint), p)
}

func (w *Wallet) checkpoint() (*sdk.Checkpoint, error) {
	b, err := os.ReadFile(filepath.Join(w.Home, fileCheckpoint))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return sdk.ReadCheckpoint(b)
}

// DropCheckpoint forgets a checkpoint that was of no use.
func (w *Wallet) DropCheckpoint() error { return os.Remove(filepath.Join(w.Home, fileCheckpoint)) }
