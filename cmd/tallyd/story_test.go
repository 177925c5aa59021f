package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"charm.land/lipgloss/v2"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"pgregory.net/rapid"
)

func TestCNY(t *testing.T) {
	for minor, want := range map[int64]string{
		0: "0.00 CNY", 5: "0.05 CNY", 100: "1.00 CNY", 99_999: "999.99 CNY", 100_000: "1,000.00 CNY", 12_500_000: "125,000.00 CNY",
		113_000_000: "1,130,000.00 CNY", 10_000_000_000: "100,000,000.00 CNY", 123_456_789_012: "1,234,567,890.12 CNY",
	} {
		if got := cny(minor); got != want {
			t.Errorf("%d: %s, want %s", minor, got, want)
		}
	}
}

// Separators stand between threes of whole yuan, and without them the amount reads back.
func TestCNYReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Min(0).Draw(t, "minor")
		text := cny(minor)
		figure, ok := strings.CutSuffix(text, " CNY")
		back, err := money.Parse(strings.ReplaceAll(figure, ",", ""), "CNY")
		if !ok || err != nil || back != minor {
			t.Fatalf("%d is %s, which reads as %d (%v)", minor, text, back, err)
		}
		whole, _, _ := strings.Cut(figure, ".")
		for i, group := range strings.Split(whole, ",") {
			if len(group) > 3 || i > 0 && len(group) != 3 || group == "" {
				t.Fatalf("%s has a group %q", text, group)
			}
		}
	})
}

func TestDay(t *testing.T) {
	for d, want := range map[int32]string{
		0: "1970-01-01", -1: "1969-12-31", 59: "1970-03-01", 11_016: "2000-02-29", 20_604: "2026-05-31", 20_819: "2027-01-01", 24_855: "2038-01-19",
	} {
		if got := day(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

func TestDayIsTheCalendars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Int32Range(-100_000, 1_000_000).Draw(t, "day")
		if want := time.Date(1970, 1, 1+int(d), 0, 0, 0, 0, time.UTC).Format(time.DateOnly); day(d) != want {
			t.Fatalf("%d: %s, want %s", d, day(d), want)
		}
	})
}

func TestWhere(t *testing.T) {
	tx := strings.Repeat("ab", 32)
	for _, c := range []struct {
		one  step
		want string
	}{
		{step{Height: 7}, "[block 7]"},
		{step{Height: 7, Verified: true}, "[block 7, proven]"},
		{step{Height: 7, Tx: tx}, "[block 7, tx abababab]"},
		{step{Height: 1_234, Tx: tx, Verified: true}, "[block 1234, tx abababab, proven]"},
	} {
		if got := where(c.one); got != c.want {
			t.Errorf("%+v: %s, want %s", c.one, got, c.want)
		}
	}
}

func newStory(words io.Writer) *story {
	return &story{ctx: context.Background(), words: words, chapter: "test", report: &report{OK: true}}
}

// A file that is no terminal, and what is no file, have the widest lines.
func TestWidthWithoutTerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/story.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // nothing was written
	for name, w := range map[string]io.Writer{"a buffer": &bytes.Buffer{}, "nothing": io.Discard, "a file": f} {
		if got := newStory(w).width(); got != maxWidth {
			t.Errorf("%s: %d, want %d", name, got, maxWidth)
		}
	}
}

func TestWidthOfTerminal(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Logf("this machine gives no terminal: %v", err)
		return
	}
	defer tty.Close() // a test's
	for columns, want := range map[uint16]int{20: minWidth, 39: minWidth, 40: 40, 80: 80, 110: 110, 111: maxWidth, 300: maxWidth} {
		if err := resize(tty, columns); err != nil {
			t.Fatal(err)
		}
		if got := newStory(tty).width(); got != want {
			t.Errorf("%d columns: %d, want %d", columns, got, want)
		}
	}
}

func resize(tty *os.File, columns uint16) error {
	size := struct{ rows, columns, x, y uint16 }{rows: 24, columns: columns}
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), syscall.TIOCSWINSZ, uintptr(unsafe.Pointer(&size))); e != 0 {
		return e
	}
	return nil
}

