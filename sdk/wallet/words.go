package wallet

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/lang"
)

// Money writes minor units as people read them: 300,000.00 CNY.
func Money(minor int64, currency string) string { return Figure(minor, currency) + " " + currency }

// Figure is Money without the currency.
func Figure(minor int64, currency string) string {
	s := money.Format(minor, currency)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, rest, dot := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dot {
		whole += "." + rest
	}
	return sign + whole
}

// Day writes a day since 1970-01-01 as 2026-05-31.
func Day(day int32) string { return invoice.Day(day).String() }

// Line makes one line of a text that somebody else chose, such as a legal name: what could break a line, move a cursor or
// turn the direction of writing becomes a replacement character, so that no name can pass for another sentence.
func Line(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// Short is the beginning of an id or hash, for people.
func Short(b []byte) string {
	const shown = 4
	return fmt.Sprintf("%x", b[:min(len(b), shown)])
}

// PackageState says in a word how a package stands on a day.
func PackageState(p *voucherv1.Package, today int32) string {
	switch p.State {
	case voucherv1.PackageState_PACKAGE_STATE_PENDING_ACCEPTANCE:
		return "waits for acceptance"
	case voucherv1.PackageState_PACKAGE_STATE_SETTLED:
		return "paid"
	case voucherv1.PackageState_PACKAGE_STATE_CANCELLED:
		return "cancelled"
	case voucherv1.PackageState_PACKAGE_STATE_PART_SETTLED:
		return "paid in part"
	}
	if p.Due(today) {
		return "due"
	}
	return "active"
}

// background names the trade in a few words.
func background(l lang.Lang, b *voucherv1.Background) string {
	var out []string
	for _, use := range b.GetInvoices() {
		out = append(out, l.F("invoice %s", Short(use.Fingerprint)))
	}
	if len(b.GetContract()) > 0 {
		out = append(out, l.F("contract %s", Short(b.Contract)))
	}
	return l.List(out)
}

func because(l lang.Lang, reason string) string {
	if reason == "" {
		return ""
	}
	return l.F(" Reason: %q.", reason)
}
