package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"google.golang.org/protobuf/proto"
)

// Bounds of a session.
const (
	readyWithin = time.Minute
	readyStep   = 20 * time.Millisecond
	readMost    = 256 // keys a call
	// firstProvable is the height from which there is state to read: the root of the one before stands in its header.
	firstProvable = 2
)

// session is an account's connection to one node's gate, on TLS and HTTP/2, as any client has one.
type session struct {
	gate      gatev1connect.GateClient
	transport *http.Transport
	token     string
}

// dial opens a session for a role of the network as soon as the node is ready and has blocks to prove from.
func dial(ctx context.Context, net *devnet.Net, node int, role devnet.Role) (*session, error) {
	s := &session{transport: &http.Transport{TLSClientConfig: pinned(net.IDs[node].Pin), ForceAttemptHTTP2: true}}
	s.gate = gatev1connect.NewGateClient(&http.Client{Transport: s.transport}, "https://"+net.Nodes[node].GateListen,
		connect.WithInterceptors(connect.UnaryInterceptorFunc(s.authenticate)))
	if err := s.reach(ctx, firstProvable); err != nil {
		return nil, err
	}
	hello, err := s.gate.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{}))
	if err != nil {
		return nil, err
	}
	challenge := hello.Msg.Challenge
	pin, err := hex.DecodeString(net.IDs[node].Pin) // the session is for this gate and no other
	if err != nil {
		return nil, err
	}
	pub := role.Signer.Public()
	sig, err := role.Signer.Sign(key.Digest(devnet.ChainID, "session", slices.Concat(challenge, role.Account[:], pin)))
	if err != nil {
		return nil, err
	}
	r, err := s.gate.OpenSession(ctx, connect.NewRequest(&gatev1.OpenSessionRequest{
		Account: role.Account.Bytes(), Challenge: challenge, Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Signature: sig,
	}))
	if err != nil {
		return nil, fmt.Errorf("no session for %s: %w", role.Name, err)
	}
	s.token = r.Msg.Token
	return s, nil
}

func (s *session) close() { s.transport.CloseIdleConnections() }

// reach waits until the node is ready and has a height.
func (s *session) reach(ctx context.Context, height int64) error {
	until := time.Now().Add(readyWithin)
	for time.Now().Before(until) {
		r, err := s.gate.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{}))
		if err == nil && r.Msg.Ready && r.Msg.Height >= height {
			return nil
		}
		if err := pause(ctx, readyStep); err != nil {
			return err
		}
	}
	return fmt.Errorf("a node is not ready at height %d after a minute: see its log", height)
}

// pinned takes the one certificate whose key has this hash.
func pinned(pin string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, //nolint:gosec // the pin is checked instead of names and issuers
		VerifyConnection: func(s tls.ConnectionState) error {
			got := sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo)
			if hex.EncodeToString(got[:]) != pin {
				return errors.New("the gate has another key than the network's manifest says")
			}
			return nil
		},
	}
}

func (s *session) authenticate(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if s.token != "" {
			req.Header().Set("Authorization", "Bearer "+s.token)
		}
		return next(ctx, req)
	}
}

// submit hands transactions in.
func (s *session) submit(ctx context.Context, raws [][]byte) ([]*gatev1.Submitted, error) {
	r, err := s.gate.Submit(ctx, connect.NewRequest(&gatev1.SubmitRequest{Transactions: raws}))
	if err != nil {
		return nil, err
	}
	if len(r.Msg.Results) != len(raws) {
		return nil, fmt.Errorf("%d answers to %d transactions", len(r.Msg.Results), len(raws))
	}
	return r.Msg.Results, nil
}

// read decodes the records of state keys, each into a new T; an absent one is an empty T.
func read[T any, P interface {
	*T
	proto.Message
}](ctx context.Context, s *session, keys [][]byte) ([]P, error) {
	var out []P
	for len(keys) > 0 {
		page := keys[:min(len(keys), readMost)]
		keys = keys[len(page):]
		r, err := s.gate.Read(ctx, connect.NewRequest(&gatev1.ReadRequest{Keys: page}))
		if err != nil {
			return nil, err
		}
		for _, rec := range r.Msg.Records {
			m := P(new(T))
			if rec.Present {
				if err := kernelv1.Unframe(rec.Value, m); err != nil {
					return nil, err
				}
			}
			out = append(out, m)
		}
	}
	return out, nil
}
