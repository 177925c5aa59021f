package paper_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/sdk/paper"
)

// textOf is what another program reads of a paper, a string for each page; nil where that program is not here.
func textOf(t *testing.T, p *paper.Paper) []string {
	t.Helper()
	out := read(t, p, "-layout")
	return strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")[:bytes.Count(out, []byte("\f"))]
}

func read(t *testing.T, p *paper.Paper, options ...string) []byte {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Log("pdftotext is not here, and has not read the paper")
		return nil
	}
	file := filepath.Join(t.TempDir(), "paper.pdf")
	if err := os.WriteFile(file, written(t, p), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), tool, append(append([]string{"-enc", "UTF-8"}, options...), file, "-")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, &stderr)
	}
	return out
}

// solid is a text without its blanks, which readers of PDF guess.
func solid(s string) string { return strings.Join(strings.Fields(s), "") }

var statement = []paper.Column{{Head: "Day", Share: 2}, {Head: "Name 名称", Share: 4}, {Head: "Amount", Share: 2, Right: true}}

// ledger is a paper with numbered rows and their total at the end.
func ledger(rows int) *paper.Paper {
	p := paper.New("Ledger 总账", "note 证明", made)
	p.Heading("Rows")
	var out []paper.Row
	for n := range rows {
		out = append(out, paper.Row{Cells: []string{"2026-03-01", fmt.Sprintf("row-%04d", n), fmt.Sprintf("%d.00", n)}})
	}
	p.Table(statement, append(out, paper.Row{Strong: true, Cells: []string{"", "Total 合计", "99,999.99"}}))
	return p
}

// Latin, accents, quotes and Chinese, in titles, facts, paragraphs and cells, come out as they went in.
func TestTextComesOut(t *testing.T) {
	const title, fact, paragraph, cell = "Statement 对账单", "上海海川精密机械制造股份有限公司 (Hai Chuan)", "Grüße: “ß € ½” – 每月对账，ÀÉÎ.", "货款 Nr. 7/2026 <b>&amp; \\ (x)"
	p := paper.New(title, "foot 脚注", made)
	p.Facts(paper.Fact{Name: "Who", Value: fact})
	p.Heading("Part 部分")
	p.Text(paragraph)
	p.Table(statement, []paper.Row{{Cells: []string{"2026-03-01", cell, "1,234.56"}}})
	pages := textOf(t, p)
	if pages == nil {
		return
	}
	if len(pages) != 1 {
		t.Fatalf("%d pages", len(pages))
	}
	got := solid(pages[0])
	for _, want := range []string{title, "Who" + fact, "Part 部分", paragraph, "DayName 名称Amount", "2026-03-01" + cell + "1,234.56", "foot 脚注page 1 of 1"} {
		if !strings.Contains(got, solid(want)) {
			t.Errorf("%q is not in\n%s", want, pages[0])
		}
	}
}

// Every row stands on one page, in order; every page has the table's head, the note and its number of all.
func TestRowsAndPages(t *testing.T) {
	const rows = 150
	pages := textOf(t, ledger(rows))
	if pages == nil {
		return
	}
	if len(pages) < 3 {
		t.Fatalf("%d pages", len(pages))
	}
	next := 0
	for i, page := range pages {
		got := solid(page)
		if want := fmt.Sprintf("page%dof%d", i+1, len(pages)); strings.Count(got, want) != 1 || strings.Count(got, "note证明") != 1 {
			t.Errorf("page %d: its foot is not %s:\n%s", i+1, want, page)
		}
		if strings.Count(got, "DayName名称Amount") != 1 || strings.Count(got, "Ledger总账") != map[bool]int{true: 1}[i == 0] {
			t.Errorf("page %d has another head:\n%s", i+1, page)
		}
		for _, at := range regexp.MustCompile(`row-(\d+)\D+(\d+)\.00`).FindAllStringSubmatch(page, -1) {
			if at[1] != fmt.Sprintf("%04d", next) || at[2] != fmt.Sprint(next) {
				t.Fatalf("page %d: row %s has %s, and %d is next", i+1, at[1], at[2], next)
			}
			next++
		}
	}
	if next != rows {
		t.Errorf("%d rows came out", next)
	}
}

// The total is the last line of the table, on the last page, once, with the table's head above it, however full a page is.
func TestTotalStandsLast(t *testing.T) {
	alone := 0
	for rows := 41; rows <= 43; rows++ { // around the end of the first page
		pages := textOf(t, ledger(rows))
		if pages == nil {
			return
		}
		last := pages[len(pages)-1]
		if all := strings.Join(pages, ""); strings.Count(all, "99,999.99") != 1 || strings.Count(solid(all), "Total合计") != 1 {
			t.Errorf("%d rows: the total is there more than once, or not", rows)
		}
		got := solid(last)
		total := strings.Index(got, "Total合计99,999.99")
		head, before := strings.Index(got, "DayName"), strings.LastIndex(got, "row-")
		if total < 0 || head < 0 || head > total || before > total {
			t.Errorf("%d rows, %d pages: the total is not last under a head:\n%s", rows, len(pages), last)
		}
		if before < 0 {
			alone++
		}
	}
	if alone != 1 {
		t.Errorf("the total began a page %d times of three; the rows are not those of one page's end", alone)
	}
}

