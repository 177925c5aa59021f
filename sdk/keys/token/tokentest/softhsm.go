// Package tokentest makes tokens for tests, with SoftHSM in place of hardware (apt-get install softhsm2).
package tokentest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// PIN opens every token that Setup makes.
const PIN = "4711-treasury"

// libraries are where SoftHSM is on common systems.
var libraries = []string{
	"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib*/*/softhsm/libsofthsm2.so", "/usr/lib64/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so",
	"/opt/homebrew/lib/softhsm/libsofthsm2.so",
}

// Setup makes a store of tokens with these labels in a folder, points this process and its children to it, and returns the
// library's path. One process has one store: SoftHSM reads the variable when it starts.
func Setup(dir string, labels ...string) (module string, err error) {
	store, conf := filepath.Join(dir, "tokens"), filepath.Join(dir, "softhsm2.conf")
	err = errors.Join(
		os.Mkdir(store, 0o700),
		os.WriteFile(conf, []byte("directories.tokendir = "+store+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600),
		os.Setenv("SOFTHSM2_CONF", conf),
	)
	for _, label := range labels {
		if err == nil {
			err = newToken(label)
		}
	}
	if err != nil {
		return "", err
	}
	for _, pattern := range libraries {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0], nil
		}
	}
	return "", errors.New("no libsofthsm2.so: install softhsm2")
}

func newToken(label string) error {
	const officer = "officer-0815"
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", officer).CombinedOutput()
	if err != nil {
		return fmt.Errorf("softhsm2-util, of the package softhsm2: %w: %s", err, out)
	}
	return nil
}
