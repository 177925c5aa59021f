package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

const (
	day  = int64(86_400)
	wait = 72 * 3600
)

// recovery gives an actor's account one new key.
func recovery(of kerneltest.Actor, key string) *membersv1.Recover {
	return &membersv1.Recover{Account: of.ID.Bytes(), Policy: memberstest.Policy(1, key), Reason: "the keys burnt"}
}

func recoveryOf(c *kerneltest.Chain, a kerneltest.Actor) *membersv1.Recovery {
	c.TB.Helper()
	r, _ := New().Recovery(c.View(), a.ID)
	return r
}

func TestARecoveryWaitsThenPutsTheNewKeysInPlace(t *testing.T) {
	c := setup(t)
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	begun := c.Time
	if r := recoveryOf(c, operator); r.DueUnixS != begun+wait || r.State != membersv1.RecoveryState_RECOVERY_STATE_PENDING || r.Reason == "" {
		t.Errorf("what waits is %v", r)
	}
	c.Advance(wait - 3)
	c.Must(operator, &membersv1.SetNodes{})
	next := operator
	next.Signers = memberstest.Signers("new")
	c.Refused(kernel.ErrMissingKey, next, &membersv1.SetNodes{}) // a second before it is due
	c.Block()
	due := c.Height
	c.Refused(kernel.ErrMissingKey, operator, &membersv1.SetNodes{})
	c.Must(next, &membersv1.SetNodes{})
	if recoveryOf(c, operator) != nil {
		t.Error("what is done is kept")
	}
	if k := account(c, operator.ID).Policy.Keys[0]; k.SinceHeight != due+1 {
		t.Errorf("the key counts since %d, it came with %d", k.SinceHeight, due)
	}
	memberstest.Opened(c, maker, memberstest.Policy(1, "operator")) // the lost key is nobody's
}

func TestRecoverRefusesInOrder(t *testing.T) {
	c := setup(t)
	closed := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"))
	c.Must(maker, &membersv1.CloseAccount{Account: closed.ID.Bytes()})
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	c.InOrder(
		kerneltest.Step{Do: &membersv1.Recover{}, Want: membersv1.ErrField},
		kerneltest.Step{Do: &membersv1.Recover{Account: operator.ID.Bytes()}, Want: membersv1.ErrField},
		kerneltest.Step{Do: &membersv1.Recover{Account: operator.ID.Bytes(), Reason: "x"}, Want: membersv1.ErrPolicy},
		kerneltest.Step{Do: recovery(kerneltest.Actor{ID: id.Hash("nobody")}, "bank"), Want: kernel.ErrUnknown},
		kerneltest.Step{Do: recovery(closed, "bank"), Want: membersv1.ErrState},
		kerneltest.Step{Do: recovery(operator, "bank"), Want: membersv1.ErrKeyTaken},
		kerneltest.Step{Do: recovery(operator, "newer"), Want: membersv1.ErrRecoveryOpen},
		kerneltest.Step{Do: recovery(bank, "newer")},
	)
	c.Advance(1)
	invited := admitted(c, maker, 1, "invitation")
	wants(t, kerneltest.Govern(c, recovery(invited, "x")), membersv1.ErrState)
	wants(t, kerneltest.Govern(c, standing(bank, left, membersv1.RoleBank, false)), nil)
	wants(t, kerneltest.Govern(c, &membersv1.CancelRecovery{Account: bank.ID.Bytes()}), nil)
	wants(t, kerneltest.Govern(c, recovery(bank, "x")), membersv1.ErrState)
}

