package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// A recovery's new keys are public while it waits. Whoever has a main account, of whatever member, must not be able to end it
// by naming one of them in a policy: that would be a veto for everybody.
func TestAStrangerDoesNotStopARecovery(t *testing.T) {
	c := setup(t)
	wants(t, kerneltest.Govern(c, recovery(operator, "new")), nil)
	c.Do(maker, &membersv1.OpenAccount{Name: "squatter", Policy: memberstest.Policy(1, "squatter", "new")})
	c.Advance(wait)
	next := kerneltest.Actor{ID: operator.ID, Signers: memberstest.Signers("new")}
	if r := recoveryOf(c, operator); r != nil {
		t.Errorf("another member's account has ended it: %s with code %d", r.State, r.FailedCode)
	}
	c.Must(next, &membersv1.SetNodes{})
}

// Who could veto learns of it from the entries of the account: a watcher follows those alone, and a node cannot leave one out.
func TestARecoveryStandsInTheAccountsEntries(t *testing.T) {
	c := setup(t)
	before := c.Totals(operator.ID).Entries
	wants(t, kerneltest.Govern(c, recovery(operator, "thief")), nil)
	if after := c.Totals(operator.ID).Entries; after == before {
		t.Error("the account's entries say nothing of the keys that wait to take its place")
	}
	before = c.Totals(maker.ID).Entries
	c.Must(maker, ask("1"))
	if after := c.Totals(maker.ID).Entries; after == before {
		t.Error("the account's entries say nothing of another settlement account")
	}
}

// One of several clerks, each of whom may sign alone, must not keep the account from acting for the 7 days that its
// transactions' ids are kept: not even from taking that clerk's key out.
func TestAClerkDoesNotLockTheAccount(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	c.Must(maker, &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(1, "maker", "clerk")})
	clerk := maker
	clerk.Signers = memberstest.Signers("clerk")
	var all []*kernel.Tx
	for range kernel.MaxOpenSeveral {
		body := c.Body(clerk, kerneltest.Call(clerk, &membersv1.SetNodes{}))
		body.ExpiresUnixS = c.Time + txv1.WindowSeveralS - 60
		tx, err := c.Judge(c.Sign(body, clerk))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tx)
	}
	c.Block(all...)
	c.Advance(6 * day)
	wants(t, c.Do(maker, &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(1, "maker")}).Err, nil)
}
