package statement

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

// Names gives an account or a bank's member the name that people know it by.
type Names func(one id.ID) string

// Columns are those of the CSV; see README.md.
var Columns = []string{
	"row", "class", "currency", "bank", "bank_name", "time", "entry", "height", "transaction", "kind", "counterparty", "counterparty_name",
	"voucher", "reference", "count", "amount_minor", "amount", "balance_count", "balance_minor", "balance",
}

// WriteCSV writes the statement as CSV [RFC 4180]: for each section a row "opening", its movements, a row "closing".
// What somebody else chose (names, references) begins with an apostrophe where a spreadsheet would take it for a formula.
func (s *Statement) WriteCSV(w io.Writer, names Names) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(Columns); err != nil {
		return err
	}
	for _, one := range s.Sections {
		for _, r := range s.rows(one, names) {
			if err := out.Write(r); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (s *Statement) rows(one Section, names Names) [][]string {
	bank, bankName := "", ""
	if !one.Bank.IsZero() {
		bank, bankName = one.Bank.String(), harmless(names(one.Bank))
	}
	head := []string{ClassOf(one.Class).Code, one.Currency, bank, bankName}
	end := func(row string, at int64, b Balance) []string {
		return append(append([]string{row}, head...), s.stamp(at), "", "", "", "", "", "", "", "", "", "", "",
			strconv.FormatInt(b.Count, 10), strconv.FormatInt(b.AmountMinor, 10), money.Format(b.AmountMinor, one.Currency))
	}
	out := [][]string{end("opening", s.Period.Begins(), one.Opening)}
	for _, m := range one.Movements {
		who, name := "", ""
		if !m.Counterparty.IsZero() {
			who, name = m.Counterparty.String(), harmless(names(m.Counterparty))
		}
		out = append(out, append(append([]string{"movement"}, head...), m.Time.Format(time.RFC3339), strconv.FormatUint(m.Entry, 10),
			strconv.FormatInt(m.Height, 10), hexOf(m.Transaction), m.Kind, who, name, hexOf(m.Package), harmless(m.Reference),
			strconv.FormatInt(m.Count, 10), strconv.FormatInt(m.AmountMinor, 10), money.Format(m.AmountMinor, one.Currency),
			strconv.FormatInt(m.After.Count, 10), strconv.FormatInt(m.After.AmountMinor, 10), money.Format(m.After.AmountMinor, one.Currency)))
	}
	return append(out, end("closing", s.Period.Ends()-1, one.Closing))
}

func (s *Statement) stamp(unixS int64) string {
	return time.Unix(unixS, 0).In(time.FixedZone("", int(s.Period.OffsetS))).Format(time.RFC3339)
}

func hexOf(one id.ID) string {
	if one.IsZero() {
		return ""
	}
	return one.String()
}

// harmless keeps a text that somebody else chose from being a formula or a second line in a spreadsheet.
func harmless(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}
