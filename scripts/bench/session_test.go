package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"google.golang.org/protobuf/proto"
)

// gateStub answers as a gate does, over what a test gives it.
type gateStub struct {
	gatev1connect.UnimplementedGateHandler
	pin     []byte
	hellos  int // until it is ready
	missing int // answers that Submit leaves out
	blocks  []*gatev1.BlockEvents

	mu     sync.Mutex
	pages  []int // of keys read
	tokens []string
}

var challenge = []byte(strings.Repeat("c", 32))

func (g *gateStub) Hello(context.Context, *connect.Request[gatev1.HelloRequest]) (*connect.Response[gatev1.HelloResponse], error) {
	g.hellos--
	return connect.NewResponse(&gatev1.HelloResponse{Challenge: challenge, Height: 2, Ready: g.hellos < 0}), nil
}

func (g *gateStub) OpenSession(_ context.Context, r *connect.Request[gatev1.OpenSessionRequest]) (*connect.Response[gatev1.OpenSessionResponse], error) {
	content := slices.Concat(challenge, r.Msg.Account, g.pin)
	pub := key.Public{Kind: key.Kind(r.Msg.Kind), Bytes: r.Msg.PublicKey}
	if err := key.Verify(pub, key.Digest(devnet.ChainID, "session", content), r.Msg.Signature); err != nil {
		return nil, connect.NewError(connect.CodeUnauthenticated, err)
	}
	return connect.NewResponse(&gatev1.OpenSessionResponse{Token: "a token"}), nil
}

func (g *gateStub) Read(_ context.Context, r *connect.Request[gatev1.ReadRequest]) (*connect.Response[gatev1.ReadResponse], error) {
	g.pages, g.tokens = append(g.pages, len(r.Msg.Keys)), append(g.tokens, r.Header().Get("Authorization"))
	out := &gatev1.ReadResponse{}
	for _, k := range r.Msg.Keys {
		b, _ := proto.Marshal(&kernelv1.Count{Count: uint64(k[0])})
		out.Records = append(out.Records, &gatev1.Record{Present: k[0] > 0, Value: append(make([]byte, kernelv1.MarkSize), b...)})
	}
	return connect.NewResponse(out), nil
}

func (g *gateStub) Submit(_ context.Context, r *connect.Request[gatev1.SubmitRequest]) (*connect.Response[gatev1.SubmitResponse], error) {
	out := &gatev1.SubmitResponse{}
	for range len(r.Msg.Transactions) - g.missing {
		out.Results = append(out.Results, &gatev1.Submitted{})
	}
	return connect.NewResponse(out), nil
}

// Events hands out one block a call, and fails behind the last.
func (g *gateStub) Events(_ context.Context, r *connect.Request[gatev1.EventsRequest]) (*connect.Response[gatev1.EventsResponse], error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := r.Msg.FromHeight - 1
	if at >= int64(len(g.blocks)) {
		return nil, connect.NewError(connect.CodeInternal, context.DeadlineExceeded)
	}
	return connect.NewResponse(&gatev1.EventsResponse{Blocks: g.blocks[at : at+1], NextHeight: at + 2}), nil
}

// served puts a stub behind TLS and describes the network that it is the one node of.
func served(t *testing.T, g *gateStub) *devnet.Net {
	t.Helper()
	_, handler := gatev1connect.NewGateHandler(g)
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	sum := sha256.Sum256(s.Certificate().RawSubjectPublicKeyInfo)
	g.pin = sum[:]
	return &devnet.Net{
		Nodes: []node.Config{{GateListen: strings.TrimPrefix(s.URL, "https://")}},
		IDs:   []node.Identity{{Pin: hex.EncodeToString(sum[:])}},
	}
}

func somebody() devnet.Role {
	return devnet.Role{Name: "somebody", Account: id.Hash("somebody"), Signer: secret("somebody", 0)}
}

func TestDialWaitsAndSigns(t *testing.T) {
	g := &gateStub{hellos: 2}
	s, err := dial(t.Context(), served(t, g), 0, somebody())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if s.token != "a token" || g.hellos >= 0 {
		t.Error(s.token, g.hellos)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.reach(ctx, 3); err == nil {
		t.Error("a height that the node has not was reached")
	}
}

func TestDialRefusesAnotherKey(t *testing.T) {
	net := served(t, &gateStub{})
	net.IDs[0].Pin = strings.Repeat("0", 64)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := dial(ctx, net, 0, somebody()); err == nil {
		t.Error("a gate with another key was taken")
	}
}

func TestReadPages(t *testing.T) {
	g := &gateStub{}
	s, err := dial(t.Context(), served(t, g), 0, somebody())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var keys [][]byte
	for i := range 2*readMost + 1 {
		keys = append(keys, []byte{byte(i % 100)})
	}
	got, err := read[kernelv1.Count](t.Context(), s, keys)
	if err != nil || len(got) != len(keys) {
		t.Fatal(len(got), err)
	}
	for i, c := range got {
		if c.Count != uint64(i%100) {
			t.Fatalf("record %d is %d", i, c.Count)
		}
	}
	if len(g.pages) != 3 || g.pages[2] != 1 || g.tokens[0] != "Bearer a token" {
		t.Error(g.pages, g.tokens)
	}
}

func TestSubmitCountsAnswers(t *testing.T) {
	for missing, good := range map[int]bool{0: true, 1: false} {
		s, err := dial(t.Context(), served(t, &gateStub{missing: missing}), 0, somebody())
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		if _, err := s.submit(t.Context(), [][]byte{{1}, {2}}); (err == nil) != good {
			t.Errorf("%d answers left out: %v", missing, err)
		}
	}
}

// TestFollow: every block is seen once and in order, who waits is told once, and a call that fails ends it.
func TestFollow(t *testing.T) {
	mine, other := id.Hash("mine"), id.Hash("other")
	g := &gateStub{blocks: []*gatev1.BlockEvents{
		{Height: 1, TimeUnixS: 100},
		{Height: 2, TimeUnixS: 101, Transactions: []*gatev1.TxEvents{{Hash: other.Bytes()}, {Hash: mine.Bytes(), Code: 5}}},
		{Height: 3, TimeUnixS: 102, Transactions: []*gatev1.TxEvents{{Hash: mine.Bytes()}}},
	}}
	s, err := dial(t.Context(), served(t, g), 0, somebody())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	f := newFollower(s)
	var told []final
	f.expect(mine, func(one final) { told = append(told, one) })
	if err := f.run(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be followed") {
		t.Error(err)
	}
	if len(told) != 1 || told[0].height != 2 || told[0].timeUnixS != 101 || told[0].code != 5 || told[0].hash != mine {
		t.Errorf("told: %+v", told)
	}
	if f.timeS.Load() != 102 || f.blocks.Load() != 2 {
		t.Error(f.timeS.Load(), f.blocks.Load())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newFollower(s).run(ended); err != nil {
		t.Error("a run that was told to end:", err)
	}
}
