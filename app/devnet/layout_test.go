package devnet_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func lay(t *testing.T, o devnet.Options) *devnet.Net {
	t.Helper()
	o.Dir = filepath.Join(t.TempDir(), "net")
	n, err := devnet.Make(o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The folder has one manifest and for each node the same files; nobody but their owner reads or writes one of them.
func TestLayoutAndPermissions(t *testing.T) {
	n := lay(t, devnet.Options{Validators: 2, FullNode: true})
	var got []string
	err := filepath.WalkDir(n.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(n.Dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel != "." && strings.Count(rel, string(filepath.Separator)) > 0 && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("folder %s: %v", rel, info.Mode())
			}
			return nil
		}
		secret := strings.Contains(rel, "key") || rel == "devnet.json"
		if !info.Mode().IsRegular() || secret && info.Mode().Perm()&0o077 != 0 || info.Size() == 0 {
			t.Errorf("%s: %v, %d bytes", rel, info.Mode(), info.Size())
		}
		got = append(got, filepath.ToSlash(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"devnet.json"}
	for i := range 3 {
		for _, file := range []string{
			"config/gate.crt", "config/gate.key", "config/genesis.json", "config/node_key.json", "config/priv_validator_key.json", "config/tallyd.toml",
			"data/priv_validator_state.json",
		} {
			want = append(want, fmt.Sprintf("node%d/%s", i, file))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Every address is of this machine alone, with a port from 20,000 to 31,999 that can still be taken.
func TestPorts(t *testing.T) {
	n := lay(t, devnet.Options{Validators: 4, FullNode: true})
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for i, c := range n.Nodes {
		for what, address := range map[string]string{"gate": c.GateListen, "peers": c.P2PListen, "engine": c.RPCListen} {
			host, port, err := net.SplitHostPort(address)
			number, wrong := strconv.Atoi(port)
			if err != nil || wrong != nil || host != "127.0.0.1" || number < 20_000 || number >= 32_000 {
				t.Errorf("node %d, %s: %s", i, what, address)
			}
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Errorf("node %d, %s: %v", i, what, err)
				continue
			}
			held = append(held, l)
		}
	}
}

// Each node's peers are the others, by the ids of their keys at the addresses that they listen on.
func TestPeersAreTheOthers(t *testing.T) {
	n := lay(t, devnet.Options{Validators: 3})
	for i, c := range n.Nodes {
		var want []string
		for j := range n.Nodes {
			if j != i {
				want = append(want, n.IDs[j].PeerID+"@"+n.Nodes[j].P2PListen)
			}
		}
		if diff := cmp.Diff(want, c.Peers); diff != "" {
			t.Errorf("node %d: %s", i, diff)
		}
		saved, err := node.Load(c.Home)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, saved); diff != "" {
			t.Errorf("node %d on disk: %s", i, diff)
		}
	}
	if alone := lay(t, devnet.Options{Validators: 1}); len(alone.Nodes[0].Peers) != 0 {
		t.Errorf("a node alone has the peers %v", alone.Nodes[0].Peers)
	}
}

// All nodes begin with the same genesis, byte for byte; its validators are the nodes' keys, the first members their owners.
func TestOneGenesis(t *testing.T) {
	at := time.Unix(1_767_571_200, 0).UTC()
	n := lay(t, devnet.Options{Validators: 3, FullNode: true, Time: at})
	var first []byte
	for i, c := range n.Nodes {
		b, err := os.ReadFile(c.GenesisFile())
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		}
		if !bytes.Equal(b, first) {
			t.Errorf("node %d has another genesis", i)
		}
	}
	for i, v := range n.Genesis.Validators {
		if !bytes.Equal(v.PubKey.Bytes(), n.IDs[i].Validator) || v.Name != n.Roles[i].Title || v.Power != 10 || n.Nodes[i].Member != v.Name {
			t.Errorf("validator %d: %+v", i, v)
		}
	}
	if full := n.Nodes[3]; full.Member != "full node" {
		t.Errorf("the full node is %q", full.Member)
	}
	var g kernel.Genesis
	if err := json.Unmarshal(n.Genesis.AppState, &g); err != nil {
		t.Fatal(err)
	}
	methods := map[string]int{}
	for _, c := range g.Calls {
		methods[c.Method]++
	}
	want := map[string]int{"members.AdmitMember": len(n.Roles), "voucher.SetLine": 1, "governance.SetValidator": 3}
	if diff := cmp.Diff(want, methods); diff != "" || !g.Development || g.UTCOffsetS != 28_800 {
		t.Errorf("%s; %v, offset %d s", diff, g.Development, g.UTCOffsetS)
	}
}

// A node's peer id is known to the chain as its owner's; the full node is the operator's.
func TestNodesOfMembers(t *testing.T) {
	n := lay(t, devnet.Options{Validators: 2, FullNode: true})
	var g kernel.Genesis
	if err := json.Unmarshal(n.Genesis.AppState, &g); err != nil {
		t.Fatal(err)
	}
	owners := map[string]string{}
	for i, c := range g.Calls[:len(n.Roles)] {
		var m struct{ Nodes [][]byte }
		if err := json.Unmarshal(c.Message, &m); err != nil {
			t.Fatal(err)
		}
		for _, peer := range m.Nodes {
			owners[hex.EncodeToString(peer)] = n.Roles[i].Name
		}
	}
	want := map[string]string{n.IDs[0].PeerID: "obligor", n.IDs[1].PeerID: "bank", n.IDs[2].PeerID: "operator"}
	if diff := cmp.Diff(want, owners); diff != "" {
		t.Error(diff)
	}
}

// The manifest is a contract: its names, and what it says of nodes, accounts and keys, are read by wallets.
func TestManifestRoundTrip(t *testing.T) {
	n := lay(t, devnet.Options{Validators: 2})
	b, err := os.ReadFile(filepath.Join(n.Dir, "devnet.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m devnet.Manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(n.Manifest(), m); diff != "" {
		t.Error(diff)
	}
	again, err := json.MarshalIndent(m, "", "  ")
	if err != nil || !bytes.Equal(append(again, '\n'), b) {
		t.Errorf("%v: it is written another way:\n%s", err, again)
	}
	var raw struct {
		Chain      string           `json:"chain"`
		InvoiceKey string           `json:"invoice_key"`
		Nodes      []map[string]any `json:"nodes"`
		Roles      []map[string]any `json:"roles"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	if raw.Chain != "splittally-dev" || len(raw.InvoiceKey) != 64 || len(raw.Nodes) != 2 || len(raw.Roles) != 9 {
		t.Errorf("%+v", raw)
	}
	one := raw.Nodes[1]
	if one["home"] != n.Nodes[1].Home || one["gate"] != "https://"+n.Nodes[1].GateListen || one["pin"] != n.IDs[1].Pin || one["member"] != "Bank of Linjiang" || len(one) != 4 {
		t.Errorf("%v", one)
	}
	who := raw.Roles[4]
	if who["name"] != "tier1" || who["member"] != n.Role("tier1").Member.String() || who["account"] != n.Role("tier1").Account.String() || who["secret"] != n.Role("tier1").Secret || len(who) != 6 {
		t.Errorf("%v", who)
	}
}

// Documents and wallets name these ids: they follow from the chain's id and the order of the cast.
func TestCastGolden(t *testing.T) {
	n := lay(t, devnet.Options{Validators: 1})
	var names []string
	for _, r := range n.Roles {
		names = append(names, r.Name)
	}
	if got := strings.Join(names, " "); got != "obligor bank factor operator tier1 tier2 tier3 regulator court" {
		t.Error(got)
	}
	for name, want := range map[string][3]string{
		"obligor": {goldenObligorMember, goldenObligorAccount, goldenObligorSecret},
		"court":   {goldenCourtMember, goldenCourtAccount, goldenCourtSecret},
	} {
		r := n.Role(name)
		if got := [3]string{r.Member.String(), r.Account.String(), r.Secret}; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := devnet.InvoiceKey.String(); got != goldenInvoiceKey {
		t.Error(got)
	}
}

// Made by another program from the rule: see kernelv1.CreatedID and the domain "development key".
const (
	goldenObligorMember  = "f1e2b587310d74edafee184de41b959c04c1fb1c2219d4c34779a0a8974b2fe5"
	goldenObligorAccount = "b36cec6c851a8e549a2ab42085a3ddb6599de3cdb37d3618c2e7c0bf0877f095"
	goldenObligorSecret  = "be4a4bc6e1e1f96fe8e6f36978ba6e4bf0548d879f0c153660da54164d618cbd"
	goldenCourtMember    = "67d47fa1a9f4bef7ccf0d6084c34921df34f3820cccfbe759145ee59978e831a"
	goldenCourtAccount   = "f07801578889116d7dc02eb75e17f89e6f7e8d24ee9a8b22c0641c4a2e8dc69c"
	goldenCourtSecret    = "8370df402e56b95ca07511559888bf973322eb0afa2200a9c0cb8edfb526f483"
	goldenInvoiceKey     = "ecc746ac6ce8ee8c3062e5e7427c7f2bdc21bde4033bc2d9d16ca9a984fdebc2"
)

// Credentials of the cast and of a thousand newcomers are valid, and each is another's.
func TestCredentials(t *testing.T) {
	seen := map[string]int{}
	for i := range 1_000 {
		c := devnet.Credential(i)
		if other, dup := seen[c]; dup || !membersv1.ValidUSCC(c) {
			t.Fatalf("%d: %s, of %d too", i, c, other)
		}
		seen[c] = i
	}
}

// Roles use gates that there are, spread over the nodes, however few.
func TestSeats(t *testing.T) {
	for _, o := range []devnet.Options{{Validators: 1}, {Validators: 2}, {Validators: 4}} {
		n, used := lay(t, o), map[int]bool{}
		for _, r := range n.Roles {
			used[r.Node] = true
		}
		if len(used) != o.Validators || !used[0] || !used[o.Validators-1] {
			t.Errorf("%d validators: gates %v are used", o.Validators, used)
		}
	}
}

// Tune sees each node before it is written, and what it says is written.
func TestTune(t *testing.T) {
	var homes []string
	n := lay(t, devnet.Options{Validators: 2, FullNode: true, Tune: func(c *node.Config) {
		homes = append(homes, filepath.Base(c.Home))
		c.LogLevel = "warn"
	}})
	if diff := cmp.Diff([]string{"node0", "node1", "node2"}, homes); diff != "" {
		t.Error(diff)
	}
	opened, err := devnet.Open(n.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range opened.Nodes {
		if c.LogLevel != "warn" {
			t.Errorf("node %d logs %q", i, c.LogLevel)
		}
	}
}

// Deleting follows no link out of the folder, and leaves what it did not make.
func TestRemoveDirStaysInside(t *testing.T) {
	n := lay(t, devnet.Options{Validators: 1})
	outside := t.TempDir()
	precious := filepath.Join(outside, "thesis.txt")
	own := filepath.Join(n.Dir, "notes.txt")
	for _, file := range []string{precious, own} {
		if err := os.WriteFile(file, []byte("years"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(n.Dir, "node7")); err != nil {
		t.Fatal(err)
	}
	if err := devnet.RemoveDir(n.Dir); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("it does not say that something is left: %v", err)
	}
	for _, file := range []string{precious, own} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	if devnet.IsThere(n.Dir) {
		t.Error("the network is there still")
	}
	if _, err := os.Lstat(filepath.Join(n.Dir, "node0")); !os.IsNotExist(err) {
		t.Errorf("a node is there still: %v", err)
	}
}

// A network of which a node or its key is lost is not opened, and the refusal names the file.
func TestOpenDamaged(t *testing.T) {
	for _, file := range []string{"config/tallyd.toml", "config/node_key.json", "config/gate.crt", "config/genesis.json"} {
		n := lay(t, devnet.Options{Validators: 1})
		if err := os.Remove(filepath.Join(n.Dir, "node0", filepath.FromSlash(file))); err != nil {
			t.Fatal(err)
		}
		if _, err := devnet.Open(n.Dir); err == nil || !strings.Contains(err.Error(), filepath.Base(file)) {
			t.Errorf("without %s: %v", file, err)
		}
	}
}
