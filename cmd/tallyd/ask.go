package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// askPassphrase reads the passphrase of a thing from the first line of a file, or asks a person for it; twice where it is a
// new one. An empty one is refused in a file: it was forgotten there.
func askPassphrase(cmd *cobra.Command, of, file string, fresh bool) (string, error) {
	if file != "" {
		return passphraseIn(file)
	}
	terminal := int(os.Stdin.Fd()) //nolint:gosec // a file descriptor
	if !term.IsTerminal(terminal) {
		return "", errors.New("nobody is here to type the passphrase: name a file that has it with --passphrase-file")
	}
	first, err := typed(cmd, terminal, fmt.Sprintf("Passphrase of %s: ", of))
	if err != nil || !fresh {
		return first, err
	}
	second, err := typed(cmd, terminal, "Once more: ")
	if err == nil && first != second {
		err = errors.New("the two passphrases differ")
	}
	return first, err
}

func passphraseIn(file string) (string, error) {
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		return "", fmt.Errorf("--passphrase-file: %w", err)
	}
	defer f.Close()
	line, _ := bufio.NewReader(f).ReadString('\n')
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", fmt.Errorf("--passphrase-file: the first line of %s is empty", file)
	}
	return line, nil
}

// typed asks without showing what is typed.
func typed(cmd *cobra.Command, terminal int, prompt string) (string, error) {
	fmt.Fprint(cmd.ErrOrStderr(), prompt)
	b, err := term.ReadPassword(terminal)
	fmt.Fprintln(cmd.ErrOrStderr())
	return string(b), err
}
