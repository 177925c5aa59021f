package voucher

import (
	"slices"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// planted is a world to plant faults in: a package waiting, one with closed ranges, one with a part on offer and a part
// held, in which the faults are, and one that is frozen, paid and in part extinguished.
type planted struct {
	*world
	waiting, pkg, icy *voucherv1.Package
	offered, held     *voucherv1.Part
	freeze            *voucherv1.StandingFreeze
}

func newPlanted(t *testing.T) planted {
	w := newWorld(t)
	waiting := w.pending(100, "w")
	paid, p := w.active(500, "a")
	w.Must(alpha, splitInto(p.Ref(), 1, 199, 300))
	pkg, p := w.active(500, "b")
	w.Must(alpha, splitInto(p.Ref(), 200, 300))
	icy, q := w.active(500, "c")
	w.returned(alpha, acme, q, 200)
	w.untilDue(0)
	w.mint(acme, 700)
	freeze := w.frozen(court, icy.Id, 301, 500, 10)
	w.Must(acme, payment(icy, 150))
	w.Must(acme, payment(paid, 499))
	if left := w.parts(paid.Id); len(left) != 1 {
		t.Fatal(left)
	}
	w.Must(alpha, items(w.give(w.parts(pkg.Id)[0], beta, 0)))
	all := w.parts(pkg.Id)
	return planted{w, waiting, w.pkg(pkg.Id), w.pkg(icy.Id), all[0], all[1], freeze}
}

func (p planted) part(of *voucherv1.Part, change func(*voucherv1.Part)) {
	of = proto.CloneOf(of)
	change(of)
	p.Plant(voucherv1.PartKey(id.Must(of.Package), id.Must(of.Number)), of)
}

func (p planted) change(of *voucherv1.Package, change func(*voucherv1.Package)) {
	of = proto.CloneOf(of)
	change(of)
	p.Plant(voucherv1.PackageKey(id.Must(of.Id)), of)
}

func (p planted) extent(lo int64, e *voucherv1.Extent) {
	key := voucherv1.ExtentKey(id.Must(p.pkg.Id), lo)
	if e == nil {
		p.Plant(key, nil)
		return
	}
	p.Plant(key, e)
}

func (p planted) laid(change func(*voucherv1.StandingFreeze)) {
	f := proto.CloneOf(p.freeze)
	change(f)
	p.Plant(voucherv1.FreezeKey(id.Must(f.Package), id.Must(f.Id)), f)
}

func (p planted) line(outstanding int64) {
	p.Plant(voucherv1.LineKey(acme.ID, "CNY"), &voucherv1.Line{
		Obligor: acme.ID.Bytes(), Currency: "CNY", LimitMinor: line, OutstandingMinor: outstanding,
	})
}

func TestInvariantsCatch(t *testing.T) {
	for name, tc := range map[string]struct {
		plant func(planted)
		want  []string
	}{
		"an extent overlaps":        {func(p planted) { p.extent(1, &voucherv1.Extent{Hi: 201, Number: p.offered.Number}) }, []string{"voucher/ranges"}},
		"an extent is gone":         {func(p planted) { p.extent(201, nil) }, []string{"voucher/ranges"}},
		"a unit is nobody's":        {func(p planted) { p.extent(201, nil); p.extent(202, &voucherv1.Extent{Hi: 500, Number: p.held.Number}) }, []string{"where 201 comes next"}},
		"closed ranges meet":        {func(p planted) { p.extent(1, &voucherv1.Extent{Hi: 200}); p.extent(201, &voucherv1.Extent{Hi: 500}) }, []string{"two closed ranges"}},
		"an extent of no package":   {func(p planted) { p.Plant(voucherv1.ExtentKey(id.Hash("x"), 1), &voucherv1.Extent{Hi: 1}) }, []string{"which is not there"}},
		"a waiting package's units": {func(p planted) { p.change(p.waiting, func(x *voucherv1.Package) { x.Parts = 1 }) }, []string{"voucher/ranges"}},
		"a part is gone":            {func(p planted) { p.Plant(voucherv1.PartKey(id.Must(p.pkg.Id), id.Must(p.held.Number)), nil) }, []string{"voucher/ranges", "voucher/totals"}},
		"a part too many": {func(p planted) {
			p.part(p.held, func(x *voucherv1.Part) { x.Number = hash("another") })
		}, []string{"voucher/ranges", "voucher/totals"}},
		"a part grew":                {func(p planted) { p.part(p.held, func(x *voucherv1.Part) { x.Hi++ }) }, []string{"voucher/ranges", "voucher/totals"}},
		"a part is paid more":        {func(p planted) { p.part(p.held, func(x *voucherv1.Part) { x.ClosedMinor = 1 }) }, []string{"voucher/ranges", "voucher/totals"}},
		"a part changed hands":       {func(p planted) { p.part(p.held, func(x *voucherv1.Part) { x.Holder = voucherv1.HeldBy(gamma.ID) }) }, []string{"voucher/totals"}},
		"a package is paid more":     {func(p planted) { p.change(p.pkg, func(x *voucherv1.Package) { x.ClosedMinor = 1 }) }, []string{"voucher/ranges", "voucher/totals", "voucher/lines"}},
		"a package counts wrong":     {func(p planted) { p.change(p.pkg, func(x *voucherv1.Package) { x.Parts = 3 }) }, []string{"voucher/ranges"}},
		"a package in a wrong state": {func(p planted) { p.change(p.pkg, func(x *voucherv1.Package) { x.State = 3 }) }, []string{"voucher/ranges"}},
		"a package is another's":     {func(p planted) { p.change(p.pkg, func(x *voucherv1.Package) { x.Obligor = omega.ID.Bytes() }) }, []string{"voucher/totals", "voucher/lines", "has no line"}},
		"a part of no package":       {func(p planted) { p.Plant(voucherv1.PackageKey(id.Must(p.pkg.Id)), nil) }, []string{"voucher/ranges", "voucher/totals"}},
		"a line says less":           {func(p planted) { p.line(0) }, []string{"voucher/lines"}},
		"a line is gone":             {func(p planted) { p.Plant(voucherv1.LineKey(acme.ID, "CNY"), nil) }, []string{"has no line"}},
		"totals are gone":            {func(p planted) { p.Plant(kernelv1.TotalsKey(beta.ID), nil) }, []string{"has no total"}},
		"totals of nothing":          {func(p planted) { p.Plant(kernelv1.TotalsKey(gamma.ID), wrongTotals()) }, []string{"voucher/totals"}},
		"an invoice is overused": {func(p planted) {
			p.Plant(voucherv1.InvoiceKey(id.Must(hash("a"))), &voucherv1.Invoice{Fingerprint: hash("a"), TotalMinor: 1, UsedMinor: 2})
		}, []string{"voucher/invoices"}},
		"a flag leads nowhere": {func(p planted) {
			p.Plant(voucherv1.InvoiceFlagKey(id.Hash("x")), &voucherv1.InvoiceFlag{Fingerprint: hash("x")})
		}, []string{"voucher/invoices"}},
		"an offer of a part held":     {func(p planted) { p.part(p.held, func(x *voucherv1.Part) { x.Offer = p.offered.Offer }) }, []string{"voucher/offers"}},
		"no offer of a part on offer": {func(p planted) { p.part(p.held, func(x *voucherv1.Part) { x.State = 0 }) }, []string{"voucher/offers"}},
		"an offer with another end":   {func(p planted) { p.part(p.offered, func(x *voucherv1.Part) { x.Offer.ExpiresUnixS++ }) }, []string{"voucher/offers"}},
		"an offer that never lapses":  {func(p planted) { p.Plant(slices.Concat(kernelv1.PrefixQueue[:], p.offered.Offer.Lapse), nil) }, []string{"voucher/offers"}},
		"an extent that is no more extinguished": {func(p planted) {
			p.Plant(voucherv1.ExtentKey(id.Must(p.icy.Id), 1), &voucherv1.Extent{Hi: 200})
		}, []string{"voucher/ranges"}},
		"a part that is extinguished": {func(p planted) {
			p.extent(201, &voucherv1.Extent{Hi: 500, Number: p.held.Number, Extinguished: true})
		}, []string{"where it says extinguished"}},
		"a package extinguished more": {func(p planted) { p.change(p.icy, func(x *voucherv1.Package) { x.ExtinguishedMinor++ }) }, []string{"voucher/ranges"}},
		"a trail that is too short":   {func(p planted) { p.part(p.held, func(x *voucherv1.Part) { x.Trail = 0 }) }, []string{"a trail of 0 entries"}},
		"a trail that is too long":    {func(p planted) { p.part(p.held, func(x *voucherv1.Part) { x.Trail = voucherv1.MaxTrail + 1 }) }, []string{"a trail of 14161 entries"}},
		"splits from nowhere":         {func(p planted) { p.part(p.held, func(x *voucherv1.Part) { x.SplitsLeft = 10_001 }) }, []string{"splits left"}},
		"fewer entries than parts":    {func(p planted) { p.change(p.pkg, func(x *voucherv1.Package) { x.Entries = 1 }) }, []string{"1 entries for 2 parts"}},
		"a freeze is gone": {func(p planted) {
			p.Plant(voucherv1.FreezeKey(id.Must(p.freeze.Package), id.Must(p.freeze.Id)), nil)
		}, []string{"voucher/freezes", "voucher/totals", "voucher/blocked"}},
		"a package counts freezes wrong": {func(p planted) { p.change(p.icy, func(x *voucherv1.Package) { x.Freezes = 2 }) }, []string{"voucher/freezes"}},
		"a package forgot its freeze":    {func(p planted) { p.change(p.icy, func(x *voucherv1.Package) { x.Freezes = 0 }) }, []string{"voucher/freezes", "voucher/totals", "voucher/blocked"}},
		"a freeze of no package":         {func(p planted) { p.laid(func(f *voucherv1.StandingFreeze) { f.Package = hash("x") }) }, []string{"voucher/freezes"}},
		"a freeze of a waiting package":  {func(p planted) { p.laid(func(f *voucherv1.StandingFreeze) { f.Package = p.waiting.Id }) }, []string{"voucher/freezes"}},
		"a freeze beyond its package": {func(p planted) {
			p.laid(func(f *voucherv1.StandingFreeze) { f.Extent = voucherv1.RangeExtent(301, 501) })
		}, []string{"ExtentOutside"}},
		"a freeze of more": {func(p planted) {
			p.laid(func(f *voucherv1.StandingFreeze) { f.Extent = voucherv1.RangeExtent(201, 500) })
		}, []string{"voucher/totals"}},
		"a freeze of less":                {func(p planted) { p.laid(func(f *voucherv1.StandingFreeze) { f.Extent = voucherv1.RangeExtent(1, 5) }) }, []string{"voucher/totals", "voucher/blocked"}},
		"a freeze by another":             {func(p planted) { p.laid(func(f *voucherv1.StandingFreeze) { f.By = police.ID.Bytes() }) }, []string{"voucher/totals"}},
		"a freeze that is not remembered": {func(p planted) { p.laid(func(f *voucherv1.StandingFreeze) { f.Member = police.Member.Bytes() }) }, []string{"is not remembered"}},
		"a freeze with another end":       {func(p planted) { p.laid(func(f *voucherv1.StandingFreeze) { f.UntilUnixS++ }) }, []string{"is not booked to end"}},
		"a freeze that never ends":        {func(p planted) { p.Plant(slices.Concat(kernelv1.PrefixQueue[:], p.freeze.Thaw), nil) }, []string{"is not booked to end"}},
		"a claim blocked for nothing": {func(p planted) {
			p.Plant(depositv1.BlockedKey(id.Must(p.pkg.Id), id.Must(p.held.Number), bank.Member), &depositv1.BlockedClaim{
				Bank: bank.Member.Bytes(), Holder: alpha.ID.Bytes(), Currency: "CNY", AmountMinor: 1, Package: p.pkg.Id, Number: p.held.Number,
				Extent: extentOf(p.held),
			})
		}, []string{"voucher/blocked", "deposit/issued", "deposit/totals"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlanted(t)
			tc.plant(p)
			got := strings.Join(p.M.CheckInvariants(p.View()), "\n")
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("want %s in:\n%s", want, got)
				}
			}
		})
	}
}

func wrongTotals() *kernelv1.Totals {
	return &kernelv1.Totals{Lines: []*kernelv1.Total{{Class: voucherv1.ClassHeld, Currency: "CNY", Count: 1, AmountMinor: 1}}}
}
