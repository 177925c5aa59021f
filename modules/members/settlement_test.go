package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// atBank is the maker's account with a number at a bank.
func atBank(number string) *membersv1.BankAccount {
	return &membersv1.BankAccount{Bank: "Bank of Linjiang", Bic: "LJBKCNBJ", Number: number, Holder: "Maker"}
}

func ask(number string) *membersv1.SetSettlementAccount {
	return &membersv1.SetSettlementAccount{Currency: "CNY", Account: atBank(number)}
}

func confirm(number string) *membersv1.ConfirmSettlementAccount {
	return &membersv1.ConfirmSettlementAccount{Currency: "CNY", Account: atBank(number)}
}

// paidAt is the number of the maker's settlement account in CNY; empty for none.
func paidAt(c *kerneltest.Chain) string {
	s, _ := New().Settlement(c.View(), maker.Member, "CNY")
	return s.GetCurrent().GetNumber()
}

func TestASettlementAccountNeedsTwoKeysAndADay(t *testing.T) {
	c := setup(t)
	second := memberstest.Opened(c, maker, memberstest.Policy(1, "second"), "second")
	c.Must(maker, ask("1"))
	c.Advance(3 * day)
	if paidAt(c) != "" {
		t.Error("one key changed it")
	}
	r := c.Must(second, confirm("1"))
	if e := memberstest.Event[*membersv1.SettlementChanged](c, r); e.What != "confirmed" || e.DueUnixS != c.Time+day {
		t.Errorf("the event is %v", e)
	}
	due := c.Time + day
	c.Advance(day - 2)
	if paidAt(c) != "" {
		t.Error("it holds a second before its time")
	}
	c.Block()
	if s, _ := New().Settlement(c.View(), maker.Member, "CNY"); s.Current.Number != "1" || s.SinceUnixS != due || s.Pending != nil {
		t.Errorf("it is %v", s)
	}

	c.Must(maker, ask("2"))
	c.Must(second, confirm("2"))
	if paidAt(c) != "1" {
		t.Error("it changed at once")
	}
	c.Advance(day)
	if paidAt(c) != "2" {
		t.Error("it did not change")
	}
}

func TestAnAccountOfTwoKeysBringsBoth(t *testing.T) {
	c := setup(t)
	c.Must(maker, &membersv1.SetPolicy{Account: maker.ID.Bytes(), Policy: memberstest.Policy(2, "maker", "checker")})
	both := maker
	both.Signers = memberstest.Signers("maker", "checker")
	c.Must(both, ask("1")) // the checker's key is new: it waits for a second account
	c.Advance(day)
	if paidAt(c) != "" {
		t.Error("a key that was made for it confirmed it")
	}
	c.Must(both, &membersv1.CancelSettlementAccount{Currency: "CNY"}, ask("1"))
	c.Advance(day)
	if paidAt(c) != "1" {
		t.Error("it did not change")
	}
	// And takes it away as it came.
	c.Must(both, &membersv1.SetSettlementAccount{Currency: "CNY"})
	c.Advance(day)
	if s, there := New().Settlement(c.View(), maker.Member, "CNY"); there || member(c, maker.Member).Settlements != 0 {
		t.Errorf("it is %v", s)
	}
}

