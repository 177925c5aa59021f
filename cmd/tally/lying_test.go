package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/wallet"
)

// lie is what a node does to its answers; nil for nothing.
type lie struct {
	read    func(*gatev1.ReadRequest, *gatev1.ReadResponse)
	ask     func(*gatev1.ReadRequest) // before a read
	list    func(*gatev1.ListResponse)
	header  func(*gatev1.LightBlockRequest)
	trail   func(*gatev1.TrailResponse)
	sent    func(*gatev1.SentResponse)
	outcome func(*gatev1.OutcomeResponse)
	swallow bool // takes transactions and hands none on
}

// liar stands between a wallet and an honest node.
type liar struct {
	gatev1connect.GateClient
	signer key.Signer
	chain  string
	pin    []byte // of the honest node
	tells  atomic.Pointer[lie]
}

func newLiar(t *testing.T, n *apptest.Network, role string) (*liar, wallet.Endpoint) {
	t.Helper()
	r := n.Role(role)
	url, pin := n.Endpoint(r.Node)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	raw, err := hex.DecodeString(pin)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{
		GateClient: gatev1connect.NewGateClient(&http.Client{Transport: transport}, url), signer: r.Signer, chain: n.Genesis.ChainID, pin: raw,
	}
	l.tells.Store(&lie{})
	mux := http.NewServeMux()
	mux.Handle(gatev1connect.NewGateHandler(l))
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	own := sha256.Sum256(server.Certificate().RawSubjectPublicKeyInfo)
	return l, wallet.Endpoint{URL: server.URL, Pin: hex.EncodeToString(own[:])}
}

// on hands a request on, with its session.
func on[Q, A any](ctx context.Context, r *connect.Request[Q], call func(context.Context, *connect.Request[Q]) (*connect.Response[A], error)) (*connect.Response[A], error) {
	next := connect.NewRequest(r.Msg)
	next.Header().Set("Authorization", r.Header().Get("Authorization"))
	answer, err := call(ctx, next)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(answer.Msg), nil
}

func (l *liar) Hello(ctx context.Context, r *connect.Request[gatev1.HelloRequest]) (*connect.Response[gatev1.HelloResponse], error) {
	return on(ctx, r, l.GateClient.Hello)
}

// OpenSession signs in the wallet's place, for the wallet signed for the liar's own pin.
func (l *liar) OpenSession(ctx context.Context, r *connect.Request[gatev1.OpenSessionRequest]) (*connect.Response[gatev1.OpenSessionResponse], error) {
	var err error
	r.Msg.Signature, err = l.signer.Sign(key.Digest(l.chain, "session", slices.Concat(r.Msg.Challenge, r.Msg.Account, l.pin)))
	if err != nil {
		return nil, err
	}
	return on(ctx, r, l.GateClient.OpenSession)
}

func (l *liar) LightBlock(ctx context.Context, r *connect.Request[gatev1.LightBlockRequest]) (*connect.Response[gatev1.LightBlockResponse], error) {
	if f := l.tells.Load().header; f != nil {
		f(r.Msg)
	}
	return on(ctx, r, l.GateClient.LightBlock)
}

func (l *liar) Read(ctx context.Context, r *connect.Request[gatev1.ReadRequest]) (*connect.Response[gatev1.ReadResponse], error) {
	tells := l.tells.Load()
	if tells.ask != nil {
		tells.ask(r.Msg)
	}
	a, err := on(ctx, r, l.GateClient.Read)
	if err == nil && tells.read != nil {
		tells.read(r.Msg, a.Msg)
	}
	return a, err
}

func (l *liar) List(ctx context.Context, r *connect.Request[gatev1.ListRequest]) (*connect.Response[gatev1.ListResponse], error) {
	a, err := on(ctx, r, l.GateClient.List)
	if f := l.tells.Load().list; err == nil && f != nil {
		f(a.Msg)
	}
	return a, err
}

func (l *liar) Submit(ctx context.Context, r *connect.Request[gatev1.SubmitRequest]) (*connect.Response[gatev1.SubmitResponse], error) {
	if l.tells.Load().swallow {
		return connect.NewResponse(&gatev1.SubmitResponse{Results: make([]*gatev1.Submitted, len(r.Msg.Transactions))}), nil
	}
	return on(ctx, r, l.GateClient.Submit)
}

func (l *liar) Outcome(ctx context.Context, r *connect.Request[gatev1.OutcomeRequest]) (*connect.Response[gatev1.OutcomeResponse], error) {
	r.Msg.WaitMs = 100
	a, err := on(ctx, r, l.GateClient.Outcome)
	if f := l.tells.Load().outcome; err == nil && f != nil {
		f(a.Msg)
	}
	return a, err
}