func TestVeto(t *testing.T) {
	c := setup(t)
	both := memberstest.Opened(c, maker, memberstest.Policy(2, "ann", "ben", "cleo"), "ann", "cleo")
	other := memberstest.Opened(c, maker, memberstest.Policy(1, "dora"), "dora")
	veto := func(a kerneltest.Actor) *membersv1.VetoRecovery {
		return &membersv1.VetoRecovery{Account: a.ID.Bytes()}
	}
	wants(t, kerneltest.Govern(c, recovery(both, "thief")), nil)
	alone := both
	alone.Signers = both.Signers[:1]
	c.Refused(kernel.ErrMissingKey, alone, veto(both)) // its policy as usual
	c.InOrder(
		kerneltest.Step{As: other, Do: veto(both), Want: membersv1.ErrNotMain},
		kerneltest.Step{As: maker, Do: veto(bank), Want: membersv1.ErrNotOwn},
		kerneltest.Step{As: maker, Do: veto(other), Want: membersv1.ErrNoRecovery},
		kerneltest.Step{As: both, Do: veto(both)},
	)
	c.Refused(membersv1.ErrNoRecovery, both, veto(both))

	wants(t, kerneltest.Govern(c, recovery(both, "thief")), nil)
	r := c.Must(maker, veto(both)) // the main account may for it
	if e := memberstest.Event[*membersv1.RecoveryChanged](c, r); e.What != "vetoed" || r.Events[0].Visibility != kernelv1.Visibility_VISIBILITY_UNSPECIFIED {
		t.Errorf("the event is %v", e)
	}
	c.Advance(4 * day)
	wants(t, pay(c, both, 1).Err, nil) // nothing came of either
}

func TestCancelledByVote(t *testing.T) {
	c := setup(t)
	cancel := &membersv1.CancelRecovery{Account: operator.ID.Bytes()}
	wants(t, kerneltest.Govern(c, cancel), membersv1.ErrNoRecovery)
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	wants(t, kerneltest.Govern(c, cancel), nil)
	c.Advance(4 * day)
	c.Must(operator, &membersv1.SetNodes{})
}

// What stands against a recovery when its time comes fails it, visibly, and frees its keys; the next takes its place.
func TestARecoveryFails(t *testing.T) {
	c := setup(t)
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	wants(t, kerneltest.Govern(c, standing(operator, left, membersv1.RoleOperator, false)), nil)
	c.Advance(wait)
	r := recoveryOf(c, operator)
	if r.State != membersv1.RecoveryState_RECOVERY_STATE_FAILED || r.FailedCode != membersv1.ErrState.Number {
		t.Errorf("it is %v", r)
	}
	if got := account(c, operator.ID).Policy.Keys[0]; string(got.PublicKey) != string(memberstest.Key("operator").PublicKey) {
		t.Error("the keys have changed")
	}
	wants(t, kerneltest.Govern(c, &membersv1.CancelRecovery{Account: operator.ID.Bytes()}), membersv1.ErrNoRecovery)
	wants(t, kerneltest.Govern(c, standing(operator, active, membersv1.RoleOperator, false)), nil)
	c.Refused(kernel.ErrMissingKey, kerneltest.Actor{ID: operator.ID, Signers: memberstest.Signers("new")}, &membersv1.SetNodes{})
	memberstest.Opened(c, maker, memberstest.Policy(1, "new"))
	wants(t, kerneltest.Govern(c, recovery(operator, "newer")), nil)
	c.Advance(wait)
	c.Must(kerneltest.Actor{ID: operator.ID, Signers: memberstest.Signers("newer")}, &membersv1.SetNodes{})
}

// keyUse is what the chain says of a name's key; false where it says nothing.
func keyUse(c *kerneltest.Chain, name string) (*membersv1.KeyUse, bool) {
	u := &membersv1.KeyUse{}
	found := c.Read(membersv1.KeyUseKey(kerneltest.Signer(name).Public().ID()), u)
	return u, found
}

// The new keys are the account's from the beginning, to sign with at the end alone, and are free however it ends.
func TestARecoverysKeysAreKeptForIt(t *testing.T) {
	cancel := &membersv1.CancelRecovery{Account: operator.ID.Bytes()}
	c := setup(t)
	taken := func(name string) {
		t.Helper()
		if u, ok := keyUse(c, name); !ok || !u.Waits || string(u.Account) != string(operator.ID.Bytes()) {
			t.Errorf("%s is %v", name, u)
		}
		c.Refused(membersv1.ErrKeyTaken, maker, &membersv1.OpenAccount{Name: "x", Policy: memberstest.Policy(1, name)})
		c.Refused(membersv1.ErrKeyTaken, maker, &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(1, name)})
		wants(t, kerneltest.Govern(c, recovery(bank, name)), membersv1.ErrKeyTaken)
		m := memberstest.Admission("a third", membersv1.RoleBank)
		m.Policy = memberstest.Policy(1, name)
		wants(t, kerneltest.Govern(c, m), membersv1.ErrKeyTaken)
	}
	free := func(name string) {
		t.Helper()
		if u, ok := keyUse(c, name); ok {
			t.Errorf("%s is kept for %v", name, u)
		}
	}
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	taken("new")
	wants(t, kerneltest.Govern(c, cancel), nil)
	free("new")
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	c.Must(operator, &membersv1.VetoRecovery{Account: operator.ID.Bytes()})
	free("new")
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	c.Advance(wait)
	if u, ok := keyUse(c, "new"); !ok || u.Waits {
		t.Error("the key that signs is", u)
	}
	free("operator")
}

