package invoice

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/splittally/splittally/modules/kernel/money"
)

// Bounds of a generated invoice.
const (
	MaxLines       = 1000
	MaxVATRate     = money.PPM // 100 %
	generatedType  = "380"
	ppmPerPercent  = money.PPM / 100
	percentDigits  = 4 // ppmPerPercent has four zeros
	unitOne        = "C62"
	categoryNormal = "S"
	categoryZero   = "Z"
)

// Spec is an invoice to be written. Its texts have no white space at their ends, and single spaces only (notes may
// have lines), so that they read back as they were given.
type Spec struct {
	Number      string
	IssueDate   Day
	DueDate     Day // only where HasDueDate
	HasDueDate  bool
	Currency    string
	Seller      Party // IDScheme only together with ID
	Buyer       Party
	ContractRef string
	OrderRef    string
	Notes       []string
	Lines       []Line // 1 to MaxLines
}

// Line is one item: Quantity times PriceMinor, without VAT.
type Line struct {
	Name       string
	Quantity   int64 // pieces, > 0
	PriceMinor int64 // of one piece, in minor units of the invoice's currency, ≥ 0
	VATppm     int64 // 130,000 for 13 %; 0 to MaxVATRate
}

// Generate writes a UBL 2.1 Invoice of type 380 that Parse reads back. It depends on its Spec alone. VAT is reckoned on
// the sum of each rate [EN 16931 BR-CO-17], in order of the rates' first lines, and rounded half to even once. What
// Parse would refuse is refused here; a field of Spec is named as Go spells it. Addresses are not written: the
// document is valid UBL, but EN 16931 asks for more.
func Generate(g Spec) ([]byte, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	sums, err := g.totals()
	if err != nil {
		return nil, unfit("Lines", "Split the invoice.", "%v", err)
	}
	out, err := xml.MarshalIndent(g.document(sums), "", "  ")
	if err != nil {
		return nil, err
	}
	out = append([]byte(xml.Header), append(out, '\n')...)
	if _, err := Parse(bytes.NewReader(out)); err != nil {
		return nil, err
	}
	return out, nil
}

func (g Spec) check() error {
	if err := g.checkTexts(); err != nil {
		return err
	}
	if err := checkDay("IssueDate", g.IssueDate); err != nil {
		return err
	}
	if err := checkDay("DueDate", g.DueDate); err != nil {
		return err
	}
	if len(g.Lines) == 0 || len(g.Lines) > MaxLines {
		return malformed("Lines", "Give at least one line, or split the invoice.", "%d lines; 1 to %d can be written", len(g.Lines), MaxLines)
	}
	for i, l := range g.Lines {
		if err := l.check("Lines[" + strconv.Itoa(i) + "]"); err != nil {
			return err
		}
	}
	return nil
}

func checkDay(field string, d Day) error {
	if d < 0 || d > LastDay {
		return malformed(field, "Use a day from 1970-01-01 to 9999-12-31.", "%d days since 1970-01-01 cannot be written", int32(d))
	}
	return nil
}

func (l Line) check(field string) error {
	switch {
	case l.Quantity <= 0:
		return malformed(field+".Quantity", "Give a quantity above zero.", "%d pieces", l.Quantity)
	case l.PriceMinor < 0:
		return malformed(field+".PriceMinor", "Give a price of zero or more.", "%d minor units", l.PriceMinor)
	case l.VATppm < 0 || l.VATppm > MaxVATRate:
		return malformed(field+".VATppm", "Give 130000 for 13 %.", "%d ppm is not within 0 to %d", l.VATppm, MaxVATRate)
	}
	return checkText(field+".Name", l.Name, MaxName)
}

