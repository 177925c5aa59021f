package main

import (
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100-i) * time.Millisecond // falling: it must sort
	}
	for _, c := range []struct {
		name   string
		values []time.Duration
		p      float64
		want   time.Duration
	}{
		{"none", nil, 50, 0},
		{"one", []time.Duration{7}, 99, 7},
		{"median of two is the lower", []time.Duration{2, 1}, 50, 1},
		{"above the middle", []time.Duration{2, 1}, 51, 2},
		{"p50 of 1 to 100 ms", hundred, 50, 50 * time.Millisecond},
		{"p99 of 1 to 100 ms", hundred, 99, 99 * time.Millisecond},
		{"p100", hundred, 100, 100 * time.Millisecond},
		{"p0 is the least", hundred, 0, time.Millisecond},
	} {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRates(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"a second", perSecond(300, 2*time.Second), 150},
		{"over no time", perSecond(300, 0), 0},
		{"each", each(10, 4), 2.5},
		{"of none", each(10, 0), 0},
		{"rounded", rounded(2.345, 1), 2.3},
		{"rounded up", rounded(2.35, 1), 2.4},
		{"milliseconds", milliseconds(1_234_567 * time.Nanosecond), 1.2},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestPhaseFigures(t *testing.T) {
	began := time.Unix(1_000, 0)
	p := &phase{began: began, used: usage{cpu: 3 * time.Millisecond, written: 900}, own: time.Millisecond, blocks: 2}
	p.finals(1, began, final{seen: began.Add(time.Second)})
	p.finals(2, began.Add(time.Second), final{seen: began.Add(2 * time.Second)})
	if p.count != 3 || p.perSecond() != 1.5 || p.perBlock() != 1.5 || p.bytesEach() != 300 {
		t.Error(p.count, p.perSecond(), p.perBlock(), p.bytesEach())
	}
	if p.cpuEach(p.used.cpu) != 1_000 || p.cpuEach(p.own) != 333.3 {
		t.Error(p.cpuEach(p.used.cpu), p.cpuEach(p.own))
	}
	if len(p.latencies) != 2 || percentile(p.latencies, 99) != time.Second {
		t.Error(p.latencies)
	}
}
