package deposit_test

import (
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/money"
)

// Everything of the currency counts, whatever the class, and nothing of another.
func TestRoom(t *testing.T) {
	w := newWorld(t)
	w.NoInvariants = true
	line := func(class uint32, currency string, minor int64) *kernelv1.Total {
		return &kernelv1.Total{Class: class, Currency: currency, Count: 1, AmountMinor: minor}
	}
	const most = int64(money.MaxHeld)
	for name, tc := range map[string]struct {
		lines []*kernelv1.Total
		want  error
	}{
		"nothing":           {nil, nil},
		"the most":          {[]*kernelv1.Total{line(301, "CNY", most)}, nil},
		"one more":          {[]*kernelv1.Total{line(301, "CNY", most+1)}, kernel.ErrOverflow},
		"in two classes":    {[]*kernelv1.Total{line(301, "CNY", most-1), line(405, "CNY", 2)}, kernel.ErrOverflow},
		"in two currencies": {[]*kernelv1.Total{line(301, "CNY", most), line(301, "EUR", most)}, nil},
		"beyond 63 bits":    {[]*kernelv1.Total{line(301, "CNY", most-1), line(302, "CNY", 1<<63-1), line(401, "CNY", 1<<63-1)}, kernel.ErrOverflow},
	} {
		w.Plant(kernelv1.TotalsKey(zeta.ID), &kernelv1.Totals{Lines: tc.lines})
		if err := deposit.Room(w.View(), zeta.ID, "CNY"); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.Plant(kernelv1.TotalsKey(zeta.ID), totals(1, most))
	w.Refused(kernel.ErrOverflow, bank, mint(zeta, 1))
	if w.Read(depositv1.BalanceKey(bank.Member, zeta.ID, "CNY"), &depositv1.Balance{}) {
		t.Error("a refused mint is there")
	}
}
