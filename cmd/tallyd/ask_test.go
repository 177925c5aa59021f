package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A passphrase is a file's first line; an empty one was forgotten, whatever it is for.
func TestPassphraseFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "words")
	for content, want := range map[string]string{
		"some words\n": "some words", "some words": "some words", " some words \r\nmore\n": " some words ", "": "", "\n": "", "\r\nlater\n": "",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, fresh := range []bool{true, false} {
			got, err := askPassphrase(&cobra.Command{}, "the backup", file, fresh)
			if got != want || (err == nil) != (want != "") || err != nil && !strings.Contains(err.Error(), "is empty") {
				t.Errorf("%q: %q, %v", content, got, err)
			}
		}
	}
	if _, err := askPassphrase(&cobra.Command{}, "the backup", file+"2", false); err == nil || !strings.Contains(err.Error(), "--passphrase-file") {
		t.Error(err)
	}
}
