package invoice_test

import (
	"testing"
	"unicode"

	"github.com/splittally/splittally/sdk/invoice"
	"pgregory.net/rapid"
)

func TestNormalise(t *testing.T) {
	for s, want := range map[string]string{
		"":                "",
		"INV-2024/0017":   "INV20240017",
		" inv 2024 0017 ": "INV20240017",
		"ＩＮＶ－２０２４／００１７": "INV20240017", // full width
		"inv_2024.0017":                "INV20240017",
		"Inv\u00ad2024\u200b0017":      "INV20240017", // soft hyphen, zero-width space
		"inv+2024|0017":                "INV20240017",
		"№ 17":                         "NO17",
		"0017":                         "0017", // leading zeros stay
		"17":                           "17",
		"A007":                         "A007",
		"①②":                           "12",
		"x²":                           "X2",
		"Straße":                       "STRASSE",
		"STRAẞE":                       "STRASSE",
		"ﬁne":                          "FINE",
		"Bjerka\u030asholmen":          "BJERKÅSHOLMEN",
		"Bjerkåsholmen":                "BJERKÅSHOLMEN",
		"e-\u0301":                     "É", // the dash stood between a letter and its mark
		"ａ．Ｂ，ｃ":                        "ABC",
		"深圳市（某某）有限公司":                  "深圳市某某有限公司",
		"深圳市(某某) 有限公司":                 "深圳市某某有限公司",
		"某\u3164某\ufe0f":               "某某", // a filler and a variation selector show nothing
		"ﾃｽﾄ":                          "テスト",
		"---":                          "",
		"🙂":                            "",
		"\xff":                         "",
		"А1":                           "А1", // Cyrillic, not Latin
		"Ⅳ":                            "IV",
		"NL8200.98.395.B.01":           "NL820098395B01",
		"O'Neill & Sons, S.à r.l.":     "ONEILLSONSSÀRL",
		"91440300MA5EXAMPLE\t\n\u00a0": "91440300MA5EXAMPLE",
	} {
		if got := invoice.Normalise(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestNormaliseKeepsApart(t *testing.T) {
	for _, c := range [][2]string{{"0017", "17"}, {"A1", "А1"}, {"1", "l"}, {"O", "0"}, {"a", "á"}, {"2024-1", "2024-10"}} {
		if invoice.Normalise(c[0]) == invoice.Normalise(c[1]) {
			t.Errorf("%q and %q became one", c[0], c[1])
		}
	}
}

func idempotent(s string) bool {
	once := invoice.Normalise(s)
	return invoice.Normalise(once) == once
}

// Every character of Unicode, alone, after a letter, and before a mark.
func TestNormaliseIdempotentOnEveryRune(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S) || unicode.Is(unicode.Han, r) {
			continue // what is always dropped, and what has no case: in the test below
		}
		if s := string(r); !idempotent(s) || !idempotent("a"+s+"\u0301") {
			t.Fatalf("%U", r)
		}
	}
}

func TestNormaliseIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if s := rapid.String().Draw(t, "s"); !idempotent(s) {
			t.Fatalf("%q: %q, then %q", s, invoice.Normalise(s), invoice.Normalise(invoice.Normalise(s)))
		}
	})
}
