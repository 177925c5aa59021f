package sdk

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Lifetime is how long after block time a transaction may run where nothing else is said; the chain allows 10 minutes,
// and 7 days for accounts of several keys.
const Lifetime = 2 * time.Minute

// Call is one step of a transaction: a message, and the account that it acts as where that is not the sender.
type Call struct {
	As      id.ID
	Message proto.Message
}

// Ticket names a transaction for settling it later. Keep it before sending what must not happen twice.
type Ticket struct {
	Sender id.ID `json:"sender"`
	// TxID is the client's choice: ids of what the transaction creates come from it.
	TxID [txv1.IDSize]byte `json:"tx_id"`
	Body id.ID             `json:"body"`
	// ExpiresUnixS is in block time; after it the transaction can no longer run.
	ExpiresUnixS int64 `json:"expires_unix_s"`
	// SinceHeight is a block before which it cannot have run.
	SinceHeight int64 `json:"since_height"`
}

// Created is the id of the thing number item that call number call creates; both count from 0.
func (t Ticket) Created(call, item uint32) id.ID {
	return kernelv1.CreatedID(kernelv1.SeedOf(t.Sender, t.TxID[:]), call, item)
}

// ErrDraft is wrapped with what is wrong with a draft, or its file: take it as altered, and ask its sender for another.
var ErrDraft = errors.New("the transaction is not in order")

// Draft is a transaction on its way through its signers. Bytes and ReadDraft, or File and ReadDraftFile, take it from one to
// the next.
type Draft struct {
	tx     *txv1.Transaction
	body   *txv1.Body
	ticket Ticket
}

// Draft makes an unsigned transaction of 1 to 100 calls that take effect together or not at all. Sender is the client's
// account. A lifetime of 0 means Lifetime.
func (c *Client) Draft(ctx context.Context, lifetime time.Duration, calls ...Call) (*Draft, error) {
	var txID [txv1.IDSize]byte
	if _, err := rand.Read(txID[:]); err != nil {
		return nil, err
	}
	return c.draft(ctx, txID, lifetime, 0, calls)
}

// draft makes a transaction that cannot have run earlier than so many blocks before the newest.
func (c *Client) draft(ctx context.Context, txID [txv1.IDSize]byte, lifetime time.Duration, before int64, calls []Call) (*Draft, error) {
	if lifetime == 0 {
		lifetime = Lifetime
	}
	now, err := c.BlockTime(ctx)
	if err != nil {
		return nil, err
	}
	last, err := c.light.Last(ctx)
	if err != nil {
		return nil, err
	}
	body := &txv1.Body{ChainId: c.chain, Sender: c.account.Bytes(), Id: txID[:], ExpiresUnixS: now.Add(lifetime).Unix()}
	if body.Calls, err = encodeCalls(calls); err != nil {
		return nil, err
	}
	raw, err := txv1.Encode(body)
	if err != nil {
		return nil, err
	}
	return newDraft(&txv1.Transaction{Body: raw}, body, max(0, last.Height-before)), nil
}

func newDraft(tx *txv1.Transaction, body *txv1.Body, since int64) *Draft {
	return &Draft{tx: tx, body: body, ticket: Ticket{
		Sender: id.ID(body.Sender), TxID: [txv1.IDSize]byte(body.Id), Body: txv1.Hash(tx.Body),
		ExpiresUnixS: body.ExpiresUnixS, SinceHeight: since,
	}}
}

func encodeCalls(calls []Call) ([]*txv1.Call, error) {
	if n := len(calls); n < 1 || n > txv1.MaxCalls {
		return nil, fmt.Errorf("a transaction has 1 to %d calls, not %d: split it", txv1.MaxCalls, n)
	}
	var out []*txv1.Call
	for i, call := range calls {
		if v, ok := call.Message.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return nil, fmt.Errorf("call %d: %w", i, err)
			}
		}
		one, err := txv1.CallOf(call.As, call.Message)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// Ticket names the transaction; signatures do not change it.
func (d *Draft) Ticket() Ticket { return d.ticket }

// Sign adds a key's signature; a second one by the same key changes nothing. The chain wants those of the sender and of
// every account that a call acts as, and no others: Signings tells who is missing.
func (d *Draft) Sign(s key.Signer) error {
	if d.HasSigned(s.Public()) {
		return nil
	}
	sig, err := s.Sign(txv1.Digest(d.body.ChainId, d.tx.Body))
	if err != nil {
		return err
	}
	pub := s.Public()
	return d.add(&txv1.Signature{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Signature: sig})
}

// Bytes is the transaction with the signatures that it has, for the next signer or for keeping. File writes it so that
// people see what it is.
func (d *Draft) Bytes() ([]byte, error) { return txv1.Encode(d.tx) }

