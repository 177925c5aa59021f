package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/privval"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	return freePorts(t, 1)[0]
}

func signerKeys(t *testing.T, home string) map[string]string {
	t.Helper()
	out, _, err := inProcess(t, "signer", "key", "--home", home)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, m := range regexp.MustCompile(`(signer|validator|node)'s key.* ([0-9a-f]{64})\n`).FindAllStringSubmatch(out, -1) {
		keys[m[1]] = m[2]
	}
	return keys
}

// away moves a validator's key with its memory to a signer's home, and has the node wait for it.
func away(t *testing.T, c node.Config) (signerHome, at string, changed node.Config) {
	t.Helper()
	signerHome = filepath.Join(t.TempDir(), "signer")
	s := c
	s.Home = signerHome
	for _, move := range [][2]string{
		{c.Engine().PrivValidatorKeyFile(), s.Engine().PrivValidatorKeyFile()}, {c.Engine().PrivValidatorStateFile(), s.Engine().PrivValidatorStateFile()},
	} {
		b, err := os.ReadFile(move[0])
		if err == nil {
			err = os.MkdirAll(filepath.Dir(move[1]), 0o700)
		}
		if err == nil {
			err = os.WriteFile(move[1], b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(c.Engine().PrivValidatorKeyFile()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := inProcess(t, "signer", "init", "--home", signerHome); err != nil {
		t.Fatal(err)
	}
	c.RemoteSignerListen, c.RemoteSignerKey = freeAddress(t), signerKeys(t, signerHome)["signer"]
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	return signerHome, signerKeys(t, c.Home)["node"] + "@" + c.RemoteSignerListen, c
}

func signer(t *testing.T, home, at string) *process {
	t.Helper()
	return launch(t, "signer", "--home", home, "--chain", devnet.ChainID, "--node", at)
}

// A chain of one validator makes blocks while its signer is there, stands still without, and goes on when it is back. A second
// signer on the same home, one with another key, and one who has the key and an old memory, sign nothing that counts.
func TestRemoteSigner(t *testing.T) {
	c := oneNode(t)
	home, at, c := away(t, c)
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	s := signer(t, home, at)
	n := launch(t, "start", "--home", c.Home)
	g := &ground{t: t, net: netWith(t, c)}
	g.reaches(0, 5)

	second := signer(t, home, at)
	second.end(t, endsWithin, 1)
	if !strings.Contains(second.errs.String(), "another signer runs on this home") {
		t.Errorf("a second signer: %s", second.errs.String())
	}
	s.signal(t, syscall.SIGKILL)
	<-s.ended
	stranger(t, at)
	time.Sleep(500 * time.Millisecond)
	stood := g.trust(0).Height
	time.Sleep(time.Second)
	if now := g.trust(0).Height; now > stood+1 {
		t.Fatalf("from %d to %d without a signer", stood, now)
	}
	back := signer(t, home, at)
	g.reaches(0, stood+5)

	// The key with an old memory, in place of the true signer: the node itself remembers.
	last := signState(t, c)
	back.signal(t, syscall.SIGTERM)
	back.end(t, endsWithin, 0)
	third := signer(t, old, at)
	g.reaches(0, last.Height+5)
	third.signal(t, syscall.SIGTERM)
	third.end(t, endsWithin, 0)
	n.signal(t, syscall.SIGTERM)
	n.end(t, endsWithin, 0)
	if now := signState(t, c); now.Height <= last.Height {
		t.Errorf("the node remembers %d, it had signed %d", now.Height, last.Height)
	}
}

// netWith is the network of one node, as tests ask it.
func netWith(t *testing.T, c node.Config) *devnet.Net {
	t.Helper()
	ident, err := node.ReadIdentity(c)
	if err != nil {
		t.Fatal(err)
	}
	return &devnet.Net{Nodes: []node.Config{c}, IDs: []node.Identity{ident}}
}

// stranger tries what is not the signer: plain bytes, and a signer with keys of its own.
func stranger(t *testing.T, at string) {
	t.Helper()
	_, address, _ := strings.Cut(at, "@")
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_, _ = conn.Write(bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 100))
		_ = conn.Close()
	}
	other := filepath.Join(t.TempDir(), "other")
	if _, _, err := inProcess(t, "signer", "init", "--home", other); err != nil {
		t.Fatal(err)
	}
	p := signer(t, other, at)
	waitFor(t, "the stranger is refused", func() bool { return strings.Contains(p.errs.String(), "not connected to the node") })
	p.signal(t, syscall.SIGTERM)
	p.end(t, endsWithin, 0)
}

// The signer takes no node but its own.
func TestSignerRefusesAnotherNode(t *testing.T) {
	home := filepath.Join(t.TempDir(), "signer")
	if _, _, err := inProcess(t, "signer", "init", "--home", home); err != nil {
		t.Fatal(err)
	}
	if _, _, err := inProcess(t, "signer", "init", "--home", home); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("made twice: %v", err)
	}
	asks := make(chan struct{}, 1)
	key := privval.GenFilePV("", "").Key.PrivKey // another node's
	id, address := signerKeys(t, home)["signer"], freeAddress(t)
	l, err := node.ListenForSigner(id, address, key, log.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	client, err := privval.NewSignerClient(l, devnet.ChainID)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Stop() //nolint:errcheck // of a test
	go func() {
		if _, err := client.GetPubKey(); err == nil {
			asks <- struct{}{}
		}
	}()
	p := signer(t, home, strings.Repeat("ab", 32)+"@"+address)
	waitFor(t, "the signer refuses", func() bool { return strings.Contains(p.errs.String(), "not show the key that --node names") })
	select {
	case <-asks:
		t.Error("another node is answered")
	default:
	}
	for _, bad := range []string{"", address, "xyz@" + address, strings.Repeat("ab", 32) + "@nowhere"} {
		if _, _, err := inProcess(t, "signer", "--home", home, "--chain", "c", "--node", bad); err == nil || !strings.Contains(err.Error(), "--node") {
			t.Errorf("--node %q: %v", bad, err)
		}
	}
}

func TestSignerHomes(t *testing.T) {
	c := oneNode(t)
	c.RemoteSignerListen, c.RemoteSignerKey = freeAddress(t), strings.Repeat("ab", 32)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := inProcess(t, "start", "--home", c.Home); err == nil || !strings.Contains(err.Error(), "a key in two places signs twice") {
		t.Errorf("a key here and a remote signer: %v (%v)", err, ctx.Err())
	}
	if err := os.Remove(c.Engine().PrivValidatorStateFile()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := inProcess(t, "signer", "init", "--home", c.Home); err == nil || !strings.Contains(err.Error(), "bring both") {
		t.Errorf("a key without its memory: %v", err)
	}
	if _, _, err := inProcess(t, "signer", "key", "--home", t.TempDir()); err == nil || !strings.Contains(err.Error(), "no keys") {
		t.Errorf("an empty home: %v", err)
	}
}
