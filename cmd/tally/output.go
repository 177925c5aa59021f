package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// The forms of output.
const (
	outputTable = "table"
	outputJSON  = "json"
)

const jsonHelp = `With --output json a command prints one JSON object and nothing else on standard output; what is for
people goes to standard error. Fields keep their names and meaning; new ones may be added.

  verified     {"height", "time", "clock_shift_s"}: where everything beside it was proven. time is RFC 3339 in the
               chain's offset, with a development network's shift
  amounts      "amount_minor" is an integer of minor units (fen, cents) beside its ISO 4217 "currency"
  ids, hashes  64 hex digits, whole
  parties      {"account", "member", "name"}; member and name are missing where they are not to be read
  days         2026-05-31, in the chain's offset; times are RFC 3339

  holdings, offers   {"verified", "parts" | "incoming", "outgoing", "totals"}
                     a part: {"part", "voucher", "obligor", "holder", "amount_minor", "currency", "due", "state",
                     "offer": {"to", "expires", "recourse", "invoices", "contract"}}
  pending, owed      {"verified", "vouchers", "totals"}
                     a voucher: {"voucher", "obligor", "creditor", "amount_minor", "outstanding_minor", "currency",
                     "issued", "due", "state", "invoices", "contract", "over_60_days"}
  deposits           {"verified", "deposits": [{"bank", "amount_minor", "currency"}], "totals", "blocked": [{"bank",
                     "amount_minor", "currency", "voucher", "part"}]}
  trail              {"verified", "part", "voucher", "steps": [{"step", "from", "to", "amount_minor", "time", …}]}
  what is signed     {"transaction", "what", "height", "verified", "created": {…}}: issue creates "vouchers", invite
                     "member" and "account"
  issue --csv        {"run", "run_id", "rows", "issued", "issued_before", "totals", "seconds", "result"}
  tx                 build, show, sign, combine: {"file", "transaction", "chain", "sender", "expires", "methods", "decoded",
                     "builder_words", "signatures", "state"}, and where it was proven {"verified", "what", "accounts":
                     [{"account", "threshold", "lacks", "signed", "missing", "hidden"}], "needless"}; state is open, complete,
                     expired, done, refused, never_ran, or unknown without a network; send as what is signed
  gov                list {"verified", "proposals": [{"proposal", "title", "proposer", "state", "expires", "yes", "no", "seats",
                     "needed", "code", "voted"}]}, show {"proposal", "what", "calls", "ballots"}, validators, upgrade;
                     propose creates "proposal"
  account            list {"accounts"}, show {"account": {"account", "name", "state", "main", "yours", "policy", "used_today",
                     "recovery"}}; open creates "account"; "policy" is as 'tally help policy' says
  recovery           {"verified", "recoveries": [{"account", "state", "due", "reason", "policy", "code"}]}; status has "recovery"
  settlement         {"verified", "member", "settlements": [{"currency", "current", "since", "pending"}]}

With an exit code other than 0 standard output is empty; the message is on standard error.`

// verifiedJSON says where an answer was proven.
type verifiedJSON struct {
	Height      int64  `json:"height"`
	Time        string `json:"time"`
	ClockShiftS int64  `json:"clock_shift_s"`
}

func verified(s *wallet.Session, v sdk.Verified) verifiedJSON {
	return verifiedJSON{Height: v.Height, Time: s.Clock.Time(v.Time).Format(time.RFC3339), ClockShiftS: s.Clock.ShiftS}
}

// partyJSON is an account with what is known of whose it is.
type partyJSON struct {
	Account string `json:"account"`
	Member  string `json:"member,omitempty"`
	Name    string `json:"name,omitempty"`
}

func partyOf(p wallet.Party) partyJSON {
	out := partyJSON{Account: p.Account.String()}
	if p.Member != nil {
		out.Member, out.Name = hex.EncodeToString(p.Member.Id), p.Member.GetLegal().GetName()
	}
	return out
}

// totalJSON is a proven sum.
type totalJSON struct {
	Currency    string `json:"currency"`
	Count       uint64 `json:"count"`
	AmountMinor int64  `json:"amount_minor"`
}

func totalsOf(lines []*kernelv1.Total) []totalJSON {
	out := []totalJSON{}
	for _, l := range lines {
		out = append(out, totalJSON{Currency: l.Currency, Count: l.Count, AmountMinor: l.AmountMinor})
	}
	return out
}

// page is where an answer is written for people, in their language.
type page struct {
	io.Writer
	lang.Lang
}

// say writes a sentence of the catalogue.
func (w page) say(format string, args ...any) { fmt.Fprint(w, w.F(format, args...)) }

// answer prints what was proven: as JSON, or as people read it. Nothing was printed before.
func (p *program) answer(v any, people func(w page)) error {
	if p.output == outputJSON {
		e := json.NewEncoder(p.raw)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	people(page{p.out, p.lang})
	return nil
}

// stamp is the last line of every answer.
func stamp(w page, s *wallet.Session, v sdk.Verified) { fmt.Fprintln(w, s.Clock.Stamp(v)) }

// grid writes a table under a header in English; right lists the columns of figures, counted from 1.
func grid(w page, right []int, header []string, rows [][]string) {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.Options{SeparateHeader: true, DrawBorder: false, SeparateColumns: false}
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	said := make([]string, len(header))
	for i, one := range header {
		said[i] = w.Word(one)
	}
	t.AppendHeader(cells(said))
	var columns []table.ColumnConfig
	for i := range header {
		align := text.AlignLeft
		if slices.Contains(right, i+1) {
			align = text.AlignRight
		}
		columns = append(columns, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align})
	}
	t.SetColumnConfigs(columns)
	for _, r := range rows {
		t.AppendRow(cells(r))
	}
	for line := range strings.Lines(t.Render() + "\n") {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

func cells(all []string) table.Row {
	out := make(table.Row, len(all))
	for i, one := range all {
		out[i] = wallet.Line(one)
	}
	return out
}

// facts writes lines of a name, in English, and what it is.
func facts(w page, pairs ...string) {
	width := 0
	for i := 0; i+1 < len(pairs); i += 2 {
		width = max(width, text.StringWidthWithoutEscSequences(w.Word(pairs[i])))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(w, "%s  %s\n", text.Pad(w.Word(pairs[i]), width, ' '), wallet.Line(pairs[i+1]))
		}
	}
}

// sums writes the proven sums under a list: formats for one thing, and for several.
func sums(w page, one, several string, lines []*kernelv1.Total) {
	for _, l := range lines {
		w.say("%s in %s\n", wallet.Money(l.AmountMinor, l.Currency), lang.Count(int(l.Count), one, several))
	}
}
