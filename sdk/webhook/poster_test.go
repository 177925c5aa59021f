package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/splittally/splittally/sdk/webhook"
)

var secret = []byte("a secret of 16 b and more")

// server answers in turn as a test says; the last answer goes on.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	answers []func(http.ResponseWriter)
	posts   []webhook.Notice
	bad     []error
}

func newServer(t *testing.T, answers ...func(http.ResponseWriter)) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		n, bad := webhook.Verify(secret, r.Header, body, time.Now())
		s.mu.Lock()
		answer := s.answers[0]
		if len(s.answers) > 1 {
			s.answers = s.answers[1:]
		}
		s.posts, s.bad = append(s.posts, n), append(s.bad, errors.Join(err, bad))
		s.mu.Unlock()
		answer(w)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) poster(t *testing.T, options ...webhook.Option) *webhook.Poster {
	t.Helper()
	p, err := webhook.NewPoster(s.URL+"/hook", secret, append([]webhook.Option{
		webhook.WithTransport(s.Client().Transport), webhook.WithTries(4, time.Millisecond), webhook.WithTimeout(100 * time.Millisecond),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func hang(http.ResponseWriter) { time.Sleep(300 * time.Millisecond) }

// cut ends the connection after the server has taken the notice.
func cut(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func endless(w http.ResponseWriter) {
	for range 1_000 {
		if _, err := io.WriteString(w, strings.Repeat("x", 4_096)); err != nil {
			return
		}
	}
}

func TestPost(t *testing.T) {
	n := webhook.Notice{Key: "k-1-0", Kind: "offer_received", AmountMinor: 5, Currency: "CNY"}
	for name, tc := range map[string]struct {
		answers []func(http.ResponseWriter)
		posts   int
		want    error
	}{
		"takes it":                   {[]func(http.ResponseWriter){status(204)}, 1, nil},
		"fails, then takes it":       {[]func(http.ResponseWriter){status(500), status(503), status(200)}, 3, nil},
		"is busy":                    {[]func(http.ResponseWriter){status(429), status(200)}, 2, nil},
		"fails for ever":             {[]func(http.ResponseWriter){status(502)}, 4, webhook.ErrUndelivered},
		"hangs, then takes it":       {[]func(http.ResponseWriter){hang, status(200)}, 2, nil},
		"takes it and is cut off":    {[]func(http.ResponseWriter){cut, status(200)}, 2, nil},
		"will not have it":           {[]func(http.ResponseWriter){status(400)}, 1, webhook.ErrRejected},
		"does not know the way":      {[]func(http.ResponseWriter){status(404)}, 1, webhook.ErrRejected},
		"answers without an end":     {[]func(http.ResponseWriter){endless}, 1, nil},
		"sends it somewhere else":    {[]func(http.ResponseWriter){func(w http.ResponseWriter) { w.Header().Set("Location", "https://thief.example"); w.WriteHeader(307) }}, 1, webhook.ErrRejected},
		"says one thing and another": {[]func(http.ResponseWriter){status(409), status(200)}, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, tc.answers...)
			if err := s.poster(t).Post(t.Context(), n); !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.posts) != tc.posts {
				t.Errorf("%d posts, not %d", len(s.posts), tc.posts)
			}
			for i, got := range s.posts {
				if s.bad[i] != nil || got != n {
					t.Errorf("post %d: %v, %v", i, got, s.bad[i])
				}
			}
		})
	}
}

func TestPostEndsWithItsContext(t *testing.T) {
	s := newServer(t, status(500))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.poster(t, webhook.WithTries(1_000, time.Hour)).Post(ctx, webhook.Notice{Key: "k"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestNewPosterRefuses(t *testing.T) {
	for url, key := range map[string]string{
		"http://erp.example": string(secret), "https://": string(secret), "erp.example": string(secret), "https://u:p@erp.example": string(secret),
		"https://erp.example": "short", "://": string(secret),
	} {
		if p, err := webhook.NewPoster(url, []byte(key)); err == nil {
			t.Errorf("%s with %q: %v", url, key, p)
		}
	}
}

// What is not signed with the secret, is changed, or is old, is refused.
func TestVerifyRefuses(t *testing.T) {
	var header http.Header
	var body []byte
	s := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
	}))
	defer s.Close()
	p, err := webhook.NewPoster(s.URL, secret, webhook.WithTransport(s.Client().Transport))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Post(t.Context(), webhook.Notice{Key: "k-1", AmountMinor: 100}); err != nil {
		t.Fatal(err)
	}
	if _, err := webhook.Verify(secret, header, body, time.Now()); err != nil {
		t.Fatal(err)
	}
	set := func(name, value string) func() { return func() { header.Set(name, value) } }
	for name, change := range map[string]func(){
		"another key":  set(webhook.HeaderKey, "k-2"),
		"another time": set(webhook.HeaderTime, "1"),
		"no time":      set(webhook.HeaderTime, ""),
		"no signature": set(webhook.HeaderSignature, ""),
		"no version":   func() { header.Set(webhook.HeaderSignature, header.Get(webhook.HeaderSignature)[3:]) },
		"another body": func() { body = []byte(strings.Replace(string(body), "100", "900", 1)) },
		"garbage":      set(webhook.HeaderSignature, "v1=zz"),
	} {
		before, was := header.Clone(), body
		change()
		if n, err := webhook.Verify(secret, header, body, time.Now()); !errors.Is(err, webhook.ErrSignature) {
			t.Errorf("%s: %v, %v", name, n, err)
		}
		header, body = before, was
	}
	for _, now := range []time.Time{time.Now().Add(webhook.Tolerance + time.Minute), time.Now().Add(-webhook.Tolerance - time.Minute)} {
		if _, err := webhook.Verify(secret, header, body, now); !errors.Is(err, webhook.ErrSignature) {
			t.Errorf("at %s: %v", now, err)
		}
	}
	if _, err := webhook.Verify([]byte("another secret ......"), header, body, time.Now()); !errors.Is(err, webhook.ErrSignature) {
		t.Error(err)
	}
}
