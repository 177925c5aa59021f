package invoice_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/splittally/splittally/sdk/invoice"
	"pgregory.net/rapid"
)

const shortHead = "number,issue_date,seller,currency,amount\n"

// short is a row of the five columns that must be there.
func short(number, amount string) string {
	return number + ",2026-01-31,Dingsheng,CNY," + amount + "\n"
}

// lines are the lines of rows and of faults.
func lines(rows []invoice.Row, f *invoice.Faults) (of []int, faulty []string) {
	for _, r := range rows {
		of = append(of, r.Line)
	}
	for _, one := range f.First {
		faulty = append(faulty, fmt.Sprintf("%d %s", one.Line, one.Field))
	}
	return of, faulty
}

// Rows and faults name the line at which they begin in the file, as an editor counts them.
func TestCSVLineNumbers(t *testing.T) {
	quoted := "\"A\n\n-2\"" // over three lines
	for name, tc := range map[string]struct{ body, rows, faults string }{
		"one after the other": {short("A-1", "1") + short("A-2", "x") + short("A-3", "1"), "[2 4]", "[3 amount]"},
		"empty lines":         {"\n\n" + short("A-1", "x") + "\n" + short("A-2", "1"), "[6]", "[4 amount]"},
		"over three lines":    {short(quoted, "1") + short("A-3", "x"), "[2]", "[5 amount]"},
		"a fault over three":  {short(quoted, "x") + short("A-3", "1"), "[5]", "[2 amount]"},
		"two in one line":     {strings.Replace(short("A-1", "x"), "31", "32", 1), "[]", "[2 issue_date 2 amount]"},
		"too few fields":      {short("A-1", "1") + "A-2,2026-01-31\n" + short("A-3", "1"), "[2 4]", "[3 columns]"},
		"too many fields":     {short("A-1", "1,1") + short("A-2", "1"), "[3]", "[2 columns]"},
		"many after a break":  {short(quoted, "1,2") + short("A-2", "1"), "[5]", "[2 columns]"},
		"a line of commas":    {",,,,\n" + short("A-1", "1"), "[3]", "[2 number 2 issue_date 2 seller 2 currency 2 amount]"},
		"a line of blanks":    {" \n" + short("A-1", "1"), "[3]", "[2 columns]"},
		"an open quote":       {short("A-1", "1") + short("A-2", `"1`) + short("A-3", "1"), "[2]", "[3 quotes]"},
		"a quote in a word":   {short("A-1", "1") + short(`A"2`, "1"), "[2]", "[3 quotes]"},
		"a word after quotes": {short(`"A"x`, "1"), "[]", "[2 quotes]"},
		"no line at the end":  {short("A-1", "1") + strings.TrimSuffix(short("A-2", "x"), "\n"), "[2]", "[3 amount]"},
	} {
		for ending, text := range map[string]string{"LF": shortHead + tc.body, "CRLF": strings.ReplaceAll(shortHead+tc.body, "\n", "\r\n"), "mark": "\xef\xbb\xbf" + shortHead + tc.body} {
			rows, faults := readCSV(t, text)
			of, faulty := lines(rows, faults)
			if fmt.Sprint(of) != tc.rows || fmt.Sprint(faulty) != tc.faults {
				t.Errorf("%s, %s: rows %v, faults %v; want %s, %s", name, ending, of, faulty, tc.rows, tc.faults)
			}
			for _, f := range faults.First {
				if f.Reason == "" || f.Cure == "" || !strings.HasPrefix(f.String(), fmt.Sprintf("line %d: %s: ", f.Line, f.Field)) {
					t.Errorf("%s: %q", name, f)
				}
			}
		}
	}
}

// A quoted field keeps its commas, quotes and breaks; blanks around a field are nobody's.
func TestCSVQuoting(t *testing.T) {
	for in, want := range map[string]string{
		`Ding`:                 "Ding",
		`  Ding  `:             "Ding",
		`"Ding, Sheng"`:        "Ding, Sheng",
		`"Ding ""the"" Sheng"`: `Ding "the" Sheng`,
		`"  Ding  "`:           "Ding",
		"\"Ding\r\nSheng\"":    "Ding\nSheng",
		`"鼎盛，变速箱"`:             "鼎盛，变速箱",
		`"=HYPERLINK(1)"`:      "=HYPERLINK(1)",
		`"Ding;Sheng"`:         "Ding;Sheng",
		"Ding\u00a0":           "Ding",
		"\ufeffDing":           "\ufeffDing",
	} {
		rows, faults := readCSV(t, shortHead+"A-1,2026-01-31,"+in+",CNY,1\n")
		if len(rows) != 1 || faults.Count != 0 || rows[0].Invoice.Seller.Name != want {
			t.Errorf("%q: %+v, %v", in, rows, faults)
		}
	}
	rows, faults := readCSV(t, strings.ReplaceAll(shortHead, ",", ";")+"A-1;2026-01-31;\"Ding; Sheng, Ltd.\";CNY;1\n")
	if len(rows) != 1 || rows[0].Invoice.Seller.Name != "Ding; Sheng, Ltd." {
		t.Errorf("with semicolons: %+v, %v", rows, faults)
	}
}

