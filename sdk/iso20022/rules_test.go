package iso20022_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/splittally/splittally/sdk/iso20022"
	"pgregory.net/rapid"
)

func cny(value string) iso20022.Amount { return iso20022.Amount{Currency: "CNY", Value: value} }

func entry(ref, value, sign string) iso20022.Entry {
	return iso20022.Entry{
		Reference: ref, Amount: cny(value), Sign: sign, Status: "BOOK", Booked: "2026-03-02T09:30:00+08:00", Valued: "2026-03-02",
		ServicerReference: "s", Code: iso20022.Code{Proprietary: "deposit_paid", Issuer: "SPLITTALLY"},
		Details: iso20022.Detail{TransactionID: "t", Amount: cny(value), Sign: sign},
	}
}

// message is a small statement that is in order: 100.00, then 40.00 in and 15.50 out.
func message() *iso20022.Document {
	in, out := entry("in", "40.00", iso20022.Credit), entry("out", "15.50", iso20022.Debit)
	in.Code.Domain = &iso20022.Domain{Code: "PMNT", Family: "RCDT", SubFamily: "BOOK"}
	in.Details.Related = &iso20022.RelatedParties{Debtor: &iso20022.RelatedParty{Name: "Böttcher & Söhne <GmbH>"}}
	in.Details.Voucher = &iso20022.OwnReference{Type: "VOUCHER", Reference: "v"}
	in.Details.Remittance, in.Details.Additional = `发票 "7"`, "height 3"
	return &iso20022.Document{Statement: iso20022.Statement{
		MessageID: "m", Created: "2026-04-01T00:00:01Z",
		Accounts: []iso20022.AccountStatement{{
			ID: "s", Sequence: 3, Created: "2026-04-01T00:00:01Z", From: "2026-03-01T00:00:00+08:00", To: "2026-03-31T23:59:59+08:00",
			Account: iso20022.Account{
				ID: "a", Scheme: "SPLITTALLY", Type: "deposit", Currency: "CNY", Name: "n",
				Owner: &iso20022.Party{Name: "汉海"}, Servicer: &iso20022.Servicer{Name: "临江银行"},
			},
			Balances: []iso20022.Balance{
				{Type: iso20022.OpeningBooked, Amount: cny("100.00"), Sign: iso20022.Credit, Date: "2026-03-01"},
				{Type: iso20022.ClosingBooked, Amount: cny("124.50"), Sign: iso20022.Credit, Date: "2026-03-31"},
			},
			Summary: iso20022.Summary{
				Entries: iso20022.NetTotal{Count: 2, Sum: "55.50", Net: "24.50", Sign: iso20022.Credit},
				Credits: iso20022.Total{Count: 1, Sum: "40.00"}, Debits: iso20022.Total{Count: 1, Sum: "15.50"},
			},
			Entries: []iso20022.Entry{in, out},
		}},
	}}
}

