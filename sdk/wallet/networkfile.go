package wallet

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk/lang"
)

const (
	// networkVersion is the form of the file.
	networkVersion = 1
	// maxNetworkMembers bounds its nodes, and its confirmers.
	maxNetworkMembers = 1_000
	// maxNamesTold bounds the names in a message.
	maxNamesTold = 20
)

// Network is what a wallet begins from, the file network.json that 'tallyd genesis install' writes for members to hand on.
// Nothing in it is secret, and all of it is to be trusted as much as who gave it.
type Network struct {
	Version int    `json:"splittally_network"`
	Chain   string `json:"chain"`
	// Genesis is the SHA-256 of the genesis file, 64 hex digits.
	Genesis string `json:"genesis_sha256"`
	// Trust is a header that members vouch for; height 0 and no hash where there is none yet.
	Trust Trust `json:"trust"`
	// Nodes are the members' gates, each with its pin and whose it is.
	Nodes []Endpoint `json:"nodes"`
	// Confirmers are members whose checkpoints a wallet may take.
	Confirmers []NetworkConfirmer `json:"confirmers"`
}

// NetworkConfirmer is a confirmer with its legal name, for people.
type NetworkConfirmer struct {
	Confirmer
	Name string `json:"name"`
}

const askForNetwork = "Ask a member for its network.json: it is in the folder config of its node's home."

// ReadNetwork reads network.json. A file that cannot be read, another version, a field that nobody knows, and a field that
// is outside of its limits are each an Input that names it.
func ReadNetwork(file string) (*Network, error) {
	var form struct {
		Version int `json:"splittally_network"`
	}
	if err := readJSON(file, &form); err != nil {
		return nil, ofNetworkFile(err)
	}
	if form.Version != networkVersion {
		return nil, input("network", lang.T("%s is no network.json of version %d", file, networkVersion), lang.T(askForNetwork))
	}
	n := &Network{}
	if err := readStrict(file, n); err != nil {
		return nil, ofNetworkFile(err)
	}
	return n, n.check()
}

// ofNetworkFile has a fault of the file be one of what was given, not of the wallet.
func ofNetworkFile(err error) error {
	return input("network", lang.T("%s", strings.TrimPrefix(err.Error(), ErrDamaged.Error()+": ")), lang.T(askForNetwork))
}

func (n *Network) check() error {
	trusted := n.Trust.Height != 0 || n.Trust.Hash != ""
	switch {
	case n.Chain == "" || len(n.Chain) > maxChainBytes:
		return input("chain", lang.T("it is empty or too long"), lang.T(askForNetwork))
	case trusted && n.Trust.Height < 1:
		return input("trust height", lang.T("%v", n.Trust.Height), lang.T("Heights count from 1; a network without a header to trust has height 0 and no hash."))
	case len(n.Nodes) == 0 || len(n.Nodes) > maxNetworkMembers:
		return input("nodes", lang.T("there are %d", len(n.Nodes)), lang.T(askForNetwork))
	case len(n.Confirmers) > maxNetworkMembers:
		return input("confirmers", lang.T("there are %d", len(n.Confirmers)), lang.T(askForNetwork))
	}
	if _, err := unhex32("genesis_sha256", n.Genesis); err != nil {
		return err
	}
	if trusted {
		if _, err := unhex32("trust hash", n.Trust.Hash); err != nil {
			return err
		}
	}
	return errors.Join(n.checkNodes(), n.checkConfirmers())
}

// checkNodes wants a pin and a member of each node: without them a witness could be the same node again.
func (n *Network) checkNodes() error {
	for i, e := range n.Nodes {
		if e.Member == "" || len(e.Member) > maxNameBytes {
			return input("nodes", lang.T("node %d names no member, or with too long a name", i+1), lang.T(askForNetwork))
		}
		if e.Pin == "" {
			return input("nodes", lang.T("node %d, of %s, has no pin", i+1, e.Member), lang.T("Ask this member for the pin of its node's key: 'tallyd init' prints it."))
		}
	}
	return (&Profile{Endpoints: n.Nodes}).checkEndpoints()
}

func (n *Network) checkConfirmers() error {
	p := Profile{}
	for i, c := range n.Confirmers {
		if c.Member == (id.ID{}) || len(c.Name) > maxNameBytes {
			return input("confirmers", lang.T("confirmer %d has no member's id, or too long a name", i+1), lang.T(askForNetwork))
		}
		p.Confirmers = append(p.Confirmers, c.Confirmer)
	}
	return p.checkKeys()
}

// Profile begins a wallet's settings: the node of a member whose legal name via is, or begins, the first of the file
// where it is empty; another member's node as witness, none where alone; and the confirmers, the first 32 of them. Its
// trusted header is the file's, whose height is 0 where the genesis file is to be trusted: CheckGenesis.
func (n *Network) Profile(via string, alone bool) (Profile, error) {
	first, err := n.nodeOf(via)
	if err != nil {
		return Profile{}, err
	}
	p := Profile{Chain: n.Chain, Alone: alone, Endpoints: []Endpoint{first}, Trust: n.Trust}
	for _, c := range n.Confirmers[:min(len(n.Confirmers), maxConfirmers)] {
		p.Confirmers = append(p.Confirmers, c.Confirmer)
	}
	if alone {
		return p, nil
	}
	i := slices.IndexFunc(n.Nodes, func(e Endpoint) bool {
		return e.Member != first.Member && e.URL != first.URL && !strings.EqualFold(e.Pin, first.Pin)
	})
	if i < 0 {
		return p, input("network", lang.T("it has no node of another member as witness"), lang.T("Ask for one that names all members' nodes, or say that this one stands alone."))
	}
	p.Endpoints = append(p.Endpoints, n.Nodes[i])
	return p, nil
}

// nodeOf is the first node of the member that a name fits: as a whole, or as the beginning of one member's alone.
func (n *Network) nodeOf(via string) (Endpoint, error) {
	if via == "" {
		return n.Nodes[0], nil
	}
	var fits []Endpoint
	for _, e := range n.Nodes {
		if strings.EqualFold(e.Member, via) {
			return e, nil
		}
		if strings.HasPrefix(strings.ToLower(e.Member), strings.ToLower(via)) {
			fits = append(fits, e)
		}
	}
	switch told := membersOf(fits); {
	case len(told) == 1:
		return fits[0], nil
	case len(told) > 1:
		return Endpoint{}, input("via", lang.T("%.80q fits several members", via), lang.T("Use one of %s.", strings.Join(told[:min(len(told), maxNamesTold)], "; ")))
	}
	all := membersOf(n.Nodes)
	return Endpoint{}, input("via", lang.T("%.80q is no member with a node in this network", via), lang.T("Use one of %s.", strings.Join(all[:min(len(all), maxNamesTold)], "; ")))
}

// membersOf are whose nodes they are, each once.
func membersOf(nodes []Endpoint) (out []string) {
	for _, e := range nodes {
		if !slices.Contains(out, e.Member) {
			out = append(out, e.Member)
		}
	}
	return out
}

// CheckGenesis refuses a genesis file that is not this network's.
func (n *Network) CheckGenesis(genesis []byte) error {
	sum := sha256.Sum256(genesis)
	if got := hex.EncodeToString(sum[:]); !strings.EqualFold(got, n.Genesis) {
		return input("genesis", lang.T("its SHA-256 is %s, and network.json wants %s", got, n.Genesis),
			lang.T("One of the two files is another network's or was altered: use neither before a member has told you the SHA-256 over another way."))
	}
	return nil
}
