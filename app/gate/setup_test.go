package gate_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net/http"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// world is a running node and what a test has made on its chain.
type world struct {
	*apptest.Network
	tb testing.TB
}

func newWorld(tb testing.TB, options ...apptest.Option) *world {
	tb.Helper()
	return &world{apptest.Start(tb, options...), tb}
}

// client calls the gate, with a token where it has one.
type client struct {
	gatev1connect.GateClient
	w     *world
	role  devnet.Role
	token string
}

// over makes a client on a transport of its own; cert may be nil.
func (w *world) over(cert *tls.Certificate) *client {
	url, _ := w.Endpoint(0)
	conf := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // of a test
	if cert != nil {
		conf.Certificates = []tls.Certificate{*cert}
	}
	transport := &http.Transport{TLSClientConfig: conf, ForceAttemptHTTP2: true}
	w.tb.Cleanup(transport.CloseIdleConnections)
	c := &client{w: w}
	c.GateClient = gatev1connect.NewGateClient(&http.Client{Transport: transport}, url, connect.WithInterceptors(connect.UnaryInterceptorFunc(
		func(next connect.UnaryFunc) connect.UnaryFunc {
			return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
				if c.token != "" {
					r.Header().Set("Authorization", "Bearer "+c.token)
				}
				return next(ctx, r)
			}
		})))
	return c
}

// nobody is a client without a session.
func (w *world) nobody() *client { return w.over(nil) }

// as is a client with a role's session.
func (w *world) as(name string) *client {
	w.tb.Helper()
	c := w.nobody()
	c.role = w.Role(name)
	res, err := c.open(c.role.Account, c.role.Signer, c.challenge())
	if err != nil {
		w.tb.Fatal(err)
	}
	c.token = res.Token
	return c
}

func (c *client) challenge() []byte {
	c.w.tb.Helper()
	h, err := c.Hello(context.Background(), connect.NewRequest(&gatev1.HelloRequest{}))
	if err != nil {
		c.w.tb.Fatal(err)
	}
	return h.Msg.Challenge
}

// open signs a challenge and asks for a session.
func (c *client) open(account id.ID, s key.Signer, challenge []byte) (*gatev1.OpenSessionResponse, error) {
	c.w.tb.Helper()
	sig, err := s.Sign(c.w.sessionDigest(devnet.ChainID, account, challenge))
	if err != nil {
		c.w.tb.Fatal(err)
	}
	res, err := c.OpenSession(context.Background(), connect.NewRequest(&gatev1.OpenSessionRequest{
		Account: account.Bytes(), Challenge: challenge, Kind: uint32(s.Public().Kind), PublicKey: s.Public().Bytes, Signature: sig,
	}))
	if err != nil {
		return nil, err
	}
	return res.Msg, nil
}

func (w *world) sessionDigest(chain string, account id.ID, challenge []byte) []byte {
	_, pin := w.Endpoint(0)
	gate, err := hex.DecodeString(pin)
	if err != nil {
		w.tb.Fatal(err)
	}
	return key.Digest(chain, "session", slices.Concat(challenge, account[:], gate))
}

// tx is a signed transaction of a role's calls.
func (w *world) tx(role string, ms ...proto.Message) ([]byte, id.ID) {
	w.tb.Helper()
	r := w.Role(role)
	b := &txv1.Body{ChainId: devnet.ChainID, Sender: r.Account.Bytes(), Id: make([]byte, txv1.IDSize), ExpiresUnixS: time.Now().Unix() + 120}
	_, _ = rand.Read(b.Id)
	for _, m := range ms {
		call, err := txv1.CallOf(id.ID{}, m)
		if err != nil {
			w.tb.Fatal(err)
		}
		b.Calls = append(b.Calls, call)
	}
	raw, hash, err := txv1.Sign(b, r.Signer)
	if err != nil {
		w.tb.Fatal(err)
	}
	return raw, hash
}

// submit hands a transaction in and waits for what becomes of it.
func (c *client) submit(ms ...proto.Message) (id.ID, *gatev1.OutcomeResponse) {
	c.w.tb.Helper()
	raw, hash := c.w.tx(c.role.Name, ms...)
	res, err := c.Submit(context.Background(), connect.NewRequest(&gatev1.SubmitRequest{Transactions: [][]byte{raw}}))
	if err != nil || res.Msg.Results[0].Code != 0 {
		c.w.tb.Fatal(res, err)
	}
	o, err := c.Outcome(context.Background(), connect.NewRequest(&gatev1.OutcomeRequest{Hash: hash.Bytes(), WaitMs: 10_000}))
	if err != nil || !o.Msg.Found {
		c.w.tb.Fatal(o, err)
	}
	return hash, o.Msg
}

