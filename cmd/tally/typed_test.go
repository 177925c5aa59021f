package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// currencies have no, two and three decimals.
var currencies = []string{"JPY", "CNY", "EUR", "BHD"}

// namesField tells whether an error is a fault in what was typed, of this field.
func namesField(err error, field string) bool {
	var in *wallet.Input
	return errors.As(err, &in) && in.Field == field && in.Wrong.String() != "" && in.Do.String() != ""
}

// What the chain writes is what a person may type, with zeros in front and behind.
func TestAmountsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom(currencies).Draw(t, "currency")
		minor := rapid.Int64Range(1, 1<<62).Draw(t, "minor")
		typed := strings.Repeat("0", rapid.IntRange(0, 3).Draw(t, "front")) + money.Format(minor, currency)
		if strings.Contains(typed, ".") {
			typed += strings.Repeat("0", rapid.IntRange(0, 3).Draw(t, "behind"))
		}
		if got, err := amount("amount", typed, currency); err != nil || got != minor {
			t.Fatalf("%s %s is %d, %v; want %d", typed, currency, got, err, minor)
		}
	})
}

// edges are amounts, and nearly amounts, at the ends of what is one.
var edges = []string{
	"", "0", "00", "0.00", "-0", "0.", ".", ".5", "5.", "1.0000", "1.001", "0.001", "0.01", "0.1", "01", "+1", "-1", "--1", "1-", "1 ", " 1", "1\n", "1,000", "1e3", "0x1", "１", "1.-5", "-1.5", "∞", "NaN",
	"9223372036854775807", "9223372036854775808", "92233720368547758.07", "92233720368547758.08", "9223372036854775.807", "9223372036854775.808", "18446744073709551617",
}

// An amount is digits with a point between them, no finer than the currency, above zero and countable; nothing else is one.
func TestWhatIsAnAmount(t *testing.T) {
	for _, currency := range currencies {
		for _, typed := range edges {
			if fault := amountFault(typed, currency); fault != "" {
				t.Error(fault)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom(currencies).Draw(t, "currency")
		typed := rapid.OneOf(rapid.StringMatching(`[0-9]{0,21}(\.[0-9]{0,6})?`), rapid.StringMatching(`[-+0-9.,eE x_'１٣]{0,8}`), rapid.String()).Draw(t, "typed")
		if fault := amountFault(typed, currency); fault != "" {
			t.Fatal(fault)
		}
	})
	for _, currency := range []string{"", "XXQ", "cny", "CNYX", "¥"} {
		if _, err := amount("amount", "5", currency); !namesField(err, "amount") {
			t.Errorf("5 %q: %v", currency, err)
		}
		if err := knownCurrency(currency); !namesField(err, "currency") {
			t.Errorf("%q: %v", currency, err)
		}
	}
}

var amountForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// amountFault compares what is read with exact arithmetic; empty for no fault.
func amountFault(typed, currency string) string {
	got, err := amount("max", typed, currency)
	digits, _ := money.Digits(currency)
	want, fits := int64(0), amountForm.MatchString(typed)
	if fits {
		exact, _ := new(big.Rat).SetString(typed)
		exact.Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
		if fits = exact.IsInt() && exact.Num().IsInt64() && exact.Sign() > 0; fits {
			want = exact.Num().Int64()
		}
	}
	if (err == nil) != fits || got != want || err != nil && !namesField(err, "max") {
		return fmt.Sprintf("%q %s is %d, %v; want %d", typed, currency, got, err, want)
	}
	return ""
}

// A moment is so many days, so long, the end of a day or a minute of it, in the chain's offset.
func TestMoments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "hours")*3_600)
		now := time.Unix(rapid.Int64Range(1_700_000_000, 4_000_000_000).Draw(t, "now"), 0).In(zone)
		days, minutes := rapid.Int64Range(1, 3_660).Draw(t, "days"), rapid.Int64Range(1, 100_000).Draw(t, "minutes")
		then := now.AddDate(0, 0, int(days))
		midnight := time.Date(then.Year(), then.Month(), then.Day()+1, 0, 0, 0, 0, zone).Unix()
		for typed, want := range map[string]int64{
			fmt.Sprintf("%dd", days): now.Unix() + days*86_400, fmt.Sprintf("%dm", minutes): now.Unix() + minutes*60, fmt.Sprintf("%dh", minutes): now.Unix() + minutes*3_600,
			then.Format("2006-01-02"): midnight - 1, then.Format("2006-01-02T15:04"): then.Truncate(time.Minute).Unix(),
		} {
			if got, err := moment("until", typed, now); err != nil || got != want {
				t.Fatalf("%s from %s is %d, %v; want %d", typed, now, got, err, want)
			}
		}
		typed := rapid.StringMatching(`[-+ 0-9dDT:.]{1,12}`).Draw(t, "typed")
		if n, isDays := strings.CutSuffix(typed, "d"); isDays && !regexp.MustCompile(`^[1-9][0-9]{0,3}$`).MatchString(n) || strings.ContainsAny(typed, " D") {
			if got, err := moment("until", typed, now); !namesField(err, "until") {
				t.Fatalf("%q is %d, %v", typed, got, err)
			}
		}
	})
}

