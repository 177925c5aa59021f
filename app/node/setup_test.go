package node_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

func fullNode(o *devnet.Options) { o.FullNode = true }

// everything is a reader who sees all events.
var everything = app.Reader{Regulator: true, Member: id.ID{1}}

// send hands a role's calls to the first node and waits until they took effect.
func send(tb testing.TB, n *apptest.Network, role string, ms ...proto.Message) *app.Outcome {
	tb.Helper()
	r := n.Role(role)
	b := &txv1.Body{ChainId: devnet.ChainID, Sender: r.Account.Bytes(), Id: make([]byte, txv1.IDSize), ExpiresUnixS: time.Now().Unix() + 120}
	_, _ = rand.Read(b.Id)
	for _, m := range ms {
		call, err := txv1.CallOf(id.ID{}, m)
		if err != nil {
			tb.Fatal(err)
		}
		b.Calls = append(b.Calls, call)
	}
	raw, hash, err := txv1.Sign(b, r.Signer)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := n.Running[0].App().Accept(raw); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	o, err := n.Running[0].App().OutcomeOf(ctx, everything, hash)
	if err != nil || o == nil || o.Tx.Code != 0 {
		tb.Fatalf("%v %v", o, err)
	}
	return o
}

func mint(n *apptest.Network, minor int64) *depositv1.Mint {
	return &depositv1.Mint{To: n.Role("tier1").Account.Bytes(), AmountMinor: minor, Currency: "CNY"}
}

// vote has the seats agree on a call.
func vote(tb testing.TB, n *apptest.Network, m proto.Message) {
	tb.Helper()
	call, err := txv1.CallOf(id.ID{}, m)
	if err != nil {
		tb.Fatal(err)
	}
	o := send(tb, n, "obligor", &governancev1.Propose{Title: "test", Calls: []*txv1.Call{call}, ExpiresUnixS: time.Now().Unix() + 3600})
	for _, e := range o.Tx.Events {
		m, err := e.Decode()
		if p, ok := m.(*governancev1.Proposed); ok && err == nil {
			for _, seat := range []string{"bank", "factor"} {
				send(tb, n, seat, &governancev1.Vote{Proposal: p.Proposal, Yes: true})
			}
			return
		}
	}
	tb.Fatal("nothing was proposed")
}

// peers asks a node's own port how many peers it has; -1 where it does not answer.
func peers(c node.Config) int {
	res, err := http.Get("http://" + c.RPCListen + "/net_info") //nolint:noctx // of a test
	if err != nil {
		return -1
	}
	defer res.Body.Close() // of a test
	var out struct {
		Result struct {
			Count int `json:"n_peers,string"`
		} `json:"result"`
	}
	if json.NewDecoder(res.Body).Decode(&out) != nil {
		return -1
	}
	return out.Result.Count
}

// within waits until a condition holds.
func within(d time.Duration, holds func() bool) bool {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return holds()
}

func startNode(tb testing.TB, c node.Config) *node.Node {
	tb.Helper()
	n, err := node.Start(c, "test", node.NewLog(os.Stderr, c))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = n.Stop() })
	return n
}
