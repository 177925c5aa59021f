package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/splittally/splittally/modules/kernel/money"
	"pgregory.net/rapid"
)

func TestAddSubRefuse(t *testing.T) {
	for _, c := range []struct {
		name string
		got  func() (int64, error)
		err  error
	}{
		{"add over", func() (int64, error) { return money.Add(math.MaxInt64, 1) }, money.ErrOverflow},
		{"add under", func() (int64, error) { return money.Add(math.MinInt64, -1) }, money.ErrOverflow},
		{"sub below zero", func() (int64, error) { return money.Sub(1, 2) }, money.ErrNegative},
		{"sub negative", func() (int64, error) { return money.Sub(1, -2) }, money.ErrNegative},
		{"sub from negative", func() (int64, error) { return money.Sub(-1, 0) }, money.ErrNegative},
		{"sum over", func() (int64, error) { return money.Sum(1, math.MaxInt64) }, money.ErrOverflow},
		{"muldiv over", func() (int64, error) { return money.MulDiv(math.MaxInt64, math.MaxInt64, 1, money.Floor) }, money.ErrOverflow},
		{"muldiv by zero", func() (int64, error) { return money.MulDiv(1, 1, 0, money.Floor) }, money.ErrNegative},
		{"muldiv just over", func() (int64, error) { return money.MulDiv(math.MaxInt64, 3, 2, money.Floor) }, money.ErrOverflow},
	} {
		if v, err := c.got(); !errors.Is(err, c.err) || v != 0 {
			t.Errorf("%s: %d, %v", c.name, v, err)
		}
	}
	if s, err := money.Sum(1, 2, 3); s != 6 || err != nil {
		t.Error(s, err)
	}
}

func TestMulDivAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Range(0, math.MaxInt64).Draw(t, "a"), rapid.Int64Range(0, math.MaxInt64).Draw(t, "b")
		c := rapid.Int64Range(1, math.MaxInt64).Draw(t, "c")
		num, den := new(big.Int).Mul(big.NewInt(a), big.NewInt(b)), big.NewInt(c)
		floor, rem := new(big.Int).QuoRem(num, den, new(big.Int))
		near := new(big.Int).Set(floor)
		switch cmp := new(big.Int).Lsh(rem, 1).Cmp(den); {
		case cmp > 0, cmp == 0 && floor.Bit(0) == 1:
			near.Add(near, big.NewInt(1))
		}
		for r, want := range map[money.Rounding]*big.Int{money.Floor: floor, money.HalfEven: near} {
			got, err := money.MulDiv(a, b, c, r)
			if want.IsInt64() != (err == nil) || err == nil && want.Int64() != got {
				t.Fatalf("%d·%d/%d round %d: %d, %v; want %s", a, b, c, r, got, err, want)
			}
		}
	})
}

func TestHalfEven(t *testing.T) {
	for num, want := range map[int64]int64{1: 0, 3: 2, 5: 2, 7: 4} {
		if got, _ := money.MulDiv(num, 1, 2, money.HalfEven); got != want {
			t.Errorf("%d/2 = %d, want %d", num, got, want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{12345, "CNY", "123.45"},
		{5, "EUR", "0.05"},
		{-5, "EUR", "-0.05"},
		{7, "JPY", "7"},
		{1, "KWD", "0.001"},
		{math.MinInt64, "USD", "-92233720368547758.08"},
		{3, "???", "3"},
	} {
		if got := money.Format(c.minor, c.currency); got != c.want {
			t.Errorf("%d %s: %s, want %s", c.minor, c.currency, got, c.want)
		}
	}
	if s := (money.Amount{Minor: 100, Currency: "CNY"}).String(); s != "1.00 CNY" {
		t.Error(s)
	}
}

func TestParseRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(math.MinInt64+1, math.MaxInt64).Draw(t, "v")
		c := rapid.SampledFrom([]string{"CNY", "JPY", "KWD"}).Draw(t, "c")
		got, err := money.Parse(money.Format(v, c), c)
		if err != nil || got != v {
			t.Fatalf("%d %s: %d %v", v, c, got, err)
		}
	})
}

func TestParse(t *testing.T) {
	for s, want := range map[string]int64{"1": 100, "1.5": 150, "1.50": 150, "1.500": 150, "-0.01": -1, "0": 0} {
		if got, err := money.Parse(s, "CNY"); got != want || err != nil {
			t.Errorf("%s: %d %v", s, got, err)
		}
	}
	for _, s := range []string{"", ".", "-", "1.", ".5", "1.001", "1,5", "1e3", "--1", "1-", "1.-5", "+1", "99999999999999999999", " 1", "0x1"} {
		if v, err := money.Parse(s, "CNY"); err == nil {
			t.Errorf("%q accepted as %d", s, v)
		}
	}
	if _, err := money.Parse("1", "XXX"); err == nil {
		t.Error("an unknown currency was accepted")
	}
}

func TestDigits(t *testing.T) {
	for c, want := range map[string]int{"CNY": 2, "ZWG": 2, "AED": 2, "JPY": 0, "XPF": 0, "BIF": 0, "TND": 3} {
		if d, ok := money.Digits(c); d != want || !ok {
			t.Errorf("%s: %d %v", c, d, ok)
		}
	}
}
