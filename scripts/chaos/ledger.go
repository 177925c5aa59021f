package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/splittally/splittally/sdk"
)

// ack is a transaction that was proven to its client: from then on nothing may lose it.
type ack struct {
	ticket sdk.Ticket
	height int64
	code   uint32
	took   time.Duration
	at     time.Time
}

// ledger is what clients know.
type ledger struct {
	mu       sync.Mutex
	acks     []ack
	sent     int
	neverRan int
	open     int // given up without knowing
	refusals map[string]int
}

func newLedger() *ledger { return &ledger{refusals: map[string]int{}} }

func (l *ledger) add(a ack) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acks = append(l.acks, a)
}

func (l *ledger) count(what *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*what++
}

func (l *ledger) refused(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusals[text]++
}

// last are the newest acknowledgements, at most n.
func (l *ledger) last(n int) []ack {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]ack(nil), l.acks[max(0, len(l.acks)-n):]...)
}

func (l *ledger) all() []ack { return l.last(1 << 40) }

// height is the highest block in which something acknowledged stands.
func height(acks []ack) int64 {
	var top int64
	for _, a := range acks {
		top = max(top, a.height)
	}
	return top
}

// String sums the ledger up.
func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := fmt.Sprintf("%d sent, %d acknowledged, %d never ran, %d unsettled", l.sent, len(l.acks), l.neverRan, l.open)
	for text, n := range l.refusals {
		s += fmt.Sprintf(", %d refused (%.80s)", n, text)
	}
	return s
}

// provenBy asks a node, through its gate and with proofs, for acknowledged transactions: lost where a proven state has one
// not, another error where the node does not answer.
func provenBy(ctx context.Context, c *sdk.Client, acks []ack) error {
	for _, a := range acks {
		o, err := c.Settle(ctx, a.ticket)
		var refusal *sdk.Refusal
		if errors.As(err, &refusal) && refusal.Proven {
			err = nil
		}
		switch {
		case errors.Is(err, sdk.ErrNeverRan), errors.Is(err, sdk.ErrUnsettled) && o.Proof.Height >= a.height:
			return lost{fmt.Errorf("transaction %s was proven at height %d, and the state of height %d has it not: %w", a.ticket.Body.Short(), a.height, o.Proof.Height, err)}
		case err != nil:
			return err // the node does not answer
		case o.Height != a.height || o.Code != a.code:
			return lost{fmt.Errorf("transaction %s was proven at height %d with code %d, and now at %d with %d", a.ticket.Body.Short(), a.height, a.code, o.Height, o.Code)}
		}
	}
	return nil
}

// lost is the loss of something acknowledged.
type lost struct{ error }

// keptBy looks for every acknowledged transaction in a stopped node's blocks.
func keptBy(a *archive, acks []ack) error {
	for _, k := range acks {
		if k.height <= a.blocks.Height() && !a.holds(k.height, k.ticket.Body) {
			return fmt.Errorf("%s: transaction %s was proven at height %d and is not there", a.name, k.ticket.Body.Short(), k.height)
		}
	}
	return nil
}

// proves has one node alone prove acknowledged transactions, asking again while it does not answer.
func (c *cluster) proves(ctx context.Context, i int, trust sdk.Trust, known []ack) error {
	role := c.net.Role("regulator") // who may read all
	var last error
	err := until(ctx, readyWithin, c.nodes[i].name+" does not prove what was acknowledged", func() bool {
		in, cancel := context.WithTimeout(ctx, tryTime)
		defer cancel()
		conn, err := sdk.Dial(in, sdk.Config{Endpoints: []sdk.Endpoint{c.endpoint(i)}, Alone: true, Trust: trust, Account: role.Account, Signer: role.Signer})
		if err != nil {
			last = err
			return false
		}
		defer conn.Close() //nolint:errcheck // nothing is kept
		last = provenBy(in, conn, known)
		var gone lost
		return last == nil || errors.As(last, &gone)
	})
	if err != nil {
		return fmt.Errorf("%w: %w", err, last)
	}
	return last
}
