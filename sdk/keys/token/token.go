// Package token signs with keys that a PKCS#11 token keeps: a smart card, a USB key, an HSM. The secret never leaves the
// token; the PIN is held in this process's memory, so that a session that was lost can be opened again.
//
// It needs cgo and the build tag pkcs11 (`go build -tags pkcs11`); without, everything answers ErrNotBuilt, so that the
// ordinary binary stays static. Tokens have P-256 and secp256k1 keys: PKCS#11 names no mechanism for SM2, whose devices
// have interfaces of their own, for key.FromCrypto.
package token

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/splittally/splittally/modules/kernel/key"
)

// Bounds of what names a key.
const (
	maxModuleBytes = 4096
	// maxTokenBytes is what PKCS#11 has room for.
	maxTokenBytes = 32
	maxKeyBytes   = 200
)

// What can be wrong with a token; each comes wrapped in what to do.
var (
	// ErrNotBuilt: this program was built without PKCS#11.
	ErrNotBuilt = errors.New("this program was built without tokens: build it with cgo and 'go build -tags pkcs11', or use a key in a file")
	// ErrModule: the library cannot be loaded or does not start.
	ErrModule = errors.New("the PKCS#11 module cannot be used")
	// ErrNoToken: no slot has a token of this label, or several have.
	ErrNoToken = errors.New("no such token")
	// ErrNoKey: the token has no key of this label that can be used, or several.
	ErrNoKey = errors.New("no such key in the token")
	// ErrPIN: the token refuses the PIN. Each try counts towards its lock.
	ErrPIN = errors.New("the token refuses the PIN")
	// ErrExists: a key of this label is there already.
	ErrExists = errors.New("the token has a key of this label already")
	// ErrLost: the token does not answer, and could not be opened again.
	ErrLost = errors.New("the token is gone")
)

// Config names a key in a token, as a wallet's profile keeps it. Nothing in it is secret.
type Config struct {
	// Module is the absolute path of the token's PKCS#11 library: it runs in this process.
	Module string `json:"module"`
	// Token and Key are labels: 1 to 32 bytes, 1 to 200 bytes.
	Token string `json:"token"`
	Key   string `json:"key"`
	// Public is the key that is expected, kind:hex, so that another under the same label is noticed. Empty: not known yet.
	Public string `json:"public,omitempty"`
}

// Listed is a key that a token has.
type Listed struct {
	Label  string
	Public key.Public
}

// Check refuses a configuration that cannot work, naming the field.
func (c Config) Check() error {
	if err := CheckPlace(c.Module, c.Token); err != nil {
		return err
	}
	if err := checkLabel("key", c.Key, maxKeyBytes); err != nil {
		return err
	}
	if c.Public != "" {
		if _, err := key.ParseString(c.Public); err != nil {
			return fmt.Errorf("public: %w", err)
		}
	}
	return nil
}

// CheckPlace refuses the names of a module and a token that cannot be.
func CheckPlace(module, label string) error {
	if !filepath.IsAbs(module) || len(module) > maxModuleBytes || strings.ContainsRune(module, 0) {
		return fmt.Errorf("module: %.80q is no absolute path; name the token's PKCS#11 library, such as /usr/lib/softhsm/libsofthsm2.so", module)
	}
	return checkLabel("token", label, maxTokenBytes)
}

func checkLabel(field, label string, most int) error {
	if label == "" || len(label) > most || strings.TrimSpace(label) != label || strings.ContainsFunc(label, unicode.IsControl) {
		return fmt.Errorf("%s: %.80q is no label: give 1 to %d bytes, without blanks at the ends", field, label, most)
	}
	return nil
}

// Load opens the token and finds its key, which must be the expected one. The token stays open until the process ends.
func Load(c Config, pin string) (key.Signer, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	t, err := Open(c.Module, c.Token, pin)
	if err != nil {
		return nil, err
	}
	s, err := t.Key(c.Key)
	if err == nil && c.Public != "" && s.Public().String() != c.Public {
		err = fmt.Errorf("%w: the key %q is %s, and %s was expected: it is another token of the same label, or the key was replaced", ErrNoKey, c.Key, s.Public(), c.Public)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return s, nil
}
