package sdk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// Chain is the id of the chain that the transaction is for.
func (d *Draft) Chain() string { return d.body.ChainId }

// Sender is the account that sends it.
func (d *Draft) Sender() id.ID { return d.ticket.Sender }

// Expires is the block time from which it can no longer run.
func (d *Draft) Expires() time.Time { return time.Unix(d.body.ExpiresUnixS, 0).UTC() }

// Accounts lists the accounts that must sign, each once: the sender, the one whose lane is charged, and whoever calls act as.
func (d *Draft) Accounts() []id.ID {
	out := []id.ID{d.ticket.Sender}
	add := func(b []byte) {
		if a, ok := id.Of(b); ok && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	add(d.body.Lane)
	for _, call := range d.body.Calls {
		add(call.As)
	}
	return out
}

// Signers lists the keys that have signed, in the chain's order: by kind and bytes.
func (d *Draft) Signers() []key.Public {
	var out []key.Public
	for _, s := range d.tx.Signatures {
		out = append(out, key.Public{Kind: key.Kind(s.Kind), Bytes: s.PublicKey})
	}
	return out
}

// HasSigned tells whether a key has signed.
func (d *Draft) HasSigned(pub key.Public) bool { return slices.ContainsFunc(d.Signers(), pub.Equal) }

// Verify checks every signature against these very bytes; ErrDraft names the first that does not fit.
func (d *Draft) Verify() error {
	digest, before := txv1.Digest(d.body.ChainId, d.tx.Body), key.Public{}
	if n := len(d.tx.Signatures); n > txv1.MaxSignatures {
		return fmt.Errorf("%w: %d signatures, at most %d are allowed", ErrDraft, n, txv1.MaxSignatures)
	}
	for i, pub := range d.Signers() {
		if i > 0 && compareKeys(before, pub) >= 0 {
			return fmt.Errorf("%w: signature of %s: it is there twice, or out of order", ErrDraft, pub)
		}
		if _, err := key.Parse(pub.Kind, pub.Bytes); err != nil {
			return fmt.Errorf("%w: signature number %d: %w", ErrDraft, i, err)
		}
		if err := key.Verify(pub, digest, d.tx.Signatures[i].Signature); err != nil {
			return fmt.Errorf("%w: signature of %s: it does not fit; it, or what was signed, was altered", ErrDraft, pub)
		}
		before = pub
	}
	return nil
}

func compareKeys(a, b key.Public) int {
	if a.Kind != b.Kind {
		return int(a.Kind) - int(b.Kind)
	}
	return slices.Compare(a.Bytes, b.Bytes)
}

func (d *Draft) add(s *txv1.Signature) error {
	if len(d.tx.Signatures) >= txv1.MaxSignatures {
		return fmt.Errorf("%w: a transaction has at most %d signatures: leave out those that are not needed", ErrDraft, txv1.MaxSignatures)
	}
	d.tx.Signatures = append(d.tx.Signatures, s)
	txv1.SortSignatures(d.tx)
	return nil
}

// Combine adds the signatures of copies of the same transaction. A copy of another, even of one that says the same, is
// ErrDraft, and nothing is added.
func (d *Draft) Combine(copies ...*Draft) error {
	for _, c := range copies {
		if c.ticket.Body != d.ticket.Body {
			return fmt.Errorf("%w: %s and %s are two transactions, of which each has signatures of its own", ErrDraft, d.ticket.Body.Short(), c.ticket.Body.Short())
		}
	}
	for _, c := range copies {
		for i, pub := range c.Signers() {
			if d.HasSigned(pub) {
				continue
			}
			if err := d.add(c.tx.Signatures[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Leave takes the signatures of keys out, such as those that Signings found needless.
func (d *Draft) Leave(out ...key.Public) {
	d.tx.Signatures = slices.DeleteFunc(d.tx.Signatures, func(s *txv1.Signature) bool {
		return slices.ContainsFunc(out, key.Public{Kind: key.Kind(s.Kind), Bytes: s.PublicKey}.Equal)
	})
}

// Signing is how an account that must sign stands.
type Signing struct {
	Account id.ID
	// Hidden: this client may not read the account, so that nothing is known of its keys.
	Hidden bool
	// Threshold is how many of the account's signing keys must sign.
	Threshold int
	// Signed and Missing are its signing keys, with their holders' names.
	Signed, Missing []*membersv1.Key
}

// Lacks is how many signatures are still to come.
func (s Signing) Lacks() int { return max(0, s.Threshold-len(s.Signed)) }

// Signings tells, by proof, for each account that must sign which of its keys have and which have not, and the keys whose
// signatures belong to none of them: a key that was never there, or was taken out. The chain refuses a transaction with
// such a signature; Leave takes it out. It takes more signatures than an account needs.
func (c *Client) Signings(ctx context.Context, d *Draft) (all []Signing, needless []key.Public, v Verified, err error) {
	var keys [][]byte
	for _, a := range d.Accounts() {
		keys = append(keys, membersv1.AccountKey(a))
	}
	var raws [][]byte
	err = again(ctx, func() error {
		v, raws, err = c.readVisible(ctx, 0, keys)
		return err
	})
	if err != nil {
		return nil, nil, v, err
	}
	hidden := false
	for i, a := range d.Accounts() {
		one, err := d.signing(a, raws[i])
		if err != nil {
			return nil, nil, v, err
		}
		all, hidden = append(all, one), hidden || one.Hidden
	}
	if !hidden {
		needless = d.needless(all)
	}
	return all, needless, v, nil
}

func (d *Draft) signing(account id.ID, raw []byte) (Signing, error) {
	out, a := Signing{Account: account, Hidden: raw == nil}, &membersv1.Account{}
	if raw == nil {
		return out, nil
	}
	if err := kernelv1.Unframe(raw, a); err != nil {
		return out, err
	}
	out.Threshold = max(1, int(a.GetPolicy().GetThreshold()))
	for _, k := range a.GetPolicy().GetKeys() {
		switch {
		case k.Purpose != membersv1.KeyPurpose_KEY_PURPOSE_SIGN:
		case d.HasSigned(k.Public()):
			out.Signed = append(out.Signed, k)
		default:
			out.Missing = append(out.Missing, k)
		}
	}
	return out, nil
}

// needless lists the signatures that are no account's.
func (d *Draft) needless(all []Signing) (out []key.Public) {
	for _, pub := range d.Signers() {
		if !slices.ContainsFunc(all, func(s Signing) bool {
			return slices.ContainsFunc(s.Signed, func(k *membersv1.Key) bool { return k.Public().Equal(pub) })
		}) {
			out = append(out, pub)
		}
	}
	return out
}
