package iso20022

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrMessage says that a message breaks a rule of the schema or of arithmetic. It is wrapped with the field.
var ErrMessage = errors.New("this is no valid camt.053 message")

// Lengths of the schema's texts, in characters.
const (
	max34, max35, max70, max140, max500 = 34, 35, 70, 140, 500
	maxDigits, maxFraction              = 18, 5 // of an amount
)

var (
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
	amountForm   = regexp.MustCompile(`^[0-9]{1,18}(\.[0-9]{1,5})?$`)
)

func wrong(field, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrMessage, field, fmt.Sprintf(format, args...))
}

// Check judges the message by the schema's rules for the fields that it has, and adds every account up.
func (d *Document) Check() error {
	m := d.Statement
	if err := errors.Join(text("MsgId", m.MessageID, 1, max35), moment("CreDtTm", m.Created)); err != nil {
		return err
	}
	if len(m.Accounts) == 0 {
		return wrong("Stmt", "a message has one statement at least")
	}
	seen := map[string]bool{}
	for i := range m.Accounts {
		s := &m.Accounts[i]
		if seen[s.ID] {
			return wrong("Stmt/Id", "%q stands twice", s.ID)
		}
		seen[s.ID] = true
		if err := s.check(); err != nil {
			return fmt.Errorf("statement %d: %w", i+1, err)
		}
	}
	return nil
}

func (s *AccountStatement) check() error {
	a := s.Account
	err := errors.Join(
		text("Stmt/Id", s.ID, 1, max35), moment("CreDtTm", s.Created), moment("FrDtTm", s.From), moment("ToDtTm", s.To),
		text("Acct/Id", a.ID, 1, max34), text("SchmeNm", a.Scheme, 1, max35), text("Tp", a.Type, 1, max35), text("Nm", a.Name, 0, max70),
		text("AddtlStmtInf", s.Additional, 0, max500),
	)
	if !currencyForm.MatchString(a.Currency) {
		err = errors.Join(err, wrong("Acct/Ccy", "%q", a.Currency))
	}
	if a.Owner != nil {
		err = errors.Join(err, text("Ownr/Nm", a.Owner.Name, 1, max140))
	}
	if a.Servicer != nil {
		err = errors.Join(err, text("Svcr/Nm", a.Servicer.Name, 1, max140))
	}
	if err != nil {
		return err
	}
	return s.sums()
}

// sums judges the entries and balances: opening and entries give the closing, and the summary is theirs.
func (s *AccountStatement) sums() error {
	if len(s.Balances) != 2 || s.Balances[0].Type != OpeningBooked || s.Balances[1].Type != ClosingBooked {
		return wrong("Bal", "an opening and a closing balance are needed, in this order")
	}
	var ends [2]*big.Int
	for i, b := range s.Balances {
		v, err := signed("Bal", b.Amount, b.Sign, s.Account.Currency)
		if err := errors.Join(err, date("Bal/Dt", b.Date)); err != nil {
			return err
		}
		ends[i] = v
	}
	t := totals{credits: new(big.Int), debits: new(big.Int)}
	for i := range s.Entries {
		v, err := s.Entries[i].check(s.Account.Currency)
		if err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
		t.add(v)
	}
	if sum := new(big.Int).Add(ends[0], t.net()); sum.Cmp(ends[1]) != 0 {
		return wrong("CLBD", "the opening balance and the entries do not give %s", s.Balances[1].Amount.Value)
	}
	return s.Summary.check(t)
}

// totals are of entries, in units of the fifth decimal.
type totals struct {
	credits, debits     *big.Int
	creditors, debitors int
}

func (t *totals) add(v *big.Int) {
	if v.Sign() < 0 {
		t.debits.Sub(t.debits, v)
		t.debitors++
		return
	}
	t.credits.Add(t.credits, v)
	t.creditors++
}

func (t *totals) net() *big.Int { return new(big.Int).Sub(t.credits, t.debits) }

