package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// samples are durations of one kind.
type samples []time.Duration

// quantile is the smallest sample that a share q of all samples does not exceed; zero of none.
func (s samples) quantile(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// String gives count, median, p99 and maximum in milliseconds.
func (s samples) String() string {
	return fmt.Sprintf("p50 %d ms, p99 %d ms, max %d ms of %d", s.quantile(0.5).Milliseconds(), s.quantile(0.99).Milliseconds(), s.quantile(1).Milliseconds(), len(s))
}

// MarshalJSON gives the same in a form for machines.
func (s samples) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"count":%d,"p50_ms":%d,"p99_ms":%d,"max_ms":%d}`,
		len(s), s.quantile(0.5).Milliseconds(), s.quantile(0.99).Milliseconds(), s.quantile(1).Milliseconds()), nil
}
