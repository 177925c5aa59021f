// Package ceremony makes a network's genesis from offers. Each member makes its keys at home and offers their public
// parts; one member puts the offers together; all check, run it in memory, and sign what they have checked. No secret
// leaves its owner's machine but the invoice key, which is sealed to each.
package ceremony

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// Bounds of what a ceremony reads.
const (
	formVersion   = 1
	MaxOffers     = governancev1.MaxValidators
	maxFileBytes  = 4 << 20
	maxChainBytes = 50 // the engine's
	maxHostBytes  = 200
)

// The purposes that a ceremony's signatures are for.
const (
	purposeOffer  = "genesis.offer"
	purposeAccept = "genesis.accept"
)

// validatorDomain stands before what a validator's key signs here, so that it is no vote.
const validatorDomain = "splittally genesis offer\n"

// AccountKey is a key of the member's main account and who holds it.
type AccountKey struct {
	Key    string `json:"key"` // kind:hex
	Holder string `json:"holder,omitempty"`
}

// Terms are what a member offers to be in genesis. Their JSON, compact and in this order of fields, is what is signed.
type Terms struct {
	Chain string `json:"chain"`
	// Name is the legal name; CredentialKind is uscc or lei.
	Name           string `json:"name"`
	CredentialKind string `json:"credential_kind"`
	Credential     string `json:"credential"`
	SmallFirm      bool   `json:"small_firm,omitempty"`
	// Roles are in order of bit.
	Roles         []string `json:"roles"`
	Seat          bool     `json:"seat"`
	SupplierQuota uint32   `json:"supplier_quota,omitempty"`
	// Threshold of Keys must sign for the main account.
	Threshold uint32       `json:"threshold"`
	Keys      []AccountKey `json:"keys"`
	// EncryptionKey is X25519, hex: documents and the invoice key are sealed to it.
	EncryptionKey string `json:"encryption_key"`
	// Nodes are the peer ids of the member's nodes; the first is reached at P2P, host:port, and its gate at Gate.
	Nodes []string `json:"nodes"`
	P2P   string   `json:"p2p"`
	Gate  string   `json:"gate"`
	Pin   string   `json:"pin"`
	// Validator is the Ed25519 key of the first node, hex, and Power its weight; empty and 0 where it does not vote on
	// blocks.
	Validator string `json:"validator,omitempty"`
	Power     int64  `json:"power,omitempty"`
}

// Signature is one key's, hex.
type Signature struct {
	Key       string `json:"key"` // kind:hex
	Signature string `json:"signature"`
}

// Offer is a member's terms, signed by each key of its main account and by its validator's key: each is held by who
// offers it.
type Offer struct {
	Version            int         `json:"splittally_offer"`
	Terms              Terms       `json:"terms"`
	ValidatorSignature string      `json:"validator_signature,omitempty"`
	Signatures         []Signature `json:"signatures"`
}

// NewOffer is an offer that nobody has signed yet.
func NewOffer(t Terms) *Offer {
	return &Offer{Version: formVersion, Terms: t, Signatures: []Signature{}}
}

// Sign adds an account key's signature; refused where the terms have no such key or are wrong.
func (o *Offer) Sign(s key.Signer) error {
	if faults := o.Terms.faults(); len(faults) > 0 {
		return Faults(faults)
	}
	name := s.Public().String()
	if !o.Terms.Has(s.Public()) {
		return fmt.Errorf("the offer of %s has no key %s: name it with --key when you make the offer", o.Terms.Name, name)
	}
	signature, err := s.Sign(o.Terms.digest())
	if err != nil {
		return err
	}
	o.Signatures = withSignature(o.Signatures, name, signature)
	return nil
}

