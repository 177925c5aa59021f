package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cometbft/cometbft/privval"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/node/headers"
	"golang.org/x/crypto/chacha20poly1305"
	"pgregory.net/rapid"
)

const secretWords = "correct horse"

// someHome is a node's home with a genesis of its own validator.
func someHome(t testing.TB) Config {
	t.Helper()
	c := DefaultConfig()
	c.Home, c.Member = filepath.Join(t.TempDir(), "home"), "Bank"
	if _, err := MakeHome(c); err != nil {
		t.Fatal(err)
	}
	pub := privval.LoadFilePVEmptyState(c.Engine().PrivValidatorKeyFile(), "").Key.PubKey
	doc := &types.GenesisDoc{ChainID: "chain-1", Validators: []types.GenesisValidator{{PubKey: pub, Power: 1}}}
	if err := errors.Join(c.Save(), doc.ValidateAndComplete(), doc.SaveAs(c.GenesisFile())); err != nil {
		t.Fatal(err)
	}
	return c
}

func backedUp(t testing.TB, c Config) (*Archive, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup")
	a, err := Backup(c, secretWords, file)
	if err != nil {
		t.Fatal(err)
	}
	return a, file
}

func TestBackupAndRestore(t *testing.T) {
	c := someHome(t)
	_, file := backedUp(t, c)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if _, err := Backup(c, secretWords, file); !errors.Is(err, os.ErrExist) {
		t.Errorf("a backup is overwritten: %v", err)
	}
	if _, err := Backup(c, "short", file+"2"); err == nil {
		t.Error("a short passphrase is taken")
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := os.ReadFile(c.Engine().PrivValidatorKeyFile())
	if bytes.Contains(b, secret[20:60]) || bytes.Contains(b, []byte("chain-1")) {
		t.Error("the file can be read without its passphrase")
	}
	a, err := OpenBackup(bytes.NewReader(b), secretWords)
	if err != nil || a.Chain != "chain-1" || a.Member != "Bank" {
		t.Fatalf("%v %v", a, err)
	}
	if _, ok := a.Files["data/priv_validator_state.json"]; ok || len(a.Files) != 6 {
		t.Errorf("%d files", len(a.Files))
	}
	home := filepath.Join(t.TempDir(), "new")
	again, err := a.Restore(home, 100)
	if err != nil || again.Member != "Bank" {
		t.Fatal(err)
	}
	for name, want := range a.Files {
		info, _ := os.Stat(filepath.Join(home, name))
		if got, err := os.ReadFile(filepath.Join(home, name)); err != nil || !bytes.Equal(got, want) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.Restore(home, 100); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("restored over a node: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(home, "data")); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Restore(home, 100); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("restored over keys: %v", err)
	}
	for _, below := range []int64{0, -1, SignedBelowMax + 1} {
		if _, err := a.Restore(filepath.Join(t.TempDir(), "x"), below); err == nil {
			t.Errorf("signed below %d is taken", below)
		}
	}
}

func TestDamagedBackups(t *testing.T) {
	_, file := backedUp(t, someHome(t))
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) []byte {
		out := bytes.Clone(b)
		out[at] ^= 1
		return out
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "magic": flip(0), "salt": flip(len(backupMagic)), "nonce": flip(backupHeadBytes - 1), "content": flip(backupHeadBytes + 9),
		"tag": flip(len(b) - 1), "cut": b[:len(b)-1], "longer": append(bytes.Clone(b), 0), "head alone": b[:backupHeadBytes],
	} {
		if _, err := OpenBackup(bytes.NewReader(bad), secretWords); !errors.Is(err, ErrBackup) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := OpenBackup(bytes.NewReader(b), secretWords+"x"); !errors.Is(err, ErrBackup) {
		t.Errorf("another passphrase: %v", err)
	}
}

// An archive writes nothing but what a backup holds.
func TestArchiveNames(t *testing.T) {
	a, _ := backedUp(t, someHome(t))
	for _, name := range []string{"../evil", "/etc/passwd", "data/priv_validator_state.json", "config/../data/x", "config/tallyd.toml/x", ""} {
		bad := *a
		bad.Files = map[string][]byte{name: []byte("x")}
		for k, v := range a.Files {
			bad.Files[k] = v
		}
		if err := bad.check(); !errors.Is(err, ErrBackup) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, f := range backupFiles {
		less := *a
		less.Files = map[string][]byte{}
		for k, v := range a.Files {
			if k != f.name {
				less.Files[k] = v
			}
		}
		if err := less.check(); (err != nil) != f.must {
			t.Errorf("without %s: %v", f.name, err)
		}
	}
}

func FuzzBackup(f *testing.F) {
	a, _ := backedUp(f, someHome(f))
	key := make([]byte, chacha20poly1305.KeySize)
	head := append([]byte(backupMagic), make([]byte, backupHeadBytes-len(backupMagic))...)
	f.Add([]byte(`{"chain":"c","files":{"config/tallyd.toml":"eA=="}}`), false)
	f.Add([]byte(fmt.Sprintf(`{"chain":%q,"member":"","made_unix_s":1,"files":{}}`, a.Chain)), false)
	f.Add(append(bytes.Clone(head), make([]byte, 40)...), true)
	f.Fuzz(func(t *testing.T, b []byte, raw bool) {
		if !raw { // what somebody who knows the passphrase could have sealed
			sealed, err := sealWith(key, head, b)
			if err != nil {
				t.Fatal(err)
			}
			b = sealed
		}
		if got, err := openWith(key, b); err == nil && got.check() != nil {
			t.Fatalf("an archive is read that does not hold what it must")
		}
	})
}

// A validator signs a random course of heights, rounds and steps; at some moment its backup is restored elsewhere, with the
// height that it had reached. Nothing that the restored one signs is at a height, round and step that was signed before,
// whatever it is asked, also after restarts.
func TestRestoredNeverSignsTwice(t *testing.T) {
	c := someHome(t)
	a, _ := backedUp(t, c)
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "restored-") //nolint:usetesting // its name is short
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir) //nolint:errcheck // of a test
		signed := map[string]string{}
		old := privval.NewFilePV(privval.LoadFilePVEmptyState(c.Engine().PrivValidatorKeyFile(), "").Key.PrivKey, "", filepath.Join(dir, "state.json"))
		reached := int64(1)
		for range rapid.IntRange(1, 20).Draw(t, "signed before") {
			if h, ok := tryToSign(t, old, signed); ok {
				reached = max(reached, h)
			}
		}
		restored, err := a.Restore(filepath.Join(dir, "new"), reached)
		if err != nil {
			t.Fatal(err)
		}
		e := restored.Engine()
		for range rapid.IntRange(1, 20).Draw(t, "asked afterwards") {
			pv := privval.LoadFilePV(e.PrivValidatorKeyFile(), e.PrivValidatorStateFile()) // a restart each time
			if h, ok := tryToSign(t, pv, signed); ok && h <= reached {
				t.Fatalf("signed at %d, the old one had reached %d", h, reached)
			}
		}
	})
}