// The mark of UTF-8 is passed over once, at the beginning; another encoding's is told.
func TestCSVMarks(t *testing.T) {
	const mark = "\xef\xbb\xbf"
	for name, r := range map[string]io.Reader{
		"in one read":         strings.NewReader(mark + shortHead + short("A-1", "1")),
		"a byte at a time":    iotest.OneByteReader(strings.NewReader(mark + shortHead + short("A-1", "1"))),
		"before quoted names": strings.NewReader(mark + `"number","issue_date","seller","currency","amount"` + "\n" + short("A-1", "1")),
		"data with EOF":       iotest.DataErrReader(strings.NewReader(mark + shortHead + short("A-1", "1"))),
	} {
		if rows, faults, err := invoice.ReadCSV(r, 10); err != nil || len(rows) != 1 || faults.Count != 0 {
			t.Errorf("%s: %v, %v, %v", name, rows, faults, err)
		}
	}
	utf16 := func(s string) string {
		var b bytes.Buffer
		b.WriteString("\xff\xfe")
		for _, r := range s {
			b.Write([]byte{byte(r), 0})
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"two marks": mark + mark + shortHead + short("A-1", "1"), "UTF-16": utf16(shortHead + short("A-1", "1")),
		"only a mark": mark, "part of a mark": mark[:2] + shortHead, "a mark and a line": mark + "\n",
	} {
		_, _, err := invoice.ReadCSV(strings.NewReader(text), 10)
		if !errors.Is(err, invoice.ErrMalformed) || !strings.Contains(err.Error(), "first line") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A text may have its bound in bytes, and not one more; what is huge is told by its size and not repeated.
func TestCSVFieldBounds(t *testing.T) {
	for field, most := range map[string]int{
		"number": invoice.MaxNumber, "seller": invoice.MaxName, "seller_id": invoice.MaxPartyID, "seller_tax_id": invoice.MaxPartyID,
		"buyer": invoice.MaxName, "buyer_id": invoice.MaxPartyID, "buyer_tax_id": invoice.MaxPartyID,
		"creditor": invoice.MaxCSVField, "contract": invoice.MaxCSVField, "bank_review": invoice.MaxCSVField,
	} {
		for _, tc := range []struct {
			bytes  int
			faults int
		}{{most, 0}, {most + 1, 1}, {invoice.MaxCSVField + 1, 1}, {1 << 20, 1}} {
			names, fields := strings.Split(strings.TrimSpace(csvHead), ","), strings.Split(strings.TrimSpace(csvRow), ",")
			for i := range names {
				if names[i] == field {
					fields[i] = strings.Repeat("7", tc.bytes)
				}
			}
			rows, faults := readCSV(t, csvHead+csvRow+strings.Join(fields, ",")+"\n")
			if faults.Count != tc.faults || len(rows) != 2-tc.faults || len(faults.Error()) > 300 {
				t.Errorf("%s of %d bytes: %d rows, %d faults: %.300v", field, tc.bytes, len(rows), faults.Count, faults)
			}
			if tc.faults > 0 && (faults.First[0].Field != field || faults.First[0].Line != 3 || !strings.Contains(faults.Error(), fmt.Sprintf("it has %d bytes", tc.bytes))) {
				t.Errorf("%s of %d bytes: %v", field, tc.bytes, faults)
			}
		}
	}
}

// What a fault repeats of a field is short and can be printed.
func TestCSVFaultsAreShort(t *testing.T) {
	for field, bad := range map[string]string{
		"issue_date": strings.Repeat("2026", 400), "currency": strings.Repeat("C", 1_500), "amount": strings.Repeat("9", 1_500), "number": strings.Repeat("-", 200),
	} {
		fields := map[string]string{"number": "A-1", "issue_date": "2026-01-31", "currency": "CNY", "amount": "1"}
		fields[field] = bad
		_, faults := readCSV(t, shortHead+fields["number"]+","+fields["issue_date"]+",S,"+fields["currency"]+","+fields["amount"]+"\n")
		if faults.Count != 1 || faults.First[0].Field != field || len(faults.Error()) > 400 {
			t.Errorf("%s: %d bytes: %v", field, len(faults.Error()), faults)
		}
	}
	_, _, err := invoice.ReadCSV(strings.NewReader("number,"+strings.Repeat("\x1b[31m", 1_000)+"\n"), 1)
	if err == nil || len(err.Error()) > 1_200 || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%.300q", err)
	}
}

// The amounts that the table takes, by the digits of their currency.
func TestCSVAmounts(t *testing.T) {
	for _, tc := range []struct {
		currency, text string
		minor          int64 // 0: it is refused
	}{
		{"CNY", "0.01", 1},
		{"CNY", "1", 100},
		{"CNY", "1.5", 150},
		{"CNY", "92233720368547758.07", 1<<63 - 1},
		{"CNY", "92233720368547758.08", 0},
		{"CNY", "0.00", 0},
		{"CNY", "0.001", 0},
		{"CNY", "1,5", 0},
		{"CNY", "1 000", 0},
		{"CNY", "+1", 0},
		{"CNY", "1e3", 0},
		{"CNY", "１", 0},
		{"CNY", "¥1", 0},
		{"JPY", "7", 7},
		{"JPY", "7.0", 7}, // a zero more says nothing else
		{"JPY", "7.1", 0},
		{"KWD", "1.234", 1_234},
		{"KWD", "1.2340", 1_234},
		{"KWD", "1.2345", 0},
	} {
		rows, faults := readCSV(t, shortHead+"A-1,2026-01-31,S,"+tc.currency+",\""+tc.text+"\"\n")
		switch {
		case tc.minor > 0 && (len(rows) != 1 || rows[0].Invoice.PayableMinor != tc.minor):
			t.Errorf("%s %s: %+v, %v", tc.text, tc.currency, rows, faults)
		case tc.minor == 0 && (faults.Count != 1 || faults.First[0].Field != "amount"):
			t.Errorf("%s %s: %+v, %v", tc.text, tc.currency, rows, faults)
		}
	}
}

// The bound of rows counts those that are in order; the one at the bound is still read.
func TestCSVRowBound(t *testing.T) {
	for most, want := range map[int]string{3: "", 2: "it has over 2 rows", 0: "it has over 0 rows"} {
		rows, _, err := invoice.ReadCSV(strings.NewReader(shortHead+short("A-1", "1")+short("A-2", "1")+short("A-3", "1")), most)
		if want == "" && (err != nil || len(rows) != 3) || want != "" && (err == nil || !strings.Contains(err.Error(), want) || rows != nil) {
			t.Errorf("%d: %d rows, %v", most, len(rows), err)
		}
	}
}

// Whatever a program writes as CSV is read as it was, in any order of columns, with either separator.
func TestCSVLaw(t *testing.T) {
	texts := rapid.StringMatching(`[A-Za-z0-9货][ -~äé\n]{0,30}[A-Za-z0-9货]`)
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.Permutation([]string{"number", "issue_date", "seller", "currency", "amount", "creditor", "buyer"}).Draw(rt, "names")
		comma := rapid.SampledFrom([]rune{',', ';'}).Draw(rt, "comma")
		n := rapid.IntRange(1, 5).Draw(rt, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = comma, rapid.Bool().Draw(rt, "crlf")
		table := [][]string{names}
		var want []string
		for range n {
			f := map[string]string{
				"number": texts.Draw(rt, "number"), "issue_date": "2026-01-31", "seller": texts.Draw(rt, "seller"), "currency": "JPY",
				"amount": fmt.Sprint(rapid.Int64Range(1, 1<<62).Draw(rt, "amount")), "creditor": texts.Draw(rt, "creditor"), "buyer": texts.Draw(rt, "buyer"),
			}
			var row []string
			for _, name := range names {
				row = append(row, f[name])
			}
			table, want = append(table, row), append(want, fmt.Sprintf("%q %q %q %q %s", f["number"], f["seller"], f["creditor"], f["buyer"], f["amount"]))
		}
		if err := w.WriteAll(table); err != nil {
			rt.Fatal(err)
		}
		rows, faults, err := invoice.ReadCSV(&b, n)
		if err != nil || faults.Count > 0 {
			rt.Fatal(faults, err)
		}
		for i, r := range rows {
			got := fmt.Sprintf("%q %q %q %q %d", r.Invoice.Number, r.Invoice.Seller.Name, r.Creditor, r.Invoice.Buyer.Name, r.Invoice.PayableMinor)
			if got != want[i] {
				rt.Fatalf("row %d: %s, want %s", i, got, want[i])
			}
		}
		if len(rows) != n {
			rt.Fatalf("%d of %d rows", len(rows), n)
		}
	})
}
