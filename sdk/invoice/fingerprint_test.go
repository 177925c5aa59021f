package invoice_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"unicode"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk/invoice"
	"pgregory.net/rapid"
)

var testKey = func() (k [32]byte) {
	for i := range k {
		k[i] = byte(i)
	}
	return k
}()

func golden() *invoice.Invoice {
	return &invoice.Invoice{
		Number: "INV-2026/0017", IssueDate: 20543, DueDate: 20634, HasDueDate: true, TypeCode: "380", Currency: "CNY", PayableMinor: 113000,
		Seller: invoice.Party{Name: "深圳市（某某）有限公司", TaxID: "91440300MA5EXAMPL1"},
		Buyer:  invoice.Party{Name: "Buyer Group Ltd.", ID: "BG 555-1", IDScheme: "0184"},
	}
}

// Golden bytes, to be met by every other implementation under the key 00 01 … 1f.
func TestGoldenFingerprints(t *testing.T) {
	got := append([]id.ID{invoice.Primary(testKey, golden())}, invoice.Secondary(testKey, golden())...)
	want := []string{
		"262ecff3ea40c9090385604eec802f9e76d5c5b8eb0fdc693f804f03907c0920",
		"87c66006b49a811b155d966897a0ece45748989bb9daab78ba314a60e8a96e22",
		"15c878d6025a6a29cf10a42083ab26503356c8f8bd9584b80cdd6938f4bb53a4",
		"61dd391b9851f4831aa2b77dcd9bf57699e003daa51ce2287959e19239e2fa8a",
	}
	if len(got) != 1+invoice.Secondaries {
		t.Fatalf("%d fingerprints", len(got))
	}
	for i := range want {
		if got[i].String() != want[i] {
			t.Errorf("%d: %s, want %s", i, got[i], want[i])
		}
	}
}

// The hashed bytes written out by hand: a length of 8 bytes, big-endian, before the domain and before each field.
func TestFingerprintsByHand(t *testing.T) {
	field := func(s string) string { return strings.Repeat("\x00", 7) + string(rune(len(s))) + s }
	seller, buyer, number := field("id:91440300MA5EXAMPL1"), field("id:BG5551"), field("INV20260017")
	date, amount, currency := field("\x00\x00\x50\x3f"), field("\x00\x00\x00\x00\x00\x01\xb9\x68"), field("CNY")
	messages := []string{
		field("splittally/invoice/primary/v1") + seller + buyer + number,
		field("splittally/invoice/other-number/v1") + seller + buyer + date + amount + currency,
		field("splittally/invoice/other-buyer/v1") + seller + number + amount + currency,
		field("splittally/invoice/other-ids/v1") + field("name:深圳市某某有限公司") + number + amount + currency,
	}
	got := append([]id.ID{invoice.Primary(testKey, golden())}, invoice.Secondary(testKey, golden())...)
	for i, m := range messages {
		h := hmac.New(sha256.New, testKey[:])
		h.Write([]byte(m))
		if want := hex.EncodeToString(h.Sum(nil)); got[i].String() != want {
			t.Errorf("%d: %s, want %s", i, got[i], want)
		}
	}
}

// prints are the primary and the three secondary fingerprints as p, 0, 1, 2 where they equal those of golden.
func prints(inv *invoice.Invoice) string {
	same := ""
	if invoice.Primary(testKey, inv) == invoice.Primary(testKey, golden()) {
		same = "p"
	}
	original := invoice.Secondary(testKey, golden())
	for i, s := range invoice.Secondary(testKey, inv) {
		if s == original[i] {
			same += string(rune('0' + i))
		}
	}
	return same
}

