package invoice

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalisePasses bounds how often Normalise starts again. No text of today's Unicode was found that needs more than two
// passes that change and one that sees no change; the last is for tables to come.
const normalisePasses = 4

// Normalise reduces a number or a name to what a copy could not change without becoming another one:
//
//   - NFKC, because the same text is typed in full-width, ligature and decomposed forms, in China daily;
//   - upper case, because case carries no meaning in a number and is retyped at will; ß is SS, as it is spelt in capitals;
//   - only letters, marks and digits stay: spaces, separators, punctuation, symbols and control characters go, because
//     2024/0017, 2024-0017 and 2024 0017 are one number, and a limited company is Ltd. or Ltd;
//   - letters and marks that show nothing (fillers, joiners, variation selectors) go, because they would make an
//     invisible difference.
//
// Leading zeros of a run of digits stay: 0017 and 17 may be two invoices of one seller, in two series, and the chain
// must not refuse an honest one. Letters that only look alike (Latin A, Cyrillic А) stay apart for the same reason.
// 1-23 and 12-3 do become one: a seller that uses both loses the second, which is the safe side of the two.
//
// Normalise(Normalise(s)) == Normalise(s). An empty result means that s has nothing to be known by.
func Normalise(s string) string {
	for range normalisePasses {
		next := normaliseOnce(s)
		if next == s {
			return s
		}
		s = next
	}
	return s
}

// normaliseOnce may leave work: what it drops may have stood between a letter and its mark, which then compose.
func normaliseOnce(s string) string {
	s = strings.ToUpper(strings.ReplaceAll(norm.NFKC.String(s), "ß", "SS"))
	s = strings.ReplaceAll(s, "ẞ", "SS")
	return strings.Map(keep, s)
}

func keep(r rune) rune {
	if !unicode.In(r, unicode.L, unicode.M, unicode.N) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return -1
	}
	return r
}
