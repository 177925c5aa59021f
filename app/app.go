// Package app is a node's application: the modules in their order, the state they run on, and what the engine and
// the gate ask of it.
package app

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/governance"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/voucher"
)

// Machine is the composition root: every module of the chain, in order.
func Machine(chain string) *kernel.Machine {
	m := members.New()
	g := governance.New(m)
	d := deposit.New(m)
	v := voucher.New(m, d)
	return kernel.NewMachine(chain, m,
		m.Module(),
		g.Module(),
		d.Module(),
		v.Module(),
	).WithUpgrades(upgrades...)
}

// Options is what a node sets.
type Options struct {
	Chain string
	Store store.Options
	Pool  pool.Limits
	// IdleWait is how long a proposer of an idle chain waits for a transaction before it makes an empty block.
	IdleWait time.Duration
	Log      *slog.Logger
	// Peers admits peers by id while the chain's own registry is not known yet, because the node is new.
	Peers []string
	// Machine makes the machine; nil means the chain's own, Machine.
	Machine func(chain string) *kernel.Machine
	// Fail is told when the node can no longer be trusted and its process must end; nil panics.
	Fail func(why string)
	// Upgrade is told when the chain goes on by rules that this program does not know: the process must end, and well. Nil
	// is for tools, which get it as an error instead.
	Upgrade func(*UpgradeNeeded)
	// CheckInvariants runs every invariant after every block and stops where one is broken: slow, for tests.
	CheckInvariants bool
}

// rememberedSignatures covers what a busy node has on the way at once.
const rememberedSignatures = 200_000

// App is safe for use by the engine's connections and any number of readers.
type App struct {
	o          Options
	machine    *kernel.Machine
	store      *store.Store
	index      *index.Index
	pool       *pool.Pool
	signatures *pool.Signatures
	metrics    *metrics
	closed     chan struct{}
	close      sync.Once
	life       sync.RWMutex // held for writing while the state is closed, for reading by walks over it
	gone       bool

	idsMu sync.RWMutex
	ids   *kernel.IDSet
	head  atomic.Pointer[head]

	// What the engine's one consensus connection owns.
	first *kernel.Overlay // genesis, until the first block
	block *block
	pace  pace
	busy  bool // the last block carried transactions
}

// Open opens a node's state and brings it to its last committed block.
func Open(o Options) (*App, error) {
	s, err := store.Open(o.Store)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Fail == nil {
		o.Fail = func(why string) { panic("app: " + why) }
	}
	if o.Pool == (pool.Limits{}) {
		o.Pool = pool.DefaultLimits
	}
	if o.Machine == nil {
		o.Machine = Machine
	}
	m := o.Machine(o.Chain)
	a := &App{
		o: o, machine: m, store: s, index: index.New(m.Collections()), pool: pool.New(o.Pool),
		signatures: pool.NewSignatures(rememberedSignatures), closed: make(chan struct{}),
	}
	a.metrics = newMetrics(a)
	a.ids = kernel.LoadIDs(m.View(s, kernel.Info{}))
	return a, a.moveHead(0)
}

// Close ends waiting calls and closes the state. The engine must have stopped.
func (a *App) Close() error {
	a.Release()
	a.life.Lock()
	defer a.life.Unlock()
	a.gone = true
	return a.store.Close()
}

// Release ends calls that wait, so that the engine can stop.
func (a *App) Release() { a.close.Do(func() { close(a.closed) }) }

// Machine is the machine that the node runs.
func (a *App) Machine() *kernel.Machine { return a.machine }

// SignaturesVerified counts the signatures that this node really checked: once each.
func (a *App) SignaturesVerified() int64 { return a.signatures.Verified() }

// head is the newest committed state as readers see it.
type head struct {
	height int64
	time   int64
	ctx    *kernel.Ctx // nil before the first block
	view   *store.View
	next   chan struct{}
}

// moveHead lets readers see the block that was committed, and wakes who waits for it.
func (a *App) moveHead(timeUnixS int64) error {
	h := &head{height: a.store.Height(), time: timeUnixS, next: make(chan struct{})}
	if h.height > 0 {
		view, err := a.store.At(h.height)
		if err != nil {
			return err
		}
		h.view = view
		if h.time == 0 {
			h.time = a.storedTime(h.height)
		}
		h.ctx = a.machine.View(committed{view}, kernel.Info{Height: h.height, TimeUnixS: h.time})
	}
	if old := a.head.Swap(h); old != nil {
		close(old.next)
	}
	return nil
}

func (a *App) storedTime(height int64) int64 {
	side := a.store.Side()
	defer side.Release()
	b, _, err := index.BlockAt(side, height)
	if err != nil || b == nil {
		return 0
	}
	return b.TimeUnixS
}

// committed lets the machine read a view of the store: point reads alone, which is all that judging needs.
type committed struct{ view *store.View }

func (c committed) Get(key []byte) ([]byte, bool) {
	v, ok, err := c.view.Get(key)
	if err != nil {
		panic(readFailed{err})
	}
	return v, ok
}

func (c committed) Range(_, _ []byte, _ func(k, v []byte) bool) {
	panic(readFailed{errors.New("a view of the head is read by point alone")})
}

// readFailed unwinds a judgement whose state can no longer be read; the caller is told to try again.
type readFailed struct{ err error }
