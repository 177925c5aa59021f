// Package devnet lays out a consortium for development: four members with validators, suppliers of three tiers, a
// regulator, a court, keys that everybody knows, and a genesis that says so. Nothing in it is for real money.
package devnet

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// ChainID is the id of development chains.
const ChainID = "splittally-dev"

// Role is one named account of a development network.
type Role struct {
	Name    string // as commands call it: obligor, bank, tier1
	Title   string // the member's legal name
	Member  id.ID
	Account id.ID
	Signer  key.Signer
	Secret  string // hex, of the secp256k1 key
	Node    int    // which node's gate it uses
	roles   uint32
	seat    bool
	small   bool
	code    string
	quota   uint32
}

// roles is the cast, in the order of genesis. The first four have validators.
func roles() []Role {
	core, bank, guarantor, financier := uint32(membersv1.RoleCoreEnterprise), uint32(membersv1.RoleBank), uint32(membersv1.RoleGuarantor), uint32(membersv1.RoleFinancier)
	supplier, operator, regulator := uint32(membersv1.RoleSupplier), uint32(membersv1.RoleOperator), uint32(membersv1.RoleRegulator)
	return []Role{
		{Name: "obligor", Title: "Hanhai Automotive Co., Ltd.", roles: core, seat: true, quota: 10_000, Node: 0},
		{Name: "bank", Title: "Bank of Linjiang", roles: bank | guarantor | financier, seat: true, quota: 1_000, Node: 1},
		{Name: "factor", Title: "Anping Factoring Co., Ltd.", roles: financier, seat: true, Node: 2},
		{Name: "operator", Title: "Splittally Operations Co., Ltd.", roles: operator, seat: true, Node: 3},
		{Name: "tier1", Title: "Dingsheng Gearbox Co., Ltd.", roles: supplier, Node: 0},
		{Name: "tier2", Title: "Yuhe Forging Co., Ltd.", roles: supplier, small: true, Node: 1},
		{Name: "tier3", Title: "Qingshi Abrasives Workshop", roles: supplier, small: true, Node: 2},
		{Name: "regulator", Title: "Supervision Bureau", roles: regulator, Node: 3},
		{Name: "court", Title: "Linjiang Intermediate Court", roles: uint32(membersv1.RoleAuthority), Node: 3},
	}
}

// Options say how large a network is.
type Options struct {
	Dir        string
	Validators int // 1 to 4
	FullNode   bool
	// Extra calls run at the end of genesis, as governance.
	Extra []kernel.GenesisCall
	// Tune changes each node's configuration before it is written.
	Tune func(*node.Config)
	// Genesis time; now if zero.
	Time time.Time
}

// Net is a network laid out on disk; its nodes are started by whoever made it.
type Net struct {
	Dir     string
	Nodes   []node.Config
	IDs     []node.Identity
	Roles   []Role
	Genesis *types.GenesisDoc
}

// LineMinor is the obligor's issuance line in CNY: 100 million yuan.
const LineMinor = 10_000_000_000

// Make lays the network out in a folder that is empty or not there.
func Make(o Options) (*Net, error) {
	if o.Validators < 1 || o.Validators > 4 {
		return nil, fmt.Errorf("validators: %d; a development network has 1 to 4", o.Validators)
	}
	if entries, err := os.ReadDir(o.Dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty: choose a folder of its own for a network", o.Dir)
	}
	n := &Net{Dir: o.Dir, Roles: cast()}
	count := o.Validators
	if o.FullNode {
		count++
	}
	for i := range count {
		if err := n.makeNode(i, o); err != nil {
			return nil, err
		}
	}
	n.seat()
	n.introduce()
	if err := n.makeGenesis(o); err != nil {
		return nil, err
	}
	for i := range n.Nodes {
		if err := n.write(i); err != nil {
			return nil, err
		}
	}
	return n, n.writeManifest()
}

// cast gives every role its keys and the ids that genesis will make.
func cast() []Role {
	out := roles()
	seed := kernelv1.GenesisSeed(ChainID)
	for i := range out {
		r := &out[i]
		secret := id.Hash("development key", []byte(r.Name))
		s, err := key.FromSecret(key.Secp256k1, secret[:])
		if err != nil {
			panic(err) // a hash is a scalar but with probability 2^-128, and these names are fixed
		}
		r.Signer, r.Secret = s, hex.EncodeToString(secret[:])
		r.Member, r.Account = kernelv1.CreatedID(seed, uint32(i), 0), kernelv1.CreatedID(seed, uint32(i), 1)
		r.code = Credential(i)
	}
	return out
}

// Credential is the unified social credit code of role number i, or of a newcomer with a number of its own (0 to
// 999): the check character is the one that fits.
func Credential(i int) string {
	base := fmt.Sprintf("91310000MA1DEM%03d", i)
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if membersv1.ValidUSCC(base + string(c)) {
			return base + string(c)
		}
	}
	panic("devnet: no check character fits " + base)
}

