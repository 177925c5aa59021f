package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
)

// manifest is what a development network's folder says of itself, in devnet.json.
type manifest struct {
	Chain      string         `json:"chain"`
	Nodes      []manifestNode `json:"nodes"`
	Roles      []manifestRole `json:"roles"`
	InvoiceKey string         `json:"invoice_key"`
}

type manifestNode struct {
	Member string `json:"member"`
	Gate   string `json:"gate"`
	Pin    string `json:"pin"`
}

type manifestRole struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Member  id.ID  `json:"member"`
	Account id.ID  `json:"account"`
	Secret  string `json:"secret"`
	Node    int    `json:"node"`
}

// Development is the profile of a role of a development network, from the network's folder: its node and another
// member's as witness, its key, which everybody knows, and the names of the others. The header to trust is the node's
// word, which is enough for a network that is for development alone.
func Development(ctx context.Context, dir, role string) (Profile, error) {
	m := &manifest{}
	err := readJSON(filepath.Join(dir, "devnet.json"), m)
	if errors.Is(err, fs.ErrNotExist) {
		return Profile{}, input("devnet", lang.T("%s holds no development network", dir), lang.T("Give the folder that 'tallyd devnet' names."))
	}
	if err != nil {
		return Profile{}, err
	}
	i := slices.IndexFunc(m.Roles, func(r manifestRole) bool { return r.Name == role })
	if i < 0 {
		return Profile{}, input("role", lang.T("%.40q is no role of the network", role), lang.T("Use one of %s.", strings.Join(m.names(), ", ")))
	}
	p, err := m.profile(m.Roles[i])
	if err != nil {
		return p, err
	}
	trust, err := sdk.AskTrust(ctx, m.Chain, sdk.Endpoint{URL: p.Endpoints[0].URL, Pin: p.Endpoints[0].Pin})
	p.Trust = TrustOf(trust)
	return p, err
}

func (m *manifest) names() (out []string) {
	for _, r := range m.Roles {
		out = append(out, r.Name)
	}
	return out
}

func (m *manifest) profile(r manifestRole) (Profile, error) {
	if r.Node < 0 || r.Node >= len(m.Nodes) {
		return Profile{}, lang.Errorf("%w: the role %s has no node", ErrDamaged, r.Name)
	}
	p := Profile{
		Chain: m.Chain, Account: r.Account, Endpoints: []Endpoint{m.endpoint(r.Node)}, DevelopmentSecret: r.Secret,
		InvoiceKey: m.InvoiceKey, Names: map[string]id.ID{},
	}
	for i, n := range m.Nodes {
		if n.Member != m.Nodes[r.Node].Member && len(p.Endpoints) < 2 {
			p.Endpoints = append(p.Endpoints, m.endpoint(i))
		}
	}
	p.Alone = len(p.Endpoints) == 1
	for _, other := range m.Roles {
		p.Names[other.Name] = other.Account
	}
	var err error
	p.Confirmers, err = m.confirmers(r.Name)
	return p, err
}

func (m *manifest) endpoint(i int) Endpoint {
	return Endpoint{URL: m.Nodes[i].Gate, Pin: m.Nodes[i].Pin, Member: m.Nodes[i].Member}
}

// confirmers are the other members with a node of their own: they have seats.
func (m *manifest) confirmers(but string) ([]Confirmer, error) {
	var out []Confirmer
	for _, r := range m.Roles {
		if r.Name == but || !slices.ContainsFunc(m.Nodes, func(n manifestNode) bool { return n.Member == r.Title }) {
			continue
		}
		secret, err := hex.DecodeString(r.Secret)
		if err != nil {
			return nil, err
		}
		s, err := key.FromSecret(key.Secp256k1, secret)
		if err != nil {
			return nil, err
		}
		out = append(out, Confirmer{Member: r.Member, Key: s.Public().String()})
	}
	return out, nil
}