func (l *liar) Trail(ctx context.Context, r *connect.Request[gatev1.TrailRequest]) (*connect.Response[gatev1.TrailResponse], error) {
	a, err := on(ctx, r, l.GateClient.Trail)
	if f := l.tells.Load().trail; err == nil && f != nil {
		f(a.Msg)
	}
	return a, err
}

func (l *liar) Sent(ctx context.Context, r *connect.Request[gatev1.SentRequest]) (*connect.Response[gatev1.SentResponse], error) {
	a, err := on(ctx, r, l.GateClient.Sent)
	if f := l.tells.Load().sent; err == nil && f != nil {
		f(a.Msg)
	}
	return a, err
}

// theatre is a network with two holdings of tier1, whose wallet reads from a liar.
type theatre struct {
	*liar
	net            *apptest.Network
	home, contract string
	part           string
}

func open(t *testing.T) *theatre {
	t.Helper()
	n := apptest.Start(t, apptest.Validators(2))
	dir := t.TempDir()
	th := &theatre{net: n, home: filepath.Join(dir, "t1"), contract: filepath.Join(dir, "contract.txt")}
	obligor := filepath.Join(dir, "ob")
	if err := os.WriteFile(th.contract, []byte("contract"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustTally(t, "init", "--home", obligor, "--devnet", n.Dir, "--role", "obligor")
	mustTally(t, "init", "--home", th.home, "--devnet", n.Dir, "--role", "tier1")
	for _, number := range []string{"1", "2"} {
		file := filepath.Join(dir, number+".xml")
		if err := os.WriteFile(file, invoiceOf(t.Fatalf, n, []string{number, "tier1", "obligor", "100" + number, "60"}), 0o600); err != nil {
			t.Fatal(err)
		}
		out := mustTally(t, "issue", "--home", obligor, "--invoice", file, "--to", "tier1", "--contract", th.contract, "--yes")
		_, rest, _ := strings.Cut(out, "Vouchers: ")
		mustTally(t, "accept", "--home", th.home, rest[:12], "--yes")
	}
	_, rest, _ := strings.Cut(mustTally(t, "holdings", "--home", th.home, "-o", "json"), `"part": "`)
	th.part = rest[:12]
	w, err := wallet.Open(th.home)
	if err != nil {
		t.Fatal(err)
	}
	liar, endpoint := newLiar(t, n, "tier1")
	th.liar = liar
	w.Profile.Endpoints[0] = endpoint
	if err := w.Save(); err != nil {
		t.Fatal(err)
	}
	return th
}

// refuses runs a command against a lie: it must exit with the code and show nothing.
func (th *theatre) refuses(t *testing.T, code int, args ...string) {
	t.Helper()
	got, out, errs := tally(t, append(args, "--home", th.home)...)
	if got != code || out != "" {
		t.Errorf("tally %s: exit %d, want %d; on standard output %q\n%s", strings.Join(args, " "), got, code, out, errs)
	}
	if strings.Contains(errs, "Done") {
		t.Errorf("tally %s claims what is not so: %s", strings.Join(args, " "), errs)
	}
}

func TestLyingNodeWallet(t *testing.T) {
	th := open(t)
	mustTally(t, "holdings", "--home", th.home) // an honest messenger is believed
	rotate := func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) {
		if n := len(a.Records); n > 1 {
			a.Records = append(a.Records[1:], a.Records[0])
		}
	}
	alter := func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) {
		for _, r := range a.Records {
			if r.Present {
				r.Value[len(r.Value)-1] ^= 1
			}
		}
	}
	absent := func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) {
		for _, r := range a.Records {
			r.Present, r.Value = false, nil
		}
	}
	// only bends the records under a prefix, so that the wallet connects and meets the lie later.
	only := func(prefix kernelv1.Prefix, bend func(*gatev1.Record)) func(*gatev1.ReadRequest, *gatev1.ReadResponse) {
		return func(q *gatev1.ReadRequest, a *gatev1.ReadResponse) {
			for i, k := range q.Keys {
				if bytes.HasPrefix(k, prefix[:]) {
					bend(a.Records[i])
				}
			}
		}
	}
	gone := func(r *gatev1.Record) { r.Present, r.Value = false, nil }
	flip := func(r *gatev1.Record) { r.Value[len(r.Value)-1] ^= 1 }
	hidden := func(r *gatev1.Record) { r.MayRead = false }
	lists := []string{"holdings", "offers", "pending", "owed", "deposits", "status", "members", "params"}
	for name, tc := range map[string]struct {
		lie      lie
		commands []string
	}{
		"swaps keys":      {lie{read: rotate}, lists},
		"alters records":  {lie{read: alter}, []string{"holdings", "offers", "pending", "owed", "deposits", "status", "members"}},
		"denies records":  {lie{read: absent}, lists},
		"alters parts":    {lie{read: only(voucherv1.PrefixPart, flip)}, []string{"holdings", "show " + th.part}},
		"alters vouchers": {lie{read: only(voucherv1.PrefixPackage, flip)}, []string{"holdings", "trail " + th.part}},
		"alters names":    {lie{read: only(membersv1.PrefixMember, flip)}, []string{"members", "status"}},
		"hides parts":     {lie{read: only(voucherv1.PrefixPart, hidden)}, []string{"holdings"}},
		"denies totals": {lie{
			read: only(kernelv1.PrefixTotals, gone), list: func(a *gatev1.ListResponse) { a.Keys = nil },
		}, []string{"holdings", "offers", "pending", "owed", "deposits"}},
		"omits a part":     {lie{list: func(a *gatev1.ListResponse) { a.Keys = a.Keys[:max(0, len(a.Keys)-1)] }}, []string{"holdings", "show " + th.part}},
		"omits all":        {lie{list: func(a *gatev1.ListResponse) { a.Keys = nil }}, []string{"holdings", "trail " + th.part}},
		"replays a height": {lie{ask: func(r *gatev1.ReadRequest) { r.Height = 3 }}, []string{"holdings", "status"}},
		"says a height that is not": {
			lie{read: func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) { a.Height-- }}, []string{"holdings", "status"},
		},
		"replays headers": {lie{header: func(r *gatev1.LightBlockRequest) {
			if r.Height == 0 {
				r.Height = 3
			}
		}}, []string{"holdings", "status"}},
		"alters a trail": {lie{trail: func(a *gatev1.TrailResponse) { a.Entries[0][100] ^= 1 }}, []string{"trail " + th.part}},
		"cuts a trail":   {lie{trail: func(a *gatev1.TrailResponse) { a.Entries = nil }}, []string{"trail " + th.part}},
	} {
		t.Run(name, func(t *testing.T) {
			th.tells.Store(&tc.lie)
			for _, command := range tc.commands {
				th.refuses(t, exitProof, strings.Fields(command)...)
			}
		})
	}
}

