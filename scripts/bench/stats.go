package main

import (
	"math"
	"slices"
	"time"
)

// percentile is the smallest of the values that at least p per cent of them do not exceed (nearest rank); it sorts
// them. Zero where there are none.
func percentile(values []time.Duration, p float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	rank := int(math.Ceil(p / 100 * float64(len(values))))
	return values[min(max(rank, 1), len(values))-1]
}

// perSecond is a rate, 0 over no time.
func perSecond(count int, over time.Duration) float64 {
	if over <= 0 {
		return 0
	}
	return float64(count) / over.Seconds()
}

// each divides a total over a count, 0 over none.
func each(total float64, count int) float64 {
	if count <= 0 {
		return 0
	}
	return total / float64(count)
}

// rounded keeps as many decimals as a figure of this kind is good for.
func rounded(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(v*scale) / scale
}

func milliseconds(d time.Duration) float64 { return rounded(float64(d)/float64(time.Millisecond), 1) }