func (g Spec) checkTexts() error {
	texts := []struct {
		field, value string
		max          int
	}{
		{"Number", g.Number, MaxNumber},
		{"Currency", g.Currency, maxCode},
		{"ContractRef", g.ContractRef, MaxReference},
		{"OrderRef", g.OrderRef, MaxReference},
		{"Seller.Name", g.Seller.Name, MaxName},
		{"Seller.ID", g.Seller.ID, MaxPartyID},
		{"Seller.TaxID", g.Seller.TaxID, MaxPartyID},
		{"Seller.IDScheme", g.Seller.IDScheme, maxCode},
		{"Buyer.Name", g.Buyer.Name, MaxName},
		{"Buyer.ID", g.Buyer.ID, MaxPartyID},
		{"Buyer.TaxID", g.Buyer.TaxID, MaxPartyID},
		{"Buyer.IDScheme", g.Buyer.IDScheme, maxCode},
	}
	for _, t := range texts {
		if err := checkText(t.field, t.value, t.max); err != nil {
			return err
		}
	}
	return g.checkNotesAndSchemes()
}

func (g Spec) checkNotesAndSchemes() error {
	for i, n := range g.Notes {
		if i == MaxNotes {
			return malformed("Notes", "Give fewer.", "there are more than %d", MaxNotes)
		}
		if len(n) > MaxNote || strings.TrimSpace(n) != n || !writable(n) {
			return malformed("Notes["+strconv.Itoa(i)+"]", "Trim it.", "a note is at most %d bytes of text without white space at its ends", MaxNote)
		}
	}
	if g.Seller.ID == "" && g.Seller.IDScheme != "" || g.Buyer.ID == "" && g.Buyer.IDScheme != "" {
		return malformed("IDScheme", "Give the ID too.", "a scheme stands without a number")
	}
	return nil
}

func checkText(field, s string, limit int) error {
	if len(s) > limit || collapse(s) != s || !writable(s) {
		return malformed(field, "Shorten or trim it.", "%s is not at most %d bytes of text with single spaces", quote(s), limit)
	}
	return nil
}

// writable tells whether XML 1.0 can hold every character of s.
func writable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	}) < 0
}

// rateSum is what is taxed at one rate, and the tax on it.
type rateSum struct{ vatPPM, netMinor, taxMinor int64 }

// totals are the sums of an invoice: by rate, and in all.
type totals struct {
	lineMinor []int64
	rates     []rateSum
	netMinor  int64
	taxMinor  int64
	payable   int64
}

func (g Spec) totals() (*totals, error) {
	t := &totals{}
	for _, l := range g.Lines {
		net, err := money.MulDiv(l.Quantity, l.PriceMinor, 1, money.Floor)
		if err != nil {
			return nil, err
		}
		t.lineMinor = append(t.lineMinor, net)
		r := t.rate(l.VATppm)
		if r.netMinor, err = money.Add(r.netMinor, net); err != nil {
			return nil, err
		}
	}
	return t, t.add()
}

func (t *totals) rate(ppm int64) *rateSum {
	for i := range t.rates {
		if t.rates[i].vatPPM == ppm {
			return &t.rates[i]
		}
	}
	t.rates = append(t.rates, rateSum{vatPPM: ppm})
	return &t.rates[len(t.rates)-1]
}

func (t *totals) add() (err error) {
	for i := range t.rates {
		r := &t.rates[i]
		if r.taxMinor, err = money.MulDiv(r.netMinor, r.vatPPM, money.PPM, money.HalfEven); err != nil {
			return err
		}
		if t.netMinor, err = money.Add(t.netMinor, r.netMinor); err != nil {
			return err
		}
		if t.taxMinor, err = money.Add(t.taxMinor, r.taxMinor); err != nil {
			return err
		}
	}
	t.payable, err = money.Add(t.netMinor, t.taxMinor)
	return err
}

// percent writes a rate in ppm as a percentage: 130000 is 13, 55000 is 5.5.
func percent(ppm int64) string {
	whole, frac := strconv.FormatInt(ppm/ppmPerPercent, 10), strconv.FormatInt(ppmPerPercent+ppm%ppmPerPercent, 10)
	frac = strings.TrimRight(frac[len(frac)-percentDigits:], "0")
	if frac == "" {
		return whole
	}
	return whole + "." + frac
}
