package paper

// Column is one of a table: its head, its share of the width, and whether it has figures, which stand at the right.
type Column struct {
	Head  string
	Share float64
	Right bool
}

// Row is one line of a table; a Strong one is a balance or a sum.
type Row struct {
	Cells  []string
	Strong bool
}

// Table writes a table; its head stands again on every page, and a row is not torn.
func (p *Paper) Table(columns []Column, rows []Row) {
	widths, heads := p.widths(columns), Row{Strong: true}
	for _, c := range columns {
		heads.Cells = append(heads.Cells, c.Head)
	}
	first := p.height(widths, heads)
	if len(rows) > 0 {
		first += p.height(widths, rows[0])
	}
	p.need(first)
	p.head(columns, widths, heads)
	for _, r := range rows {
		if p.need(p.height(widths, r)) {
			p.head(columns, widths, heads)
		}
		p.row(columns, widths, r)
	}
	p.pdf.SetY(p.pdf.GetY() + 2)
}

const gap = 2.0 // mm between columns

func (p *Paper) widths(columns []Column) (out []float64) {
	var all float64
	for _, c := range columns {
		all += c.Share
	}
	for _, c := range columns {
		out = append(out, c.Share/all*p.width)
	}
	return out
}

func (r Row) style() string {
	if r.Strong {
		return "B"
	}
	return ""
}

// cells folds a row's cells; what is longer than a cell may be ends with three dots.
func (p *Paper) cells(widths []float64, r Row) (out [][]string, lines int) {
	lines = 1
	for i, w := range widths {
		folded := p.fold(r.Cells[i], r.style(), small+0.5, w-gap)
		if len(folded) > maxLines {
			folded = folded[:maxLines]
			folded[maxLines-1] += "…"
		}
		out, lines = append(out, folded), max(lines, len(folded))
	}
	return out, lines
}

func (p *Paper) height(widths []float64, r Row) float64 {
	_, lines := p.cells(widths, r)
	return lineHeight*float64(lines) + 1.4
}

func (p *Paper) head(columns []Column, widths []float64, heads Row) {
	p.pdf.SetFillColor(232, 236, 240)
	p.pdf.Rect(margin, p.pdf.GetY(), p.width, p.height(widths, heads)-0.4, "F")
	p.row(columns, widths, heads)
}

func (p *Paper) row(columns []Column, widths []float64, r Row) {
	cells, _ := p.cells(widths, r)
	x, y := margin, p.pdf.GetY()+0.5
	for i, lines := range cells {
		for n, one := range lines {
			at := x + gap/2
			if columns[i].Right {
				at = x + widths[i] - gap/2 - p.measure(one, r.style(), small+0.5)
			}
			p.put(at, y+lineHeight*float64(n), one, r.style(), small+0.5)
		}
		x += widths[i]
	}
	p.pdf.SetY(p.pdf.GetY() + p.height(widths, r))
	p.pdf.SetDrawColor(215, 215, 215)
	p.pdf.SetLineWidth(0.1)
	p.pdf.Line(margin, p.pdf.GetY()-0.4, margin+p.width, p.pdf.GetY()-0.4)
}
