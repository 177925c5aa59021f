package ceremony

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/splittally/splittally/app/files"
	"github.com/splittally/splittally/app/node"
)

// Files that a ceremony leaves in a node's home, beside the node's own.
func homeFile(c node.Config, name string) string { return filepath.Join(c.Home, "config", name) }

// OfferFile is the member's own offer, as it was made.
func OfferFile(c node.Config) string { return homeFile(c, "offer.json") }

// EncryptionFile has the member's X25519 key, in hex.
func EncryptionFile(c node.Config) string { return homeFile(c, "encryption.key") }

// InvoiceKeyFile has the network's key of invoice fingerprints, in hex.
func InvoiceKeyFile(c node.Config) string { return homeFile(c, "invoice.key") }

// NetworkFile is what a wallet begins from.
func NetworkFile(c node.Config) string { return homeFile(c, "network.json") }

// Beside is a file of the ceremony in the folder of its genesis file.
func Beside(genesis, name string) string { return filepath.Join(filepath.Dir(genesis), name) }

// The names of the files that go round with genesis.json.
const (
	CeremonyName    = "ceremony.json"
	InvoiceKeysName = "invoice-keys.json"
)

// EncryptionKey reads the home's X25519 key.
func EncryptionKey(c node.Config) (*ecdh.PrivateKey, error) {
	b, err := os.ReadFile(EncryptionFile(c))
	if err != nil {
		return nil, fmt.Errorf("the member's encryption key cannot be read: %w; put it back from a backup: what is sealed to it cannot be read without", err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, fmt.Errorf("%s: 64 hex digits are needed", EncryptionFile(c))
	}
	return ecdh.X25519().NewPrivateKey(secret)
}

// MakeEncryptionKey makes the home's X25519 key, or reads the one that is there.
func MakeEncryptionKey(c node.Config) (*ecdh.PrivateKey, error) {
	if _, err := os.Stat(EncryptionFile(c)); !errors.Is(err, fs.ErrNotExist) {
		return EncryptionKey(c)
	}
	k, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return k, files.New(EncryptionFile(c), []byte(hex.EncodeToString(k.Bytes())+"\n"))
}

// Write writes one of the ceremony's files as indented JSON to a new file.
func Write(file string, v any) error {
	b, err := indented(v)
	if err != nil {
		return err
	}
	return files.New(file, b)
}

// Rewrite is Write for a file that may be there: it is replaced whole.
func Rewrite(file string, v any) error {
	b, err := indented(v)
	if err != nil {
		return err
	}
	return files.Replace(file, b)
}

func indented(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

// Read reads one of the ceremony's files and refuses fields that it does not know, and files larger than 4 MiB.
func Read(file string, into any) error { return files.ReadJSON(file, maxFileBytes, into) }