func (c *client) must(ms ...proto.Message) id.ID {
	c.w.tb.Helper()
	hash, o := c.submit(ms...)
	if o.Code != 0 {
		c.w.tb.Fatalf("code %d: %s", o.Code, o.Log)
	}
	return hash
}

// read reads one record at the node's newest provable height.
func (c *client) read(stateKey []byte) (*gatev1.Record, error) {
	res, err := c.Read(context.Background(), connect.NewRequest(&gatev1.ReadRequest{Keys: [][]byte{stateKey}}))
	if err != nil {
		return nil, err
	}
	return res.Msg.Records[0], nil
}

func (c *client) list(name string, subject id.ID) ([][]byte, error) {
	res, err := c.List(context.Background(), connect.NewRequest(&gatev1.ListRequest{List: name, Subject: subject.Bytes()}))
	if err != nil {
		return nil, err
	}
	return res.Msg.Keys, nil
}

// business is what the roles have made of each other.
type business struct {
	pending, active, part, offered []byte // state keys
	held                           *voucherv1.Part
	refused                        id.ID // a transaction of tier1's that failed with an amount in its words
	accepted                       id.ID
}

func hashOf(name string) []byte { return id.Hash("test", []byte(name)).Bytes() }

// trade issues three packages to tier1, who accepts two, keeps one and offers the other to tier2.
func (w *world) trade() *business {
	w.tb.Helper()
	obligor, bank, tier1 := w.as("obligor"), w.as("bank"), w.as("tier1")
	today := kernelv1.DayOf(time.Now().Unix(), 8*3600)
	issue := &voucherv1.Issue{}
	for _, name := range []string{"one", "two", "three"} {
		issue.Items = append(issue.Items, &voucherv1.IssueItem{
			Creditor: tier1.role.Account.Bytes(), Currency: "CNY", AmountMinor: 100_000, DueDay: today + 60,
			Background: &voucherv1.Background{Contract: hashOf("contract"), Invoices: []*voucherv1.InvoiceUse{
				{Fingerprint: hashOf(name), IssueDay: today - 3, TotalMinor: 100_000, UsedMinor: 100_000},
			}},
		})
	}
	bank.must(&depositv1.Mint{To: tier1.role.Account.Bytes(), AmountMinor: 77_700, Currency: "CNY"})
	obligor.must(issue)
	b := &business{}
	for range 2 {
		pending, err := tier1.list(voucherv1.ListPending, tier1.role.Account)
		if err != nil {
			w.tb.Fatal(err)
		}
		b.active = pending[0]
		b.accepted = tier1.must(&voucherv1.AcceptPackage{Package: b.active[2:]})
	}
	pending, err := tier1.list(voucherv1.ListPending, tier1.role.Account)
	if err != nil || len(pending) != 1 {
		w.tb.Fatal(pending, err)
	}
	b.pending = pending[0]
	held, err := tier1.list(voucherv1.ListHeld, tier1.role.Account)
	if err != nil || len(held) != 2 {
		w.tb.Fatal(held, err)
	}
	b.part, b.offered = held[0], held[1]
	w.WaitHeight(w.tb, w.Running[0].App().Status().Height+1)
	b.held = w.partAt(tier1, b.part)
	tier1.must(&voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
		Part: w.partAt(tier1, b.offered).Ref(), To: w.Role("tier2").Account.Bytes(), OfferExpiresUnixS: time.Now().Unix() + 3600,
		Background: &voucherv1.Background{Contract: hashOf("contract")},
	}}})
	hash, o := tier1.submit(&depositv1.Transfer{Bank: bank.role.Member.Bytes(), To: w.Role("tier2").Account.Bytes(), AmountMinor: 99_900, Currency: "CNY"})
	if o.Code == 0 {
		w.tb.Fatal("more was passed on than there is")
	}
	b.refused = hash
	w.WaitHeight(w.tb, w.Running[0].App().Status().Height+2)
	return b
}

func (w *world) partAt(c *client, stateKey []byte) *voucherv1.Part {
	w.tb.Helper()
	rec, err := c.read(stateKey)
	if err != nil || !rec.Present {
		w.tb.Fatal(rec, err)
	}
	p := &voucherv1.Part{}
	if err := kernelv1.Unframe(rec.Value, p); err != nil {
		w.tb.Fatal(err)
	}
	return p
}

// certificate is a self-signed one of a P-256 key.
func certificate(tb testing.TB, curve elliptic.Curve) (*tls.Certificate, *ecdsa.PrivateKey) {
	tb.Helper()
	priv, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an account"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, priv.Public(), priv)
	if err != nil {
		tb.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: priv}, priv
}
