package voucher

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// setStandingAcceptance leaves, changes or (max_minor 0) ends the caller's standing acceptance in a currency. It
// gives nothing away: it lets parts come in.
func (v *Vouchers) setStandingAcceptance(c *kernel.Ctx, m *voucherv1.SetStandingAcceptance) error {
	if m.MaxMinor > 0 {
		if _, err := c.Standing(id.Must(m.Checker)); err != nil {
			return err
		}
	}
	rec := &voucherv1.StandingAcceptance{
		Account: c.Caller().Bytes(), Checker: m.Checker, Currency: m.Currency, MaxMinor: m.MaxMinor, UntilUnixS: m.UntilUnixS,
	}
	standings.Save(c, inCurrency(c.Caller(), m.Currency), rec, m.MaxMinor > 0)
	c.Emit(&voucherv1.StandingAcceptanceSet{
		Account: rec.Account, Checker: m.Checker, Currency: m.Currency, MaxMinor: m.MaxMinor, UntilUnixS: m.UntilUnixS,
	}, c.Caller())
	return nil
}

// checkDocument records that the caller has checked documents. What it has checked already stays as it is.
func (v *Vouchers) checkDocument(c *kernel.Ctx, m *voucherv1.CheckDocument) error {
	var fresh [][]byte
	for _, d := range m.Documents {
		k := kernel.Join(c.Caller(), id.Must(d))
		if checks.Has(c, k) {
			continue
		}
		checks.Insert(c, k, &voucherv1.DocumentCheck{Checker: c.Caller().Bytes(), Document: d, TimeUnixS: c.Now()})
		fresh = append(fresh, d)
	}
	if len(fresh) > 0 {
		c.Emit(&voucherv1.DocumentChecked{Checker: c.Caller().Bytes(), Documents: fresh}, c.Caller())
	}
	return nil
}

// covered tells whether the receiver's standing acceptance takes a part without asking: by currency, size and time,
// with every document checked by the account that the receiver named, and no flag, which only a person can name.
func covered(c *kernel.Ctx, to id.ID, currency string, amountMinor int64, t *trade) bool {
	s, ok := standings.Get(c, inCurrency(to, currency))
	if !ok || amountMinor > s.MaxMinor || c.Now() >= s.UntilUnixS || len(t.flags) > 0 {
		return false
	}
	return t.checkedBy(c, id.Must(s.Checker))
}