// A node that takes a transaction, keeps it to itself and says that it is done is not believed; the ticket stays.
func TestLyingNodeWalletSwallowsTransaction(t *testing.T) {
	th := open(t)
	th.tells.Store(&lie{swallow: true, outcome: func(a *gatev1.OutcomeResponse) { a.Found, a.Height, a.Code = true, 5, 0 }})
	send := []string{"send", th.part, "--to", "tier2", "--contract", th.contract, "--expires", wallet.Day(chainDay() + 5), "--yes", "--timeout", "3s"}
	th.refuses(t, exitUnknown, send...)
	th.refuses(t, exitUnknown, send...) // and is not sent a second time
	out := mustTally(t, "status", "--home", th.home)
	if !strings.Contains(out, "not known yet") {
		t.Errorf("status: %s", out)
	}
}

// Without the node, without the witness, and with another machine in the node's place.
func TestUnreachableAndUnmasked(t *testing.T) {
	th := open(t)
	w, err := wallet.Open(th.home)
	if err != nil {
		t.Fatal(err)
	}
	good := w.Profile.Endpoints
	for name, tc := range map[string]struct {
		endpoints []wallet.Endpoint
		code      int
	}{
		"no node":     {[]wallet.Endpoint{{URL: "https://127.0.0.1:1", Pin: good[0].Pin}, good[1]}, exitUnreachable},
		"no witness":  {[]wallet.Endpoint{good[0], {URL: "https://127.0.0.1:1", Pin: good[1].Pin}}, exitUnreachable},
		"another pin": {[]wallet.Endpoint{{URL: good[0].URL, Pin: good[1].Pin}, good[1]}, exitProof},
	} {
		w.Profile.Endpoints = tc.endpoints
		if err := w.Save(); err != nil {
			t.Fatal(err)
		}
		th.net.WaitHeight(t, th.net.Running[0].App().Status().Height+2) // so that there is something to confirm
		t.Run(name, func(t *testing.T) { th.refuses(t, tc.code, "holdings") })
	}
}
