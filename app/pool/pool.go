// Package pool holds the transactions that wait for a block, in one lane for each member, so that nobody's flood
// crowds out another's payment.
package pool

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
)

// Limits bounds what a node keeps waiting.
type Limits struct {
	LaneTxs   int   // of one lane
	LaneBytes int64 // of one lane
}

// DefaultLimits holds some seconds of a busy member's transactions.
var DefaultLimits = Limits{LaneTxs: 50_000, LaneBytes: 64 << 20}

// Entry is one waiting transaction.
type Entry struct {
	Raw  []byte
	Tx   *kernel.Tx
	Lane id.ID
}

type name = [sha256.Size]byte

// Pool is safe for use by many goroutines.
type Pool struct {
	mu      sync.Mutex
	limits  Limits
	lanes   map[id.ID]*lane
	order   []id.ID // lanes, sorted: whose turn is next is a position in it
	next    int
	by      map[name]*Entry
	ids     map[kernel.ReplayKey]struct{}
	gossip  [][]byte
	arrived chan struct{}
}

type lane struct {
	entries []*Entry
	bytes   int64
}

// New makes an empty pool.
func New(l Limits) *Pool {
	return &Pool{
		limits: l, lanes: map[id.ID]*lane{}, by: map[name]*Entry{}, ids: map[kernel.ReplayKey]struct{}{},
		arrived: make(chan struct{}, 1),
	}
}

// Add takes in a judged transaction. One that waits already is no error; another body under the same id is.
func (p *Pool) Add(e *Entry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := sha256.Sum256(e.Raw)
	if p.by[n] != nil {
		return nil
	}
	if _, taken := p.ids[e.Tx.ReplayKey()]; taken {
		return kernel.ErrIDReused
	}
	l := p.lane(e.Lane)
	if len(l.entries) >= p.limits.LaneTxs || l.bytes+int64(len(e.Raw)) > p.limits.LaneBytes {
		return kernel.ErrLaneFull.With("%d transactions of %d bytes", len(l.entries), l.bytes)
	}
	l.entries, l.bytes = append(l.entries, e), l.bytes+int64(len(e.Raw))
	p.by[n], p.ids[e.Tx.ReplayKey()] = e, struct{}{}
	p.gossip = append(p.gossip, e.Raw)
	select {
	case p.arrived <- struct{}{}:
	default:
	}
	return nil
}

func (p *Pool) lane(member id.ID) *lane {
	l := p.lanes[member]
	if l == nil {
		l = &lane{}
		p.lanes[member] = l
		i, _ := slices.BinarySearchFunc(p.order, member, compareIDs)
		p.order = slices.Insert(p.order, i, member)
	}
	return l
}

func compareIDs(a, b id.ID) int { return bytes.Compare(a[:], b[:]) }

// Find returns the waiting transaction with these bytes; nil where there is none.
func (p *Pool) Find(raw []byte) *Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.by[sha256.Sum256(raw)]
}

// Len is how many wait.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.by)
}

// Arrived has a value when transactions have come since it was last read.
func (p *Pool) Arrived() <-chan struct{} { return p.arrived }

// Reap hands over what has come since the last call, for other nodes: at most maxBytes (0: no limit).
func (p *Pool) Reap(maxBytes uint64) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, size := 0, uint64(0)
	for ; n < len(p.gossip); n++ {
		size += uint64(len(p.gossip[n]))
		if maxBytes > 0 && size > maxBytes && n > 0 {
			break
		}
	}
	out := p.gossip[:n:n]
	p.gossip = p.gossip[n:]
	return out
}

// Remove forgets transactions: they are in a block, or will never be.
func (p *Pool) Remove(raws [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gone := make(map[*Entry]struct{}, len(raws))
	touched := map[id.ID]struct{}{}
	for _, raw := range raws {
		n := sha256.Sum256(raw)
		if e := p.by[n]; e != nil {
			gone[e], touched[e.Lane] = struct{}{}, struct{}{}
			delete(p.by, n)
			delete(p.ids, e.Tx.ReplayKey())
		}
	}
	for member := range touched {
		p.lanes[member].drop(gone)
	}
}

func (l *lane) drop(gone map[*Entry]struct{}) {
	l.entries = slices.DeleteFunc(l.entries, func(e *Entry) bool {
		_, ok := gone[e]
		if ok {
			l.bytes -= int64(len(e.Raw))
		}
		return ok
	})
}

// Propose picks transactions for a block: lanes take turns, beginning with another one each time, each in order of
// arrival; fit judges a candidate, and what it refuses is forgotten. The rule of lanes holds for what is picked.
func (p *Pool) Propose(room Room, fit func(*Entry) bool) []*Entry {
	p.mu.Lock()
	turns := p.turns()
	p.next++
	p.mu.Unlock()
	var refused [][]byte
	out := pick(turns, room, func(e *Entry) bool {
		ok := fit(e)
		if !ok {
			refused = append(refused, e.Raw)
		}
		return ok
	})
	p.Remove(refused)
	return out
}

// turns copies the lanes that have something, in the order of their turns.
func (p *Pool) turns() [][]*Entry {
	var out [][]*Entry
	for i := range p.order {
		l := p.lanes[p.order[(p.next+i)%len(p.order)]]
		if len(l.entries) > 0 {
			out = append(out, slices.Clone(l.entries))
		}
	}
	return out
}
