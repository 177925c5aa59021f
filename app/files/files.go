// Package files writes the files of an operator's home so that a cut, of power say, leaves each whole or as it was, and reads
// those that others have made strictly. All files are the owner's alone.
package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Replace writes a file whole: a reader, and whoever comes after a cut, finds the old one or the new.
func Replace(file string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // once it is renamed nothing is there
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(file))
}

// New writes a file that is not there yet; an error that matches fs.ErrExist where it is.
func New(file string, b []byte) error {
	return Create(file, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// Create is New for what is written as a stream. It leaves no file that is half written.
func Create(file string, write func(io.Writer) error) error {
	f, err := os.OpenFile(filepath.Clean(file), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return SyncDir(filepath.Dir(file))
}

// SyncDir makes what was created, renamed or removed in a folder outlast a cut.
func SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReadJSON reads a file of JSON of at most so many bytes, as DecodeJSON does. Its errors name the file.
func ReadJSON(file string, most int, into any) error {
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if len(b) > most {
		return fmt.Errorf("%s has over %d bytes", file, most)
	}
	if err := DecodeJSON(b, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// DecodeJSON reads one value, and refuses fields that it does not know and whatever stands behind its end.
func DecodeJSON(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind its end")
	}
	return nil
}