// withSignature replaces a key's signature or adds it, in order of key.
func withSignature(all []Signature, name string, signature []byte) []Signature {
	all = slices.DeleteFunc(all, func(s Signature) bool { return s.Key == name })
	all = append(all, Signature{Key: name, Signature: hex.EncodeToString(signature)})
	slices.SortFunc(all, func(a, b Signature) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// SignValidator adds the signature of the validator's key.
func (o *Offer) SignValidator(sign func(message []byte) ([]byte, error)) error {
	signature, err := sign(o.Terms.validatorMessage())
	if err != nil {
		return fmt.Errorf("the validator's key does not sign: %w", err)
	}
	o.ValidatorSignature = hex.EncodeToString(signature)
	return nil
}

// Has tells whether a key is one of the main account's.
func (t *Terms) Has(k key.Public) bool {
	return slices.ContainsFunc(t.Keys, func(a AccountKey) bool { return a.Key == k.String() })
}

func (t *Terms) content() []byte {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // strings, numbers and lists of them
	}
	return b
}

func (t *Terms) digest() []byte { return key.Digest(t.Chain, purposeOffer, t.content()) }

func (t *Terms) validatorMessage() []byte { return append([]byte(validatorDomain), t.digest()...) }

// Unsigned lists the keys of the main account that have not signed yet.
func (o *Offer) Unsigned() []AccountKey {
	var out []AccountKey
	for _, k := range o.Terms.Keys {
		if !slices.ContainsFunc(o.Signatures, func(s Signature) bool { return s.Key == k.Key }) {
			out = append(out, k)
		}
	}
	return out
}

// Check lists everything that is wrong with an offer, each in a sentence; none where it may go into genesis.
func (o *Offer) Check() []string {
	if o.Version != formVersion {
		return []string{fmt.Sprintf("splittally_offer is %d: this program reads offers of version %d", o.Version, formVersion)}
	}
	return append(o.Terms.faults(), o.signatureFaults()...)
}

func (t *Terms) faults() []string {
	var out []string
	if t.Chain == "" || len(t.Chain) > maxChainBytes {
		out = append(out, fmt.Sprintf("chain: %d bytes, 1 to %d are needed", len(t.Chain), maxChainBytes))
	}
	for _, s := range append([]string{t.Name}, t.holders()...) {
		if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			out = append(out, fmt.Sprintf("name: %.80q has a character that is not seen where it is shown", s))
		}
	}
	if m, err := t.Admit(); err != nil {
		out = append(out, err.Error())
	} else if err := m.Validate(); err != nil {
		out = append(out, err.Error())
	}
	if _, err := unhex("encryption_key", t.EncryptionKey, membersv1.EncryptionSize); err != nil {
		out = append(out, err.Error())
	}
	return append(append(out, t.nodeFaults()...), t.validatorFaults()...)
}

func (t *Terms) holders() []string {
	var out []string
	for _, k := range t.Keys {
		out = append(out, k.Holder)
	}
	return out
}

func (t *Terms) nodeFaults() []string {
	var out []string
	if len(t.Nodes) == 0 {
		out = append(out, "nodes: none is named, and others would let none in")
	}
	if !isHostPort(t.P2P) {
		out = append(out, fmt.Sprintf("p2p: %.80q is no host:port that other members' nodes reach", t.P2P))
	}
	u, err := url.Parse(t.Gate)
	if err != nil || u.Scheme != "https" || u.Host == "" || len(t.Gate) > maxHostBytes || u.Path != "" {
		out = append(out, fmt.Sprintf("gate: %.80q is no address such as https://node.example:26443", t.Gate))
	}
	if _, err := unhex("pin", t.Pin, 32); err != nil {
		out = append(out, err.Error())
	}
	return out
}

// isHostPort wants a host that others can reach: a name or an address, and a port.
func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	return err == nil && host != "" && port != "" && port != "0" && len(s) <= maxHostBytes && host != "0.0.0.0" && host != "::"
}

func (t *Terms) validatorFaults() []string {
	if t.Validator == "" && t.Power == 0 {
		return nil
	}
	var out []string
	if _, err := unhex("validator", t.Validator, ed25519.PublicKeySize); err != nil {
		out = append(out, err.Error())
	}
	if t.Power < 1 || t.Power > governancev1.MaxPower {
		out = append(out, fmt.Sprintf("power: %d, 1 to %d are possible", t.Power, governancev1.MaxPower))
	}
	return out
}

