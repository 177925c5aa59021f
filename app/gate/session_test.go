package gate_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func codeOf(err error) connect.Code {
	if err == nil {
		return 0
	}
	return connect.CodeOf(err)
}

func TestSession(t *testing.T) {
	w := newWorld(t)
	tier1, tier2 := w.Role("tier1"), w.Role("tier2")
	c := w.nobody()
	stale := c.challenge()
	binary.BigEndian.PutUint64(stale, uint64(time.Now().Unix()-30)) // its code no longer fits
	for name, tc := range map[string]struct {
		account   id.ID
		signer    key.Signer
		challenge []byte
		want      connect.Code
	}{
		"own":                 {tier1.Account, tier1.Signer, c.challenge(), 0},
		"key of another":      {tier1.Account, tier2.Signer, c.challenge(), connect.CodeUnauthenticated},
		"account of another":  {tier2.Account, tier1.Signer, c.challenge(), connect.CodeUnauthenticated},
		"member, no account":  {tier1.Member, tier1.Signer, c.challenge(), connect.CodeUnauthenticated},
		"no account":          {id.ID{9}, tier1.Signer, c.challenge(), connect.CodeUnauthenticated},
		"governance":          {id.Hash("governance"), tier1.Signer, c.challenge(), connect.CodeUnauthenticated},
		"own challenge":       {tier1.Account, tier1.Signer, bytes.Repeat([]byte{1}, 32), connect.CodeUnauthenticated},
		"challenge moved on":  {tier1.Account, tier1.Signer, stale, connect.CodeUnauthenticated},
		"short challenge":     {tier1.Account, tier1.Signer, c.challenge()[:31], connect.CodeUnauthenticated},
		"no challenge at all": {tier1.Account, tier1.Signer, nil, connect.CodeUnauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := c.open(tc.account, tc.signer, tc.challenge)
			if codeOf(err) != tc.want {
				t.Fatalf("%v", err)
			}
			if err == nil && (len(res.Token) < 32 || res.ExpiresUnixS < time.Now().Unix()+60) {
				t.Errorf("%v", res)
			}
		})
	}
}

func TestSessionForm(t *testing.T) {
	w := newWorld(t)
	r, c := w.Role("tier1"), w.nobody()
	challenge := c.challenge()
	sign := func(digest []byte) []byte {
		sig, err := r.Signer.Sign(digest)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	good := &gatev1.OpenSessionRequest{
		Account: r.Account.Bytes(), Challenge: challenge, Kind: uint32(r.Signer.Public().Kind), PublicKey: r.Signer.Public().Bytes,
		Signature: sign(w.sessionDigest("splittally-dev", r.Account, challenge)),
	}
	for name, tc := range map[string]struct {
		spoil func(*gatev1.OpenSessionRequest)
		want  connect.Code
	}{
		"good":           {func(*gatev1.OpenSessionRequest) {}, 0},
		"empty":          {func(q *gatev1.OpenSessionRequest) { *q = gatev1.OpenSessionRequest{} }, connect.CodeInvalidArgument}, // a copy of nothing
		"short account":  {func(q *gatev1.OpenSessionRequest) { q.Account = q.Account[:31] }, connect.CodeInvalidArgument},
		"unknown kind":   {func(q *gatev1.OpenSessionRequest) { q.Kind = 77 }, connect.CodeInvalidArgument},
		"kind of a byte": {func(q *gatev1.OpenSessionRequest) { q.Kind += 256 }, connect.CodeInvalidArgument},
		"no point":       {func(q *gatev1.OpenSessionRequest) { q.PublicKey = make([]byte, 33) }, connect.CodeInvalidArgument},
		"no signature":   {func(q *gatev1.OpenSessionRequest) { q.Signature = nil }, connect.CodeUnauthenticated},
		"a bit of it":    {func(q *gatev1.OpenSessionRequest) { q.Signature = bytes.Clone(q.Signature); q.Signature[5] ^= 4 }, connect.CodeUnauthenticated},
		"for another chain": {func(q *gatev1.OpenSessionRequest) {
			q.Signature = sign(w.sessionDigest("splittally-prod", r.Account, challenge))
		}, connect.CodeUnauthenticated},
		"a transaction's": {func(q *gatev1.OpenSessionRequest) {
			q.Signature = sign(key.Digest("splittally-dev", "transaction", append(bytes.Clone(challenge), r.Account[:]...)))
		}, connect.CodeUnauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			q := &gatev1.OpenSessionRequest{Account: good.Account, Challenge: good.Challenge, Kind: good.Kind, PublicKey: good.PublicKey, Signature: good.Signature}
			tc.spoil(q)
			if _, err := c.OpenSession(context.Background(), connect.NewRequest(q)); codeOf(err) != tc.want {
				t.Errorf("%v", err)
			}
		})
	}
}

