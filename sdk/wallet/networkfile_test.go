package wallet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
)

const genesisText = `{"chain_id":"hanhai-1"}`

func goodNetwork() *Network {
	sum := sha256.Sum256([]byte(genesisText))
	one := strings.Repeat("0", 63) + "1"
	return &Network{
		Version: networkVersion, Chain: "hanhai-1", Genesis: hex.EncodeToString(sum[:]),
		Nodes: []Endpoint{
			{Member: "Hanhai Automotive Co., Ltd.", URL: "https://node.hanhai.example:26443", Pin: strings.Repeat("a1", 32)},
			{Member: "Hanhai Automotive Co., Ltd.", URL: "https://spare.hanhai.example:26443", Pin: strings.Repeat("a2", 32)},
			{Member: "Bank of Linjiang", URL: "https://node.linjiang.example:26443", Pin: strings.Repeat("b1", 32)},
			{Member: "Bank of Linjiang (Trust)", URL: "https://trust.linjiang.example:26443", Pin: strings.Repeat("b2", 32)},
		},
		Confirmers: []NetworkConfirmer{{Confirmer{Member: id.Hash("hanhai"), Key: generatorKey}, "Hanhai Automotive Co., Ltd."}},
		Trust:      Trust{Height: 7, Hash: one},
	}
}

// generatorKey is the point that the curve begins from, as a key.
const generatorKey = "secp256k1:0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

func writeText(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "network.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func writeNetwork(t *testing.T, n *Network) string {
	t.Helper()
	b, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return writeText(t, string(b))
}

// networkExample has the bytes that 'tallyd genesis install' writes.
const networkExample = `{
  "splittally_network": 1,
  "chain": "hanhai-1",
  "genesis_sha256": "0000000000000000000000000000000000000000000000000000000000000001",
  "trust": {"height": 0, "hash": ""},
  "nodes": [{"member": "Hanhai", "url": "https://a.example:1", "pin": "0000000000000000000000000000000000000000000000000000000000000002"}],
  "confirmers": [{"member": "0000000000000000000000000000000000000000000000000000000000000003", "name": "Hanhai", "key": "` + generatorKey + `"}]
}`

func TestReadNetwork(t *testing.T) {
	n, err := ReadNetwork(writeText(t, networkExample))
	if err != nil || n.Chain != "hanhai-1" || n.Trust.Height != 0 || n.Nodes[0].Member != "Hanhai" || n.Confirmers[0].Name != "Hanhai" || n.Confirmers[0].Key != generatorKey {
		t.Errorf("%+v, %v", n, err)
	}
	if _, err := ReadNetwork(writeNetwork(t, goodNetwork())); err != nil {
		t.Error(err)
	}
}

