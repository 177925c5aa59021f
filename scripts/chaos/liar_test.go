package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/mock"
	bcproto "github.com/cometbft/cometbft/proto/tendermint/blocksync"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
)

// hearer is a peer that keeps what it is sent.
type hearer struct {
	*mock.Peer
	got []p2p.Envelope
}

func (h *hearer) Send(e p2p.Envelope) bool { h.got = append(h.got, e); return true }

func (h *hearer) TrySend(e p2p.Envelope) bool { return h.Send(e) }

// Each lie is one: what is sent differs from the truth, or is nothing, or is a height that is not there.
func TestEachLieIsOne(t *testing.T) {
	names := map[string]bool{}
	for _, one := range lies {
		if names[one.name] {
			t.Errorf("%s twice", one.name)
		}
		names[one.name] = true
		l := &liar{a: chainOf(t, "a", 6, 99, "", []byte("some transaction")), lie: one}
		truth, err := l.answer(3).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var told []byte
		if r := one.bend(l, l.answer(3), 3); r != nil {
			if told, err = r.Marshal(); err != nil {
				t.Fatal(err)
			}
		}
		if bytes.Equal(told, truth) && one.claim(6) == 6 {
			t.Errorf("%s is the truth", one.name)
		}
	}
}

// The truth itself stays untouched by a lie that was told before.
func TestLiesDoNotStick(t *testing.T) {
	l := &liar{a: chainOf(t, "a", 6, 99, "", []byte("some transaction"))}
	before, _ := l.answer(4).Marshal()
	for _, one := range lies {
		one.bend(l, l.answer(4), 4)
	}
	if after, _ := l.answer(4).Marshal(); !bytes.Equal(before, after) {
		t.Error("a lie changed what is stored")
	}
}

func TestLiarAnswers(t *testing.T) {
	l := &liar{a: chainOf(t, "a", 6, 99, ""), lie: lies[3]}
	h := &hearer{Peer: mock.NewPeer(net.IPv4(127, 0, 0, 1))}
	l.AddPeer(h)
	l.Receive(p2p.Envelope{Src: h, Message: &bcproto.StatusRequest{}})
	l.Receive(p2p.Envelope{Src: h, Message: &bcproto.BlockRequest{Height: 2}})
	l.Receive(p2p.Envelope{Src: h, Message: &bcproto.BlockRequest{Height: 7}}) // which is not there
	l.RemovePeer(h, "enough")
	l.Receive(p2p.Envelope{Src: h, Message: &bcproto.BlockRequest{Height: 3}})
	if asked, after, ended := l.seen(); asked != 3 || after != 1 || ended != 1 {
		t.Errorf("%d %d %d", asked, after, ended)
	}
	if len(h.got) != 4 || h.got[0].Message.(*bcproto.StatusResponse).Height != 6 {
		t.Errorf("%v", h.got)
	}
	if ch := l.GetChannels(); len(ch) != 1 || ch[0].RecvMessageCapacity == 0 {
		t.Errorf("%v", ch)
	}
}

func TestReadProposals(t *testing.T) {
	made, decided := readProposals("made 5 a high S\nnoise\nmade 9 control\ndecided 9\nmade x y\ndecided\n")
	if len(made) != 2 || made[0] != (proposal{5, "a high S"}) || made[1] != (proposal{9, "control"}) || len(decided) != 1 || !decided[9] {
		t.Errorf("%v %v", made, decided)
	}
	got := refusals("time=x level=WARN msg=\"refused a proposal\" height=12 err=\"transaction 0\"\nlevel=WARN msg=other height=13\nmsg=\"refused a proposal\" height=15 err=x\n")
	if len(got) != 2 || !got[12] || !got[15] {
		t.Errorf("%v", got)
	}
}

