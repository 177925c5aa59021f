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
	// Member is whose gate it is, as the operator knows: what a gate says of itself makes nobody two members.
	Member  string
	Address string // host:port
	Pin     [sha256.Size]byte
}

// ParseGate reads NAME=PIN@HOST:PORT.
func ParseGate(s string) (Gate, error) {
	name, rest, named := strings.Cut(s, "=")
	if name = strings.TrimSpace(name); !named || name == "" || len(name) > memberBytesMax {
		return Gate{}, fmt.Errorf("%q does not say whose gate it is: write it as the member's name, =, 64 hex digits, @, host:port", s)
	}
	pin, address, ok := strings.Cut(rest, "@")
	known, err := ParsePin(pin)
	if !ok || err != nil {
		return Gate{}, fmt.Errorf("%q does not have the pin of a gate behind the =: write it as 64 hex digits, @, host:port", s)
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return Gate{}, fmt.Errorf("%q has no host:port behind the @: %w", s, err)
	}
	return Gate{Member: name, Address: address, Pin: known}, nil
}

// CheckMembers wants gates of two members at least, and no gate under two members' names.
func CheckMembers(gates []Gate) error {
	members, whose := map[string]bool{}, map[[sha256.Size]byte]string{}
	for _, g := range gates {
		if other, ok := whose[g.Pin]; ok && other != g.Member {
			return fmt.Errorf("one gate, of one pin, is named as %s's and %s's", other, g.Member)
		}
		whose[g.Pin], members[g.Member] = g.Member, true
	}
	if len(members) < Members {
		return fmt.Errorf("fewer than %d members are named: write each gate as NAME=PIN@host:port, with its member's name", Members)
	}
	return nil
}

// ErrPin says that somebody else answers at a gate's address.
var ErrPin = errors.New("it shows another certificate than the one that is pinned")

// ParsePin reads a pin of 64 hex digits.
func ParsePin(s string) (pin [sha256.Size]byte, err error) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != sha256.Size {
		return pin, fmt.Errorf("%.100q is no pin: 64 hex digits", s)
	}
	return [sha256.Size]byte(raw), nil
}

// Dial makes a client of the gate at a URL, which speaks to who shows the pinned key alone; the other is for what is no call
// of the gate. Nothing is asked yet.
func Dial(url string, pin [sha256.Size]byte, timeout time.Duration) (gatev1connect.GateClient, *http.Client) {
	h := &http.Client{Timeout: timeout, Transport: &http.Transport{ForceAttemptHTTP2: true, TLSHandshakeTimeout: timeout, TLSClientConfig: &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, //nolint:gosec // the pin is checked instead
		VerifyConnection: func(s tls.ConnectionState) error {
			got := sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo)
			if subtle.ConstantTimeCompare(got[:], pin[:]) != 1 {
				return ErrPin
			}
			return nil
		},
	}}}
	return gatev1connect.NewGateClient(h, url, connect.WithReadMaxBytes(answerBytesMax)), h
}

// Decode reads a header with its commit and validators, as a gate hands it out: its form is right, nothing is believed.
func Decode(raw []byte) (*types.LightBlock, error) {
	pb := &cmtproto.LightBlock{}
	if err := pb.Unmarshal(raw); err != nil {
		return nil, err
	}
	b, err := types.LightBlockFromProto(pb)
	switch {
	case err != nil:
		return nil, err
	case b.SignedHeader == nil || b.Header == nil || b.ValidatorSet == nil:
		return nil, errors.New("a part of it is missing")
	}
	return b, b.ValidateBasic(b.ChainID)
}

// gate is one gate as the engine's light client asks it.
type gate struct {
	Gate
	chain  string
	client gatev1connect.GateClient
	http   *http.Client
}

func newGate(chain string, g Gate) *gate {
	c, h := Dial("https://"+g.Address, g.Pin, askTimeout)
	return &gate{Gate: g, chain: chain, client: c, http: h}
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

func (g *gate) decode(raw []byte, height int64) (*types.LightBlock, error) {
	b, err := Decode(raw)
	switch {
	case err != nil:
		return nil, err
	case b.ChainID != g.chain:
		return nil, fmt.Errorf("it is of chain %.100q, not %s", b.ChainID, g.chain)
	case height != 0 && b.Height != height:
		return nil, fmt.Errorf("block %d instead of %d", b.Height, height)
	}
	return b, nil
}
