package iso20022_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/splittally/splittally/sdk/iso20022"
)

const sample = "../statement/testdata/statement.camt053.xml"

// What was written is read back the same, byte for byte.
func TestRoundTrip(t *testing.T) {
	b, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	d, err := iso20022.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := d.Write(&out); err != nil || !bytes.Equal(out.Bytes(), b) {
		t.Errorf("%v:\n%s", err, out.Bytes())
	}
}

// A file in which anything was changed that counts is refused.
func TestReadRefuses(t *testing.T) {
	b, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	for name, swap := range map[string][2]string{
		"another amount":    {`<Amt Ccy="CNY">2500.00</Amt>`, `<Amt Ccy="CNY">2600.00</Amt>`},
		"another closing":   {`<Amt Ccy="CNY">3000.00</Amt>`, `<Amt Ccy="CNY">3000.01</Amt>`},
		"another sign":      {`<CdtDbtInd>DBIT</CdtDbtInd>`, `<CdtDbtInd>CRDT</CdtDbtInd>`},
		"another namespace": {`camt.053.001.08`, `camt.053.001.02`},
		"another count":     {`<NbOfNtries>2</NbOfNtries>`, `<NbOfNtries>3</NbOfNtries>`},
		"nineteen digits":   {`<Amt Ccy="CNY">1000.00</Amt>`, `<Amt Ccy="CNY">11111111111111111000.00</Amt>`},
		"cut off":           {`</Document>`, ``},
	} {
		changed := strings.Replace(string(b), swap[0], swap[1], 1)
		if changed == string(b) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if d, err := iso20022.Read(strings.NewReader(changed)); err == nil {
			t.Errorf("%s: %v", name, d.Statement.MessageID)
		}
	}
	empty := &iso20022.Document{}
	if err := empty.Check(); !errors.Is(err, iso20022.ErrMessage) {
		t.Error(err)
	}
}
