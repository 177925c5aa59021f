package main

import (
	"math/rand/v2"
	"sync"

	"github.com/splittally/splittally/modules/kernel/id"
)

// passesMost is how often the chain lets a part be passed on; the model then lays it aside.
const passesMost = 16

// part is a live part as its holder knows it.
type part struct {
	pkg, number, head id.ID
	holder            int32 // an account's place
	passes            uint8
}

// model is what the generator knows of the chain: every part with holder and head, and which are free, that is, not on
// the way. A part comes back when its new head was seen in a block.
type model struct {
	mu    sync.Mutex
	rng   *rand.Rand
	parts []part
	free  []int32
	away  int     // drawn and not yet back
	held  []int64 // parts by account, those on the way with their old holder
}

func newModel(accounts int, seed uint64) *model {
	return &model{rng: rand.New(rand.NewPCG(seed, 0)), held: make([]int64, accounts)} //nolint:gosec // draws, no secrets
}

// add takes in a new part.
func (m *model) add(p part) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parts, m.free = append(m.parts, p), append(m.free, int32(len(m.parts)))
	m.held[p.holder]++
}

// draw takes one of the free parts, each as likely as the others, and a receiver that is not its holder.
func (m *model) draw() (place int32, p part, to int32, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.free) == 0 {
		return 0, part{}, 0, false
	}
	i, last := m.rng.IntN(len(m.free)), len(m.free)-1
	place = m.free[i]
	m.free[i] = m.free[last]
	m.free = m.free[:last]
	m.away++
	p = m.parts[place]
	to = int32(m.rng.IntN(len(m.held) - 1))
	if to >= p.holder {
		to++
	}
	return place, p, to, true
}

// passed puts a whole part back with its new holder and head.
func (m *model) passed(place, to int32, head id.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.parts[place]
	m.away--
	m.held[p.holder]--
	m.held[to]++
	p.holder, p.head = to, head
	if p.passes++; p.passes < passesMost {
		m.free = append(m.free, place)
	}
}

// divided lays a part aside of which some went to another account; the rest stays with its holder.
func (m *model) divided(to int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away--
	m.held[to]++
}

// spent tells whether no part is free and none will be: none is on the way.
func (m *model) spent() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.free) == 0 && m.away == 0
}
