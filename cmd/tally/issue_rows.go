package main

import (
	"context"
	"errors"
	"os"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// runRow is a row of a run's table with the item that it becomes.
type runRow struct {
	invoice.Row
	item     *voucherv1.IssueItem
	creditor wallet.Party
}

// runTable is a table of invoices on its way to being issued: all faults are gathered before anything is sent.
type runTable struct {
	s      *wallet.Session
	flags  issueFlags
	key    [32]byte
	own    *membersv1.Member
	rows   []runRow
	faults *invoice.Faults
	today  int32
	// delivered is the day of delivery of rows that give none; 0 for none.
	delivered int32
	most      map[bool]int64 // tenor in days, without and with a bank's review
	parties   map[string]wallet.Party
	hashes    map[string]id.ID
}

// readTable reads and judges a table whole; *invoice.Faults has all that is wrong with its rows.
func readTable(ctx context.Context, s *wallet.Session, f issueFlags) (*runTable, error) {
	file, err := os.Open(f.csv)
	if err != nil {
		return nil, wrong("csv", lang.T("%s", err), lang.T("Name the table's file."))
	}
	defer file.Close() // it was only read
	rows, faults, err := invoice.ReadCSV(file, sdk.MaxRunItems)
	if err != nil {
		return nil, lang.Errorf("%s: %w", f.csv, err)
	}
	t := &runTable{s: s, flags: f, faults: faults, parties: map[string]wallet.Party{}, hashes: map[string]id.ID{}}
	if err := t.prepare(ctx); err != nil {
		return nil, err
	}
	for _, one := range rows {
		if err := t.add(ctx, one); err != nil {
			return nil, err
		}
	}
	t.findRepeated()
	if t.faults.Count > 0 {
		return nil, t.refuse()
	}
	return t, nil
}

// refuse is the error of a table with faults.
func (t *runTable) refuse() error {
	err := lang.Errorf("%s: nothing was sent; %s:\n%w", t.flags.csv, lang.Count(t.faults.Count, "%d fault", "%d faults"), t.faults)
	return failure{err, exitUsage}
}

// prepare reads what all rows need.
func (t *runTable) prepare(ctx context.Context) (err error) {
	if t.key, err = invoiceKey(t.s); err != nil {
		return err
	}
	if t.own, err = t.s.MemberByID(ctx, t.s.Member()); err != nil {
		return err
	}
	if t.flags.delivered != "" {
		if t.delivered, err = day("delivered", t.flags.delivered); err != nil {
			return err
		}
	}
	now, err := t.s.Now(ctx)
	if err != nil {
		return err
	}
	t.today, t.most = t.s.Clock.Day(now), map[bool]int64{}
	for reviewed, name := range map[bool]string{false: voucherv1.ParamTenorMax, true: voucherv1.ParamTenorReviewedMax} {
		for _, one := range parameters {
			if one.name != name {
				continue
			}
			r := &kernelv1.Parameter{}
			if _, _, err := t.s.Client.Get(ctx, kernelv1.ParameterKey(name), r); err != nil {
				return err
			}
			t.most[reviewed] = one.on(r, t.today).Value
		}
	}
	t.most[true] = max(t.most[true], t.most[false])
	return nil
}

// add judges a row and makes its item. An error is not the row's fault.
func (t *runTable) add(ctx context.Context, row invoice.Row) error {
	before := t.faults.Count
	out := runRow{Row: row}
	if out.Invoice.Buyer.Name == "" {
		legal := t.own.GetLegal()
		out.Invoice.Buyer = invoice.Party{Name: legal.GetName(), TaxID: legal.GetCredential()}
	} else if !same(out.Invoice.Buyer, t.own) {
		t.faults.Add(row.Line, "buyer", "Issue vouchers for your own invoices alone.", "%q is not you (%s)", wallet.Line(out.Invoice.Buyer.Name), t.own.GetLegal().GetName())
	}
	if err := t.findCreditor(ctx, &out); err != nil {
		return err
	}
	contract := t.document(row.Line, "contract", row.Contract, t.flags.contract)
	review := t.document(row.Line, "bank_review", row.BankReview, t.flags.bankReviewed)
	due := t.dueDay(&out, !review.IsZero())
	if t.faults.Count > before {
		return nil
	}
	item, err := sdk.ItemFromInvoice(&out.Invoice, t.key, out.creditor.Account, contract, due)
	if err != nil {
		return err
	}
	if item.DeliveryDay = t.delivered; row.HasDelivered {
		item.DeliveryDay = int32(row.Delivered)
	}
	if !review.IsZero() {
		item.BankReview = review.Bytes()
	}
	if err := (&voucherv1.Issue{Items: []*voucherv1.IssueItem{item}}).Validate(); err != nil {
		t.faults.Add(row.Line, "row", "Mend the field that is named.", "%v", err)
		return nil
	}
	out.item = item
	t.rows = append(t.rows, out)
	return nil
}

// findCreditor finds the account that is owed: the one named, else the seller's member by its numbers or name.
func (t *runTable) findCreditor(ctx context.Context, row *runRow) error {
	text := row.Creditor
	for _, other := range []string{t.flags.to, row.Invoice.Seller.TaxID, row.Invoice.Seller.ID, row.Invoice.Seller.Name} {
		if text == "" {
			text = other
		}
	}
	who, known := t.parties[text]
	if !known {
		account, err := t.s.FindAccount(ctx, text)
		var in *wallet.Input
		switch {
		case errors.Is(err, wallet.ErrNoMatch), errors.As(err, &in):
			t.faults.Add(row.Line, "creditor", "Name a member or an account in the column creditor.", "%v", err)
			return nil
		case err != nil:
			return err
		}
		if who, err = t.s.Party(ctx, account[:]); err != nil {
			return err
		}
		t.parties[text] = who
	}
	switch {
	case who.Member == nil:
		t.faults.Add(row.Line, "creditor", "Name a member's main account.", "nobody is known to own account %s", who.Account.Short())
	case who.You || string(who.Member.Id) == string(t.own.Id):
		t.faults.Add(row.Line, "creditor", "Issue to others.", "it is yourself")
	case who.Member.State != membersv1.MemberState_MEMBER_STATE_ACTIVE:
		t.faults.Add(row.Line, "creditor", "Wait until it can act again.", "%s is %s", who.Full(), wallet.MemberState(who.Member.State))
	case !same(row.Invoice.Seller, who.Member):
		t.faults.Add(row.Line, "seller", "The seller on the invoice and the creditor are to be one firm.", "%q is not the creditor, %s", wallet.Line(row.Invoice.Seller.Name), who.Full())
	}
	row.creditor = who
	return nil
}

// document is the hash of the document that a row names, or the command for all rows; zero where neither does.
func (t *runTable) document(line int, field, typed, forAll string) id.ID {
	if typed == "" {
		typed = forAll
	}
	if typed == "" {
		if field == "contract" {
			t.faults.Add(line, field, "Name its file or SHA-256 in the column contract, or with --contract for all.", "there is none")
		}
		return id.ID{}
	}
	if h, known := t.hashes[typed]; known {
		return h
	}
	h, err := document(field, typed)
	if err != nil {
		t.faults.Add(line, field, "Give 64 hex digits, or the document's file.", "%q is neither a hash nor a file that can be read", wallet.Line(typed))
		return id.ID{}
	}
	t.hashes[typed] = h
	return h
}

// dueDay judges the day of payment by the law of today.
func (t *runTable) dueDay(row *runRow, reviewed bool) int32 {
	due := int32(row.Invoice.DueDate)
	if !row.Invoice.HasDueDate {
		if t.flags.due == "" {
			t.faults.Add(row.Line, "due_date", "Fill it in, or give --due for all.", "it is empty")
			return 0
		}
		var err error
		if due, err = day("due", t.flags.due); err != nil {
			t.faults.Add(row.Line, "due_date", "Write --due as 2026-05-31.", "%v", err)
			return 0
		}
	}
	switch tenor := int64(due) - int64(t.today); {
	case tenor <= 0:
		t.faults.Add(row.Line, "due_date", "Choose a later day.", "%s is not after today, %s", wallet.Day(due), wallet.Day(t.today))
	case tenor > t.most[reviewed]:
		t.faults.Add(row.Line, "due_date", "Choose an earlier day, or have a bank review it.", "%s is in %d days, %d are allowed [77 art. 11]", wallet.Day(due), tenor, t.most[reviewed])
	}
	return due
}

// findRepeated finds invoices that stand in the table twice.
func (t *runTable) findRepeated() {
	lines := map[string]int{}
	for _, r := range t.rows {
		fingerprint := string(r.item.Background.Invoices[0].Fingerprint)
		if first, there := lines[fingerprint]; there {
			t.faults.Add(r.Line, "number", "Leave one of them out.", "invoice %q of %q stands in line %d already", wallet.Line(r.Invoice.Number), wallet.Line(r.Invoice.Seller.Name), first)
			continue
		}
		lines[fingerprint] = r.Line
	}
}

func (t *runTable) items() []*voucherv1.IssueItem {
	out := make([]*voucherv1.IssueItem, len(t.rows))
	for i, r := range t.rows {
		out[i] = r.item
	}
	return out
}

// judgeLeft judges by the chain what is not issued yet: that no invoice is used up, and that the line holds it all.
func (t *runTable) judgeLeft(ctx context.Context, done []bool) error {
	var keys [][]byte
	var left []runRow
	for i, r := range t.rows {
		if !done[i] {
			left = append(left, r)
			keys = append(keys, voucherv1.InvoiceKey(id.Must(r.item.Background.Invoices[0].Fingerprint)))
		}
	}
	if len(left) == 0 {
		return nil
	}
	_, raws, err := t.s.Client.GetAll(ctx, keys...)
	if err != nil {
		return err
	}
	for i, r := range left {
		if err := t.judgeInvoice(r, raws[i]); err != nil {
			return err
		}
	}
	if err := t.judgeLine(ctx, left); err != nil {
		return err
	}
	if t.faults.Count > 0 {
		return t.refuse()
	}
	return nil
}

func (t *runTable) judgeInvoice(r runRow, raw []byte) error {
	if raw == nil {
		return nil
	}
	known, use := &voucherv1.Invoice{}, r.item.Background.Invoices[0]
	if err := kernelv1.Unframe(raw, known); err != nil {
		return err
	}
	switch {
	case known.IssueDay != use.IssueDay || known.Currency != r.item.Currency || known.TotalMinor != use.TotalMinor:
		t.faults.Add(r.Line, "number", "Look at both: one of them was altered.", "the chain knows this invoice of %s over %s", wallet.Day(known.IssueDay), wallet.Money(known.TotalMinor, known.Currency))
	case known.UsedMinor+use.UsedMinor > known.TotalMinor:
		t.faults.Add(r.Line, "number", "Leave it out: it carries a voucher already.", "%s of this invoice are used already", wallet.Money(known.UsedMinor, known.Currency))
	}
	return nil
}

// judgeLine refuses, at the row that does not fit any more, what the account's lines cannot hold.
func (t *runTable) judgeLine(ctx context.Context, left []runRow) error {
	free := map[string]int64{}
	for _, r := range left {
		currency := r.item.Currency
		if _, read := free[currency]; !read {
			l := &voucherv1.Line{}
			if _, _, err := t.s.Client.Get(ctx, voucherv1.LineKey(t.s.Account(), currency), l); err != nil {
				return err
			}
			free[currency] = l.LimitMinor - l.OutstandingMinor
		}
		if free[currency] < r.item.AmountMinor {
			t.faults.Add(r.Line, "amount", "Have the line raised ('tally line'), or issue less.", "%s are more than is left of your line, %s", wallet.Money(r.item.AmountMinor, currency), wallet.Money(max(0, free[currency]), currency))
			continue
		}
		free[currency] -= r.item.AmountMinor
	}
	return nil
}

// sumsOf adds rows up by currency, in the order in which the currencies come.
func sumsOf(rows []runRow) ([]totalJSON, error) {
	out := []totalJSON{}
	at := map[string]int{}
	for _, r := range rows {
		i, there := at[r.item.Currency]
		if !there {
			i = len(out)
			at[r.item.Currency], out = i, append(out, totalJSON{Currency: r.item.Currency})
		}
		sum, err := money.Add(out[i].AmountMinor, r.item.AmountMinor)
		if err != nil {
			return nil, err
		}
		out[i].AmountMinor, out[i].Count = sum, out[i].Count+1
	}
	return out, nil
}
