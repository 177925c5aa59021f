package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// Units are written as 1-30000000, and nothing else is taken for it.
func TestExtent(t *testing.T) {
	for typed, want := range map[string][]byte{
		"": voucherv1.RangeExtent(1, 500), "1-500": voucherv1.RangeExtent(1, 500), "7-7": voucherv1.RangeExtent(7, 7),
		"0-5": nil, "5-4": nil, "1-501": nil, "1": nil, "-5": nil, "1-": nil, "1-5 ": nil, " 1-5": nil, "01-5": nil, "1--5": nil, "a-b": nil,
		"1-99999999999999999999": nil, "+1-5": nil,
	} {
		got, err := extent(typed, 500)
		var in *wallet.Input
		if !bytes.Equal(got, want) || (want == nil) != errors.As(err, &in) {
			t.Errorf("%q: %x, %v", typed, got, err)
		}
	}
}

func holding(pkg, number string, lo, hi int64) sdk.Holding {
	return sdk.Holding{
		Part:    &voucherv1.Part{Package: id.Hash(pkg).Bytes(), Number: id.Hash(number).Bytes(), Head: id.Hash(number, []byte("head")).Bytes(), Lo: lo, Hi: hi},
		Package: &voucherv1.Package{Id: id.Hash(pkg).Bytes(), AmountMinor: 100, Currency: "CNY"},
	}
}

// Parts may be typed in any order; of another voucher, or twice, they are found out here or by the message itself.
func TestMerging(t *testing.T) {
	g := &wallet.Sight{Held: []sdk.Holding{holding("p", "high", 51, 100), holding("p", "low", 1, 50), holding("q", "other", 1, 5)}}
	short := func(number string) string { return id.Hash(number).Short() }
	m, err := merging(g, []string{short("high"), short("low")})
	if err != nil || m.Validate() != nil || len(m.Parts) != 2 || !bytes.Equal(m.Parts[0].Number, id.Hash("low").Bytes()) || !bytes.Equal(m.Package, id.Hash("p").Bytes()) {
		t.Error(m, err)
	}
	if _, err := merging(g, []string{short("high"), short("other")}); err == nil || !strings.Contains(err.Error(), "another voucher") {
		t.Error(err)
	}
	if _, err := merging(g, []string{short("high"), short("unknown")}); !errors.Is(err, wallet.ErrNoMatch) {
		t.Error(err)
	}
	if m, err := merging(g, []string{short("high"), short("high")}); err != nil || m.Validate() == nil {
		t.Error("a part was merged with itself:", m, err)
	}
}

// A part is frozen until the last of the freezes that meet it and still stand.
func TestFrozenUntil(t *testing.T) {
	s, now := &wallet.Session{Clock: wallet.Clock{OffsetS: 8 * 3600}}, time.Unix(1_000, 0)
	freeze := func(lo, hi, untilS int64) *voucherv1.StandingFreeze {
		return &voucherv1.StandingFreeze{Id: id.Hash("f", voucherv1.RangeExtent(lo, untilS)).Bytes(), Extent: voucherv1.RangeExtent(lo, hi), UntilUnixS: untilS}
	}
	h := holding("p", "low", 1, 50)
	for name, tc := range map[string]struct {
		all  []*voucherv1.StandingFreeze
		want string
	}{
		"none":         {nil, ""},
		"over":         {[]*voucherv1.StandingFreeze{freeze(1, 50, 1_000)}, ""},
		"elsewhere":    {[]*voucherv1.StandingFreeze{freeze(51, 99, 9_000)}, ""},
		"one":          {[]*voucherv1.StandingFreeze{freeze(50, 60, 3_600)}, "1970-01-01 09:00 (+08:00)"},
		"the last":     {[]*voucherv1.StandingFreeze{freeze(1, 1, 7_200), freeze(2, 2, 3_600), freeze(60, 70, 9_999)}, "1970-01-01 10:00 (+08:00)"},
		"with one off": {[]*voucherv1.StandingFreeze{freeze(1, 1, 500), freeze(2, 2, 3_600)}, "1970-01-01 09:00 (+08:00)"},
	} {
		got := frozenUntil(s, h, tc.all, now)
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
		if state := frozenState(lang.English, "held", got); (state == "held") != (got == "") || !strings.HasPrefix(state, "held") {
			t.Errorf("%s: %q", name, state)
		}
	}
	both := freeze(1, 50, 5_000)
	if got := distinct([]sdk.FrozenPart{{Holding: h, Freezes: []*voucherv1.StandingFreeze{both}}, {Holding: h, Freezes: []*voucherv1.StandingFreeze{both, freeze(2, 2, 9)}}}); len(got) != 2 {
		t.Error(len(got), "freezes")
	}
}

// What of a voucher went back, and that it is frozen, stands beside its state.
func TestPackageNotes(t *testing.T) {
	j := packageJSON{State: "active", Currency: "CNY", Voucher: strings.Repeat("ab", 32)}
	if j.wentBack(lang.English) != "" || j.freezes(lang.English) != "" || packageNote(lang.English, j) != "active" {
		t.Error(j)
	}
	j.ExtinguishedMinor, j.Freezes, j.Over60Days = 12_345, 2, true
	if got := j.wentBack(lang.English); got != "123.45 CNY to who owes it: extinguished" {
		t.Error(got)
	}
	if got := j.freezes(lang.English); got != "2: see 'tally freezes abababab'" {
		t.Error(got)
	}
	if got := packageNote(lang.English, j); got != "active; frozen, in whole or in part; over 60 days to a small firm [802]" {
		t.Error(got)
	}
}

// Every step of a trail has a name.
func TestStepNames(t *testing.T) {
	names := map[string]bool{}
	for step := voucherv1.Step_STEP_ISSUED; int(step) < len(voucherv1.Step_name); step++ {
		names[stepName(&voucherv1.Endorsement{Step: step})] = true
	}
	if len(names) != len(voucherv1.Step_name)-1 {
		t.Error(names)
	}
}
