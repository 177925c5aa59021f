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

// Holding is a part with the package that it is of: obligor, currency and due day are the package's.
type Holding struct {
	Part    *voucherv1.Part
	Package *voucherv1.Package
}

// Holdings are the parts that the account holds and has not on offer, complete. Totals' amounts are what is not paid.
func (c *Client) Holdings(ctx context.Context) (Complete[Holding], error) {
	return parts(ctx, c, kind[*voucherv1.Part]{
		list: voucherv1.ListHeld, class: voucherv1.ClassHeld, fresh: newPart,
		amount: func(k []byte, p *voucherv1.Part, account id.ID) (int64, bool) {
			return p.Outstanding(), isPart(k, p) && p.Holder.ID() == account && p.State == voucherv1.PartState_PART_STATE_HELD
		},
	})
}

// Offered are the parts that the account holds and has on offer, complete.
func (c *Client) Offered(ctx context.Context) (Complete[Holding], error) {
	return parts(ctx, c, kind[*voucherv1.Part]{
		list: voucherv1.ListOffered, class: voucherv1.ClassOffered, fresh: newPart,
		amount: func(k []byte, p *voucherv1.Part, account id.ID) (int64, bool) {
			return p.Outstanding(), isPart(k, p) && p.Holder.ID() == account && p.State == voucherv1.PartState_PART_STATE_OFFERED
		},
	})
}

// Offers are the parts that others have on offer to the account, complete.
func (c *Client) Offers(ctx context.Context) (Complete[Holding], error) {
	return parts(ctx, c, kind[*voucherv1.Part]{
		list: voucherv1.ListIncoming, class: voucherv1.ClassIncoming, fresh: newPart,
		amount: func(k []byte, p *voucherv1.Part, account id.ID) (int64, bool) {
			return p.Outstanding(), isPart(k, p) && bytes.Equal(p.Offer.GetTo(), account[:]) && p.State == voucherv1.PartState_PART_STATE_OFFERED
		},
	})
}

// Pending are the packages that wait for the account's acceptance as creditor, complete.
func (c *Client) Pending(ctx context.Context) (Complete[*voucherv1.Package], error) {
	return complete(ctx, c, kind[*voucherv1.Package]{
		list: voucherv1.ListPending, class: voucherv1.ClassPending, fresh: newPackage,
		amount: func(k []byte, p *voucherv1.Package, account id.ID) (int64, bool) {
			return p.Outstanding(), isPackage(k, p) && bytes.Equal(p.Creditor, account[:]) &&
				p.State == voucherv1.PackageState_PACKAGE_STATE_PENDING_ACCEPTANCE
		},
	})
}

// Owed are the packages that the account owes and that have not ended, complete.
func (c *Client) Owed(ctx context.Context) (Complete[*voucherv1.Package], error) {
	return complete(ctx, c, kind[*voucherv1.Package]{
		list: voucherv1.ListOwed, class: voucherv1.ClassOwed, fresh: newPackage,
		amount: func(k []byte, p *voucherv1.Package, account id.ID) (int64, bool) {
			return p.Outstanding(), isPackage(k, p) && bytes.Equal(p.Obligor, account[:]) && !p.Ended()
		},
	})
}

// Deposits are the account's claims on banks, complete.
func (c *Client) Deposits(ctx context.Context) (Complete[*depositv1.Balance], error) {
	return complete(ctx, c, depositKind)
}

var depositKind = kind[*depositv1.Balance]{
	list: depositv1.ListDeposits, class: depositv1.ClassHeld, fresh: func() *depositv1.Balance { return &depositv1.Balance{} },
	amount: func(k []byte, b *depositv1.Balance, account id.ID) (int64, bool) {
		bank, ok := id.Of(b.Bank)
		return b.AmountMinor, ok && bytes.Equal(k, depositv1.BalanceKey(bank, account, b.Currency)) && bytes.Equal(b.Holder, account[:])
	},
}

func newPart() *voucherv1.Part       { return &voucherv1.Part{} }
func newPackage() *voucherv1.Package { return &voucherv1.Package{} }

func isPart(stateKey []byte, p *voucherv1.Part) bool {
	pkg, ok1 := id.Of(p.Package)
	number, ok2 := id.Of(p.Number)
	return ok1 && ok2 && bytes.Equal(stateKey, voucherv1.PartKey(pkg, number))
}

func isPackage(stateKey []byte, p *voucherv1.Package) bool {
	pkg, ok := id.Of(p.Id)
	return ok && bytes.Equal(stateKey, voucherv1.PackageKey(pkg))
}

// parts completes a list of parts and adds their packages, of the same height.
func parts(ctx context.Context, c *Client, k kind[*voucherv1.Part]) (out Complete[Holding], err error) {
	h := newHints()
	err = again(ctx, func() error {
		list, err := completeOnce(ctx, c, k, h)
		if err != nil {
			return err
		}
		packages, err := c.packagesOf(ctx, list.Height, list.Records)
		if err != nil {
			return err
		}
		out = Complete[Holding]{Verified: list.Verified, Totals: list.Totals, Records: make([]Holding, len(list.Records))}
		for i, p := range list.Records {
			out.Records[i] = Holding{Part: p, Package: packages[string(p.Package)]}
		}
		return nil
	})
	return out, err
}

// packagesOf reads the packages of parts, each once.
func (c *Client) packagesOf(ctx context.Context, height int64, list []*voucherv1.Part) (map[string]*voucherv1.Package, error) {
	out := map[string]*voucherv1.Package{}
	var ids []string
	var keys [][]byte
	for _, p := range list {
		if _, have := out[string(p.Package)]; !have {
			out[string(p.Package)] = newPackage()
			ids, keys = append(ids, string(p.Package)), append(keys, voucherv1.PackageKey(id.Must(p.Package)))
		}
	}
	if len(keys) == 0 {
		return out, nil
	}
	_, raws, err := c.readAt(ctx, height, keys)
	if err != nil {
		return nil, err
	}
	for i, raw := range raws {
		if raw == nil {
			return nil, fmt.Errorf("%w: package %x of a part", ErrNotFound, ids[i])
		}
		if err := kernelv1.Unframe(raw, out[ids[i]]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