func xmlOf(t *testing.T, d *iso20022.Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const goldenEntry = `      <Ntry>
        <NtryRef>in</NtryRef>
        <Amt Ccy="CNY">40.00</Amt>
        <CdtDbtInd>CRDT</CdtDbtInd>
        <Sts>
          <Cd>BOOK</Cd>
        </Sts>
        <BookgDt>
          <DtTm>2026-03-02T09:30:00+08:00</DtTm>
        </BookgDt>
        <ValDt>
          <Dt>2026-03-02</Dt>
        </ValDt>
        <AcctSvcrRef>s</AcctSvcrRef>
        <BkTxCd>
          <Domn>
            <Cd>PMNT</Cd>
            <Fmly>
              <Cd>RCDT</Cd>
              <SubFmlyCd>BOOK</SubFmlyCd>
            </Fmly>
          </Domn>
          <Prtry>
            <Cd>deposit_paid</Cd>
            <Issr>SPLITTALLY</Issr>
          </Prtry>
        </BkTxCd>
        <NtryDtls>
          <TxDtls>
            <Refs>
              <TxId>t</TxId>
              <Prtry>
                <Tp>VOUCHER</Tp>
                <Ref>v</Ref>
              </Prtry>
            </Refs>
            <Amt Ccy="CNY">40.00</Amt>
            <CdtDbtInd>CRDT</CdtDbtInd>
            <RltdPties>
              <Dbtr>
                <Pty>
                  <Nm>Böttcher &amp; Söhne &lt;GmbH&gt;</Nm>
                </Pty>
              </Dbtr>
            </RltdPties>
            <RmtInf>
              <Ustrd>发票 &#34;7&#34;</Ustrd>
            </RmtInf>
            <AddtlTxInf>height 3</AddtlTxInf>
          </TxDtls>
        </NtryDtls>
      </Ntry>
`

// The elements of an entry stand in the schema's order, and what a name has of mark-up is escaped.
func TestEntryGolden(t *testing.T) {
	got := xmlOf(t, message())
	if !strings.HasPrefix(got, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<Document xmlns="`+iso20022.Namespace+`">`) || !strings.HasSuffix(got, "</Document>\n") {
		t.Errorf("head and foot: %.200s", got)
	}
	if !strings.Contains(got, goldenEntry) {
		t.Errorf("the entry is another:\n%s", got)
	}
	for order, names := range map[string][]string{
		"statement": {"<Id>s<", "<ElctrncSeqNb>3<", "<FrToDt>", "<Acct>", "<Bal>", "<TxsSummry>", "<Ntry>"},
		"account":   {"<Othr>", "<Prtry>SPLITTALLY<", "<Prtry>deposit<", "<Ccy>CNY<", "<Nm>n<", "<Ownr>", "<Svcr>"},
	} {
		at := 0
		for _, name := range names {
			next := strings.Index(got[at:], name)
			if next < 0 {
				t.Fatalf("%s: %s is not behind the others", order, name)
			}
			at += next
		}
	}
}

// One line a case: what is changed of a message in order, and the field that the refusal names.
func TestCheckRules(t *testing.T) {
	if err := message().Check(); err != nil {
		t.Fatal(err)
	}
	type (
		stmt = iso20022.AccountStatement
		ntry = iso20022.Entry
	)
	of := func(f func(*stmt)) func(*iso20022.Document) {
		return func(d *iso20022.Document) { f(&d.Statement.Accounts[0]) }
	}
	in := func(f func(*ntry)) func(*iso20022.Document) {
		return of(func(s *stmt) { f(&s.Entries[0]) })
	}
	x := func(n int) string { return strings.Repeat("货", n) }
	for i, tc := range []struct {
		change func(*iso20022.Document)
		field  string // empty: it is allowed
	}{
		{func(d *iso20022.Document) { d.Statement.MessageID = "" }, "MsgId"},
		{func(d *iso20022.Document) { d.Statement.MessageID = x(35) }, ""},
		{func(d *iso20022.Document) { d.Statement.MessageID = x(36) }, "MsgId"},
		{func(d *iso20022.Document) { d.Statement.MessageID = "\xff" }, "MsgId"},
		{func(d *iso20022.Document) { d.Statement.Created = "2026-04-01T00:00:01" }, "CreDtTm"},
		{func(d *iso20022.Document) { d.Statement.Accounts = nil }, "Stmt"},
		{func(d *iso20022.Document) {
			d.Statement.Accounts = append(d.Statement.Accounts, d.Statement.Accounts[0])
		}, "Stmt/Id"},

		{of(func(s *stmt) { s.ID = "" }), "Stmt/Id"},
		{of(func(s *stmt) { s.ID = x(36) }), "Stmt/Id"},
		{of(func(s *stmt) { s.Created = "today" }), "CreDtTm"},
		{of(func(s *stmt) { s.From = "2026-03-01" }), "FrDtTm"},
		{of(func(s *stmt) { s.To = "2026-02-30T00:00:00Z" }), "ToDtTm"},
		{of(func(s *stmt) { s.Account.ID = "" }), "Acct/Id"},
		{of(func(s *stmt) { s.Account.ID = x(34) }), ""},
		{of(func(s *stmt) { s.Account.ID = x(35) }), "Acct/Id"},
		{of(func(s *stmt) { s.Account.Scheme = "" }), "SchmeNm"},
		{of(func(s *stmt) { s.Account.Scheme = x(36) }), "SchmeNm"},
		{of(func(s *stmt) { s.Account.Type = "" }), "Tp"},
		{of(func(s *stmt) { s.Account.Name = x(70) }), ""},
		{of(func(s *stmt) { s.Account.Name = x(71) }), "Nm"},
		{of(func(s *stmt) { s.Account.Currency = "cny" }), "Acct/Ccy"},
		{of(func(s *stmt) { s.Account.Currency = "CNYX" }), "Acct/Ccy"},
		{of(func(s *stmt) { s.Account.Owner.Name = "" }), "Ownr/Nm"},
		{of(func(s *stmt) { s.Account.Owner.Name = x(141) }), "Ownr/Nm"},
		{of(func(s *stmt) { s.Account.Owner, s.Account.Servicer = nil, nil }), ""},
		{of(func(s *stmt) { s.Account.Servicer.Name = "" }), "Svcr/Nm"},
		{of(func(s *stmt) { s.Additional = x(500) }), ""},
		{of(func(s *stmt) { s.Additional = x(501) }), "AddtlStmtInf"},

		{of(func(s *stmt) { s.Balances = s.Balances[:1] }), "Bal"},
		{of(func(s *stmt) { s.Balances = append(s.Balances, s.Balances[1]) }), "Bal"},
		{of(func(s *stmt) { s.Balances[0], s.Balances[1] = s.Balances[1], s.Balances[0] }), "Bal"},
		{of(func(s *stmt) { s.Balances[0].Amount.Currency = "EUR" }), "Bal"},
		{of(func(s *stmt) { s.Balances[0].Sign = "" }), "Bal/CdtDbtInd"},
		{of(func(s *stmt) { s.Balances[1].Date = "31.03.2026" }), "Bal/Dt"},
		{of(func(s *stmt) { s.Balances[1].Amount.Value = "124.51" }), "CLBD"},
		{of(func(s *stmt) { s.Balances[1].Amount.Value = "124.49" }), "CLBD"},
		{of(func(s *stmt) { s.Balances[1].Amount.Value = "124.50001" }), "CLBD"},
		{of(func(s *stmt) { s.Balances[1].Amount.Value = "124.5" }), ""},
		{of(func(s *stmt) { s.Balances[1].Sign = iso20022.Debit }), "CLBD"},
		{of(func(s *stmt) { s.Balances[0].Amount.Value = "-100.00" }), "Bal"},
		{of(func(s *stmt) { s.Balances[0].Amount.Value = "100,00" }), "Bal"},
		{of(func(s *stmt) { s.Balances[0].Amount.Value = "100." }), "Bal"},
		{of(func(s *stmt) { s.Balances[0].Amount.Value = "1e2" }), "Bal"},
		{of(func(s *stmt) { s.Balances[0].Amount.Value = "100.000000" }), "Bal"},
		{of(func(s *stmt) { s.Balances[0].Amount.Value = "00000000000000100.00" }), "Bal"},
		{of(func(s *stmt) { s.Balances[0].Amount.Value = "" }), "Bal"},

		{of(func(s *stmt) { s.Entries = s.Entries[:1] }), "CLBD"},
		{of(func(s *stmt) { s.Entries = append(s.Entries, entry("zero", "0.00", iso20022.Debit)) }), "TxsSummry"},
		{of(func(s *stmt) { s.Summary.Entries.Count = 3 }), "TxsSummry"},
		{of(func(s *stmt) { s.Summary.Credits.Count, s.Summary.Debits.Count = 2, 0 }), "TxsSummry"},
		{of(func(s *stmt) { s.Summary.Entries.Sum = "55.51" }), "TtlNtries/Sum"},
		{of(func(s *stmt) { s.Summary.Entries.Net = "24.49" }), "TtlNetNtry"},
		{of(func(s *stmt) { s.Summary.Entries.Net = "" }), "TtlNetNtry"},
		{of(func(s *stmt) { s.Summary.Entries.Sign = iso20022.Debit }), "TtlNetNtry/CdtDbtInd"},
		{of(func(s *stmt) { s.Summary.Credits.Sum = "39.99" }), "TtlCdtNtries/Sum"},
		{of(func(s *stmt) { s.Summary.Debits.Sum = "15.51" }), "TtlDbtNtries/Sum"},

		{in(func(e *ntry) { e.Reference = "" }), "NtryRef"},
		{in(func(e *ntry) { e.Reference = x(36) }), "NtryRef"},
		{in(func(e *ntry) { e.Amount.Value = "40.01" }), "TxDtls/Amt"},
		{in(func(e *ntry) { e.Amount.Currency, e.Details.Amount.Currency = "EUR", "EUR" }), "Ntry/Amt"},
		{in(func(e *ntry) { e.Sign, e.Details.Sign = "", "" }), "Ntry/Amt/CdtDbtInd"},
		{in(func(e *ntry) { e.Sign, e.Details.Sign = iso20022.Debit, iso20022.Debit }), "CLBD"},
		{in(func(e *ntry) { e.Details.Sign = iso20022.Debit }), "TxDtls/Amt"},
		{in(func(e *ntry) { e.Details.Amount.Value = "40.0" }), "TxDtls/Amt"},
		{in(func(e *ntry) { e.Status = "PDNG" }), "Sts"},
		{in(func(e *ntry) { e.Booked = "2026-03-02" }), "BookgDt"},
		{in(func(e *ntry) { e.Valued = "2026-03-02T00:00:00Z" }), "ValDt"},
		{in(func(e *ntry) { e.ServicerReference = "" }), "AcctSvcrRef"},
		{in(func(e *ntry) { e.Code.Proprietary = "" }), "BkTxCd/Prtry/Cd"},
		{in(func(e *ntry) { e.Code.Issuer = x(36) }), "BkTxCd/Prtry/Issr"},
		{in(func(e *ntry) { e.Code.Domain = nil }), ""},
		{in(func(e *ntry) { e.Code.Domain.Code = "PMN" }), "Domn"},
		{in(func(e *ntry) { e.Code.Domain.Family = "RCDTX" }), "Domn"},
		{in(func(e *ntry) { e.Code.Domain.SubFamily = "" }), "Domn"},
		{in(func(e *ntry) { e.Details.TransactionID = "" }), "TxId"},
		{in(func(e *ntry) { e.Details.Remittance = x(140) }), ""},
		{in(func(e *ntry) { e.Details.Remittance = x(141) }), "Ustrd"},
		{in(func(e *ntry) { e.Details.Additional = x(501) }), "AddtlTxInf"},
		{in(func(e *ntry) { e.Details.Voucher.Type = "" }), "Prtry/Tp"},
		{in(func(e *ntry) { e.Details.Voucher.Reference = x(36) }), "Prtry/Ref"},
		{in(func(e *ntry) { e.Details.Voucher, e.Details.Related = nil, nil }), ""},
		{in(func(e *ntry) { e.Details.Related.Debtor.Name = "" }), "RltdPties/Nm"},
		{in(func(e *ntry) { e.Details.Related.Creditor = &iso20022.RelatedParty{Name: x(141)} }), "RltdPties/Nm"},
	} {
		d := message()
		tc.change(d)
		err := d.Check()
		if tc.field == "" {
			if err != nil {
				t.Errorf("row %d: %v", i, err)
			}
			continue
		}
		if !errors.Is(err, iso20022.ErrMessage) || !strings.Contains(err.Error(), ": "+tc.field+": ") {
			t.Errorf("row %d: want field %s, got %v", i, tc.field, err)
		}
		var out bytes.Buffer
		if err := d.Write(&out); err == nil || out.Len() > 0 {
			t.Errorf("row %d: %d bytes were written: %v", i, out.Len(), err)
		}
	}
}

// A refusal says which statement and entry it is about, counted from 1.
func TestRefusalsNameTheEntry(t *testing.T) {
	d := message()
	second := message().Statement.Accounts[0]
	second.ID = "other"
	second.Entries[1].Status = "PDNG"
	d.Statement.Accounts = append(d.Statement.Accounts, second)
	if err := d.Check(); err == nil || !strings.HasPrefix(err.Error(), "statement 2: entry 2: ") || !strings.Contains(err.Error(), "Sts") {
		t.Error(err)
	}
}

// Hostile files end with an error, never with a message.
func TestReadHostile(t *testing.T) {
	good := xmlOf(t, message())
	swap := func(old, with string) string {
		out := strings.Replace(good, old, with, 1)
		if out == good {
			t.Fatalf("%s is not there", old)
		}
		return out
	}
	bomb := `<!DOCTYPE Document [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>`
	for name, text := range map[string]string{
		"nothing":                     "",
		"no XML":                      "%PDF-1.7",
		"an entity that grows":        strings.Replace(swap("<Document", bomb+"<Document"), "汉海", "&b;", 1),
		"an entity of a file":         swap("汉海", "&xxe;"),
		"no namespace":                swap(` xmlns="`+iso20022.Namespace+`"`, ""),
		"a namespace with a blank":    swap(iso20022.Namespace, iso20022.Namespace+" "),
		"an older version":            swap("053.001.08", "053.001.02"),
		"a bank's advice":             swap("camt.053", "camt.054"),
		"another root":                strings.NewReplacer("<Document ", "<Dokument ", "</Document>", "</Dokument>").Replace(good),
		"crossed tags":                swap("<BkToCstmrStmt>", "<BkToCstmrStmt><GrpHdr>"),
		"cut in the middle":           good[:len(good)/2],
		"a count that is no number":   swap("<NbOfNtries>2<", "<NbOfNtries>two<"),
		"a count beyond 64 bits":      swap("<NbOfNtries>2<", "<NbOfNtries>99999999999999999999<"),
		"a negative count":            swap("<NbOfNtries>2<", "<NbOfNtries>-2<"),
		"a sequence below zero":       swap("<ElctrncSeqNb>3<", "<ElctrncSeqNb>-3<"),
		"an amount of 10,000 digits":  swap(">124.50<", ">"+strings.Repeat("1", 10_000)+"<"),
		"an amount with a sign":       swap(">124.50<", ">+124.50<"),
		"Chinese digits":              swap(">124.50<", ">１２４.50<"),
		"an identifier of a megabyte": swap("<MsgId>m<", "<MsgId>"+strings.Repeat("m", 1<<20)+"<"),
		"bytes that are no UTF-8":     swap("汉海", "\xba\xba"),
		"another encoding":            swap(`encoding="UTF-8"`, `encoding="GB18030"`),
		"a zero byte":                 swap("汉海", "\x00"),
		"a reference to a zero":       swap("汉海", "&#0;"),
		"an empty statement":          `<Document xmlns="` + iso20022.Namespace + `"/>`,
		"elements 100,000 deep":       `<Document xmlns="` + iso20022.Namespace + `">` + strings.Repeat("<a>", 100_000),
		"statements 20,000 deep":      strings.Repeat(`<Document xmlns="`+iso20022.Namespace+`"><BkToCstmrStmt>`, 20_000),
	} {
		if d, err := iso20022.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: it was read: %+v", name, d.Statement.MessageID)
		} else if len(err.Error()) > 2_000 {
			t.Errorf("%s: the refusal has %d bytes", name, len(err.Error()))
		}
	}
}

// Each figure of a file is bound to the others: one more or one less of any is found.
func TestEveryFigureCounts(t *testing.T) {
	good := xmlOf(t, message())
	for _, figure := range []string{">100.00<", ">124.50<", ">55.50<", ">24.50<", ">40.00<", ">15.50<"} {
		n := 0
		for at := 0; ; n++ {
			next := strings.Index(good[at:], figure)
			if next < 0 {
				break
			}
			at += next + 1
			for _, by := range []byte{1, 255} { // its last digit, up and down
				bad := []byte(good)
				digit := at + len(figure) - 3
				if bad[digit] += by; bad[digit] < '0' {
					bad[digit] = '9'
				}
				if _, err := iso20022.Read(bytes.NewReader(bad)); !errors.Is(err, iso20022.ErrMessage) {
					t.Errorf("%s, number %d, became %s: %v", figure, n, bad[at:at+6], err)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s is not there", figure)
		}
	}
}

// random is a message with sums that fit, whatever its texts and amounts are.
func random(t *rapid.T) *iso20022.Document {
	d := message()
	s := &d.Statement.Accounts[0]
	words := rapid.StringMatching(`[ -~äöü货币]{1,30}`)
	s.ID, s.Account.Name, s.Account.Owner.Name, s.Additional = words.Draw(t, "id"), words.Draw(t, "name"), words.Draw(t, "owner"), words.Draw(t, "more")
	s.Sequence, s.Entries = rapid.Uint64().Draw(t, "sequence"), nil
	fen := func(v *big.Int) string {
		a := new(big.Int).Abs(v)
		whole, rest := new(big.Int).QuoRem(a, big.NewInt(100), new(big.Int))
		return fmt.Sprintf("%d.%02d", whole, rest)
	}
	sign := func(v *big.Int) string {
		if v.Sign() < 0 {
			return iso20022.Debit
		}
		return iso20022.Credit
	}
	opening := big.NewInt(rapid.Int64Range(-1e14, 1e14).Draw(t, "opening"))
	net, credits, debits, in := new(big.Int), new(big.Int), new(big.Int), 0
	for i := range rapid.IntRange(0, 6).Draw(t, "entries") {
		v := big.NewInt(rapid.Int64Range(-1e14, 1e14).Draw(t, "amount"))
		e := entry(fmt.Sprint(i), fen(v), sign(v))
		e.Details.Remittance = words.Draw(t, "remittance")
		s.Entries = append(s.Entries, e)
		if net.Add(net, v); v.Sign() < 0 {
			debits.Sub(debits, v)
			continue
		}
		credits.Add(credits, v)
		in++
	}
	closing := new(big.Int).Add(opening, net)
	s.Balances[0].Amount, s.Balances[0].Sign = cny(fen(opening)), sign(opening)
	s.Balances[1].Amount, s.Balances[1].Sign = cny(fen(closing)), sign(closing)
	s.Summary = iso20022.Summary{
		Entries: iso20022.NetTotal{Count: len(s.Entries), Sum: fen(new(big.Int).Add(credits, debits)), Net: fen(net), Sign: sign(net)},
		Credits: iso20022.Total{Count: in, Sum: fen(credits)}, Debits: iso20022.Total{Count: len(s.Entries) - in, Sum: fen(debits)},
	}
	return d
}

// What adds up is written, is read back as it was, and is written again as the same bytes.
func TestWriteReadLaw(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := random(rt)
		var first, second bytes.Buffer
		if err := d.Write(&first); err != nil {
			rt.Fatal(err)
		}
		back, err := iso20022.Read(bytes.NewReader(first.Bytes()))
		if err != nil {
			rt.Fatalf("%v:\n%s", err, first.Bytes())
		}
		if got, want := back.Statement.Accounts[0].Additional, d.Statement.Accounts[0].Additional; got != want {
			rt.Fatalf("%q became %q", want, got)
		}
		if err := back.Write(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			rt.Fatalf("%v:\n%s", err, second.Bytes())
		}
	})
}

// failsAfter is a disk that is full after so many bytes.
type failsAfter struct{ left int }

func (w *failsAfter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

var errFull = errors.New("the disk is full")

func TestWriteToAFullDisk(t *testing.T) {
	whole := len(xmlOf(t, message()))
	for _, left := range []int{0, 50, whole / 2, whole - 1} {
		if err := message().Write(&failsAfter{left: left}); !errors.Is(err, errFull) {
			t.Errorf("%d bytes: %v", left, err)
		}
	}
}
