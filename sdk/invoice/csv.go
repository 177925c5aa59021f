package invoice

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/splittally/splittally/modules/kernel/money"
)

// Bounds of a table of invoices.
const (
	MaxCSVBytes = 64 << 20
	MaxCSVField = 2_000 // bytes
	// MaxFaults is how many faults are kept of those that are counted.
	MaxFaults = 50
)

// The columns of a table of invoices, in any order, by their names in the first line. Those marked true must be there.
var columns = map[string]bool{
	"number": true, "issue_date": true, "seller": true, "currency": true, "amount": true,
	"seller_id": false, "seller_tax_id": false, "buyer": false, "buyer_id": false, "buyer_tax_id": false,
	"due_date": false, "creditor": false, "contract": false, "delivered": false, "bank_review": false,
}

// Row is one line of a table of invoices: an invoice, with what its seller's invoice would say, and what an issue needs beside
// it, as it was written.
type Row struct {
	Line    int
	Invoice Invoice
	// Creditor, Contract and BankReview are texts; empty where the table leaves them out.
	Creditor, Contract, BankReview string
	// Delivered is the day of delivery, only where HasDelivered.
	Delivered    Day
	HasDelivered bool
}

// Fault is what is wrong in one line.
type Fault struct {
	Line                int
	Field, Reason, Cure string
}

// String names line, field, fault and cure.
func (f Fault) String() string {
	return fmt.Sprintf("line %d: %s: %s. %s", f.Line, f.Field, f.Reason, f.Cure)
}

// Faults are all faults of a table: how many, and the first of them.
type Faults struct {
	Count int
	First []Fault // at most MaxFaults
}

// Add counts a fault.
func (f *Faults) Add(line int, field, cure, reason string, args ...any) {
	if f.Count++; len(f.First) < MaxFaults {
		f.First = append(f.First, Fault{Line: line, Field: field, Reason: fmt.Sprintf(reason, args...), Cure: cure})
	}
}

// Error lists the faults by line, and says how many more there are.
func (f *Faults) Error() string {
	list := slices.Clone(f.First)
	slices.SortStableFunc(list, func(a, b Fault) int { return a.Line - b.Line })
	var b strings.Builder
	for _, one := range list {
		fmt.Fprintf(&b, "%s\n", one)
	}
	if more := f.Count - len(list); more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Unwrap gives the class.
func (f *Faults) Unwrap() error { return ErrMalformed }

// ReadCSV reads a table of invoices [RFC 4180, UTF-8]: the first line names the columns, then one invoice a line, at most
// so many. All faults are gathered in Faults, with their lines; a row that has one is left out. An error of another kind is
// one of reading, or of the table as a whole.
//
// Amounts are written 1234.56 and are what is to be paid; days 2026-01-31. Seller and buyer, their registration numbers
// (…_id) and tax numbers (…_tax_id) are to be as the invoice has them: the fingerprints come from them.
func ReadCSV(r io.Reader, most int) ([]Row, *Faults, error) {
	t, err := newTable(r)
	if err != nil {
		return nil, nil, err
	}
	var rows []Row
	for {
		record, err := t.csv.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return rows, t.faults, t.whole(len(rows))
		case errors.As(err, &broken) && errors.Is(err, csv.ErrFieldCount):
			t.faults.Add(broken.StartLine, "columns", "Give every line as many fields as the first.", "%d fields, the first line has %d", len(record), len(t.names))
			continue
		case errors.As(err, &broken):
			t.faults.Add(broken.StartLine, "quotes", "A field with a quote, comma or line break stands in quotes, its quotes doubled.", "%v", broken.Err)
			return rows, t.faults, nil
		case errors.Is(err, errTooLarge):
			return nil, nil, malformed("table", "Divide it.", "it has over %d bytes", MaxCSVBytes)
		case err != nil:
			return nil, nil, err
		}
		if len(rows) >= most {
			return nil, nil, malformed("table", "Divide it.", "it has over %d rows", most)
		}
		line, _ := t.csv.FieldPos(0)
		if row, ok := t.row(line, record); ok {
			rows = append(rows, row)
		}
	}
}

// table is a CSV that is being read.
type table struct {
	csv    *csv.Reader
	names  []string
	faults *Faults
}

