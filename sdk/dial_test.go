package sdk_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
	"go.uber.org/goleak"
)

func TestDialRefuses(t *testing.T) {
	chain := sdktest.Start(t, 1)
	for name, tc := range map[string]struct {
		change func(*sdk.Config)
		want   string
	}{
		"no node":            {func(c *sdk.Config) { c.Endpoints = nil }, "Endpoints"},
		"no witness":         {func(c *sdk.Config) { c.Alone = false }, "Endpoints"},
		"plain http":         {func(c *sdk.Config) { c.Endpoints[0].URL = strings.Replace(c.Endpoints[0].URL, "https", "http", 1) }, "https"},
		"another pin":        {func(c *sdk.Config) { c.Endpoints[0].Pin = strings.Repeat("ab", 32) }, "pin"},
		"half a pin":         {func(c *sdk.Config) { c.Endpoints[0].Pin = "abcd" }, "pin"},
		"no pin, no issuer":  {func(c *sdk.Config) { c.Endpoints[0].Pin = "" }, "certificate"},
		"no chain":           {func(c *sdk.Config) { c.Trust.Chain = "" }, "Trust"},
		"another chain":      {func(c *sdk.Config) { c.Trust.Chain = "other" }, "chain"},
		"another hash":       {func(c *sdk.Config) { c.Trust.Hash = bytes.Repeat([]byte{1}, 32) }, "hash"},
		"no hash":            {func(c *sdk.Config) { c.Trust.Hash = nil }, "trusted"},
		"no account":         {func(c *sdk.Config) { c.Account, c.Signer = id.ID{}, nil }, "Account"},
		"checkpoint, no dir": {func(c *sdk.Config) { c.Checkpoint = &sdk.Checkpoint{} }, "Dir"},
	} {
		conf := chain.Config(sdktest.Tier1)
		tc.change(&conf)
		c, err := sdk.Dial(t.Context(), conf)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
		if c != nil || name == "another pin" && !errors.Is(err, sdk.ErrPin) {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}

// Another's key opens no session: own records stay closed.
func TestSessionNeedsTheAccountsKey(t *testing.T) {
	chain := sdktest.Start(t, 1)
	conf := chain.Config(sdktest.Tier1)
	conf.Signer = chain.Signer(sdktest.Tier2)
	c, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Holdings(t.Context()); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("%v", err)
	}
}

// A node that was restarted knows no sessions; the client opens a new one by itself.
func TestSessionIsRenewed(t *testing.T) {
	ahead := time.Duration(0)
	s := newStage(t, func(c *sdk.Config) { c.Now = func() time.Time { return time.Now().Add(ahead) } })
	ahead = 15 * time.Second
	for name, ask := range map[string]func() error{
		"a list":        func() error { _, err := s.tier1.Holdings(t.Context()); return err },
		"a record":      func() error { _, _, err := s.tier1.Totals(t.Context()); return err },
		"a transaction": func() error { _, err := s.tier1.Do(t.Context(), check("renewed")); return err },
	} {
		s.liar.forget(true)
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		ahead += 11 * time.Second
	}
}

func TestWitnesses(t *testing.T) {
	chain := sdktest.Start(t, 1)
	conf := chain.Config(sdktest.Tier2)
	right, liar := newLiar(t, conf), newLiar(t, conf)
	lie := forge(t, func(b *cmtproto.LightBlock) { b.SignedHeader.Header.AppHash = make([]byte, 32) })
	liar.lies(lie)
	node := conf.Endpoints[0]
	conf.Alone = false
	for name, tc := range map[string]struct {
		nodes []sdk.Endpoint
		want  error
	}{
		"the witness agrees":                 {[]sdk.Endpoint{node, right.Endpoint}, nil},
		"the one witness lies":               {[]sdk.Endpoint{node, liar.Endpoint}, sdk.ErrNoWitness},
		"one of two witnesses lies":          {[]sdk.Endpoint{node, liar.Endpoint, right.Endpoint}, nil},
		"the node lies, the witness is true": {[]sdk.Endpoint{liar.Endpoint, node}, sdk.ErrHeader},
		"node and witness lie alike":         {[]sdk.Endpoint{liar.Endpoint, liar.Endpoint}, sdk.ErrHeader},
	} {
		time.Sleep(300 * time.Millisecond) // blocks after the one that is trusted
		conf.Endpoints = tc.nodes
		c, err := sdk.Dial(t.Context(), conf)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: want %v, got %v", name, tc.want, err)
		}
		if err == nil {
			_ = c.Close()
		}
	}
}

func TestTrustGenesis(t *testing.T) {
	network := apptest.Start(t)
	url, pin := network.Endpoint(0)
	node := sdk.Endpoint{URL: url, Pin: pin}
	genesis, err := os.ReadFile(network.Nodes[0].GenesisFile())
	if err != nil {
		t.Fatal(err)
	}
	trust, err := sdk.TrustGenesis(t.Context(), genesis, node)
	if err != nil || trust.Height != 1 || trust.Chain != network.Genesis.ChainID {
		t.Fatalf("%+v, %v", trust, err)
	}
	other := apptest.Start(t)
	foreign, err := os.ReadFile(other.Nodes[0].GenesisFile())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sdk.TrustGenesis(t.Context(), foreign, node); !errors.Is(err, sdk.ErrHeader) {
		t.Errorf("another network's genesis: %v", err)
	}
	if _, err := sdk.TrustGenesis(t.Context(), []byte("{}"), node); err == nil {
		t.Error("no genesis at all")
	}
}

