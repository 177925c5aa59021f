package ceremony

import (
	"crypto/ecdh"
	"encoding/hex"
	"fmt"
	"os"
	"slices"

	"github.com/splittally/splittally/app/files"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/id"
)

// Network is what a wallet begins from, the file network.json. Nothing in it is secret.
type Network struct {
	Version int    `json:"splittally_network"`
	Chain   string `json:"chain"`
	// Genesis is the SHA-256 of the genesis file, hex.
	Genesis string `json:"genesis_sha256"`
	// Trust is a header that members vouch for; height 0 until the chain has one: within 14 days of genesis its file is
	// enough.
	Trust TrustedHeader `json:"trust"`
	// Nodes are the members' gates.
	Nodes []NetworkNode `json:"nodes"`
	// Confirmers are members with a seat whose main account one key signs for: a wallet takes checkpoints that two of
	// them confirm.
	Confirmers []Confirmer `json:"confirmers"`
}

// TrustedHeader is a height and the hash of its header, hex.
type TrustedHeader struct {
	Height int64  `json:"height"`
	Hash   string `json:"hash"`
}

// NetworkNode is a member's gate and its pin.
type NetworkNode struct {
	Member string `json:"member"`
	URL    string `json:"url"`
	Pin    string `json:"pin"`
}

// Confirmer is a member and a key of its main account.
type Confirmer struct {
	Member id.ID  `json:"member"`
	Name   string `json:"name"`
	Key    string `json:"key"`
}

// Network describes the network for wallets.
func (c *Ceremony) Network(genesis []byte) *Network {
	out := &Network{Version: formVersion, Chain: c.Chain, Genesis: Hash(genesis), Nodes: []NetworkNode{}, Confirmers: []Confirmer{}}
	for i := range c.Offers {
		t := &c.Offers[i].Terms
		out.Nodes = append(out.Nodes, NetworkNode{Member: t.Name, URL: t.Gate, Pin: t.Pin})
		if t.Seat && t.Threshold == 1 {
			out.Confirmers = append(out.Confirmers, Confirmer{Member: c.member(len(c.Parameters) + i), Name: t.Name, Key: t.Keys[0].Key})
		}
	}
	return out
}

// Account is the main account that genesis gives a member; false where it made no offer.
func (c *Ceremony) Account(credential string) (member, account id.ID, ok bool) {
	i := slices.IndexFunc(c.Offers, func(o Offer) bool { return o.Terms.Credential == credential })
	if i < 0 {
		return id.ID{}, id.ID{}, false
	}
	return c.member(len(c.Parameters) + i), c.account(len(c.Parameters) + i), true
}

// Peers are the other members' nodes as a node's configuration names them.
func (c *Ceremony) Peers(own *Terms) []string {
	out := []string{}
	for i := range c.Offers {
		if t := &c.Offers[i].Terms; t.Credential != own.Credential {
			out = append(out, t.Nodes[0]+"@"+t.P2P)
		}
	}
	return out
}

// Install puts a checked genesis into a home: the file itself, the peers into the configuration, the invoice key, and
// network.json for wallets. Each file is replaced whole, and the genesis, which the node begins from, comes last: cut off in
// between, it is done again. Refused where the home has a genesis that is another one.
func Install(conf node.Config, genesis []byte, c *Ceremony, keys *InvoiceKeys, own *Terms, private *ecdh.PrivateKey) error {
	secret, err := keys.Open(own.Credential, private)
	if err != nil {
		return err
	}
	if there, err := os.ReadFile(conf.GenesisFile()); err == nil && Hash(there) != Hash(genesis) {
		return fmt.Errorf("%s is there already and is another one: a home belongs to one network", conf.GenesisFile())
	}
	for _, p := range c.Peers(own) {
		if !slices.Contains(conf.Peers, p) {
			conf.Peers = append(conf.Peers, p)
		}
	}
	if err := conf.Check(); err != nil {
		return fmt.Errorf("with the other members' nodes as peers: %w", err)
	}
	if err := files.Replace(InvoiceKeyFile(conf), []byte(hex.EncodeToString(secret)+"\n")); err != nil {
		return err
	}
	if err := Rewrite(NetworkFile(conf), c.Network(genesis)); err != nil {
		return err
	}
	if err := conf.Save(); err != nil {
		return err
	}
	return files.Replace(conf.GenesisFile(), genesis)
}
