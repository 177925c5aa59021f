package voucher

import (
	"bytes"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// trade is a background judged against what the chain knows of its invoices.
type trade struct {
	background *voucherv1.Background
	invoices   []*voucherv1.Invoice // as they are once this use is taken up
	flags      [][]byte             // secondary fingerprints known from another invoice
}

// judge refuses what can be seen of a background now: InvoiceAltered and InvoiceOverused, after BackgroundSum.
// What it finds may change until the use is taken up, where it is judged again.
func judge(c *kernel.Ctx, b *voucherv1.Background, currency string, amountMinor int64) (*trade, error) {
	t := &trade{background: b}
	if len(b.GetInvoices()) == 0 {
		return t, nil
	}
	if err := usesAddUp(b.Invoices, amountMinor); err != nil {
		return nil, err
	}
	for i, use := range b.Invoices {
		inv, err := judgeUse(c, use, currency)
		if err != nil {
			return nil, voucherv1.Item("background.invoices", i, err)
		}
		t.invoices = append(t.invoices, inv)
		t.flags = append(t.flags, flagsOf(c, b.Invoices[:i], use)...)
	}
	return t, nil
}

func usesAddUp(uses []*voucherv1.InvoiceUse, amountMinor int64) error {
	var sum int64
	for _, use := range uses {
		var err error
		if sum, err = money.Add(sum, use.UsedMinor); err != nil {
			return voucherv1.ErrBackgroundSum.At("background", "%s", err)
		}
	}
	if sum != amountMinor {
		return voucherv1.ErrBackgroundSum.At("background", "%d used for %d", sum, amountMinor)
	}
	return nil
}

// judgeUse is the invoice with the use added.
func judgeUse(c *kernel.Ctx, use *voucherv1.InvoiceUse, currency string) (*voucherv1.Invoice, error) {
	inv, found := invoices.Get(c, id.Must(use.Fingerprint))
	if !found {
		inv = &voucherv1.Invoice{Fingerprint: use.Fingerprint, IssueDay: use.IssueDay, Currency: currency, TotalMinor: use.TotalMinor}
	}
	if inv.IssueDay != use.IssueDay || inv.Currency != currency || inv.TotalMinor != use.TotalMinor {
		return nil, voucherv1.ErrInvoiceAltered.With("day %d, total %s; known with day %d, total %s", use.IssueDay,
			money.Amount{Minor: use.TotalMinor, Currency: currency}, inv.IssueDay, money.Amount{Minor: inv.TotalMinor, Currency: inv.Currency})
	}
	if left := inv.TotalMinor - inv.UsedMinor; use.UsedMinor > left {
		return nil, voucherv1.ErrInvoiceOverused.At("used_minor", "%d, %d are left", use.UsedMinor, left)
	}
	inv.UsedMinor += use.UsedMinor
	return inv, nil
}

// flagsOf lists the secondary fingerprints of an invoice that are known from another, on the chain or among the
// invoices before it.
func flagsOf(c *kernel.Ctx, before []*voucherv1.InvoiceUse, use *voucherv1.InvoiceUse) [][]byte {
	var out [][]byte
	for _, s := range use.Secondary {
		f, known := flagged.Get(c, id.Must(s))
		if known && !bytes.Equal(f.Fingerprint, use.Fingerprint) || carried(before, s) {
			out = append(out, s)
		}
	}
	return out
}

func carried(uses []*voucherv1.InvoiceUse, secondary []byte) bool {
	for _, use := range uses {
		if among(use.Secondary, secondary) {
			return true
		}
	}
	return false
}

func among(all [][]byte, one []byte) bool {
	for _, b := range all {
		if bytes.Equal(b, one) {
			return true
		}
	}
	return false
}

// named refuses where the accepter has not named every flag.
func (t *trade) named(flags [][]byte) error {
	for _, f := range t.flags {
		if !among(flags, f) {
			return voucherv1.ErrFlagNotNamed.At("flags", "%x", f)
		}
	}
	return nil
}

// takeUp writes the use of the invoices, now that both sides have signed; by is the package or part.
func (t *trade) takeUp(c *kernel.Ctx, by []byte) {
	for i, inv := range t.invoices {
		inv.LastUse = by
		invoices.Save(c, id.Must(inv.Fingerprint), inv, true)
		for _, s := range t.background.Invoices[i].Secondary {
			if k := id.Must(s); !flagged.Has(c, k) {
				flagged.Insert(c, k, &voucherv1.InvoiceFlag{Fingerprint: inv.Fingerprint})
			}
		}
	}
}

// checkedBy tells whether an account has checked every document of the background.
func (t *trade) checkedBy(c *kernel.Ctx, checker id.ID) bool {
	if contract, ok := id.Of(t.background.GetContract()); ok && !checks.Has(c, kernel.Join(checker, contract)) {
		return false
	}
	for _, inv := range t.invoices {
		if !checks.Has(c, kernel.Join(checker, voucherv1.InvoiceDocument(inv.Fingerprint, inv.IssueDay, inv.Currency, inv.TotalMinor))) {
			return false
		}
	}
	return true
}
