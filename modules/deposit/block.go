package deposit

import (
	"fmt"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

// Block pays a claim's amount, in minor units, out of an account's balance, for a holder that may not have it yet: the
// claim says on which bank, for whom, in which currency, for what and because of which freeze. It is nobody's balance
// until Unblock. What is paid for one thing on one bank adds up in one record. The module that calls it answers for
// from's consent. Errors: ErrForbidden, ErrInsufficient, kernel.ErrOverflow.
func (d *Deposits) Block(c *kernel.Ctx, from id.ID, claim *depositv1.BlockedClaim) error {
	if claim.AmountMinor <= 0 {
		panic(kernel.Fatal{Err: fmt.Errorf("deposit: a blocked claim of %d minor units", claim.AmountMinor)})
	}
	if err := mustAllow(c); err != nil {
		return err
	}
	bank, holder := id.Must(claim.Bank), id.Must(claim.Holder)
	if err := take(c, bank, from, money.Amount{Minor: claim.AmountMinor, Currency: claim.Currency}); err != nil {
		return err
	}
	c.Emit(&depositv1.Blocked{
		Bank: claim.Bank, From: from.Bytes(), Holder: claim.Holder, AmountMinor: claim.AmountMinor, Currency: claim.Currency,
		Package: claim.Package, Number: claim.Number, Freeze: claim.Freeze,
	}, d.told(c, bank, from, holder)...)
	return add(c, claim)
}

// add books a blocked claim, beside what is blocked for the same thing on the same bank already.
func add(c *kernel.Ctx, claim *depositv1.BlockedClaim) error {
	k := blockedAt(claim)
	rec, found := blocked.Get(c, k)
	if !found {
		blocked.Insert(c, k, claim)
	} else {
		sum, err := money.Add(rec.AmountMinor, claim.AmountMinor)
		if err != nil {
			return kernel.ErrOverflow.With("%s", err)
		}
		rec.AmountMinor = sum
		blocked.Update(c, k, rec)
	}
	return c.Tally(id.Must(claim.Holder), depositv1.ClassBlocked, claim.Currency, count(!found), claim.AmountMinor)
}

// Unblock makes a blocked claim, as Blocked lists it, the holder's balance. It is possible whatever becomes of the
// parameter: the claim was paid when it was allowed. Error: kernel.ErrOverflow.
func (d *Deposits) Unblock(c *kernel.Ctx, claim *depositv1.BlockedClaim) error {
	bank, holder, a := id.Must(claim.Bank), id.Must(claim.Holder), money.Amount{Minor: claim.AmountMinor, Currency: claim.Currency}
	blocked.Delete(c, blockedAt(claim))
	if err := c.Tally(holder, depositv1.ClassBlocked, a.Currency, -1, -a.Minor); err != nil {
		return err
	}
	c.Emit(&depositv1.Unblocked{
		Bank: claim.Bank, Holder: claim.Holder, AmountMinor: a.Minor, Currency: a.Currency, Package: claim.Package, Number: claim.Number,
	}, d.told(c, bank, holder)...)
	return give(c, bank, holder, a)
}

// Blocked lists the claims that are blocked for a package: at most one for each part that was ever paid while frozen, and
// bank.
func (d *Deposits) Blocked(c *kernel.Ctx, pkg id.ID) []*depositv1.BlockedClaim {
	var out []*depositv1.BlockedClaim
	blocked.Each(c, pkg, func(_ []byte, b *depositv1.BlockedClaim) bool {
		out = append(out, b)
		return true
	})
	return out
}

// BlockedAfter lists at most so many of them behind a place (see depositv1.ClaimPlace), in order; nil begins.
func (d *Deposits) BlockedAfter(c *kernel.Ctx, pkg id.ID, place []byte, most int) []*depositv1.BlockedClaim {
	var out []*depositv1.BlockedClaim
	from, last := kernel.Join(pkg, kernel.Join(id.ID{}, id.ID{})), kernel.Join(pkg, kernel.Join(lastID, lastID))
	if len(place) == 2*id.Size {
		from = kernel.Join(pkg, kernel.Join(id.ID(place[:id.Size]), id.ID(place[id.Size:])))
	}
	blocked.Between(c, from, last, func(_ []byte, b *depositv1.BlockedClaim) bool {
		if string(depositv1.ClaimPlace(b)) != string(place) {
			out = append(out, b)
		}
		return len(out) < most
	})
	return out
}

// lastID is behind every id, which is a hash.
var lastID = func() (last id.ID) {
	for i := range last {
		last[i] = 0xff
	}
	return last
}()

// EachBlocked walks all blocked claims until fn returns false, for invariants.
func (d *Deposits) EachBlocked(c *kernel.Ctx, fn func(*depositv1.BlockedClaim) bool) {
	blocked.Each(c, nil, func(_ []byte, b *depositv1.BlockedClaim) bool { return fn(b) })
}

func blockedAt(b *depositv1.BlockedClaim) blockedKey {
	return kernel.Join(id.Must(b.Package), kernel.Join(id.Must(b.Number), id.Must(b.Bank)))
}
