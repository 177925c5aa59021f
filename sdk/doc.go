// Package sdk is the chain's client for an ERP, a bank's systems and wallets. It trusts no node: whatever it returns as
// Verified was proven against a header that more than two thirds of the validators signed and a witness confirmed, and
// lists of holdings, offers and debts are proven complete.
//
// Dial connects. Do signs, sends and proves what became of one transaction. Get reads a record, Holdings and its
// siblings read everything that an account has. Money is int64 minor units, days are days since 1970-01-01, times of
// the chain are seconds since then.
//
// Refusals of the chain are errors that match their code: errors.Is(err, voucherv1.ErrStaleHead).
package sdk