// tryToSign asks for a random vote or proposal, and fails where two different ones are signed for one place.
func tryToSign(t *rapid.T, pv types.PrivValidator, signed map[string]string) (int64, bool) {
	height, round := rapid.Int64Range(1, 12).Draw(t, "height"), rapid.Int32Range(0, 2).Draw(t, "round")
	hash := bytes.Repeat([]byte{rapid.Byte().Draw(t, "block")}, 32)
	id := cmtproto.BlockID{Hash: hash, PartSetHeader: cmtproto.PartSetHeader{Total: 1, Hash: hash}}
	step := rapid.SampledFrom([]cmtproto.SignedMsgType{cmtproto.PrevoteType, cmtproto.PrecommitType, cmtproto.ProposalType}).Draw(t, "step")
	var err error
	if step == cmtproto.ProposalType {
		err = pv.SignProposal("chain-1", &cmtproto.Proposal{Type: step, Height: height, Round: round, PolRound: -1, BlockID: id})
	} else {
		err = pv.SignVote("chain-1", &cmtproto.Vote{Type: step, Height: height, Round: round, BlockID: id})
	}
	if err != nil {
		return 0, false
	}
	place := fmt.Sprint(height, round, step)
	if before, ok := signed[place]; ok && before != string(hash) {
		t.Fatalf("%s is signed twice", place)
	}
	signed[place] = string(hash)
	return height, true
}

// What an old sign state would have allowed: the test above can fail.
func TestOldStateWouldSignTwice(t *testing.T) {
	c := someHome(t)
	e := c.Engine()
	old, err := os.ReadFile(e.PrivValidatorStateFile())
	if err != nil {
		t.Fatal(err)
	}
	vote := func(block byte) error {
		id := cmtproto.BlockID{Hash: bytes.Repeat([]byte{block}, 32), PartSetHeader: cmtproto.PartSetHeader{Total: 1, Hash: bytes.Repeat([]byte{block}, 32)}}
		return privval.LoadFilePV(e.PrivValidatorKeyFile(), e.PrivValidatorStateFile()).SignVote("chain-1", &cmtproto.Vote{Type: cmtproto.PrevoteType, Height: 5, BlockID: id})
	}
	if err := vote(1); err != nil {
		t.Fatal(err)
	}
	if err := vote(2); err == nil {
		t.Fatal("signed twice with its own state")
	}
	if err := os.WriteFile(e.PrivValidatorStateFile(), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := vote(2); err != nil {
		t.Fatalf("an old state does not sign twice: %v", err)
	}
}

func TestNetworkHeightNeedsTwo(t *testing.T) {
	a, _ := backedUp(t, someHome(t))
	if _, err := a.NetworkHeight(context.Background(), headers.Trust{}, make([]headers.Gate, 1)); err == nil || !strings.Contains(err.Error(), "fewer than 2 members") {
		t.Error(err)
	}
}
