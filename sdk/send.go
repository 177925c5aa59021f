package sdk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// Codes of a node's own check that are no refusal by a rule.
const (
	codeTryAgain   = 32_000 // and above
	submitPause    = 200 * time.Millisecond
	outcomeWait    = 10 * time.Second
	outcomePause   = 50 * time.Millisecond
	maxSubmitTries = 1_000
)

// Outcome is what became of a transaction: proven from its sender's chain of transactions.
type Outcome struct {
	Ticket Ticket
	// Height of its block; Code 0 where it took effect.
	Height int64
	Code   uint32
	// Proven against this state.
	Proof Verified
	// Events that this account may see, as the node tells them: they are not proven, state is.
	Events []*kernelv1.Event
}

// Created is the id of the thing number item that call number call created; both count from 0.
func (o Outcome) Created(call, item uint32) id.ID { return o.Ticket.Created(call, item) }

// Do signs calls of the account as one transaction, sends it and proves what became of it. It returns
//   - an Outcome and nil: it took effect;
//   - a *Refusal: the chain said no; with Proven, for good;
//   - ErrNeverRan: it expired without having run;
//   - an error that matches ErrUnsettled: it may still run; Settle the Outcome's Ticket later.
func (c *Client) Do(ctx context.Context, messages ...proto.Message) (Outcome, error) {
	p, err := c.Send(ctx, messages...)
	switch {
	case err == nil:
		return p.Wait(ctx)
	case p != nil:
		return Outcome{Ticket: p.ticket}, err
	}
	return Outcome{}, err
}

// Pending is a transaction that a node has taken.
type Pending struct {
	client *Client
	ticket Ticket
}

// Ticket names the transaction.
func (p *Pending) Ticket() Ticket { return p.ticket }

// Send signs calls of the account as one transaction and hands it in; Wait proves what becomes of it.
func (c *Client) Send(ctx context.Context, messages ...proto.Message) (*Pending, error) {
	var calls []Call
	for _, m := range messages {
		calls = append(calls, Call{Message: m})
	}
	d, err := c.Draft(ctx, 0, calls...)
	if err != nil {
		return nil, err
	}
	if c.conf.Signer == nil {
		return nil, errReadsAlone
	}
	if err := d.Sign(c.conf.Signer); err != nil {
		return nil, err
	}
	return c.Submit(ctx, d)
}

var errReadsAlone = errors.New("Signer: this client has none and can only read")

// Submit hands a signed transaction in. The same bytes are sent again where the node is busy or the answer was lost:
// a copy never runs twice. A *Refusal here is the node's own check.
func (c *Client) Submit(ctx context.Context, d *Draft) (*Pending, error) {
	raw, err := d.Bytes()
	if err != nil {
		return nil, err
	}
	p := &Pending{client: c, ticket: d.ticket}
	for range maxSubmitTries {
		again, err := c.submit(ctx, raw, d.ticket)
		if !again {
			return p, err
		}
		if now, _ := c.reckon(); now.Unix() > d.ticket.ExpiresUnixS {
			return p, unsettled(fmt.Errorf("the node did not take it before its expiry: %w", err))
		}
		if serr := sleep(ctx, submitPause); serr != nil {
			return p, unsettled(errors.Join(serr, err))
		}
	}
	return p, unsettled(errors.New("the node did not take it"))
}

// submit hands it in once; again tells whether sending the same bytes again is right.
func (c *Client) submit(ctx context.Context, raw []byte, t Ticket) (again bool, err error) {
	r, err := c.nodes[0].gate.Submit(ctx, connect.NewRequest(&gatev1.SubmitRequest{Transactions: [][]byte{raw}}))
	switch {
	case err != nil && passing(err) && ctx.Err() == nil:
		return true, err
	case err != nil && notTaken(err):
		return false, err
	case err != nil:
		return false, unsettled(err)
	case len(r.Msg.Results) != 1:
		return false, unsettled(fmt.Errorf("%w: %d results for one transaction", ErrAnswer, len(r.Msg.Results)))
	}
	switch one := r.Msg.Results[0]; {
	case one.Code == 0, one.Code == kernelv1.ErrIncluded.Number:
		return false, nil
	case one.Code >= codeTryAgain:
		return true, errors.New(clip(one.Log))
	default:
		return false, refused(one.Code, one.Log, t, false)
	}
}

// Wait waits until the transaction stands in a block, or has expired, and proves which. See Do for what it returns.
func (p *Pending) Wait(ctx context.Context) (Outcome, error) {
	for {
		told, err := p.ask(ctx)
		if err != nil {
			return Outcome{Ticket: p.ticket}, unsettled(err)
		}
		if told.GetFound() {
			o, err := p.client.prove(ctx, p.ticket, told.Height)
			if !errors.Is(err, ErrUnsettled) {
				return verdict(o, told, err)
			}
		}
		if now, reckoned := p.client.reckon(); !reckoned || now.Unix() > p.ticket.ExpiresUnixS {
			o, err := p.client.Settle(ctx, p.ticket)
			if !errors.Is(err, ErrUnsettled) || ctx.Err() != nil {
				return o, err
			}
		}
		if err := sleep(ctx, outcomePause); err != nil {
			return Outcome{Ticket: p.ticket}, unsettled(err)
		}
	}
}

// ask asks the node once what became of the transaction; nil where it could not answer now.
func (p *Pending) ask(ctx context.Context) (*gatev1.OutcomeResponse, error) {
	r, err := p.client.nodes[0].gate.Outcome(ctx, connect.NewRequest(&gatev1.OutcomeRequest{
		Hash: p.ticket.Body.Bytes(), WaitMs: uint32(outcomeWait.Milliseconds()),
	}))
	switch {
	case err == nil:
		return r.Msg, nil
	case passing(err) && ctx.Err() == nil:
		return nil, nil
	}
	return nil, err
}

// verdict adds what the node tells to what was proven, and makes a refusal an error.
func verdict(o Outcome, told *gatev1.OutcomeResponse, err error) (Outcome, error) {
	switch {
	case errors.Is(err, ErrNeverRan), errors.Is(err, ErrUnsettled):
		return o, err
	case err != nil:
		return o, unsettled(err)
	}
	words := ""
	if told.GetCode() == o.Code {
		o.Events, words = told.GetEvents(), told.GetLog()
	}
	if o.Code != 0 {
		return o, refused(o.Code, words, o.Ticket, true)
	}
	return o, nil
}

func unsettled(cause error) error { return fmt.Errorf("%w: %w", ErrUnsettled, cause) }

// notTaken tells whether a node's answer means that it did not look at the transaction at all.
func notTaken(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeInvalidArgument, connect.CodeUnauthenticated, connect.CodePermissionDenied, connect.CodeUnimplemented:
		return true
	}
	return false
}