// An account that still signs may take the waiting key itself, and leave it again: it stays its own until the recovery ends.
func TestAnAccountTakesTheKeyThatWaitsForIt(t *testing.T) {
	c := setup(t)
	with := func(names ...string) *membersv1.SetPolicy {
		return &membersv1.SetPolicy{Account: operator.ID.Bytes(), Policy: memberstest.Policy(1, names...)}
	}
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	c.Must(operator, with("operator", "new"))
	if u, _ := keyUse(c, "new"); u.Waits {
		t.Error("a key that signs is said to wait")
	}
	c.Must(operator, with("operator"))
	if u, ok := keyUse(c, "new"); !ok || !u.Waits {
		t.Error("the key is", u)
	}
	c.Must(operator, with("operator", "new"), &membersv1.VetoRecovery{Account: operator.ID.Bytes()})
	if u, ok := keyUse(c, "new"); !ok || u.Waits {
		t.Error("the key is", u)
	}
}

// Who can veto is told of each step, once, and everybody else reads it.
func TestWhoIsToldOfARecovery(t *testing.T) {
	c := setup(t)
	other := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann")
	for _, tc := range []struct {
		of   kerneltest.Actor
		want []kerneltest.Actor
	}{{other, []kerneltest.Actor{other, maker}}, {maker, []kerneltest.Actor{maker}}} {
		wants(t, kerneltest.Govern(c, recovery(tc.of, "new")), nil)
		r := c.Must(maker, &membersv1.VetoRecovery{Account: tc.of.ID.Bytes()})
		if len(r.Events[0].Parties) != len(tc.want) || r.Events[0].Visibility != kernelv1.Visibility_VISIBILITY_UNSPECIFIED {
			t.Fatal(r.Events)
		}
		for i, who := range tc.want {
			if id.Must(r.Events[0].Parties[i]) != who.ID {
				t.Errorf("party %d is %x", i, r.Events[0].Parties[i])
			}
		}
	}
}

// A thief with the old key vetoes, unless a vote suspends the member meanwhile: a suspended one signs nothing.
func TestAThiefDoesNotVetoWhileSuspended(t *testing.T) {
	c := setup(t)
	wants(t, kerneltest.Govern(c, standing(operator, suspended, membersv1.RoleOperator, false)), nil)
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	c.Refused(kernel.ErrInactive, operator, &membersv1.VetoRecovery{Account: operator.ID.Bytes()})
	c.Advance(wait)
	wants(t, kerneltest.Govern(c, standing(operator, active, membersv1.RoleOperator, false)), nil)
	c.Must(kerneltest.Actor{ID: operator.ID, Signers: memberstest.Signers("new")}, &membersv1.SetNodes{})
}

// The wait is that of the day on which the recovery began.
func TestTheWaitIsAParameter(t *testing.T) {
	c := setup(t)
	c.Plant(kernelv1.ParameterKey(membersv1.ParamRecoveryWait), &kernelv1.Parameter{Values: []*kernelv1.ParameterValue{{Value: 7200, Source: "x"}}})
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	if r := recoveryOf(c, operator); r.DueUnixS != c.Time+7200 {
		t.Errorf("it is due %d s from now", r.DueUnixS-c.Time)
	}
}

func TestTheVetoOfTheSameBlock(t *testing.T) {
	c := setup(t)
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	veto := &membersv1.VetoRecovery{Account: operator.ID.Bytes()}
	c.Time += wait - 201
	tx := memberstest.Judged(c, operator, veto)
	c.Time += 200 // the block of the due second carries the veto
	wants(t, c.Block(tx)[0].Err, nil)
	c.Must(operator, &membersv1.SetNodes{})
}
