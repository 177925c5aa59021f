package paper_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/sdk/paper"
)

var made = time.Unix(1_800_000_000, 0)

// long is a paper of several pages with all that is hard: long words, Chinese, signs that no font has, many rows.
func long(rows int) *paper.Paper {
	p := paper.New("A paper with a long title that is about nothing in particular but does not fit into one line of a page", strings.Repeat("note 证明 ", 40), made)
	p.Facts(paper.Fact{Name: "Who", Value: strings.Repeat("上海海川精密机械制造股份有限公司", 6)}, paper.Fact{Name: "Nothing", Value: ""})
	p.Text(strings.Repeat("Ein Satz mit Umlauten äöü, € und “quotes” … ", 12))
	p.Heading("A table 表")
	var out []paper.Row
	for n := range rows {
		out = append(out, paper.Row{Strong: n%10 == 0, Cells: []string{
			"2026-03-01", strings.Repeat("0123456789abcdef", 1+n%5), "\u202e\x00\n\u2028tab\there 😀 𠀀 " + strings.Repeat("货", n%60), "1,234,567.89",
		}})
	}
	p.Table([]paper.Column{{Head: "Day", Share: 2}, {Head: "Word", Share: 3}, {Head: "名称", Share: 3}, {Head: "Amount", Share: 2, Right: true}}, out)
	return p
}

func written(t *testing.T, p *paper.Paper) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var pages = regexp.MustCompile(`/Type /Page\b[^s]`)

func TestPages(t *testing.T) {
	few, many := written(t, long(3)), written(t, long(120))
	if n := len(pages.FindAll(few, -1)); n != 1 {
		t.Errorf("%d pages of three rows", n)
	}
	if n := len(pages.FindAll(many, -1)); n < 4 || n > 12 {
		t.Errorf("%d pages of 120 rows", n)
	}
	if dir := os.Getenv("PAPERS"); dir != "" { // to look at
		if err := os.WriteFile(filepath.Join(dir, "long.pdf"), many, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The same paper is the same file, and only the signs that it uses are in it.
func TestTheSameFile(t *testing.T) {
	a, b := written(t, long(20)), written(t, long(20))
	if !bytes.Equal(a, b) {
		t.Error("two files of one paper differ")
	}
	if len(a) > 400_000 {
		t.Errorf("%d bytes: the whole font went in", len(a))
	}
	if empty := written(t, paper.New("", "", made)); !bytes.HasPrefix(empty, []byte("%PDF")) {
		t.Error("no paper")
	}
}
