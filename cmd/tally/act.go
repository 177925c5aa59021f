package main

import (
	"context"
	"fmt"

	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// doneJSON is what every signed command gives.
type doneJSON struct {
	Transaction string         `json:"transaction"`
	What        []string       `json:"what"`
	Height      int64          `json:"height"`
	Verified    verifiedJSON   `json:"verified"`
	Created     map[string]any `json:"created,omitempty"`
}

// deed is what is to be signed.
type deed struct {
	messages []proto.Message
	// notes are shown before signing, after the words.
	notes []string
	// created names what it makes, for JSON; next says what comes next, for people.
	created func(o sdk.Outcome) map[string]any
	next    func(o sdk.Outcome) string
}

// act shows what messages do, asks, signs, sends and shows what became of it; under 'tally tx build' it writes them to the
// file instead.
func (p *program) act(ctx context.Context, s *wallet.Session, d deed) error {
	if p.target != nil {
		return p.build(ctx, s, p.target, d.notes, asCalls(d.messages)...)
	}
	if err := severalKeys(s); err != nil {
		return err
	}
	words, err := s.Preview(ctx, d.messages...)
	if err != nil {
		return err
	}
	if err := p.confirm(append(words[:len(words):len(words)], d.notes...)); err != nil {
		return err
	}
	done := p.waiting("waiting for the block")
	o, err := s.Do(ctx, words, d.messages...)
	done()
	if err != nil {
		return err
	}
	return p.done(s, words, o, d)
}

// done shows a transaction that took effect.
func (p *program) done(s *wallet.Session, words []string, o sdk.Outcome, d deed) error {
	out := doneJSON{Transaction: o.Ticket.Body.String(), What: words, Height: o.Height, Verified: verified(s, o.Proof)}
	if d.created != nil {
		out.Created = d.created(o)
	}
	return p.answer(out, func(w page) {
		w.say("Done in block %d, %s\n", o.Height, s.Clock.Stamp(o.Proof))
		if d.next != nil {
			fmt.Fprintln(w, d.next(o))
		}
	})
}
