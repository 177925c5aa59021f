package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app/ceremony"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/keys"
	"github.com/splittally/splittally/sdk/wallet"
)

const ceremonyPassphrase = "four seasons of rain"

// founder is a member of the ceremony: its node's home and its keys, which nobody else sees.
type founder struct {
	dir, home, offer, passphrase string
	keys                         []string
	gate                         string
}

// freePorts finds ports below those that the machine gives to outgoing connections.
func freePorts(t *testing.T, count int) (out []string) {
	t.Helper()
	for port := 18_000 + os.Getpid()%1000; len(out) < count; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			out = append(out, l.Addr().String())
			defer l.Close()
		}
	}
	return out
}

// found makes a member's node and its account's keys at home.
func found(t *testing.T, name string, keyCount int, gate, p2p string) *founder {
	t.Helper()
	dir := t.TempDir()
	f := &founder{dir: dir, home: filepath.Join(dir, "node"), offer: filepath.Join(dir, "offer.json"), passphrase: filepath.Join(dir, "passphrase"), gate: gate}
	do(t, "init", "--home", f.home, "--member", name, "--gate", gate, "--p2p", p2p)
	file := filepath.Join(f.home, "config", "tallyd.toml")
	for before, after := range map[string]string{"rpc_listen = '127.0.0.1:26657'": "rpc_listen = ''", "node_cache_mib = 256": "node_cache_mib = 32"} {
		if err := edit(file, before, after); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(f.passphrase, []byte(ceremonyPassphrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range keyCount {
		s, err := key.Generate(key.Secp256k1, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		f.keys = append(f.keys, filepath.Join(dir, fmt.Sprintf("key%d.json", i)))
		if err := keys.Save(f.keys[i], ceremonyPassphrase, s, keys.Light); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// do runs a command that must work, and returns what it prints.
func do(t *testing.T, args ...string) string {
	t.Helper()
	out, _, err := inProcess(t, args...)
	if err != nil {
		t.Fatalf("tallyd %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// fails runs a command that must not work, and wants words of its output or error.
func fails(t *testing.T, want string, args ...string) {
	t.Helper()
	out, _, err := inProcess(t, args...)
	if err == nil || !strings.Contains(out+err.Error(), want) {
		t.Errorf("tallyd %s: %v, %s; want %q", strings.Join(args, " "), err, out, want)
	}
}

// founders are four members who have made their offers; the second's account needs two of three people, one of whom
// has her key on another machine.
func founders(t *testing.T) []*founder {
	t.Helper()
	ports := freePorts(t, 8)
	var all []*founder
	for i, m := range []struct{ name, roles string }{
		{"Hanhai Automotive Co., Ltd.", "core_enterprise"},
		{"Bank of Linjiang", "bank,guarantor,financier"},
		{"Anping Factoring Co., Ltd.", "financier"},
		{"Splittally Operations Co., Ltd.", "operator"},
	} {
		count := 1
		if i == 1 {
			count = 3
		}
		f := found(t, m.name, count, ports[2*i], ports[2*i+1])
		args := []string{
			"genesis", "offer", "--home", f.home, "--chain", "linjiang-1", "--uscc", devnet.Credential(i), "--roles", m.roles,
			"--seat", "--power", "10", "--passphrase-file", f.passphrase, "--out", f.offer, "--key", f.keys[0] + "=Li Na",
		}
		if i == 1 {
			args = append(args, "--key", f.keys[1]+"=Wang Wei", "--key", publicOf(t, f.keys[2])+"=Zhao Min", "--threshold", "2", "--supplier-quota", "100")
		}
		out := do(t, args...)
		if i == 1 {
			if !strings.Contains(out, "Zhao Min") {
				t.Errorf("the offer does not say who has yet to sign: %s", out)
			}
			do(t, "genesis", "sign", f.offer, "--key", f.keys[2], "--passphrase-file", f.passphrase)
		}
		all = append(all, f)
	}
	return all
}

func publicOf(t *testing.T, file string) string {
	t.Helper()
	pub, err := keys.Public(file)
	if err != nil {
		t.Fatal(err)
	}
	return pub.String()
}

// assembled makes the genesis of offers in an order, in a folder of its own.
func assembled(t *testing.T, all []*founder, order ...int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "genesis")
	args := []string{
		"genesis", "assemble", "--chain", "linjiang-1", "--time", time.Now().Truncate(time.Second).Format(time.RFC3339), "--utc-offset", "+08:00",
		"--parameter", "voucher.tenor_max_days=180:six months [77 art. 11]", "--out", dir,
	}
	for _, i := range order {
		args = append(args, all[i].offer)
	}
	do(t, args...)
	return filepath.Join(dir, "genesis.json")
}

// Four members in four folders: offers, one assembles, all check and accept, four processes run, and the first
// transaction is proven to a client that begins from the genesis file.
func TestCeremony(t *testing.T) {
	all := founders(t)
	genesis := assembled(t, all, 2, 0, 3, 1)
	var hash string
	acceptances := []string{"genesis", "collect", genesis}
	for i, f := range all {
		out := do(t, "genesis", "check", genesis, "--home", f.home, "--hash", hash, "--offer", all[(i+1)%4].offer)
		if !strings.Contains(out, "Bank of Linjiang: 2 of 3 keys sign") || !strings.Contains(out, "is 180 instead of 183") {
			t.Errorf("the words are not there: %s", out)
		}
		var r ceremony.Report
		if err := json.Unmarshal([]byte(do(t, "genesis", "check", genesis, "--home", f.home, "-o", "json")), &r); err != nil {
			t.Fatal(err)
		}
		hash = r.Hash
		for k := range min(len(f.keys), 2) {
			file := filepath.Join(f.dir, fmt.Sprintf("acceptance%d.json", k))
			if i == 3 {
				fails(t, "have yet to accept", acceptances...)
			}
			where := []string{"--home", f.home}
			if k > 0 {
				where = []string{"--offer", f.offer} // she has no node
			}
			do(t, append([]string{"genesis", "accept", genesis, "--key", f.keys[k], "--passphrase-file", f.passphrase, "--out", file}, where...)...)
			acceptances = append(acceptances, file)
		}
	}
	if out := do(t, acceptances...); strings.Contains(out, "not yet") {
		t.Error(out)
	}
	for _, f := range all {
		do(t, "genesis", "install", genesis, "--home", f.home)
		launch(t, "start", "--home", f.home)
	}
	firstTransaction(t, all)
}

// firstTransaction opens an account of the first member's, as its wallet would, and wants the proof.
func firstTransaction(t *testing.T, all []*founder) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	c := dialFounder(ctx, t, all[0])
	signer, err := key.Generate(key.Secp256k1, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Do(ctx, &membersv1.OpenAccount{Name: "treasury", Policy: &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{
		{Kind: uint32(key.Secp256k1), PublicKey: signer.Public().Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: "treasurer"},
	}}})
	if err := errors.Join(err, c.Close()); err != nil || out.Proof.Height < 1 {
		t.Fatalf("the first transaction: %v, proven at height %d", err, out.Proof.Height)
	}
}

// dialFounder waits for the chain and opens a session with what network.json and the genesis say.
func dialFounder(ctx context.Context, t *testing.T, f *founder) *sdk.Client {
	t.Helper()
	conf, err := node.Load(f.home)
	if err != nil {
		t.Fatal(err)
	}
	n, err := wallet.ReadNetwork(ceremony.NetworkFile(conf))
	if err != nil {
		t.Fatal(err)
	}
	genesis, err := os.ReadFile(conf.GenesisFile())
	if err := errors.Join(err, n.CheckGenesis(genesis)); err != nil {
		t.Fatal(err)
	}
	own := slices.IndexFunc(n.Nodes, func(e wallet.Endpoint) bool { return e.URL == "https://"+f.gate })
	p, err := n.Profile(n.Nodes[own].Member, false)
	if err != nil || p.Endpoints[0] != n.Nodes[own] || len(p.Confirmers) == 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	var ends []sdk.Endpoint
	for _, e := range p.Endpoints {
		ends = append(ends, sdk.Endpoint{URL: e.URL, Pin: e.Pin})
	}
	var trust sdk.Trust
	waitFor(t, "the chain begins", func() bool { trust, err = sdk.TrustGenesis(ctx, genesis, ends[0]); return err == nil })
	signer, err := keys.Load(f.keys[0], ceremonyPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	c, err := sdk.Dial(ctx, sdk.Config{Endpoints: ends, Trust: trust, Signer: signer, Dir: filepath.Join(f.dir, "chain")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Whatever is changed on the way to a member is found at that member's.
func TestCeremonyTampering(t *testing.T) {
	all := founders(t)
	genesis := assembled(t, all, 0, 1, 2, 3)
	check := func(i int) []string { return []string{"genesis", "check", genesis, "--home", all[i].home} }
	other := assembled(t, all, 3, 2, 1, 0)
	paper := ceremony.Beside(genesis, ceremony.CeremonyName)
	for name, tc := range map[string]struct {
		file, before, after string
		want                string
	}{
		"power":       {genesis, `"power": "10"`, `"power": "20"`, "the engine's list of validators"},
		"time":        {genesis, `"genesis_time": "2`, `"genesis_time": "3`, "the genesis says, and the offers do not: chain linjiang-1 begins at 3"},
		"offer power": {paper, `"power": 10`, `"power": 20`, "does not fit"},
		"other time":  {paper, `"time": "2`, `"time": "3`, "the offers say, and the genesis does not: chain linjiang-1 begins at 3"},
		"key":         {paper, publicOf(t, all[0].keys[0]), publicOf(t, all[1].keys[0]), "is in the offers of"},
		"sealed key":  {ceremony.Beside(genesis, ceremony.InvoiceKeysName), `"ciphertext": "`, `"ciphertext": "00`, "invoice key"},
	} {
		before, err := os.ReadFile(tc.file)
		if err != nil {
			t.Fatal(err)
		}
		if err := edit(tc.file, tc.before, tc.after); err != nil {
			t.Fatal(err)
		}
		found := false
		for i := range all {
			out, _, err := inProcess(t, check(i)...)
			found = found || err != nil && strings.Contains(out+err.Error(), tc.want)
			accepted := filepath.Join(t.TempDir(), "a.json")
			if _, _, also := inProcess(t, "genesis", "accept", genesis, "--home", all[i].home, "--key", all[i].keys[0], "--passphrase-file", all[i].passphrase, "--out", accepted); (also == nil) != (err == nil) {
				t.Errorf("%s: check says %v, accept %v", name, err, also)
			}
		}
		if !found {
			t.Errorf("%s: nobody has found it", name)
		}
		if err := os.WriteFile(tc.file, before, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	do(t, check(0)...)
	fails(t, "the hash that you were told is another one", append(check(0), "--hash", strings.Repeat("0", 64))...)
	fails(t, "none of the keys of your offer", "genesis", "accept", genesis, "--home", all[0].home, "--key", all[1].keys[0], "--passphrase-file", all[0].passphrase, "--out", filepath.Join(t.TempDir(), "a.json"))
	dropped(t, all)
	installOnce(t, all[0], genesis, other)
}

// dropped leaves a member out, which it finds, and makes a new key, which the home finds.
func dropped(t *testing.T, all []*founder) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "three")
	args := []string{"genesis", "assemble", "--chain", "linjiang-1", "--time", "2027-01-04T09:00:00+08:00", "--out", dir, all[0].offer, all[1].offer, all[2].offer}
	fails(t, "there are 3 validators", args...)
	do(t, append(args, "--allow-below-four")...)
	three := filepath.Join(dir, "genesis.json")
	do(t, "genesis", "check", three, "--home", all[0].home)
	fails(t, "the offer of Splittally Operations Co., Ltd. is not in it", "genesis", "check", three, "--home", all[3].home)
	fails(t, "is not in it", "genesis", "check", three, "--home", all[0].home, "--offer", all[3].offer)
	node3 := filepath.Join(all[2].home, "config", "node_key.json")
	stolen, err := os.ReadFile(filepath.Join(all[1].home, "config", "node_key.json"))
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(node3)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(node3, stolen, 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, "not those of its offer", "genesis", "check", three, "--home", all[2].home)
	if err := os.WriteFile(node3, own, 0o600); err != nil {
		t.Fatal(err)
	}
}

// installOnce: a home belongs to one network; installing the same again changes nothing.
func installOnce(t *testing.T, f *founder, genesis, other string) {
	t.Helper()
	do(t, "genesis", "install", genesis, "--home", f.home)
	before, err := node.Load(f.home)
	if err != nil {
		t.Fatal(err)
	}
	do(t, "genesis", "install", genesis, "--home", f.home)
	after, err := node.Load(f.home)
	if err != nil || len(after.Peers) != 3 || len(before.Peers) != 3 {
		t.Errorf("peers %v, then %v (%v)", before.Peers, after.Peers, err)
	}
	if b, err := os.ReadFile(genesis); err == nil {
		if o, err := os.ReadFile(other); err == nil && string(o) == string(b) {
			return // both were assembled within one second: the same offers, the same bytes
		}
	}
	fails(t, "is another one", "genesis", "install", other, "--home", f.home)
}

func TestGenesisCommandLine(t *testing.T) {
	f := found(t, "Bank of Linjiang", 1, "127.0.0.1:0", "127.0.0.1:0")
	offer := []string{"genesis", "offer", "--home", f.home, "--chain", "c", "--uscc", devnet.Credential(0), "--roles", "bank", "--passphrase-file", f.passphrase, "--key", f.keys[0]}
	fails(t, "p2p", offer...)
	offer = append(offer, "--p2p", "node.example:26656", "--gate", "https://node.example:26443")
	fails(t, "no role", append(offer, "--roles", "king")...)
	fails(t, "neither a public key", append(offer, "--key", "nothing.json")...)
	fails(t, "policy.threshold", append(offer, "--threshold", "2")...)
	do(t, offer...)
	fails(t, "is there already", offer...)
	fails(t, "has no key", "genesis", "sign", filepath.Join(f.home, "config", "offer.json"), "--key", found(t, "X", 1, "127.0.0.1:0", "127.0.0.1:0").keys[0], "--passphrase-file", f.passphrase)
	own := filepath.Join(f.home, "config", "offer.json")
	assemble := []string{"genesis", "assemble", "--chain", "c", "--out", filepath.Join(f.dir, "g"), own}
	fails(t, "--time", append(assemble, "--time", "tomorrow")...)
	assemble = append(assemble, "--time", "2027-01-04T09:00:00+08:00")
	fails(t, "--utc-offset", append(assemble, "--utc-offset", "8")...)
	fails(t, "--parameter", append(assemble, "--parameter", "x=1")...)
	fails(t, "there are 0 validators", append(assemble, "--allow-below-four")...)
	fails(t, "no such file", append(assemble, "nothing.json")...)
	fails(t, "made no offer", "genesis", "check", assembledFiles(t), "--home", found(t, "Y", 1, "127.0.0.1:0", "127.0.0.1:0").home)
	fails(t, "keep the files together", "genesis", "check", own, "--home", f.home)
	fails(t, "neither table nor json", "genesis", "check", own, "--home", f.home, "-o", "xml")
	fails(t, "neither table nor json", "genesis", "collect", own, "-o", "xml")
}

// assembledFiles are papers that can be read.
func assembledFiles(t *testing.T) string {
	t.Helper()
	genesis := filepath.Join(t.TempDir(), "genesis.json")
	for name, text := range map[string]string{"genesis.json": "{}", ceremony.CeremonyName: "{}", ceremony.InvoiceKeysName: "{}"} {
		if err := os.WriteFile(ceremony.Beside(genesis, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return genesis
}
