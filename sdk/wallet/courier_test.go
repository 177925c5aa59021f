package wallet_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk/wallet"
)

// courier stands between a wallet and an honest node and carries everything, until it is told to lose something.
type courier struct {
	gatev1connect.GateClient
	signer key.Signer
	chain  string
	pin    []byte // of the honest node

	submits   atomic.Int64
	atSubmit  atomic.Pointer[func()] // before a transaction goes on
	losesSent atomic.Bool            // transactions never arrive
	cut       atomic.Bool            // a transaction arrives, and from then on nothing comes back
	dead      atomic.Bool            // nothing arrives
}

// carried puts a courier between a role's new home and its node.
func (g *stage) carried(t *testing.T, role string) (*courier, *wallet.Wallet) {
	t.Helper()
	w := g.home(t, role)
	r := g.Role(role)
	url, pin := g.Endpoint(r.Node)
	raw, err := hex.DecodeString(pin)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true} //nolint:gosec // a node of this very process
	c := &courier{GateClient: gatev1connect.NewGateClient(&http.Client{Transport: transport}, url), signer: r.Signer, chain: g.Genesis.ChainID, pin: raw}
	mux := http.NewServeMux()
	mux.Handle(gatev1connect.NewGateHandler(c))
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	own := sha256.Sum256(server.Certificate().RawSubjectPublicKeyInfo)
	w.Profile.Endpoints[0] = wallet.Endpoint{URL: server.URL, Pin: hex.EncodeToString(own[:])}
	if err := w.Save(); err != nil {
		t.Fatal(err)
	}
	return c, w
}

var errLost = connect.NewError(connect.CodeUnavailable, errors.New("the line is cut"))

// carry hands a request on, with its session.
func carry[Q, A any](ctx context.Context, c *courier, r *connect.Request[Q], call func(context.Context, *connect.Request[Q]) (*connect.Response[A], error)) (*connect.Response[A], error) {
	if c.dead.Load() {
		return nil, errLost
	}
	next := connect.NewRequest(r.Msg)
	next.Header().Set("Authorization", r.Header().Get("Authorization"))
	a, err := call(ctx, next)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(a.Msg), nil
}

func (c *courier) Hello(ctx context.Context, r *connect.Request[gatev1.HelloRequest]) (*connect.Response[gatev1.HelloResponse], error) {
	return carry(ctx, c, r, c.GateClient.Hello)
}

// OpenSession signs in the wallet's place, which signed for the courier's own pin.
func (c *courier) OpenSession(ctx context.Context, r *connect.Request[gatev1.OpenSessionRequest]) (*connect.Response[gatev1.OpenSessionResponse], error) {
	var err error
	r.Msg.Signature, err = c.signer.Sign(key.Digest(c.chain, "session", slices.Concat(r.Msg.Challenge, r.Msg.Account, c.pin)))
	if err != nil {
		return nil, err
	}
	return carry(ctx, c, r, c.GateClient.OpenSession)
}

func (c *courier) LightBlock(ctx context.Context, r *connect.Request[gatev1.LightBlockRequest]) (*connect.Response[gatev1.LightBlockResponse], error) {
	return carry(ctx, c, r, c.GateClient.LightBlock)
}

func (c *courier) Read(ctx context.Context, r *connect.Request[gatev1.ReadRequest]) (*connect.Response[gatev1.ReadResponse], error) {
	return carry(ctx, c, r, c.GateClient.Read)
}

func (c *courier) List(ctx context.Context, r *connect.Request[gatev1.ListRequest]) (*connect.Response[gatev1.ListResponse], error) {
	return carry(ctx, c, r, c.GateClient.List)
}

func (c *courier) Outcome(ctx context.Context, r *connect.Request[gatev1.OutcomeRequest]) (*connect.Response[gatev1.OutcomeResponse], error) {
	if c.losesSent.Load() {
		r.Msg.WaitMs = 50 // nothing will come of it
	}
	return carry(ctx, c, r, c.GateClient.Outcome)
}

func (c *courier) Trail(ctx context.Context, r *connect.Request[gatev1.TrailRequest]) (*connect.Response[gatev1.TrailResponse], error) {
	return carry(ctx, c, r, c.GateClient.Trail)
}

func (c *courier) Sent(ctx context.Context, r *connect.Request[gatev1.SentRequest]) (*connect.Response[gatev1.SentResponse], error) {
	return carry(ctx, c, r, c.GateClient.Sent)
}

func (c *courier) Submit(ctx context.Context, r *connect.Request[gatev1.SubmitRequest]) (*connect.Response[gatev1.SubmitResponse], error) {
	c.submits.Add(1)
	if look := c.atSubmit.Load(); look != nil {
		(*look)()
	}
	if c.losesSent.Load() {
		return connect.NewResponse(&gatev1.SubmitResponse{Results: make([]*gatev1.Submitted, len(r.Msg.Transactions))}), nil
	}
	a, err := carry(ctx, c, r, c.GateClient.Submit)
	if c.cut.Load() {
		c.dead.Store(true)
		return nil, errLost
	}
	return a, err
}
