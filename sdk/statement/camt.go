package statement

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/sdk/iso20022"
)

const (
	camtScheme = "SPLITTALLY"
	camtID     = 16 // bytes of an id or hash in a field of 34 or 35 characters
)

// Camt053 is the statement as camt.053.001.08: one account statement for each section. A deposit is an account at its
// bank; of vouchers each class is an account of its own, whose type and codes are proprietary. Movements of count alone
// (a split, a merge) have no amount and are left out. There are no UETRs on the chain: TxId is the first half of the
// transaction's hash, AddtlTxInf has the whole.
func (s *Statement) Camt053(names Names) *iso20022.Document {
	created := s.Verified.Time.UTC().Format(time.RFC3339)
	d := &iso20022.Document{Statement: iso20022.Statement{MessageID: s.camtID("message", Section{}), Created: created}}
	for _, one := range s.Sections {
		d.Statement.Accounts = append(d.Statement.Accounts, s.camtAccount(one, created, names))
	}
	return d
}

func (s *Statement) camtID(what string, one Section) string {
	h := id.Hash("statement", []byte(what), []byte(s.Chain), s.Account[:], []byte(ClassOf(one.Class).Code), []byte(one.Currency), one.Bank[:],
		[]byte(s.stamp(s.Period.Begins())), []byte(s.stamp(s.Period.Ends())))
	return hex.EncodeToString(h[:camtID])
}

func (s *Statement) camtAccount(one Section, created string, names Names) iso20022.AccountStatement {
	first, last := s.stamp(s.Period.Begins()), s.stamp(s.Period.Ends()-1)
	out := iso20022.AccountStatement{
		ID: s.camtID("account", one), Created: created, From: first, To: last,
		Account: iso20022.Account{
			ID: hex.EncodeToString(s.Account[:camtID]), Scheme: camtScheme, Type: ClassOf(one.Class).Code, Currency: one.Currency,
			Name: s.Account.String(), Owner: &iso20022.Party{Name: clean(names(s.Account), 140)},
		},
		Balances: []iso20022.Balance{
			camtBalance(iso20022.OpeningBooked, one.Opening.AmountMinor, one.Currency, first[:10]),
			camtBalance(iso20022.ClosingBooked, one.Closing.AmountMinor, one.Currency, last[:10]),
		},
		Additional: "Account " + s.Account.String() + " on chain " + clean(s.Chain, 50),
	}
	if !one.Bank.IsZero() {
		out.Account.Servicer = &iso20022.Servicer{Name: clean(names(one.Bank), 140)}
	}
	var credits, debits int64
	for _, m := range one.Movements {
		if m.AmountMinor == 0 {
			continue
		}
		e := camtEntry(one, m, len(out.Entries), names)
		if m.AmountMinor > 0 {
			credits, out.Summary.Credits.Count = credits+m.AmountMinor, out.Summary.Credits.Count+1
		} else {
			debits, out.Summary.Debits.Count = debits-m.AmountMinor, out.Summary.Debits.Count+1
		}
		out.Entries = append(out.Entries, e)
	}
	net, sign := camtAmount(credits-debits, one.Currency)
	out.Summary.Entries = iso20022.NetTotal{Count: len(out.Entries), Sum: money.Format(credits+debits, one.Currency), Net: net.Value, Sign: sign}
	out.Summary.Credits.Sum, out.Summary.Debits.Sum = money.Format(credits, one.Currency), money.Format(debits, one.Currency)
	return out
}

func camtEntry(one Section, m Movement, number int, names Names) iso20022.Entry {
	amount, sign := camtAmount(m.AmountMinor, one.Currency)
	reference := id.Hash("entry of a statement", []byte(ClassOf(one.Class).Code), []byte(one.Currency), one.Bank[:], m.Transaction[:], []byte{byte(m.Entry >> 24), byte(m.Entry >> 16), byte(m.Entry >> 8), byte(m.Entry), byte(number >> 8), byte(number)})
	tx, whole := "block", "The block's own work at height "+strconv.FormatInt(m.Height, 10)
	if !m.Transaction.IsZero() {
		tx, whole = hex.EncodeToString(m.Transaction[:camtID]), "Transaction "+m.Transaction.String()+" at height "+strconv.FormatInt(m.Height, 10)
	}
	e := iso20022.Entry{
		Reference: hex.EncodeToString(reference[:camtID]), Amount: amount, Sign: sign, Status: "BOOK", Booked: m.Time.Format(time.RFC3339),
		Valued: m.Time.Format(time.DateOnly), ServicerReference: tx, Code: iso20022.Code{Proprietary: clean(m.Kind, 35), Issuer: camtScheme, Domain: domain(m)},
		Details: iso20022.Detail{TransactionID: tx, Amount: amount, Sign: sign, Remittance: clean(m.Reference, 140), Additional: whole},
	}
	if !m.Package.IsZero() {
		e.Details.Voucher = &iso20022.OwnReference{Type: "VOUCHER", Reference: hex.EncodeToString(m.Package[:camtID])}
	}
	if !m.Counterparty.IsZero() {
		p := &iso20022.RelatedParty{Name: clean(names(m.Counterparty), 140)}
		e.Details.Related = &iso20022.RelatedParties{Creditor: p}
		if m.AmountMinor > 0 {
			e.Details.Related = &iso20022.RelatedParties{Debtor: p}
		}
	}
	return e
}

// domain is the ISO code of a movement of deposits; vouchers have none.
func domain(m Movement) *iso20022.Domain {
	switch {
	case m.Sums == nil:
		return nil
	case m.Sums[depositv1.ClassHeld] > 0:
		return &iso20022.Domain{Code: "PMNT", Family: "RCDT", SubFamily: "BOOK"} // received credit transfer, within the bank
	case m.Sums[depositv1.ClassHeld] < 0:
		return &iso20022.Domain{Code: "PMNT", Family: "ICDT", SubFamily: "BOOK"}
	}
	return nil
}

func camtBalance(kind string, minor int64, currency, day string) iso20022.Balance {
	a, sign := camtAmount(minor, currency)
	return iso20022.Balance{Type: kind, Amount: a, Sign: sign, Date: day}
}

func camtAmount(minor int64, currency string) (iso20022.Amount, string) {
	sign := iso20022.Credit
	if minor < 0 {
		minor, sign = -minor, iso20022.Debit
	}
	return iso20022.Amount{Currency: currency, Value: money.Format(minor, currency)}, sign
}

// clean makes one line of a text, of at most so many characters.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	return s
}
