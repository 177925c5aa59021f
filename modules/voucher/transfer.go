package voucher

import (
	"cmp"

	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// transfer passes parts on: at once where the receiver's standing acceptance covers it, else as offers.
func (v *Vouchers) transfer(c *kernel.Ctx, m *voucherv1.Transfer) error {
	for i, item := range m.Items {
		if err := v.transferItem(c, item); err != nil {
			return voucherv1.Item("items", i, err)
		}
	}
	return nil
}

// givesTransfer counts an item whose part is not there, or is less than it says, as nothing: it is refused.
func givesTransfer(c *kernel.Ctx, m *voucherv1.Transfer) (given []money.Amount, err error) {
	for _, item := range m.Items {
		pkg, p, notThere := partAt(c, item.Part)
		if notThere != nil {
			continue
		}
		if given, err = plus(given, pkg.Currency, amountOf(item, p)); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// amountOf is how much of a part an item passes on.
func amountOf(item *voucherv1.TransferItem, p *voucherv1.Part) int64 {
	return cmp.Or(item.AmountMinor, p.Outstanding())
}

func (v *Vouchers) transferItem(c *kernel.Ctx, item *voucherv1.TransferItem) error {
	pkg, p, err := partAt(c, item.Part)
	if err != nil {
		return err
	}
	to, err := mayTransfer(c, pkg, p, item)
	if err != nil {
		return err
	}
	amount := amountOf(item, p)
	t, err := judge(c, item.Background, pkg.Currency, amount)
	if err != nil {
		return err
	}
	direct, err := atOnce(c, pkg, item, amount, t)
	if err != nil {
		return err
	}
	if err := frozenNow(c, pkg).refuse(p); err != nil {
		return err
	}
	if amount < p.Outstanding() {
		pieces, err := divide(c, pkg, p, []int64{amount, p.Units() - amount}, voucherv1.Step_STEP_SPLIT)
		if err != nil {
			return err
		}
		p = pieces[0]
	}
	if !direct {
		err = offer(c, pkg, p, item, t.flags)
	} else {
		t.takeUp(c, p.Number)
		err = deliver(c, pkg, p, to, item.Background, item.Recourse)
	}
	if err != nil {
		return err
	}
	return deposit.Room(c, to.Account, pkg.Currency)
}

// mayTransfer judges part and receiver, before the background. Back to the obligor a part goes from any depth: nobody
// passes it on from there.
func mayTransfer(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part, item *voucherv1.TransferItem) (to kernel.Standing, err error) {
	if err := free(c, p); err != nil {
		return to, err
	}
	if err := beforePayment(c, pkg); err != nil {
		return to, err
	}
	to, err = c.Active(id.Must(item.To))
	switch amount := amountOf(item, p); {
	case err != nil:
	case to.Account == c.Caller():
		err = voucherv1.ErrToHolder
	case amount > p.Outstanding():
		err = voucherv1.ErrPartAmount.At("amount_minor", "%d of %d", amount, p.Outstanding())
	case p.Depth >= pkg.DepthMax && !toObligor(pkg, to):
		err = voucherv1.ErrDepth.With("%d times", p.Depth)
	case amount < p.Outstanding():
		err = mayDivide(c, pkg, p, 2)
	}
	return to, err
}

// beforePayment refuses what is not done after the due day, nor once payment has begun: a part that passes on has
// all of its units.
func beforePayment(c *kernel.Ctx, pkg *voucherv1.Package) error {
	if c.Today() > pkg.DueDay || pkg.Paid() > 0 {
		return voucherv1.ErrAfterDue.With("it is due on day %d, today is %d, %d are paid", pkg.DueDay, c.Today(), pkg.Paid())
	}
	return nil
}

// atOnce tells whether the part goes to its receiver now, or as an offer.
func atOnce(c *kernel.Ctx, pkg *voucherv1.Package, item *voucherv1.TransferItem, amountMinor int64, t *trade) (bool, error) {
	expires := item.OfferExpiresUnixS
	if expires != 0 && (expires <= c.Now() || expires > c.Now()+voucherv1.MaxOfferS) {
		return false, voucherv1.ErrOfferExpiry.At("offer_expires_unix_s", "%d, it is %d", expires, c.Now())
	}
	direct := covered(c, id.Must(item.To), pkg.Currency, amountMinor, t)
	if !direct && expires == 0 {
		return false, voucherv1.ErrNotCovered.At("offer_expires_unix_s", "there is none")
	}
	return direct, nil
}
