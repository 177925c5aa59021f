package members

import (
	"errors"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"pgregory.net/rapid"
)

// The bank's limits are 100 fen a transaction and 150 a day.
func TestLimits(t *testing.T) {
	c := setup(t)
	wants(t, pay(c, maker, 1_000_000).Err, nil) // no limit
	wants(t, pay(c, bank, 101).Err, membersv1.ErrOverPayment)
	wants(t, pay(c, bank, 60, 41).Err, membersv1.ErrOverPayment) // over all calls
	wants(t, pay(c, bank, 60, 40).Err, nil)                      // what was refused charged nothing
	err := pay(c, bank, 51).Err
	wants(t, err, membersv1.ErrOverDay)
	if err == nil || !strings.Contains(err.Error(), "0.50 CNY of 1.50 CNY is left") {
		t.Errorf("the refusal says how much is left: %v", err)
	}
	wants(t, pay(c, bank, 50).Err, nil)
	wants(t, pay(c, bank, 1).Err, membersv1.ErrOverDay)
	use := &membersv1.DayUse{}
	if !c.Read(membersv1.DayUseKey(bank.ID, "CNY"), use) || use.UsedMinor != 150 || use.TransactionUsedMinor != 50 {
		t.Errorf("the record says %v", use)
	}
	if c.Read(membersv1.DayUseKey(bank.ID, "EUR"), use) {
		t.Error("a currency without a limit was booked")
	}
}

// The chain's day is that of UTC+8: it changes at 16:00 UTC.
func TestTheDayIsTheChains(t *testing.T) {
	c := setup(t)
	wants(t, pay(c, bank, 100).Err, nil)
	c.Advance(16*3600 - (c.Time-1_767_571_200)%86_400 - 10)
	wants(t, pay(c, bank, 100).Err, membersv1.ErrOverDay)
	c.Advance(10)
	wants(t, pay(c, bank, 100).Err, nil)
}

func TestALimitLoweredBelowWhatIsUsed(t *testing.T) {
	c := setup(t)
	wants(t, pay(c, bank, 100).Err, nil)
	c.Must(bank, &membersv1.SetPolicy{Account: bank.ID.Bytes(), Policy: memberstest.Limited(memberstest.Policy(1, "bank"), 20, 20)})
	err := pay(c, bank, 1).Err
	wants(t, err, membersv1.ErrOverDay)
	if err == nil || !strings.Contains(err.Error(), "0.00 CNY of 0.20 CNY is left") {
		t.Errorf("the refusal says that nothing is left: %v", err)
	}
}

func TestChargeRefusesWhatIsNoAmount(t *testing.T) {
	c := setup(t)
	err := New().Charge(c.View(), bank.ID, []money.Amount{{Minor: -1, Currency: "CNY"}})
	wants(t, err, kernel.ErrOverflow)
	defer func() {
		if f, ok := recover().(kernel.Fatal); !ok {
			t.Errorf("a charge to nobody is a broken state, got %v", f)
		}
	}()
	_ = New().Charge(c.View(), id.Hash("nobody"), nil)
}

// Whatever is paid, in whatever transactions and days, no transaction and no day exceeds its limit, and what fits
// is never refused.
func TestLimitsHold(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := newChain(t)
		var today int64
		for range rapid.IntRange(1, 8).Draw(r, "transactions") {
			if rapid.IntRange(0, 3).Draw(r, "next day") == 0 {
				c.Advance(86_400)
				today = 0
			}
			amounts := rapid.SliceOfN(rapid.Uint32Range(1, 70), 1, 3).Draw(r, "amounts")
			var sum int64
			for _, a := range amounts {
				sum += int64(a)
			}
			err := pay(c, bank, amounts...).Err
			fits := sum <= 100 && today+sum <= 150
			if fits != (err == nil) {
				r.Fatalf("%d after %d: %v", sum, today, err)
			}
			if err == nil {
				today += sum
			} else if !errors.Is(err, membersv1.ErrOverDay) && !errors.Is(err, membersv1.ErrOverPayment) {
				r.Fatal(err)
			}
		}
	})
}

// An account of several keys is bounded as one of a single key: more signatures do not raise a limit.
func TestLimitsOfAnAccountOfSeveralKeys(t *testing.T) {
	c := setup(t)
	a := memberstest.Opened(c, maker, memberstest.Limited(memberstest.Policy(2, "ann", "ben", "cleo"), 50, 80), "ann", "ben", "cleo")
	wants(t, pay(c, a, 51).Err, membersv1.ErrOverPayment)
	wants(t, pay(c, a, 50).Err, nil)
	a.Signers = a.Signers[1:]
	wants(t, pay(c, a, 31).Err, membersv1.ErrOverDay) // whoever of them signs, it is one day's use
	a.Signers = a.Signers[:1]
	wants(t, pay(c, a, 1).Err, kernel.ErrMissingKey)
}

// A change of limits holds for the next call, and counts what the day has used; what was given before the currency had a limit
// was not counted.
func TestLimitsChangeInTheMiddleOfADay(t *testing.T) {
	c := setup(t)
	a := memberstest.Opened(c, maker, memberstest.Policy(1, "ann"), "ann")
	limit := func(perTransaction, perDay int64) {
		t.Helper()
		c.Must(maker, &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: memberstest.Limited(memberstest.Policy(1, "ann"), perTransaction, perDay)})
	}
	wants(t, pay(c, a, 1_000).Err, nil)
	limit(60, 100)
	wants(t, pay(c, a, 60).Err, nil)
	wants(t, pay(c, a, 41).Err, membersv1.ErrOverDay)
	limit(60, 101)
	wants(t, pay(c, a, 41).Err, nil)
	limit(10, 10)
	wants(t, pay(c, a, 1).Err, membersv1.ErrOverDay)
	c.Must(maker, &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: memberstest.Policy(1, "ann")})
	wants(t, pay(c, a, 1_000).Err, nil) // no limit, nothing is counted
	limit(102, 102)
	wants(t, pay(c, a, 1).Err, nil)
	wants(t, pay(c, a, 1).Err, membersv1.ErrOverDay)
	c.Advance(day)
	wants(t, pay(c, a, 102).Err, nil)

	// In one block, and in one transaction: the order of the calls decides.
	first := memberstest.Judged(c, maker, &membersv1.SetPolicy{Account: a.ID.Bytes(), Policy: memberstest.Limited(memberstest.Policy(1, "ann"), 5, 500)})
	res := c.Block(first, paying(c, a, 6), paying(c, a, 5))
	wants(t, res[0].Err, nil)
	wants(t, res[1].Err, membersv1.ErrOverPayment)
	wants(t, res[2].Err, nil)
}
