package invoice_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/splittally/splittally/sdk/invoice"
	"pgregory.net/rapid"
)

const (
	csvHead = "number,issue_date,seller,currency,amount,seller_tax_id,seller_id,buyer,buyer_tax_id,buyer_id,due_date,creditor,contract,delivered,bank_review\n"
	csvRow  = "A-1,2026-01-31,Dingsheng,CNY,1234.56,91310000X,DUNS1,Hanhai,91310000Y,DUNS2,2026-05-31,31ae87e5,frame.pdf,2026-01-30,review.pdf\n"
)

func readCSV(t *testing.T, text string) ([]invoice.Row, *invoice.Faults) {
	t.Helper()
	rows, faults, err := invoice.ReadCSV(strings.NewReader(text), 100)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return rows, faults
}

func TestReadCSV(t *testing.T) {
	want := invoice.Row{
		Line: 2, Creditor: "31ae87e5", Contract: "frame.pdf", BankReview: "review.pdf", Delivered: day(t, "2026-01-30"), HasDelivered: true,
		Invoice: invoice.Invoice{
			Number: "A-1", IssueDate: day(t, "2026-01-31"), DueDate: day(t, "2026-05-31"), HasDueDate: true, TypeCode: "380", Currency: "CNY", PayableMinor: 123_456,
			Seller: invoice.Party{Name: "Dingsheng", TaxID: "91310000X", ID: "DUNS1"}, Buyer: invoice.Party{Name: "Hanhai", TaxID: "91310000Y", ID: "DUNS2"},
		},
	}
	for name, text := range map[string]string{
		"whole": csvHead + csvRow, "no line at the end": strings.TrimSuffix(csvHead+csvRow, "\n"),
		"a spreadsheet's mark": "\xef\xbb\xbf" + csvHead + csvRow, "its lines": strings.ReplaceAll(csvHead+csvRow, "\n", "\r\n"),
		"its semicolons": strings.ReplaceAll(csvHead+csvRow, ",", ";"), "blanks": strings.ReplaceAll(csvHead+csvRow, ",", " , "),
	} {
		rows, faults := readCSV(t, text)
		if faults.Count > 0 || len(rows) != 1 || fmt.Sprintf("%+v", rows[0]) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s: %+v, %v", name, rows, faults)
		}
	}
	// What may be left out is; a field over two lines counts both.
	rows, faults := readCSV(t, "amount,currency,seller,issue_date,number\n5,CNY,\"Ding\nsheng\",2026-01-31,A-1\n7,JPY,S,2026-01-31,A-2\n")
	if faults.Count > 0 || len(rows) != 2 || rows[0].Line != 2 || rows[1].Line != 4 || rows[0].Invoice.HasDueDate || rows[0].HasDelivered || rows[1].Invoice.PayableMinor != 7 {
		t.Errorf("%+v, %v", rows, faults)
	}
}

// What makes the table no table is told at once.
func TestReadCSVRefusesTheTable(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", "first line"},
		{"number,issue_date,seller,currency,amount\n", "it has no rows"},
		{"number,issue_date,seller,currency\nx", "no column amount"},
		{strings.Replace(csvHead, "due_date", "due", 1) + csvRow, `column 11 is called "due"`},
		{strings.Replace(csvHead, "due_date", "amount", 1) + csvRow, `column "amount" is there twice`},
		{csvHead + strings.Repeat(csvRow, 101), "it has over 100 rows"},
	} {
		_, _, err := invoice.ReadCSV(strings.NewReader(tc.text), 100)
		if !errors.Is(err, invoice.ErrMalformed) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.40q: %v", tc.text, err)
		}
	}
	if _, _, err := invoice.ReadCSV(io.MultiReader(strings.NewReader(csvHead+csvRow), failing{}), 100); !errors.Is(err, errDisk) {
		t.Errorf("a failing disk: %v", err)
	}
	if _, _, err := invoice.ReadCSV(io.MultiReader(strings.NewReader(csvHead+csvRow), io.LimitReader(blanks{}, invoice.MaxCSVBytes)), 100); !errors.Is(err, invoice.ErrMalformed) {
		t.Errorf("too large: %v", err)
	}
}

var errDisk = errors.New("the disk failed")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errDisk }

type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

// Every fault of a row is told with its line and column, and the other rows are read.
func TestReadCSVGathersFaults(t *testing.T) {
	for _, tc := range []struct{ old, with, want string }{
		{"A-1", "", "line 3: number: it is empty"},
		{"A-1", "--", `line 3: number: "--" has neither a letter nor a digit`},
		{"A-1", strings.Repeat("9", invoice.MaxNumber+1), "line 3: number: it has 201 bytes"},
		{"A-1", strings.Repeat("9", invoice.MaxCSVField+1), "line 3: number: it has 2001 bytes"},
		{"A-1", "\xff", "line 3: number: it is not UTF-8"},
		{"2026-01-31", "31.01.2026", `line 3: issue_date: "31.01.2026" is no day`},
		{"2026-05-31", "soon", `line 3: due_date: "soon" is no day`},
		{"2026-01-30", "2026-02-30", `line 3: delivered: "2026-02-30" is no day`},
		{"CNY", "XXQ", `line 3: currency: "XXQ" is not known`},
		{"1234.56", "0", `line 3: amount: "0" is no amount`},
		{"1234.56", "-5", `line 3: amount: "-5" is no amount`},
		{"1234.56", "1.234", `line 3: amount: "1.234" is no amount`},
		{"1234.56", "99999999999999999999", "line 3: amount"},
		{"Dingsheng", strings.Repeat("d", invoice.MaxName+1), "line 3: seller: it has 501"},
		{"91310000X", strings.Repeat("1", invoice.MaxPartyID+1), "line 3: seller_tax_id: it has 101"},
		{"review.pdf", "review.pdf,more", "line 3: columns: 16 fields"},
		{"DUNS1", `DU"NS1`, "line 3: quotes"},
	} {
		bad := strings.Replace(csvRow, tc.old, tc.with, 1)
		rows, faults := readCSV(t, csvHead+csvRow+bad)
		if faults.Count != 1 || len(rows) != 1 || !strings.HasPrefix(faults.Error(), tc.want) || !errors.Is(faults, invoice.ErrMalformed) {
			t.Errorf("%q: %d rows, %d faults: %v", tc.want, len(rows), faults.Count, faults)
		}
	}
	var b strings.Builder
	for range 60 {
		b.WriteString(strings.Replace(csvRow, "CNY", "XXQ", 1))
	}
	_, faults := readCSV(t, csvHead+b.String())
	if lines := strings.Split(faults.Error(), "\n"); faults.Count != 60 || len(lines) != invoice.MaxFaults+1 || lines[invoice.MaxFaults] != "and 10 more" {
		t.Errorf("%d faults, %d lines", faults.Count, len(strings.Split(faults.Error(), "\n")))
	}
}

// Whatever the bytes are, reading ends, and each row is one that an issue can be made of.
func TestReadCSVOfAnything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := csvHead + rapid.String().Draw(rt, "text") + "\n" + csvRow
		rows, _, err := invoice.ReadCSV(strings.NewReader(text), 100)
		for _, r := range rows {
			if err == nil && (r.Line < 2 || r.Invoice.PayableMinor < 1 || r.Invoice.Number == "" || invoice.Normalise(r.Invoice.Seller.Name) == "") {
				rt.Fatalf("%+v", r)
			}
		}
	})
}
