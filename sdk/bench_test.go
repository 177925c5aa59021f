package sdk_test

import (
	"testing"
	"time"

	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/sdktest"
)

// Verified, complete holdings of 1,000 parts of 10 packages: listing, reading, every proof, count and sum, with node and
// client in one process.
func BenchmarkHoldings1000(b *testing.B) {
	chain := sdktest.Start(b, 1)
	obligor, tier1 := chain.Dial(sdktest.Obligor), chain.Dial(sdktest.Tier1)
	for i := range uint64(10) {
		chain.Issue(obligor, tier1, chain.Item(sdktest.Tier1, 1_000, i))
	}
	held, err := tier1.Holdings(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, h := range held.Records {
		pieces := make([]int64, 100)
		for i := range pieces {
			pieces[i] = h.Part.Units() / 100
		}
		if _, err := tier1.Do(b.Context(), &voucherv1.Split{Part: h.Part.Ref(), PiecesMinor: pieces}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if held, err = tier1.Holdings(b.Context()); err != nil || len(held.Records) != 1_000 {
			b.Fatal(len(held.Records), err)
		}
	}
}

// One transaction from signing to its proof, on a chain that is otherwise idle.
func BenchmarkDo(b *testing.B) {
	chain := sdktest.Start(b, 1)
	tier1 := chain.Dial(sdktest.Tier1)
	for b.Loop() {
		if _, err := tier1.Do(b.Context(), check(time.Now().String())); err != nil {
			b.Fatal(err)
		}
	}
}

// One record with its proof, whose header is verified anew for each block.
func BenchmarkGet(b *testing.B) {
	chain := sdktest.Start(b, 1)
	tier1 := chain.Dial(sdktest.Tier1)
	for b.Loop() {
		if _, _, err := tier1.Totals(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