// calls are all procedures, each with a request that has the right form.
func calls(w *world) map[string]func(c *client) error {
	ctx, r := context.Background(), w.Role("tier1")
	return map[string]func(c *client) error{
		"Hello":       func(c *client) error { _, err := c.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{})); return err },
		"OpenSession": func(c *client) error { _, err := c.open(r.Account, r.Signer, c.challenge()); return err },
		"LightBlock": func(c *client) error {
			_, err := c.LightBlock(ctx, connect.NewRequest(&gatev1.LightBlockRequest{Height: 1}))
			return err
		},
		"Read": func(c *client) error { _, err := c.read(kernelv1.RangeKey()); return err },
		"List": func(c *client) error { _, err := c.list(membersv1.ListMembers, membersv1.MembersSubject); return err },
		"Submit": func(c *client) error {
			_, err := c.Submit(ctx, connect.NewRequest(&gatev1.SubmitRequest{Transactions: [][]byte{{1}}}))
			return err
		},
		"Outcome": func(c *client) error {
			_, err := c.Outcome(ctx, connect.NewRequest(&gatev1.OutcomeRequest{Hash: make([]byte, 32)}))
			return err
		},
		"Trail": func(c *client) error {
			_, err := c.Trail(ctx, connect.NewRequest(&gatev1.TrailRequest{Key: make([]byte, 34), Head: make([]byte, 32)}))
			if codeOf(err) == connect.CodePermissionDenied { // there is no such part
				return nil
			}
			return err
		},
		"Sent": func(c *client) error {
			_, err := c.Sent(ctx, connect.NewRequest(&gatev1.SentRequest{Account: r.Account.Bytes(), Head: make([]byte, 32)}))
			if codeOf(err) == connect.CodePermissionDenied { // it has sent nothing yet
				return nil
			}
			return err
		},
		"Entries": func(c *client) error {
			_, err := c.Entries(ctx, connect.NewRequest(&gatev1.EntriesRequest{Account: r.Account.Bytes(), Head: make([]byte, 32)}))
			if codeOf(err) == connect.CodeFailedPrecondition { // there is no such entry
				return nil
			}
			return err
		},
		"Events": func(c *client) error {
			_, err := c.Events(ctx, connect.NewRequest(&gatev1.EventsRequest{FromHeight: 1}))
			return err
		},
	}
}

func TestWhoNeedsASession(t *testing.T) {
	w := newWorld(t)
	open := map[string]bool{"Hello": true, "OpenSession": true, "LightBlock": true, "Read": true, "List": true} // of what is public
	none, wrong, good := w.nobody(), w.nobody(), w.as("tier1")
	wrong.token = strings.Repeat("0", 64)
	all := calls(w)
	if n := gatev1.File_modules_kernel_gatev1_gate_proto.Services().ByName("Gate").Methods().Len(); n != len(all) {
		t.Fatalf("the gate has %d procedures, the table %d", n, len(all))
	}
	for name, call := range all {
		want := connect.CodeUnauthenticated
		if open[name] {
			want = 0
		}
		if err := call(none); codeOf(err) != want {
			t.Errorf("%s without a session: %v", name, err)
		}
		if err := call(wrong); codeOf(err) != want {
			t.Errorf("%s with an unknown token: %v", name, err)
		}
		if err := call(good); err != nil {
			t.Errorf("%s with a session: %v", name, err)
		}
	}
}

// A session is the node's word to one account: another node does not know it.
func TestSessionIsOfOneNode(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	c := w.as("tier1")
	stranger := other.nobody()
	stranger.token = c.token
	if err := calls(w)["Events"](stranger); codeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("another node takes the token: %v", err)
	}
	r := w.Role("tier1")
	if _, err := stranger.open(r.Account, r.Signer, c.challenge()); codeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("another node takes the challenge: %v", err)
	}
}

