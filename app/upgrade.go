package app

import (
	"errors"
	"fmt"

	"github.com/splittally/splittally/modules/kernel"
)

// upgrades are the protocols after the first, in order; a new one is appended and none is ever taken away, because old
// blocks are replayed by the rules of their time.
var upgrades []kernel.Upgrade

// NewestProtocol numbers the newest rules of consensus that this program knows.
func NewestProtocol() uint32 { return uint32(1 + len(upgrades)) }

// UpgradeNeeded says that the chain goes on by rules that this program does not know. Its state is whole, as of the last
// block before.
type UpgradeNeeded struct {
	Height   int64 // of the first block by the new rules
	Protocol uint32
	Known    uint32 // the newest protocol of this program
	Info     string // what the vote says of the new program
}

// Error tells the operator what to do.
func (u *UpgradeNeeded) Error() string {
	what := fmt.Sprintf("from block %d on the network runs by protocol %d, this program knows %d: install the program of that protocol and start it; nothing else is to be done",
		u.Height, u.Protocol, u.Known)
	if u.Info != "" {
		what += fmt.Sprintf(" (the vote says: %.500q)", u.Info)
	}
	return what
}

// UpgradeNeeded tells whether the next block is beyond this program; nil where it is not.
func (a *App) UpgradeNeeded() *UpgradeNeeded {
	h := a.head.Load()
	if h.ctx == nil {
		return nil
	}
	next := h.ctx.At(kernel.Info{Height: h.height + 1, TimeUnixS: h.time})
	if next.Protocol() <= a.machine.Protocol() {
		return nil
	}
	u := &UpgradeNeeded{Height: h.height + 1, Protocol: next.Protocol(), Known: a.machine.Protocol()}
	if plan := next.Plan(); plan != nil {
		u.Info = plan.Info
	}
	return u
}

// leftBehind holds the engine back from a block that this program cannot run, until the node stops.
func (a *App) leftBehind() error {
	u := a.UpgradeNeeded()
	switch {
	case u == nil:
		return nil
	case a.o.Upgrade == nil:
		return u
	}
	<-a.closed
	return errors.New("the node stops for an upgrade")
}

// protocol is the rules of committed state.
func (a *App) protocol() uint32 {
	if h := a.head.Load(); h.ctx != nil {
		return h.ctx.Protocol()
	}
	return 1
}
