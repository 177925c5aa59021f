package wallet

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"google.golang.org/protobuf/proto"
)

// maxTickets bounds the transactions of unknown outcome that a home keeps.
const maxTickets = 1_000

// Kept is a transaction whose outcome is not known yet.
type Kept struct {
	Ticket sdk.Ticket `json:"ticket"`
	// What it does, in the words that were shown before signing.
	What []string `json:"what"`
	// Calls is the hash of its messages: by it the same is known again. Words may shorten what differs.
	Calls id.ID     `json:"calls"`
	Sent  time.Time `json:"sent"`
	// Refused: the node's own check refused it, which is not proven.
	Refused bool `json:"refused,omitempty"`
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
		return lang.Errorf("%d transactions are not settled: settle them first", len(known))
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
// the words of Preview. The same messages again, while it is not known what became of them, send nothing: Do returns the
// outcome where they took effect, and ErrOnItsWay where they may still. Where a node only said that it refused them,
// they go out again under the same id, of which the chain runs one transaction and no more.
func (s *Session) Do(ctx context.Context, what []string, messages ...proto.Message) (sdk.Outcome, error) {
	calls, err := hashOf(messages)
	if err != nil {
		return sdk.Outcome{}, err
	}
	before, err := s.before(ctx, calls)
	if err != nil || before.done != nil {
		return before.outcome(), err
	}
	d, err := s.draft(ctx, Kept{What: what, Calls: calls}, before, messages...)
	if err != nil {
		return sdk.Outcome{}, err
	}
	return s.submit(ctx, d)
}

// hashOf is the hash of messages in their order.
func hashOf(messages []proto.Message) (id.ID, error) {
	var parts [][]byte
	for _, m := range messages {
		b, err := txv1.Encode(m)
		if err != nil {
			return id.ID{}, err
		}
		parts = append(parts, []byte(txv1.MethodOf(m)), b)
	}
	return id.Hash("wallet calls", parts...), nil
}

// before is what is known of earlier attempts at the same.
type before struct {
	done    *sdk.Outcome // of one whose answer was lost, and that took effect
	refused *Kept        // of one that a node said it refused
	kept    []Kept
}

func (b before) outcome() sdk.Outcome {
	if b.done == nil {
		return sdk.Outcome{}
	}
	return *b.done
}

// before settles the tickets that are there, and looks for the same among them.
func (s *Session) before(ctx context.Context, calls id.ID) (out before, err error) {
	settled, err := s.Settle(ctx)
	if err != nil {
		return out, err
	}
	for _, one := range settled {
		if one.Err == nil && one.Calls == calls {
			out.done = &one.Outcome
		}
	}
	if out.kept, err = s.Wallet.Unsettled(); err != nil {
		return out, err
	}
	for _, k := range out.kept {
		switch {
		case k.Calls != calls:
		case k.Refused:
			out.refused = &k
		default:
			return out, lang.Errorf("%w: sent %s, it can run until %s", ErrOnItsWay,
				s.Clock.Minute(s.Clock.Time(k.Sent)), s.Clock.Minute(s.Clock.Time(time.Unix(k.Ticket.ExpiresUnixS, 0))))
		}
	}
	return out, nil
}

// draft signs the messages and keeps their ticket, before anything leaves the machine.
func (s *Session) draft(ctx context.Context, k Kept, b before, messages ...proto.Message) (*sdk.Draft, error) {
	d, err := s.draftUnder(ctx, b.refused, messages)
	if err != nil {
		return nil, err
	}
	if err := d.Sign(s.Wallet.signer); err != nil {
		return nil, err
	}
	k.Ticket, k.Sent = d.Ticket(), time.Now().UTC().Truncate(time.Second)
	return d, s.Wallet.keep(k, b.kept)
}

// draftUnder makes a transaction with a new id, or with that of one that a node said it refused.
func (s *Session) draftUnder(ctx context.Context, refused *Kept, messages []proto.Message) (*sdk.Draft, error) {
	var calls []sdk.Call
	for _, m := range messages {
		calls = append(calls, sdk.Call{Message: m})
	}
	d, err := s.Client.Draft(ctx, 0, calls...)
	if err != nil || refused == nil {
		return d, err
	}
	raw, err := d.Bytes()
	if err != nil {
		return nil, err
	}
	tx, body := &txv1.Transaction{}, &txv1.Body{}
	if err := errors.Join(proto.Unmarshal(raw, tx), proto.Unmarshal(tx.Body, body)); err != nil {
		return nil, err
	}
	body.Id = refused.Ticket.TxID[:]
	if tx.Body, err = txv1.Encode(body); err != nil {
		return nil, err
	}
	if raw, err = txv1.Encode(tx); err != nil {
		return nil, err
	}
	return s.Client.ReadDraft(ctx, raw)
}

// submit hands a draft in and waits for its proof. Its ticket is dropped when the outcome is known for good.
func (s *Session) submit(ctx context.Context, d *sdk.Draft) (sdk.Outcome, error) {
	o := sdk.Outcome{Ticket: d.Ticket()}
	p, err := s.Client.Submit(ctx, d)
	if err == nil {
		o, err = p.Wait(ctx)
	}
	var r *sdk.Refusal
	switch {
	case final(err):
		return o, errors.Join(err, s.Wallet.dropID(d.Ticket(), !errors.Is(err, sdk.ErrNeverRan)))
	case errors.As(err, &r):
		return o, errors.Join(err, s.Wallet.markRefused(d.Ticket()))
	}
	return o, err
}

// dropID forgets a ticket; where its transaction ran, those of the same id too, for they never will.
func (w *Wallet) dropID(t sdk.Ticket, ran bool) error {
	kept, err := w.Unsettled()
	if err != nil {
		return err
	}
	for _, k := range kept {
		if k.Ticket.Body == t.Body || ran && k.Ticket.TxID == t.TxID {
			err = errors.Join(err, w.drop(k.Ticket))
		}
	}
	return err
}

func (w *Wallet) markRefused(t sdk.Ticket) error {
	k := Kept{}
	if err := readJSON(w.ticketFile(t.Body), &k); err != nil {
		return err
	}
	k.Refused = true
	return writeJSON(w.ticketFile(t.Body), k)
}
