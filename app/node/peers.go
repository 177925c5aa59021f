package node

import (
	"errors"
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
	for _, p := range n.config.Peers {
		if a, err := p2p.NewNetAddressString(p); err == nil { // a name that is not found today is the engine's to try
			d.peers = append(d.peers, a)
		}
	}
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

// dialler dials configured peers that are not connected: the engine does it ever more rarely, and gives up at last.
type dialler struct {
	node     *Node
	peers    []*p2p.NetAddress
	mu       sync.Mutex
	dialling map[p2p.ID]bool
}

func (d *dialler) dial() {
	for _, a := range d.peers {
		if d.node.engine.Switch().IsDialingOrExistingAddress(a) || !d.begin(a.ID) {
			continue
		}
		d.node.done.Add(1)
		go func() { // bounded by the engine's time for dialling and handshake
			defer d.node.done.Done()
			_ = d.node.engine.Switch().DialPeerWithAddress(a) // it is tried again
			d.end(a.ID)
		}()
	}
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
