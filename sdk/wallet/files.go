package wallet

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/splittally/splittally/sdk/lang"
)

// The files of a home. The folder chain is the SDK's: the newest trusted header, and who may confirm checkpoints.
const (
	fileProfile    = "profile.json"
	fileKey        = "key.json"
	fileHints      = "names-seen.json"
	fileCheckpoint = "checkpoint.json"
	dirChain       = "chain"
	dirTickets     = "tickets"
)

// maxFile bounds a file of the home, in bytes.
const maxFile = 8 << 20

// writeJSON replaces a file whole, so that a crash leaves the old one or the new one; only its owner may read it.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(path, append(b, '\n'))
}

func writeWhole(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // nothing is left to remove once it is renamed
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// readJSON reads a file of bounded size.
func readJSON(path string, v any) error { return readFile(path, v, false) }

// readStrict is readJSON for files that people write: a field that nobody knows, which would silently not hold, is
// refused by name, and so is anything behind the document.
func readStrict(path string, v any) error { return readFile(path, v, true) }

func readFile(path string, v any, strict bool) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxFile {
		return lang.Errorf("%w: %s has %d bytes, more than such a file can have", ErrDamaged, path, info.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(v); err != nil {
		return lang.Errorf("%w: %s: %w", ErrDamaged, path, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return lang.Errorf("%w: %s: there is something behind its end", ErrDamaged, path)
	}
	return nil
}
