//go:build pkcs11 && cgo

package token

import (
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"
	"github.com/splittally/splittally/modules/kernel/key"
)

// curves are the object identifiers of the kinds that a token can have [SEC 2; RFC 5480].
var curves = map[key.Kind]asn1.ObjectIdentifier{
	key.Secp256k1: {1, 3, 132, 0, 10},
	key.P256:      {1, 2, 840, 10045, 3, 1, 7},
}

const (
	// idBytes is how long a new key's CKA_ID is, which joins its halves.
	idBytes = 16
	// maxKeys bounds how many objects of a token are looked at.
	maxKeys = 1_000
)

// inToken is a private key of a token.
type inToken struct {
	t      *Token
	label  string
	pub    key.Public
	handle pkcs11.ObjectHandle
	always bool // it wants the PIN for each signature
	opened int  // the session that handle belongs to
}

// Key is the token's key of the label as a signer. Its signatures are brought to low s and verified.
func (t *Token) Key(label string) (key.Signer, error) {
	if err := checkLabel("key", label, maxKeyBytes); err != nil {
		return nil, err
	}
	k := &inToken{t: t, label: label}
	if err := t.do(k.find); err != nil {
		return nil, err
	}
	return key.FromRaw(k.pub, k.sign)
}

// find looks the key up in the present session.
func (k *inToken) find() error {
	handles, err := k.t.objects(pkcs11.CKO_PRIVATE_KEY, k.label, nil)
	if err != nil {
		return err
	}
	switch len(handles) {
	case 1:
	case 0:
		return fmt.Errorf("%w: %q is not there; 'tally keys list' shows what is, 'tally keys new' makes one", ErrNoKey, k.label)
	default:
		return fmt.Errorf("%w: %d keys have the label %q; give each a label of its own with the token's tool", ErrNoKey, len(handles), k.label)
	}
	pub, err := k.t.publicOf(handles[0], k.label)
	if err != nil {
		return err
	}
	if k.pub.Kind != 0 && !k.pub.Equal(pub) {
		return fmt.Errorf("%w: %q is now %s and was %s: the token was exchanged", ErrNoKey, k.label, pub, k.pub)
	}
	k.pub, k.handle, k.opened = pub, handles[0], k.t.opened
	always, err := k.t.module.GetAttributeValue(k.t.session, k.handle, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_ALWAYS_AUTHENTICATE, nil)})
	k.always = err == nil && len(always) == 1 && len(always[0].Value) == 1 && always[0].Value[0] != 0
	return nil
}

func (k *inToken) sign(digest []byte) (sig []byte, err error) {
	err = k.t.do(func() error {
		if k.opened != k.t.opened {
			if err := k.find(); err != nil {
				return err
			}
		}
		sig, err = k.t.sign(k, digest)
		return err
	})
	return sig, err
}

func (t *Token) sign(k *inToken, digest []byte) ([]byte, error) {
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil)}
	if err := t.module.SignInit(t.session, mechanism, k.handle); err != nil {
		return nil, fmt.Errorf("the token does not begin to sign with %q: %w", k.label, err)
	}
	if k.always {
		if err := t.module.Login(t.session, pkcs11.CKU_CONTEXT_SPECIFIC, t.pin); err != nil {
			t.forget(err)
			return nil, fmt.Errorf("%w: for this signature: %w", ErrPIN, err)
		}
	}
	sig, err := t.module.Sign(t.session, digest)
	if err != nil {
		return nil, fmt.Errorf("the token does not sign with %q: %w", k.label, err)
	}
	return sig, nil
}

// Keys lists the keys that could sign, in the token's order; keys on other curves are left out.
func (t *Token) Keys() ([]Listed, error) {
	var out []Listed
	err := t.do(func() error {
		handles, err := t.objects(pkcs11.CKO_PRIVATE_KEY, "", nil)
		if err != nil {
			return err
		}
		out = nil
		for _, h := range handles {
			a, err := t.module.GetAttributeValue(t.session, h, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_LABEL, nil)})
			if err != nil {
				return fmt.Errorf("the token does not show a key's label: %w", err)
			}
			label := string(a[0].Value)
			if pub, err := t.publicOf(h, label); err == nil {
				out = append(out, Listed{Label: label, Public: pub})
			} else if isLost(err) {
				return err
			}
		}
		return nil
	})
	return out, err
}

// objects finds elliptic keys of a class, by label and id where they are given.
func (t *Token) objects(class uint, label string, id []byte) ([]pkcs11.ObjectHandle, error) {
	like := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_EC)}
	if label != "" {
		like = append(like, pkcs11.NewAttribute(pkcs11.CKA_LABEL, label))
	}
	if len(id) > 0 {
		like = append(like, pkcs11.NewAttribute(pkcs11.CKA_ID, id))
	}
	if err := t.module.FindObjectsInit(t.session, like); err != nil {
		return nil, fmt.Errorf("the token does not list its keys: %w", err)
	}
	handles, _, err := t.module.FindObjects(t.session, maxKeys)
	if err := errors.Join(err, t.module.FindObjectsFinal(t.session)); err != nil {
		return nil, fmt.Errorf("the token does not list its keys: %w", err)
	}
	return handles, nil
}

