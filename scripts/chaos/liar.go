package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cometbft/cometbft/blocksync"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/conn"
	bcproto "github.com/cometbft/cometbft/proto/tendermint/blocksync"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/version"
	"github.com/splittally/splittally/app/devnet"
)

// The nodes of the liar scenario: the liar has the key of a member's node that has stopped, and its blocks.
const (
	liarNode   = 3
	joiner     = 4
	liarBlocks = 40              // of the chain before the lying begins
	joinWithin = 2 * time.Minute // a joining node has caught up, in spite of the liar
)

// lie is one way of answering wrongly: what is made of the answer to a request for a block. nil is no answer.
type lie struct {
	name string
	// claim is the height that the liar says it has.
	claim func(have int64) int64
	bend  func(l *liar, r *bcproto.BlockResponse, height int64) *bcproto.BlockResponse
	// harmless: it need not end the connection, only be survived.
	harmless bool
}

func truly(have int64) int64 { return have }

// blockLie is a lie about a block's content.
func blockLie(name string, change func(*cmtproto.Block)) lie {
	return lie{name: name, claim: truly, bend: func(_ *liar, r *bcproto.BlockResponse, _ int64) *bcproto.BlockResponse {
		change(r.Block)
		return r
	}}
}

// lies is every way of lying.
var lies = []lie{
	blockLie("a byte of a transaction", func(b *cmtproto.Block) {
		if len(b.Data.Txs) > 0 {
			b.Data.Txs[0][len(b.Data.Txs[0])/2] ^= 1
		} else {
			b.Data.Txs = [][]byte{{1}}
		}
	}),
	{name: "the block after in place of the one", claim: truly, bend: func(l *liar, r *bcproto.BlockResponse, height int64) *bcproto.BlockResponse {
		if next := l.answer(height + 1); next != nil {
			return next
		}
		return r
	}},
	blockLie("the state's hash", func(b *cmtproto.Block) { b.Header.AppHash = slices.Repeat([]byte{1}, 32) }),
	blockLie("the time", func(b *cmtproto.Block) { b.Header.Time = b.Header.Time.Add(time.Second) }),
	blockLie("the validators", func(b *cmtproto.Block) { b.Header.ValidatorsHash = slices.Repeat([]byte{2}, 32) }),
	blockLie("a transaction left out", func(b *cmtproto.Block) {
		b.Data.Txs = b.Data.Txs[:max(0, len(b.Data.Txs)-1)]
		b.Header.DataHash = slices.Repeat([]byte{3}, 32)
	}),
	blockLie("a signature of the last commit", func(b *cmtproto.Block) {
		for i := range b.LastCommit.GetSignatures() {
			if s := b.LastCommit.Signatures[i].Signature; len(s) > 0 {
				s[0] ^= 1
			}
		}
	}),
	blockLie("the signatures left out", func(b *cmtproto.Block) { b.LastCommit.Signatures = nil }),
	blockLie("the height", func(b *cmtproto.Block) { b.Header.Height += 7 }),
	blockLie("another chain", func(b *cmtproto.Block) { b.Header.ChainID = "other" }),
	{name: "no block at all", claim: truly, harmless: true, bend: func(*liar, *bcproto.BlockResponse, int64) *bcproto.BlockResponse { return nil }},
	{
		name: "a height that is not there", claim: func(have int64) int64 { return have + 1_000_000 }, harmless: true,
		bend: func(_ *liar, r *bcproto.BlockResponse, _ int64) *bcproto.BlockResponse { return r },
	},
	{name: "an empty answer", claim: truly, bend: func(_ *liar, r *bcproto.BlockResponse, _ int64) *bcproto.BlockResponse { r.Block = nil; return r }},
	{
		name: "the truth, and a lower height each time", claim: func(have int64) int64 { return have / 2 }, harmless: true,
		bend: func(_ *liar, r *bcproto.BlockResponse, _ int64) *bcproto.BlockResponse { return r },
	},
}

// liar answers a joining node's block sync from a stopped node's blocks, bent.
type liar struct {
	p2p.BaseReactor
	a   *archive
	lie lie

	mu    sync.Mutex
	asked int // blocks that were asked for
	after int // of these, after the first connection had ended
	ended int // connections
}

