package gate

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"golang.org/x/time/rate"
)

// Bounds of sessions.
const (
	sessionLife   = time.Hour
	challengeLife = time.Minute
	maxSessions   = 100_000
)

// session is one account's right to ask until its time is over.
type session struct {
	account id.ID
	until   time.Time
}

// maxPerAccount bounds the sessions of one account; one more ends the oldest.
const maxPerAccount = 32

// sessions hands out tokens and knows whose they are.
type sessions struct {
	mu     sync.Mutex
	open   map[string]*session
	by     map[id.ID][]string // tokens of an account, oldest first
	rates  map[id.ID]*rate.Limiter
	secret [32]byte
	now    func() time.Time
	swept  time.Time
	limits Limits
}

func newSessions(l Limits, now func() time.Time) *sessions {
	s := &sessions{open: map[string]*session{}, by: map[id.ID][]string{}, rates: map[id.ID]*rate.Limiter{}, now: now, limits: l}
	if _, err := rand.Read(s.secret[:]); err != nil {
		panic("gate: no randomness: " + err.Error())
	}
	return s
}

// challenge is its time and a code over it, so that nothing has to be kept for who only says hello.
func (s *sessions) challenge() []byte {
	return s.code(binary.BigEndian.AppendUint64(nil, uint64(s.now().Unix())))
}

func (s *sessions) code(at []byte) []byte {
	h := hmac.New(sha256.New, s.secret[:])
	h.Write(at)
	return append(at, h.Sum(nil)[:24]...)
}

func (s *sessions) fresh(challenge []byte) bool {
	if len(challenge) != 32 || !hmac.Equal(s.code(challenge[:8:8]), challenge) {
		return false
	}
	age := s.now().Sub(time.Unix(int64(binary.BigEndian.Uint64(challenge)), 0))
	return age >= 0 && age <= challengeLife
}

// start opens a session and returns its token.
func (s *sessions) start(account id.ID) (string, time.Time, bool) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", time.Time{}, false
	}
	token, until := hex.EncodeToString(b[:]), s.now().Add(sessionLife)
	s.mu.Lock()
	defer s.mu.Unlock()
	if mine := s.by[account]; len(mine) >= maxPerAccount {
		s.end(mine[0])
	}
	s.sweep()
	if len(s.open) >= maxSessions {
		return "", time.Time{}, false
	}
	s.open[token] = &session{account: account, until: until}
	s.by[account] = append(s.by[account], token)
	return token, until, true
}

// sweep ends what is over, once a minute.
func (s *sessions) sweep() {
	if s.now().Sub(s.swept) < time.Minute {
		return
	}
	s.swept = s.now()
	for token, one := range s.open {
		if s.now().After(one.until) {
			s.end(token)
		}
	}
}

func (s *sessions) end(token string) {
	one := s.open[token]
	if one == nil {
		return
	}
	delete(s.open, token)
	rest := slices.DeleteFunc(s.by[one.account], func(t string) bool { return t == token })
	if s.by[one.account] = rest; len(rest) == 0 {
		delete(s.by, one.account)
		delete(s.rates, one.account)
	}
}

// rate is an account's own, over all of its sessions and certificates.
func (s *sessions) rate(account id.ID) *rate.Limiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.rates[account]
	if l == nil {
		l = rate.NewLimiter(s.limits.CallsPerSecond, s.limits.Burst)
		s.rates[account] = l
	}
	return l
}

func (s *sessions) find(token string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.open[token]
	if one == nil || s.now().After(one.until) {
		s.end(token)
		return nil
	}
	return one
}

type readerKey struct{}

// reader is who asks: by session, or by the certificate of mutual TLS. No session is a Reader of what is public.
func readerOf(ctx context.Context) app.Reader {
	r, _ := ctx.Value(readerKey{}).(app.Reader)
	return r
}

// open lists the procedures that need no session.
func needsSession(procedure string) bool {
	switch procedure[strings.LastIndexByte(procedure, '/')+1:] {
	case "Hello", "OpenSession", "LightBlock", "Read", "List": // without one only what is public is read
		return false
	}
	return true
}

// authenticate finds who asks, holds its rate, and refuses what needs a session and has none.
func (g *Gate) authenticate(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		account, ok := g.who(ctx, req.Header())
		if !ok && needsSession(req.Spec().Procedure) {
			return nil, refuse(connect.CodeUnauthenticated, "this needs a session: sign the challenge of Hello and call OpenSession")
		}
		limiter := g.anonymous
		if ok {
			limiter = g.sessions.rate(account)
		}
		if !limiter.AllowN(time.Now(), min(cost(req.Any()), limiter.Burst())) {
			return nil, refuse(connect.CodeResourceExhausted, "too many calls: wait a second")
		}
		if ok {
			r, err := g.app.ReaderOf(account)
			if err != nil {
				return nil, refuse(connect.CodeUnauthenticated, "the session's account is gone: "+err.Error())
			}
			ctx = context.WithValue(ctx, readerKey{}, r)
		}
		return next(ctx, req)
	}
}

// recordsACall is how many records with their proofs count as one call.
const recordsACall = 16

// cost is what a call counts: one, one for each further transaction that it hands in, and one for so many further records.
func cost(msg any) int {
	switch m := msg.(type) {
	case *gatev1.SubmitRequest:
		return max(1, min(len(m.Transactions), maxSubmit))
	case *gatev1.ReadRequest:
		return 1 + min(len(m.Keys), maxKeys)/recordsACall
	}
	return 1
}

func (g *Gate) who(ctx context.Context, h http.Header) (id.ID, bool) {
	if s := g.sessions.find(bearer(h)); s != nil {
		return s.account, true
	}
	account, ok := ctx.Value(certificateKey{}).(id.ID)
	return account, ok
}

func bearer(h http.Header) string {
	token, _ := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	return token
}