func TestWeigh(t *testing.T) {
	good := map[string]bool{"control": true}
	all := func(heights ...int64) map[int64]bool {
		out := map[int64]bool{}
		for _, h := range heights {
			out[h] = true
		}
		return out
	}
	made := []proposal{{4, "control"}, {8, "late"}, {12, "late"}, {16, "bytes"}}
	w := weigh(made, all(4), good, []map[int64]bool{all(8, 12, 16), all(12, 16)})
	if len(w.faults) != 0 || w.controls != 1 || w.refused != 5 || w.late != 1 || len(w.kinds) != 3 {
		t.Errorf("%+v", w)
	}
	w = weigh(made, all(16), good, []map[int64]bool{all(8, 12), all(12)})
	if len(w.faults) != 2 || !strings.Contains(w.faults[0], "bytes was decided at height 16") && !strings.Contains(w.faults[0], "with bytes") || w.controls != 0 {
		t.Errorf("%+v", w)
	}
	w = weigh(made[1:3], nil, good, []map[int64]bool{all(8), all(12)}) // never by both at once
	if len(w.faults) != 1 || !strings.Contains(w.faults[0], "late was never refused") {
		t.Errorf("%+v", w)
	}
}

func clusterFor(t *testing.T, o devnet.Options) *cluster {
	t.Helper()
	c, err := layOut(stageFor(t, 1), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The twins have one validator key, two keys of their own, and never each other as peers.
func TestTwins(t *testing.T) {
	c := clusterFor(t, devnet.Options{Validators: validators, FullNode: true})
	if err := c.makeTwins(); err != nil {
		t.Fatal(err)
	}
	again, err := devnet.Open(c.net.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.IDs[twinA].Validator, again.IDs[twinB].Validator) || again.IDs[twinA].PeerID == again.IDs[twinB].PeerID {
		t.Error("they are no twins")
	}
	for i, list := range peersOf {
		if len(again.Nodes[i].Peers) != len(list) {
			t.Errorf("node %d has peers %v", i, again.Nodes[i].Peers)
		}
		for _, j := range list {
			if !slices.ContainsFunc(again.Nodes[i].Peers, func(p string) bool { return strings.HasPrefix(p, again.IDs[j].PeerID) }) || !slices.Contains(peersOf[j], i) {
				t.Errorf("node %d does not have %d for a peer, or is not its", i, j)
			}
		}
	}
}

func TestLayOut(t *testing.T) {
	var seen []string
	c := clusterFor(t, devnet.Options{Validators: 2, Tune: func(c *node.Config) { seen = append(seen, c.LogLevel) }})
	if len(c.nodes) != 2 || len(c.gates) != 2 || !slices.Equal(c.or(nil), []int{0, 1}) || !slices.Equal(c.or([]int{1}), []int{1}) {
		t.Errorf("%+v", c)
	}
	if !slices.Equal(seen, []string{"warn", "warn"}) {
		t.Errorf("tuned before the package's own: %v", seen)
	}
	if err := c.stop(); err != nil || c.top(t.Context()) != 0 {
		t.Error(err)
	}
	if err := c.ready(t.Context()); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Error(err)
	}
	if err := c.agree(t.Context(), 1, 0); err == nil {
		t.Error("nodes that do not run agree")
	}
}

// Who dials whom goes through a slow link each.
func TestSlowDown(t *testing.T) {
	c := clusterFor(t, devnet.Options{Validators: 3})
	links, err := c.slowDown(time.Millisecond, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, conf := range c.net.Nodes {
		if len(conf.Peers) != 2 {
			t.Errorf("node %d: %v", i, conf.Peers)
		}
		for _, p := range conf.Peers {
			_, address, _ := strings.Cut(p, "@")
			if !slices.ContainsFunc(links, func(l *slowLink) bool { return l.address() == address }) {
				t.Errorf("%s is no slow link", p)
			}
		}
	}
	if len(links) != 6 {
		t.Errorf("%d links", len(links))
	}
	for _, l := range links {
		l.close()
	}
}

// Data arrives whole, in its order, and later than it was sent; closing ends it.
func TestSlowLink(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // what comes is sent back
				b := make([]byte, 4096)
				for {
					n, err := c.Read(b)
					if err != nil {
						c.Close()
						return
					}
					_, _ = c.Write(b[:n])
				}
			}()
		}
	}()
	const delay, vary = 30 * time.Millisecond, 20 * time.Millisecond
	slow, err := newSlowLink(l.Addr().String(), delay, vary)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", slow.address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for round := range 5 {
		sent := bytes.Repeat([]byte{byte(round), 7, 9}, 500*(round+1))
		began := time.Now()
		if _, err := c.Write(sent); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(sent))
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		for read := 0; read < len(got); {
			n, err := c.Read(got[read:])
			if err != nil {
				t.Fatal(err)
			}
			read += n
		}
		if took := time.Since(began); !bytes.Equal(got, sent) || took < 2*(delay-vary) {
			t.Errorf("round %d: %v", round, took)
		}
	}
	slow.close()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("it is still open")
	}
}

