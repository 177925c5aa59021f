package app

import (
	"testing"
	"time"
)

// BenchmarkSnapshot tells how much longer a block takes while a snapshot of 100,000 parts is made in the background: blocks
// of 200 transfers, executed and committed.
func BenchmarkSnapshot(b *testing.B) {
	h := newHot(b, 200, 100_000)
	s, err := h.app.OpenSnapshots(SnapshotOptions{Dir: b.TempDir(), EveryBlocks: 1, Kept: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	measure := func(before func()) time.Duration {
		var all time.Duration
		for range 20 {
			raws := h.transfers(200)
			before()
			for _, raw := range raws {
				if _, err := h.app.Accept(raw); err != nil {
					b.Fatal(err)
				}
			}
			began := time.Now()
			h.block(raws)
			all += time.Since(began)
		}
		return all / 20
	}
	b.ResetTimer()
	for range b.N {
		alone := measure(func() {})
		with := measure(func() { s.committed(h.app.store.Height()) })
		b.ReportMetric(float64(alone.Microseconds())/1000, "ms/block-alone")
		b.ReportMetric(float64(with.Microseconds())/1000, "ms/block-while")
		b.ReportMetric(float64(with)/float64(alone), "ratio")
	}
	took := time.Now()
	m, err := s.Create()
	for err != nil { // the one in the background ends first
		time.Sleep(10 * time.Millisecond)
		took = time.Now()
		m, err = s.Create()
	}
	b.ReportMetric(time.Since(took).Seconds(), "s/snapshot")
	b.ReportMetric(float64(m.Bytes)/(1<<20), "MiB/snapshot")
}
