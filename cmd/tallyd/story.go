package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/sdk"
	"google.golang.org/protobuf/proto"
)

// story is one chapter while it is played: a network, and a wallet for each role.
type story struct {
	ctx     context.Context
	words   io.Writer
	chapter string
	dir     string
	report  *report
	height  int64
	net     *devnet.Net
	nodes   *processes
	wallets map[string]*sdk.Client
	release context.CancelCauseFunc
}

// open starts the network: four validators of four members, each a process of its own.
func (s *story) open() {
	var err error
	s.net, err = devnet.Make(devnet.Options{Dir: s.dir, Validators: 4})
	s.hold("consortium", err)
	s.nodes, err = startProcesses(s.net)
	s.hold("consortium", err)
	s.watch()
	s.hold("consortium", s.nodes.waitReady(s.ctx, s.net))
	s.wallets = map[string]*sdk.Client{}
	v, _, err := s.wallet("operator").Get(s.ctx, networkKey, &networkRecord)
	s.hold("consortium", err)
	s.done(step{Name: "consortium", Height: v.Height, Verified: true},
		"Four validators of four members run, each in a process of its own: "+memberList(s.net))
}

// watch ends the chapter when a node ends by itself.
func (s *story) watch() {
	ctx, cancel := context.WithCancelCause(s.ctx)
	s.ctx, s.release = ctx, cancel
	nodes := s.nodes
	go func() {
		select {
		case err := <-nodes.failed:
			cancel(err)
		case <-ctx.Done():
		}
	}()
}

func (s *story) close() {
	if s.release != nil {
		defer s.release(nil)
	}
	for _, w := range s.wallets {
		_ = w.Close() // the network goes with it
	}
	s.wallets = nil
	if s.nodes != nil {
		s.nodes.stop()
		s.nodes = nil
	}
}

// wallet is a role's own: it talks to the gate of one member and has another member's node confirm its headers.
func (s *story) wallet(role string) *sdk.Client {
	w := s.wallets[role]
	if w == nil {
		var err error
		w, err = s.dial(s.net.Role(role))
		s.hold("the wallet of "+role, err)
		s.wallets[role] = w
	}
	return w
}

func (s *story) dial(r devnet.Role) (*sdk.Client, error) {
	genesis, err := os.ReadFile(s.net.Nodes[0].GenesisFile())
	if err != nil {
		return nil, err
	}
	own, witness := s.endpoint(r.Node), s.endpoint((r.Node+1)%len(s.net.Nodes))
	trust, err := sdk.TrustGenesis(s.ctx, genesis, own)
	if err != nil {
		return nil, err
	}
	return sdk.Dial(s.ctx, sdk.Config{
		Endpoints: []sdk.Endpoint{own, witness}, Trust: trust, Account: r.Account, Signer: r.Signer, Dir: filepath.Join(s.dir, "wallets", r.Name),
	})
}

func (s *story) endpoint(i int) sdk.Endpoint {
	return sdk.Endpoint{URL: "https://" + s.net.Nodes[i].GateListen, Pin: s.net.IDs[i].Pin}
}

// do sends a transaction that must take effect, and tells it.
func (s *story) do(name, role, text string, messages ...proto.Message) sdk.Outcome {
	o, err := s.wallet(role).Do(s.ctx, messages...)
	s.hold(name, err)
	s.done(step{Name: name, Height: o.Height, Tx: o.Ticket.Body.String(), Verified: o.Proof.Height > 0}, text)
	return o
}

// refuse sends a transaction that must be refused with a code, and tells it.
func (s *story) refuse(name, role, text string, want *errs.Code, messages ...proto.Message) {
	o, err := s.wallet(role).Do(s.ctx, messages...)
	s.refusal(name, text, want, o, err)
}

func (s *story) refusal(name, text string, want *errs.Code, o sdk.Outcome, err error) {
	var r *sdk.Refusal
	switch {
	case err == nil:
		s.hold(name, fmt.Errorf("it took effect, and %s was expected", want.Name))
	case !errors.As(err, &r) || !errors.Is(err, want):
		s.hold(name, fmt.Errorf("%s was expected, and it failed with: %w", want.Name, err))
	}
	one := step{Name: name, Refused: want.Name, Verified: r.Proven, Height: o.Height}
	if r.Proven {
		one.Tx = r.Ticket.Body.String()
	}
	s.done(one, text)
}

// holding is the one part that a role holds, proven, with the list proven complete.
func (s *story) holding(name, role string) sdk.Holding {
	h, err := s.wallet(role).Holdings(s.ctx)
	s.hold(name, err)
	if len(h.Records) != 1 {
		s.hold(name, fmt.Errorf("%s holds %d parts, 1 was expected", role, len(h.Records)))
	}
	return h.Records[0]
}

// offer is the one offer that waits for a role, proven.
func (s *story) offer(name, role string) sdk.Holding {
	h, err := s.wallet(role).Offers(s.ctx)
	s.hold(name, err)
	if len(h.Records) != 1 {
		s.hold(name, fmt.Errorf("%d offers wait for %s, 1 was expected", len(h.Records), role))
	}
	return h.Records[0]
}

// replay stops the nodes and verifies the first one's data.
func (s *story) replay() {
	s.close()
	v, err := node.Verify(s.net.Nodes[0], func(int64, int64) {})
	s.hold("replay", err)
	s.done(step{Name: "replay", Height: v.Height, Verified: true}, fmt.Sprintf(
		"The nodes are stopped. 'tallyd verify' replays %d blocks with %d transactions from genesis: every header, commit, state hash and invariant holds.", v.Blocks, v.Transactions))
}

func memberList(n *devnet.Net) string {
	var b bytes.Buffer
	for i := range n.Nodes {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strings.TrimSuffix(n.Nodes[i].Member, "."))
	}
	return b.String() + "."
}

// cny writes an amount with its thousands apart.
func cny(minor int64) string {
	whole, fraction, _ := strings.Cut(money.Format(minor, "CNY"), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + "." + fraction + " CNY"
}

func day(d int32) string {
	return time.Unix(int64(d)*86_400, 0).UTC().Format("2006-01-02")
}

// newID is a fingerprint of a document that has no other.
func newID(text string) id.ID { return id.Hash("demo document", []byte(text)) }
