package app

import (
	"sync"
	"time"
)

// A proposer offers what its own node runs in about blockTime, by what a unit of weight took lately: a flood of one
// member's right transactions makes blocks no longer, and everybody else's few are in the next one. It is each
// proposer's own choice and no rule of consensus.
const (
	blockTime   = 500 * time.Millisecond
	paceStart   = 25 * time.Microsecond // a unit, before anything was measured: a whole block
	paceLeast   = 100                   // units that are offered however slow the node is
	paceBlocks  = 8                     // a node that was slow is trusted again after about so many blocks
	paceMeasure = 50                    // units that a block has at least for its time to tell anything
)

// pace measures execution and commit of blocks.
type pace struct {
	mu    sync.Mutex
	spent time.Duration // on the block that runs
	unit  time.Duration // of one unit of weight, a mean that rises faster than it falls
}

// run counts the time until its result is called.
func (p *pace) run() func() {
	began := time.Now()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.spent += time.Since(began)
	}
}

// done ends a block of a weight.
func (p *pace) done(weight int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if weight >= paceMeasure {
		now := p.spent / time.Duration(weight)
		change := now - p.perUnit()
		if change < 0 {
			change /= paceBlocks
		}
		p.unit = p.perUnit() + change/2
	}
	p.spent = 0
}

func (p *pace) perUnit() time.Duration {
	if p.unit == 0 {
		return paceStart
	}
	return p.unit
}

// enough is the weight at which a proposer stops.
func (p *pace) enough() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(paceLeast, int64(blockTime/max(1, p.perUnit())))
}
