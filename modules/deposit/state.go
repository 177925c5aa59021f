package deposit

import (
	"fmt"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
)

type (
	balanceKey = kernel.Pair[id.ID, kernel.Pair[id.ID, kernel.Text]]
	issuedKey  = kernel.Pair[id.ID, kernel.Text]
	blockedKey = kernel.Pair[id.ID, kernel.Pair[id.ID, id.ID]]
)

var (
	balances = kernel.NewMap[balanceKey]("deposit.balances", depositv1.PrefixBalance, readers[*depositv1.Balance],
		kernel.ListOf(depositv1.ListDeposits, func(b *depositv1.Balance) []id.ID { return []id.ID{id.Must(b.Holder)} })).OwnedBy(bankAndHolder)
	issued  = kernel.NewMap[issuedKey]("deposit.issued", depositv1.PrefixIssued, issuedReaders).OwnedBy(kernel.FirstID)
	blocked = kernel.NewMap[blockedKey]("deposit.blocked", depositv1.PrefixBlocked, readers[*depositv1.BlockedClaim],
		kernel.ListOf(depositv1.ListBlocked, func(b *depositv1.BlockedClaim) []id.ID { return []id.ID{id.Must(b.Holder)} }))
)

// owed is what a bank owes an account.
type owed interface {
	GetBank() []byte
	GetHolder() []byte
}

// readers are the holder and the bank that owes.
func readers[O owed](o O) kernel.Audience {
	return kernel.Audience{Parties: []id.ID{id.Must(o.GetHolder())}, Members: []id.ID{id.Must(o.GetBank())}}
}

// bankAndHolder are whose a balance's key is: the bank's member and the holder's account.
func bankAndHolder(key []byte) []id.ID {
	if len(key) < 2*id.Size {
		return nil
	}
	return []id.ID{id.ID(key[:id.Size]), id.ID(key[id.Size : 2*id.Size])}
}

func issuedReaders(i *depositv1.Issued) kernel.Audience {
	return kernel.Audience{Members: []id.ID{id.Must(i.Bank)}}
}

func keyOf(bank, holder id.ID, currency string) balanceKey {
	return kernel.Join(bank, kernel.Join(holder, kernel.Text(currency)))
}

// give adds to what the bank owes the holder, who gains a balance where there was none.
func give(c *kernel.Ctx, bank, holder id.ID, a money.Amount) error {
	k := keyOf(bank, holder, a.Currency)
	b, found := balances.Get(c, k)
	if !found {
		b = &depositv1.Balance{Bank: bank.Bytes(), Holder: holder.Bytes(), Currency: a.Currency}
	}
	sum, err := money.Add(b.AmountMinor, a.Minor)
	if err != nil {
		return kernel.ErrOverflow.With("%s", err)
	}
	b.AmountMinor = sum
	balances.Save(c, k, b, true)
	return c.Tally(holder, depositv1.ClassHeld, a.Currency, count(!found), a.Minor)
}

// take takes from what the bank owes the holder; a balance of nothing is gone.
func take(c *kernel.Ctx, bank, holder id.ID, a money.Amount) error {
	k := keyOf(bank, holder, a.Currency)
	b, _ := balances.Get(c, k)
	if b.GetAmountMinor() < a.Minor {
		return depositv1.ErrInsufficient.With("%s of %s", money.Amount{Minor: b.GetAmountMinor(), Currency: a.Currency}, a)
	}
	b.AmountMinor -= a.Minor
	balances.Save(c, k, b, b.AmountMinor > 0)
	return c.Tally(holder, depositv1.ClassHeld, a.Currency, -count(b.AmountMinor == 0), -a.Minor)
}

func count(one bool) int64 {
	if one {
		return 1
	}
	return 0
}

// owe changes what the bank owes in all; minor may be negative.
func owe(c *kernel.Ctx, bank id.ID, currency string, minor int64) error {
	k := kernel.Join(bank, kernel.Text(currency))
	i, found := issued.Get(c, k)
	if !found {
		i = &depositv1.Issued{Bank: bank.Bytes(), Currency: currency}
	}
	sum, err := money.Add(i.AmountMinor, minor)
	if err != nil {
		return kernel.ErrOverflow.With("%s", err)
	}
	if sum < 0 {
		panic(kernel.Fatal{Err: fmt.Errorf("deposit: bank %s would have issued %d %s", bank, sum, currency)})
	}
	i.AmountMinor = sum
	issued.Save(c, k, i, sum > 0)
	return nil
}