// GetChannels gives block sync's own channel.
func (*liar) GetChannels() []*conn.ChannelDescriptor {
	return []*conn.ChannelDescriptor{{
		ID: blocksync.BlocksyncChannel, Priority: 5, SendQueueCapacity: 1000, RecvBufferCapacity: 50 * 4096,
		RecvMessageCapacity: blocksync.MaxMsgSize, MessageType: &bcproto.Message{},
	}}
}

// AddPeer claims a height at once.
func (l *liar) AddPeer(peer p2p.Peer) { peer.Send(l.status()) }

// RemovePeer notes that the other side has ended it.
func (l *liar) RemovePeer(p2p.Peer, any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended++
}

func (l *liar) status() p2p.Envelope {
	return p2p.Envelope{ChannelID: blocksync.BlocksyncChannel, Message: &bcproto.StatusResponse{Base: 1, Height: l.lie.claim(l.a.blocks.Height())}}
}

// Receive answers what a joining node asks.
func (l *liar) Receive(e p2p.Envelope) {
	switch m := e.Message.(type) {
	case *bcproto.StatusRequest:
		e.Src.TrySend(l.status())
	case *bcproto.BlockRequest:
		l.mu.Lock()
		l.asked++
		if l.ended > 0 {
			l.after++
		}
		l.mu.Unlock()
		r := l.answer(m.Height)
		if r != nil {
			r = l.lie.bend(l, r, m.Height)
		}
		if r != nil {
			e.Src.TrySend(p2p.Envelope{ChannelID: blocksync.BlocksyncChannel, Message: r})
		}
	}
}

// answer is the true answer; nil where there is no such block.
func (l *liar) answer(height int64) *bcproto.BlockResponse {
	b := l.a.blocks.LoadBlock(height)
	if b == nil {
		return nil
	}
	pb, err := b.ToProto()
	if err != nil {
		return nil
	}
	return &bcproto.BlockResponse{Block: pb}
}

// seen is how many blocks were asked of the liar, how many of them after it was cut off, and how often that was.
func (l *liar) seen() (asked, after, ended int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked, l.after, l.ended
}

// startLiar listens as the stopped node would.
func startLiar(c *cluster, l *liar) (stop func(), err error) {
	conf := c.net.Nodes[liarNode]
	e := conf.Engine()
	key, err := p2p.LoadNodeKey(e.NodeKeyFile())
	if err != nil {
		return nil, err
	}
	info := p2p.DefaultNodeInfo{
		ProtocolVersion: p2p.NewProtocolVersion(version.P2PProtocol, version.BlockProtocol, 1), DefaultNodeID: key.ID(), ListenAddr: e.P2P.ListenAddress,
		Network: devnet.ChainID, Version: version.TMCoreSemVer, Channels: []byte{blocksync.BlocksyncChannel}, Moniker: "a node like any other",
		Other: p2p.DefaultNodeInfoOther{TxIndex: "off"},
	}
	transport := p2p.NewMultiplexTransport(info, *key, p2p.MConnConfig(e.P2P))
	sw := p2p.NewSwitch(e.P2P, transport)
	sw.AddReactor("BLOCKSYNC", l)
	sw.SetNodeInfo(info)
	sw.SetNodeKey(key)
	addr, err := p2p.NewNetAddressString(string(key.ID()) + "@" + conf.P2PListen)
	if err != nil {
		return nil, err
	}
	if err := transport.Listen(*addr); err != nil {
		return nil, err
	}
	return func() { _, _ = sw.Stop(), transport.Close() }, sw.Start() // it has nothing to lose
}

func runLiar(ctx context.Context, s *stage) error {
	c, err := layOut(s, devnet.Options{Validators: validators, FullNode: true})
	if err != nil {
		return err
	}
	// The honest ones do not dial the joining node, which hears of the liar and of one of them.
	if err := c.connect([][]int{{1, 2, liarNode}, {0, 2, liarNode}, {0, 1, liarNode}, {0, 1, 2}, {liarNode, 0}}); err != nil {
		return err
	}
	fresh := filepath.Join(s.dir, "fresh")
	if err := copyTree(c.net.Nodes[joiner].Home, fresh); err != nil {
		return err
	}
	err = playLiar(ctx, s, c, fresh)
	return errors.Join(err, c.stop())
}