// What is told stays within the width, beside a mark, and keeps every word.
func TestDoneTellsWithinTheWidth(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z,.0-9]{1,20}`), 1, 80).Draw(rt, "words")
		var told bytes.Buffer
		newStory(&told).done(step{Name: "one", Height: 12, Verified: true}, strings.Join(words, " "))
		plain := told.String()
		if !strings.HasPrefix(plain, "✓ ") || !strings.Contains(plain, "proven]") {
			rt.Fatalf("%q", plain)
		}
		for _, line := range strings.Split(plain, "\n") {
			if w := lipgloss.Width(line); w > maxWidth {
				rt.Fatalf("a line of %d columns: %q", w, line)
			}
		}
		want := append(words, "[block", "12,", "proven]")
		if got := strings.Fields(strings.TrimPrefix(plain, "✓ ")); strings.Join(got, " ") != strings.Join(want, " ") {
			rt.Fatalf("%q became %q", want, got)
		}
	})
}

// Heights of a chapter never fall, whichever node answered, and a refusal is marked as one.
func TestDoneRecords(t *testing.T) {
	var told bytes.Buffer
	s := newStory(&told)
	s.done(step{Name: "a", Height: 9}, "one")
	s.done(step{Name: "b", Height: 4, Refused: "NotDue"}, "two")
	want := []step{{Chapter: "test", Name: "a", OK: true, Height: 9}, {Chapter: "test", Name: "b", OK: true, Height: 9, Refused: "NotDue"}}
	if len(s.report.Steps) != 2 || s.report.Steps[0] != want[0] || s.report.Steps[1] != want[1] {
		t.Errorf("%+v", s.report.Steps)
	}
	if text := told.String(); !strings.Contains(text, "✗ NotDue: two [block 9]") {
		t.Errorf("%q", text)
	}
}

// unwound is the error that ends a chapter; nil where it goes on.
func unwound(f func()) (err error) {
	defer func() {
		if p, ok := recover().(stopped); ok {
			err = p.err
		}
	}()
	f()
	return nil
}

// A step that is meant to be refused holds only with that code.
func TestRefusal(t *testing.T) {
	want := voucherv1.ErrNotDue
	ticket := sdk.Ticket{Body: newID("body")}
	refused := func(err error, proven bool) error {
		return fmt.Errorf("sent: %w", &sdk.Refusal{Code: voucherv1.ErrNotDue, Proven: proven, Ticket: ticket, Told: err.Error()})
	}
	for name, c := range map[string]struct {
		err  error
		says string
		tx   string
	}{
		"proven":       {refused(want, true), "", ticket.Body.String()},
		"a node's no":  {refused(want, false), "", ""},
		"took effect":  {nil, "it took effect, and NotDue was expected", ""},
		"another code": {&sdk.Refusal{Code: voucherv1.ErrNotHeld, Proven: true}, "NotDue was expected, and it failed with", ""},
		"no refusal":   {errors.New("no route"), "failed with: no route", ""},
	} {
		s := newStory(io.Discard)
		err := unwound(func() { s.refusal("step", "text", want, sdk.Outcome{Height: 5}, c.err) })
		last := s.report.Steps[len(s.report.Steps)-1]
		switch {
		case c.says == "" && (err != nil || !last.OK || last.Refused != "NotDue" || last.Tx != c.tx || last.Verified != (c.tx != "")):
			t.Errorf("%s: %v, %+v", name, err, last)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || last.OK || len(s.report.Steps) != 1):
			t.Errorf("%s: %v, %+v", name, err, last)
		}
	}
}

func TestHoldTellsWhoStopped(t *testing.T) {
	s := newStory(io.Discard)
	if err := unwound(func() { s.hold("fine", nil) }); err != nil || len(s.report.Steps) != 0 {
		t.Errorf("%v, %+v", err, s.report.Steps)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.ctx = ctx
	cancel()
	if err := unwound(func() { s.hold("late", io.EOF) }); err == nil || !strings.Contains(err.Error(), `step "late" did not hold: stopped by you`) {
		t.Error(err)
	}
	late, end := context.WithTimeout(context.Background(), 0)
	defer end()
	s.ctx = late
	if err := unwound(func() { s.hold("slow", late.Err()) }); err == nil || strings.Contains(err.Error(), "by you") {
		t.Errorf("the demonstration's own bound is nobody's Ctrl-C: %v", err)
	}
}

func TestMemberList(t *testing.T) {
	n := &devnet.Net{Nodes: []node.Config{{Member: "One Co., Ltd."}, {Member: "Bank of Two"}, {Member: "Three Ltd."}}}
	if got := memberList(n); got != "One Co., Ltd, Bank of Two, Three Ltd." {
		t.Error(got)
	}
}

// The story's figures fit each other: nobody passes on more than it has.
func TestFiguresOfTheStory(t *testing.T) {
	if toTier2 >= tier1Invoice || toTier3 >= toTier2 || firstPayment >= tier1Invoice || tier1Invoice > devnet.LineMinor || tier1Invoice%113 != 0 {
		t.Error(tier1Invoice, toTier2, toTier3, firstPayment)
	}
	if first, again := newID("a"), newID("a"); first != again || first == newID("b") {
		t.Error("a document's stand-in is not determined by its name")
	}
}
