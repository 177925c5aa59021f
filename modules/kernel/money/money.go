// Package money counts: amounts are int64 of minor units (cents, fen) with their ISO 4217 currency, rates are
// integers in parts per million, and every operation is checked. Nothing here rounds without saying how.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// ErrOverflow says that a result has no place in an int64; ErrNegative that it would be below zero.
var (
	ErrOverflow = errors.New("money: the amount is larger than the chain can count")
	ErrNegative = errors.New("money: the amount would be negative")
)

// The bounds of what people choose, in minor units of a currency. What comes in by rule (a payment, the end of a freeze or of
// an offer) moves only what was let in within them, and so always has its place in an int64.
const (
	// Max is the largest amount that one call gives or promises: ten trillion yuan.
	Max = 1_000_000_000_000_000
	// MaxIssued is the most that one bank comes to owe, so that a single one cannot fill an account to MaxHeld.
	MaxIssued = 100 * Max
	// MaxHeld is the most that an account may be given, over all that its totals count.
	MaxHeld = 1 << 62
)

// PPM is the denominator of a rate: 1,000,000 parts per million are the whole.
const PPM = 1_000_000

// Amount is minor units of one currency; 12345 CNY are 123.45 yuan.
type Amount struct {
	Minor    int64
	Currency string
}

// Add returns a+b; it fails where the sum leaves int64.
func Add(a, b int64) (int64, error) {
	if (b > 0 && a > math.MaxInt64-b) || (b < 0 && a < math.MinInt64-b) {
		return 0, ErrOverflow
	}
	return a + b, nil
}

// Sub returns a−b for amounts that may not go below zero.
func Sub(a, b int64) (int64, error) {
	if b < 0 || a < 0 {
		return 0, ErrNegative
	}
	if b > a {
		return 0, ErrNegative
	}
	return a - b, nil
}

// Sum adds amounts from left to right, checked.
func Sum(vs ...int64) (int64, error) {
	var s int64
	for _, v := range vs {
		var err error
		if s, err = Add(s, v); err != nil {
			return 0, err
		}
	}
	return s, nil
}

// Rounding says what becomes of a remainder.
type Rounding uint8

// Floor drops the remainder; HalfEven rounds to nearest, a tie to the even neighbour.
const (
	Floor Rounding = iota
	HalfEven
)

// MulDiv returns a·b/c over 128 bits, for a, b ≥ 0 and c > 0: multiply first, divide last, round as told.
func MulDiv(a, b, c int64, r Rounding) (int64, error) {
	if a < 0 || b < 0 || c <= 0 {
		return 0, ErrNegative
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return 0, ErrOverflow
	}
	q, rem := bits.Div64(hi, lo, uint64(c))
	if r == HalfEven && up(q, rem, uint64(c)) {
		q++
	}
	if q > math.MaxInt64 {
		return 0, ErrOverflow
	}
	return int64(q), nil
}

func up(q, rem, c uint64) bool {
	if other := c - rem; rem != other {
		return rem > other
	}
	return q&1 == 1
}

// Digits tells how many decimal digits the minor unit of a currency has, and whether the chain knows it.
func Digits(currency string) (int, bool) {
	d, ok := digits[currency]
	return d, ok
}

// String writes the amount as a person reads it: 123.45 CNY.
func (a Amount) String() string { return Format(a.Minor, a.Currency) + " " + a.Currency }

// Format writes minor units as a decimal with the currency's digits: 12345 CNY is 123.45.
func Format(minor int64, currency string) string {
	d, ok := Digits(currency)
	if !ok || d == 0 {
		return strconv.FormatInt(minor, 10)
	}
	sign := ""
	u := uint64(minor)
	if minor < 0 {
		sign, u = "-", uint64(-(minor+1))+1
	}
	s := fmt.Sprintf("%0*d", d+1, u)
	return sign + s[:len(s)-d] + "." + s[len(s)-d:]
}

// Parse reads a decimal of a currency into minor units: at most as many decimals as the currency has.
func Parse(s, currency string) (int64, error) {
	d, ok := Digits(currency)
	if !ok {
		return 0, fmt.Errorf("%q is no currency that the chain knows: use an ISO 4217 code such as CNY", currency)
	}
	whole, frac, dot := strings.Cut(s, ".")
	if dot && (frac == "" || len(strings.TrimRight(frac, "0")) > d) {
		return 0, fmt.Errorf("%q has more decimals than %s has (%d)", s, currency, d)
	}
	frac = (strings.TrimRight(frac, "0") + "0000")[:d]
	if strings.Trim(whole+frac, "0123456789") != "" && strings.Trim(strings.TrimPrefix(whole, "-")+frac, "0123456789") != "" || strings.Trim(whole, "-") == "" {
		return 0, fmt.Errorf("%q is not an amount: write it as 1234.56", s)
	}
	v, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is larger than the chain can count", s)
	}
	return v, nil
}