func playLiar(ctx context.Context, s *stage, c *cluster, fresh string) error {
	honest := []int{0, 1, 2}
	if err := c.start(0, 1, 2, liarNode); err != nil {
		return err
	}
	if err := errors.Join(c.ready(ctx, 0, 1, 2, liarNode), c.reach(ctx, readyWithin, 2, 0, 1, 2, liarNode)); err != nil {
		return err
	}
	l, err := prepare(ctx, c, false)
	if err != nil {
		return err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	l.begin(work, s.seed, 0, 3)
	err = c.reach(ctx, readyWithin, liarBlocks, honest...)
	l.stop()
	if err := errors.Join(err, c.nodes[liarNode].stop()); err != nil {
		return err
	}
	a, err := openArchive("the liar", c.net.Nodes[liarNode])
	if err != nil {
		return err
	}
	defer closeArchives([]*archive{a})
	t := &liarTrial{stage: s, c: c, a: a, fresh: fresh}
	return t.tellAll(ctx)
}

// liarTrial has a new node join for each lie.
type liarTrial struct {
	*stage
	c     *cluster
	a     *archive
	fresh string // what the joining node's home is before its first start
	took  samples
	cut   int
	again int
}

func (t *liarTrial) tellAll(ctx context.Context) error {
	told, end := 0, time.Now().Add(t.time)
	for i := range t.count {
		if time.Now().After(end) {
			break
		}
		one := lies[(i+int(t.seed%uint64(len(lies))))%len(lies)]
		if err := t.tell(ctx, one); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		told++
	}
	t.verdict.figure("lies told", told)
	t.verdict.figure("liar cut off", t.cut)
	t.verdict.figure("liar asked again after that", t.again)
	t.verdict.figure("joined and ready", t.took)
	return nil
}

// tell lets a node join that hears one lie, and judges it.
func (t *liarTrial) tell(ctx context.Context, one lie) error {
	home := t.c.net.Nodes[joiner].Home
	if err := errors.Join(os.RemoveAll(home), copyTree(t.fresh, home), keepSecret(home)); err != nil {
		return err
	}
	l := &liar{a: t.a, lie: one}
	l.BaseReactor = *p2p.NewBaseReactor("liar", l)
	stop, err := startLiar(t.c, l)
	if err != nil {
		return err
	}
	defer stop()
	if err := t.c.start(joiner); err != nil {
		return err
	}
	goal := t.c.top(ctx, 0, 1, 2)
	err = errors.Join(t.c.reach(ctx, joinWithin, goal, joiner), t.c.ready(ctx, joiner))
	asked, after, ended := l.seen()
	took := time.Since(t.c.nodes[joiner].since())
	t.log.say("%s: asked for %d blocks, cut off %d times, then asked for %d more, joined after %d ms", one.name, asked, ended, after, took.Milliseconds())
	switch {
	case err != nil:
		t.broken("%s: the joining node: %v", one.name, err)
		t.c.nodes[joiner].kill()
		return nil
	case asked == 0:
		return errors.New("the joining node asked nothing of the liar: this shows nothing")
	case ended == 0 && !one.harmless:
		t.broken("%s: the joining node did not end the liar's connection", one.name)
	}
	t.took, t.cut, t.again = append(t.took, took), t.cut+min(ended, 1), t.again+min(after, 1)
	return t.judge(ctx, one)
}

// judge compares the joined node's chain with the honest ones'.
func (t *liarTrial) judge(ctx context.Context, one lie) error {
	if err := t.c.agree(ctx, 1<<20, 0, 1, joiner); err != nil {
		t.broken("%s: %v", one.name, err)
	}
	if strings.Contains(t.c.nodes[joiner].tail(), "panic") {
		t.broken("%s: the joining node panicked", one.name)
	}
	return t.c.nodes[joiner].stop()
}

// keepSecret gives copied files the rights that a node's home has.
func keepSecret(home string) error {
	return filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	})
}
