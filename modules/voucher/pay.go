package voucher

import (
	"fmt"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// pay pays an amount of a package in deposits on one bank, spread over what is outstanding (see share): every leg at
// once, or none. What is paid frees the obligor's line.
func (v *Vouchers) pay(c *kernel.Ctx, m *voucherv1.Pay) error {
	pkg, err := packageAt(c, m.Package)
	if err != nil {
		return err
	}
	if err := mayPay(c, pkg, m.AmountMinor); err != nil {
		return err
	}
	pkgID := id.Must(pkg.Id)
	spans := directory(c, pkgID)
	legs := spread(c, pkg, spans, m.AmountMinor)
	now, err := closeUnits(c, pkg, spans, legs)
	if err != nil {
		return err
	}
	redraw(c, pkgID, spans, now)
	pkg.ClosedMinor += m.AmountMinor
	pkg.State = voucherv1.PackageState_PACKAGE_STATE_PART_SETTLED
	if pkg.Outstanding() == 0 {
		pkg.State = voucherv1.PackageState_PACKAGE_STATE_SETTLED
	}
	packages.Update(c, pkgID, pkg)
	freeLine(c, pkg, m.AmountMinor)
	if err := c.Tally(c.Caller(), voucherv1.ClassOwed, pkg.Currency, -count(pkg.Ended()), -m.AmountMinor); err != nil {
		return err
	}
	return v.settle(c, pkg, id.Must(m.Bank), legs)
}

// givesPayment counts a package that is not there as nothing: the call is refused.
func givesPayment(c *kernel.Ctx, m *voucherv1.Pay) ([]money.Amount, error) {
	pkg, notThere := packageAt(c, m.Package)
	if notThere != nil {
		return nil, nil
	}
	return []money.Amount{{Minor: m.AmountMinor, Currency: pkg.Currency}}, nil
}

func mayPay(c *kernel.Ctx, pkg *voucherv1.Package, amountMinor int64) error {
	switch {
	case !is(pkg.Obligor, c.Caller()):
		return voucherv1.ErrNotObligor
	case pending(pkg) || pkg.Ended():
		return voucherv1.ErrNotLive
	case !pkg.Due(c.Today()):
		return voucherv1.ErrNotDue.With("day %d, today is %d", pkg.DueDay, c.Today())
	case amountMinor > pkg.Outstanding():
		return voucherv1.ErrOverOutstanding.At("amount_minor", "%d of %d", amountMinor, pkg.Outstanding())
	}
	return nil
}

// closeUnits closes what each leg pays, and returns the package's directory after it. A part that is paid leaves no
// record, and no offer of it stands any longer.
func closeUnits(c *kernel.Ctx, pkg *voucherv1.Package, spans []span, legs []leg) ([]span, error) {
	now := append([]span(nil), spans...)
	for _, l := range legs {
		p := l.part
		paid := l.minor == p.Outstanding()
		if err := tallyBy(c, pkg.Currency, p, -count(paid), -l.minor); err != nil {
			return nil, err
		}
		p.ClosedMinor += l.minor
		if !paid {
			parts.Update(c, keyOf(p), p)
			continue
		}
		parts.Delete(c, keyOf(p))
		pkg.Parts--
		now[l.at].number = nil
		if offered(p) {
			c.Unbook(p.Offer.Lapse)
			c.Emit(&voucherv1.OfferEnded{
				Package: p.Package, Number: p.Number, End: voucherv1.OfferEnd_OFFER_END_LAPSED, Reason: "the voucher was paid",
			}, p.Holder.ID(), id.Must(p.Offer.To))
		}
	}
	return now, nil
}

// settle moves the money: one leg for each payee, who alone beside the obligor is told of it.
func (v *Vouchers) settle(c *kernel.Ctx, pkg *voucherv1.Package, bank id.ID, legs []leg) error {
	reference := fmt.Sprintf("voucher %x", pkg.Id)
	for _, e := range payees(legs) {
		to := id.Must(e.Legs[0].Payee)
		if err := v.deposits.Move(c, bank, c.Caller(), to, pkg.Currency, e.AmountMinor, reference); err != nil {
			return err
		}
		e.Package, e.Bank, e.State = pkg.Id, bank.Bytes(), pkg.State
		c.Emit(e, c.Caller(), to)
	}
	return nil
}

// payees gathers the legs by payee, in order of their first.
func payees(legs []leg) []*voucherv1.Paid {
	var out []*voucherv1.Paid
	at := map[id.ID]int{}
	for _, l := range legs {
		to := l.part.Holder.ID()
		i, met := at[to]
		if !met {
			i = len(out)
			at[to] = i
			out = append(out, &voucherv1.Paid{})
		}
		out[i].AmountMinor += l.minor
		out[i].Legs = append(out[i].Legs, &voucherv1.Leg{Number: l.part.Number, Payee: to.Bytes(), AmountMinor: l.minor})
	}
	return out
}

func count(one bool) int64 {
	if one {
		return 1
	}
	return 0
}
