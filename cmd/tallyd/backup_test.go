package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/privval"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	"github.com/splittally/splittally/app/node"
)

// signState reads what a validator signed last.
func signState(t *testing.T, c node.Config) (last privval.FilePVLastSignState) {
	t.Helper()
	b, err := os.ReadFile(c.Engine().PrivValidatorStateFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := cmtjson.Unmarshal(b, &last); err != nil {
		t.Fatal(err)
	}
	return last
}

// signedAt lists the heights of a range whose commits have a validator's signature.
func signedAt(t *testing.T, c node.Config, validator []byte, from, to int64) (out []int64) {
	t.Helper()
	client, err := rpchttp.New("http://"+c.RPCListen, "/websocket")
	if err != nil {
		t.Fatal(err)
	}
	for h := from; h <= to; h++ {
		r, err := client.Commit(t.Context(), &h)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range r.Commit.Signatures {
			if bytes.Equal(s.ValidatorAddress, validator) && len(s.Signature) > 0 {
				out = append(out, h)
			}
		}
	}
	return out
}

// A validator's machine is lost: from its backup it is made again on another, gets the chain from the others, signs again,
// and never at or below a height that it may have signed before.
func TestRestoreALostValidator(t *testing.T) {
	g := startGround(t, func(*node.Config) {})
	lost, file, words := g.net.Nodes[3], filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(words, []byte("four words or more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, err := inProcess(t, "backup", "--home", lost.Home, "--passphrase-file", words, file)
	if err != nil || !strings.Contains(out, "Wrote 6 files") {
		t.Fatalf("%v %s", err, out)
	}
	g.reaches(0, 15)
	g.processes[3].signal(t, syscall.SIGKILL)
	<-g.processes[3].ended
	before := signState(t, lost)
	home := filepath.Join(t.TempDir(), "new")
	restore := func(more ...string) (string, error) {
		out, _, err := inProcess(t, append([]string{"restore", file, "--home", home, "--passphrase-file", words}, more...)...)
		return out, err
	}
	gates := []string{"--gate", g.gate(0), "--gate", g.gate(1), "--margin", "15"}
	if _, err := restore(gates...); err == nil || !strings.Contains(err.Error(), "nobody said that the old machine is off") {
		t.Errorf("nobody was asked: %v", err)
	}
	if _, err := restore("--old-machine-is-off", "--gate", g.gate(0)); err == nil || !strings.Contains(err.Error(), "--signed-below") {
		t.Errorf("one gate: %v", err)
	}
	if _, err := restore("--old-machine-is-off", "--gate", g.gate(0), "--gate", g.gate(0)); err == nil || !strings.Contains(err.Error(), "fewer than 2 members") {
		t.Errorf("one member twice: %v", err)
	}
	out, err = restore(append(gates, "--old-machine-is-off")...)
	if err != nil || !strings.Contains(out, "signs above height") {
		t.Fatalf("%v %s", err, out)
	}
	c, err := node.Load(home)
	if err != nil {
		t.Fatal(err)
	}
	below := signState(t, c).Height
	if below <= before.Height {
		t.Fatalf("it signs above %d, the old one had signed %d", below, before.Height)
	}
	g.reaches(0, before.Height+15) // it does not join while the last 10 blocks have its signature
	again := launch(t, "start", "--home", home)
	g.reaches(0, below+30)
	last := g.trust(0).Height - 1
	validator := privval.LoadFilePVEmptyState(c.Engine().PrivValidatorKeyFile(), "").Key.Address
	signed := signedAt(t, g.net.Nodes[0], validator, before.Height+2, last)
	if len(signed) == 0 || signed[0] <= below {
		t.Fatalf("after its machine was lost at %d it signed %v, it may above %d\n%s", before.Height, signed, below, again.errs.String())
	}
	if now := signState(t, c); now.Height <= below || len(now.SignBytes) == 0 {
		t.Errorf("its memory is %+v", now)
	}
	again.signal(t, syscall.SIGTERM)
	again.end(t, endsWithin, 0)
	once := launch(t, "start", "--home", home) // an ordinary restart, with its own signature in the last blocks
	waitFor(t, "it starts again", func() bool { return strings.Contains(once.errs.String(), "the node runs") })
	g.reaches(3, last+3)
}

// The old machine was not off: the restored validator sees its own signature in the last blocks, and does not join.
func TestRestoredWhileTheOldOneRuns(t *testing.T) {
	g := startGround(t, func(*node.Config) {})
	old, file, words := g.net.Nodes[3], filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(words, []byte("four words or more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := inProcess(t, "backup", "--home", old.Home, "--passphrase-file", words, file); err != nil {
		t.Fatal(err)
	}
	g.reaches(0, 12)
	home := filepath.Join(t.TempDir(), "new")
	if _, _, err := inProcess(t, "restore", file, "--home", home, "--passphrase-file", words, "--old-machine-is-off", "--signed-below", fmt.Sprint(g.trust(0).Height)); err != nil {
		t.Fatal(err)
	}
	c, err := node.Load(home)
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 2)
	c.GateListen, c.P2PListen, c.RPCListen = ports[0], ports[1], ""
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	// With its own node key nobody would even talk to it, for the old one is connected: with another of the registry's.
	key, err := os.ReadFile(g.net.Nodes[4].Engine().NodeKeyFile())
	if err == nil {
		err = os.WriteFile(c.Engine().NodeKeyFile(), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	twin := launch(t, "start", "--home", home)
	select {
	case <-twin.ended:
	case <-time.After(readyWithin):
		t.Fatalf("it runs beside the old one:\n%s", twin.errs.String())
	}
	if twin.code == 0 || !strings.Contains(twin.errs.String(), "found signature from the same key") {
		t.Errorf("ended with %d:\n%s", twin.code, twin.errs.String())
	}
}