// Units are two numbers in order, within the voucher, written plainly.
func TestUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.Int64Range(1, money.Max).Draw(t, "units")
		lo, hi := rapid.Int64Range(-2, units+2).Draw(t, "lo"), rapid.Int64Range(-2, units+2).Draw(t, "hi")
		got, err := extent(fmt.Sprintf("%d-%d", lo, hi), units)
		if good := lo >= 1 && lo <= hi && hi <= units; good != (err == nil) || good && !bytes.Equal(got, voucherv1.RangeExtent(lo, hi)) || !good && !namesField(err, "units") {
			t.Fatalf("%d-%d of %d: %x, %v", lo, hi, units, got, err)
		}
	})
}

// Pieces are what was typed, in that order, and what is left over; they never make more or less than the part.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Int64Range(1, 1_000_000).Draw(t, "whole")
		typed, sum := []string{}, int64(0)
		for _, minor := range rapid.SliceOfN(rapid.Int64Range(1, 400_000), 1, 6).Draw(t, "pieces") {
			typed, sum = append(typed, money.Format(minor, "CNY")), sum+minor
		}
		pieces, err := piecesOf(holding("p", "n", 1, whole), typed)
		if sum > whole {
			if !namesField(err, "amount") {
				t.Fatalf("%v of %d: %v, %v", typed, whole, pieces, err)
			}
			return
		}
		got := int64(0)
		for i, one := range pieces {
			if got += one; one <= 0 || i < len(typed) && money.Format(one, "CNY") != typed[i] {
				t.Fatalf("%v of %d: %v", typed, whole, pieces)
			}
		}
		if err != nil || got != whole {
			t.Fatalf("%v of %d: %v, %v", typed, whole, pieces, err)
		}
	})
}

// A document is the SHA-256 of a file, or 64 hex digits in either case; a file of such a name is not looked for.
func TestDocuments(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOf(rapid.Byte()).Draw(t, "content")
		if err := os.WriteFile("document", content, 0o600); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		hash := id.Must(sum[:])
		for _, typed := range []string{"document", filepath.Join(dir, "document"), hash.String(), strings.ToUpper(hash.String())} {
			if got, err := document("case", typed); err != nil || got != hash {
				t.Fatalf("%s: %s, %v", typed, got, err)
			}
		}
		if _, err := document("case", hash.String()[1:]); !namesField(err, "case") {
			t.Fatal("63 digits:", err)
		}
	})
	named := strings.Repeat("ab", 32)
	if err := os.WriteFile(named, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := document("case", named); err != nil || got.String() != named {
		t.Error(got, err)
	}
	for _, typed := range []string{"", ".", "nowhere", named + "0"} {
		if _, err := document("case", typed); !namesField(err, "case") {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

// A period that is not said whole is this month so far.
func TestPeriods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		today := rapid.Int32Range(15_000, 40_000).Draw(t, "today")
		from, to := rapid.Int32Range(14_900, today+30).Draw(t, "from"), rapid.Int32Range(14_900, today+30).Draw(t, "to")
		both, err := statementFlags{from: wallet.Day(from), to: wallet.Day(to)}.period(today, 28_800)
		if good := from <= to && from <= today; good != (err == nil) || good && (both.FromDay != from || both.ToDay != to || both.OffsetS != 28_800) {
			t.Fatalf("%s to %s on %s: %+v, %v", wallet.Day(from), wallet.Day(to), wallet.Day(today), both, err)
		}
		month, err := statementFlags{}.period(today, 0)
		if err != nil || month.ToDay != today || wallet.Day(month.FromDay) != wallet.Day(today)[:8]+"01" {
			t.Fatalf("on %s: %+v, %v", wallet.Day(today), month, err)
		}
		until, err := statementFlags{to: wallet.Day(to)}.period(today, 0)
		if begins := wallet.Day(until.FromDay); begins != wallet.Day(to)[:8]+"01" || (err == nil) != (until.FromDay <= today) {
			t.Fatalf("to %s on %s: %+v, %v", wallet.Day(to), wallet.Day(today), until, err)
		}
	})
}