func TestSettlementRefusesInOrder(t *testing.T) {
	c := setup(t)
	second := memberstest.Opened(c, maker, memberstest.Policy(1, "second"), "second")
	third := memberstest.Opened(c, maker, memberstest.Policy(1, "third"), "third")
	c.Advance(day)
	none := &membersv1.SetSettlementAccount{Currency: "CNY"}
	c.InOrder(
		kerneltest.Step{As: second, Do: &membersv1.SetSettlementAccount{}, Want: membersv1.ErrField},
		kerneltest.Step{As: second, Do: none, Want: membersv1.ErrNotMain},
		kerneltest.Step{As: maker, Do: none, Want: membersv1.ErrNoChange},
		kerneltest.Step{As: maker, Do: ask("1")},
	)
	c.InOrder(
		kerneltest.Step{As: second, Do: ask("2"), Want: membersv1.ErrNotMain},
		kerneltest.Step{As: maker, Do: ask("2"), Want: membersv1.ErrChangeOpen},
	)
	c.InOrder(
		kerneltest.Step{As: bank, Do: confirm("1"), Want: membersv1.ErrNoChange}, // it has none of its own
		kerneltest.Step{As: maker, Do: confirm("2"), Want: membersv1.ErrSecondKey},
		kerneltest.Step{As: second, Do: confirm("2"), Want: membersv1.ErrOtherChange},
		kerneltest.Step{As: second, Do: &membersv1.ConfirmSettlementAccount{Currency: "CNY"}, Want: membersv1.ErrOtherChange},
		kerneltest.Step{As: second, Do: confirm("1")},
	)
	c.Refused(membersv1.ErrNoChange, third, confirm("1")) // it has its second key
	cancel := &membersv1.CancelSettlementAccount{Currency: "CNY"}
	c.InOrder(
		kerneltest.Step{As: second, Do: cancel, Want: membersv1.ErrNotMain},
		kerneltest.Step{As: bank, Do: cancel, Want: membersv1.ErrNoChange},
		kerneltest.Step{As: maker, Do: cancel},
	)
	c.Refused(membersv1.ErrNoChange, maker, cancel)
	c.Advance(2 * day)
	if paidAt(c) != "" || member(c, maker.Member).Settlements != 0 {
		t.Error("what was cancelled took effect, or is still there")
	}
}

// Who has the main account's one key makes no second: an account opened to confirm with, or one given a new key, waits as long
// as the change itself would.
func TestAStolenKeyMakesNoSecondOne(t *testing.T) {
	c := setup(t)
	old := memberstest.Opened(c, maker, memberstest.Policy(1, "old"), "old")
	c.Advance(2 * day)
	c.Must(maker, ask("1"))
	made := memberstest.Opened(c, maker, memberstest.Policy(1, "thief"), "thief")
	c.Refused(membersv1.ErrNewKeys, made, confirm("1"))
	c.Must(maker, &membersv1.SetPolicy{Account: old.ID.Bytes(), Policy: memberstest.Policy(1, "old", "thief too")})
	old.Signers = memberstest.Signers("thief too")
	c.Refused(membersv1.ErrNewKeys, old, confirm("1"))
	c.Must(maker, &membersv1.SetPolicy{Account: old.ID.Bytes(), Policy: memberstest.Policy(1, "old")})
	c.Advance(day - 10)
	c.Refused(membersv1.ErrNewKeys, made, confirm("1"))
	old.Signers = memberstest.Signers("old")
	c.Must(old, confirm("1")) // it has its old key alone again
}

// A change that is cancelled leaves what held.
func TestCancellingAChangeLeavesWhatHeld(t *testing.T) {
	c := setup(t)
	second := memberstest.Opened(c, maker, memberstest.Policy(1, "second"), "second")
	c.Advance(day)
	c.Must(maker, ask("1"))
	c.Must(second, confirm("1"))
	c.Advance(day)
	c.Must(maker, &membersv1.SetSettlementAccount{Currency: "CNY"})
	c.Must(second, &membersv1.ConfirmSettlementAccount{Currency: "CNY"})
	c.Must(maker, &membersv1.CancelSettlementAccount{Currency: "CNY"})
	c.Advance(day)
	if paidAt(c) != "1" {
		t.Errorf("it is %q", paidAt(c))
	}
}

func TestSettlementAccountsAreBounded(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	m := member(c, maker.Member)
	m.Settlements = membersv1.MaxSettlements
	c.Plant(membersv1.MemberKey(maker.Member), m)
	c.Refused(membersv1.ErrManySettled, maker, ask("1"))
}
