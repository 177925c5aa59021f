package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// opened has the maker open an account whose makers and checkers are named keys.
func opened(c *kerneltest.Chain, p *membersv1.Policy, keys ...string) kerneltest.Actor {
	c.TB.Helper()
	e := event[*membersv1.AccountChanged](c, c.Must(maker, &membersv1.OpenAccount{Name: "treasury", Policy: p}))
	a := kerneltest.Actor{ID: id.Must(e.Account), Member: maker.Member}
	for _, k := range keys {
		a.Signers = append(a.Signers, kerneltest.Signer(k))
	}
	return a
}

func TestMakerAndChecker(t *testing.T) {
	c := setup(t)
	p := policy(2, "ann", "ben", "cleo")
	p.Keys = append(p.Keys,
		&membersv1.Key{Kind: signKey("eye").Kind, PublicKey: signKey("eye").PublicKey, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_VIEW},
		&membersv1.Key{PublicKey: make([]byte, 32), Purpose: membersv1.KeyPurpose_KEY_PURPOSE_ENCRYPT})
	both := opened(c, p, "ann", "cleo")
	if m := member(c, maker.Member); m.Accounts != 2 {
		t.Errorf("the maker has %d accounts", m.Accounts)
	}
	wants(t, pay(c, both, 1).Err, nil)
	alone, viewer := both, both
	alone.Signers = both.Signers[:1]
	wants(t, pay(c, alone, 1).Err, kernel.ErrMissingKey)
	viewer.Signers = []key.Signer{kerneltest.Signer("ann"), kerneltest.Signer("eye")}
	wants(t, pay(c, viewer, 1).Err, kernel.ErrMissingKey)
	c.Refused(membersv1.ErrNotMain, both, &membersv1.OpenAccount{Name: "x", Policy: policy(1, "x")})
	c.Refused(membersv1.ErrNotMain, both, &membersv1.SetPolicy{Account: both.ID.Bytes(), Policy: policy(1, "x")})
	c.Refused(membersv1.ErrNotMain, both, &membersv1.SetNodes{})
}

func TestOpenAccountIsBounded(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	m := member(c, maker.Member)
	m.Accounts = membersv1.MaxAccounts
	c.Plant(membersv1.MemberKey(maker.Member), m)
	c.Refused(membersv1.ErrManyAccts, maker, &membersv1.OpenAccount{Name: "x", Policy: policy(1, "x")})
}

func TestMethodsOfAPolicy(t *testing.T) {
	c := setup(t)
	p := policy(1, "ann")
	p.Methods = []string{"voucher.Transfer"}
	a := opened(c, p, "ann")
	wants(t, pay(c, a, 1).Err, kernel.ErrMethodClosed)
	p.Methods = append(p.Methods, "till.Pay")
	c.Must(maker, &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: p})
	wants(t, pay(c, a, 1).Err, nil)
}

func TestRotation(t *testing.T) {
	c := setup(t)
	a := opened(c, policy(1, "ann", "ben"), "ann")
	height := c.Height
	set := &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: policy(1, "ben", "dora")}
	late := judged(c, a, &membersv1.SetNodes{})
	res := c.Block(judged(c, maker, set), late)
	wants(t, res[0].Err, nil)
	wants(t, res[1].Err, kernel.ErrMissingKey)
	keys := account(c, a.ID).Policy.Keys
	if keys[0].SinceHeight != height+1 || keys[1].SinceHeight != c.Height+1 {
		t.Errorf("the keys count since %d and %d", keys[0].SinceHeight, keys[1].SinceHeight)
	}
	wants(t, pay(c, a, 1).Err, kernel.ErrMissingKey)
	a.Signers = []key.Signer{kerneltest.Signer("dora")}
	wants(t, pay(c, a, 1).Err, nil)
	if c.Read(membersv1.KeyUseKey(kerneltest.Signer("ann").Public().ID()), &membersv1.KeyUse{}) {
		t.Error("a key that was let go still points to its account")
	}
	opened(c, policy(1, "ann"), "ann") // who was let go may sign elsewhere
}

func TestSetPolicyRefuses(t *testing.T) {
	kerneltest.Run(t, setup, []kerneltest.Case{
		{Name: "no account", As: maker, Do: &membersv1.SetPolicy{Account: id.Hash("x").Bytes(), Policy: policy(1, "x")}, Want: membersv1.ErrNotOwn},
		{Name: "another's account", As: maker, Do: &membersv1.SetPolicy{Account: bank.ID.Bytes(), Policy: policy(1, "bank")}, Want: membersv1.ErrNotOwn},
		{Name: "another's key", As: maker, Do: &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: policy(1, "maker", "bank")}, Want: membersv1.ErrKeyTaken},
		{Name: "its own main account", As: maker, Do: &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: policy(2, "maker", "second")}},
		{Name: "a key changes its purpose", As: maker, Do: &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: withView(policy(1, "second"), "maker")}},
	})
}

func withView(p *membersv1.Policy, name string) *membersv1.Policy {
	k := signKey(name)
	k.Purpose = membersv1.KeyPurpose_KEY_PURPOSE_VIEW
	p.Keys = append(p.Keys, k)
	return p
}

func TestSetNodes(t *testing.T) {
	c := setup(t)
	peer := make([]byte, membersv1.NodeSize)
	c.Must(maker, &membersv1.SetNodes{Nodes: [][]byte{peer}})
	if m := member(c, maker.Member); len(m.Nodes) != 1 {
		t.Errorf("its nodes are %x", m.Nodes)
	}
	c.Must(maker, &membersv1.SetNodes{})
	if m := member(c, maker.Member); len(m.Nodes) != 0 {
		t.Errorf("its nodes are %x", m.Nodes)
	}
}