func TestLeavesNothingRunning(t *testing.T) {
	chain := sdktest.Start(t, 1)
	before := goleak.IgnoreCurrent()
	conf := chain.Config(sdktest.Tier1)
	conf.Dir = t.TempDir()
	c, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), check("leak")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Holdings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	// The node's own side of the connections ends a little later; what is looked for is the client's.
	if err := goleak.Find(before, goleak.IgnoreAnyFunction("net/http.(*http2Server).ServeConn"), goleak.IgnoreAnyFunction("net/http.(*conn).serve")); err != nil {
		t.Error(err)
	}
	conf.Trust.Hash, conf.Trust.Height = nil, 0 // Dir carries on alone
	again, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}

// After 14 days without contact two members' signatures, and nothing less, bring a client back.
func TestCheckpoint(t *testing.T) {
	network := apptest.Start(t, func(o *devnet.Options) { o.Time = time.Now().UTC().Add(-15 * 24 * time.Hour) })
	url, pin := network.Endpoint(0)
	node := sdk.Endpoint{URL: url, Pin: pin}
	role := func(name string) devnet.Role { return network.Role(name) }
	confirmer := func(name string) sdk.Confirmer {
		return sdk.Confirmer{Member: role(name).Member, Key: role(name).Signer.Public()}
	}
	trust, err := sdk.AskTrust(t.Context(), network.Genesis.ChainID, node)
	if err != nil {
		t.Fatal(err)
	}
	conf := sdk.Config{
		Endpoints: []sdk.Endpoint{node}, Alone: true, Trust: trust, Account: role("tier1").Account, Signer: role("tier1").Signer, Dir: t.TempDir(),
		Confirmers: []sdk.Confirmer{confirmer("bank"), confirmer("regulator"), confirmer("factor"), confirmer("tier2")},
	}
	c, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	may, err := c.Confirmers(t.Context())
	if len(may) != 3 || err == nil || !strings.Contains(err.Error(), role("tier2").Member.Short()) {
		t.Errorf("%d may confirm, %v", len(may), err)
	}
	point, err := c.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if same, err := c.CheckpointAt(t.Context(), point.Height); err != nil || same.Hash != point.Hash {
		t.Errorf("%v, %v", same, err)
	}
	if _, err := c.CheckpointAt(t.Context(), 1); !errors.Is(err, sdk.ErrStale) {
		t.Errorf("a header from before: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	ageKept(t, conf.Dir, node, network)
	conf.Trust = sdk.Trust{Chain: trust.Chain}
	if _, err := sdk.Dial(t.Context(), conf); !errors.Is(err, sdk.ErrTrustExpired) {
		t.Fatalf("after 15 days: %v", err)
	}
	for name, tc := range map[string]struct {
		signers []string
		change  func(*sdk.Checkpoint)
		taken   bool
	}{
		"nobody":                 {nil, nil, false},
		"one":                    {[]string{"bank"}, nil, false},
		"one twice":              {[]string{"bank", "bank"}, nil, false},
		"one and a supplier":     {[]string{"bank", "tier2"}, nil, false},
		"one and a stranger":     {[]string{"bank", "operator"}, nil, false},
		"two":                    {[]string{"bank", "regulator"}, nil, true},
		"two, and a stranger":    {[]string{"operator", "factor", "regulator"}, nil, true},
		"two for another height": {[]string{"bank", "regulator"}, func(p *sdk.Checkpoint) { p.Height++ }, false},
		"two for another hash":   {[]string{"bank", "regulator"}, func(p *sdk.Checkpoint) { p.Hash = strings.Repeat("ab", 32) }, false},
		"two for another chain":  {[]string{"bank", "regulator"}, func(p *sdk.Checkpoint) { p.Chain = "other" }, false},
		"one in another's name":  {[]string{"bank", "bank"}, func(p *sdk.Checkpoint) { p.Signatures[1].Member = role("factor").Member }, false},
	} {
		p := *point
		for _, n := range tc.signers {
			if err := p.Sign(role(n).Member, role(n).Signer); err != nil {
				t.Fatal(err)
			}
		}
		if tc.change != nil {
			tc.change(&p)
		}
		conf.Checkpoint = carried(t, &p)
		c, err := sdk.Dial(t.Context(), conf)
		if (err == nil) != tc.taken {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = c.Close()
			ageKept(t, conf.Dir, node, network)
		}
	}
	if err := os.WriteFile(filepath.Join(conf.Dir, "confirmers"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sdk.Dial(t.Context(), conf); err == nil {
		t.Error("a damaged file of confirmers was taken")
	}
}

// ageKept puts the first block, of 15 days ago, in the place of the kept header.
func ageKept(t *testing.T, dir string, node sdk.Endpoint, network *apptest.Network) {
	t.Helper()
	honest := newLiar(t, sdk.Config{Endpoints: []sdk.Endpoint{node}}).honest
	r, err := honest.LightBlock(t.Context(), connect.NewRequest(&gatev1.LightBlockRequest{Height: 1}))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "trusted-header"), r.Msg.LightBlock, 0o600); err != nil {
		t.Fatal(err)
	}
}

// carried is a checkpoint as it comes from elsewhere, in JSON.
func carried(t *testing.T, p *sdk.Checkpoint) *sdk.Checkpoint {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sdk.ReadCheckpoint(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Four validators with a node each: a client reads from its own, and the three others are its witnesses.
func TestFourNodes(t *testing.T) {
	chain := sdktest.Start(t, 4)
	obligor, tier1 := chain.Dial(sdktest.Obligor), chain.Dial(sdktest.Tier1)
	chain.Issue(obligor, tier1, chain.Item(sdktest.Tier1, 5_000, 1))
	if held, err := tier1.Holdings(t.Context()); err != nil || len(held.Records) != 1 {
		t.Errorf("%+v, %v", held, err)
	}
}