// An account whose key is a P-256 one needs no session over mutual TLS.
func TestMutualTLS(t *testing.T) {
	w := newWorld(t)
	cert, priv := certificate(t, elliptic.P256())
	s, err := key.FromCrypto(priv)
	if err != nil {
		t.Fatal(err)
	}
	tier1 := w.as("tier1")
	before := w.over(cert)
	if err := calls(w)["Events"](before); codeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a key of no account: %v", err)
	}
	old := tier1.role.Signer.Public()
	policy := &membersv1.Policy{Threshold: 1}
	for _, pub := range []key.Public{old, s.Public()} {
		policy.Keys = append(policy.Keys, &membersv1.Key{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: "test"})
	}
	tier1.must(&membersv1.SetPolicy{Account: tier1.role.Account.Bytes(), Policy: policy})
	w.WaitHeight(t, w.Running[0].App().Status().Height+2)
	c := w.over(cert)
	totals := kernelv1.TotalsKey(tier1.role.Account)
	if rec, err := c.read(totals); err != nil || !rec.Present || !rec.MayRead {
		t.Errorf("the account's own totals: %v %v", rec, err)
	}
	if rec, err := c.read(kernelv1.TotalsKey(w.Role("obligor").Account)); err != nil || rec.Present || rec.MayRead {
		t.Errorf("another's totals: %v %v", rec, err)
	}
	other, _ := certificate(t, elliptic.P256())
	wrong, _ := certificate(t, elliptic.P384())
	for name, cert := range map[string]*client{"another key": w.over(other), "another curve": w.over(wrong)} {
		if rec, err := cert.read(totals); err != nil || rec.MayRead || rec.Present {
			t.Errorf("%s: %v %v", name, rec, err)
		}
	}
	tier1.must(&membersv1.SetPolicy{Account: tier1.role.Account.Bytes(), Policy: &membersv1.Policy{Threshold: 1, Keys: policy.Keys[:1]}})
	w.WaitHeight(t, w.Running[0].App().Status().Height+2)
	if rec, err := c.read(totals); err != nil || rec.MayRead || rec.Present {
		t.Errorf("a key that was taken from the account: %v %v", rec, err)
	}
}

// Whoever holds a viewing key reads what the account may read, and what he signs is no signature of the account's.
func TestViewingKeyOpensASession(t *testing.T) {
	w := newWorld(t)
	tier1 := w.as("tier1")
	viewer, err := key.Generate(key.SM2, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	policy := &membersv1.Policy{Threshold: 1}
	for purpose, pub := range map[membersv1.KeyPurpose]key.Public{
		membersv1.KeyPurpose_KEY_PURPOSE_SIGN: tier1.role.Signer.Public(), membersv1.KeyPurpose_KEY_PURPOSE_VIEW: viewer.Public(),
	} {
		policy.Keys = append(policy.Keys, &membersv1.Key{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: purpose, Holder: "test"})
	}
	c := w.nobody()
	if _, err := c.open(tier1.role.Account, viewer, c.challenge()); codeOf(err) != connect.CodeUnauthenticated {
		t.Error("before it is registered:", err)
	}
	tier1.must(&membersv1.SetPolicy{Account: tier1.role.Account.Bytes(), Policy: policy})
	w.WaitHeight(t, w.Running[0].App().Status().Height+2)
	res, err := c.open(tier1.role.Account, viewer, c.challenge())
	if err != nil {
		t.Fatal(err)
	}
	c.token = res.Token
	totals := kernelv1.TotalsKey(tier1.role.Account)
	if rec, err := c.read(totals); err != nil || !rec.MayRead {
		t.Error(rec, err)
	}
	w.takeFrom(tier1, tier1.role.Signer)
	if rec, err := c.read(totals); err != nil || rec.MayRead || rec.Present {
		t.Errorf("a viewer who was removed reads on: %v %v", rec, err)
	}
	if err := calls(w)["Events"](c); codeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a viewer who was removed hears on: %v", err)
	}
	if rec, err := tier1.read(totals); err != nil || !rec.MayRead {
		t.Errorf("who stayed does not read: %v %v", rec, err)
	}
}

// takeFrom leaves an account with one signing key, s.
func (w *world) takeFrom(c *client, s key.Signer) {
	w.tb.Helper()
	pub := s.Public()
	c.must(&membersv1.SetPolicy{Account: c.role.Account.Bytes(), Policy: &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{
		{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: "test"},
	}}})
	w.WaitHeight(w.tb, w.Running[0].App().Status().Height+2)
}
