package app

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the application's own, beside the engine's.
type metrics struct {
	registry *prometheus.Registry
	refused  prometheus.Counter
	txs      prometheus.Counter
	blocks   prometheus.Counter
	accused  prometheus.Counter
}

func newMetrics(a *App) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "splittally", Name: name, Help: help})
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		refused:  counter("transactions_refused_total", "Transactions that this node did not take into its pool."),
		txs:      counter("transactions_total", "Transactions in committed blocks."),
		blocks:   counter("blocks_total", "Committed blocks."),
		accused:  counter("misbehaviour_total", "Offences of validators that blocks proved."),
	}
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "splittally", Name: name, Help: help}, f)
	}
	m.registry.MustRegister(m.refused, m.txs, m.blocks, m.accused,
		gauge("height", "Height of the last committed block.", func() float64 { return float64(a.store.Height()) }),
		gauge("pool_transactions", "Transactions that wait for a block.", func() float64 { return float64(a.pool.Len()) }),
		gauge("block_time_unix_s", "Time of the last committed block.", func() float64 { return float64(a.head.Load().time) }),
		gauge("protocol", "The rules that the chain runs by.", func() float64 { return float64(a.protocol()) }),
		gauge("protocol_known", "The newest rules that this program knows.", func() float64 { return float64(a.machine.Protocol()) }),
		lanes{a, prometheus.NewDesc("splittally_pool_lane_transactions", "Transactions that wait for a block, by the member who pays.", []string{"lane"}, nil)},
		gauge("signatures_verified", "Signatures that were really checked.", func() float64 { return float64(a.signatures.Verified()) }),
	)
	return m
}

func (m *metrics) committed(txs int) {
	m.blocks.Inc()
	m.txs.Add(float64(txs))
}

// Metrics gathers the application's metrics for Prometheus.
func (a *App) Metrics() prometheus.Gatherer { return a.metrics.registry }

// lanes tells of each lane that has something waiting. The pool bounds their number.
type lanes struct {
	app  *App
	desc *prometheus.Desc
}

// Describe and Collect make it a collector.
func (l lanes) Describe(to chan<- *prometheus.Desc) { to <- l.desc }

func (l lanes) Collect(to chan<- prometheus.Metric) {
	for member, n := range l.app.pool.Waiting() {
		to <- prometheus.MustNewConstMetric(l.desc, prometheus.GaugeValue, float64(n), member.String())
	}
}
