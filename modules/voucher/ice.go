package voucher

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// ice is freezes of one package.
type ice []*voucherv1.StandingFreeze

// laidOn are the freezes of a package whose end is not wholly written. A package without any costs no read.
func laidOn(c *kernel.Ctx, pkg *voucherv1.Package) ice {
	if pkg.Freezes == 0 {
		return nil
	}
	out := make(ice, 0, pkg.Freezes)
	freezes.Each(c, id.Must(pkg.Id), func(_ []byte, f *voucherv1.StandingFreeze) bool {
		out = append(out, f)
		return true
	})
	return out
}

// frozenNow are the freezes of a package whose time is not over: those that hold parts still.
func frozenNow(c *kernel.Ctx, pkg *voucherv1.Package) ice { return laidOn(c, pkg).standing(c.Now()) }

func (all ice) standing(nowUnixS int64) ice {
	var out ice
	for _, f := range all {
		if f.Stands(nowUnixS) {
			out = append(out, f)
		}
	}
	return out
}

// without are all but one.
func (all ice) without(one []byte) ice {
	var out ice
	for _, f := range all {
		if string(f.Id) != string(one) {
			out = append(out, f)
		}
	}
	return out
}

// over is the first freeze that meets any unit of a part; nil where none does.
func (all ice) over(p *voucherv1.Part) *voucherv1.StandingFreeze { return all.on(p.Lo, p.Hi) }

func (all ice) on(lo, hi int64) *voucherv1.StandingFreeze {
	for _, f := range all {
		if f.Meets(lo, hi) {
			return f
		}
	}
	return nil
}

// counts tells whether a part is counted as frozen in its holder's totals.
func (all ice) counts(p *voucherv1.Part) bool {
	for _, f := range all {
		if f.Counts(p.Lo, p.Hi) {
			return true
		}
	}
	return false
}

// refuse refuses a part that a freeze meets.
func (all ice) refuse(p *voucherv1.Part) error {
	if f := all.over(p); f != nil {
		return voucherv1.ErrFrozen.With("part %x by freeze %x until %d", p.Number, f.Id, f.UntilUnixS)
	}
	return nil
}
