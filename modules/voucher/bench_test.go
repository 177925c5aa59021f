package voucher

import (
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// transfers makes n transactions, each of which passes on a whole part under a standing acceptance.
func transfers(tb testing.TB, n int) (*world, []*kernel.Tx) {
	w := newWorld(tb)
	w.NoInvariants = true
	m := &voucherv1.Issue{}
	for i := range n {
		m.Items = append(m.Items, item(alpha, 500, fmt.Sprint(i)))
	}
	r := w.Must(acme, m)
	var calls []*txv1.Call
	for i := range n {
		calls = append(calls, kerneltest.Call(alpha, accept(event[*voucherv1.Issued](w, r, i).Package)))
		if len(calls) == txv1.MaxCalls || i == n-1 {
			if r := w.Raw(w.Sign(w.Body(alpha, calls...), alpha)); r.Err != nil {
				tb.Fatal(r.Err)
			}
			calls = nil
		}
	}
	w.welcome(beta, 500)
	var txs []*kernel.Tx
	parts.Each(w.View(), nil, func(_ []byte, p *voucherv1.Part) bool {
		tx, err := w.Judge(w.Sign(w.Body(alpha, kerneltest.Call(alpha, items(w.give(p, beta, 0)))), alpha))
		if err != nil {
			tb.Fatal(err)
		}
		txs = append(txs, tx)
		return true
	})
	return w, txs
}

// BenchmarkTransfer executes the hot path, a whole part under a standing acceptance, in blocks of 200 transactions.
func BenchmarkTransfer(b *testing.B) {
	w, txs := transfers(b, 200)
	var run *kernel.Run
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if i%len(txs) == 0 {
			run = w.M.Begin(kernel.NewOverlay(w.Mem), kernel.Info{Height: w.Height + 1, TimeUnixS: w.Time + 1, Hash: hash("h")}, w.IDs)
		}
		if r := run.Deliver(txs[i%len(txs)]); r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}

// BenchmarkPay executes the payment of a package of 500 parts.
func BenchmarkPay(b *testing.B) {
	w := newWorld(b)
	w.NoInvariants = true
	pkg, p := w.active(90_000, "a")
	pieces := make([]int64, 100)
	for i := range pieces {
		pieces[i] = 900
	}
	w.Must(alpha, splitInto(p.Ref(), pieces...))
	for _, p := range w.parts(pkg.Id) {
		w.Must(alpha, splitInto(p.Ref(), 100, 200, 300, 150, 150))
	}
	w.untilDue(0)
	w.mint(acme, 90_000)
	tx, err := w.Judge(w.Sign(w.Body(acme, kerneltest.Call(acme, payment(pkg, 60_000))), acme))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		run := w.M.Begin(kernel.NewOverlay(w.Mem), kernel.Info{Height: w.Height + 1, TimeUnixS: w.Time + 1, Hash: hash("h")}, w.IDs)
		if r := run.Deliver(tx); r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}
