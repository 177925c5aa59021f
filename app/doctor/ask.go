package doctor

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"connectrpc.com/connect"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/conn"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/node/headers"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
)

// maxAnswerBytes bounds what is read of a stranger's answer.
const maxAnswerBytes = 4 << 20

// offsetOf is how far another machine's clock is ahead of this one's.
type offsetOf struct {
	known bool
	ahead time.Duration
}

// ask asks a gate who it is, how high its chain is and what time it has.
func (p *patient) ask(ctx context.Context, member, address, pin string) *neighbour {
	n := &neighbour{member: member, url: address}
	if n.pin, n.err = headers.ParsePin(pin); n.err != nil {
		return n
	}
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	g, h := headers.Dial(address, n.pin, p.o.Timeout)
	defer h.CloseIdleConnections()
	hello, err := g.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{}))
	if err != nil {
		n.err = err
		return n
	}
	n.hello = hello.Msg
	n.newest = askBlock(ctx, g, 0)
	n.date = p.askDate(ctx, h, address)
	return n
}

// blockOf asks a gate for the header of a height; nil where it does not tell.
func (p *patient) blockOf(ctx context.Context, n *neighbour, height int64) *types.LightBlock {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	g, h := headers.Dial(n.url, n.pin, p.o.Timeout)
	defer h.CloseIdleConnections()
	return askBlock(ctx, g, height)
}

func askBlock(ctx context.Context, g gatev1connect.GateClient, height int64) *types.LightBlock {
	answer, err := g.LightBlock(ctx, connect.NewRequest(&gatev1.LightBlockRequest{Height: height}))
	if err != nil {
		return nil
	}
	b, err := headers.Decode(answer.Msg.GetLightBlock())
	if err != nil {
		return nil
	}
	return b
}

// askDate compares clocks by the Date of an HTTP answer, which has whole seconds.
func (p *patient) askDate(ctx context.Context, h *http.Client, address string) offsetOf {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/ready", nil)
	if err != nil {
		return offsetOf{}
	}
	before := p.o.Now()
	r, err := h.Do(req)
	if err != nil {
		return offsetOf{}
	}
	after := p.o.Now()
	_ = r.Body.Close()
	date, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return offsetOf{}
	}
	middle := before.Add(after.Sub(before) / 2)
	return offsetOf{known: true, ahead: date.Add(time.Second / 2).Sub(middle)}
}

// whoIsAt shakes hands with a node's p2p port: its peer id.
func (p *patient) whoIsAt(ctx context.Context, address string) (string, error) {
	d := net.Dialer{Timeout: p.o.Timeout}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(p.o.Timeout)); err != nil {
		return "", err
	}
	s, err := conn.MakeSecretConnection(c, cmted25519.GenPrivKey())
	if err != nil {
		return "", fmt.Errorf("what listens there is no node: %w", err)
	}
	pub := s.RemotePubKey()
	if len(pub.Bytes()) != ed25519.PublicKeySize {
		return "", errors.New("what listens there has no node's key")
	}
	return string(p2p.PubKeyToID(pub)), nil
}

// admits asks the running node, over its operator's port, whether the chain's registry has a peer.
func (p *patient) admits(ctx context.Context, peer string) (yes, known bool) {
	if p.config.RPCListen == "" || !p.running() {
		return false, false
	}
	var answer struct {
		Result struct {
			Response struct {
				Code uint32 `json:"code"`
			} `json:"response"`
		} `json:"result"`
	}
	u := "http://" + p.config.RPCListen + "/abci_query?path=" + url.QueryEscape(`"/p2p/filter/id/`+peer+`"`)
	if err := p.getJSON(ctx, u, &answer); err != nil {
		return false, false
	}
	return answer.Result.Response.Code == 0, true
}

func (p *patient) getJSON(ctx context.Context, u string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return err
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", u, r.Status)
	}
	return json.NewDecoder(io.LimitReader(r.Body, maxAnswerBytes)).Decode(into)
}