func newTable(r io.Reader) (*table, error) {
	b := bufio.NewReader(skipMark(&bounded{r: r, left: MaxCSVBytes})) // spreadsheets begin UTF-8 with a mark
	t := &table{csv: csv.NewReader(b), faults: &Faults{}}
	head, err := b.Peek(b.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.IndexByte(first, ';') >= 0 && bytes.IndexByte(first, ',') < 0 {
		t.csv.Comma = ';' // what spreadsheets of many countries write
	}
	if t.names, err = t.csv.Read(); err != nil {
		return nil, malformed("first line", "Its first line names the columns: number,issue_date,seller,currency,amount…", "%v", err)
	}
	return t, t.checkNames()
}

func (t *table) checkNames() error {
	for i, name := range t.names {
		t.names[i] = strings.TrimSpace(name)
		if _, known := columns[t.names[i]]; !known {
			return malformed("first line", "Use the columns that the documentation lists, and no other.", "column %d is called %s", i+1, quote(name))
		}
		if slices.Contains(t.names[:i], t.names[i]) {
			return malformed("first line", "Name each column once.", "column %s is there twice", quote(name))
		}
	}
	for _, name := range []string{"number", "issue_date", "seller", "currency", "amount"} {
		if !slices.Contains(t.names, name) {
			return malformed("first line", "Add it.", "there is no column %s", name)
		}
	}
	return nil
}

// whole refuses a table that says nothing.
func (t *table) whole(rows int) error {
	if rows == 0 && t.faults.Count == 0 {
		return malformed("table", "Put one invoice on each line after the first.", "it has no rows")
	}
	return nil
}

// row reads one line; false where something in it is wrong, which is counted then.
func (t *table) row(line int, record []string) (Row, bool) {
	before, f := t.faults.Count, map[string]string{}
	for i, name := range t.names {
		text := strings.TrimSpace(record[i])
		if !utf8.ValidString(text) {
			t.faults.Add(line, name, "Save the table as CSV in UTF-8.", "it is not UTF-8")
		} else if len(text) > MaxCSVField {
			t.faults.Add(line, name, "Shorten it.", "it has %d bytes, %d are allowed", len(text), MaxCSVField)
		} else if text == "" && columns[name] {
			t.faults.Add(line, name, "Fill it in.", "it is empty")
		}
		f[name] = text
	}
	out := Row{Line: line, Creditor: f["creditor"], Contract: f["contract"], BankReview: f["bank_review"]}
	if t.faults.Count > before {
		return out, false
	}
	t.invoice(line, f, &out.Invoice)
	out.Invoice.DueDate, out.Invoice.HasDueDate = t.day(line, "due_date", f["due_date"])
	out.Delivered, out.HasDelivered = t.day(line, "delivered", f["delivered"])
	return out, t.faults.Count == before
}

func (t *table) invoice(line int, f map[string]string, into *Invoice) {
	*into = Invoice{
		Number: f["number"], TypeCode: "380", Currency: f["currency"],
		Seller: Party{Name: f["seller"], ID: f["seller_id"], TaxID: f["seller_tax_id"]},
		Buyer:  Party{Name: f["buyer"], ID: f["buyer_id"], TaxID: f["buyer_tax_id"]},
	}
	into.IssueDate, _ = t.day(line, "issue_date", f["issue_date"])
	for _, one := range []struct {
		field, text string
		most        int
	}{
		{"number", into.Number, MaxNumber},
		{"seller", into.Seller.Name, MaxName},
		{"seller_id", into.Seller.ID, MaxPartyID},
		{"seller_tax_id", into.Seller.TaxID, MaxPartyID},
		{"buyer", into.Buyer.Name, MaxName},
		{"buyer_id", into.Buyer.ID, MaxPartyID},
		{"buyer_tax_id", into.Buyer.TaxID, MaxPartyID},
	} {
		if len(one.text) > one.most {
			t.faults.Add(line, one.field, "Shorten it.", "it has %d bytes, %d are allowed", len(one.text), one.most)
		} else if one.text != "" && columns[one.field] && Normalise(one.text) == "" {
			t.faults.Add(line, one.field, "Give it as the invoice has it.", "%s has neither a letter nor a digit", quote(one.text))
		}
	}
	if _, known := money.Digits(into.Currency); !known {
		t.faults.Add(line, "currency", "Give an ISO 4217 code such as CNY.", "%s is not known", quote(into.Currency))
		return
	}
	minor, err := money.Parse(f["amount"], into.Currency)
	if err != nil || minor <= 0 {
		t.faults.Add(line, "amount", "Write it as 1234.56, without separators.", "%s is no amount above zero of %s", quote(f["amount"]), into.Currency)
	}
	into.PayableMinor = minor
}

// day reads a day that may be left out.
func (t *table) day(line int, field, text string) (Day, bool) {
	if text == "" {
		return 0, false
	}
	d, err := ParseDay(text)
	if err != nil {
		t.faults.Add(line, field, "Write it as 2026-01-31.", "%s is no day", quote(text))
	}
	return d, err == nil
}
