package gate_test

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"connectrpc.com/connect"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

func mustUnmarshal(t *testing.T, b []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatal(err)
	}
}

func hash256(b []byte) []byte {
	h := sha256.Sum256(b)
	return h[:]
}

// rootAfter is the state root of a height, which stands in the next header.
func (w *world) rootAfter(t *testing.T, c *client, height int64) []byte {
	t.Helper()
	w.WaitHeight(t, height+1)
	res, err := c.LightBlock(context.Background(), connect.NewRequest(&gatev1.LightBlockRequest{Height: height + 1}))
	if err != nil {
		t.Fatal(err)
	}
	b := &cmtproto.LightBlock{}
	if err := b.Unmarshal(res.Msg.LightBlock); err != nil {
		t.Fatal(err)
	}
	return b.SignedHeader.Header.AppHash
}

// vote has the four seats agree on a call, and waits until readers see what it does.
func (w *world) vote(t *testing.T, m proto.Message) {
	t.Helper()
	call, err := txv1.CallOf(id.ID{}, m)
	if err != nil {
		t.Fatal(err)
	}
	obligor := w.as("obligor")
	hash := obligor.must(&governancev1.Propose{Title: "test", Calls: []*txv1.Call{call}, ExpiresUnixS: time.Now().Unix() + 3600})
	proposal := w.proposalOf(t, obligor, hash)
	for _, seat := range []string{"bank", "factor"} {
		w.as(seat).must(&governancev1.Vote{Proposal: proposal, Yes: true})
	}
	w.WaitHeight(t, w.Running[0].App().Status().Height+2)
}

func (w *world) proposalOf(t *testing.T, c *client, hash id.ID) []byte {
	t.Helper()
	o, err := c.Outcome(context.Background(), connect.NewRequest(&gatev1.OutcomeRequest{Hash: hash.Bytes()}))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range o.Msg.Events {
		if p := (&governancev1.Proposed{}); e.Type == string(p.ProtoReflect().Descriptor().FullName()) {
			mustUnmarshal(t, e.Data, p)
			return p.Proposal
		}
	}
	t.Fatal("nothing was proposed")
	return nil
}
