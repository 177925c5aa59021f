package voucherv1

import "github.com/splittally/splittally/modules/kernel/id"

// HeldBy makes the holder that an account is.
func HeldBy(account id.ID) *Holder {
	return &Holder{Form: &Holder_Account{Account: account.Bytes()}}
}

// ID is what totals, lists and events know the holder by: today its account. The zero ID is of a form that this
// program does not know. Only here is the form looked at.
func (h *Holder) ID() id.ID {
	account, _ := id.Of(h.GetAccount())
	return account
}

// Units is how many units the part's range has, paid ones too.
func (p *Part) Units() int64 { return p.Hi - p.Lo + 1 }

// Outstanding is how many of the part's units are not paid, in minor units.
func (p *Part) Outstanding() int64 { return p.Units() - p.ClosedMinor }

// Outstanding is how many of the package's units are not paid or otherwise ended, in minor units.
func (p *Package) Outstanding() int64 { return p.AmountMinor - p.ClosedMinor }

// Paid is how many of the package's units are paid; the other closed ones went back to the obligor.
func (p *Package) Paid() int64 { return p.ClosedMinor - p.ExtinguishedMinor }

// Ended tells whether nothing will come of the package any more: it is paid or extinguished, or was
// never accepted.
func (p *Package) Ended() bool {
	return p.State == PackageState_PACKAGE_STATE_SETTLED || p.State == PackageState_PACKAGE_STATE_CANCELLED
}

// Ref names the part as it is now, for a call.
func (p *Part) Ref() *PartRef { return &PartRef{Package: p.Package, Number: p.Number, Head: p.Head} }

// Due tells whether the package is due on a day; no transaction makes it so.
func (p *Package) Due(today int32) bool { return today >= p.DueDay }
