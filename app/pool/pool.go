// Package pool holds the transactions that wait for a block, in one lane for each member, so that nobody's flood
// crowds out another's payment.
package pool

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
)

// Limits bounds what a node keeps waiting.
type Limits struct {
	LaneTxs   int   // of one lane
	LaneBytes int64 // of one lane
	Bytes     int64 // of all lanes together
}

// DefaultLimits holds some seconds of a busy member's transactions.
var DefaultLimits = Limits{LaneTxs: 20_000, LaneBytes: 64 << 20, Bytes: 512 << 20}

// Entry is one waiting transaction.
type Entry struct {
	Raw  []byte
	Tx   *kernel.Tx
	Lane id.ID
	sent time.Time // when it was last handed over for other nodes
	good atomic.Int64
}

// Judged remembers that the transaction was found good against the state of a height.
func (e *Entry) Judged(height int64) { e.good.Store(height) }

// GoodAt tells whether it was found good against the state of that very height.
func (e *Entry) GoodAt(height int64) bool { return e.good.Load() == height }

type name = [sha256.Size]byte

// Pool is safe for use by many goroutines.
type Pool struct {
	mu      sync.Mutex
	limits  Limits
	lanes   map[id.ID]*lane
	order   []id.ID // lanes, sorted: whose turn is next is a position in it
	next    int
	by      map[name]*Entry
	ids     map[kernel.ReplayKey]*Entry
	bytes   int64
	gossip  []*Entry
	swept   time.Time
	arrived chan struct{}
}

type lane struct {
	entries []*Entry
	bytes   int64
}

// New makes an empty pool.
func New(l Limits) *Pool {
	return &Pool{
		limits: l, lanes: map[id.ID]*lane{}, by: map[name]*Entry{}, ids: map[kernel.ReplayKey]*Entry{},
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
	if other := p.ids[e.Tx.ReplayKey()]; other != nil {
		if other.Tx.Hash == e.Tx.Hash { // the same body under other signatures
			return nil
		}
		return kernel.ErrIDReused
	}
	if err := p.room(e.Lane, int64(len(e.Raw))); err != nil {
		return err
	}
	l := p.lane(e.Lane)
	l.entries, l.bytes, p.bytes = append(l.entries, e), l.bytes+int64(len(e.Raw)), p.bytes+int64(len(e.Raw))
	p.by[n], p.ids[e.Tx.ReplayKey()] = e, e
	p.pass(e, time.Now())
	select {
	case p.arrived <- struct{}{}:
	default:
	}
	return nil
}

// Room refuses what a lane has no room for: asked before a signature is checked, a full lane costs next to nothing.
func (p *Pool) Room(lane id.ID, size int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room(lane, int64(size))
}

func (p *Pool) room(member id.ID, size int64) error {
	if p.bytes+size > p.limits.Bytes {
		return kernel.ErrLaneFull.With("the node's pool is full, %d bytes", p.bytes)
	}
	l := p.lanes[member]
	if l != nil && (len(l.entries) >= p.limits.LaneTxs || l.bytes+size > p.limits.LaneBytes) {
		return kernel.ErrLaneFull.With("%d transactions of %d bytes", len(l.entries), l.bytes)
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

// Waiting counts what waits, by lane.
func (p *Pool) Waiting() map[id.ID]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[id.ID]int{}
	for member, l := range p.lanes {
		if n := len(l.entries); n > 0 {
			out[member] = n
		}
	}
	return out
}

// Arrived has a value when transactions have come since it was last read.
func (p *Pool) Arrived() <-chan struct{} { return p.arrived }

// Reap hands over what has come since the last call, for other nodes: at most maxBytes (0: no limit).
func (p *Pool) Reap(maxBytes uint64) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, size := 0, uint64(0)
	p.repeat(time.Now())
	var out [][]byte
	for ; n < len(p.gossip); n++ {
		e := p.gossip[n]
		if p.ids[e.Tx.ReplayKey()] != e { // in a block meanwhile
			continue
		}
		size += uint64(len(e.Raw))
		if maxBytes > 0 && size > maxBytes && len(out) > 0 {
			break
		}
		out = append(out, e.Raw)
	}
	p.gossip = p.gossip[n:]
	return out
}

// repeatAfter is when a transaction that still waits is handed over once more: the first time nobody may have been
// connected, or their lane may have been full.
const repeatAfter = 5 * time.Second

func (p *Pool) pass(e *Entry, now time.Time) {
	e.sent = now
	p.gossip = append(p.gossip, e)
}

// repeat looks once a second for what waits too long.
func (p *Pool) repeat(now time.Time) {
	if now.Sub(p.swept) < time.Second {
		return
	}
	p.swept = now
	for _, member := range p.order {
		for _, e := range p.lanes[member].entries {
			if now.Sub(e.sent) > repeatAfter {
				p.pass(e, now)
			}
		}
	}
}

// Again hands a waiting transaction over once more because its client sent it again; not more often than each second.
func (p *Pool) Again(e *Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(e.sent) > time.Second {
		p.pass(e, now)
	}
}

// Forget drops what can no longer come into a block: whose ids are consumed, and what has expired by block time.
func (p *Pool) Forget(consumed []kernel.ReplayKey, nowUnixS int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gone := make(map[kernel.ReplayKey]struct{}, len(consumed))
	for _, k := range consumed {
		gone[k] = struct{}{}
	}
	for _, l := range p.lanes {
		l.entries = slices.DeleteFunc(l.entries, func(e *Entry) bool {
			_, used := gone[e.Tx.ReplayKey()]
			if used = used || e.Tx.Body.ExpiresUnixS <= nowUnixS; used {
				l.bytes -= int64(len(e.Raw))
				p.bytes -= int64(len(e.Raw))
				delete(p.ids, e.Tx.ReplayKey())
				delete(p.by, sha256.Sum256(e.Raw))
			}
			return used
		})
	}
	if len(p.gossip) > 2*len(p.ids)+gossipSlack {
		p.gossip = slices.DeleteFunc(p.gossip, func(e *Entry) bool { return p.ids[e.Tx.ReplayKey()] != e })
	}
}

// gossipSlack is how much longer than the pool the list for other nodes may be before it is cleaned: while a node
// catches up nobody takes from it.
const gossipSlack = 1_000

// Propose picks transactions for a block: lanes take turns, beginning with another one each time, each in order of
// arrival; fit judges a candidate, and what it refuses is forgotten. The rule of lanes holds for what is picked.
func (p *Pool) Propose(room Room, fit func(*Entry) bool) []*Entry {
	p.mu.Lock()
	turns := p.turns()
	p.next++
	p.mu.Unlock()
	var refused []kernel.ReplayKey
	out := pick(turns, room, func(e *Entry) bool {
		ok := fit(e)
		if !ok {
			refused = append(refused, e.Tx.ReplayKey())
		}
		return ok
	})
	p.Forget(refused, 0)
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