// What a copy still shares with its original, by what was changed in it.
func TestCopiesAreKnown(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*invoice.Invoice)
		same   string
	}{
		{"nothing", func(*invoice.Invoice) {}, "p012"},
		{"spelling of the number", func(i *invoice.Invoice) { i.Number = "inv 2026 0017" }, "p012"},
		{"spelling of the tax number", func(i *invoice.Invoice) { i.Seller.TaxID = "9144 0300 ma5e xampl1" }, "p012"},
		{"seller's name, its tax number being there", func(i *invoice.Invoice) { i.Seller.Name = "Other" }, "p01"},
		{"seller's registration number, its tax number being there", func(i *invoice.Invoice) { i.Seller.ID = "1" }, "p012"},
		{"buyer's name, its number being there", func(i *invoice.Invoice) { i.Buyer.Name = "Other" }, "p012"},
		{"scheme of the buyer's number", func(i *invoice.Invoice) { i.Buyer.IDScheme = "" }, "p012"},
		{"due date, type, references, notes", func(i *invoice.Invoice) {
			i.HasDueDate, i.TypeCode, i.OrderRef, i.ContractRef, i.Notes = false, "389", "x", "y", []string{"z"}
		}, "p012"},
		{"number", func(i *invoice.Invoice) { i.Number = "INV-2026/0018" }, "0"},
		{"number and date", func(i *invoice.Invoice) { i.Number, i.IssueDate = "INV-2026/0018", 1 }, ""},
		{"date", func(i *invoice.Invoice) { i.IssueDate++ }, "p12"},
		{"amount", func(i *invoice.Invoice) { i.PayableMinor++ }, "p"},
		{"currency", func(i *invoice.Invoice) { i.Currency = "USD" }, "p"},
		{"buyer's number left out", func(i *invoice.Invoice) { i.Buyer.ID = "" }, "12"},
		{"buyer's number replaced by a word", func(i *invoice.Invoice) { i.Buyer.ID = "n/a" }, "12"},
		{"seller's tax number left out", func(i *invoice.Invoice) { i.Seller.TaxID = "" }, "2"},
		{"another seller", func(i *invoice.Invoice) { i.Seller = invoice.Party{Name: "Other", TaxID: "1"} }, ""},
	} {
		inv := golden()
		c.change(inv)
		if got := prints(inv); got != c.same {
			t.Errorf("%s changed: same are %q, want %q", c.name, got, c.same)
		}
	}
}

// No fingerprint equals another one of the same invoice, and another key gives others.
func TestFingerprintsAreApart(t *testing.T) {
	seen := map[id.ID]bool{}
	for _, key := range [][32]byte{testKey, {}} {
		for _, p := range append(invoice.Secondary(key, golden()), invoice.Primary(key, golden())) {
			if seen[p] || p.IsZero() {
				t.Errorf("%s stands twice, or is zero", p)
			}
			seen[p] = true
		}
	}
}

// A name that reads like a number is no number, and fields do not run into each other.
func TestFieldsAreApart(t *testing.T) {
	party := func(name, tax string) invoice.Party { return invoice.Party{Name: name, TaxID: tax} }
	seen := map[id.ID]int{}
	for i, inv := range []invoice.Invoice{
		{Number: "3", Seller: party("1", ""), Buyer: party("2", "")},
		{Number: "3", Seller: party("1", "1"), Buyer: party("2", "")},
		{Number: "3", Seller: party("1", ""), Buyer: party("2", "2")},
		{Number: "3", Seller: party("2", ""), Buyer: party("1", "")},
		{Number: "23", Seller: party("1", ""), Buyer: party("2", "")},
		{Number: "3", Seller: party("1", ""), Buyer: party("22", "")},
	} {
		p := invoice.Primary(testKey, &inv)
		if other, dup := seen[p]; dup {
			t.Errorf("%d and %d have one fingerprint", i, other)
		}
		seen[p] = i
	}
}

// respell writes s in another case, with other separators and in full width, as people and scanners do.
func respell(t *rapid.T, s string) string {
	noise := rapid.SampledFrom([]string{"", " ", "-", "/", ".", "_", "\u00a0", "\u200b", "（", "\t"})
	var b strings.Builder
	for _, r := range s {
		b.WriteString(noise.Draw(t, "noise"))
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0:
			r = unicode.ToLower(r)
		case 1:
			r = unicode.ToUpper(r)
		case 2:
			if r > ' ' && r < 0x7f {
				r += 0xfee0 // its full-width form
			}
		}
		b.WriteRune(r)
	}
	return b.String() + noise.Draw(t, "end")
}

var number = rapid.StringMatching(`[A-Za-z]{0,4}[0-9]{1,8}(/[0-9]{1,4})?`)

func TestSpellingDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := golden()
		a.Number, a.Seller.TaxID, a.Buyer.ID = number.Draw(t, "number"), number.Draw(t, "tax"), ""
		b := *a
		b.Number, b.Seller.TaxID, b.Buyer.Name = respell(t, a.Number), respell(t, a.Seller.TaxID), respell(t, a.Buyer.Name)
		if invoice.Primary(testKey, a) != invoice.Primary(testKey, &b) {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

func TestAnotherNumberIsAnotherInvoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := golden(), golden()
		a.Number, b.Number = number.Draw(t, "a"), number.Draw(t, "b")
		strip := strings.NewReplacer("/", "")
		same := strings.EqualFold(strip.Replace(a.Number), strip.Replace(b.Number))
		if (invoice.Primary(testKey, a) == invoice.Primary(testKey, b)) != same {
			t.Fatalf("%q and %q", a.Number, b.Number)
		}
	})
}
