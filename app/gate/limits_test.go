package gate_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// post sends raw bytes to a procedure and returns the status.
func (w *world) post(t *testing.T, procedure, token string, header map[string]string, body io.Reader) int {
	t.Helper()
	url, _ := w.Endpoint(0)
	req, err := http.NewRequest(http.MethodPost, url+procedure, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/proto")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true} //nolint:gosec // of a test
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return 0 // the connection was ended
	}
	defer res.Body.Close() // of a test
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

func TestBodies(t *testing.T) {
	w := newWorld(t)
	token := w.as("tier1").token
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 64<<20))
	_ = z.Close()
	many := bytes.Repeat([]byte{0x0a, 0}, 5<<20) // ten million bytes of empty transactions
	for name, c := range map[string]struct {
		procedure, token string
		header           map[string]string
		body             io.Reader
		ok               bool
	}{
		"good":                      {gatev1connect.GateHelloProcedure, "", nil, strings.NewReader(""), true},
		"garbage":                   {gatev1connect.GateHelloProcedure, "", nil, strings.NewReader("\xff\xff\xff garbage"), false},
		"garbage as JSON":           {gatev1connect.GateHelloProcedure, "", map[string]string{"Content-Type": "application/json"}, strings.NewReader("{"), false},
		"another type":              {gatev1connect.GateHelloProcedure, "", map[string]string{"Content-Type": "text/plain"}, strings.NewReader(""), false},
		"unknown procedure":         {"/splittally.gate.v1.Gate/Rob", token, nil, strings.NewReader(""), false},
		"huge, unknown caller":      {gatev1connect.GateSubmitProcedure, "", nil, bytes.NewReader(make([]byte, 1<<20)), false},
		"huge Hello":                {gatev1connect.GateHelloProcedure, "", nil, bytes.NewReader(make([]byte, 30<<20)), false},
		"huge":                      {gatev1connect.GateSubmitProcedure, token, nil, bytes.NewReader(make([]byte, 30<<20)), false},
		"compressed bomb":           {gatev1connect.GateSubmitProcedure, token, map[string]string{"Content-Encoding": "gzip"}, bytes.NewReader(bomb.Bytes()), false},
		"bomb of an unknown caller": {gatev1connect.GateReadProcedure, "", map[string]string{"Content-Encoding": "gzip"}, bytes.NewReader(bomb.Bytes()), false},
		"millions of transactions":  {gatev1connect.GateSubmitProcedure, token, nil, bytes.NewReader(many), false},
		"not compressed":            {gatev1connect.GateSubmitProcedure, token, map[string]string{"Content-Encoding": "gzip"}, strings.NewReader("plain"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if status := w.post(t, c.procedure, c.token, c.header, c.body); (status == http.StatusOK) != c.ok || status >= 500 && status != http.StatusNotImplemented {
				t.Errorf("status %d", status)
			}
		})
	}
	if _, err := w.nobody().read(kernelv1.RangeKey()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestGarbageTransactions(t *testing.T) {
	w := newWorld(t)
	c := w.as("tier1")
	var raws [][]byte
	for n := range 200 {
		b := id.Hash("garbage", []byte{byte(n)})
		raws = append(raws, bytes.Repeat(b[:n%33], n%7))
	}
	raws = append(raws, make([]byte, 2<<20), nil)
	good, hash := w.tx("tier1", &voucherv1.CheckDocument{Documents: [][]byte{hashOf("seen")}})
	raws = append(raws, good)
	res, err := c.Submit(context.Background(), connect.NewRequest(&gatev1.SubmitRequest{Transactions: raws}))
	if err != nil || len(res.Msg.Results) != len(raws) {
		t.Fatal(err)
	}
	for i, one := range res.Msg.Results[:len(raws)-1] {
		if one.Code == 0 || one.Code >= 32_000 || one.Log == "" {
			t.Errorf("garbage %d: code %d %q", i, one.Code, one.Log)
		}
	}
	if last := res.Msg.Results[len(raws)-1]; last.Code != 0 || !bytes.Equal(last.Hash, hash[:]) {
		t.Errorf("the good one among them: %v", last)
	}
}

// slow allows few calls, so that a test can use them up.
func slow(c *node.Config) { c.CallsPerSecond = 5 }

// One account's flood, and strangers', leave others their own rate.
func TestRates(t *testing.T) {
	w := newWorld(t, apptest.Tune(slow))
	flood, quiet := w.as("tier1"), w.as("tier2")
	second := w.as("tier1")
	ctx := context.Background()
	hello := func(c *client) error { _, err := c.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{})); return err }
	use := func(c *client, n int) (taken int) {
		for range n {
			if err := hello(c); err == nil {
				taken++
			} else if codeOf(err) != connect.CodeResourceExhausted {
				t.Fatal(err)
			}
		}
		return taken
	}
	if n := use(flood, 60); n < 5 || n > 30 {
		t.Errorf("one account took %d calls at once, its burst is 10", n)
	}
	if n := use(second, 10); n > 5 {
		t.Errorf("a second session of the account took %d more", n)
	}
	if n := use(quiet, 5); n != 5 {
		t.Errorf("another account got %d of 5", n)
	}
	if n := use(w.nobody(), 60); n > 30 {
		t.Errorf("strangers took %d calls at once", n)
	}
	if n := use(quiet, 3); n < 2 {
		t.Errorf("after the strangers' flood an account got %d of 3", n)
	}
}

