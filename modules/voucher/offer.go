package voucher

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// offer lays a part before its receiver and books the day on which it lapses.
func offer(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part, item *voucherv1.TransferItem, flags [][]byte) error {
	holder := p.Holder.ID()
	s, err := c.Standing(holder)
	if err != nil {
		return err
	}
	lapse, err := c.Book(item.OfferExpiresUnixS, s.Lane, kindLapse, keyOf(p).Append(nil))
	if err != nil {
		return err
	}
	if err := tally(c, pkg, p, -1); err != nil {
		return err
	}
	p.State = voucherv1.PartState_PART_STATE_OFFERED
	p.Offer = &voucherv1.Offer{
		To: item.To, ExpiresUnixS: item.OfferExpiresUnixS, Background: item.Background, Recourse: item.Recourse, Lapse: lapse,
	}
	parts.Update(c, keyOf(p), p)
	c.Emit(&voucherv1.Offered{
		Package: p.Package, Number: p.Number, From: holder.Bytes(), To: item.To, AmountMinor: p.Outstanding(),
		ExpiresUnixS: item.OfferExpiresUnixS, Flags: flags,
	}, holder, id.Must(item.To))
	return tally(c, pkg, p, 1)
}

// acceptOffer takes a part that is on offer to the caller, and with it takes up the use of the endorsement's invoices.
func (v *Vouchers) acceptOffer(c *kernel.Ctx, m *voucherv1.AcceptOffer) error {
	pkg, p, err := partAt(c, m.Part)
	if err != nil {
		return err
	}
	to, err := c.Standing(c.Caller())
	if err != nil {
		return err
	}
	if err := mayAnswer(c, p); err != nil {
		return err
	}
	if now := c.Now(); now >= p.Offer.ExpiresUnixS {
		return voucherv1.ErrOfferLapsed.With("at %d, it is %d", p.Offer.ExpiresUnixS, now)
	}
	if err := beforePayment(c, pkg); err != nil {
		return err
	}
	t, err := judge(c, p.Offer.Background, pkg.Currency, p.Outstanding())
	if err != nil {
		return err
	}
	if err := t.named(m.Flags); err != nil {
		return err
	}
	if err := frozenNow(c, pkg).refuse(p); err != nil {
		return err
	}
	t.takeUp(c, p.Number)
	c.Unbook(p.Offer.Lapse)
	return deliver(c, pkg, p, to, p.Offer.Background, p.Offer.Recourse)
}

// mayAnswer refuses where the part is not on offer to the caller.
func mayAnswer(c *kernel.Ctx, p *voucherv1.Part) error {
	switch {
	case !offered(p):
		return voucherv1.ErrNotOffered
	case !is(p.Offer.To, c.Caller()):
		return voucherv1.ErrNotReceiver
	}
	return nil
}

// rejectOffer is the receiver's no; after the offer's time too.
func (v *Vouchers) rejectOffer(c *kernel.Ctx, m *voucherv1.RejectOffer) error {
	pkg, p, err := partAt(c, m.Part)
	if err != nil {
		return err
	}
	if err := mayAnswer(c, p); err != nil {
		return err
	}
	c.Unbook(p.Offer.Lapse)
	return endOffer(c, pkg, p, voucherv1.OfferEnd_OFFER_END_REJECTED, m.Reason)
}

// withdrawOffer takes an offer back that nobody has answered.
func (v *Vouchers) withdrawOffer(c *kernel.Ctx, m *voucherv1.WithdrawOffer) error {
	pkg, p, err := partAt(c, m.Part)
	switch {
	case err != nil:
		return err
	case p.Holder.ID() != c.Caller():
		return voucherv1.ErrNotHolder
	case !offered(p):
		return voucherv1.ErrNotOffered
	}
	c.Unbook(p.Offer.Lapse)
	return endOffer(c, pkg, p, voucherv1.OfferEnd_OFFER_END_WITHDRAWN, "")
}

// lapse is the dated item of an offer that nobody answered. Whoever ends an offer takes it out of the queue, so that
// one is there when this runs.
func (v *Vouchers) lapse(c *kernel.Ctx, _ int64, payload []byte) error {
	k := kernel.Join(id.ID(payload[:id.Size]), id.ID(payload[id.Size:]))
	p, ok := parts.Get(c, k)
	pkg, there := packages.Get(c, k.A)
	if !ok || !there || !offered(p) {
		broken("an offer of part %s is booked to lapse, and there is none", k.B)
	}
	return endOffer(c, pkg, p, voucherv1.OfferEnd_OFFER_END_LAPSED, "")
}

// endOffer gives the part back to its holder's free disposal; the head stays.
func endOffer(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part, how voucherv1.OfferEnd, reason string) error {
	if err := tally(c, pkg, p, -1); err != nil {
		return err
	}
	to := id.Must(p.Offer.To)
	p.State, p.Offer = voucherv1.PartState_PART_STATE_HELD, nil
	parts.Update(c, keyOf(p), p)
	c.Emit(&voucherv1.OfferEnded{Package: p.Package, Number: p.Number, End: how, Reason: reason}, p.Holder.ID(), to)
	return tally(c, pkg, p, 1)
}
