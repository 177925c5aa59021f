package members

import (
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestMakerAndChecker(t *testing.T) {
	c := setup(t)
	p := memberstest.Policy(2, "ann", "ben", "cleo")
	p.Keys = append(p.Keys, memberstest.Viewer("eye"),
		&membersv1.Key{PublicKey: make([]byte, 32), Purpose: membersv1.KeyPurpose_KEY_PURPOSE_ENCRYPT})
	both := memberstest.Opened(c, maker, p, "ann", "cleo")
	if m := member(c, maker.Member); m.Accounts != 2 {
		t.Errorf("the maker has %d accounts", m.Accounts)
	}
	wants(t, pay(c, both, 1).Err, nil)
	alone, viewer := both, both
	alone.Signers = both.Signers[:1]
	wants(t, pay(c, alone, 1).Err, kernel.ErrMissingKey)
	viewer.Signers = []key.Signer{kerneltest.Signer("ann"), kerneltest.Signer("eye")}
	wants(t, pay(c, viewer, 1).Err, kernel.ErrMissingKey)
	c.Refused(membersv1.ErrNotMain, both, &membersv1.OpenAccount{Name: "x", Policy: memberstest.Policy(1, "x")})
	c.Refused(membersv1.ErrNotMain, both, &membersv1.SetPolicy{Account: both.ID.Bytes(), Policy: memberstest.Policy(1, "x")})
	c.Refused(membersv1.ErrNotMain, both, &membersv1.SetNodes{})
}

func TestOpenAccountIsBounded(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	m := member(c, maker.Member)
	m.Accounts = membersv1.MaxAccounts
	c.Plant(membersv1.MemberKey(maker.Member), m)
	c.Refused(membersv1.ErrManyAccts, maker, &membersv1.OpenAccount{Name: "x", Policy: memberstest.Policy(1, "x")})
}

func TestMethodsOfAPolicy(t *testing.T) {
	c := setup(t)
	p := memberstest.Policy(1, "ann")
	p.Methods = []string{"voucher.Transfer"}
	a := memberstest.Opened(c, maker, p, "ann")
	wants(t, pay(c, a, 1).Err, kernel.ErrMethodClosed)
	p.Methods = append(p.Methods, "till.Pay")
	c.Must(maker, &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: p})
	wants(t, pay(c, a, 1).Err, nil)
}

func TestRotation(t *testing.T) {
	c := setup(t)
	a := memberstest.Opened(c, maker, memberstest.Policy(1, "ann", "ben"), "ann")
	height := c.Height
	set := &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: memberstest.Policy(1, "ben", "dora")}
	late := memberstest.Judged(c, a, &membersv1.SetNodes{})
	res := c.Block(memberstest.Judged(c, maker, set), late)
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
	memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann") // who was let go may sign elsewhere
}

// Within a block the order decides for old keys, and new ones wait for the next: a block's signatures are judged against the
// state before it, too.
func TestRotationWithinABlock(t *testing.T) {
	c := setup(t)
	a := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann")
	set := &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: memberstest.Policy(1, "ben")}
	before, after := paying(c, a, 1), paying(c, a, 2)
	early := a
	early.Signers = memberstest.Signers("ben")
	_, err := c.Judge(signedPay(c, early, 3))
	wants(t, err, kernel.ErrMissingKey) // no honest block carries it beside the change
	res := c.Block(before, memberstest.Judged(c, maker, set), after)
	wants(t, res[0].Err, nil)
	wants(t, res[1].Err, nil)
	wants(t, res[2].Err, kernel.ErrMissingKey)
	since := account(c, a.ID).Policy.Keys[0].SinceHeight
	r := c.Block(paying(c, early, 4)) // the very next block
	wants(t, r[0].Err, nil)
	if since != c.Height {
		t.Errorf("the key counts since %d, and the first block with its signature is %d", since, c.Height)
	}
}

// A draft that went round before a signer was revoked: his signature counts no more, and the refusal says so.
func TestAnOldDraftWithARevokedSignersSignature(t *testing.T) {
	c := setup(t)
	a := memberstest.Opened(c, maker, memberstest.Policy(2, "ann", "ben", "cleo"), "ann", "ben")
	two := signedPay(c, a, 1)
	three := a
	three.Signers = memberstest.Signers("ann", "ben", "cleo")
	all := signedPay(c, three, 2)
	c.Must(maker, &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: memberstest.Policy(2, "ann", "cleo", "dora")})
	err := c.Raw(two).Err
	wants(t, err, kernel.ErrMissingKey)
	if err == nil || !strings.Contains(err.Error(), "has 1 of 2") {
		t.Errorf("the refusal is %v", err)
	}
	err = c.Raw(all).Err
	wants(t, err, kernel.ErrNeedless)
	if err == nil || !strings.Contains(err.Error(), kerneltest.Signer("ben").Public().String()) {
		t.Errorf("the refusal names no key: %v", err)
	}
	three.Signers = memberstest.Signers("ann", "cleo")
	wants(t, pay(c, three, 2).Err, nil)
}

func TestSetPolicyRefuses(t *testing.T) {
	kerneltest.Run(t, setup, []kerneltest.Case{
		{Name: "no account", As: maker, Do: &membersv1.SetPolicy{Account: id.Hash("x").Bytes(), Policy: memberstest.Policy(1, "x")}, Want: membersv1.ErrNotOwn},
		{Name: "another's account", As: maker, Do: &membersv1.SetPolicy{Account: bank.ID.Bytes(), Policy: memberstest.Policy(1, "bank")}, Want: membersv1.ErrNotOwn},
		{Name: "another's key", As: maker, Do: &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(1, "maker", "bank")}, Want: membersv1.ErrKeyTaken},
		{Name: "its own main account", As: maker, Do: &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(2, "maker", "second")}},
		{Name: "a key changes its purpose", As: maker, Do: &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: viewed(memberstest.Policy(1, "second"), "maker")}},
	})
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

func TestSetEncryptionKey(t *testing.T) {
	c := setup(t)
	sub := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann")
	set := &membersv1.SetEncryptionKey{EncryptionKey: id.Hash("x25519").Bytes()}
	c.InOrder(
		kerneltest.Step{As: sub, Do: &membersv1.SetEncryptionKey{EncryptionKey: []byte{1}}, Want: membersv1.ErrField},
		kerneltest.Step{As: sub, Do: set, Want: membersv1.ErrNotMain},
		kerneltest.Step{As: maker, Do: set},
	)
	if got := member(c, maker.Member).EncryptionKey; string(got) != string(set.EncryptionKey) {
		t.Errorf("it is %x", got)
	}
	c.Must(maker, &membersv1.SetEncryptionKey{})
	if got := member(c, maker.Member).EncryptionKey; len(got) != 0 {
		t.Errorf("it is %x", got)
	}
}

// viewed lets a name look with a policy.
func viewed(p *membersv1.Policy, name string) *membersv1.Policy {
	p.Keys = append(p.Keys, memberstest.Viewer(name))
	return p
}
