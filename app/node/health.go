package node

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Health is where a node stands, as /ready and /healthz of the metrics port tell it.
type Health struct {
	Height     int64 `json:"height"`
	LagS       int64 `json:"lag_s"` // since the newest block
	Peers      int   `json:"peers"`
	CatchingUp bool  `json:"catching_up"`
	Ready      bool  `json:"ready"`
	Stopping   bool  `json:"stopping"`
	// HistoryFrom is the first height whose events and outcomes the node has.
	HistoryFrom int64 `json:"history_from"`
}

// Health tells where the node stands.
func (n *Node) Health() Health {
	s := n.app.Status()
	h := Health{
		Height: s.Height, Peers: n.engine.Switch().Peers().Size(), CatchingUp: n.engine.ConsensusReactor().WaitSync(),
		Stopping: n.stopping.Load(), HistoryFrom: n.app.HistoryFrom(),
	}
	if s.TimeUnixS > 0 {
		h.LagS = max(0, time.Now().Unix()-s.TimeUnixS)
	}
	h.Ready = n.Ready() && !h.Stopping
	return h
}

// health serves both: /ready is for load balancers, and 503 while the node has not caught up or stops; /healthz is for who
// restarts dead processes, and 200 as long as the node answers.
func (n *Node) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, n.Health(), http.StatusOK) })
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		h, code := n.Health(), http.StatusOK
		if !h.Ready {
			code = http.StatusServiceUnavailable
		}
		writeHealth(w, h, code)
	})
}

func writeHealth(w http.ResponseWriter, h Health, code int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(h) // who asked may have gone
}

// metrics are the node's own, beside the engine's and the application's.
func (n *Node) metrics() prometheus.Gatherer {
	r := prometheus.NewRegistry()
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "splittally", Name: name, Help: help}, f)
	}
	r.MustRegister(gauge("ready", "1 where the node has caught up, as /ready says, and 0 before.", func() float64 {
		if n.Health().Ready {
			return 1
		}
		return 0
	}))
	if _, ok := diskFree(n.config.path("data")); ok {
		r.MustRegister(gauge("disk_free_bytes", "Bytes that may still be written where the node's data is.", func() float64 {
			free, _ := diskFree(n.config.path("data"))
			return float64(free)
		}))
	}
	return r
}
