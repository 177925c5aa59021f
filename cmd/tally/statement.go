package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/statement"
	"github.com/splittally/splittally/sdk/wallet"
)

// The forms of a statement.
const (
	formTable = "table"
	formCSV   = "csv"
	formPDF   = "pdf"
	formCamt  = "camt053"
)

type statementFlags struct{ from, to, currency, format, out string }

// statement shows what moved in a period.
func (p *program) statement() *cobra.Command {
	var f statementFlags
	c := &cobra.Command{
		Use:   "statement [--from DAY] [--to DAY]",
		Short: "What moved in a period: opening, movements, closing, proven complete",
		Long: `statement shows, for each kind of voucher and each bank's deposits, in each currency, what you had when the
period began, everything that moved, and what you had when it ended. Every movement was proven, and none can
be left out: they are chained from the account's proven totals back to the period.

Days are the chain's. Without --from it is this month's first, without --to today.
csv is RFC 4180 with a row of heads; camt053 is ISO 20022 camt.053.001.08, an account statement for each line of
the summary; pdf is for people.`,
		Example: "  tally statement --from 2026-03-01 --to 2026-03-31\n  tally statement --from 2026-03-01 --to 2026-03-31 --format pdf --out march.pdf",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.showStatement(ctx, s, f) })
		},
	}
	c.Flags().StringVar(&f.from, "from", "", "first day, as 2026-03-01")
	c.Flags().StringVar(&f.to, "to", "", "last day, as 2026-03-31")
	c.Flags().StringVar(&f.currency, "currency", "", "one currency alone, such as CNY")
	c.Flags().StringVar(&f.format, "format", formTable, "table, csv, pdf or camt053")
	c.Flags().StringVar(&f.out, "out", "", "a file to write, which must not exist; standard output without")
	return c
}

func (f statementFlags) check() error {
	switch f.format {
	case formTable, formCSV, formCamt:
	case formPDF:
		if f.out == "" {
			return wrong("out", lang.T("is missing: a PDF is not for a terminal"), lang.T("name a file, such as --out march.pdf"))
		}
	default:
		return wrong("format", lang.T("%.20q is none", f.format), lang.T("choose table, csv, pdf or camt053"))
	}
	for field, typed := range map[string]string{"from": f.from, "to": f.to} {
		if typed != "" {
			if _, err := invoice.ParseDay(typed); err != nil {
				return wrong(field, lang.T("%s", err), lang.T("write it as 2026-03-31"))
			}
		}
	}
	return nil
}

// period fills in what was left out: from the first of the month to today.
func (f statementFlags) period(today int32, offsetS int32) (p statement.Period, err error) {
	p = statement.Period{FromDay: today, ToDay: today, OffsetS: offsetS}
	if f.to != "" {
		if p.ToDay, err = day("to", f.to); err != nil {
			return p, err
		}
	}
	if f.from != "" {
		p.FromDay, err = day("from", f.from)
	} else {
		_, err = fmt.Sscanf(wallet.Day(p.ToDay)[8:], "%d", &p.FromDay)
		p.FromDay = p.ToDay - p.FromDay + 1
	}
	if err == nil && (p.ToDay < p.FromDay || p.FromDay > today) {
		err = wrong("from", lang.T("the period ends before it begins, or has not begun"), lang.T("give --from a day up to --to and today"))
	}
	return p, err
}

func (p *program) showStatement(ctx context.Context, s *wallet.Session, f statementFlags) error {
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	period, err := f.period(s.Clock.Day(now), s.Clock.OffsetS)
	if err != nil {
		return err
	}
	st, err := statement.Make(ctx, s.Client, period, f.currency)
	if err != nil {
		return statementFailure(err)
	}
	names, err := namesIn(ctx, s, st)
	if err != nil {
		return err
	}
	if f.format == formTable && f.out == "" {
		return p.answer(statementJSON(s, st, names), func(w page) {
			printStatement(w, st, names)
			stamp(w, s, st.Verified)
		})
	}
	return p.writeStatement(st, names, f)
}

// statementFailure gives errors of statements their exit codes.
func statementFailure(err error) error {
	switch {
	case errors.Is(err, statement.ErrSums):
		return failure{err, exitProof}
	case errors.Is(err, sdk.ErrHistoryMissing):
		return failure{err, exitUnreachable}
	}
	return err
}

