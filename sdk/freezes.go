package sdk

import (
	"bytes"
	"context"
	"fmt"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// Freezes are the freezes of a package, complete: as many as the proven package says. One whose time is over stands there
// until the chain has written its end: see StandingFreeze.Stands. There are no Totals.
func (c *Client) Freezes(ctx context.Context, pkg id.ID) (out Complete[*voucherv1.StandingFreeze], err error) {
	h := newHints()
	err = again(ctx, func() error {
		if _, err := c.list(ctx, voucherv1.ListFreezes, pkg, h); err != nil {
			return err
		}
		v, raws, err := c.readAt(ctx, 0, [][]byte{voucherv1.PackageKey(pkg)})
		if err := notFound(err != nil || raws[0] != nil, err); err != nil {
			return err
		}
		p := newPackage()
		if err := kernelv1.Unframe(raws[0], p); err != nil {
			return err
		}
		out.Verified = v
		out.Records, err = c.freezesAt(ctx, v.Height, p, h.keys)
		return err
	})
	return out, err
}

// freezesAt reads the hinted freezes of a package at a height, and compares their number with the package's.
func (c *Client) freezesAt(ctx context.Context, height int64, p *voucherv1.Package, keys [][]byte) (out []*voucherv1.StandingFreeze, err error) {
	if len(keys) > 0 {
		_, raws, err := c.readVisible(ctx, height, keys)
		if err != nil {
			return nil, err
		}
		for i, raw := range raws {
			f := &voucherv1.StandingFreeze{}
			if raw == nil {
				continue
			}
			if err := kernelv1.Unframe(raw, f); err != nil {
				return nil, err
			}
			if isFreeze(keys[i], f) && bytes.Equal(f.Package, p.Id) {
				out = append(out, f)
			}
		}
	}
	if uint32(len(out)) != p.Freezes {
		return nil, fmt.Errorf("%w: %d freezes of package %x, proven are %d", ErrIncomplete, len(out), p.Id, p.Freezes)
	}
	return out, nil
}

func isFreeze(stateKey []byte, f *voucherv1.StandingFreeze) bool {
	pkg, ok1 := id.Of(f.Package)
	freeze, ok2 := id.Of(f.Id)
	return ok1 && ok2 && bytes.Equal(stateKey, voucherv1.FreezeKey(pkg, freeze))
}

// Laid are the freezes that the account laid and that have not ended, complete.
func (c *Client) Laid(ctx context.Context) (Complete[*voucherv1.StandingFreeze], error) {
	return complete(ctx, c, kind[*voucherv1.StandingFreeze]{
		list: voucherv1.ListLaid, class: voucherv1.ClassLaid, fresh: func() *voucherv1.StandingFreeze { return &voucherv1.StandingFreeze{} },
		amount: func(k []byte, f *voucherv1.StandingFreeze, account id.ID) (int64, bool) {
			return 0, isFreeze(k, f) && bytes.Equal(f.By, account[:])
		},
	})
}

// Blocked are the claims on banks that wait for the account while what they were paid for is frozen, complete. They are no
// part of Deposits.
func (c *Client) Blocked(ctx context.Context) (Complete[*depositv1.BlockedClaim], error) {
	return complete(ctx, c, kind[*depositv1.BlockedClaim]{
		list: depositv1.ListBlocked, class: depositv1.ClassBlocked, fresh: func() *depositv1.BlockedClaim { return &depositv1.BlockedClaim{} },
		amount: func(k []byte, b *depositv1.BlockedClaim, account id.ID) (int64, bool) {
			pkg, ok1 := id.Of(b.Package)
			number, ok2 := id.Of(b.Number)
			bank, ok3 := id.Of(b.Bank)
			return b.AmountMinor, ok1 && ok2 && ok3 && bytes.Equal(k, depositv1.BlockedKey(pkg, number, bank)) && bytes.Equal(b.Holder, account[:])
		},
	})
}

// FrozenPart is a part that freezes meet.
type FrozenPart struct {
	Holding
	Freezes []*voucherv1.StandingFreeze
}

// Frozen are the account's parts, held or on offer, that freezes meet, complete: as many, with as much that is not paid, as
// the proven totals of class 408 say. They are among Holdings and Offered too.
func (c *Client) Frozen(ctx context.Context) (out Complete[FrozenPart], err error) {
	h := newHints()
	err = again(ctx, func() error {
		out, err = c.frozenOnce(ctx, h)
		return err
	})
	return out, err
}

func (c *Client) frozenOnce(ctx context.Context, h *hints) (out Complete[FrozenPart], err error) {
	v, totals, err := c.readAt(ctx, 0, [][]byte{kernelv1.TotalsKey(c.account)})
	if err != nil {
		return out, err
	}
	out.Verified = v
	if out.Totals, err = linesOf(totals[0], voucherv1.ClassFrozen); err != nil || len(out.Totals) == 0 {
		return out, err
	}
	for _, list := range []string{voucherv1.ListHeld, voucherv1.ListOffered} {
		if _, err := c.list(ctx, list, c.account, h); err != nil {
			return out, err
		}
	}
	own := kind[*voucherv1.Part]{fresh: newPart, amount: func(k []byte, p *voucherv1.Part, account id.ID) (int64, bool) {
		return p.Outstanding(), isPart(k, p) && p.Holder.ID() == account
	}}
	parts, _, err := own.read(ctx, c, v.Height, h.keys)
	if err != nil {
		return out, err
	}
	out.Records, err = c.frozenOf(ctx, v.Height, parts)
	if err != nil {
		return out, err
	}
	return out, sumsTo(out.Records, out.Totals)
}

// frozenOf finds which parts freezes meet at a height.
func (c *Client) frozenOf(ctx context.Context, height int64, parts []*voucherv1.Part) (out []FrozenPart, err error) {
	packages, err := c.packagesOf(ctx, height, parts)
	if err != nil {
		return nil, err
	}
	laid := map[string][]*voucherv1.StandingFreeze{}
	for _, p := range parts {
		pkg := packages[string(p.Package)]
		if _, read := laid[string(p.Package)]; !read && pkg.Freezes > 0 {
			h := newHints()
			if _, err := c.list(ctx, voucherv1.ListFreezes, id.Must(p.Package), h); err != nil {
				return nil, err
			}
			if laid[string(p.Package)], err = c.freezesAt(ctx, height, pkg, h.keys); err != nil {
				return nil, err
			}
		}
		one := FrozenPart{Holding: Holding{Part: p, Package: pkg}}
		for _, f := range laid[string(p.Package)] {
			if f.Counts(p.Lo, p.Hi) {
				one.Freezes = append(one.Freezes, f)
			}
		}
		if len(one.Freezes) > 0 {
			out = append(out, one)
		}
	}
	return out, nil
}

func sumsTo(records []FrozenPart, totals []*kernelv1.Total) error {
	var count, minor, wantCount, wantMinor int64
	for _, r := range records {
		count, minor = count+1, minor+r.Part.Outstanding()
	}
	for _, t := range totals {
		wantCount, wantMinor = wantCount+int64(t.Count), wantMinor+t.AmountMinor
	}
	if count != wantCount || minor != wantMinor {
		return fmt.Errorf("%w: %d frozen parts with %d minor units, proven are %d with %d", ErrIncomplete, count, minor, wantCount, wantMinor)
	}
	return nil
}
