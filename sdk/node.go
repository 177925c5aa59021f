package sdk

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk/internal/light"
)

// Bounds of one connection.
const (
	maxAnswer    = 32 << 20 // bytes
	dialTimeout  = 10 * time.Second
	callTimeout  = 60 * time.Second // a call that waits 30 s in the node, and its answer
	renewBefore  = time.Minute      // before a session ends
	idleLifetime = 90 * time.Second
)

// sessionPurpose is what the challenge of a session is signed for.
const sessionPurpose = "session"

// node is one endpoint.
type node struct {
	client    *Client
	gate      gatev1connect.GateClient
	transport *http.Transport

	mu    sync.Mutex
	token string
	until time.Time
}

func newNode(c *Client, e Endpoint) (*node, error) {
	if !strings.HasPrefix(e.URL, "https://") {
		return nil, fmt.Errorf("endpoint %q: a node is reached by https", e.URL)
	}
	conf, err := pinned(e.Pin)
	if err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", e.URL, err)
	}
	if c.conf.Certificate != nil {
		conf.Certificates = []tls.Certificate{*c.conf.Certificate}
	}
	n := &node{client: c, transport: &http.Transport{
		TLSClientConfig: conf, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTimeout, IdleConnTimeout: idleLifetime,
	}}
	n.gate = gatev1connect.NewGateClient(&http.Client{Transport: n.transport, Timeout: callTimeout}, strings.TrimRight(e.URL, "/"),
		connect.WithReadMaxBytes(maxAnswer), connect.WithInterceptors(connect.UnaryInterceptorFunc(n.authenticate)))
	return n, nil
}

// pinned is a TLS configuration that takes the one certificate whose key has this hash, or without a pin what the
// machine trusts.
func pinned(pin string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS13}
	if pin == "" {
		return conf, nil
	}
	want, err := hex.DecodeString(pin)
	if err != nil || len(want) != sha256.Size {
		return nil, fmt.Errorf("pin %q is not 64 hex digits", pin)
	}
	conf.InsecureSkipVerify = true // the pin is checked instead of names and issuers
	conf.VerifyConnection = func(s tls.ConnectionState) error {
		got := sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo)
		if subtle.ConstantTimeCompare(got[:], want) != 1 {
			return fmt.Errorf("the node's key has the pin %x, not %s: ask its operator", got, pin)
		}
		return nil
	}
	return conf, nil
}

// lightBlock is the node as a source of headers.
func (n *node) lightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	r, err := n.gate.LightBlock(ctx, connect.NewRequest(&gatev1.LightBlockRequest{Height: height}))
	if connect.CodeOf(err) == connect.CodeNotFound {
		return nil, fmt.Errorf("%w: %w", light.ErrFuture, err)
	}
	if err != nil {
		return nil, err
	}
	return light.Decode(n.client.chain, r.Msg.LightBlock)
}

// open lists the calls that carry no session.
func needsSession(procedure string) bool {
	switch procedure {
	case gatev1connect.GateHelloProcedure, gatev1connect.GateOpenSessionProcedure, gatev1connect.GateLightBlockProcedure:
		return false
	}
	return true
}

// authenticate adds the session's token, and opens a new session once where the node no longer knows it.
func (n *node) authenticate(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		c := n.client
		if !needsSession(req.Spec().Procedure) || c.account.IsZero() || c.conf.Signer == nil {
			return next(ctx, req)
		}
		for attempt := 0; ; attempt++ {
			token, err := n.session(ctx, attempt > 0)
			if err != nil {
				return nil, err
			}
			req.Header().Set("Authorization", "Bearer "+token)
			answer, err := next(ctx, req)
			if attempt > 0 || connect.CodeOf(err) != connect.CodeUnauthenticated || err == nil {
				return answer, err
			}
		}
	}
}

// session is the token of the open session, or of a new one.
func (n *node) session(ctx context.Context, renew bool) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := n.client.conf.Now(); !renew && n.token != "" && now.Add(renewBefore).Before(n.until) {
		return n.token, nil
	}
	hello, err := n.gate.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{}))
	if err != nil {
		return "", err
	}
	if hello.Msg.ChainId != n.client.chain {
		return "", fmt.Errorf("%w: the node is of chain %.40q, not %s", ErrAnswer, hello.Msg.ChainId, n.client.chain)
	}
	request, err := n.sign(hello.Msg.Challenge)
	if err != nil {
		return "", err
	}
	opened, err := n.gate.OpenSession(ctx, connect.NewRequest(request))
	if err != nil {
		return "", fmt.Errorf("no session for account %s: %w", n.client.account.Short(), err)
	}
	n.token, n.until = opened.Msg.Token, time.Unix(opened.Msg.ExpiresUnixS, 0)
	return n.token, nil
}

func (n *node) sign(challenge []byte) (*gatev1.OpenSessionRequest, error) {
	account, signer := n.client.account, n.client.conf.Signer
	if len(challenge) != key.DigestSize {
		return nil, fmt.Errorf("%w: a challenge of %d bytes", ErrAnswer, len(challenge))
	}
	content := append(append([]byte(nil), challenge...), account[:]...)
	sig, err := signer.Sign(key.Digest(n.client.chain, sessionPurpose, content))
	if err != nil {
		return nil, err
	}
	pub := signer.Public()
	return &gatev1.OpenSessionRequest{
		Account: account.Bytes(), Challenge: challenge, Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Signature: sig,
	}, nil
}

// pruned tells whether a node refused because the height's proofs are gone there.
func pruned(err error) bool { return connect.CodeOf(err) == connect.CodeOutOfRange }

// passing tells whether a call may work when it is made again.
func passing(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeResourceExhausted:
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	return false
}
