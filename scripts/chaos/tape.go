package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	stdlog "log"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"google.golang.org/protobuf/proto"
)

// tape is a gate that repeats what an honest node's gate once answered, to each client in a lane of its own, and bends one
// answer of each question where it is told to.
type tape struct {
	mu      sync.Mutex
	answers map[string][]byte   // by procedure and request
	stock   map[string][][]byte // answers by procedure
	honest  *caller             // while recording; nil afterwards
	lanes   []*lane
	server  *http.Server
	url     string
	pin     string
}

// lane is what one client gets.
type lane struct {
	mu   sync.Mutex
	call int                                          // of the question that is asked now, counted from 0
	nth  int                                          // which call's answer is bent; -1 for none
	bend func(procedure string, honest []byte) []byte // of that call
}

// Bounds of a tape.
const (
	tapeBody = 1 << 20
	gateBase = "/splittally.gate.v1.Gate/"
)

func newTape(honest *caller, lanes int) (*tape, error) {
	t := &tape{answers: map[string][]byte{}, stock: map[string][][]byte{}, honest: honest}
	for range lanes {
		t.lanes = append(t.lanes, &lane{nth: -1})
	}
	for procedure, m := range map[string]proto.Message{
		"OpenSession": &gatev1.OpenSessionResponse{Token: "a token", ExpiresUnixS: time.Now().Add(24 * time.Hour).Unix()},
		"Hello":       &gatev1.HelloResponse{ChainId: chainID, Ready: true, Challenge: id.Hash("challenge").Bytes()},
	} {
		t.stock[procedure] = [][]byte{encoded(m)}
	}
	cert, err := selfSigned()
	if err != nil {
		return nil, err
	}
	pin := sha256.Sum256(cert.Leaf.RawSubjectPublicKeyInfo)
	t.pin = hex.EncodeToString(pin[:])
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t.url = "https://" + l.Addr().String()
	t.server = &http.Server{Handler: t, ReadHeaderTimeout: time.Minute, ErrorLog: stdlog.New(io.Discard, "", 0), TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}}
	go func() { _ = t.server.ServeTLS(l, "", "") }() // it ends when it is closed
	return t, nil
}

func (t *tape) close() { _ = t.server.Close() } // nobody waits for an answer any more

// laneURL is where the client of a lane asks.
func (t *tape) laneURL(i int) string { return t.url + "/" + strconv.Itoa(i) }

func selfSigned() (tls.Certificate, error) {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, secret.Public(), secret)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: secret, Leaf: leaf}, err
}

// ServeHTTP answers one call of the gate's protocol: bytes of a message there and back.
func (t *tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	i, err := strconv.Atoi(number)
	procedure := strings.TrimPrefix("/"+rest, gateBase)
	if err != nil || i < 0 || i >= len(t.lanes) {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, tapeBody))
	if err != nil {
		return
	}
	answer, err := t.answer(r.Context(), procedure, body)
	if err != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError) // not "not found": the SDK would wait for it
		_, _ = io.WriteString(w, `{"code":"internal","message":"not on the tape"}`)
		return
	}
	w.Header().Set("Content-Type", "application/proto")
	_, _ = w.Write(t.lanes[i].pass(procedure, answer))
}

// pass bends the answer whose turn it is.
func (l *lane) pass(procedure string, honest []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.call
	l.call++
	if n != l.nth {
		return honest
	}
	return l.bend(procedure, honest)
}

// ask begins a question: the answer of its nth call is bent.
func (l *lane) ask(nth int, bend func(string, []byte) []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.call, l.nth, l.bend = 0, nth, bend
}

// calls is how many calls the question has taken.
func (l *lane) calls() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.call
}

var errNotOnTape = errors.New("not on the tape")

// answer is what the honest node answers, or once answered. Sessions are opened for everybody.
func (t *tape) answer(ctx context.Context, procedure string, body []byte) ([]byte, error) {
	switch procedure {
	case "OpenSession", "Hello":
		return t.stock[procedure][0], nil
	}
	key := procedure + " " + string(body)
	t.mu.Lock()
	have, ok := t.answers[key]
	honest := t.honest
	t.mu.Unlock()
	if ok || honest == nil {
		if !ok {
			return nil, errNotOnTape
		}
		return have, nil
	}
	fresh, err := honest.pass(ctx, procedure, body)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if have, ok := t.answers[key]; ok {
		return have, nil
	}
	t.answers[key] = fresh
	t.stock[procedure] = append(t.stock[procedure], fresh)
	return fresh, nil
}

// stop ends the recording: from now on the tape alone answers.
func (t *tape) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.honest = nil
}

// pass hands a call's bytes to a true gate.
func (c *caller) pass(ctx context.Context, procedure string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+gateBase+procedure, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/proto")
	req.Header.Set("Authorization", "Bearer "+c.token)
	r, err := (&http.Client{Transport: c.transport, Timeout: time.Minute}).Do(req)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(io.LimitReader(r.Body, 32<<20))
	if err == nil && r.StatusCode != http.StatusOK {
		err = connect.NewError(connect.CodeNotFound, errors.New(string(b)))
	}
	return b, err
}
