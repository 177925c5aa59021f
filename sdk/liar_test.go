package sdk_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk"
)

// bends are what a lying node does to its answers; nil for nothing.
type bends struct {
	read    func(*gatev1.ReadRequest, *gatev1.ReadResponse)
	list    func(*gatev1.ListRequest, *gatev1.ListResponse)
	header  func(*gatev1.LightBlockRequest, *gatev1.LightBlockResponse)
	trail   func(*gatev1.TrailResponse)
	sent    func(*gatev1.SentResponse)
	outcome func(*gatev1.OutcomeResponse)
	// submit takes the place of the node's own; taken hands the transactions to the node.
	submit func(taken func() (*gatev1.SubmitResponse, error)) (*gatev1.SubmitResponse, error)
	events func(*gatev1.EventsResponse)
	// entries bends pages of an account's chain; refuse takes their place.
	entries func(*gatev1.EntriesRequest, *gatev1.EntriesResponse)
	refuse  func() error
	fail    func() error // before a read
}

// liar stands between a client and an honest node.
type liar struct {
	sdk.Endpoint
	honest gatev1connect.GateClient
	as     sdk.Config // whose account's sessions it opens itself: it cannot hand on those that clients sign

	mu     sync.Mutex
	bend   bends
	forgot bool // every session, as after a restart
}

func newLiar(t *testing.T, as sdk.Config) *liar {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	l := &liar{as: as, honest: gatev1connect.NewGateClient(&http.Client{Transport: transport}, as.Endpoints[0].URL)}
	mux := http.NewServeMux()
	mux.Handle(gatev1connect.NewGateHandler(l))
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	pin := sha256.Sum256(server.Certificate().RawSubjectPublicKeyInfo)
	l.Endpoint = sdk.Endpoint{URL: server.URL, Pin: hex.EncodeToString(pin[:])}
	return l
}

// lies sets what the node does from now on.
func (l *liar) lies(b bends) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bend = b
}

// forget loses the sessions that are open.
func (l *liar) forget(all bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgot = all
}

func (l *liar) now() bends {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bend
}

// pass hands a request on, with its session, and bends the answer.
func pass[Q, A any](ctx context.Context, l *liar, r *connect.Request[Q], call func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), bend func(*Q, *A)) (*connect.Response[A], error) {
	on := connect.NewRequest(r.Msg)
	l.mu.Lock()
	if !l.forgot {
		on.Header().Set("Authorization", r.Header().Get("Authorization"))
	}
	l.mu.Unlock()
	answer, err := call(ctx, on)
	if err != nil {
		return nil, err
	}
	if bend != nil {
		bend(r.Msg, answer.Msg)
	}
	return connect.NewResponse(answer.Msg), nil
}

// alone is a bend that does not look at the request.
func alone[Q, A any](bend func(*A)) func(*Q, *A) {
	if bend == nil {
		return nil
	}
	return func(_ *Q, a *A) { bend(a) }
}

func (l *liar) Hello(ctx context.Context, r *connect.Request[gatev1.HelloRequest]) (*connect.Response[gatev1.HelloResponse], error) {
	return pass(ctx, l, r, l.honest.Hello, nil)
}

func (l *liar) OpenSession(ctx context.Context, r *connect.Request[gatev1.OpenSessionRequest]) (*connect.Response[gatev1.OpenSessionResponse], error) {
	pin, err := hex.DecodeString(l.as.Endpoints[0].Pin)
	if err != nil {
		return nil, err
	}
	content := slices.Concat(r.Msg.Challenge, r.Msg.Account, pin)
	l.forget(false)
	if r.Msg.Signature, err = l.as.Signer.Sign(key.Digest(l.as.Trust.Chain, "session", content)); err != nil {
		return nil, err
	}
	return pass(ctx, l, r, l.honest.OpenSession, nil)
}

func (l *liar) LightBlock(ctx context.Context, r *connect.Request[gatev1.LightBlockRequest]) (*connect.Response[gatev1.LightBlockResponse], error) {
	return pass(ctx, l, r, l.honest.LightBlock, l.now().header)
}

func (l *liar) Read(ctx context.Context, r *connect.Request[gatev1.ReadRequest]) (*connect.Response[gatev1.ReadResponse], error) {
	if fail := l.now().fail; fail != nil {
		if err := fail(); err != nil {
			return nil, err
		}
	}
	return pass(ctx, l, r, l.honest.Read, l.now().read)
}

func (l *liar) List(ctx context.Context, r *connect.Request[gatev1.ListRequest]) (*connect.Response[gatev1.ListResponse], error) {
	return pass(ctx, l, r, l.honest.List, l.now().list)
}

func (l *liar) Submit(ctx context.Context, r *connect.Request[gatev1.SubmitRequest]) (*connect.Response[gatev1.SubmitResponse], error) {
	taken := func() (*gatev1.SubmitResponse, error) {
		a, err := pass(ctx, l, r, l.honest.Submit, nil)
		if err != nil {
			return nil, err
		}
		return a.Msg, nil
	}
	bend := l.now().submit
	if bend == nil {
		bend = func(taken func() (*gatev1.SubmitResponse, error)) (*gatev1.SubmitResponse, error) { return taken() }
	}
	a, err := bend(taken)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(a), nil
}

func (l *liar) Outcome(ctx context.Context, r *connect.Request[gatev1.OutcomeRequest]) (*connect.Response[gatev1.OutcomeResponse], error) {
	r.Msg.WaitMs = min(r.Msg.WaitMs, 500)
	return pass(ctx, l, r, l.honest.Outcome, alone[gatev1.OutcomeRequest](l.now().outcome))
}

func (l *liar) Trail(ctx context.Context, r *connect.Request[gatev1.TrailRequest]) (*connect.Response[gatev1.TrailResponse], error) {
	return pass(ctx, l, r, l.honest.Trail, alone[gatev1.TrailRequest](l.now().trail))
}

func (l *liar) Sent(ctx context.Context, r *connect.Request[gatev1.SentRequest]) (*connect.Response[gatev1.SentResponse], error) {
	return pass(ctx, l, r, l.honest.Sent, alone[gatev1.SentRequest](l.now().sent))
}

func (l *liar) Events(ctx context.Context, r *connect.Request[gatev1.EventsRequest]) (*connect.Response[gatev1.EventsResponse], error) {
	return pass(ctx, l, r, l.honest.Events, alone[gatev1.EventsRequest](l.now().events))
}

func (l *liar) Entries(ctx context.Context, r *connect.Request[gatev1.EntriesRequest]) (*connect.Response[gatev1.EntriesResponse], error) {
	if refuse := l.now().refuse; refuse != nil {
		return nil, refuse()
	}
	return pass(ctx, l, r, l.honest.Entries, l.now().entries)
}
