package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// Bounds of the phase of partial transfers: a fifth of the run.
const (
	splitShare   = 5
	splitSeconds = 10
	splitMinor   = 1 // that goes; the rest stays
)

// phase is one measured run: what came of it and what the nodes used for it.
type phase struct {
	count     int // of transfers or issues in blocks
	began     time.Time
	ended     time.Time // when the last was seen to be final
	latencies []time.Duration
	used      usage         // by the nodes
	own       time.Duration // CPU of this process
	others    float64       // cores that other programs of the machine used
	blocks    int64
}

// finals notes what became final. It is called by one goroutine at a time, the follower's.
func (p *phase) finals(n int, due time.Time, f final) {
	p.count += n
	p.latencies = append(p.latencies, f.seen.Sub(due))
	p.ended = f.seen
}

func (p *phase) perSecond() float64 { return perSecond(p.count, p.ended.Sub(p.began)) }

// measure runs a supply against the nodes and reads before and after what they used.
func (w *world) measure(ctx context.Context, nodes *children, p pace, source func(*phase) supply) (*phase, error) {
	out := &phase{began: time.Now(), blocks: -w.follow.blocks.Load()}
	before, err := look(nodes)
	if err != nil {
		return nil, err
	}
	if err := w.driver.run(ctx, p, source(out)); err != nil {
		return nil, err
	}
	after, err := look(nodes)
	out.used, out.own = after.nodes.since(before.nodes), after.own-before.own
	out.others = max((after.machine-before.machine-out.used.cpu-out.own).Seconds()/time.Since(out.began).Seconds(), 0)
	out.blocks += w.follow.blocks.Load()
	return out, err
}

// sight is what has been used until a moment.
type sight struct {
	nodes        usage
	own, machine time.Duration
}

func look(nodes *children) (s sight, err error) {
	if s.nodes, err = nodes.usage(); err != nil {
		return s, err
	}
	own, err := ownUsage()
	if err != nil {
		return s, err
	}
	s.own = own.cpu
	s.machine, err = machineBusy(proc)
	return s, err
}

// paceFor is the pace of a scenario whose orders hold so many transfers or issues each.
func paceFor(o options, each, most int) pace {
	return pace{rate: float64(o.rate) / float64(each), most: most, stop: time.Now().Add(time.Duration(o.seconds) * time.Second)}
}

// transfers supplies transfers of whole parts, or of one unit of each, drawn uniformly from the free ones.
func (w *world) transfers(p *phase, minor int64, log func(int)) supply {
	return func(due time.Time) (*order, bool, error) {
		place, drawn, to, ok := w.model.draw()
		if !ok {
			return nil, !w.model.spent(), nil
		}
		o, _, err := w.order(w.holders[drawn.holder], func(f final) error {
			e, err := message[*voucherv1.Passed](f, 0)
			if err != nil {
				return err
			}
			if minor > 0 {
				w.model.divided(to)
			} else {
				w.model.passed(place, to, id.Must(e.Head))
			}
			p.finals(1, due, f)
			log(1)
			return nil
		}, &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
			Part: drawn.ref(), To: w.holders[to].account.Bytes(), AmountMinor: minor,
			Background: &voucherv1.Background{Contract: contract(int(place) % contractCount)},
		}}})
		return o, true, err
	}
}

// issues supplies chunks of an issue run, each a transaction of chunkItems packages to drawn creditors.
func (w *world) issues(p *phase, seed uint64, log func(int)) supply {
	var mu sync.Mutex
	rng, run, chunk := rand.New(rand.NewPCG(seed, 1)), randomID(), uint32(0) //nolint:gosec // draws, no secrets
	next := func() *voucherv1.Issue {
		mu.Lock()
		defer mu.Unlock()
		chunk++
		m := &voucherv1.Issue{Run: run, Chunk: chunk}
		for range chunkItems {
			m.Items = append(m.Items, w.item(int32(rng.IntN(len(w.holders))), partMinor))
		}
		return m
	}
	return func(due time.Time) (*order, bool, error) {
		o, _, err := w.order(w.obligor, func(f final) error {
			if _, err := message[*voucherv1.Issued](f, chunkItems-1); err != nil {
				return err
			}
			p.finals(chunkItems, due, f)
			log(chunkItems)
			return nil
		}, next())
		return o, true, err
	}
}
