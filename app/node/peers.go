package node

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cometbft/cometbft/p2p"
)

const (
	// sweepEvery is how often connections of peers that are no longer members' nodes are ended.
	sweepEvery = 2 * time.Second
	// keepEvery is how often silent peers are ended and configured peers without a connection are dialled.
	keepEvery = time.Second
	// silentAfter is how long a peer may say nothing while blocks are made: an idle chain talks twice a second. After a
	// partition the old connections stay for as long again as it lasted, and the engine itself would wait.
	silentAfter = 4 * time.Second
	// lookupWithin bounds the search for a peer's address by its name.
	lookupWithin = 2 * time.Second
)

var (
	errNoMember = errors.New("no member's node")
	errSilent   = errors.New("nothing came from it")
)

// watchPeers sees to the connections until the node stops.
func (n *Node) watchPeers() {
	defer n.done.Done()
	sweep, keep := time.NewTicker(sweepEvery), time.NewTicker(keepEvery)
	defer sweep.Stop()
	defer keep.Stop()
	d := dialler{node: n, dialling: map[p2p.ID]bool{}}
	for {
		select {
		case <-n.stop:
			return
		case <-sweep.C:
			n.sweepOnce()
		case <-keep.C:
			n.endSilent()
			d.dial()
		}
	}
}

// sweepOnce ends the connections of peers that the registry no longer admits.
func (n *Node) sweepOnce() {
	for _, p := range n.engine.Switch().Peers().Copy() {
		if !n.app.AdmitsPeer(string(p.ID())) {
			n.log.Warn("ending the connection of a peer that is no member's node", "peer", p.ID())
			n.engine.Switch().StopPeerForError(p, errNoMember)
		}
	}
}

// endSilent ends connections on which nothing comes. While the node catches up peers have reason to be silent.
func (n *Node) endSilent() {
	if n.engine.ConsensusReactor().WaitSync() {
		return
	}
	for _, p := range n.engine.Switch().Peers().Copy() {
		if s := p.Status(); s.Duration > silentAfter && s.RecvMonitor.Idle > silentAfter {
			n.log.Warn("ending a silent connection; it is made anew", "peer", p.ID(), "silent", s.RecvMonitor.Idle)
			n.engine.Switch().StopPeerForError(p, errSilent)
		}
	}
}

// dialler dials configured peers that are not connected: the engine does it ever more rarely, gives up at last, and never
// tries those whose names were not found when it started.
type dialler struct {
	node     *Node
	mu       sync.Mutex
	dialling map[p2p.ID]bool
}

func (d *dialler) dial() {
	for _, p := range d.node.config.Peers {
		id, address, _ := strings.Cut(p, "@") // Check has judged it
		peer := p2p.ID(id)
		if d.node.engine.Switch().Peers().Has(peer) || !d.begin(peer) {
			continue
		}
		d.node.done.Add(1)
		go func() { // bounded by lookupWithin, and by the engine's time for dialling and handshake
			defer d.node.done.Done()
			if a, err := lookUp(address); err == nil {
				a.ID = peer
				_ = d.node.engine.Switch().DialPeerWithAddress(a) // it is tried again
			}
			d.end(peer)
		}()
	}
}

// lookUp finds host:port, each time anew: a name may be found later, or another address, while the node runs.
func lookUp(address string) (*p2p.NetAddress, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookupWithin)
	defer cancel()
	found, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, err
	}
	return p2p.NewNetAddressIPPort(found[0].IP, uint16(port)), nil
}

func (d *dialler) begin(peer p2p.ID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	begun := !d.dialling[peer]
	d.dialling[peer] = true
	return begun
}

func (d *dialler) end(peer p2p.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.dialling, peer)
}
