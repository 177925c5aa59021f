package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/sdk/keys"
)

// networkJSON is network.json of a running network, as the genesis ceremony writes it for one that has no header to
// trust yet.
func networkJSON(n *apptest.Network) (map[string]any, error) {
	genesis, err := os.ReadFile(n.Nodes[0].GenesisFile())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(genesis)
	nodes, confirmers := []any{}, []any{}
	for i, c := range n.Nodes {
		url, pin := n.Endpoint(i)
		nodes = append(nodes, map[string]any{"member": c.Member, "url": url, "pin": pin})
	}
	for _, name := range []string{"obligor", "bank"} {
		r := n.Role(name)
		confirmers = append(confirmers, map[string]any{"member": r.Member, "name": r.Title, "key": r.Signer.Public().String()})
	}
	return map[string]any{
		"splittally_network": 1, "chain": n.Genesis.ChainID, "genesis_sha256": hex.EncodeToString(sum[:]),
		"trust": map[string]any{"height": 0, "hash": ""}, "nodes": nodes, "confirmers": confirmers,
	}, nil
}

func writeNetworkJSON(n *apptest.Network, file string) error {
	v, err := networkJSON(n)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// roleKey puts the key of a role into a home, under the passphrase that is the first line of a file.
func roleKey(n *apptest.Network, role, home, passphraseFile string) error {
	b, err := os.ReadFile(passphraseFile)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	passphrase, _, _ := strings.Cut(string(b), "\n")
	return keys.Save(filepath.Join(home, "key.json"), passphrase, n.Role(role).Signer, keys.Light)
}

// More than 14 days after genesis its file is not enough, and the message says what is.
func TestInitNetworkTooLateForGenesis(t *testing.T) {
	n := apptest.Start(t, apptest.Validators(2), func(o *devnet.Options) { o.Time = time.Now().UTC().Add(-20 * 24 * time.Hour) })
	dir := t.TempDir()
	file, pass, home := filepath.Join(dir, "network.json"), filepath.Join(dir, "pass"), filepath.Join(dir, "home")
	if err := os.WriteFile(pass, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeNetworkJSON(n, file); err != nil {
		t.Fatal(err)
	}
	if err := roleKey(n, "tier1", home, pass); err != nil {
		t.Fatal(err)
	}
	code, out, errs := tally(t, "init", "--home", home, "--passphrase-file", pass, "--network", file, "--genesis", n.Nodes[0].GenesisFile())
	if code != exitTrustExpired || out != "" || !strings.Contains(errs, "begin from a newer header") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(home, "profile.json")); err == nil {
		t.Error("the wallet is there")
	}
}
