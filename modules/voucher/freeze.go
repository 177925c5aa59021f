package voucher

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// freeze has what lies in an extent of a package stand still, wherever it has moved to meanwhile.
func (v *Vouchers) freeze(c *kernel.Ctx, m *voucherv1.Freeze) error {
	pkg, err := packageAt(c, m.Package)
	if err != nil {
		return err
	}
	member, err := memberOf(c)
	if err != nil {
		return err
	}
	if err := v.mayFreeze(c, pkg, m, member); err != nil {
		return err
	}
	return v.lay(c, pkg, &voucherv1.StandingFreeze{
		Id: c.NewID().Bytes(), Package: m.Package, Extent: m.Extent, By: c.Caller().Bytes(), Member: member, Reason: m.Reason, Case: m.Case,
		FromUnixS: c.Now(), UntilUnixS: m.UntilUnixS,
	})
}

// mayFreeze judges a freeze by a member; none is governance.
func (v *Vouchers) mayFreeze(c *kernel.Ctx, pkg *voucherv1.Package, m *voucherv1.Freeze, member []byte) error {
	if pending(pkg) || pkg.State == voucherv1.PackageState_PACKAGE_STATE_CANCELLED {
		return voucherv1.ErrNotLive
	}
	lo, hi, err := within(pkg, m.Extent)
	if err != nil {
		return err
	}
	if len(lying(c, id.Must(pkg.Id), lo, hi)) == 0 && !v.blockedIn(c, pkg, lo, hi) {
		return voucherv1.ErrNothingThere.At("extent", "[%d..%d]", lo, hi)
	}
	longest := c.Param(freezeMax)
	if len(member) > 0 {
		longest = c.Param(authorityFreezeMax)
	}
	if now := c.Now(); m.UntilUnixS <= now || m.UntilUnixS > now+longest {
		return voucherv1.ErrFreezeUntil.At("until_unix_s", "%d, it is %d and at most %d s are allowed", m.UntilUnixS, now, longest)
	}
	if len(member) > 0 {
		if err := againstMemory(c, pkg, m, id.Must(member)); err != nil {
			return err
		}
	}
	if pkg.Freezes >= voucherv1.MaxFreezes {
		return voucherv1.ErrFreezesFull.With("%d in all", pkg.Freezes)
	}
	return nil
}

// againstMemory refuses what would go on beyond an authority's time by freezing the same units again.
func againstMemory(c *kernel.Ctx, pkg *voucherv1.Package, m *voucherv1.Freeze, member id.ID) (err error) {
	lo, hi, _ := voucherv1.ReadRange(m.Extent)
	longest, remembered := c.Param(authorityFreezeMax), 0
	memories.Each(c, kernel.Join(id.Must(pkg.Id), member), func(_ []byte, r *voucherv1.FreezeMemory) bool {
		remembered++
		before := voucherv1.StandingFreeze{Extent: r.Extent}
		if c.Now() < r.ForgottenUnixS && before.Meets(lo, hi) && m.UntilUnixS > r.FromUnixS+longest {
			err = voucherv1.ErrFrozenBefore.At("until_unix_s", "%d, units of it are frozen since %d: until %d at most, and anew from %d on",
				m.UntilUnixS, r.FromUnixS, r.FromUnixS+longest, r.ForgottenUnixS)
		}
		return err == nil
	})
	if err == nil && remembered >= voucherv1.MaxFreezesByOne {
		err = voucherv1.ErrFreezesFull.With("%d by this member", remembered)
	}
	return err
}

// blockedIn tells whether money is blocked that was paid for units of [lo..hi].
func (v *Vouchers) blockedIn(c *kernel.Ctx, pkg *voucherv1.Package, lo, hi int64) bool {
	f := ice{{Extent: voucherv1.RangeExtent(lo, hi)}}
	for _, claim := range v.deposits.Blocked(c, id.Must(pkg.Id)) {
		if from, to, ok := voucherv1.ReadRange(claim.Extent); ok && f.on(from, to) != nil {
			return true
		}
	}
	return false
}

// memberOf is the member that lays or releases a freeze; none is governance.
func memberOf(c *kernel.Ctx) ([]byte, error) { return guarantorOf(c) }

// lay lays a freeze that has been judged: it cuts what lies across its borders, books its end, and tells whom it meets.
func (v *Vouchers) lay(c *kernel.Ctx, pkg *voucherv1.Package, f *voucherv1.StandingFreeze) (err error) {
	pkgID := id.Must(pkg.Id)
	lo, hi, err := within(pkg, f.Extent)
	if err != nil {
		return err
	}
	if err := cutOut(c, pkg, lo, hi); err != nil {
		return err
	}
	if f.Thaw, err = c.Book(f.UntilUnixS, kernel.LawLane, kindThaw, freezeAt(f).Append(nil)); err != nil {
		return err
	}
	met := lying(c, pkgID, lo, hi)
	if err := tallyFrozen(c, pkg, laidOn(c, pkg), met, 1); err != nil {
		return err
	}
	freezes.Insert(c, freezeAt(f), f)
	pkg.Freezes++
	packages.Update(c, pkgID, pkg)
	if err := remember(c, f, met); err != nil {
		return err
	}
	tellFrozen(c, pkg, f, met)
	return c.Tally(id.Must(f.By), voucherv1.ClassLaid, pkg.Currency, 1, 0)
}