func TestReadNetworkRefusesFiles(t *testing.T) {
	for text, want := range map[string]string{
		"":            "EOF",
		"[]":          "cannot unmarshal",
		genesisText:   "no network.json of version 1",
		"{} {}":       "behind its end",
		"not a file ": "invalid character",
		strings.Replace(networkExample, `network": 1`, `network": 2`, 1):            "no network.json of version 1",
		strings.Replace(networkExample, `"chain"`, `"gate":"x","chain"`, 1):         `unknown field "gate"`,
		strings.Replace(networkExample, `"url"`, `"port":1,"url"`, 1):               `unknown field "port"`,
		strings.Replace(networkExample, `"name"`, `"role":"seat","name"`, 1):        `unknown field "role"`,
		strings.Replace(networkExample, `00003"`, `0003"`, 1):                       "hex",
		strings.Replace(networkExample, `"splittally_network": 1,`, "", 1):          "no network.json of version 1",
		strings.Replace(networkExample, `"height": 0`, `"height": 0, "time": 1`, 1): `unknown field "time"`,
		strings.Replace(networkExample, `"height": 0`, `"height": "0"`, 1):          "cannot unmarshal string",
		networkExample + "x":                            "",
		strings.Repeat(" ", maxFile+1) + networkExample: "more than such a file can have",
	} {
		_, err := ReadNetwork(writeText(t, text))
		var in *Input
		if !errors.As(err, &in) || in.Field != "network" || in.Do.String() != askForNetwork || !strings.Contains(in.Wrong.String(), want) || errors.Is(err, ErrDamaged) || strings.Contains(in.Wrong.String(), "wallet is damaged") {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
	for _, file := range []string{filepath.Join(t.TempDir(), "none.json"), t.TempDir()} {
		var in *Input
		if _, err := ReadNetwork(file); !errors.As(err, &in) || in.Field != "network" {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestReadNetworkRefusesFields(t *testing.T) {
	for field, change := range map[string]func(*Network){
		"chain":           func(n *Network) { n.Chain = "" },
		"chain ":          func(n *Network) { n.Chain = strings.Repeat("c", maxChainBytes+1) },
		"genesis_sha256":  func(n *Network) { n.Genesis = n.Genesis[1:] },
		"genesis_sha256 ": func(n *Network) { n.Genesis = "" },
		"trust height":    func(n *Network) { n.Trust.Height = 0 },
		"trust height ":   func(n *Network) { n.Trust = Trust{Height: -1} },
		"trust hash":      func(n *Network) { n.Trust.Hash = "" },
		"trust hash ":     func(n *Network) { n.Trust.Hash = "zz" },
		"nodes":           func(n *Network) { n.Nodes = nil },
		"nodes ":          func(n *Network) { n.Nodes = make([]Endpoint, maxNetworkMembers+1) },
		"nodes  ":         func(n *Network) { n.Nodes[1].Member = "" },
		"nodes   ":        func(n *Network) { n.Nodes[2].Member = strings.Repeat("m", maxNameBytes+1) },
		"nodes    ":       func(n *Network) { n.Nodes[2].Pin = "" },
		"pin":             func(n *Network) { n.Nodes[2].Pin = "ab" },
		"endpoints":       func(n *Network) { n.Nodes[3].URL = "http://node.linjiang.example" },
		"confirmers":      func(n *Network) { n.Confirmers = make([]NetworkConfirmer, maxNetworkMembers+1) },
		"confirmers ":     func(n *Network) { n.Confirmers[0].Key = "secp256k1:00" },
		"confirmers  ":    func(n *Network) { n.Confirmers[0].Member = id.ID{} },
		"confirmers   ":   func(n *Network) { n.Confirmers[0].Name = strings.Repeat("m", maxNameBytes+1) },
	} {
		n := goodNetwork()
		change(n)
		_, err := ReadNetwork(writeNetwork(t, n))
		var in *Input
		if !errors.As(err, &in) || in.Field != strings.TrimSpace(field) || in.Do.String() == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// The first node is the named member's, the witness another member's, and a name that fits nobody or several is refused.
func TestNetworkProfile(t *testing.T) {
	for _, one := range []struct{ via, node, witness, refused string }{
		{"", "https://node.hanhai.example:26443", "https://node.linjiang.example:26443", ""},
		{"Bank of Linjiang", "https://node.linjiang.example:26443", "https://node.hanhai.example:26443", ""},
		{"bank of linjiang (t", "https://trust.linjiang.example:26443", "https://node.hanhai.example:26443", ""},
		{"hanhai", "https://node.hanhai.example:26443", "https://node.linjiang.example:26443", ""},
		{"Bank", "", "", `"Bank" fits several members. Use one of Bank of Linjiang; Bank of Linjiang (Trust).`},
		{"Anping", "", "", `"Anping" is no member with a node in this network. Use one of Hanhai Automotive Co., Ltd.; Bank of Linjiang; Bank of Linjiang (Trust).`},
	} {
		p, err := goodNetwork().Profile(one.via, false)
		if one.refused != "" {
			var in *Input
			if !errors.As(err, &in) || in.Field != "via" || !strings.Contains(err.Error(), one.refused) {
				t.Errorf("%q: %v", one.via, err)
			}
			continue
		}
		if err != nil || len(p.Endpoints) != 2 || p.Endpoints[0].URL != one.node || p.Endpoints[1].URL != one.witness || p.Endpoints[1].Member == p.Endpoints[0].Member {
			t.Errorf("%q: %+v, %v", one.via, p.Endpoints, err)
		}
		if err := p.Check(); err != nil || p.Chain != "hanhai-1" || p.Trust.Height != 7 || p.Confirmers[0].Member != id.Hash("hanhai") {
			t.Errorf("%q: %+v, %v", one.via, p, err)
		}
	}
}

func TestNetworkProfileAlone(t *testing.T) {
	n := goodNetwork()
	if p, err := n.Profile("", true); err != nil || len(p.Endpoints) != 1 || !p.Alone || p.Check() != nil {
		t.Errorf("%+v, %v", p, err)
	}
	n.Nodes = n.Nodes[:2]
	if _, err := n.Profile("", false); err == nil || !strings.Contains(err.Error(), "no node of another member as witness") {
		t.Errorf("a member is its own witness: %v", err)
	}
	n.Nodes = append(n.Nodes, n.Nodes[0])
	n.Nodes[2].Member = "Another"
	if _, err := n.Profile("", false); err == nil {
		t.Error("the same node under another name is a witness")
	}
	for len(n.Confirmers) <= maxConfirmers {
		n.Confirmers = append(n.Confirmers, n.Confirmers[0])
	}
	if p, err := n.Profile("", true); err != nil || len(p.Confirmers) != maxConfirmers || p.Check() != nil {
		t.Errorf("%d confirmers, %v", len(p.Confirmers), err)
	}
}

func TestNetworkCheckGenesis(t *testing.T) {
	n := goodNetwork()
	if err := n.CheckGenesis([]byte(genesisText)); err != nil {
		t.Error(err)
	}
	n.Genesis = strings.ToUpper(n.Genesis)
	if err := n.CheckGenesis([]byte(genesisText)); err != nil {
		t.Error(err)
	}
	var in *Input
	if err := n.CheckGenesis([]byte(genesisText + "\n")); !errors.As(err, &in) || in.Field != "genesis" {
		t.Errorf("an altered file: %v", err)
	}
}
