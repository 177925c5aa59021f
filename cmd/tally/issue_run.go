package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// The states of a row in the table of results.
const (
	rowIssued  = "issued"
	rowNot     = "not issued"
	rowUnknown = "unknown" // run it again: it is issued once, whatever became of it
)

// runJSON is what an issue run gives.
type runJSON struct {
	Run          string      `json:"run"`
	RunID        string      `json:"run_id"`
	Rows         int         `json:"rows"`
	Issued       int         `json:"issued"`
	IssuedBefore int         `json:"issued_before"` // of these, by earlier attempts
	Totals       []totalJSON `json:"totals"`
	Seconds      float64     `json:"seconds"`
	Result       string      `json:"result"`
}

// issueRun issues a whole table under the name of a run.
func (p *program) issueRun(ctx context.Context, s *wallet.Session, f issueFlags) error {
	name, err := s.RunOf(f.run)
	if err != nil {
		return err
	}
	done := p.waiting("checking the table")
	t, err := readTable(ctx, s, f)
	done()
	if err != nil {
		return err
	}
	items := t.items()
	before, err := t.sameRun(ctx, name, items)
	if err != nil {
		return err
	}
	if err := t.judgeLeft(ctx, before); err != nil {
		return err
	}
	if p.target != nil {
		return p.buildRun(ctx, s, name, items)
	}
	if err := severalKeys(s); err != nil {
		return err
	}
	words, err := t.words(f.run, before)
	if err != nil {
		return err
	}
	if err := p.confirm(words); err != nil {
		return err
	}
	if err := s.BeginRun(name, f.run, items); err != nil {
		return err
	}
	return p.runTable(ctx, t, name, items)
}

// buildRun writes a run of one chunk to a file for others to sign.
func (p *program) buildRun(ctx context.Context, s *wallet.Session, run sdk.RunID, items []*voucherv1.IssueItem) error {
	if len(items) > sdk.ChunkItems {
		return wrong("csv", lang.T("it has %d rows, and a transaction that others sign holds %d", len(items), sdk.ChunkItems), lang.T("Divide the table, one run for each part."))
	}
	return p.build(ctx, s, p.target, nil, asCalls([]proto.Message{&voucherv1.Issue{Run: run[:], Chunk: 1, Items: items}})...)
}

// sameRun refuses a table that is not the one that the run was begun with, here or on the chain, naming the row, and tells
// what is issued already.
func (t *runTable) sameRun(ctx context.Context, name sdk.RunID, items []*voucherv1.IssueItem) ([]bool, error) {
	at, err := t.s.SameRun(name, items)
	if err != nil {
		return nil, err
	}
	if at >= 0 {
		return nil, t.differs(at)
	}
	done, err := t.s.Client.IssuedOfRun(ctx, name, items)
	var differs *sdk.RunDiffers
	if errors.As(err, &differs) {
		return nil, t.differs(differs.Item)
	}
	return done, err
}

func (t *runTable) differs(at int) error {
	const cure = "Nothing was sent. Give the table as it was, or choose another --run for what is new."
	switch {
	case at < 0:
		return wrong("run", lang.T("%s was used by another program for other vouchers", t.flags.run), lang.T(cure))
	case at >= len(t.rows):
		return wrong("run", lang.T("%s was begun with more rows than the %d that %s has", t.flags.run, len(t.rows), t.flags.csv), lang.T(cure))
	}
	r := t.rows[at]
	return wrong("run", lang.T("%s was begun with another table: line %d of %s (invoice %s, %s) is not what it was", t.flags.run, r.Line, t.flags.csv,
		wallet.Line(r.Invoice.Number), wallet.Money(r.item.AmountMinor, r.item.Currency)), lang.T(cure))
}

// words say what the whole run does, for one question.
func (t *runTable) words(name string, before []bool) ([]string, error) {
	var left []runRow
	creditors := map[id.ID]bool{}
	for i, r := range t.rows {
		if !before[i] {
			left = append(left, r)
			creditors[r.creditor.Account] = true
		}
	}
	l := t.s.Lang
	out := []string{l.F("The run %s has %s.", name, l.N(len(t.rows), "%d voucher", "%d vouchers"))}
	if done := len(t.rows) - len(left); done > 0 {
		out = append(out, l.F("%d of them are issued already, under this run; they are not issued again.", done))
	}
	if len(left) == 0 {
		return append(out, l.F("Nothing is left to issue.")), nil
	}
	first, last := left[0].item.DueDay, left[0].item.DueDay
	for _, r := range left {
		first, last = min(first, r.item.DueDay), max(last, r.item.DueDay)
	}
	totals, err := sumsOf(left)
	if err != nil {
		return nil, err
	}
	for _, one := range totals {
		out = append(out, l.F("You issue %s: you owe %s %s in all, to be paid from %s to %s.", l.N(int(one.Count), "%d voucher", "%d vouchers"),
			l.N(len(creditors), "%d creditor", "%d creditors"), wallet.Money(one.AmountMinor, one.Currency), wallet.Day(first), wallet.Day(last)))
	}
	return append(out, l.F("Each counts once its creditor accepts it; until then you can cancel it.")), nil
}