func TestWireNames(t *testing.T) {
	w := newWire(4)
	seen := map[string]bool{}
	for i := range w.nodes {
		for _, name := range []string{w.space(i), w.link(i), w.control(i), w.bridge(i), w.peerIP(i), w.clientIP(i)} {
			if seen[name] || len(name) > 15 && !strings.Contains(name, ".") { // the system's bound on names of links
				t.Errorf("%s twice, or too long", name)
			}
			seen[name] = true
		}
		if net.ParseIP(w.peerIP(i)) == nil || net.ParseIP(w.clientIP(i)) == nil {
			t.Error("no address")
		}
	}
	for _, line := range w.nodeLines(2) {
		if strings.Contains(line, "  ") || !strings.Contains(line, w.tag) {
			t.Errorf("%q", line)
		}
	}
}

func TestHomesAndCopies(t *testing.T) {
	v := &volume{mount: "/mnt/x"}
	on := map[string]*volume{"node3": v}
	if homeOn("/net/node3", on) != "/mnt/x/node3" || homeOn("/net/node1", on) != "/net/node1" {
		t.Error("another home")
	}
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "deep", "copy")
	if err := os.WriteFile(filepath.Join(from, "f"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := copyTree(from, to); err != nil {
		t.Fatal(err)
	}
	if err := keepSecret(to); err != nil {
		t.Fatal(err)
	}
	s, err := os.Stat(filepath.Join(to, "f"))
	if err != nil || s.Mode().Perm() != 0o600 {
		t.Error(s.Mode(), err)
	}
	if err := copyTree(from, to); err == nil {
		t.Error("a file was overwritten")
	}
}

// What is cut off was not written; what was synced before is there. Only root can try it.
func TestVolume(t *testing.T) {
	if why := missing([]need{needRoot, needLoop}); why != "" {
		t.Log("not tried:", why)
		return
	}
	v, err := newVolume(t.Context(), t.TempDir(), "disk", 64)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := v.close(); err != nil {
			t.Error(err)
		}
	}()
	write := func(name string) error { return os.WriteFile(filepath.Join(v.mount, name), []byte(name), 0o600) }
	if err := write("early"); err != nil {
		t.Fatal(err)
	}
	if err := v.sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := write("late"); err != nil {
		t.Fatal(err)
	}
	if err := v.cut(cutNoLogFlush); err != nil {
		t.Fatal(err)
	}
	if err := write("never"); err == nil {
		t.Error("it is written after the cut")
	}
	if err := v.again(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, early := os.ReadFile(filepath.Join(v.mount, "early"))
	_, late := os.Stat(filepath.Join(v.mount, "late"))
	if early != nil || !os.IsNotExist(late) {
		t.Errorf("early: %v, late: %v", early, late)
	}
	if err := v.fill(10_000); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(v.mount, "big"), make([]byte, 1<<20), 0o600); !full(err) {
		t.Errorf("a mebibyte found room on a full disk: %v", err)
	}
	if err := v.empty(); err != nil {
		t.Fatal(err)
	}
	if free, err := freeBytes(v.mount); err != nil || free < 10<<20 {
		t.Error(free, err)
	}
}

func TestLastLine(t *testing.T) {
	for in, want := range map[string]string{"": "", "a\nb\n": "b", "a": "a", "a\n\n": "a"} {
		if got := lastLine(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	c := &counts{}
	c.taken.Add(3)
	if !strings.Contains(c.String(), "taken 3") {
		t.Error(c)
	}
}