func (n *Net) makeNode(i int, o Options) error {
	c := node.DefaultConfig()
	c.Home = filepath.Join(o.Dir, fmt.Sprintf("node%d", i))
	c.Member = "full node"
	if i < o.Validators {
		c.Member = n.Roles[i].Title
	}
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	c.GateListen, c.P2PListen, c.RPCListen = ports[0], ports[1], ports[2]
	if o.Tune != nil {
		o.Tune(&c)
	}
	ident, err := node.MakeHome(c)
	if err != nil {
		return err
	}
	n.Nodes, n.IDs = append(n.Nodes, c), append(n.IDs, ident)
	return nil
}

// Ports are taken from below those that the machine hands to outgoing connections: one of these could take a port
// between its choice and the node's start.
const (
	portFirst    = 20_000
	portCount    = 12_000
	portAttempts = 1_000
)

// freePorts finds ports that nobody uses.
func freePorts(count int) ([]string, error) {
	var out []string
	for range portAttempts {
		if len(out) == count {
			return out, nil
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", portFirst+rand.IntN(portCount)))
		if err == nil {
			defer l.Close() // all are held until every one is chosen
			out = append(out, l.Addr().String())
		}
	}
	return nil, fmt.Errorf("no %d free ports were found between %d and %d", count, portFirst, portFirst+portCount)
}

// seat gives each role the gate of a node that there is.
func (n *Net) seat() {
	for i := range n.Roles {
		n.Roles[i].Node %= len(n.Nodes)
	}
}

// introduce tells every node of all others.
func (n *Net) introduce() {
	for i := range n.Nodes {
		n.Nodes[i].Peers = []string{}
		for j := range n.Nodes {
			if i != j {
				n.Nodes[i].Peers = append(n.Nodes[i].Peers, n.IDs[j].PeerID+"@"+n.Nodes[j].P2PListen)
			}
		}
	}
}

func (n *Net) makeGenesis(o Options) error {
	if o.Time.IsZero() {
		o.Time = time.Now().UTC().Add(-time.Second)
	}
	doc := &types.GenesisDoc{ChainID: ChainID, GenesisTime: o.Time, InitialHeight: 1, ConsensusParams: types.DefaultConsensusParams()}
	doc.ConsensusParams.Block.MaxBytes = app.MaxBlockBytes + app.EngineBytes
	calls := n.calls(o)
	for i := range o.Validators {
		pub := ed25519.PubKey(n.IDs[i].Validator)
		doc.Validators = append(doc.Validators, types.GenesisValidator{Address: pub.Address(), PubKey: pub, Power: 10, Name: n.Roles[i].Title})
		calls = append(calls, Call(&governancev1.SetValidator{PublicKey: pub, Power: 10, Member: n.Roles[i].Member.Bytes(), AllowBelowFour: true}))
	}
	state, err := json.Marshal(&kernel.Genesis{Development: true, UTCOffsetS: 8 * 3600, Calls: append(calls, o.Extra...)})
	if err != nil {
		return err
	}
	doc.AppState = state
	n.Genesis = doc
	return doc.ValidateAndComplete()
}

func (n *Net) calls(o Options) []kernel.GenesisCall {
	var out []kernel.GenesisCall
	for i, r := range n.Roles {
		pub := r.Signer.Public()
		m := &membersv1.AdmitMember{
			Legal: &membersv1.Legal{Name: r.Title, CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: r.code, SmallFirm: r.small},
			Roles: r.roles, Seat: r.seat, SupplierQuota: r.quota,
			Policy: &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: r.Name}}},
		}
		m.Nodes = n.nodesOf(i, o)
		out = append(out, Call(m))
	}
	return append(out, Call(&voucherv1.SetLine{Obligor: n.Roles[0].Account.Bytes(), Currency: "CNY", LimitMinor: LineMinor}))
}

// nodesOf are the peer ids of a role's nodes; the full node is the operator's.
func (n *Net) nodesOf(role int, o Options) [][]byte {
	var out [][]byte
	for i, ident := range n.IDs {
		owner := i
		if i >= o.Validators {
			owner = 3
		}
		if owner == role {
			b, _ := hex.DecodeString(ident.PeerID)
			out = append(out, b)
		}
	}
	return out
}

// Call makes a call of genesis from a message.
func Call(m proto.Message) kernel.GenesisCall {
	b, err := protojson.Marshal(m)
	if err != nil {
		panic(err) // the messages are this package's own
	}
	return kernel.GenesisCall{Method: txv1.MethodOf(m), Message: b}
}

func (n *Net) write(i int) error {
	c := n.Nodes[i]
	if err := n.Genesis.SaveAs(c.GenesisFile()); err != nil {
		return err
	}
	return c.Save()
}

// Role finds a role by name; it panics on a name that the cast has not.
func (n *Net) Role(name string) Role {
	for _, r := range n.Roles {
		if r.Name == name {
			return r
		}
	}
	panic("devnet: no role " + name)
}
