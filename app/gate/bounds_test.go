package gate_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	ics23 "github.com/cosmos/ics23/go"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// Proofs of Read verify against the root that the next header has.
func TestReadIsProven(t *testing.T) {
	w := newWorld(t)
	c := w.nobody()
	present, absent := kernelv1.NetworkKey(), voucherv1.PackageKey(id.ID{5})
	res, err := c.Read(context.Background(), connect.NewRequest(&gatev1.ReadRequest{Keys: [][]byte{present, absent}}))
	if err != nil {
		t.Fatal(err)
	}
	root := w.rootAfter(t, c, res.Msg.Height)
	for i, rec := range res.Msg.Records {
		p := &ics23.CommitmentProof{}
		if err := p.Unmarshal(rec.Proof); err != nil {
			t.Fatal(err)
		}
		leaf := hash256(rec.Value)
		switch {
		case i == 0 && (!rec.Present || !ics23.VerifyMembership(ics23.IavlSpec, root, p, present, leaf)):
			t.Error("presence is not proven")
		case i == 1 && (rec.Present || !ics23.VerifyNonMembership(ics23.IavlSpec, root, p, absent)):
			t.Error("absence is not proven")
		}
		leaf[0] ^= 1
		if i == 0 && ics23.VerifyMembership(ics23.IavlSpec, root, p, present, leaf) {
			t.Error("the proof fits another value")
		}
	}
}

func TestBoundsOfCalls(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.as("tier1")
	key := kernelv1.RangeKey()
	read := func(height int64, keys int) error {
		_, err := c.Read(ctx, connect.NewRequest(&gatev1.ReadRequest{Height: height, Keys: slices.Repeat([][]byte{key}, keys)}))
		return err
	}
	submit := func(n int) error {
		_, err := c.Submit(ctx, connect.NewRequest(&gatev1.SubmitRequest{Transactions: slices.Repeat([][]byte{{1}}, n)}))
		return err
	}
	bad, good := make([]byte, 31), make([]byte, 32)
	for name, tc := range map[string]struct {
		err  error
		want connect.Code
	}{
		"no keys":        {read(0, 0), connect.CodeInvalidArgument},
		"256 keys":       {read(0, 256), 0},
		"257 keys":       {read(0, 257), connect.CodeInvalidArgument},
		"future":         {read(1_000_000, 1), connect.CodeUnavailable},
		"far future":     {read(1<<62, 1), connect.CodeUnavailable},
		"below zero":     {read(-1, 1), connect.CodeOutOfRange},
		"no txs":         {submit(0), connect.CodeInvalidArgument},
		"256 txs":        {submit(256), 0},
		"257 txs":        {submit(257), connect.CodeInvalidArgument},
		"short hash":     {second(c.Outcome(ctx, connect.NewRequest(&gatev1.OutcomeRequest{Hash: bad}))), connect.CodeInvalidArgument},
		"short account":  {second(c.Sent(ctx, connect.NewRequest(&gatev1.SentRequest{Account: bad, Head: bad}))), connect.CodeInvalidArgument},
		"short head":     {second(c.Trail(ctx, connect.NewRequest(&gatev1.TrailRequest{Key: good, Head: bad}))), connect.CodeInvalidArgument},
		"no key":         {second(c.Trail(ctx, connect.NewRequest(&gatev1.TrailRequest{Head: good}))), connect.CodeInvalidArgument},
		"long key":       {second(c.Trail(ctx, connect.NewRequest(&gatev1.TrailRequest{Key: make([]byte, 257), Head: good}))), connect.CodeInvalidArgument},
		"skip of a lot":  {second(c.Trail(ctx, connect.NewRequest(&gatev1.TrailRequest{Key: good, Head: good, Skip: 1 << 16}))), connect.CodeInvalidArgument},
		"events of 0":    {second(c.Events(ctx, connect.NewRequest(&gatev1.EventsRequest{}))), connect.CodeInvalidArgument},
		"events below 0": {second(c.Events(ctx, connect.NewRequest(&gatev1.EventsRequest{FromHeight: -4}))), connect.CodeInvalidArgument},
		"no light block": {second(c.LightBlock(ctx, connect.NewRequest(&gatev1.LightBlockRequest{Height: 1 << 40}))), connect.CodeNotFound},
	} {
		if codeOf(tc.err) != tc.want {
			t.Errorf("%s: %v", name, tc.err)
		}
	}
	w.pages(t, c)
	if res, err := c.Events(ctx, connect.NewRequest(&gatev1.EventsRequest{FromHeight: 1 << 62, WaitMs: 50})); err != nil || len(res.Msg.Blocks) != 0 || res.Msg.NextHeight != 1<<62 {
		t.Errorf("events of the far future: %v %v", res, err)
	}
	began := time.Now()
	if res, err := c.Outcome(ctx, connect.NewRequest(&gatev1.OutcomeRequest{Hash: make([]byte, 32), WaitMs: 200})); err != nil || res.Msg.Found || time.Since(began) < 150*time.Millisecond {
		t.Errorf("an outcome that never comes: %v %v after %s", res, err, time.Since(began))
	}
}

func second[T any](_ *connect.Response[T], err error) error { return err }

// pages walks the list of members in small pages.
func (w *world) pages(t *testing.T, c *client) {
	t.Helper()
	var all, after []byte
	for n := 0; ; n++ {
		res, err := c.List(context.Background(), connect.NewRequest(&gatev1.ListRequest{List: membersv1.ListMembers, Subject: membersv1.MembersSubject.Bytes(), Limit: 3, After: after}))
		if err != nil || len(res.Msg.Keys) > 3 || n > 3 {
			t.Fatal(res, err)
		}
		for _, k := range res.Msg.Keys {
			if bytes.Compare(k, after) <= 0 {
				t.Error("out of order or twice")
			}
			after = k
			all = append(all, k...)
		}
		if !res.Msg.More {
			break
		}
	}
	whole, err := c.list(membersv1.ListMembers, membersv1.MembersSubject)
	if err != nil || !bytes.Equal(all, bytes.Join(whole, nil)) {
		t.Errorf("pages give %d bytes of keys, one call %d", len(all), len(whole)*34)
	}
}
