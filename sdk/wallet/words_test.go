package wallet

import (
	"math"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/lang"
	"pgregory.net/rapid"
)

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{0, "CNY", "0.00 CNY"},
		{1, "CNY", "0.01 CNY"},
		{99_999, "CNY", "999.99 CNY"},
		{100_000, "CNY", "1,000.00 CNY"},
		{30_000_000, "CNY", "300,000.00 CNY"},
		{123_456_789_012, "CNY", "1,234,567,890.12 CNY"},
		{1_234, "JPY", "1,234 JPY"},
		{1_234_567, "KWD", "1,234.567 KWD"},
		{-100_000, "CNY", "-1,000.00 CNY"},
		{math.MaxInt64, "CNY", "92,233,720,368,547,758.07 CNY"},
	} {
		if got := Money(c.minor, c.currency); got != c.want {
			t.Errorf("%d %s: %s, want %s", c.minor, c.currency, got, c.want)
		}
	}
}

// Separators change nothing: without them an amount reads back.
func TestFigureReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(math.MinInt64+1, math.MaxInt64).Draw(t, "minor")
		currency := rapid.SampledFrom([]string{"CNY", "JPY", "KWD"}).Draw(t, "currency")
		back, err := money.Parse(strings.ReplaceAll(Figure(minor, currency), ",", ""), currency)
		if err != nil || back != minor {
			t.Fatalf("%d %s is %s, which reads as %d (%v)", minor, currency, Figure(minor, currency), back, err)
		}
	})
}

func TestPackageState(t *testing.T) {
	const due = 100
	for _, c := range []struct {
		state voucherv1.PackageState
		today int32
		want  string
	}{
		{voucherv1.PackageState_PACKAGE_STATE_PENDING_ACCEPTANCE, 0, "waits for acceptance"},
		{voucherv1.PackageState_PACKAGE_STATE_ACTIVE, due - 1, "active"},
		{voucherv1.PackageState_PACKAGE_STATE_ACTIVE, due, "due"},
		{voucherv1.PackageState_PACKAGE_STATE_PART_SETTLED, due, "paid in part"},
		{voucherv1.PackageState_PACKAGE_STATE_SETTLED, due, "paid"},
		{voucherv1.PackageState_PACKAGE_STATE_CANCELLED, 0, "cancelled"},
	} {
		if got := PackageState(&voucherv1.Package{State: c.state, DueDay: due}, c.today); got != c.want {
			t.Errorf("%s on day %d: %s, want %s", c.state, c.today, got, c.want)
		}
	}
}

// A name that its member chose can add no line of its own to what is shown.
func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"Yuhe Forging Co., Ltd.": "Yuhe Forging Co., Ltd.", "渝和锻造 é": "渝和锻造 é",
		"A\nYou pay nothing": "A\ufffdYou pay nothing", "\x1b[2Jgone": "\ufffd[2Jgone", "a\u202eb\u2028c\td": "a\ufffdb\ufffdc\ufffdd",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestSpan(t *testing.T) {
	for seconds, want := range map[int64]string{5: "5 s", 3_660: "1 h 1 min", 86_400: "24 h 0 min", 2 * 86_400: "2 days", 61*86_400 + 7_200: "61 days 2 h"} {
		if got := span(lang.English, seconds); got != want {
			t.Errorf("%d s: %s, want %s", seconds, got, want)
		}
	}
}

func TestClock(t *testing.T) {
	k := Clock{OffsetS: 8 * 3600, ShiftS: 60 * 86_400}
	at := k.Unix(1_780_192_920) // 2026-05-31 02:02 UTC
	if got := k.Minute(at); got != "2026-05-31 10:02 (+08:00)" {
		t.Error(got)
	}
	if got := (Clock{OffsetS: -19_800}).Offset(); got != "-05:30" {
		t.Error(got)
	}
	if got := k.Minute(k.Time(at)); got != "2026-07-30 10:02 (+08:00)" {
		t.Error(got)
	}
	if k.Shift() != "development clock, 60 days ahead" || (Clock{}).Shift() != "" {
		t.Error(k.Shift())
	}
	if Day(k.Day(at)) != "2026-05-31" {
		t.Error(Day(k.Day(at)))
	}
}