func (s *Summary) check(t totals) error {
	if s.Entries.Count != t.creditors+t.debitors || s.Credits.Count != t.creditors || s.Debits.Count != t.debitors {
		return wrong("TxsSummry", "it counts %d entries, %d credits, %d debits", s.Entries.Count, s.Credits.Count, s.Debits.Count)
	}
	sign := Credit
	if t.net().Sign() < 0 {
		sign = Debit
	}
	if s.Entries.Sign != sign {
		return wrong("TtlNetNtry/CdtDbtInd", "%q", s.Entries.Sign)
	}
	for _, one := range []struct {
		field, said string
		want        *big.Int
	}{
		{"TtlNtries/Sum", s.Entries.Sum, new(big.Int).Add(t.credits, t.debits)},
		{"TtlNetNtry", s.Entries.Net, new(big.Int).Abs(t.net())},
		{"TtlCdtNtries/Sum", s.Credits.Sum, t.credits},
		{"TtlDbtNtries/Sum", s.Debits.Sum, t.debits},
	} {
		if said, err := number(one.field, one.said); err != nil || said.Cmp(one.want) != 0 {
			return wrong(one.field, "%.40s is not what the entries give", one.said)
		}
	}
	return nil
}

// check judges an entry and gives its signed amount.
func (e *Entry) check(currency string) (*big.Int, error) {
	v, err := signed("Ntry/Amt", e.Amount, e.Sign, currency)
	err = errors.Join(err,
		text("NtryRef", e.Reference, 1, max35), moment("BookgDt", e.Booked), date("ValDt", e.Valued), text("AcctSvcrRef", e.ServicerReference, 1, max35),
		text("BkTxCd/Prtry/Cd", e.Code.Proprietary, 1, max35), text("BkTxCd/Prtry/Issr", e.Code.Issuer, 1, max35),
		text("TxId", e.Details.TransactionID, 1, max35), text("Ustrd", e.Details.Remittance, 0, max140), text("AddtlTxInf", e.Details.Additional, 0, max500))
	if e.Status != "BOOK" {
		err = errors.Join(err, wrong("Sts", "%q", e.Status))
	}
	if d := e.Code.Domain; d != nil && (len(d.Code) != 4 || len(d.Family) != 4 || len(d.SubFamily) != 4) {
		err = errors.Join(err, wrong("Domn", "%v", *d))
	}
	if p := e.Details.Voucher; p != nil {
		err = errors.Join(err, text("Prtry/Tp", p.Type, 1, max35), text("Prtry/Ref", p.Reference, 1, max35))
	}
	if e.Details.Amount != e.Amount || e.Details.Sign != e.Sign {
		err = errors.Join(err, wrong("TxDtls/Amt", "it is not the entry's"))
	}
	for _, p := range e.Details.Related.all() {
		err = errors.Join(err, text("RltdPties/Nm", p.Name, 1, max140))
	}
	return v, err
}

func (r *RelatedParties) all() (out []*RelatedParty) {
	if r == nil {
		return nil
	}
	return slices.DeleteFunc([]*RelatedParty{r.Debtor, r.Creditor}, func(p *RelatedParty) bool { return p == nil })
}

func signed(field string, a Amount, sign, currency string) (*big.Int, error) {
	v, err := number(field, a.Value)
	switch {
	case err != nil:
		return v, err
	case a.Currency != currency:
		return v, wrong(field, "in %q, the account is in %s", a.Currency, currency)
	case sign == Credit:
		return v, nil
	case sign == Debit:
		return v.Neg(v), nil
	}
	return v, wrong(field+"/CdtDbtInd", "%q", sign)
}

// number reads an amount in units of the fifth decimal.
func number(field, s string) (*big.Int, error) {
	whole, rest, _ := strings.Cut(s, ".")
	if !amountForm.MatchString(s) || len(whole)+len(rest) > maxDigits {
		return new(big.Int), wrong(field, "%.40q is no amount of at most %d digits, %d of them decimals", s, maxDigits, maxFraction)
	}
	v, _ := new(big.Int).SetString(whole+rest+strings.Repeat("0", maxFraction-len(rest)), 10)
	return v, nil
}

func text(field, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); n < least || n > most || !utf8.ValidString(s) {
		return wrong(field, "%d characters, %d to %d are allowed", n, least, most)
	}
	return nil
}

func moment(field, s string) error {
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return wrong(field, "%.40q is no time with an offset", s)
	}
	return nil
}

func date(field, s string) error {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return wrong(field, "%.40q is no date", s)
	}
	return nil
}
