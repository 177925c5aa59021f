package voucher

import (
	"fmt"

	"github.com/splittally/splittally/modules/deposit/depositv1"
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
	laid := laidOn(c, pkg)
	now, err := closeUnits(c, pkg, laid, spans, legs)
	if err != nil {
		return err
	}
	redraw(c, pkgID, spans, now)
	pkg.ClosedMinor += m.AmountMinor
	pkg.State = liveState(pkg)
	packages.Update(c, pkgID, pkg)
	freeLine(c, pkg, m.AmountMinor)
	if err := c.Tally(c.Caller(), voucherv1.ClassOwed, pkg.Currency, -count(pkg.Ended()), -m.AmountMinor); err != nil {
		return err
	}
	return v.settle(c, pkg, laid.standing(c.Now()), id.Must(m.Bank), legs)
}

// liveState is the state of an accepted package by what of it is closed.
func liveState(pkg *voucherv1.Package) voucherv1.PackageState {
	switch {
	case pkg.Outstanding() == 0:
		return voucherv1.PackageState_PACKAGE_STATE_SETTLED
	case pkg.Paid() > 0:
		return voucherv1.PackageState_PACKAGE_STATE_PART_SETTLED
	}
	return voucherv1.PackageState_PACKAGE_STATE_ACTIVE
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
func closeUnits(c *kernel.Ctx, pkg *voucherv1.Package, laid ice, spans []span, legs []leg) ([]span, error) {
	now := append([]span(nil), spans...)
	for _, l := range legs {
		p := l.part
		paid := l.minor == p.Outstanding()
		if err := tallyBy(c, pkg, laid, p, -count(paid), -l.minor); err != nil {
			return nil, err
		}
		p.ClosedMinor += l.minor
		if !paid {
			parts.Update(c, keyOf(p), p)
			continue
		}
		gone(c, pkg, p)
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
func (v *Vouchers) settle(c *kernel.Ctx, pkg *voucherv1.Package, frozen ice, bank id.ID, legs []leg) error {
	reference := fmt.Sprintf("voucher %x", pkg.Id)
	for _, p := range payees(legs) {
		free, err := v.block(c, pkg, frozen, bank, p)
		if err != nil {
			return err
		}
		if err := v.deposits.Move(c, bank, c.Caller(), p.account, pkg.Currency, free, reference); err != nil {
			return err
		}
		p.paid.Package, p.paid.Bank, p.paid.State = pkg.Id, bank.Bytes(), pkg.State
		c.Emit(p.paid, c.Caller(), p.account)
	}
	return nil
}

// block pays into blocked claims what a payee gets for parts that are frozen, and returns what is left to pay, in minor
// units.
func (v *Vouchers) block(c *kernel.Ctx, pkg *voucherv1.Package, frozen ice, bank id.ID, p *payee) (free int64, err error) {
	free = p.paid.AmountMinor
	for i, l := range p.legs {
		f := frozen.over(l.part)
		if f == nil {
			continue
		}
		free -= l.minor
		p.paid.Legs[i].Blocked = true
		if err := v.deposits.Block(c, c.Caller(), &depositv1.BlockedClaim{
			Bank: bank.Bytes(), Holder: p.account.Bytes(), Currency: pkg.Currency, AmountMinor: l.minor, Package: pkg.Id,
			Number: l.part.Number, Extent: extentOf(l.part), Freeze: f.Id,
		}); err != nil {
			return 0, err
		}
	}
	return free, nil
}

// payee is an account with its legs of a payment, as the event lists them.
type payee struct {
	account id.ID
	paid    *voucherv1.Paid
	legs    []leg
}

// payees gathers the legs by payee, in order of their first.
func payees(legs []leg) []*payee {
	var out []*payee
	at := map[id.ID]*payee{}
	for _, l := range legs {
		to := l.part.Holder.ID()
		p, met := at[to]
		if !met {
			p = &payee{account: to, paid: &voucherv1.Paid{}}
			at[to] = p
			out = append(out, p)
		}
		p.legs = append(p.legs, l)
		p.paid.AmountMinor += l.minor
		p.paid.Legs = append(p.paid.Legs, &voucherv1.Leg{Number: l.part.Number, Payee: to.Bytes(), AmountMinor: l.minor})
	}
	return out
}

func count(one bool) int64 {
	if one {
		return 1
	}
	return 0
}
