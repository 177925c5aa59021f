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
	"github.com/splittally/splittally/modules/kernel/key"
	"golang.org/x/time/rate"
)

// Bounds of sessions.
const (
	sessionLife   = time.Hour
	challengeLife = time.Minute
	maxSessions   = 100_000
	// keyGrace is how long a key that no longer signs for the account still reads in a session that it uses: whoever rotates
	// his own key has to prove what became of that.
	keyGrace = 10 * time.Second
)

// session is a right to ask until its time is over, or the key that opened it is no longer the account's.
type session struct {
	holder
	key   key.Public
	until time.Time
	held  time.Time // when the key was last found to sign for the account
}

// holder is an account by one of its keys: what one of them does ends and slows nothing of the others'.
type holder struct {
	account id.ID
	keyID   id.ID
}

// maxPerHolder bounds the sessions that one key has opened; one more ends the oldest.
const maxPerHolder = 32

// sessions hands out tokens and knows whose they are.
type sessions struct {
	mu     sync.Mutex
	open   map[string]*session
	by     map[holder][]string // tokens, oldest first
	rates  map[holder]*rate.Limiter
	secret [32]byte
	now    func() time.Time
	swept  time.Time
	limits Limits
}

func newSessions(l Limits, now func() time.Time) *sessions {
	s := &sessions{open: map[string]*session{}, by: map[holder][]string{}, rates: map[holder]*rate.Limiter{}, now: now, limits: l}
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
func (s *sessions) start(account id.ID, by key.Public) (string, time.Time, bool) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", time.Time{}, false
	}
	token, until := hex.EncodeToString(b[:]), s.now().Add(sessionLife)
	who := holder{account, by.ID()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if mine := s.by[who]; len(mine) >= maxPerHolder {
		s.end(mine[0])
	}
	s.sweep()
	if len(s.open) >= maxSessions {
		return "", time.Time{}, false
	}
	s.open[token] = &session{holder: who, key: by, until: until}
	s.by[who] = append(s.by[who], token)
	return token, until, true
}

// sweep ends what is over, and forgets rates that nobody has drawn on, once a minute.
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
	for who, l := range s.rates {
		if len(s.by[who]) == 0 && l.TokensAt(s.swept) >= float64(s.limits.Burst) {
			delete(s.rates, who)
		}
	}
}

func (s *sessions) end(token string) {
	one := s.open[token]
	if one == nil {
		return
	}
	delete(s.open, token)
	rest := slices.DeleteFunc(s.by[one.holder], func(t string) bool { return t == token })
	if s.by[one.holder] = rest; len(rest) == 0 {
		delete(s.by, one.holder)
	}
}

// rate is a holder's own, over all of its sessions and connections.
func (s *sessions) rate(who holder) *rate.Limiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.rates[who]
	if l == nil {
		l = rate.NewLimiter(s.limits.CallsPerSecond, s.limits.Burst)
		s.rates[who] = l
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
		who, ok := g.who(ctx, req.Header())
		if !ok && needsSession(req.Spec().Procedure) {
			return nil, refuse(connect.CodeUnauthenticated, "this needs a session: sign the challenge of Hello and call OpenSession")
		}
		limiter := g.anonymous
		if ok {
			limiter = g.sessions.rate(who)
		}
		if !limiter.AllowN(time.Now(), min(cost(req.Any()), limiter.Burst())) {
			return nil, refuse(connect.CodeResourceExhausted, "too many calls: wait a second")
		}
		if ok {
			r, err := g.app.ReaderOf(who.account)
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

// who asks each time whether the session's key still is the account's: one that was rotated out, recovered or taken from a
// viewer reads no more but for keyGrace.
func (g *Gate) who(ctx context.Context, h http.Header) (holder, bool) {
	if s := g.sessions.find(bearer(h)); s != nil && g.still(s) {
		return s.holder, true
	}
	who, ok := ctx.Value(certificateKey{}).(holder)
	return who, ok
}

// mayRead tells whether a key signs or views for an account.
func (g *Gate) mayRead(account id.ID, pub key.Public) bool {
	signs, views := g.app.HoldsKey(account, pub)
	return signs || views
}

func (g *Gate) still(s *session) bool {
	signs, views := g.app.HoldsKey(s.account, s.key)
	return g.sessions.still(s, signs) || views
}

// still tells whether a session goes on whose key signs for the account, or does not.
func (s *sessions) still(one *session, signs bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if signs {
		one.held = now
	}
	return now.Sub(one.held) < keyGrace
}

func bearer(h http.Header) string {
	token, _ := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	return token
}
