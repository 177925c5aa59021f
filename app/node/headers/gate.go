// Package headers brings a node the headers of its network from the gates of other members: each checked from a header
// that the operator trusts, and shown alike by two members at least.
package headers

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/cometbft/cometbft/light/provider"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
)

// Bounds of one question.
const (
	answerBytesMax = 4 << 20
	askTimeout     = 5 * time.Second
	memberBytesMax = 200
)

// Gate is where a member's gate is, and the SHA-256 of its certificate's public key, by which it is known.
type Gate struct {
	Address string // host:port
	Pin     [sha256.Size]byte
}

// ParseGate reads PIN@HOST:PORT.
func ParseGate(s string) (Gate, error) {
	pin, address, ok := strings.Cut(s, "@")
	raw, err := hex.DecodeString(pin)
	if !ok || err != nil || len(raw) != sha256.Size {
		return Gate{}, fmt.Errorf("%q does not begin with the pin of a gate: write it as 64 hex digits, @, host:port", s)
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return Gate{}, fmt.Errorf("%q has no host:port behind the @: %w", s, err)
	}
	return Gate{Address: address, Pin: [sha256.Size]byte(raw)}, nil
}

var errPin = errors.New("it shows another certificate than the one that is pinned")

// gate is one gate as the engine's light client asks it.
type gate struct {
	Gate
	chain     string
	client    gatev1connect.GateClient
	transport *http.Transport
}

func newGate(chain string, g Gate) *gate {
	t := &http.Transport{ForceAttemptHTTP2: true, TLSHandshakeTimeout: askTimeout, TLSClientConfig: &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, //nolint:gosec // the pin is checked instead
		VerifyConnection: func(s tls.ConnectionState) error {
			got := sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo)
			if subtle.ConstantTimeCompare(got[:], g.Pin[:]) != 1 {
				return errPin
			}
			return nil
		},
	}}
	c := gatev1connect.NewGateClient(&http.Client{Transport: t, Timeout: askTimeout}, "https://"+g.Address, connect.WithReadMaxBytes(answerBytesMax))
	return &gate{Gate: g, chain: chain, client: c, transport: t}
}

var _ provider.Provider = (*gate)(nil)

// ChainID is the chain that is asked for.
func (g *gate) ChainID() string { return g.chain }

// String names the gate in errors.
func (g *gate) String() string { return "gate " + g.Address }

// ReportEvidence has nobody to report to: whoever sees conflicting headers is told by an error.
func (g *gate) ReportEvidence(context.Context, types.Evidence) error { return nil }

// LightBlock asks for a header with its commit and validators; height 0 is the newest.
func (g *gate) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	r, err := g.client.LightBlock(ctx, connect.NewRequest(&gatev1.LightBlockRequest{Height: height}))
	switch {
	case connect.CodeOf(err) == connect.CodeNotFound:
		return nil, provider.ErrLightBlockNotFound
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("%w: %w", provider.ErrNoResponse, err)
	}
	b, err := g.decode(r.Msg.LightBlock, height)
	if err != nil {
		return nil, provider.ErrBadLightBlock{Reason: err}
	}
	return b, nil
}

func (g *gate) decode(raw []byte, height int64) (b *types.LightBlock, err error) {
	defer func() {
		if p := recover(); p != nil { // the engine panics on some forms
			b, err = nil, fmt.Errorf("its form is wrong: %v", p)
		}
	}()
	pb := &cmtproto.LightBlock{}
	if err := pb.Unmarshal(raw); err != nil {
		return nil, err
	}
	if b, err = types.LightBlockFromProto(pb); err != nil {
		return nil, err
	}
	if height != 0 && b.Height != height {
		return nil, fmt.Errorf("block %d instead of %d", b.Height, height)
	}
	return b, b.ValidateBasic(g.chain)
}

// member is the name that the gate gives itself.
func (g *gate) member(ctx context.Context) (string, error) {
	r, err := g.client.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{}))
	switch {
	case err != nil:
		return "", err
	case r.Msg.ChainId != g.chain:
		return "", fmt.Errorf("it is of chain %.100q, not %s", r.Msg.ChainId, g.chain)
	case r.Msg.Member == "" || len(r.Msg.Member) > memberBytesMax:
		return "", errors.New("it does not name its member")
	}
	return r.Msg.Member, nil
}