// ReadDraft reads what Bytes gave, on another machine: show its Calls and expiry to a person before signing. It refuses
// what ParseDraft refuses, and a transaction for another chain.
func (c *Client) ReadDraft(ctx context.Context, b []byte) (*Draft, error) {
	d, err := ParseDraft(b)
	if err != nil {
		return nil, err
	}
	return d, c.Adopt(ctx, d)
}

// Adopt makes a draft that was parsed without a connection ready for Submit: it checks that it is for this chain, and has
// its ticket look back as far as the transaction may have run.
func (c *Client) Adopt(ctx context.Context, d *Draft) error {
	if d.body.ChainId != c.chain {
		return fmt.Errorf("%w: chain: it is for %.50q, this is %s", ErrDraft, d.body.ChainId, c.chain)
	}
	last, err := c.light.Last(ctx)
	if err != nil {
		return err
	}
	d.ticket.SinceHeight = max(0, last.Height-readBack)
	return nil
}

// readBack is how many blocks before now a draft of somebody else may have run already: the fastest blocks of 7 days, the
// longest that a transaction can wait.
const readBack = txv1.WindowSeveralS * 100

// ParseDraft reads what Bytes gave with no chain at hand: on a machine without a network. Bytes that are not the one
// encoding of what they say, or that this version cannot read whole, are ErrDraft, and so is a signature that does not fit.
func ParseDraft(b []byte) (*Draft, error) {
	tx, body := &txv1.Transaction{}, &txv1.Body{}
	if len(b) > txv1.MaxBytesLarge {
		return nil, fmt.Errorf("%w: %d bytes are more than the chain takes", ErrDraft, len(b))
	}
	if err := errors.Join(canonical("transaction", b, tx), canonical("body", tx.Body, body)); err != nil {
		return nil, err
	}
	d := &Draft{tx: tx, body: body}
	if err := d.check(); err != nil {
		return nil, err
	}
	return newDraft(tx, body, 0), d.Verify()
}

// check judges what needs no chain.
func (d *Draft) check() error {
	_, sender := id.Of(d.body.Sender)
	_, lane := id.Of(d.body.Lane)
	switch n := len(d.body.Calls); {
	case d.body.ChainId == "" || len(d.body.ChainId) > maxChainBytes:
		return fmt.Errorf("%w: chain: a name of %d bytes", ErrDraft, len(d.body.ChainId))
	case !sender:
		return fmt.Errorf("%w: sender: %d bytes", ErrDraft, len(d.body.Sender))
	case len(d.body.Id) != txv1.IDSize:
		return fmt.Errorf("%w: id: %d bytes", ErrDraft, len(d.body.Id))
	case len(d.body.Lane) > 0 && !lane:
		return fmt.Errorf("%w: lane: %d bytes", ErrDraft, len(d.body.Lane))
	case n < 1 || n > txv1.MaxCalls:
		return fmt.Errorf("%w: calls: %d, where 1 to %d are allowed", ErrDraft, n, txv1.MaxCalls)
	case len(d.tx.Attachments) > 0 || len(d.body.AttachmentsDigest) > 0:
		return fmt.Errorf("%w: attachments: this version knows none", ErrDraft)
	}
	_, err := d.Calls()
	return err
}

// maxChainBytes bounds the name of a chain.
const maxChainBytes = 50

// canonical decodes a message and refuses bytes that are not its one encoding: what is hidden from the reader, such as
// unknown fields, would be signed unseen.
func canonical(what string, b []byte, into proto.Message) error {
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, into); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDraft, what, err)
	}
	if back, err := txv1.Encode(into); err != nil || !bytes.Equal(back, b) {
		return fmt.Errorf("%w: %s: these bytes are not the one encoding of what they say", ErrDraft, what)
	}
	return nil
}

// Calls decodes what the transaction would do.
func (d *Draft) Calls() ([]Call, error) {
	var out []Call
	for i, call := range d.body.Calls {
		m, err := DecodeCall(call)
		if err != nil {
			return nil, fmt.Errorf("call %d: %w", i, err)
		}
		as, ok := id.Of(call.As)
		if !ok && len(call.As) > 0 {
			return nil, fmt.Errorf("%w: call %d: as: %d bytes", ErrDraft, i, len(call.As))
		}
		out = append(out, Call{As: as, Message: m})
	}
	return out, nil
}

// DecodeCall reads the message of a call, of a transaction or a proposal. A method that this version does not know, and
// bytes that it cannot read whole, are errors.
func DecodeCall(call *txv1.Call) (proto.Message, error) {
	module, name, _ := strings.Cut(call.Method, ".")
	full := protoreflect.FullName("splittally." + module + ".v1." + name)
	t, err := protoregistry.GlobalTypes.FindMessageByName(full)
	if err != nil {
		return nil, fmt.Errorf("%w: this version does not know %.80q: do not sign what you cannot read", ErrDraft, call.Method)
	}
	m := t.New().Interface()
	return m, canonical(call.Method, call.Message, m)
}
