package node

import (
	"log/slog"
	"os"
	"strings"
	"testing"
)

// A damaged key or memory is an error that names the file, for whoever reads it, and not the end of the process.
func TestDamagedValidatorFiles(t *testing.T) {
	c := someHome(t)
	if _, err := MakeSigner(c); err != nil {
		t.Fatal(err)
	}
	e, node := c.Engine(), strings.Repeat("ab", 32)+"@127.0.0.1:1"
	for _, file := range []string{e.PrivValidatorKeyFile(), e.PrivValidatorStateFile()} {
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, damaged := range []string{"", "{", `{"height":"x"}`, strings.Replace(string(good), `"value": "`, `"value": "AAAA`, 1)} {
			if err := os.WriteFile(file, []byte(damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			if damaged == string(good) { // the memory has no such field
				continue
			}
			for name, read := range map[string]func() error{
				"a signer":       func() error { _, err := OpenSigner(c, "chain-1", node, slog.New(slog.DiscardHandler)); return err },
				"the validator":  func() error { _, err := openValidator(e); return err },
				"the identity":   func() error { _, err := ReadIdentity(c); return err },
				"a signer's key": func() error { _, err := ReadSignerKeys(c); return err },
			} {
				err := read()
				if file == e.PrivValidatorStateFile() && (name == "the identity" || name == "a signer's key") {
					if err != nil {
						t.Errorf("%s reads the memory: %v", name, err)
					}
					continue
				}
				if err == nil || !strings.Contains(err.Error(), file) {
					t.Errorf("%s of %q: %v", name, damaged, err)
				}
			}
		}
		if err := os.WriteFile(file, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pv, err := openValidator(e); err != nil || pv == nil {
		t.Error(err)
	}
}
