package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQuantiles(t *testing.T) {
	ms := func(n ...int) (out samples) {
		for _, one := range n {
			out = append(out, time.Duration(one)*time.Millisecond)
		}
		return out
	}
	for _, tc := range []struct {
		in   samples
		q    float64
		want int
	}{
		{nil, 0.5, 0}, {ms(7), 0.5, 7}, {ms(7), 1, 7}, {ms(1, 2), 0.5, 1}, {ms(3, 1, 2), 0.5, 2}, {ms(1, 2, 3, 4), 0.99, 4}, {ms(4, 3, 2, 1), 0.25, 1}, {ms(5, 9), 0, 5},
	} {
		if got := tc.in.quantile(tc.q); got != time.Duration(tc.want)*time.Millisecond {
			t.Errorf("%v of %v: %v", tc.q, tc.in, got)
		}
	}
	if s := ms(1, 2, 3).String(); !strings.Contains(s, "p50 2 ms, p99 3 ms, max 3 ms of 3") {
		t.Error(s)
	}
}

// At least a share q of the samples does not exceed the quantile, and it is one of them; the order given does not matter.
func TestQuantileLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := samples(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration { return time.Duration(rapid.Int64Range(0, 1000).Draw(t, "ns")) }), 1, 50).Draw(t, "samples"))
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		got, within := in.quantile(q), 0
		for _, one := range in {
			if one <= got {
				within++
			}
		}
		if float64(within) < q*float64(len(in)) || !slices.Contains(in, got) {
			t.Fatalf("%v of %v: %v", q, in, got)
		}
		turned := slices.Clone(in)
		slices.Reverse(turned)
		if turned.quantile(q) != got {
			t.Fatal("the order matters")
		}
	})
}
