package lang

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// verb finds the verbs of a format: index, and what is left.
var verb = regexp.MustCompile(`%(\[\d+\])?([-+# 0]*\d*(?:\.\d+)?[a-zA-Z])`)

// tight is fmt.Sprintf for Chinese, in which a blank stands between Chinese and Latin alone: where a format has one beside
// an argument that turns out to be Chinese, it is left out. What arguments say themselves is never touched, for two names
// that differ in a blank are two names.
func tight(format string, args []any) string {
	var out strings.Builder
	at, next := 0, 0
	wide := false // the last argument ended in Chinese, and nothing was written since
	for _, v := range verb.FindAllStringSubmatchIndex(format, -1) {
		if v[2] >= 0 {
			n, _ := strconv.Atoi(format[v[2]+1 : v[3]-1]) // digits, by the pattern
			next = n - 1
		}
		if next < 0 || next >= len(args) {
			return fmt.Sprintf(format, args...) // fmt says what is missing
		}
		said := fmt.Sprintf("%"+format[v[4]:v[5]], args[next])
		next++
		between := strings.ReplaceAll(format[at:v[0]], "%%", "%")
		if rest := strings.TrimPrefix(between, " "); wide && beginsWide(rest+said) {
			between = rest
		}
		if rest := strings.TrimSuffix(between, " "); endsWide(rest) && beginsWide(said) {
			between = rest
		}
		out.WriteString(between + said)
		at, wide = v[1], endsWide(said)
	}
	between := strings.ReplaceAll(format[at:], "%%", "%")
	if rest := strings.TrimPrefix(between, " "); wide && beginsWide(rest) {
		between = rest
	}
	return out.String() + between
}

// isWide tells whether a character is Chinese, or Chinese punctuation.
func isWide(r rune) bool { return r >= 0x2e80 && r <= 0x9fff || r >= 0xff00 && r <= 0xffef }

func beginsWide(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return isWide(r)
}

func endsWide(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return isWide(r)
}
