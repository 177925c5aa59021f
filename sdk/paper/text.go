package paper

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// run is a piece of text in one font.
type run struct {
	family, text string
}

// cp1252 are the signs of Helvetica beside ASCII and Latin-1.
const cp1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"

func inLatin(r rune) bool {
	return r >= ' ' && r < 0x7f || r >= 0xa0 && r <= 0xff || strings.ContainsRune(cp1252, r)
}

// runs divides a text by font. What could move a pen, or the direction of writing, becomes a blank; what is beyond the
// basic plane a white square, for the font has none of it.
func runs(s string) (out []run) {
	for _, r := range strings.ToValidUTF8(s, "□") {
		family := fallback
		switch {
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029':
			r, family = ' ', latin
		case inLatin(r):
			family = latin
		case r > 0xffff:
			r = '□'
		}
		if n := len(out); n > 0 && out[n-1].family == family {
			out[n-1].text += string(r)
		} else {
			out = append(out, run{family, string(r)})
		}
	}
	return out
}

func (p *Paper) set(r run, style string, points float64) string {
	p.pdf.SetFont(r.family, style, points)
	if r.family == latin {
		return p.cp(r.text)
	}
	return r.text
}

// measure is the width of a text in mm.
func (p *Paper) measure(s, style string, points float64) (width float64) {
	for _, r := range runs(s) {
		width += p.pdf.GetStringWidth(p.set(r, style, points))
	}
	return width
}

// put writes one line at a place; the page's own position stays.
func (p *Paper) put(x, y float64, s, style string, points float64) {
	for _, r := range runs(s) {
		text := p.set(r, style, points)
		p.pdf.Text(x, y+points*perPoint, text)
		x += p.pdf.GetStringWidth(text)
	}
}

// fold divides a text into lines of at most a width: between words, and between Chinese signs; a word that is longer than
// a line is divided anywhere.
func (p *Paper) fold(s, style string, points, width float64) (out []string) {
	line := ""
	for _, token := range tokens(s) {
		if p.measure(line+token, style, points) <= width {
			line += token
			continue
		}
		if line = strings.TrimRight(line, " "); line != "" {
			out = append(out, line)
		}
		for line = strings.TrimLeft(token, " "); p.measure(line, style, points) > width && utf8.RuneCountInString(line) > 1; {
			head := p.fit(line, style, points, width)
			out, line = append(out, head), line[len(head):]
		}
	}
	if line = strings.TrimRight(line, " "); line != "" || len(out) == 0 {
		out = append(out, line)
	}
	return out
}

// fit is as much of the beginning of a word as fits, at least one sign.
func (p *Paper) fit(s, style string, points, width float64) string {
	end := 0
	for i, r := range s {
		if i > 0 && p.measure(s[:i+utf8.RuneLen(r)], style, points) > width {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	return s[:end]
}

// tokens are what a line may be broken between: words with the blank after them, single Chinese signs.
func tokens(s string) (out []string) {
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
	}
	for _, r := range strings.ToValidUTF8(s, "□") {
		switch {
		case unicode.IsSpace(r):
			word.WriteByte(' ')
			flush()
		case unicode.Is(unicode.Han, r):
			flush()
			out = append(out, string(r))
		default:
			word.WriteRune(r)
		}
	}
	flush()
	return out
}