// runTable issues and writes the table of results, whatever comes.
func (p *program) runTable(ctx context.Context, t *runTable, name sdk.RunID, items []*voucherv1.IssueItem) error {
	vouchers, states := make([]string, len(items)), make([]string, len(items))
	for i := range states {
		states[i] = rowNot
	}
	out := runJSON{Run: t.flags.run, RunID: fmt.Sprintf("%x", name[:]), Rows: len(items), Result: t.resultFile()}
	began := time.Now()
	advance, finish := p.progress(len(items), "issuing")
	err := t.s.Client.IssueRun(ctx, name, items, func(i sdk.Issued) error {
		state := rowState(i)
		for n := range i.Items {
			states[i.First+n] = state
			if n < len(i.Packages) {
				vouchers[i.First+n] = i.Packages[n].String()
			}
		}
		if i.Err != nil {
			return nil // the run ends with the first
		}
		if out.Issued += i.Items; i.Before {
			out.IssuedBefore += i.Items
		}
		advance(i.Items)
		return nil
	})
	finish()
	out.Seconds = time.Since(began).Seconds()
	werr := t.writeResult(out.Result, vouchers, states)
	if err != nil {
		p.note("%d of %d rows are issued; %s has each. Run the same command again to go on.\n", out.Issued, out.Rows, out.Result)
		return errors.Join(err, werr)
	}
	if out.Totals, err = sumsOf(t.rows); err != nil || werr != nil {
		return errors.Join(err, werr)
	}
	return p.answer(out, func(w page) { out.write(w) })
}

// rowState is what a chunk's end says of its rows.
func rowState(i sdk.Issued) string {
	switch {
	case i.Err == nil:
		return rowIssued
	case errors.Is(i.Err, sdk.ErrUnsettled):
		return rowUnknown
	}
	return rowNot
}

func (o *runJSON) write(w page) {
	if o.IssuedBefore > 0 {
		w.say("All %d vouchers are issued, %d of them by earlier attempts; proven chunk by chunk.\n", o.Rows, o.IssuedBefore)
	} else {
		w.say("All %d vouchers are issued; proven chunk by chunk.\n", o.Rows)
	}
	for _, one := range o.Totals {
		w.say("%s in %s\n", wallet.Money(one.AmountMinor, one.Currency), lang.Count(int(one.Count), "%d voucher", "%d vouchers"))
	}
	w.say("%.1f s, %.0f vouchers a second\n", o.Seconds, float64(o.Rows-o.IssuedBefore)/max(o.Seconds, 0.001))
	w.say("Each row's voucher is in %s. They wait for their creditors: 'tally owed' shows them.\n", o.Result)
}

// progress shows how far a run has come, to a person alone.
func (p *program) progress(most int, what string) (advance func(int), finish func()) {
	if p.terminal == nil || p.terminal.screen == nil {
		return func(int) {}, func() {}
	}
	bar := progressbar.NewOptions(most, progressbar.OptionSetWriter(p.terminal.screen), progressbar.OptionSetDescription(p.lang.F(what)),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(p.lang.F("vouchers")), progressbar.OptionClearOnFinish())
	// A bar that cannot be drawn is no fault.
	return func(n int) { _ = bar.Add(n) }, func() { _ = bar.Finish() }
}

// resultFile is the table of results: beside the table where nothing else is said.
func (t *runTable) resultFile() string {
	if t.flags.result != "" {
		return t.flags.result
	}
	return strings.TrimSuffix(t.flags.csv, filepath.Ext(t.flags.csv)) + ".result.csv"
}

// writeResult writes each row's voucher and state, whole or not at all.
func (t *runTable) writeResult(path string, vouchers, states []string) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"line", "number", "creditor", "currency", "amount", "due_date", "state", "voucher"}}
	for i, r := range t.rows {
		rows = append(rows, []string{
			fmt.Sprint(r.Line), r.Invoice.Number, r.creditor.Account.String(), r.item.Currency,
			strings.ReplaceAll(wallet.Figure(r.item.AmountMinor, r.item.Currency), ",", ""), wallet.Day(r.item.DueDay), states[i], vouchers[i],
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// replaceFile leaves the old file or the new one, and nothing between.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // nothing is left to remove once it is renamed
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
