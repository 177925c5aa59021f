package voucher

import (
	"slices"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// extinguish closes the units of a part that went back to its obligor's member: a debt to oneself is none. Its trail ends
// with its own step, the obligor's line is freed, and the package moves on as by a payment. The use of the invoices
// stays taken up: the claim on them was real, has been given once, and was settled by what the holder got for it.
func extinguish(c *kernel.Ctx, pkg *voucherv1.Package, p *voucherv1.Part, to id.ID, why *voucherv1.Background) error {
	from, units := p.Holder.ID(), p.Outstanding()
	if err := tally(c, pkg, p, -1); err != nil {
		return err
	}
	endorse(c, p, &voucherv1.Endorsement{
		Step: voucherv1.Step_STEP_EXTINGUISHED, From: from.Bytes(), To: to.Bytes(), Background: why,
	})
	closeWhole(c, p)
	gone(c, pkg, p)
	pkg.ClosedMinor += units
	pkg.ExtinguishedMinor += units
	pkg.State = liveState(pkg)
	packages.Update(c, id.Must(pkg.Id), pkg)
	freeLine(c, pkg, units)
	c.Emit(&voucherv1.Extinguished{
		Package: p.Package, Number: p.Number, From: from.Bytes(), To: to.Bytes(), AmountMinor: units, Head: p.Head, State: pkg.State,
	}, parties(pkg, from, to)...)
	return c.Tally(id.Must(pkg.Obligor), voucherv1.ClassOwed, pkg.Currency, -count(pkg.Ended()), -units)
}

// parties are accounts, and the obligor where it is none of them.
func parties(pkg *voucherv1.Package, accounts ...id.ID) []id.ID {
	if obligor := id.Must(pkg.Obligor); !slices.Contains(accounts, obligor) {
		return append(accounts, obligor)
	}
	return accounts
}