// writeStatement makes the whole file before any of it is written.
func (p *program) writeStatement(st *statement.Statement, names statement.Names, f statementFlags) error {
	var b bytes.Buffer
	var err error
	switch f.format {
	case formCSV:
		err = st.WriteCSV(&b, names)
	case formPDF:
		err = st.WritePDF(&b, names)
	case formCamt:
		err = st.Camt053(names).Write(&b)
	default:
		printStatement(page{&b, p.lang}, st, names)
	}
	if err != nil {
		return err
	}
	if f.out == "" {
		_, err = p.raw.Write(b.Bytes())
		return err
	}
	file, err := os.OpenFile(f.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(b.Bytes())
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return p.answer(map[string]any{"file": f.out, "format": f.format, "height": st.Verified.Height}, func(w page) {
		w.say("Written: %s (%s).\n", f.out, lang.Count(b.Len(), "%d byte", "%d bytes"))
	})
}

// namesIn finds the names of all whom a statement names, each once.
func namesIn(ctx context.Context, s *wallet.Session, st *statement.Statement) (statement.Names, error) {
	known := map[id.ID]string{}
	accounts := [][]byte{st.Account.Bytes()}
	for _, one := range st.Sections {
		if _, have := known[one.Bank]; !have && !one.Bank.IsZero() {
			name, err := s.MemberName(ctx, one.Bank[:])
			if err != nil {
				return nil, err
			}
			known[one.Bank] = name
		}
		for _, m := range one.Movements {
			if !m.Counterparty.IsZero() {
				accounts = append(accounts, m.Counterparty.Bytes())
			}
		}
	}
	parties, err := s.Parties(ctx, accounts...)
	if err != nil {
		return nil, err
	}
	for i, party := range parties {
		party.You = false // a paper is read by others too
		known[id.Must(accounts[i])] = party.String()
	}
	return func(one id.ID) string {
		if name := known[one]; name != "" {
			return name
		}
		return s.Lang.F("account %s", one.Short())
	}, nil
}

func printStatement(w page, st *statement.Statement, names statement.Names) {
	w.say("Statement from %s to %s, both included.\n\n", wallet.Day(st.Period.FromDay), wallet.Day(st.Period.ToDay))
	if len(st.Sections) == 0 {
		w.say("There was nothing, and nothing moved.\n")
		return
	}
	for _, one := range st.Sections {
		fmt.Fprintln(w, wallet.Line(sectionName(w.Lang, one, names)))
		rows := [][]string{{wallet.Day(st.Period.FromDay), w.F("opening"), "", "", "", "", wallet.Figure(one.Opening.AmountMinor, one.Currency)}}
		for _, m := range one.Movements {
			who, voucher := "", ""
			if !m.Counterparty.IsZero() {
				who = names(m.Counterparty)
			}
			if !m.Package.IsZero() {
				voucher = m.Package.Short()
			}
			rows = append(rows, []string{
				m.Time.Format("2006-01-02 15:04"), w.Word(statement.Words(m.Kind)), who, voucher, m.Reference,
				wallet.Figure(m.AmountMinor, one.Currency), wallet.Figure(m.After.AmountMinor, one.Currency),
			})
		}
		rows = append(rows, []string{wallet.Day(st.Period.ToDay), w.F("closing"), "", "", "", "", wallet.Figure(one.Closing.AmountMinor, one.Currency)})
		grid(w, []int{6, 7}, []string{"time", "what", "with", "voucher", "reference", "amount", "balance"}, rows)
		w.say("\n")
	}
}

func sectionName(l lang.Lang, one statement.Section, names statement.Names) string {
	if one.Bank.IsZero() {
		return fmt.Sprintf("%s, %s", l.Word(statement.ClassOf(one.Class).Name), one.Currency)
	}
	return l.F("%s at %s, %s", l.Word(statement.ClassOf(one.Class).Name), names(one.Bank), one.Currency)
}

type balanceJSON struct {
	Count       int64 `json:"count"`
	AmountMinor int64 `json:"amount_minor"`
}

type movementJSON struct {
	Entry        uint64      `json:"entry"`
	Height       int64       `json:"height"`
	Time         string      `json:"time"`
	Transaction  string      `json:"transaction,omitempty"`
	Kind         string      `json:"kind"`
	Counterparty string      `json:"counterparty,omitempty"`
	Name         string      `json:"counterparty_name,omitempty"`
	Voucher      string      `json:"voucher,omitempty"`
	Reference    string      `json:"reference,omitempty"`
	Count        int64       `json:"count"`
	AmountMinor  int64       `json:"amount_minor"`
	After        balanceJSON `json:"balance"`
}

type sectionJSON struct {
	Class     string         `json:"class"`
	Currency  string         `json:"currency"`
	Bank      string         `json:"bank,omitempty"`
	BankName  string         `json:"bank_name,omitempty"`
	Opening   balanceJSON    `json:"opening"`
	Closing   balanceJSON    `json:"closing"`
	Movements []movementJSON `json:"movements"`
}

func statementJSON(s *wallet.Session, st *statement.Statement, names statement.Names) map[string]any {
	sections := []sectionJSON{}
	for _, one := range st.Sections {
		j := sectionJSON{
			Class: statement.ClassOf(one.Class).Code, Currency: one.Currency, Opening: balanceJSON(one.Opening), Closing: balanceJSON(one.Closing), Movements: []movementJSON{},
		}
		if !one.Bank.IsZero() {
			j.Bank, j.BankName = one.Bank.String(), names(one.Bank)
		}
		for _, m := range one.Movements {
			j.Movements = append(j.Movements, movementOf(m, names))
		}
		sections = append(sections, j)
	}
	return map[string]any{
		"verified": verified(s, st.Verified), "account": st.Account, "from": wallet.Day(st.Period.FromDay), "to": wallet.Day(st.Period.ToDay),
		"entries": st.Entries, "sections": sections,
	}
}

func movementOf(m statement.Movement, names statement.Names) movementJSON {
	out := movementJSON{
		Entry: m.Entry, Height: m.Height, Time: m.Time.Format("2006-01-02T15:04:05Z07:00"), Kind: m.Kind, Reference: m.Reference,
		Count: m.Count, AmountMinor: m.AmountMinor, After: balanceJSON(m.After),
	}
	for into, one := range map[*string]id.ID{&out.Transaction: m.Transaction, &out.Counterparty: m.Counterparty, &out.Voucher: m.Package} {
		if !one.IsZero() {
			*into = hex.EncodeToString(one[:])
		}
	}
	if !m.Counterparty.IsZero() {
		out.Name = names(m.Counterparty)
	}
	return out
}
