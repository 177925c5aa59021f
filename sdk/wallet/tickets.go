package wallet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk"
	"google.golang.org/protobuf/proto"
)

// maxTickets bounds the transactions of unknown outcome that a home keeps.
const maxTickets = 1_000

// Kept is a transaction whose outcome is not known yet.
type Kept struct {
	Ticket sdk.Ticket `json:"ticket"`
	// What it does, in the words that were shown before signing.
	What []string  `json:"what"`
	Sent time.Time `json:"sent"`
}

// Settled is what became of a kept transaction: Err as Client.Do gives it, nil where it took effect.
type Settled struct {
	Kept
	Outcome sdk.Outcome
	Err     error
}

func (w *Wallet) ticketFile(body id.ID) string {
	return filepath.Join(w.Home, dirTickets, body.String()+".json")
}

// Unsettled lists the kept transactions.
func (w *Wallet) Unsettled() ([]Kept, error) {
	entries, err := os.ReadDir(filepath.Join(w.Home, dirTickets))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Kept
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		var k Kept
		if err := readJSON(filepath.Join(w.Home, dirTickets, e.Name()), &k); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

func (w *Wallet) keep(k Kept, known []Kept) error {
	if len(known) >= maxTickets {
		return fmt.Errorf("%d transactions are not settled: settle them first", len(known))
	}
	if err := os.MkdirAll(filepath.Join(w.Home, dirTickets), 0o700); err != nil {
		return err
	}
	return writeJSON(w.ticketFile(k.Ticket.Body), k)
}

func (w *Wallet) drop(t sdk.Ticket) error { return os.Remove(w.ticketFile(t.Body)) }

// final tells whether an outcome is known for good.
func final(err error) bool {
	var r *sdk.Refusal
	if errors.As(err, &r) {
		return r.Proven
	}
	return err == nil || errors.Is(err, sdk.ErrNeverRan)
}

// Settle finds out what became of every kept transaction; those that are known for good are kept no longer.
func (s *Session) Settle(ctx context.Context) ([]Settled, error) {
	kept, err := s.Wallet.Unsettled()
	if err != nil {
		return nil, err
	}
	var out []Settled
	for _, k := range kept {
		o, err := s.Client.Settle(ctx, k.Ticket)
		if !final(err) && !errors.Is(err, sdk.ErrUnsettled) {
			return out, err
		}
		out = append(out, Settled{Kept: k, Outcome: o, Err: err})
		if final(err) {
			if err := s.Wallet.drop(k.Ticket); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// Do signs messages of the account as one transaction, sends it and proves what became of it, as Client.Do does; where
// the answer is lost, even with the process, the home keeps the ticket for Settle. What says, for people, what it does:
// the words of Preview. ErrOnItsWay where the same words are on their way already.
func (s *Session) Do(ctx context.Context, what []string, messages ...proto.Message) (sdk.Outcome, error) {
	d, err := s.draft(ctx, what, messages...)
	if err != nil {
		return sdk.Outcome{}, err
	}
	return s.submit(ctx, d)
}

// draft signs the messages and keeps their ticket, before anything leaves the machine.
func (s *Session) draft(ctx context.Context, what []string, messages ...proto.Message) (*sdk.Draft, error) {
	kept, err := s.onItsWay(ctx, what)
	if err != nil {
		return nil, err
	}
	var calls []sdk.Call
	for _, m := range messages {
		calls = append(calls, sdk.Call{Message: m})
	}
	d, err := s.Client.Draft(ctx, 0, calls...)
	if err != nil {
		return nil, err
	}
	if err := d.Sign(s.Wallet.signer); err != nil {
		return nil, err
	}
	return d, s.Wallet.keep(Kept{Ticket: d.Ticket(), What: what, Sent: time.Now().UTC().Truncate(time.Second)}, kept)
}

// onItsWay refuses what may have been sent already. Tickets that are there are settled first.
func (s *Session) onItsWay(ctx context.Context, what []string) ([]Kept, error) {
	if _, err := s.Settle(ctx); err != nil {
		return nil, err
	}
	kept, err := s.Wallet.Unsettled()
	if err != nil {
		return nil, err
	}
	words, _ := json.Marshal(what) // strings always marshal
	for _, k := range kept {
		if have, _ := json.Marshal(k.What); string(have) == string(words) {
			return nil, fmt.Errorf("%w: sent %s, it can run until %s; settle it first",
				ErrOnItsWay, s.Clock.Minute(s.Clock.Time(k.Sent)), s.Clock.Minute(s.Clock.Time(time.Unix(k.Ticket.ExpiresUnixS, 0))))
		}
	}
	return kept, nil
}

func (s *Session) submit(ctx context.Context, d *sdk.Draft) (sdk.Outcome, error) {
	o, err := sdk.Outcome{Ticket: d.Ticket()}, error(nil)
	p, err := s.Client.Submit(ctx, d)
	if err == nil {
		o, err = p.Wait(ctx)
	}
	if !final(err) {
		return o, err
	}
	return o, errors.Join(err, s.Wallet.drop(d.Ticket()))
}
