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

func TestCloseAccount(t *testing.T) {
	c := setup(t)
	a := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann")
	late := memberstest.Judged(c, a, &membersv1.SetNodes{})
	wants(t, kerneltest.Govern(c, recovery(a, "new")), nil)
	res := c.Block(memberstest.Judged(c, maker, &membersv1.CloseAccount{Account: a.ID.Bytes()}), late)
	wants(t, res[0].Err, nil)
	wants(t, res[1].Err, kernel.ErrMissingKey) // what it signed before
	if rec := account(c, a.ID); rec.State != membersv1.AccountState_ACCOUNT_STATE_CLOSED || member(c, maker.Member).Accounts != 1 {
		t.Errorf("it is %v", rec)
	}
	if recoveryOf(c, a) != nil {
		t.Error("its recovery still waits")
	}
	c.Advance(4 * day)
	again := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann") // its key is free
	wants(t, pay(c, again, 1).Err, nil)
	c.Refused(kernel.ErrMissingKey, a, &membersv1.SetNodes{})
}

// A key that was let go of by closing, and is another member's now, neither acts for the closed account nor burdens the lane of
// its member.
func TestAClosedAccountsKeysSignNothingForIt(t *testing.T) {
	c := setup(t)
	a := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann")
	c.Must(maker, &membersv1.CloseAccount{Account: a.ID.Bytes()})
	theirs := memberstest.Opened(c, operator, memberstest.Policy(1, "ann"), "ann")
	body := c.Body(theirs, kerneltest.Call(theirs, &membersv1.SetNodes{}))
	body.Lane = a.ID.Bytes()
	wants(t, c.Raw(c.Sign(body, theirs)).Err, kernel.ErrMissingKey)
	if s, ok := New().Standing(c.View(), a.ID); !ok || s.Active || len(s.Keys) > 0 {
		t.Errorf("its standing is %+v", s)
	}
}

func TestCloseAccountRefusesInOrder(t *testing.T) {
	c := setup(t)
	a := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann")
	gone := memberstest.Opened(c, maker, memberstest.Policy(1, "ben"), "ben")
	c.Must(maker, &membersv1.CloseAccount{Account: gone.ID.Bytes()})
	holds := memberstest.Opened(c, maker, memberstest.Policy(1, "cleo"), "cleo")
	c.Plant(kernelv1.TotalsKey(holds.ID), &kernelv1.Totals{Lines: []*kernelv1.Total{{Class: 407, Currency: "CNY", Count: 1, AmountMinor: 5}}})
	shut := func(who id.ID) *membersv1.CloseAccount { return &membersv1.CloseAccount{Account: who.Bytes()} }
	c.InOrder(
		kerneltest.Step{As: a, Do: &membersv1.CloseAccount{}, Want: membersv1.ErrField},
		kerneltest.Step{As: a, Do: shut(bank.ID), Want: membersv1.ErrNotMain},
		kerneltest.Step{As: maker, Do: shut(bank.ID), Want: membersv1.ErrNotOwn},
		kerneltest.Step{As: maker, Do: shut(id.Hash("nobody")), Want: membersv1.ErrNotOwn},
		kerneltest.Step{As: maker, Do: shut(gone.ID), Want: membersv1.ErrState},
		kerneltest.Step{As: maker, Do: shut(maker.ID), Want: membersv1.ErrMainCloses},
		kerneltest.Step{As: maker, Do: shut(holds.ID), Want: membersv1.ErrNotEmpty},
		kerneltest.Step{As: maker, Do: shut(a.ID)},
	)
	c.Refused(membersv1.ErrState, maker, &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: memberstest.Policy(1, "x")})
}
