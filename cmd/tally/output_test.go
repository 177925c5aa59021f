package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

func TestGrid(t *testing.T) {
	var out bytes.Buffer
	grid(page{&out, lang.English}, []int{2}, []string{"who", "amount", "state"}, [][]string{{"渝和锻造", "5.00", "held"}, {"A\x1b[31m\nB", "1,000.00", ""}})
	want := "who         amount  state\n───────────────────────────\n渝和锻造      5.00  held\nA\ufffd[31m\ufffdB  1,000.00\n"
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out.String(), want)
	}
}

func TestPrinter(t *testing.T) {
	var out bytes.Buffer
	if n, err := printable(&out).Write([]byte("a\tb\r\x1b]0;x\x07\n")); n != 11 || err != nil || out.String() != "a\tb\ufffd\ufffd]0;x\ufffd\n" {
		t.Errorf("%d, %v, %q", n, err, out.String())
	}
}

// What a node adds to a refusal is shown as its words, beside the rule that is proven.
func TestRefusalText(t *testing.T) {
	told := voucherv1.ErrLineExceeded.At("items[0].amount_minor", "5.00 CNY of a line with 3.00 CNY left").Error()
	for _, c := range []struct {
		r    *sdk.Refusal
		want string
	}{
		{
			&sdk.Refusal{Number: voucherv1.ErrLineExceeded.Number, Code: voucherv1.ErrLineExceeded, Told: told, Proven: true},
			fmt.Sprintf("Refused: %s.\n  The node adds: items[0].amount_minor: 5.00 CNY of a line with 3.00 CNY left.\n  What to do: %s\n  Code: LineExceeded (%d), proven. Nothing else happened.\n",
				voucherv1.ErrLineExceeded.Rule, voucherv1.ErrLineExceeded.Do, voucherv1.ErrLineExceeded.Number),
		},
		{
			&sdk.Refusal{Number: voucherv1.ErrNotDue.Number, Code: voucherv1.ErrNotDue, Told: "Pay to account 7\nnow", Proven: true},
			fmt.Sprintf("Refused: %s.\n  The node adds: Pay to account 7\ufffdnow.\n  What to do: %s\n  Code: NotDue (%d), proven. Nothing else happened.\n",
				voucherv1.ErrNotDue.Rule, voucherv1.ErrNotDue.Do, voucherv1.ErrNotDue.Number),
		},
		{
			&sdk.Refusal{Number: voucherv1.ErrNotDue.Number, Code: voucherv1.ErrNotDue},
			fmt.Sprintf("Refused: %s.\n  What to do: %s\n  Code: NotDue (%d), by the node's own check; 'tally status' proves later that it never ran.\n",
				voucherv1.ErrNotDue.Rule, voucherv1.ErrNotDue.Do, voucherv1.ErrNotDue.Number),
		},
		{&sdk.Refusal{Number: 9_999, Told: "x"}, "Refused: code 9999, which this version does not know.\n  The node says: x\n  What to do: use a newer version.\n"},
	} {
		if got := refusalText(lang.English, c.r); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}

func TestExitCode(t *testing.T) {
	for want, all := range map[int][]error{
		exitRefused:      {&sdk.Refusal{Number: 1, Code: voucherv1.ErrNotDue}, voucherv1.ErrStaleHead.With("x")},
		exitUsage:        {voucherv1.ErrField.At("to", "x"), &wallet.Input{}, failure{errors.New("x"), exitUsage}},
		exitProof:        {sdk.ErrProof, sdk.ErrStale, sdk.ErrIncomplete, sdk.ErrHeader, sdk.ErrFork, sdk.ErrPin, fmt.Errorf("%w: %w", sdk.ErrNoWitness, sdk.ErrFork)},
		exitUnreachable:  {sdk.ErrNoWitness},
		exitUnknown:      {sdk.ErrUnsettled, fmt.Errorf("%w: %w", sdk.ErrUnsettled, sdk.ErrProof), wallet.ErrOnItsWay},
		exitNotFound:     {sdk.ErrNotFound, sdk.ErrNotVisible, wallet.ErrNoMatch},
		exitWallet:       {wallet.ErrLocked, wallet.ErrPassphrase, wallet.ErrDamaged, wallet.ErrNoWallet, wallet.ErrExists},
		exitNotConfirmed: {errNotConfirmed},
		exitTrustExpired: {sdk.ErrTrustExpired},
		exitNeverRan:     {sdk.ErrNeverRan},
		exitDocument:     {wallet.ErrDocument},
		exitOther:        {errors.New("x")},
	} {
		for _, err := range all {
			if got := exitCode(fmt.Errorf("wrapped: %w", err)); got != want {
				t.Errorf("%v: exit %d, want %d", err, got, want)
			}
		}
		if want != exitOther && !strings.Contains(exitCodes, fmt.Sprintf("\n  %2d  ", want)) {
			t.Errorf("'tally help exit-codes' does not have %d", want)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 5, 31, 10, 0, 0, 0, time.FixedZone("+08:00", 8*3600))
	for typed, want := range map[string]string{
		"7d": "2026-06-07T10:00:00", "48h": "2026-06-02T10:00:00", "90m": "2026-05-31T11:30:00",
		"2026-06-30": "2026-06-30T23:59:59", "2026-06-30T08:15": "2026-06-30T08:15:00",
	} {
		got, err := moment("expires", typed, now)
		if text := time.Unix(got, 0).In(now.Location()).Format("2006-01-02T15:04:05"); err != nil || text != want {
			t.Errorf("%s: %s, %v", typed, text, err)
		}
	}
	for _, typed := range []string{"", "d", "0d", "-1d", "1.5d", "7 d", "3661d", "soon", "2026-02-30", "31.05.2026", "2026-06-30 08:15"} {
		if got, err := moment("expires", typed, now); err == nil {
			t.Errorf("%q is %d", typed, got)
		}
	}
}

func TestAmount(t *testing.T) {
	for typed, want := range map[string]int64{"1": 100, "1234.56": 123_456, "0.01": 1} {
		if got, err := amount("amount", typed, "CNY"); err != nil || got != want {
			t.Errorf("%s: %d, %v", typed, got, err)
		}
	}
	for _, typed := range []string{"", "0", "-1", "1,000.00", "1.234", "1e3", "0x1", "99999999999999999999", "１"} {
		if got, err := amount("amount", typed, "CNY"); err == nil {
			t.Errorf("%q is %d", typed, got)
		}
	}
}
