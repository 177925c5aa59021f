package statement_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/splittally/splittally/sdk/iso20022"
	"github.com/splittally/splittally/sdk/statement"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s differs (%v); look at it, then run with -update:\n%s", name, err, got)
	}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := sample(t).WriteCSV(&b, nameOf); err != nil {
		t.Fatal(err)
	}
	golden(t, "statement.csv", b.Bytes())
	rows, err := csv.NewReader(bytes.NewReader(b.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sum, open := map[string]int64{}, 0
	for _, r := range rows[1:] {
		minor, _ := strconv.ParseInt(r[15], 10, 64)
		balance, _ := strconv.ParseInt(r[18], 10, 64)
		key := strings.Join(r[1:4], "/")
		switch r[0] {
		case "opening":
			sum[key], open = balance, open+1
		case "movement":
			if sum[key] += minor; sum[key] != balance {
				t.Errorf("%v: %d", r, sum[key])
			}
		case "closing":
			if open--; sum[key] != balance {
				t.Errorf("%v: %d", r, sum[key])
			}
		}
		for _, cell := range r {
			if cell != "" && strings.ContainsRune("=+@", rune(cell[0])) || strings.Contains(cell, "\n") {
				t.Errorf("%q is a formula or two lines", cell)
			}
		}
	}
	if open != 0 || len(sum) != 4 {
		t.Errorf("%d sections, %d not closed", len(sum), open)
	}
}

func TestCamt053(t *testing.T) {
	var b bytes.Buffer
	if err := sample(t).Camt053(nameOf).Write(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "statement.camt053.xml", b.Bytes())
	if d, err := iso20022.Read(bytes.NewReader(b.Bytes())); err != nil || len(d.Statement.Accounts) != 4 {
		t.Errorf("%v, %v", d, err)
	}
	schema := "../../../shared/data/camt.053.001.08.xsd"
	lint, err := exec.LookPath("xmllint")
	if _, missing := os.Stat(schema); err != nil || missing != nil {
		t.Logf("not checked against the schema: %v %v", err, missing)
		return
	}
	c := exec.Command(lint, "--noout", "--schema", schema, "testdata/statement.camt053.xml")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// Each rule of the message is broken once.
func TestCamt053Refuses(t *testing.T) {
	for name, change := range map[string]func(*iso20022.Document){
		"no statement":             func(d *iso20022.Document) { d.Statement.Accounts = nil },
		"one statement twice":      func(d *iso20022.Document) { d.Statement.Accounts[1].ID = d.Statement.Accounts[0].ID },
		"long message id":          func(d *iso20022.Document) { d.Statement.MessageID = strings.Repeat("x", 36) },
		"no time":                  func(d *iso20022.Document) { d.Statement.Created = "yesterday" },
		"long account":             func(d *iso20022.Document) { d.Statement.Accounts[0].Account.ID = strings.Repeat("x", 35) },
		"no currency":              func(d *iso20022.Document) { d.Statement.Accounts[0].Account.Currency = "cny" },
		"owner without a name":     func(d *iso20022.Document) { d.Statement.Accounts[0].Account.Owner.Name = "" },
		"bank without a name":      func(d *iso20022.Document) { d.Statement.Accounts[0].Account.Servicer.Name = "" },
		"opening missing":          func(d *iso20022.Document) { d.Statement.Accounts[0].Balances = d.Statement.Accounts[0].Balances[1:] },
		"another opening":          func(d *iso20022.Document) { d.Statement.Accounts[0].Balances[0].Amount.Value = "1000.01" },
		"closing of another sign":  func(d *iso20022.Document) { d.Statement.Accounts[0].Balances[1].Sign = iso20022.Debit },
		"closing of no sign":       func(d *iso20022.Document) { d.Statement.Accounts[0].Balances[1].Sign = "" },
		"a balance of no day":      func(d *iso20022.Document) { d.Statement.Accounts[0].Balances[1].Date = "2026-02-30" },
		"an entry left out":        func(d *iso20022.Document) { d.Statement.Accounts[0].Entries = d.Statement.Accounts[0].Entries[1:] },
		"an entry of another sign": func(d *iso20022.Document) { d.Statement.Accounts[0].Entries[0].Sign = iso20022.Debit },
		"a negative amount":        func(d *iso20022.Document) { d.Statement.Accounts[0].Entries[0].Amount.Value = "-5" },
		"six decimals":             func(d *iso20022.Document) { d.Statement.Accounts[0].Entries[0].Amount.Value = "2500.000000" },
		"another currency":         func(d *iso20022.Document) { d.Statement.Accounts[0].Entries[0].Amount.Currency = "EUR" },
		"details of another sum":   func(d *iso20022.Document) { d.Statement.Accounts[0].Entries[0].Details.Amount.Value = "1" },
		"no reference":             func(d *iso20022.Document) { d.Statement.Accounts[0].Entries[0].Reference = "" },
		"not booked":               func(d *iso20022.Document) { d.Statement.Accounts[0].Entries[0].Status = "PDNG" },
		"a long text": func(d *iso20022.Document) {
			d.Statement.Accounts[0].Entries[0].Details.Remittance = strings.Repeat("票", 141)
		},
		"a short code":          func(d *iso20022.Document) { d.Statement.Accounts[0].Entries[0].Code.Domain.Family = "R" },
		"a count":               func(d *iso20022.Document) { d.Statement.Accounts[0].Summary.Entries.Count++ },
		"a sum":                 func(d *iso20022.Document) { d.Statement.Accounts[0].Summary.Credits.Sum = "0.01" },
		"a net of another sign": func(d *iso20022.Document) { d.Statement.Accounts[0].Summary.Entries.Sign = iso20022.Debit },
	} {
		d := sample(t).Camt053(nameOf)
		change(d)
		if err := d.Check(); !errors.Is(err, iso20022.ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
		if err := d.Write(&bytes.Buffer{}); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
}

func TestPDF(t *testing.T) {
	var a, b bytes.Buffer
	for _, into := range []*bytes.Buffer{&a, &b} {
		if err := sample(t).WritePDF(into, nameOf); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(a.Bytes(), []byte("%PDF-1.")) || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same statement is not the same file")
	}
	if dir := os.Getenv("PAPERS"); dir != "" { // to look at
		if err := os.WriteFile(filepath.Join(dir, "statement.pdf"), a.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var _ statement.Names = nameOf
