package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"connectrpc.com/connect"
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
)

// Bounds of one call.
const (
	maxKeys    = 256
	maxKeySize = 256
	maxPage    = 1_000
	maxSubmit  = 256
	maxWait    = 30 * time.Second
	maxBlocks  = 1_000
	maxWalk    = 1_000
	maxEntries = 200
	maxTxs     = 10_000 // of the events in one answer
	sessionFor = "session"
)

// Hello tells who is there and gives a challenge.
func (g *Gate) Hello(context.Context, *connect.Request[gatev1.HelloRequest]) (*connect.Response[gatev1.HelloResponse], error) {
	s := g.app.Status()
	return connect.NewResponse(&gatev1.HelloResponse{
		ChainId: g.app.Machine().Chain(), Version: g.version, Height: s.Height, BlockTimeUnixS: s.TimeUnixS,
		ClockShiftS: s.ClockShiftS, Development: s.Development, Challenge: g.sessions.challenge(), Ready: g.chain.Ready(), Member: g.member,
	}), nil
}

// OpenSession opens a session for an account whose key signed the challenge.
func (g *Gate) OpenSession(_ context.Context, r *connect.Request[gatev1.OpenSessionRequest]) (*connect.Response[gatev1.OpenSessionResponse], error) {
	account, ok := id.Of(r.Msg.Account)
	pub, err := key.Parse(key.Kind(r.Msg.Kind), r.Msg.PublicKey)
	if !ok || err != nil {
		return nil, refuse(connect.CodeInvalidArgument, "account is 32 bytes, public_key a key of its kind")
	}
	digest := key.Digest(g.app.Machine().Chain(), sessionFor, slices.Concat(r.Msg.Challenge, account[:], g.pin[:]))
	switch {
	case !g.sessions.fresh(r.Msg.Challenge):
		return nil, refuse(connect.CodeUnauthenticated, "the challenge is not of this node or is older than a minute: call Hello again")
	case !g.mayRead(account, pub), key.Verify(pub, digest, r.Msg.Signature) != nil:
		return nil, refuse(connect.CodeUnauthenticated, "the key does not sign for this account, or the signature does not fit")
	}
	token, until, ok := g.sessions.start(account, pub)
	if !ok {
		return nil, refuse(connect.CodeResourceExhausted, "the node has as many sessions as it can: try another node")
	}
	return connect.NewResponse(&gatev1.OpenSessionResponse{Token: token, ExpiresUnixS: until.Unix()}), nil
}

// LightBlock hands out a header with its commit and validators, of blocks whose state this node has: the engine stores a
// block a moment earlier, and who saw its header would then read a state older than what the header proves.
func (g *Gate) LightBlock(ctx context.Context, r *connect.Request[gatev1.LightBlockRequest]) (*connect.Response[gatev1.LightBlockResponse], error) {
	height, head := r.Msg.Height, g.app.Status().Height
	if height == 0 {
		height = head
	}
	if height < 1 || height > head {
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("this node is at height %d", head))
	}
	b, err := g.chain.LightBlock(ctx, height)
	if err != nil {
		return nil, connect.NewError(connect.CodeNotFound, err)
	}
	pb, err := b.ToProto()
	if err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	raw, err := pb.Marshal()
	if err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	return connect.NewResponse(&gatev1.LightBlockResponse{LightBlock: raw}), nil
}

// Read hands out state records with proofs.
func (g *Gate) Read(ctx context.Context, r *connect.Request[gatev1.ReadRequest]) (*connect.Response[gatev1.ReadResponse], error) {
	if n := len(r.Msg.Keys); n < 1 || n > maxKeys {
		return nil, refuse(connect.CodeInvalidArgument, "keys: 1 to 256")
	}
	height, records, err := g.app.ReadAt(readerOf(ctx), r.Msg.Height, r.Msg.Keys)
	if err != nil {
		return nil, asConnect(err)
	}
	out := &gatev1.ReadResponse{Height: height}
	for i, rec := range records {
		out.Records = append(out.Records, &gatev1.Record{
			Key: r.Msg.Keys[i], Present: rec.Present, Value: rec.Value, Proof: rec.Proof, MayRead: rec.MayRead,
		})
	}
	return connect.NewResponse(out), nil
}

// List hands out a page of a list.
func (g *Gate) List(ctx context.Context, r *connect.Request[gatev1.ListRequest]) (*connect.Response[gatev1.ListResponse], error) {
	subject, ok := id.Of(r.Msg.Subject)
	if !ok {
		return nil, refuse(connect.CodeInvalidArgument, "subject is 32 bytes")
	}
	height, keys, more, err := g.app.List(readerOf(ctx), r.Msg.List, subject, r.Msg.After, bounded(r.Msg.Limit, maxPage))
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&gatev1.ListResponse{Height: height, Keys: keys, More: more}), nil
}

// Submit takes transactions into the pool.
func (g *Gate) Submit(_ context.Context, r *connect.Request[gatev1.SubmitRequest]) (*connect.Response[gatev1.SubmitResponse], error) {
	if n := len(r.Msg.Transactions); n < 1 || n > maxSubmit {
		return nil, refuse(connect.CodeInvalidArgument, "transactions: 1 to 256")
	}
	out := &gatev1.SubmitResponse{}
	for _, raw := range r.Msg.Transactions {
		hash, err := g.app.Accept(raw)
		s := &gatev1.Submitted{Hash: hash.Bytes()}
		if err != nil {
			s.Code, s.Log = submitCode(err), err.Error()
		}
		out.Results = append(out.Results, s)
	}
	return connect.NewResponse(out), nil
}

func submitCode(err error) uint32 {
	if c := errs.CodeOf(err); c != nil && !app.TryAgain(err) {
		return c.Number
	}
	return abci.CodeTypeRetry
}

