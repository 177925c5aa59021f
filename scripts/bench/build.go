package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// root is the project's folder.
func root(ctx context.Context) (string, error) {
	mod, err := output(ctx, "", "go", "env", "GOMOD")
	if err == nil && filepath.Base(mod) != "go.mod" {
		err = errors.New("run the bench inside of the project's folder")
	}
	return filepath.Dir(mod), err
}

// build makes tallyd from the tree as it is.
func build(ctx context.Context, dir, to string) error {
	_, err := output(ctx, dir, "go", "build", "-o", to, "./cmd/tallyd")
	return err
}

// commit names what was built: the short hash, and whether files differ from it.
func commit(ctx context.Context, dir string) (string, error) {
	hash, err := output(ctx, dir, "git", "rev-parse", "--short", "HEAD")
	if err != nil {
		return "", err
	}
	changed, err := output(ctx, dir, "git", "status", "--porcelain")
	if changed != "" {
		hash += "-dirty"
	}
	return hash, err
}

func output(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	b, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(b)), nil
}
