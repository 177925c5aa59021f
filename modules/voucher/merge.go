package voucher

import (
	"bytes"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// merge makes one part of neighbours that the caller holds.
func (v *Vouchers) merge(c *kernel.Ctx, m *voucherv1.Merge) error {
	pkg, err := packageAt(c, m.Package)
	if err != nil {
		return err
	}
	var all []*voucherv1.Part
	for i, ref := range m.Parts {
		_, p, err := partAt(c, ref)
		if err == nil {
			err = free(c, p)
		}
		if err != nil {
			return voucherv1.Item("parts", i, err)
		}
		all = append(all, p)
	}
	if err := mayMerge(c, pkg, all); err != nil {
		return err
	}
	return join(c, pkg, all)
}

// mayMerge judges parts that the caller holds freely.
func mayMerge(c *kernel.Ctx, pkg *voucherv1.Package, all []*voucherv1.Part) error {
	ice := frozenNow(c, pkg)
	for i, p := range all {
		if err := ice.refuse(p); err != nil {
			return voucherv1.Item("parts", i, err)
		}
	}
	for i, p := range all[1:] {
		if !adjacent(all[i], p) {
			return voucherv1.Item("parts", i+1, voucherv1.ErrNotAdjacent.With("[%d..%d] after [%d..%d]", p.Lo, p.Hi, all[i].Lo, all[i].Hi))
		}
	}
	for i, p := range all {
		if !bytes.Equal(p.Recourse, all[0].Recourse) {
			return voucherv1.Item("parts", i, voucherv1.ErrEndorsers)
		}
	}
	if n := trailOf(pkg, all); n > voucherv1.MaxMergedTrail {
		return voucherv1.ErrTrail.With("it would have %d", n)
	}
	return nil
}

// trailOf is how many entries the trail of a merged part has at most: its own and those of all parents, of which none is
// counted twice that the package has once.
func trailOf(pkg *voucherv1.Package, parents []*voucherv1.Part) uint64 {
	sum, ended := uint64(1), uint64(pkg.Entries)+1
	for _, p := range parents {
		sum, ended = sum+uint64(p.Trail), ended+uint64(p.Passes)
	}
	return min(sum, ended)
}

// join ends parts and puts one in their place; its trail goes on after the heads of all, in order of range.
func join(c *kernel.Ctx, pkg *voucherv1.Package, parents []*voucherv1.Part) error {
	event := &voucherv1.Merged{Package: pkg.Id}
	for _, p := range parents {
		if err := tally(c, pkg, p, -1); err != nil {
			return err
		}
		event.Parents = append(event.Parents, p.Number)
	}
	merged := fuse(c, parents)
	before := voucherv1.Join(parents...)
	c.Keep(before)
	merged.Head, merged.Trail = kernelv1.KeptHash(before).Bytes(), uint32(trailOf(pkg, parents))-1
	for _, p := range parents {
		gone(c, pkg, p)
	}
	holder := merged.Holder.ID()
	endorse(c, merged, &voucherv1.Endorsement{Step: voucherv1.Step_STEP_MERGED, From: holder.Bytes(), To: holder.Bytes()})
	born(c, pkg, merged)
	packages.Update(c, id.Must(pkg.Id), pkg)
	event.Number, event.AmountMinor, event.Head = merged.Number, merged.Outstanding(), merged.Head
	c.Emit(event, holder)
	return tally(c, pkg, merged, 1)
}
