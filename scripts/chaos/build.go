package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildTallyd makes tallyd from the tree in which this is run.
func buildTallyd(ctx context.Context, to string) error {
	mod, err := output(ctx, "", "go", "env", "GOMOD")
	if err == nil && filepath.Base(mod) != "go.mod" {
		err = errors.New("run it inside of the project's folder, or give --tallyd")
	}
	if err != nil {
		return err
	}
	_, err = output(ctx, filepath.Dir(mod), "go", "build", "-o", to, "./cmd/tallyd")
	return err
}

// output runs a program to its end; what it says of a failure is in the error.
func output(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // programs of this package's own choice
	cmd.Dir = dir
	b, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%w: %s", err, lastWords(string(failed.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(b)), nil
}

// lastWords is the end of what a program says of its failure, without the progress that it drew over and over in one line.
func lastWords(said string) string {
	said = strings.TrimSpace(said)
	said = said[strings.LastIndexByte(said, '\r')+1:]
	return strings.TrimSpace(said[max(0, len(said)-tailBytes):])
}

// makeFolder makes a new folder for this run, in the data folder, which is made if it is missing.
func makeFolder(data string) (string, error) {
	if data == "" {
		return os.MkdirTemp("", "splittally-chaos-")
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(data, "run-")
	if err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}
