// Package gate is the node's public port, on TLS: sessions signed by an account, or mutual TLS; the routes that a
// light client, a wallet and the SDK need, each answer filtered by what the caller may read.
package gate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/key"
	"golang.org/x/time/rate"
)

// Chain is what the gate asks of the engine: headers with their commits, and whether the node has caught up.
type Chain struct {
	LightBlock func(ctx context.Context, height int64) (*types.LightBlock, error)
	Ready      func() bool
}

// Limits bounds what one session, and all who have none together, may ask.
type Limits struct {
	CallsPerSecond rate.Limit
	Burst          int
}

// DefaultLimits suits wallets and ERPs; an issue run of thousands takes a few calls.
var DefaultLimits = Limits{CallsPerSecond: 500, Burst: 1000}

// maxBody bounds a request: a batch of transactions, one of them perhaps an issue run.
const maxBody = 20 << 20

// maxStrangersBody bounds a request of somebody who is not known yet.
const maxStrangersBody = 64 << 10

// Gate serves one node's public port.
type Gate struct {
	app       *app.App
	chain     Chain
	member    string
	version   string
	sessions  *sessions
	anonymous *rate.Limiter
	log       *slog.Logger
	pin       [32]byte
}

// Options is what a node says of itself.
type Options struct {
	Member  string // the name of the member whose node this is
	Version string
	Limits  Limits
	Log     *slog.Logger
	// Pin is the sha256 of the public key of the gate's certificate: sessions are signed for it, so that nobody can
	// pass a challenge on.
	Pin [32]byte
}

// New makes the gate of a node.
func New(a *app.App, chain Chain, o Options) *Gate {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Gate{
		app: a, chain: chain, member: o.Member, version: o.Version, log: o.Log, pin: o.Pin,
		sessions:  newSessions(o.Limits, time.Now),
		anonymous: rate.NewLimiter(o.Limits.CallsPerSecond, o.Limits.Burst),
	}
}

// Handler is the gate's HTTP handler.
func (g *Gate) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(gatev1connect.NewGateHandler(g,
		connect.WithInterceptors(connect.UnaryInterceptorFunc(g.authenticate)),
		connect.WithReadMaxBytes(maxBody),
		connect.WithCompression("gzip", nil, nil), // proofs, hashes and signatures do not shrink
		connect.WithRecover(g.recovered),
	))
	mux.HandleFunc("GET /ready", g.ready)
	return g.withCertificate(mux)
}

// Server serves the handler with a certificate; a client's certificate is asked for and may be missing.
func (g *Gate) Server(cert tls.Certificate) *http.Server {
	return &http.Server{
		Handler:           g.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute, // the longest wait for an outcome is half of it
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, ClientAuth: tls.RequestClientCert,
			NextProtos: []string{"h2", "http/1.1"},
		},
	}
}

func (g *Gate) recovered(_ context.Context, spec connect.Spec, _ http.Header, p any) error {
	g.log.Error("a call of the gate panicked", "procedure", spec.Procedure, "panic", p)
	g.app.FailIfFatal(p)
	return refuse(connect.CodeInternal, "the node failed on this call; its operator has a log of it")
}

// ready answers 200 when the node has caught up and 503 before: for load balancers and monitors.
func (g *Gate) ready(w http.ResponseWriter, _ *http.Request) {
	if !g.chain.Ready() {
		http.Error(w, "catching up", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

type certificateKey struct{}

// withCertificate takes the account behind a client's certificate: one whose P-256 key signs for an account. TLS has
// shown that the client holds the key; self-signed is enough, for the chain vouches for the key.
func (g *Gate) withCertificate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := g.certified(r.TLS)
		if ok {
			r = r.WithContext(context.WithValue(r.Context(), certificateKey{}, who))
		}
		if !ok && g.sessions.find(bearer(r.Header)) == nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxStrangersBody)
		}
		next.ServeHTTP(w, r)
	})
}

func (g *Gate) certified(state *tls.ConnectionState) (holder, bool) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return holder{}, false
	}
	pub, ok := state.PeerCertificates[0].PublicKey.(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return holder{}, false
	}
	point, err := pub.Bytes()
	if err != nil {
		return holder{}, false
	}
	by := key.Public{Kind: key.P256, Bytes: compress(point)}
	account, ok := g.app.AccountOf(by)
	return holder{account, by.ID()}, ok
}

// compress turns an uncompressed point, 4‖x‖y, into its one encoding here.
func compress(point []byte) []byte {
	last := point[len(point)-1]
	return append([]byte{2 + last&1}, point[1:33]...)
}

func refuse(code connect.Code, text string) error {
	return connect.NewError(code, errText(text))
}

type errText string

func (e errText) Error() string { return string(e) }