// publicOf finds the public half of a private key: the object of the same id, or, where there is no id, of the same label.
func (t *Token) publicOf(private pkcs11.ObjectHandle, label string) (key.Public, error) {
	a, err := t.module.GetAttributeValue(t.session, private, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_ID, nil)})
	if err != nil {
		return key.Public{}, fmt.Errorf("the token does not show the id of %q: %w", label, err)
	}
	id := a[0].Value
	if len(id) > 0 {
		label = "" // halves may be labelled differently
	}
	handles, err := t.objects(pkcs11.CKO_PUBLIC_KEY, label, id)
	if err != nil {
		return key.Public{}, err
	}
	if len(handles) != 1 {
		return key.Public{}, fmt.Errorf("%w: it has %d public halves in the token; there must be one, of the same id", ErrNoKey, len(handles))
	}
	a, err = t.module.GetAttributeValue(t.session, handles[0], []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, nil), pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil),
	})
	if err != nil {
		return key.Public{}, fmt.Errorf("the token does not show a public key: %w", err)
	}
	return decode(a[0].Value, a[1].Value)
}

// decode reads a curve's identifier and a point, which PKCS#11 has as an ASN.1 octet string and some tokens bare. That y
// fits x is shown by the first signature.
func decode(params, point []byte) (key.Public, error) {
	var oid asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(params, &oid)
	if err != nil || len(rest) > 0 {
		return key.Public{}, fmt.Errorf("%w: its curve has no name", ErrNoKey)
	}
	var bare []byte
	if rest, err := asn1.Unmarshal(point, &bare); err != nil || len(rest) > 0 {
		bare = point
	}
	for kind, known := range curves {
		if !oid.Equal(known) {
			continue
		}
		const coordinates = 65
		if len(bare) == coordinates && bare[0] == 4 {
			bare = append([]byte{2 + bare[coordinates-1]&1}, bare[1:key.PublicSize]...)
		}
		return key.Parse(kind, bare)
	}
	return key.Public{}, fmt.Errorf("%w: its curve %s is none of the chain's; make a p256 or secp256k1 key", ErrNoKey, oid)
}

// Generate makes a key in the token, which cannot be taken out of it. There are no words that restore it: where the token
// breaks, the account needs another of its keys, or its recovery.
func (t *Token) Generate(kind key.Kind, label string) (key.Signer, error) {
	oid, ok := curves[kind]
	if !ok {
		return nil, fmt.Errorf("%w: a token makes p256 and secp256k1 keys; PKCS#11 has no %s", key.ErrKind, kind)
	}
	if err := checkLabel("key", label, maxKeyBytes); err != nil {
		return nil, err
	}
	params, err := asn1.Marshal(oid)
	if err != nil {
		return nil, err
	}
	if err := t.do(func() error { return t.generate(params, label) }); err != nil {
		return nil, err
	}
	return t.Key(label)
}

func (t *Token) generate(params []byte, label string) error {
	for _, class := range []uint{pkcs11.CKO_PRIVATE_KEY, pkcs11.CKO_PUBLIC_KEY} {
		if there, err := t.objects(class, label, nil); err != nil || len(there) > 0 {
			return errors.Join(err, found(label, len(there)))
		}
	}
	slot, err := t.slot()
	if err != nil {
		return err
	}
	writing, err := t.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return fmt.Errorf("the token cannot be written to: %w", err)
	}
	defer func() { _ = t.module.CloseSession(writing) }() // what it made is kept
	id := make([]byte, idBytes)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	is := func(what uint, value any) *pkcs11.Attribute { return pkcs11.NewAttribute(what, value) }
	public := []*pkcs11.Attribute{
		is(pkcs11.CKA_TOKEN, true), is(pkcs11.CKA_VERIFY, true), is(pkcs11.CKA_EC_PARAMS, params), is(pkcs11.CKA_LABEL, label), is(pkcs11.CKA_ID, id),
	}
	private := []*pkcs11.Attribute{
		is(pkcs11.CKA_TOKEN, true), is(pkcs11.CKA_PRIVATE, true), is(pkcs11.CKA_SENSITIVE, true), is(pkcs11.CKA_EXTRACTABLE, false),
		is(pkcs11.CKA_SIGN, true), is(pkcs11.CKA_LABEL, label), is(pkcs11.CKA_ID, id),
	}
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)}
	if _, _, err := t.module.GenerateKeyPair(writing, mechanism, public, private); err != nil {
		return fmt.Errorf("the token does not make the key %q: %w; it may not know the curve, or be full", label, err)
	}
	return nil
}

func found(label string, n int) error {
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %q; take another label, or remove that key with the token's tool", ErrExists, label)
}