func (o *Offer) signatureFaults() []string {
	var out []string
	for _, k := range o.Unsigned() {
		out = append(out, fmt.Sprintf("the key %s (%s) has not signed: its holder runs 'tallyd genesis sign'", k.Key, k.Holder))
	}
	digest := o.Terms.digest()
	for i, s := range o.Signatures {
		if i > 0 && s.Key == o.Signatures[i-1].Key {
			out = append(out, fmt.Sprintf("the key %s has signed twice", s.Key))
		}
		if err := o.judge(s, digest); err != nil {
			out = append(out, err.Error())
		}
	}
	return append(out, o.validatorSignatureFaults()...)
}

// judge judges one signature of a key that the terms must have.
func (o *Offer) judge(s Signature, digest []byte) error {
	if !slices.ContainsFunc(o.Terms.Keys, func(k AccountKey) bool { return k.Key == s.Key }) {
		return fmt.Errorf("%.100s has signed and is none of the account's keys", s.Key)
	}
	return verify(s, digest)
}

func verify(s Signature, digest []byte) error {
	pub, err := key.ParseString(s.Key)
	if err != nil {
		return err
	}
	b, err := hex.DecodeString(s.Signature)
	if err != nil || key.Verify(pub, digest, b) != nil {
		return fmt.Errorf("the signature of %s does not fit: something was changed after it was signed", s.Key)
	}
	return nil
}

func (o *Offer) validatorSignatureFaults() []string {
	if o.Terms.Validator == "" && o.ValidatorSignature == "" {
		return nil
	}
	pub, err := unhex("validator", o.Terms.Validator, ed25519.PublicKeySize)
	if err != nil {
		return nil // named already
	}
	b, err := hex.DecodeString(o.ValidatorSignature)
	if err != nil || !ed25519.Verify(pub, o.Terms.validatorMessage(), b) {
		return []string{"the signature of the validator's key does not fit: something was changed after it was signed"}
	}
	return nil
}

// Admit is the call of genesis that the terms ask for. Errors name a field that cannot be read.
func (t *Terms) Admit() (*membersv1.AdmitMember, error) {
	m := &membersv1.AdmitMember{
		Legal: &membersv1.Legal{Name: t.Name, Credential: t.Credential, SmallFirm: t.SmallFirm}, Seat: t.Seat, SupplierQuota: t.SupplierQuota,
		Policy: &membersv1.Policy{Threshold: t.Threshold},
	}
	switch t.CredentialKind {
	case "uscc":
		m.Legal.CredentialKind = membersv1.CredentialKind_CREDENTIAL_KIND_USCC
	case "lei":
		m.Legal.CredentialKind = membersv1.CredentialKind_CREDENTIAL_KIND_LEI
	default:
		return nil, fmt.Errorf("credential_kind: %.20q is neither uscc nor lei", t.CredentialKind)
	}
	var err error
	if m.Roles, err = membersv1.ParseRoles(strings.Join(t.Roles, ",")); err != nil {
		return nil, fmt.Errorf("roles: %w", err)
	}
	if m.EncryptionKey, err = hex.DecodeString(t.EncryptionKey); err != nil {
		return nil, fmt.Errorf("encryption_key: %w", err)
	}
	return m, t.fill(m)
}

// fill adds nodes and keys.
func (t *Terms) fill(m *membersv1.AdmitMember) error {
	for _, n := range t.Nodes {
		b, err := unhex("nodes", n, membersv1.NodeSize)
		if err != nil {
			return err
		}
		m.Nodes = append(m.Nodes, b)
	}
	for _, k := range t.Keys {
		pub, err := key.ParseString(k.Key)
		if err != nil {
			return fmt.Errorf("keys: %.100q: %w", k.Key, err)
		}
		m.Policy.Keys = append(m.Policy.Keys, &membersv1.Key{
			Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: k.Holder,
		})
	}
	return nil
}

func unhex(field, s string, size int) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != size || hex.EncodeToString(b) != s { // one form, so that equal keys look equal
		return nil, fmt.Errorf("%s: %.80q, %d hex digits in lower case are needed", field, s, 2*size)
	}
	return b, nil
}

// Faults are everything that is wrong, each in a sentence.
type Faults []string

func (f Faults) Error() string { return strings.Join(f, "; ") }
