package deposit

import (
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

// mint records a deposit that the caller's bank has received for the holder.
func (d *Deposits) mint(c *kernel.Ctx, m *depositv1.Mint) error {
	if err := mustAllow(c); err != nil {
		return err
	}
	to := id.Must(m.To)
	if _, err := c.Active(to); err != nil {
		return err
	}
	own, err := c.Standing(c.Caller())
	if err != nil {
		return err
	}
	bank, a := own.Member, money.Amount{Minor: m.AmountMinor, Currency: m.Currency}
	if err := mustIssue(c, bank, a); err != nil {
		return err
	}
	if err := owe(c, bank, a.Currency, a.Minor); err != nil {
		return err
	}
	if err := give(c, bank, to, a); err != nil {
		return err
	}
	d.moved(c, bank, id.ID{}, to, a, m.Reference)
	return Room(c, to, a.Currency)
}

// mustIssue judges what the bank would owe in all.
func mustIssue(c *kernel.Ctx, bank id.ID, a money.Amount) error {
	if i, _ := issued.Get(c, kernel.Join(bank, kernel.Text(a.Currency))); i.GetAmountMinor() > money.MaxIssued-a.Minor {
		return kernel.ErrOverflow.At("amount_minor", "the bank would owe more than %s", money.Amount{Minor: money.MaxIssued, Currency: a.Currency})
	}
	return nil
}

// mustAllow judges the parameter that can forbid deposits.
func mustAllow(c *kernel.Ctx) error {
	if c.Param(allowed) == 0 {
		return depositv1.ErrForbidden
	}
	return nil
}

// moved tells the two holders, and the bank by its main account. The zero id stands for no holder.
func (d *Deposits) moved(c *kernel.Ctx, bank, from, to id.ID, a money.Amount, reference string) {
	e := &depositv1.Moved{Bank: bank.Bytes(), AmountMinor: a.Minor, Currency: a.Currency, Reference: reference}
	var parties []id.ID
	if !from.IsZero() {
		e.From, parties = from.Bytes(), append(parties, from)
	}
	if !to.IsZero() {
		e.To, parties = to.Bytes(), append(parties, to)
	}
	c.Emit(e, d.told(c, bank, parties...)...)
}

// told are accounts, and the bank by its main account.
func (d *Deposits) told(c *kernel.Ctx, bank id.ID, parties ...id.ID) []id.ID {
	if m, ok := d.members.Member(c, bank); ok {
		return append(parties, id.Must(m.MainAccount))
	}
	return parties
}
