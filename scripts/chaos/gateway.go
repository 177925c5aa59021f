package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"connectrpc.com/connect"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
)

// askTime bounds one question to a gate.
const askTime = 3 * time.Second

// pollStep is how often something that is waited for is looked at.
const pollStep = 10 * time.Millisecond

// gateway asks a node's gate what it tells to strangers.
type gateway struct {
	address string
	http    *http.Client
	gate    gatev1connect.GateClient
}

func newGateway(address string) *gateway {
	c := &http.Client{Timeout: askTime, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}, //nolint:gosec // heights alone
		// A node that was killed leaves a dead connection behind: HTTP/2 would hold on to it.
		DisableKeepAlives: true,
	}}
	return &gateway{address: address, http: c, gate: gatev1connect.NewGateClient(c, "https://"+address)}
}

// ready asks /ready.
func (g *gateway) ready(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+g.address+"/ready", nil)
	if err != nil {
		return false
	}
	r, err := g.http.Do(req)
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// height is the node's newest block; 0 where it does not answer.
func (g *gateway) height(ctx context.Context) int64 {
	r, err := g.gate.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{}))
	if err != nil {
		return 0
	}
	return r.Msg.Height
}

// block is the node's header of a height with its commit, as it says; 0 for the newest.
func (g *gateway) block(ctx context.Context, height int64) (*types.LightBlock, error) {
	r, err := g.gate.LightBlock(ctx, connect.NewRequest(&gatev1.LightBlockRequest{Height: height}))
	if err != nil {
		return nil, err
	}
	pb := &cmtproto.LightBlock{}
	if err := pb.Unmarshal(r.Msg.LightBlock); err != nil {
		return nil, err
	}
	return types.LightBlockFromProto(pb)
}

// until looks again and again until something is so; an error that names it where it is not in time.
func until(ctx context.Context, within time.Duration, what string, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %s", within, what)
		case <-time.After(pollStep):
		}
	}
	return nil
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