// aKeyOf draws a public key of any kind.
func aKeyOf(t *rapid.T, label string) key.Public {
	kind := rapid.SampledFrom([]key.Kind{key.Secp256k1, key.P256, key.SM2}).Draw(t, label+" kind")
	secret := id.Hash(label, rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, label))
	s, err := key.FromSecret(kind, secret[:])
	if err != nil {
		t.Fatal(err)
	}
	return s.Public()
}

// aPolicyOf draws a policy of distinct keys that the chain takes.
func aPolicyOf(t *rapid.T) *membersv1.Policy {
	p := &membersv1.Policy{}
	for i := range rapid.IntRange(1, 5).Draw(t, "keys") {
		pub := aKeyOf(t, fmt.Sprint("key ", i))
		p.Keys = append(p.Keys, &membersv1.Key{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: fmt.Sprint("holder ", i)})
	}
	p.Threshold = uint32(rapid.IntRange(1, len(p.Keys)).Draw(t, "threshold"))
	for i, currency := range rapid.SliceOfNDistinct(rapid.SampledFrom(currencies), 0, 3, rapid.ID[string]).Draw(t, "limits") {
		once := rapid.Int64Range(1, 1_000_000).Draw(t, fmt.Sprint("once ", i))
		p.Limits = append(p.Limits, &membersv1.Limit{Currency: currency, PerTransactionMinor: once, PerDayMinor: once + int64(i)})
	}
	return p
}

// A policy that was shown can be given back as a file, and is the same.
func TestPoliciesRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		p := aPolicyOf(t)
		b, err := json.Marshal(policyOf(p))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "policy.json")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := (&policyFlags{file: file, threshold: 1}).policy()
		if err != nil || !proto.Equal(got, p) {
			t.Fatalf("%v, %v\nwant %v", got, err, p)
		}
	})
}

// A change of limits changes the currencies that are named, and a rotation the keys: nothing else of a policy.
func TestPolicyChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := aPolicyOf(t)
		currency, once := rapid.SampledFrom(currencies).Draw(t, "currency"), rapid.Int64Range(1, 1_000_000).Draw(t, "once")
		p := proto.CloneOf(before)
		if err := changeLimits(p, []string{currency + "=" + money.Format(once, currency) + "/" + money.Format(2*once, currency)}, nil); err != nil {
			t.Fatal(err)
		}
		if l := p.Limit(currency); l.GetPerTransactionMinor() != once || l.GetPerDayMinor() != 2*once {
			t.Fatalf("%v", l)
		}
		for _, l := range before.Limits {
			if l.Currency != currency && !proto.Equal(p.Limit(l.Currency), l) {
				t.Fatalf("%s was changed too", l.Currency)
			}
		}
		if err := changeLimits(p, nil, []string{currency}); err != nil || p.Limit(currency) != nil || len(p.Keys) != len(before.Keys) {
			t.Fatalf("%v, %v", p, err)
		}
		if err := changeLimits(p, nil, []string{currency}); !namesField(err, "remove") {
			t.Fatal("removed twice:", err)
		}

		p, gone, next := proto.CloneOf(before), rapid.IntRange(0, len(before.Keys)-1).Draw(t, "gone"), aKeyOf(t, "next")
		name := rapid.SampledFrom([]string{before.Keys[gone].Holder, before.Keys[gone].Public().String()}).Draw(t, "name")
		if err := rotate(p, []string{name}, []string{next.String() + "=Dora=of desk 5"}, 0); err != nil {
			t.Fatal(err)
		}
		want := slices.Concat(before.Keys[:gone], before.Keys[gone+1:])
		last := p.Keys[len(p.Keys)-1]
		if len(p.Keys) != len(want)+1 || last.Holder != "Dora=of desk 5" || last.Public().String() != next.String() || p.Threshold != before.Threshold || len(p.Limits) != len(before.Limits) {
			t.Fatalf("%v", p)
		}
		for i, k := range want {
			if !proto.Equal(k, p.Keys[i]) {
				t.Fatalf("key %d was changed too", i)
			}
		}
		if err := rotate(p, []string{name}, nil, 0); !namesField(err, "remove") {
			t.Fatal("removed twice:", err)
		}
	})
}

