package kernel

import (
	"bytes"
	"slices"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

// maxDepth bounds how deep messages nest.
const maxDepth = 16

// Tx is a transaction whose form has been judged: what needs no state.
type Tx struct {
	Hash   id.ID // of the body: the transaction's name
	Body   *txv1.Body
	Sender id.ID
	Lane   id.ID // account whose lane pays, where the body names one
	Weight int64 // declared cost
	Size   int
	Sigs   []Sig
	digest []byte
	salts  id.ID
	replay ReplayKey
	mark   [kernelv1.MarkSize]byte
	calls  []parsedCall
}

// Sig is one signature with its key.
type Sig struct {
	Public    key.Public
	Signature []byte
}

type parsedCall struct {
	as    id.ID
	route *Route
	msg   Message
}

// Parse judges size and form: everything about a transaction that needs no state.
func (m *Machine) Parse(raw []byte) (*Tx, error) {
	if len(raw) > txv1.MaxBytesLarge {
		return nil, ErrTooLarge.With("%d bytes", len(raw))
	}
	wire, body := &txv1.Transaction{}, &txv1.Body{}
	if err := decodeCanonical(raw, wire); err != nil {
		return nil, err
	}
	if err := decodeCanonical(wire.Body, body); err != nil {
		return nil, err
	}
	tx := &Tx{Body: body, Size: len(raw), Hash: txv1.Hash(wire.Body), salts: kernelv1.EventSalts(wire.Body)}
	mark := id.Hash("mark", wire.Body)
	copy(tx.mark[:], mark[:])
	for _, step := range []func() error{
		func() error { return m.parseHead(tx, wire) },
		func() error { return m.parseCalls(tx, len(raw)) },
		func() error { return parseSignatures(tx, wire) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	tx.digest = txv1.Digest(m.chain, wire.Body)
	return tx, nil
}

func (m *Machine) parseHead(tx *Tx, wire *txv1.Transaction) error {
	b := tx.Body
	if b.ChainId != m.chain {
		return ErrWrongChain.At("chain_id", "%.40q, this is %s", b.ChainId, m.chain)
	}
	var ok bool
	if tx.Sender, ok = id.Of(b.Sender); !ok {
		return ErrMalformed.At("sender", "%d bytes", len(b.Sender))
	}
	if tx.Lane, ok = id.Of(b.Lane); !ok && len(b.Lane) > 0 {
		return ErrMalformed.At("lane", "%d bytes", len(b.Lane))
	}
	if len(b.Id) != txv1.IDSize {
		return ErrMalformed.At("id", "%d bytes, not %d", len(b.Id), txv1.IDSize)
	}
	tx.replay = replayKey(tx.Sender, b.Id)
	if len(wire.Attachments) > 0 || len(b.AttachmentsDigest) > 0 {
		return ErrAttachments
	}
	return nil
}

func (m *Machine) parseCalls(tx *Tx, size int) error {
	if n := len(tx.Body.Calls); n < 1 || n > txv1.MaxCalls {
		return ErrCalls.At("calls", "%d", n)
	}
	limit := txv1.MaxBytes
	for i, call := range tx.Body.Calls {
		p, err := m.parseCall(call.Method, call.Message)
		if err != nil {
			return err
		}
		var ok bool
		if p.as, ok = id.Of(call.As); !ok && len(call.As) > 0 {
			return ErrMalformed.At("calls.as", "call %d has %d bytes", i, len(call.As))
		} else if !ok {
			p.as = tx.Sender
		}
		if p.route.Need.Large {
			limit = txv1.MaxBytesLarge
		}
		tx.calls = append(tx.calls, p)
		tx.Weight += int64(max(p.route.Need.Weight, 1))
	}
	if size > limit {
		return ErrTooLarge.With("%d bytes", size)
	}
	return nil
}

func (m *Machine) parseCall(method string, message []byte) (parsedCall, error) {
	r, ok := m.routes[method]
	if !ok {
		return parsedCall{}, ErrUnknownMethod.With("%.80q", method)
	}
	msg, err := r.decode(message)
	if err != nil {
		return parsedCall{}, asInvalid(err)
	}
	return parsedCall{route: r, msg: msg}, nil
}

// asInvalid gives a validation error without a code of its own the general one.
func asInvalid(err error) error {
	if errs.CodeOf(err) == nil {
		return ErrInvalid.With("%s", err)
	}
	return err
}

func parseSignatures(tx *Tx, wire *txv1.Transaction) error {
	if n := len(wire.Signatures); n < 1 || n > txv1.MaxSignatures {
		return ErrSignatures.At("signatures", "%d", n)
	}
	var last []byte
	for i, s := range wire.Signatures {
		order := append([]byte{byte(s.Kind)}, s.PublicKey...)
		if bytes.Compare(order, last) <= 0 || len(s.Signature) != key.SignatureSize || s.Kind > 255 || len(s.PublicKey) != key.PublicSize {
			return ErrSignatures.At("signatures", "number %d", i)
		}
		last = order
		tx.Sigs = append(tx.Sigs, Sig{Public: key.Public{Kind: key.Kind(s.Kind), Bytes: s.PublicKey}, Signature: s.Signature})
	}
	return nil
}

var canonical = proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxDepth}

// decodeCanonical reads a message and refuses bytes that are not its one encoding: unknown fields, fields out of
// order, values written twice, defaults written out.
func decodeCanonical(b []byte, m proto.Message) error {
	if err := canonical.Unmarshal(b, m); err != nil {
		return ErrMalformed.With("%s", err)
	}
	if again, err := deterministic.Marshal(m); err != nil || !bytes.Equal(again, b) {
		return ErrNotCanonical.With("%s", m.ProtoReflect().Descriptor().Name())
	}
	return nil
}

// Verifier tells whether a signature is valid; a node remembers what it has verified.
type Verifier func(pub key.Public, digest, sig []byte) error

// Judge judges a transaction against state before its block: expiry, replay, accounts, policies, signatures.
func (m *Machine) Judge(c *Ctx, tx *Tx, ids *IDSet, verify Verifier) error {
	if err := m.expiry(c, tx); err != nil {
		return err
	}
	if ids.Has(tx.replay) {
		return ErrIDReused
	}
	if tx.class(c) == classLong && ids.open[tx.Sender] >= MaxOpenSeveral {
		return ErrTooManyOpen
	}
	if err := known(c, tx); err != nil {
		return err
	}
	if err := m.signed(c, tx); err != nil {
		return err
	}
	for i, s := range tx.Sigs {
		if err := verify(s.Public, tx.digest, s.Signature); err != nil {
			return ErrBadSignature.At("signatures", "number %d: %s", i, err)
		}
	}
	return nil
}

// Still tells whether a transaction that Judge found good against a state is good against it for a later block time.
func (m *Machine) Still(c *Ctx, tx *Tx) error {
	if tx.expired(c) {
		return ErrExpired
	}
	return nil
}

// Permit judges whether the calls' accounts may make them: what execution judges again, against the state it meets.
func (m *Machine) Permit(c *Ctx, tx *Tx) error {
	if err := payers(c, tx); err != nil {
		return err
	}
	for _, call := range tx.calls {
		if _, err := m.permit(c, call); err != nil {
			return err
		}
	}
	return nil
}

// payers judges that a sender or lane that no call acts as may act: it would be charged for what others do.
func payers(c *Ctx, tx *Tx) error {
	for _, a := range [...]id.ID{tx.Sender, tx.Lane} {
		if a.IsZero() || tx.actsAs(a) {
			continue
		}
		if _, err := c.Active(a); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) actsAs(a id.ID) bool {
	return slices.ContainsFunc(tx.calls, func(p parsedCall) bool { return p.as == a })
}

// LaneOf is the member whose lane a transaction is charged to.
func (m *Machine) LaneOf(c *Ctx, tx *Tx) (id.ID, error) {
	account := tx.Sender
	if !tx.Lane.IsZero() {
		account = tx.Lane
	}
	s, err := c.Standing(account)
	return s.Lane, err
}

// ReplayKey is what of a transaction is used once.
func (tx *Tx) ReplayKey() ReplayKey {
	if tx.replay == (ReplayKey{}) { // not made by Parse
		return replayKey(tx.Sender, tx.Body.Id)
	}
	return tx.replay
}

// Accounts lists the accounts that must sign, each once: sender, lane, and whoever calls act as.
func (tx *Tx) Accounts() []id.ID {
	out := []id.ID{tx.Sender}
	add := func(a id.ID) {
		for _, have := range out {
			if have == a {
				return
			}
		}
		out = append(out, a)
	}
	if !tx.Lane.IsZero() {
		add(tx.Lane)
	}
	for _, call := range tx.calls {
		add(call.as)
	}
	return out
}

// expiry judges the time window: the sender's, by how many keys it has.
func (m *Machine) expiry(c *Ctx, tx *Tx) error {
	s, err := c.Standing(tx.Sender)
	window := int64(txv1.WindowS)
	if err == nil && len(s.Keys) > 1 {
		window = txv1.WindowSeveralS
	}
	if tx.expired(c) {
		return ErrExpired.At("expires_unix_s", "%d, block time is %d", tx.Body.ExpiresUnixS, c.BlockTime())
	}
	if left := tx.Body.ExpiresUnixS - c.BlockTime(); left > window {
		return ErrTooFarAhead.At("expires_unix_s", "%d s ahead, %d are allowed", left, window)
	}
	return nil
}

// class is how long the id is kept.
func (tx *Tx) class(c *Ctx) int {
	if tx.Body.ExpiresUnixS-c.BlockTime() > txv1.WindowS {
		return classLong
	}
	return classShort
}

func (tx *Tx) expired(c *Ctx) bool { return tx.Body.ExpiresUnixS <= c.BlockTime() }

// signed judges that the keys of every account that must sign have signed, and no others: by keys, not by
// cryptography, which is judged once.
func (m *Machine) signed(c *Ctx, tx *Tx) error {
	needed := make([]bool, len(tx.Sigs))
	for _, a := range tx.Accounts() {
		s, err := c.Standing(a)
		if err != nil {
			return err
		}
		n := 0
		for i, sig := range tx.Sigs {
			if holds(s, sig.Public) {
				needed[i] = true
				n++
			}
		}
		if n < max(s.Threshold, 1) {
			return ErrMissingKey.With("account %s has %d of %d", a, n, s.Threshold)
		}
	}
	for i, ok := range needed {
		if !ok {
			return ErrNeedless.At("signatures", "number %d, key %s", i, tx.Sigs[i].Public)
		}
	}
	return nil
}

func holds(s Standing, pub key.Public) bool {
	for _, k := range s.Keys {
		if k.Equal(pub) {
			return true
		}
	}
	return false
}