// A heading is not left alone at the foot of a page.
func TestHeadingStaysWithItsTable(t *testing.T) {
	broken := false
	for lines := 49; lines < 61; lines += 3 {
		p := paper.New("Lines", "", made)
		for n := range lines {
			p.Text(fmt.Sprintf("line %d", n))
		}
		p.Heading("HEADING")
		p.Table(statement, []paper.Row{{Cells: []string{"d", "FIRST", "1"}}})
		pages := textOf(t, p)
		if pages == nil {
			return
		}
		for i, page := range pages {
			if strings.Contains(page, "HEADING") != strings.Contains(page, "FIRST") {
				t.Errorf("%d lines: heading and first row are torn at page %d", lines, i+1)
			}
		}
		broken = broken || len(pages) > 1 && strings.Contains(pages[1], "HEADING") && !strings.Contains(pages[1], "line 0")
	}
	if !broken {
		t.Error("no case reached the end of a page")
	}
}

// word is a word and its place, in points from the top left.
type word struct {
	XMin float64 `xml:"xMin,attr"`
	XMax float64 `xml:"xMax,attr"`
	YMin float64 `xml:"yMin,attr"`
	YMax float64 `xml:"yMax,attr"`
	Text string  `xml:",chardata"`
}

type placed struct {
	Pages []struct {
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
		Words  []word  `xml:"word"`
	} `xml:"body>doc>page"`
}

func places(t *testing.T, p *paper.Paper) (out placed) {
	t.Helper()
	b := read(t, p, "-bbox")
	if b == nil {
		return out
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict, d.Entity = false, xml.HTMLEntity
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	if len(out.Pages) == 0 {
		t.Fatalf("no pages in %.300s", b)
	}
	return out
}

// Whatever the text is, it stays between the margins of an A4 page, 15 mm at the sides.
func TestNothingLeavesThePage(t *testing.T) {
	const side, slack = 15 / 25.4 * 72, 1.5 // points
	for i, page := range places(t, long(60)).Pages {
		if page.Width < 595 || page.Width > 596 || page.Height < 841 || page.Height > 842 {
			t.Errorf("page %d is no A4: %.1f by %.1f", i+1, page.Width, page.Height)
		}
		for _, w := range page.Words {
			if w.XMin < side-slack || w.XMax > page.Width-side+slack || w.YMin < 0 || w.YMax > page.Height {
				t.Errorf("page %d: %q is at %.1f to %.1f, %.1f to %.1f", i+1, w.Text, w.XMin, w.XMax, w.YMin, w.YMax)
			}
		}
	}
}

// Figures stand under each other at the right edge, so that their digits line up.
func TestFiguresLineUp(t *testing.T) {
	p := paper.New("Figures", "", made)
	var rows []paper.Row
	figures := map[string]bool{"1.00": true, "22.00": true, "1,234,567.89": true, "-5.10": true}
	for f := range figures {
		rows = append(rows, paper.Row{Cells: []string{"d", "n", f}})
	}
	p.Table(statement, rows)
	seen, right := 0, 0.0
	for _, page := range places(t, p).Pages {
		for _, w := range page.Words {
			if !figures[w.Text] {
				continue
			}
			if seen++; right == 0 {
				right = w.XMax
			}
			if w.XMax < right-0.2 || w.XMax > right+0.2 {
				t.Errorf("%s ends at %.2f, the first at %.2f", w.Text, w.XMax, right)
			}
		}
		if seen != len(figures) {
			t.Errorf("%d of %d figures came out whole", seen, len(figures))
		}
	}
}

// A cell has six lines; what is longer ends with three dots and keeps its beginning.
func TestLongCellIsCut(t *testing.T) {
	p := paper.New("Cut", "", made)
	p.Table(statement, []paper.Row{
		{Cells: []string{"d", "BEGIN " + strings.Repeat("word ", 400) + "END", "1"}},
		{Cells: []string{"d", "next", "2"}},
	})
	pages := textOf(t, p)
	if pages == nil {
		return
	}
	text := strings.Join(pages, "")
	if !strings.Contains(text, "BEGIN") || strings.Contains(text, "END") || strings.Count(text, "…") != 1 || !strings.Contains(text, "next") {
		t.Errorf("%s", text)
	}
}

// What could turn the writing around, move the pen or end a string of the file is no more than a blank or a letter.
func TestHostileText(t *testing.T) {
	p := paper.New("(title\\) Tj", "{pages} /JS (alert)", made)
	p.Text("100\u202e001 \x00\r\n) Tj ET BT (x \ufeff\u200b end \xff")
	pages := textOf(t, p)
	if pages == nil {
		return
	}
	got := solid(strings.Join(pages, ""))
	if strings.ContainsAny(got, "\u202e\x00") || !strings.Contains(got, "100001)TjETBT(x") || !strings.Contains(got, "end") || !strings.Contains(got, `(title\)Tj`) {
		t.Errorf("%q", got)
	}
}

// The file's bytes come from the paper and the named time alone: not from the clock, its zone, or an earlier paper.
func TestBytesOfTheTimeNamed(t *testing.T) {
	at := func(when time.Time) []byte {
		p := paper.New("Title", "note", when)
		p.Text("same 同")
		return written(t, p)
	}
	first := at(made)
	_ = written(t, long(2))
	if !bytes.Equal(first, at(made.In(time.FixedZone("", 8*3600)))) || !bytes.Equal(first, at(made)) {
		t.Error("one time in two zones makes two files")
	}
	if bytes.Equal(first, at(made.Add(time.Second))) {
		t.Error("the file does not say when it was made")
	}
	if !bytes.Contains(first, []byte("D:20270115080000")) { // 1,800,000,000 s, in UTC
		t.Errorf("dates: %q", regexp.MustCompile(`D:\d+`).FindAll(first, -1))
	}
}

// brokenPipe fails at once.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteFails(t *testing.T) {
	if err := ledger(1).Write(brokenPipe{}); err == nil {
		t.Error("nobody was told that nothing was written")
	}
}
