package ceremony

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/splittally/splittally/app/files"
	"github.com/splittally/splittally/app/node"
)

// homeOf makes a node's home whose encryption key is a player's.
func homeOf(t *testing.T, p *player) node.Config {
	t.Helper()
	c := node.DefaultConfig()
	c.Home = filepath.Join(t.TempDir(), "node")
	if _, err := node.MakeHome(c); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	if err := files.New(EncryptionFile(c), []byte(hex.EncodeToString(p.private.Bytes())+"\n")); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEncryptionKeyIsMadeOnce(t *testing.T) {
	c := node.DefaultConfig()
	c.Home = t.TempDir()
	if err := os.Mkdir(filepath.Join(c.Home, "config"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := EncryptionKey(c); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a key that is lost was made anew", err)
	}
	if _, err := os.Stat(EncryptionFile(c)); err == nil {
		t.Error("a key was made by reading it")
	}
	one, err := MakeEncryptionKey(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := MakeEncryptionKey(c)
	if err != nil || !one.Equal(again) {
		t.Error("another key the second time", err)
	}
	if info, err := os.Stat(EncryptionFile(c)); err != nil || info.Mode().Perm() != 0o600 {
		t.Error("others may read it", err)
	}
	for _, damaged := range []string{"", "xyz", "abcd"} {
		if err := os.WriteFile(EncryptionFile(c), []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := EncryptionKey(c); err == nil {
			t.Errorf("%q was taken for a key", damaged)
		}
		if b, err := os.ReadFile(EncryptionFile(c)); err != nil || string(b) != damaged {
			t.Error("a damaged key was written over")
		}
	}
}

// What install leaves in a home: the genesis, the peers, the invoice key that all share, and what wallets begin from.
func TestInstall(t *testing.T) {
	players, c := consortium(t)
	genesis := genesisOf(t, c)
	keys, err := MakeInvoiceKeys(c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Offers {
		c.Offers[i].Terms.P2P = fmt.Sprintf("192.0.2.%d:26656", i+1) // names are looked up, addresses are not
	}
	var shared []byte
	for _, p := range players {
		home := homeOf(t, p)
		var before []os.FileInfo
		for range 2 { // again changes nothing
			if err := Install(home, genesis, c, keys, &p.offer.Terms, p.private); err != nil {
				t.Fatal(err)
			}
			after := stats(t, home.GenesisFile(), home.ConfigFile(), InvoiceKeyFile(home), NetworkFile(home))
			for i := range before {
				if os.SameFile(before[i], after[i]) {
					t.Errorf("%s was written over in its place: a cut would leave half of it", after[i].Name())
				}
			}
			before = after
		}
		if b, err := os.ReadFile(home.GenesisFile()); err != nil || !bytes.Equal(b, genesis) {
			t.Error("another genesis", err)
		}
		secret, err := os.ReadFile(InvoiceKeyFile(home))
		if err != nil || len(secret) != 65 {
			t.Errorf("invoice key: %q, %v", secret, err)
		}
		if shared == nil {
			shared = secret
		}
		if !bytes.Equal(shared, secret) {
			t.Error("two members have two invoice keys")
		}
		again, err := node.Load(home.Home)
		if err != nil || !slices.Equal(again.Peers, c.Peers(&p.offer.Terms)) {
			t.Errorf("peers %v, %v", again.Peers, err)
		}
		var n Network
		if err := Read(NetworkFile(home), &n); err != nil || n.Genesis != Hash(genesis) {
			t.Error(n, err)
		}
	}
}

func stats(t *testing.T, files ...string) (out []os.FileInfo) {
	t.Helper()
	for _, f := range files {
		s, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// What fails half-way leaves each file whole or as it was, the genesis not there, and can be done again.
func TestInstallHalfway(t *testing.T) {
	players, c := consortium(t)
	genesis, own := genesisOf(t, c), players[0]
	keys, err := MakeInvoiceKeys(c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Offers {
		c.Offers[i].Terms.P2P = fmt.Sprintf("192.0.2.%d:26656", i+1)
	}
	home := homeOf(t, own)
	if err := os.MkdirAll(filepath.Join(NetworkFile(home), "in"), 0o700); err != nil { // what no file can replace
		t.Fatal(err)
	}
	config, err := os.ReadFile(home.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := Install(home, genesis, c, keys, &own.offer.Terms, own.private); err == nil {
		t.Fatal("installed without network.json")
	}
	if b, err := os.ReadFile(home.ConfigFile()); err != nil || !bytes.Equal(b, config) {
		t.Error("the configuration was changed", err)
	}
	if _, err := os.Stat(home.GenesisFile()); err == nil {
		t.Error("a genesis was left there")
	}
	if err := os.RemoveAll(NetworkFile(home)); err != nil {
		t.Fatal(err)
	}
	if err := Install(home, genesis, c, keys, &own.offer.Terms, own.private); err != nil {
		t.Error(err)
	}
}

func TestInstallRefuses(t *testing.T) {
	players, c := consortium(t)
	genesis := genesisOf(t, c)
	keys, err := MakeInvoiceKeys(c)
	if err != nil {
		t.Fatal(err)
	}
	own := players[0]
	home := homeOf(t, own)
	if err := Install(home, genesis, c, keys, &own.offer.Terms, players[1].private); err == nil {
		t.Error("installed without an invoice key that opens")
	}
	if _, err := os.Stat(home.GenesisFile()); err == nil {
		t.Error("a genesis was left there")
	}
	c.Offers[1].Terms.P2P = "no host:26656"
	if err := Install(home, genesis, c, keys, &own.offer.Terms, own.private); err == nil || !strings.Contains(err.Error(), "peers") {
		t.Error("installed with a peer that is nowhere:", err)
	}
	if _, err := os.Stat(home.GenesisFile()); err == nil {
		t.Error("a genesis was left there")
	}
	if err := os.WriteFile(home.GenesisFile(), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Install(home, genesis, c, keys, &own.offer.Terms, own.private); err == nil || !strings.Contains(err.Error(), "is another one") {
		t.Error("another network's genesis was written over:", err)
	}
	if b, err := os.ReadFile(home.GenesisFile()); err != nil || string(b) != "{}" {
		t.Error("another network's genesis was written over")
	}
}

func TestOffsetInWords(t *testing.T) {
	for s, want := range map[int32]string{0: "+00:00", 8 * 3600: "+08:00", 19_800: "+05:30", -12_600: "-03:30"} {
		if got := offset(s); got != want {
			t.Errorf("%d: %s, want %s", s, got, want)
		}
	}
}
