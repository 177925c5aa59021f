package governance

import (
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// A member that has lost its keys gets others by vote, after 72 hours in which the old key can veto.
func TestAMemberThatLostItsKeys(t *testing.T) {
	recovery := &membersv1.Recover{Account: seatless.ID.Bytes(), Policy: memberstest.Policy(1, "new key"), Reason: "the safe burnt"}
	fresh := seatless
	fresh.Signers = memberstest.Signers("new key")

	c := setup(t)
	became(t, agree(c, recovery), executed, nil)
	became(t, agree(c, recovery), failed, membersv1.ErrRecoveryOpen)
	c.Refused(kernel.ErrMissingKey, fresh, &membersv1.SetNodes{})
	c.Advance(72 * 3600)
	c.Must(fresh, &membersv1.SetNodes{})
	c.Refused(kernel.ErrMissingKey, seatless, &membersv1.SetNodes{})

	c = setup(t)
	became(t, agree(c, recovery), executed, nil)
	c.Must(seatless, &membersv1.VetoRecovery{Account: seatless.ID.Bytes()})
	c.Advance(72 * 3600)
	c.Must(seatless, &membersv1.SetNodes{})
	became(t, agree(c, &membersv1.CancelRecovery{Account: seatless.ID.Bytes()}), failed, membersv1.ErrNoRecovery)
}

// A regulator signs nothing, so its keys change by vote alone.
func TestARegulatorsKeysChangeByVote(t *testing.T) {
	c := setup(t)
	became(t, agree(c, &membersv1.Recover{Account: regulator.ID.Bytes(), Policy: memberstest.Policy(1, "new key"), Reason: "rotation"}), executed, nil)
	c.Advance(72 * 3600)
	if !c.Read(membersv1.KeyUseKey(kerneltest.Signer("new key").Public().ID()), &membersv1.KeyUse{}) {
		t.Error("the new key is not there")
	}
}

// A wait is a parameter with its day: what was begun before keeps its own.
func TestTheWaitChangesFromItsDay(t *testing.T) {
	c := setup(t)
	became(t, agree(c, &governancev1.SetParameter{
		Name: membersv1.ParamRecoveryWait, FromDay: c.View().Today() + 1, Value: 7200, Source: "a decision",
	}), executed, nil)
	begin := func(of kerneltest.Actor) int64 {
		became(t, agree(c, &membersv1.Recover{Account: of.ID.Bytes(), Policy: memberstest.Policy(1, "new "+of.ID.Short()), Reason: "lost"}), executed, nil)
		r := &membersv1.Recovery{}
		if !c.Read(membersv1.RecoveryKey(of.ID), r) {
			t.Fatal("no recovery waits")
		}
		return r.DueUnixS - c.Time
	}
	if left := begin(seatless); left != membersv1.RecoveryWaitS {
		t.Errorf("today it waits %d s", left)
	}
	c.Advance(86_400)
	if left := begin(regulator); left != 7200 {
		t.Errorf("tomorrow it waits %d s", left)
	}
	c.Advance(7200)
	if !c.Read(membersv1.RecoveryKey(seatless.ID), &membersv1.Recovery{}) || c.Read(membersv1.RecoveryKey(regulator.ID), &membersv1.Recovery{}) {
		t.Error("the first keeps its wait, the second is done")
	}
}