// Outcome tells what became of a transaction.
func (g *Gate) Outcome(ctx context.Context, r *connect.Request[gatev1.OutcomeRequest]) (*connect.Response[gatev1.OutcomeResponse], error) {
	hash, ok := id.Of(r.Msg.Hash)
	if !ok {
		return nil, refuse(connect.CodeInvalidArgument, "hash is 32 bytes")
	}
	ctx, cancel := waiting(ctx, r.Msg.WaitMs)
	defer cancel()
	o, err := g.app.OutcomeOf(ctx, readerOf(ctx), hash)
	if err != nil {
		return nil, asConnect(err)
	}
	out := &gatev1.OutcomeResponse{NodeHeight: g.app.Status().Height}
	if o != nil {
		out.Found, out.Height, out.Index, out.Code, out.Log, out.Events = true, o.Height, o.Number, o.Tx.Code, o.Tx.Log, o.Tx.Events
	}
	return connect.NewResponse(out), nil
}

// Trail hands out the steps of a record's trail.
func (g *Gate) Trail(ctx context.Context, r *connect.Request[gatev1.TrailRequest]) (*connect.Response[gatev1.TrailResponse], error) {
	head, ok := id.Of(r.Msg.Head)
	if n := len(r.Msg.Key); !ok || n == 0 || n > maxKeySize || r.Msg.Skip > app.MaxTrail {
		return nil, refuse(connect.CodeInvalidArgument, "head is 32 bytes, key a state key, and skip at most what a trail has")
	}
	entries, err := g.app.Trail(readerOf(ctx), r.Msg.Key, head, int(r.Msg.Skip), bounded(r.Msg.Limit, maxWalk))
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&gatev1.TrailResponse{Entries: entries}), nil
}

// Sent hands out the links of an account's chain.
func (g *Gate) Sent(ctx context.Context, r *connect.Request[gatev1.SentRequest]) (*connect.Response[gatev1.SentResponse], error) {
	account, ok1 := id.Of(r.Msg.Account)
	head, ok2 := id.Of(r.Msg.Head)
	if !ok1 || !ok2 {
		return nil, refuse(connect.CodeInvalidArgument, "account and head are 32 bytes each")
	}
	links, err := g.app.Sent(readerOf(ctx), account, head, bounded(r.Msg.Limit, maxWalk))
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&gatev1.SentResponse{Links: links}), nil
}

// Entries hands out the entries of an account's chain.
func (g *Gate) Entries(ctx context.Context, r *connect.Request[gatev1.EntriesRequest]) (*connect.Response[gatev1.EntriesResponse], error) {
	account, ok1 := id.Of(r.Msg.Account)
	head, ok2 := id.Of(r.Msg.Head)
	if !ok1 || !ok2 {
		return nil, refuse(connect.CodeInvalidArgument, "account and head are 32 bytes each")
	}
	entries, err := g.app.Entries(readerOf(ctx), account, head, bounded(r.Msg.Limit, maxEntries))
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&gatev1.EntriesResponse{Entries: entries}), nil
}

// Events hands out the events of blocks, without gaps; it waits for the first of them.
func (g *Gate) Events(ctx context.Context, r *connect.Request[gatev1.EventsRequest]) (*connect.Response[gatev1.EventsResponse], error) {
	if r.Msg.FromHeight < 1 {
		return nil, refuse(connect.CodeInvalidArgument, "from_height is 1 or more")
	}
	first, cancel := waiting(ctx, r.Msg.WaitMs)
	defer cancel()
	out := &gatev1.EventsResponse{NextHeight: r.Msg.FromHeight}
	for txs := 0; len(out.Blocks) < bounded(r.Msg.Blocks, maxBlocks) && txs < maxTxs; first = past() {
		b, in, err := g.app.BlockOf(first, readerOf(ctx), out.NextHeight)
		if err != nil {
			return nil, asConnect(err)
		}
		if b == nil {
			break
		}
		one := &gatev1.BlockEvents{Height: out.NextHeight, TimeUnixS: b.TimeUnixS, BlockEvents: b.Events}
		for i, tx := range in {
			one.Transactions = append(one.Transactions, &gatev1.TxEvents{Hash: tx.Hash, Index: uint32(i), Code: tx.Code, Events: tx.Events})
		}
		out.Blocks, txs = append(out.Blocks, one), txs+len(in)
		out.NextHeight++
	}
	return connect.NewResponse(out), nil
}

// past is a context that has ended: only the first block of an answer is waited for.
func past() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func waiting(ctx context.Context, ms uint32) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, min(time.Duration(ms)*time.Millisecond, maxWait))
}

func bounded(n uint32, most int) int {
	if n == 0 || int64(n) > int64(most) {
		return most
	}
	return int(n)
}

// asConnect gives an error of the application the code that tells a client what to do.
func asConnect(err error) error {
	switch {
	case errors.Is(err, app.ErrPruned):
		return connect.NewError(connect.CodeOutOfRange, errors.New("HeightPruned: this height can no longer be proven here; start again at a newer one"))
	case errors.Is(err, app.ErrFuture):
		return connect.NewError(connect.CodeUnavailable, err)
	case errors.Is(err, app.ErrNoEntry):
		return connect.NewError(connect.CodeFailedPrecondition, gatev1.ErrHistoryMissing)
	case errors.Is(err, app.ErrNoList):
		return connect.NewError(connect.CodeInvalidArgument, err)
	case errors.Is(err, app.ErrNoHistory):
		return connect.NewError(connect.CodeFailedPrecondition, err)
	case errs.CodeOf(err) != nil:
		return connect.NewError(connect.CodePermissionDenied, err)
	}
	return connect.NewError(connect.CodeInternal, err)
}