// cutOut divides the parts that lie across the borders of [lo..hi]. An offer of such a part ends: its background is for the
// whole. Where the package has no room for another part, or the part's trail none for another entry, the part stays
// whole, and the freeze holds all of it.
func cutOut(c *kernel.Ctx, pkg *voucherv1.Package, lo, hi int64) error {
	for _, p := range lying(c, id.Must(pkg.Id), lo, hi) {
		pieces := borders(p, lo, hi)
		if len(pieces) == 1 || int(pkg.Parts)+len(pieces)-1 > voucherv1.MaxCutParts || p.Trail >= voucherv1.MaxMergedTrail {
			continue
		}
		if offered(p) {
			c.Unbook(p.Offer.Lapse)
			if err := endOffer(c, pkg, p, voucherv1.OfferEnd_OFFER_END_FROZEN, "a piece of the part was frozen"); err != nil {
				return err
			}
		}
		if _, err := divide(c, pkg, p, pieces, voucherv1.Step_STEP_CUT); err != nil {
			return err
		}
	}
	return nil
}

// tallyFrozen adds (1) parts to what is frozen of their holders', or takes them away (−1), but for those that other freezes
// count too.
func tallyFrozen(c *kernel.Ctx, pkg *voucherv1.Package, others ice, met []*voucherv1.Part, sign int64) error {
	for _, p := range met {
		if others.counts(p) {
			continue
		}
		if err := c.Tally(p.Holder.ID(), voucherv1.ClassFrozen, pkg.Currency, sign, sign*p.Outstanding()); err != nil {
			return err
		}
	}
	return nil
}

// remember keeps what an authority froze beyond the freeze's end: the extent, and the whole of each part that stands still
// with it, since what cannot be divided would else be frozen unit after unit.
func remember(c *kernel.Ctx, f *voucherv1.StandingFreeze, met []*voucherv1.Part) error {
	if len(f.Member) == 0 {
		return nil
	}
	lo, hi, _ := voucherv1.ReadRange(f.Extent)
	if n := len(met); n > 0 {
		lo, hi = min(lo, met[0].Lo), max(hi, met[n-1].Hi)
	}
	until, err := money.Add(f.FromUnixS, c.Param(authorityFreezeMax)+c.Param(freezeAgain)*86_400)
	if err != nil {
		return kernel.ErrOverflow.With("%s", err)
	}
	k := memoryOf(f)
	memories.Insert(c, k, &voucherv1.FreezeMemory{Extent: voucherv1.RangeExtent(lo, hi), FromUnixS: f.FromUnixS, ForgottenUnixS: until})
	_, err = c.Book(until, kernel.LawLane, kindForget, k.Append(nil))
	return err
}

// forget is the dated item of what is remembered of an authority's freeze.
func (v *Vouchers) forget(c *kernel.Ctx, _ int64, payload []byte) error {
	k := kernel.Join(id.ID(payload[:id.Size]), kernel.Join(id.ID(payload[id.Size:2*id.Size]), id.ID(payload[2*id.Size:])))
	memories.Delete(c, k)
	return nil
}

// tellFrozen tells the obligor and who laid the freeze what it meets in all, and each holder what it meets of its own.
func tellFrozen(c *kernel.Ctx, pkg *voucherv1.Package, f *voucherv1.StandingFreeze, met []*voucherv1.Part) {
	event := func() *voucherv1.FreezeLaid {
		return &voucherv1.FreezeLaid{
			Package: f.Package, Freeze: f.Id, Extent: f.Extent, By: f.By, Reason: f.Reason, Case: f.Case, UntilUnixS: f.UntilUnixS,
		}
	}
	whole, own := event(), map[id.ID]*voucherv1.FreezeLaid{}
	for _, p := range met {
		whole.AmountMinor += p.Outstanding()
		holder := p.Holder.ID()
		if own[holder] == nil {
			own[holder] = event()
		}
		own[holder].AmountMinor += p.Outstanding()
		own[holder].Numbers = append(own[holder].Numbers, p.Number)
	}
	c.Emit(whole, overseers(pkg, f)...)
	for _, holder := range holders(met) {
		c.Emit(own[holder], holder)
	}
}

// overseers are the obligor and who laid the freeze.
func overseers(pkg *voucherv1.Package, f *voucherv1.StandingFreeze) []id.ID {
	if by := id.Must(f.By); by != kernel.Governance {
		return parties(pkg, by)
	}
	return parties(pkg)
}

// holders are who holds parts, each once, in order.
func holders(all []*voucherv1.Part) []id.ID {
	var out []id.ID
	met := map[id.ID]bool{}
	for _, p := range all {
		if h := p.Holder.ID(); !met[h] {
			met[h], out = true, append(out, h)
		}
	}
	return out
}
