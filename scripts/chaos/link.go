package main

import (
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// slowLink passes TCP connections on, each piece of data later than it came: a link with delay and jitter.
type slowLink struct {
	l     net.Listener
	to    string
	delay time.Duration
	vary  time.Duration

	mu   sync.Mutex
	open map[net.Conn]bool
	done sync.WaitGroup
}

// Bounds of a slow link.
const (
	proxyPiece = 16 << 10
	proxyQueue = 4096 // pieces on the way in one direction
)

func newSlowLink(to string, delay, vary time.Duration) (*slowLink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &slowLink{l: l, to: to, delay: delay, vary: vary, open: map[net.Conn]bool{}}
	p.done.Go(p.accept)
	return p, nil
}

func (p *slowLink) address() string { return p.l.Addr().String() }

func (p *slowLink) accept() {
	for {
		in, err := p.l.Accept()
		if err != nil {
			return
		}
		p.done.Go(func() { p.serve(in) })
	}
}

func (p *slowLink) serve(in net.Conn) {
	out, err := net.Dial("tcp", p.to)
	if err != nil {
		in.Close()
		return
	}
	p.keep(in, out)
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() { p.pass(way[0], way[1]) })
	}
	both.Wait()
}

func (p *slowLink) keep(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.open[c] = true
	}
}

// parcel is data with the time at which it may arrive.
type parcel struct {
	data []byte
	at   time.Time
}

// pass hands data on in its order; a later piece never overtakes an earlier one.
func (p *slowLink) pass(from, to net.Conn) {
	way := make(chan parcel, proxyQueue)
	p.done.Go(func() {
		defer from.Close()
		defer to.Close()
		for one := range way {
			time.Sleep(time.Until(one.at))
			if _, err := to.Write(one.data); err != nil {
				break
			}
		}
		for range way { // let the reader end
		}
	})
	defer close(way)
	for {
		b := make([]byte, proxyPiece)
		n, err := from.Read(b)
		if n > 0 {
			way <- parcel{b[:n], time.Now().Add(p.late())}
		}
		if err != nil {
			return
		}
	}
}

// late draws how long one piece takes.
func (p *slowLink) late() time.Duration {
	return p.delay + time.Duration(rand.Int64N(2*int64(p.vary)+1)) - p.vary
}

// close ends every connection.
func (p *slowLink) close() {
	p.l.Close()
	p.mu.Lock()
	for c := range p.open {
		c.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
}
