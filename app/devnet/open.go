package devnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/id"
)

// Manifest is the file devnet.json of a network's folder: what a wallet needs to begin.
type Manifest struct {
	Chain string         `json:"chain"`
	Nodes []NodeManifest `json:"nodes"`
	Roles []RoleManifest `json:"roles"`
	// InvoiceKey is the key of invoice fingerprints, hex; every member has it.
	InvoiceKey string `json:"invoice_key"`
}

// NodeManifest is one node's gate.
type NodeManifest struct {
	Home   string `json:"home"`
	Member string `json:"member"`
	Gate   string `json:"gate"`
	Pin    string `json:"pin"`
}

// RoleManifest is one named account with its key, which is no secret.
type RoleManifest struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Member  id.ID  `json:"member"`
	Account id.ID  `json:"account"`
	Secret  string `json:"secret"`
	Node    int    `json:"node"`
}

// InvoiceKey is the fingerprint key of development networks.
var InvoiceKey = id.Hash("development invoice key")

func manifestFile(dir string) string { return filepath.Join(dir, "devnet.json") }

// IsThere tells whether a folder holds a network.
func IsThere(dir string) bool {
	_, err := os.Stat(manifestFile(dir))
	return err == nil
}

// RemoveDir deletes a network's folder, and refuses one that holds something else.
func RemoveDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(entries) > 0 && !IsThere(dir) {
		return fmt.Errorf("%s holds no development network: delete it yourself if you mean it", dir)
	}
	nodes, err := filepath.Glob(filepath.Join(dir, "node[0-9]"))
	if err != nil {
		return err
	}
	for _, made := range append(nodes, manifestFile(dir)) {
		if err := os.RemoveAll(made); err != nil {
			return err
		}
	}
	if err := os.Remove(dir); err != nil {
		return fmt.Errorf("the network is deleted, and its folder has something else in it: %w", err)
	}
	return nil
}

// Manifest describes the network.
func (n *Net) Manifest() Manifest {
	m := Manifest{Chain: ChainID, InvoiceKey: InvoiceKey.String()}
	for i, c := range n.Nodes {
		m.Nodes = append(m.Nodes, NodeManifest{Home: c.Home, Member: c.Member, Gate: "https://" + c.GateListen, Pin: n.IDs[i].Pin})
	}
	for _, r := range n.Roles {
		m.Roles = append(m.Roles, RoleManifest{Name: r.Name, Title: r.Title, Member: r.Member, Account: r.Account, Secret: r.Secret, Node: r.Node})
	}
	return m
}

func (n *Net) writeManifest() error {
	b, err := json.MarshalIndent(n.Manifest(), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(manifestFile(n.Dir), append(b, '\n'), 0o600)
}

// Open reads a network that Make laid out.
func Open(dir string) (*Net, error) {
	b, err := os.ReadFile(manifestFile(dir))
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestFile(dir), err)
	}
	n := &Net{Dir: dir, Roles: cast()}
	for _, one := range m.Nodes {
		c, err := node.Load(one.Home)
		if err != nil {
			return nil, err
		}
		ident, err := node.ReadIdentity(c)
		if err != nil {
			return nil, err
		}
		n.Nodes, n.IDs = append(n.Nodes, c), append(n.IDs, ident)
	}
	if len(n.Nodes) == 0 {
		return nil, fmt.Errorf("%s names no nodes: begin anew with --reset", manifestFile(dir))
	}
	n.seat()
	n.Genesis, err = types.GenesisDocFromFile(n.Nodes[0].GenesisFile())
	return n, err
}
