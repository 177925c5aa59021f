package devnet_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestMakeOpen(t *testing.T) {
	for _, o := range []devnet.Options{{Validators: 1}, {Validators: 4, FullNode: true}, {Validators: 2, FullNode: true}} {
		o.Dir = filepath.Join(t.TempDir(), "net")
		made, err := devnet.Make(o)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := devnet.Open(o.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(made.Manifest(), opened.Manifest()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(made.Nodes, opened.Nodes); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(made.IDs, opened.IDs); diff != "" {
			t.Error(diff)
		}
		if !bytes.Equal(compact(t, made.Genesis.AppState), compact(t, opened.Genesis.AppState)) || !made.Genesis.GenesisTime.Equal(opened.Genesis.GenesisTime) {
			t.Error("another genesis")
		}
		checkNodes(t, made, o)
	}
}

func compact(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// checkNodes: every node has the same genesis, knows all others, and its ports are its own.
func checkNodes(t *testing.T, n *devnet.Net, o devnet.Options) {
	t.Helper()
	want := o.Validators
	if o.FullNode {
		want++
	}
	if len(n.Nodes) != want || len(n.Genesis.Validators) != o.Validators {
		t.Fatalf("%d nodes and %d validators", len(n.Nodes), len(n.Genesis.Validators))
	}
	ports := map[string]bool{}
	for i, c := range n.Nodes {
		if err := c.Check(); err != nil || len(c.Peers) != want-1 {
			t.Errorf("node %d: %v, %d peers", i, err, len(c.Peers))
		}
		for _, port := range []string{c.GateListen, c.P2PListen, c.RPCListen} {
			if ports[port] {
				t.Errorf("%s is used twice", port)
			}
			ports[port] = true
		}
	}
	for _, r := range n.Roles {
		if r.Node < 0 || r.Node >= want {
			t.Errorf("%s uses node %d of %d", r.Name, r.Node, want)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	for _, n := range []int{-1, 0, 5} {
		if _, err := devnet.Make(devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: n}); err == nil {
			t.Errorf("%d validators were laid out", n)
		}
	}
	full := t.TempDir()
	precious := filepath.Join(full, "thesis.txt")
	if err := os.WriteFile(precious, []byte("years"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := devnet.Make(devnet.Options{Dir: full, Validators: 1}); err == nil {
		t.Error("a network was laid into a folder with other things")
	}
	if entries, _ := os.ReadDir(full); len(entries) != 1 {
		t.Errorf("%d files are there now", len(entries))
	}
	made := devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 1}
	if _, err := devnet.Make(made); err != nil {
		t.Fatal(err)
	}
	if _, err := devnet.Make(made); err == nil {
		t.Error("a network was laid over a network")
	}
	bad := devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 1, Tune: func(c *node.Config) { c.ProofHeights = 1 }}
	if _, err := devnet.Make(bad); err == nil {
		t.Error("a configuration that is wrong was laid out")
	}
}

func TestRemoveDir(t *testing.T) {
	if err := devnet.RemoveDir(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "net")
	if _, err := devnet.Make(devnet.Options{Dir: dir, Validators: 2}); err != nil {
		t.Fatal(err)
	}
	if err := devnet.RemoveDir(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("it is still there")
	}
	foreign := t.TempDir()
	precious := filepath.Join(foreign, "thesis.txt")
	if err := os.WriteFile(precious, []byte("years"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := devnet.RemoveDir(foreign); err == nil {
		t.Error("a folder that holds no network was deleted")
	}
	if err := os.WriteFile(filepath.Join(foreign, "devnet.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = devnet.RemoveDir(foreign) // whatever it says
	if _, err := os.Stat(precious); err != nil {
		t.Error("what is no network's was deleted with it")
	}
	if err := devnet.RemoveDir(precious); err == nil {
		t.Error("a file was deleted")
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := devnet.Open(t.TempDir()); err == nil {
		t.Error("an empty folder was opened")
	}
	for name, text := range map[string]string{"garbage": "{", "no nodes": `{"chain":"splittally-dev"}`, "lost nodes": `{"nodes":[{"home":"/nowhere/at/all"}]}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "devnet.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := devnet.Open(dir); err == nil {
			t.Errorf("%s: opened %v", name, n.Nodes)
		}
	}
}

// The cast is the same on every machine: wallets and documents name it.
func TestCastIsFixed(t *testing.T) {
	at := time.Unix(1_767_571_200, 0).UTC()
	lay := func() *devnet.Net {
		n, err := devnet.Make(devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 1, Time: at})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	a, b := lay(), lay()
	for i, r := range a.Roles {
		if o := b.Roles[i]; r.Account != o.Account || r.Member != o.Member || r.Secret != o.Secret {
			t.Errorf("%s differs", r.Name)
		}
		secret, err := hex.DecodeString(r.Secret)
		if err != nil {
			t.Fatal(err)
		}
		s, err := key.FromSecret(key.Secp256k1, secret)
		if err != nil || !s.Public().Equal(r.Signer.Public()) {
			t.Errorf("%s: the secret is not the signer's", r.Name)
		}
	}
	if a.Role("tier1").Account.String() == a.Role("tier2").Account.String() || a.Genesis.ChainID != devnet.ChainID || !a.Genesis.GenesisTime.Equal(at) {
		t.Error("the cast or the genesis is not as asked")
	}
	defer func() {
		if recover() == nil {
			t.Error("a role that is not there was found")
		}
	}()
	a.Role("thief")
}

// What genesis makes is what the cast says, and further calls run after it.
func TestGenesisMakesTheCast(t *testing.T) {
	m := &membersv1.AdmitMember{
		Legal: &membersv1.Legal{Name: "Another", CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_LEI, Credential: lei(t)},
		Roles: uint32(membersv1.RoleSupplier), Policy: &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{spare(t)}},
	}
	n, err := devnet.Make(devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 1, Extra: []kernel.GenesisCall{devnet.Call(m)}})
	if err != nil {
		t.Fatal(err)
	}
	var g kernel.Genesis
	if err := json.Unmarshal(n.Genesis.AppState, &g); err != nil || !g.Development {
		t.Fatal(err)
	}
	machine := app.Machine(devnet.ChainID)
	if _, updates, err := machine.InitGenesis(empty{}, &g, kernel.Info{}); err != nil || len(updates) != 1 {
		t.Errorf("%d validators, %v", len(updates), err)
	}
}

// empty is a state with nothing in it.
type empty struct{}

func (empty) Get([]byte) ([]byte, bool)                         { return nil, false }
func (empty) Range(_, _ []byte, _ func(key, value []byte) bool) {}

func spare(t *testing.T) *membersv1.Key {
	t.Helper()
	s, err := key.FromSecret(key.P256, bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &membersv1.Key{Kind: uint32(key.P256), PublicKey: s.Public().Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN}
}

func lei(t *testing.T) string {
	t.Helper()
	for check := 10; check < 100; check++ {
		if s := "5299DEVNET0TEST000" + string(rune('0'+check/10)) + string(rune('0'+check%10)); membersv1.ValidLEI(s) {
			return s
		}
	}
	t.Fatal("no check digits fit")
	return ""
}