// A call as 'gov show' prints it is read back as the same bytes.
func TestCallsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := func(label string) []byte { return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, label) }
		m := rapid.SampledFrom([]proto.Message{
			&membersv1.Recover{Account: some("a"), Policy: aPolicyOf(t), Reason: rapid.String().Draw(t, "reason")},
			&membersv1.AdmitMember{Legal: &membersv1.Legal{Name: rapid.String().Draw(t, "name")}, Nodes: [][]byte{some("n1"), some("n2")}, SupplierQuota: rapid.Uint32().Draw(t, "quota")},
			&governancev1.SetParameter{Name: "x", Value: rapid.Int64().Draw(t, "value"), FromDay: rapid.Int32().Draw(t, "day")},
			&voucherv1.Freeze{Package: some("p"), Extent: some("e"), UntilUnixS: rapid.Int64().Draw(t, "until"), Case: some("c")},
		}).Draw(t, "message")
		b, err := inHex(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := messageOf(txv1.MethodOf(m), b)
		if err != nil || !proto.Equal(got, m) {
			t.Fatalf("%s\n%v, %v\nwant %v", b, got, err, m)
		}
	})
}

// Whatever somebody wrote, nothing reaches a terminal that would move its cursor or turn its writing, and no line is added.
func TestNothingMovesTheCursor(t *testing.T) {
	wild := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z\x1b\x00-\x1f\x7f\x{80}-\x{9f}\x{200e}\x{202a}-\x{202e}\x{2066}-\x{2069}长]{0,60}`), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		text := wild.Draw(t, "text")
		var out bytes.Buffer
		if n, err := printable(&out).Write([]byte(text)); err != nil || n != len(text) || mayBeRead(out.String()) != "" || utf8.RuneCountInString(text) != utf8.RuneCountInString(out.String()) {
			t.Fatalf("%q is printed as %q, %d, %v", text, out.String(), n, err)
		}
		out.Reset()
		w := page{printable(&out), lang.English}
		rows := [][]string{{text, "1.00", text}, {"plain", text, ""}}
		grid(w, []int{2}, []string{"who", "amount", "state"}, rows)
		facts(w, "who", text+"x", "state", "x")
		if lines := strings.Count(out.String(), "\n"); lines != len(rows)+4 || mayBeRead(out.String()) != "" {
			t.Fatalf("%d lines, %s: %q", lines, mayBeRead(out.String()), out.String())
		}
		title := titleOf("tally gov propose suspend", []string{text, strings.Repeat(text, 20)}, nil)
		if len(title) > governancev1.MaxTitle || utf8.ValidString(text) && !utf8.ValidString(title) || !strings.HasPrefix(title, "suspend ") {
			t.Fatalf("%q", title)
		}
	})
}

// Running text loses no word, and no line is longer than a screen's but where a word is.
func TestWrapping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9,.()]{1,30}|[a-f0-9]{64}`), 0, 60).Draw(t, "words")
		sentence := strings.Join(words, " ")
		got := wrapped(sentence)
		for line := range strings.SplitSeq(got, "\n  ") {
			if len(line) > lineWidth {
				t.Fatalf("%d wide: %q", len(line), line)
			}
		}
		if strings.Join(strings.Fields(got), " ") != sentence {
			t.Fatalf("%q\nwant %q", got, sentence)
		}
	})
}

// Sums are by currency, and one that cannot be counted is an error.
func TestSumsOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]totalJSON{}
		var rows []runRow
		for i := range rapid.IntRange(0, 20).Draw(t, "rows") {
			currency, minor := rapid.SampledFrom(currencies).Draw(t, fmt.Sprint("currency ", i)), rapid.Int64Range(1, money.Max).Draw(t, fmt.Sprint("minor ", i))
			rows = append(rows, runRow{item: &voucherv1.IssueItem{Currency: currency, AmountMinor: minor}})
			one := want[currency]
			want[currency] = totalJSON{Currency: currency, Count: one.Count + 1, AmountMinor: one.AmountMinor + minor}
		}
		got, err := sumsOf(rows)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
		for _, one := range got {
			if one != want[one.Currency] {
				t.Fatalf("%v, want %v", one, want[one.Currency])
			}
		}
	})
	huge := runRow{item: &voucherv1.IssueItem{Currency: "CNY", AmountMinor: 1 << 62}}
	if got, err := sumsOf([]runRow{huge, huge}); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("%v, %v", got, err)
	}
}

// Freezes that meet several parts are listed once, in the order in which they are met.
func TestDistinctFreezes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts []sdk.FrozenPart
		var want []byte
		for i := range rapid.IntRange(0, 5).Draw(t, "parts") {
			var one sdk.FrozenPart
			for _, b := range rapid.SliceOfN(rapid.ByteRange(0, 5), 0, 4).Draw(t, fmt.Sprint("freezes ", i)) {
				one.Freezes = append(one.Freezes, &voucherv1.StandingFreeze{Id: []byte{b}})
				if !bytes.Contains(want, []byte{b}) {
					want = append(want, b)
				}
			}
			parts = append(parts, one)
		}
		var got []byte
		for _, f := range distinct(parts) {
			got = append(got, f.Id...)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
