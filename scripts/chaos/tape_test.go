package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"testing"
)

func post(t *testing.T, url string, body string) (int, []byte) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer c.CloseIdleConnections()
	r, err := c.Post(url, "application/proto", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, b
}

// A tape repeats what is on it, bends the call that it is told to bend, in its lane alone, and invents nothing.
func TestTape(t *testing.T) {
	tp, err := newTape(nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer tp.close()
	tp.answers["Read question"] = []byte("answer")
	url := func(lane int) string { return tp.laneURL(lane) + gateBase + "Read" }
	tp.lanes[0].ask(1, func(procedure string, honest []byte) []byte { return append([]byte(procedure+" bent "), honest...) })
	for i, want := range []string{"answer", "Read bent answer", "answer"} {
		if code, got := post(t, url(0), "question"); code != http.StatusOK || string(got) != want {
			t.Errorf("call %d: %d %q", i, code, got)
		}
	}
	if tp.lanes[0].calls() != 3 || tp.lanes[1].calls() != 0 {
		t.Error("calls are not counted by lane")
	}
	if code, got := post(t, url(1), "question"); code != http.StatusOK || string(got) != "answer" {
		t.Errorf("the other lane: %d %q", code, got)
	}
	if code, _ := post(t, url(1), "another question"); code != http.StatusInternalServerError {
		t.Errorf("what is not on the tape: %d", code)
	}
	if code, _ := post(t, tp.url+"/7"+gateBase+"Read", "question"); code != http.StatusNotFound {
		t.Errorf("a lane that is not there: %d", code)
	}
	if code, got := post(t, tp.laneURL(1)+gateBase+"Hello", ""); code != http.StatusOK || len(got) == 0 {
		t.Errorf("hello: %d", code)
	}
}
