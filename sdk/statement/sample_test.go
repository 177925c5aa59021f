package statement_test

import (
	"testing"
	"time"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/statement"
)

var names = map[id.ID]string{me: "海川精密制造有限公司", other: "Linjiang Auto Parts Co., Ltd.", bankA: "临江银行", bankB: "Bank of Hanhai"}

func nameOf(one id.ID) string {
	if n := names[one]; n != "" {
		return n
	}
	return one.Short()
}

// sample is a small statement with something of everything: March 2026 by +08:00.
func sample(t *testing.T) *statement.Statement {
	t.Helper()
	p := statement.Period{FromDay: 20_513, ToDay: 20_543, OffsetS: 8 * 3600}
	at := func(d, s int64) int64 { return p.Begins() + d*day + s }
	pkg, tx := id.Hash("package"), id.Hash("transaction").Bytes()
	m := &model{held: map[statement.Key]statement.Balance{}}
	held, out := statement.Key{Class: voucherv1.ClassHeld, Currency: "CNY"}, statement.Key{Class: voucherv1.ClassOffered, Currency: "CNY"}
	money := statement.Key{Class: depositv1.ClassHeld, Currency: "CNY", Bank: bankA}
	m.add(held, 1, 5_000_000)
	m.add(money, 1, 100_000)
	m.add(statement.Key{Class: depositv1.ClassHeld, Currency: "JPY", Bank: bankB}, 1, 9_000)
	received := func(minor int64) {
		m.add(held, 1, minor)
		m.entry(at(1, 3_600), []*kernelv1.Change{{Class: held.Class, Currency: "CNY", Count: 1, AmountMinor: minor}},
			&voucherv1.Passed{Package: pkg[:], From: other[:], To: me[:], AmountMinor: minor})
	}
	received(1_234_567)
	m.add(held, -1, -1_000_000)
	m.add(out, 1, 1_000_000)
	m.entry(at(4, 7_265), []*kernelv1.Change{{Class: held.Class, Currency: "CNY", Count: -1, AmountMinor: -1_000_000}, {Class: out.Class, Currency: "CNY", Count: 1, AmountMinor: 1_000_000}},
		&voucherv1.Offered{Package: pkg[:], From: me[:], To: other[:], AmountMinor: 1_000_000, ExpiresUnixS: at(9, 0)})
	m.add(out, -1, -1_000_000)
	m.add(held, 1, 1_000_000)
	m.entry(at(9, 1), []*kernelv1.Change{{Class: held.Class, Currency: "CNY", Count: 1, AmountMinor: 1_000_000}, {Class: out.Class, Currency: "CNY", Count: -1, AmountMinor: -1_000_000}},
		&voucherv1.OfferEnded{Package: pkg[:], End: voucherv1.OfferEnd_OFFER_END_LAPSED})
	m.add(money, 0, 250_000)
	m.entry(at(12, 0), []*kernelv1.Change{{Class: money.Class, Currency: "CNY", AmountMinor: 250_000}},
		&depositv1.Moved{Bank: bankA[:], To: me[:], AmountMinor: 250_000, Currency: "CNY", Reference: "=HYPERLINK(1), \"box\" 7\nnext"})
	m.add(money, 0, -50_000)
	m.entry(at(13, 0), []*kernelv1.Change{{Class: money.Class, Currency: "CNY", AmountMinor: -50_000}},
		&depositv1.Moved{Bank: bankA[:], From: me[:], To: other[:], AmountMinor: 50_000, Currency: "CNY", Reference: "发票 2026-031"})
	for i, e := range m.entries {
		if i != 2 { // a lapse is the block's own work
			e.Transaction = tx
		}
	}
	m.add(held, 1, 99)
	m.entry(p.Ends(), []*kernelv1.Change{{Class: held.Class, Currency: "CNY", Count: 1, AmountMinor: 99}}, &voucherv1.Passed{From: other[:], To: me[:], AmountMinor: 99})
	h := m.history()
	h.Verified = sdk.Verified{Height: 120_034, Time: time.Unix(p.Ends()+500, 0)}
	s, err := statement.Of(h, me, p)
	if err != nil {
		t.Fatal(err)
	}
	s.Chain = "consortium-1"
	return s
}