// A batch of transactions costs as many calls as it has.
func TestSubmitCostsItsTransactions(t *testing.T) {
	w := newWorld(t, apptest.Tune(slow))
	c := w.as("tier1")
	submit := func(n int) error {
		raws := make([][]byte, n)
		for i := range raws {
			raws[i] = []byte{byte(i)}
		}
		_, err := c.Submit(context.Background(), connect.NewRequest(&gatev1.SubmitRequest{Transactions: raws}))
		return err
	}
	if err := submit(8); err != nil {
		t.Fatal(err)
	}
	if err := submit(8); codeOf(err) != connect.CodeResourceExhausted {
		t.Errorf("sixteen transactions at a rate of five a second: %v", err)
	}
}

// A batch that is larger than the burst takes all of it, and is not refused for ever.
func TestLargestBatchIsPossible(t *testing.T) {
	w := newWorld(t, apptest.Tune(slow))
	c := w.as("tier1")
	_, err := c.Submit(context.Background(), connect.NewRequest(&gatev1.SubmitRequest{Transactions: make([][]byte, 256)}))
	if err != nil {
		t.Errorf("at a rate of five a second: %v", err)
	}
}

// Hundreds of clients that wait leave the gate free for others, and a node that stops does not wait for them.
func TestManyWait(t *testing.T) {
	w := newWorld(t)
	c, other := w.as("tier1"), w.as("tier2")
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			_, _ = c.Outcome(context.Background(), connect.NewRequest(&gatev1.OutcomeRequest{Hash: make([]byte, 32), WaitMs: 30_000}))
		})
	}
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	if _, err := other.read(kernelv1.RangeKey()); err != nil || time.Since(began) > 2*time.Second {
		t.Errorf("another client: %v after %s", err, time.Since(began))
	}
	began = time.Now()
	if err := w.Running[0].Stop(); err != nil {
		t.Errorf("a node that stops under waiting clients: %v", err)
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("it took %s to stop", d)
	}
	all.Wait()
}

func TestReadyAndHello(t *testing.T) {
	w := newWorld(t)
	url, _ := w.Endpoint(0)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // of a test
	defer client.CloseIdleConnections()
	res, err := client.Get(url + "/ready")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
	h, err := w.nobody().Hello(context.Background(), connect.NewRequest(&gatev1.HelloRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	if m := h.Msg; m.ChainId != "splittally-dev" || m.Height < 2 || m.BlockTimeUnixS == 0 || !m.Development || !m.Ready || len(m.Challenge) != 32 || m.Member != w.Role("obligor").Title || m.Version != "test" {
		t.Errorf("%v", m)
	}
}

// Old TLS is refused.
func TestOldTLSIsRefused(t *testing.T) {
	w := newWorld(t)
	conn, err := tls.Dial("tcp", w.Running[0].GateAddress(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}) //nolint:gosec // of a test
	if err == nil {
		_ = conn.Close()
		t.Error("TLS 1.2 was taken")
	}
}
