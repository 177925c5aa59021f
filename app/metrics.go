package app

import "github.com/prometheus/client_golang/prometheus"

// metrics are the application's own, beside the engine's.
type metrics struct {
	registry *prometheus.Registry
	refused  prometheus.Counter
	txs      prometheus.Counter
	blocks   prometheus.Counter
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
	}
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "splittally", Name: name, Help: help}, f)
	}
	m.registry.MustRegister(m.refused, m.txs, m.blocks,
		gauge("height", "Height of the last committed block.", func() float64 { return float64(a.store.Height()) }),
		gauge("pool_transactions", "Transactions that wait for a block.", func() float64 { return float64(a.pool.Len()) }),
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
