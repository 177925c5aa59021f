package app

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	p := &pace{}
	if got := p.enough(); got != int64(blockTime/paceStart) {
		t.Error("before anything was measured:", got)
	}
	block := func(weight int64, took time.Duration) {
		p.spent = took
		p.done(weight)
	}
	for range 100 {
		block(1_000, time.Second)
	}
	if got := p.enough(); got < 495 || got > 505 { // 1 ms a unit
		t.Error("a slow node offers", got)
	}
	block(1_000, 2*time.Second)
	if got := p.enough(); got < 330 || got > 335 {
		t.Error("after one slow block, half of it at once:", got)
	}
	for range 100 {
		block(1_000, time.Second)
	}
	block(10, time.Hour) // an idle chain's block tells nothing
	if got := p.enough(); got < 495 || got > 505 {
		t.Error("after a light block", got)
	}
	for range 100 {
		block(1_000, time.Minute)
	}
	if got := p.enough(); got != paceLeast {
		t.Error("a node that hardly moves offers", got)
	}
	for range 400 {
		block(1_000, 50*time.Millisecond)
	}
	if got := p.enough(); got < 9_900 || got > 10_100 {
		t.Error("a fast node offers", got)
	}
	p.spent = 0
	stop := p.run()
	time.Sleep(2 * time.Millisecond)
	stop()
	if p.spent < 2*time.Millisecond {
		t.Error("the time of a block is not counted:", p.spent)
	}
}
