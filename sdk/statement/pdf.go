package statement

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/sdk/paper"
)

// WritePDF writes the statement as a paper for people.
func (s *Statement) WritePDF(w io.Writer, names Names) error {
	note := fmt.Sprintf("Every entry was proven against headers that more than two thirds of the validators of %s signed; the totals at height %d, %s.",
		s.Chain, s.Verified.Height, s.when(s.Verified.Time))
	p := paper.New("Statement of account", note, s.Verified.Time)
	p.Facts(paper.Fact{Name: "Account of", Value: names(s.Account)}, paper.Fact{Name: "Account", Value: s.Account.String()},
		paper.Fact{Name: "Network", Value: s.Chain},
		paper.Fact{Name: "Period", Value: s.stamp(s.Period.Begins())[:10] + " to " + s.stamp(s.Period.Ends() - 1)[:10]},
		paper.Fact{Name: "Verified", Value: fmt.Sprintf("by the wallet of the account, against height %d of %s; %d entries, none left out", s.Verified.Height, s.when(s.Verified.Time), s.Entries)})
	p.Heading("Summary")
	if len(s.Sections) == 0 {
		p.Text("The account had nothing in this period, and nothing moved.")
		return p.Write(w)
	}
	p.Table([]paper.Column{
		{Head: "What", Share: 34},
		{Head: "Currency", Share: 10},
		{Head: "Opening", Share: 18, Right: true},
		{Head: "In", Share: 18, Right: true},
		{Head: "Out", Share: 18, Right: true},
		{Head: "Closing", Share: 18, Right: true},
	}, s.summary(names))
	for _, one := range s.Sections {
		p.Heading(title(one, names) + ", " + one.Currency)
		p.Table([]paper.Column{
			{Head: "Time", Share: 15},
			{Head: "What", Share: 22},
			{Head: "With", Share: 24},
			{Head: "Voucher, reference", Share: 24},
			{Head: "Amount", Share: 18, Right: true},
			{Head: "Balance", Share: 18, Right: true},
		}, s.movements(one, names))
	}
	return p.Write(w)
}

func title(one Section, names Names) string {
	if one.Bank.IsZero() {
		return ClassOf(one.Class).Name
	}
	return ClassOf(one.Class).Name + " at " + names(one.Bank)
}

func (s *Statement) when(t time.Time) string { return s.stamp(t.Unix()) }

func (s *Statement) summary(names Names) (out []paper.Row) {
	for _, one := range s.Sections {
		var in, gone int64
		for _, m := range one.Movements {
			in, gone = in+max(m.AmountMinor, 0), gone+max(-m.AmountMinor, 0)
		}
		out = append(out, paper.Row{Cells: []string{
			title(one, names), one.Currency, figure(one.Opening.AmountMinor, one.Currency), figure(in, one.Currency),
			figure(gone, one.Currency), figure(one.Closing.AmountMinor, one.Currency),
		}})
	}
	return out
}

func (s *Statement) movements(one Section, names Names) []paper.Row {
	end := func(word string, at int64, b Balance) paper.Row {
		what := word
		if one.Bank.IsZero() {
			what += " (" + strconv.FormatInt(b.Count, 10) + ")"
		}
		return paper.Row{Strong: true, Cells: []string{s.stamp(at)[:10], what, "", "", "", figure(b.AmountMinor, one.Currency)}}
	}
	out := []paper.Row{end("Opening", s.Period.Begins(), one.Opening)}
	for _, m := range one.Movements {
		amount := figure(m.AmountMinor, one.Currency)
		if m.AmountMinor > 0 {
			amount = "+" + amount
		}
		out = append(out, paper.Row{Cells: []string{m.Time.Format("2006-01-02 15:04"), Words(m.Kind), with(m, names), subject(m), amount, figure(m.After.AmountMinor, one.Currency)}})
	}
	return append(out, end("Closing", s.Period.Ends()-1, one.Closing))
}

func with(m Movement, names Names) string {
	if m.Counterparty == (id.ID{}) {
		return ""
	}
	return names(m.Counterparty)
}

// subject is what a movement is about, in a few signs.
func subject(m Movement) string {
	switch {
	case m.Package.IsZero():
		return m.Reference
	case m.Reference == "":
		return m.Package.Short()
	}
	return m.Package.Short() + ", " + m.Reference
}

// figure writes minor units with the thousands set apart.
func figure(minor int64, currency string) string {
	s := money.Format(max(minor, -minor), currency)
	end := len(s)
	for i := range s {
		if s[i] == '.' {
			end = i
		}
	}
	for i := end - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if minor < 0 {
		return "-" + s
	}
	return s
}
