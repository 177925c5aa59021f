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
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	renewAfter   = 10 * time.Second // a session as young is not renewed
	idleLifetime = 90 * time.Second
)

// sessionPurpose is what the challenge of a session is signed for.
const sessionPurpose = "session"

// node is one endpoint.
type node struct {
	client    *Client
	gate      gatev1connect.GateClient
	transport *http.Transport

	seen atomic.Pointer[[sha256.Size]byte] // the pin of the certificate that the node showed

	mu     sync.Mutex
	token  string
	opened time.Time
	until  time.Time
}

func newNode(c *Client, e Endpoint) (*node, error) {
	if !strings.HasPrefix(e.URL, "https://") {
		return nil, fmt.Errorf("endpoint %q: a node is reached by https", e.URL)
	}
	n := &node{client: c}
	conf, err := n.tls(e.Pin)
	if err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", e.URL, err)
	}
	if c.conf.Certificate != nil {
		conf.Certificates = []tls.Certificate{*c.conf.Certificate}
	}
	n.transport = &http.Transport{
		TLSClientConfig: conf, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTimeout, IdleConnTimeout: idleLifetime,
	}
	n.gate = gatev1connect.NewGateClient(&http.Client{Transport: n.transport, Timeout: callTimeout}, strings.TrimRight(e.URL, "/"),
		connect.WithReadMaxBytes(maxAnswer), connect.WithInterceptors(connect.UnaryInterceptorFunc(n.authenticate)))
	return n, nil
}

// tls is a configuration that takes the one certificate whose key has this hash, or without a pin what the machine trusts.
func (n *node) tls(pin string) (*tls.Config, error) {
	want, err := hex.DecodeString(pin)
	if err != nil || pin != "" && len(want) != sha256.Size {
		return nil, fmt.Errorf("pin %q is not 64 hex digits", pin)
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: pin != "", // the pin is checked instead of names and issuers
		VerifyConnection: func(s tls.ConnectionState) error {
			got := sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo)
			if pin != "" && subtle.ConstantTimeCompare(got[:], want) != 1 {
				return fmt.Errorf("%w: it shows %x, not %s", ErrPin, got, pin)
			}
			n.seen.Store(&got)
			return nil
		},
	}, nil
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

// needsNone lists the calls that carry no session.
func needsNone(procedure string) bool {
	switch procedure {
	case gatev1connect.GateHelloProcedure, gatev1connect.GateOpenSessionProcedure, gatev1connect.GateLightBlockProcedure:
		return true
	}
	return false
}

// authenticate adds the session's token. A node that no longer knows it answers like to somebody without one: a new
// session is opened then, and the call made once more.
func (n *node) authenticate(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		c := n.client
		if needsNone(req.Spec().Procedure) || c.account.IsZero() || c.conf.Signer == nil || c.conf.Certificate != nil {
			return next(ctx, req)
		}
		for renew := false; ; renew = true {
			token, opened, err := n.session(ctx, renew)
			if err != nil {
				return nil, err
			}
			req.Header().Set("Authorization", "Bearer "+token)
			answer, err := next(ctx, req)
			if renew || c.conf.Now().Sub(opened) < renewAfter || !shut(answer, err) {
				return answer, err
			}
		}
	}
}

// shut tells whether an answer could be that to somebody without a session.
func shut(answer connect.AnyResponse, err error) bool {
	if err != nil {
		code := connect.CodeOf(err)
		return code == connect.CodeUnauthenticated || code == connect.CodePermissionDenied
	}
	r, ok := answer.Any().(*gatev1.ReadResponse)
	return ok && slices.ContainsFunc(r.Records, func(one *gatev1.Record) bool { return !one.GetMayRead() })
}

// session is the token of the open session, or of a new one, and when it was opened.
func (n *node) session(ctx context.Context, renew bool) (string, time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.client.conf.Now()
	young := now.Sub(n.opened) < renewAfter // another call has just renewed it
	if n.token != "" && now.Add(renewBefore).Before(n.until) && (!renew || young) {
		return n.token, n.opened, nil
	}
	err := n.openSession(ctx)
	if err == nil {
		n.opened = now
	}
	return n.token, n.opened, err
}

// openSession signs the node's challenge. The node's own key is in what is signed: a false node gains nothing by handing
// on the challenge of a true one.
func (n *node) openSession(ctx context.Context) error {
	hello, err := n.gate.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{}))
	if err != nil {
		return err
	}
	if hello.Msg.ChainId != n.client.chain {
		return fmt.Errorf("%w: the node is of chain %.40q, not %s", ErrAnswer, hello.Msg.ChainId, n.client.chain)
	}
	request, err := n.sign(hello.Msg.Challenge)
	if err != nil {
		return err
	}
	opened, err := n.gate.OpenSession(ctx, connect.NewRequest(request))
	if err != nil {
		return fmt.Errorf("no session for account %s: %w", n.client.account.Short(), err)
	}
	n.token, n.until = opened.Msg.Token, time.Unix(opened.Msg.ExpiresUnixS, 0)
	return nil
}

func (n *node) sign(challenge []byte) (*gatev1.OpenSessionRequest, error) {
	account, signer, pin := n.client.account, n.client.conf.Signer, n.seen.Load()
	if len(challenge) != key.DigestSize || pin == nil {
		return nil, fmt.Errorf("%w: a challenge of %d bytes", ErrAnswer, len(challenge))
	}
	content := slices.Concat(challenge, account[:], pin[:])
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
