// Package paper makes papers for people as PDF: A4, headings, facts and tables over several pages, page numbers, Latin and
// Chinese text.
package paper

import (
	_ "embed" // the font
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// droid is Droid Sans Fallback (Apache-2.0): what Helvetica has no signs for, above all Chinese. Only the glyphs that a
// paper uses go into it.
//
//go:embed DroidSansFallbackFull.ttf
var droid []byte

const (
	latin, fallback = "Helvetica", "droid"
	margin          = 15.0 // mm
	bottom          = 18.0
	small, normal   = 7.5, 9.0 // points
	large, huge     = 11.0, 16.0
	lineHeight      = 4.2 // mm, of a line of a table
	perPoint        = 0.353
	maxLines        = 6 // of a cell
)

// Paper is one document in the making.
type Paper struct {
	pdf   *fpdf.Fpdf
	cp    func(string) string
	width float64 // mm between the margins
}

// New begins a paper. note stands at the bottom of every page; made is the time that the file names, not the clock's, so
// that the same paper is the same file.
func New(title, note string, made time.Time) *Paper {
	pdf := fpdf.New("P", "mm", "A4", "")
	p := &Paper{pdf: pdf, cp: pdf.UnicodeTranslatorFromDescriptor("cp1252")}
	pdf.SetCompression(true)
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(made.UTC())
	pdf.SetModificationDate(made.UTC())
	pdf.SetTitle(title, true)
	pdf.AddUTF8FontFromBytes(fallback, "", droid)
	pdf.AddUTF8FontFromBytes(fallback, "B", droid)
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(false, bottom)
	pdf.AliasNbPages("{pages}")
	width, _ := pdf.GetPageSize()
	p.width = width - 2*margin
	pdf.SetFooterFunc(func() {
		_, height := pdf.GetPageSize()
		pdf.SetTextColor(110, 110, 110)
		lines := p.fold(note, "", small, p.width-30)
		for i, one := range lines[:min(len(lines), 2)] {
			p.put(margin, height-13+3.2*float64(i), one, "", small)
		}
		number := fmt.Sprintf("page %d of {pages}", pdf.PageNo())
		p.put(margin+p.width-p.measure(fmt.Sprintf("page %d of %d", pdf.PageNo(), pdf.PageNo()), "", small), height-13, number, "", small)
		pdf.SetTextColor(0, 0, 0)
	})
	pdf.AddPage()
	p.text(title, "B", huge, 9)
	return p
}

// Heading begins a part of the paper; the part's first lines stay with it.
func (p *Paper) Heading(s string) {
	p.need(24)
	p.pdf.SetY(p.pdf.GetY() + 4)
	p.text(s, "B", large, 6)
}

// Text writes a paragraph.
func (p *Paper) Text(s string) { p.text(s, "", normal, lineHeight+0.3) }

func (p *Paper) text(s, style string, points, height float64) {
	for _, one := range p.fold(s, style, points, p.width) {
		p.need(height)
		p.put(margin, p.pdf.GetY(), one, style, points)
		p.pdf.SetY(p.pdf.GetY() + height)
	}
}

// Fact is a name and what it is.
type Fact struct{ Name, Value string }

// Facts writes lines of names and what they are.
func (p *Paper) Facts(list ...Fact) {
	const names = 34.0
	for _, f := range list {
		lines := p.fold(f.Value, "", normal, p.width-names)
		p.need(lineHeight * float64(len(lines)))
		p.pdf.SetTextColor(90, 90, 90)
		p.put(margin, p.pdf.GetY(), f.Name, "", normal)
		p.pdf.SetTextColor(0, 0, 0)
		for _, one := range lines {
			p.put(margin+names, p.pdf.GetY(), one, "", normal)
			p.pdf.SetY(p.pdf.GetY() + lineHeight)
		}
		p.pdf.SetY(p.pdf.GetY() + 0.6)
	}
}

// need goes to a new page where less than so many mm are left; it tells whether it did.
func (p *Paper) need(height float64) bool {
	_, page := p.pdf.GetPageSize()
	if p.pdf.GetY()+height <= page-bottom {
		return false
	}
	p.pdf.AddPage()
	p.pdf.SetY(margin)
	return true
}

// Write ends the paper and writes it.
func (p *Paper) Write(w io.Writer) error { return p.pdf.Output(w) }
