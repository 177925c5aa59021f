package voucher

import (
	"bytes"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// setLine gives an obligor a line, or changes it. Below what is outstanding it lets nothing new be issued. A line
// belongs to the guarantor that gave it; one that was voted to governance, which may take over any.
func (v *Vouchers) setLine(c *kernel.Ctx, m *voucherv1.SetLine) error {
	obligor := id.Must(m.Obligor)
	if _, err := c.Standing(obligor); err != nil {
		return err
	}
	guarantor, err := guarantorOf(c)
	if err != nil {
		return err
	}
	line, found := lines.Get(c, inCurrency(obligor, m.Currency))
	if !found {
		line = &voucherv1.Line{Obligor: m.Obligor, Currency: m.Currency}
	} else if c.Caller() != kernel.Governance && !bytes.Equal(line.Guarantor, guarantor) {
		return voucherv1.ErrLineOfAnother.With("guarantor %x", line.Guarantor)
	}
	line.LimitMinor, line.Guarantor = m.LimitMinor, guarantor
	saveLine(c, line)
	c.Emit(&voucherv1.LineSet{Obligor: m.Obligor, Currency: m.Currency, LimitMinor: m.LimitMinor, Guarantor: guarantor}, lineParties(c, obligor)...)
	return nil
}

// guarantorOf is the member that guarantees what the caller sets; none where it was voted.
func guarantorOf(c *kernel.Ctx) ([]byte, error) {
	if c.Caller() == kernel.Governance {
		return nil, nil
	}
	s, err := c.Standing(c.Caller())
	return s.Member.Bytes(), err
}

func lineParties(c *kernel.Ctx, obligor id.ID) []id.ID {
	if c.Caller() == kernel.Governance {
		return []id.ID{obligor}
	}
	return []id.ID{obligor, c.Caller()}
}

// givesLine is what the guarantor takes on beyond what it guarantees already.
func givesLine(c *kernel.Ctx, m *voucherv1.SetLine) ([]money.Amount, error) {
	line, _ := lines.Get(c, inCurrency(id.Must(m.Obligor), m.Currency))
	return []money.Amount{{Minor: max(m.LimitMinor-line.GetLimitMinor(), 0), Currency: m.Currency}}, nil
}

// useLine adds to what an obligor has outstanding.
func useLine(c *kernel.Ctx, obligor id.ID, currency string, amountMinor int64) error {
	line, found := lines.Get(c, inCurrency(obligor, currency))
	if left := line.GetLimitMinor() - line.GetOutstandingMinor(); !found || amountMinor > left {
		return voucherv1.ErrLineExceeded.At("amount_minor", "%s of a line with %s left",
			money.Amount{Minor: amountMinor, Currency: currency}, money.Amount{Minor: max(left, 0), Currency: currency})
	}
	line.OutstandingMinor += amountMinor
	saveLine(c, line)
	return nil
}

// freeLine takes off what was paid, or will never be owed.
func freeLine(c *kernel.Ctx, pkg *voucherv1.Package, amountMinor int64) {
	line, found := lines.Get(c, inCurrency(id.Must(pkg.Obligor), pkg.Currency))
	if !found || line.OutstandingMinor < amountMinor {
		broken("line of %x in %s has less outstanding than its packages", pkg.Obligor, pkg.Currency)
	}
	line.OutstandingMinor -= amountMinor
	saveLine(c, line)
}

func saveLine(c *kernel.Ctx, l *voucherv1.Line) {
	lines.Save(c, inCurrency(id.Must(l.Obligor), l.Currency), l, l.LimitMinor > 0 || l.OutstandingMinor > 0)
}
