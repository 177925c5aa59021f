package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// How a scenario can end.
const (
	outcomeHeld    = "HELD"
	outcomeBroken  = "BROKEN"  // the product did not keep a promise
	outcomeFailed  = "FAILED"  // the scenario itself could not be played
	outcomeSkipped = "SKIPPED" // the machine lacks what it needs
)

// maxBreaches bounds what a verdict lists; the others are counted.
const maxBreaches = 20

// figure is one measured value, in the order of measuring.
type figure struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// verdict is what a scenario has shown.
type verdict struct {
	mu       sync.Mutex
	Scenario string   `json:"scenario"`
	Outcome  string   `json:"outcome"`
	Seed     uint64   `json:"seed"`
	Seconds  float64  `json:"seconds"`
	Figures  []figure `json:"figures"`
	Breaches []string `json:"breaches,omitempty"`
	Count    int      `json:"breach_count,omitempty"`
	Why      string   `json:"why,omitempty"`
	began    time.Time
}

func newVerdict(name string, seed uint64) *verdict {
	return &verdict{Scenario: name, Seed: seed, began: time.Now(), Figures: []figure{}}
}

// breach notes a broken promise.
func (v *verdict) breach(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Count++
	if len(v.Breaches) < maxBreaches {
		v.Breaches = append(v.Breaches, text)
	}
}

// figure notes a measured value under a name; the same name again replaces it.
func (v *verdict) figure(name string, value any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.Figures {
		if v.Figures[i].Name == name {
			v.Figures[i].Value = value
			return
		}
	}
	v.Figures = append(v.Figures, figure{name, value})
}

func (v *verdict) skip(why string) { v.Outcome, v.Why = outcomeSkipped, why }

// end closes a scenario that was played.
func (v *verdict) end(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Seconds = float64(time.Since(v.began).Milliseconds()) / 1000
	v.Outcome = outcomeHeld
	if err != nil {
		v.Outcome, v.Why = outcomeFailed, err.Error()
	}
	if v.Count > 0 {
		v.Outcome = outcomeBroken
	}
}

func (v *verdict) ok() bool { return v.Outcome == outcomeHeld || v.Outcome == outcomeSkipped }

func (v *verdict) write(w io.Writer, asJSON bool) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if asJSON {
		return json.NewEncoder(w).Encode(v)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-11s %-8s seed %d, %.0f s", v.Scenario, v.Outcome, v.Seed, v.Seconds)
	for _, f := range v.Figures {
		fmt.Fprintf(&b, "; %s %v", f.Name, f.Value)
	}
	if v.Why != "" {
		fmt.Fprintf(&b, "; %s", v.Why)
	}
	b.WriteByte('\n')
	for _, text := range v.Breaches {
		fmt.Fprintf(&b, "  - %s\n", text)
	}
	if more := v.Count - len(v.Breaches); more > 0 {
		fmt.Fprintf(&b, "  - and %d more\n", more)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
