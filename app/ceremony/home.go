package ceremony

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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

// EncryptionKey reads the home's X25519 key, and makes one where there is none.
func EncryptionKey(c node.Config) (*ecdh.PrivateKey, error) {
	b, err := os.ReadFile(EncryptionFile(c))
	if errors.Is(err, fs.ErrNotExist) {
		k, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return k, WriteNew(EncryptionFile(c), []byte(hex.EncodeToString(k.Bytes())+"\n"))
	}
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, fmt.Errorf("%s: 64 hex digits are needed", EncryptionFile(c))
	}
	return ecdh.X25519().NewPrivateKey(secret)
}

// WriteNew writes a private file, and never over one that is there.
func WriteNew(file string, b []byte) error {
	f, err := os.OpenFile(filepath.Clean(file), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// Write writes one of the ceremony's files as indented JSON to a new file.
func Write(file string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return WriteNew(file, append(b, '\n'))
}

// Read reads one of the ceremony's files and refuses fields that it does not know, and files larger than 4 MiB.
func Read(file string, into any) error {
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return err
	}
	if len(b) > maxFileBytes {
		return fmt.Errorf("%s has %d bytes, at most %d", file, len(b), maxFileBytes)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: there is something behind its end", file)
	}
	return nil
}
