package gate

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
)

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestChallengeAges(t *testing.T) {
	c := &clock{time.Unix(1_767_571_200, 0)}
	s := newSessions(DefaultLimits, c.now)
	challenge := s.challenge()
	if len(challenge) != 32 || !s.fresh(challenge) {
		t.Fatal("a new challenge is not taken")
	}
	c.at = c.at.Add(challengeLife)
	if !s.fresh(challenge) {
		t.Error("refused within its minute")
	}
	c.at = c.at.Add(time.Second)
	if s.fresh(challenge) {
		t.Error("taken after its minute")
	}
	c.at = c.at.Add(-2 * challengeLife)
	if s.fresh(challenge) {
		t.Error("a challenge from the future is taken")
	}
	for i := range challenge {
		turned := append([]byte(nil), s.challenge()...)
		turned[i] ^= 1
		if s.fresh(turned) {
			t.Errorf("byte %d does not count", i)
		}
	}
	if newSessions(DefaultLimits, c.now).fresh(s.challenge()) {
		t.Error("another node's challenge is taken")
	}
}

func TestSessionExpires(t *testing.T) {
	c := &clock{time.Unix(1_767_571_200, 0)}
	s := newSessions(DefaultLimits, c.now)
	token, until, ok := s.start(id.ID{1}, key.Public{})
	if !ok || until != c.at.Add(sessionLife) {
		t.Fatal(until, ok)
	}
	if b, err := hex.DecodeString(token); err != nil || len(b) != 32 {
		t.Errorf("token %q", token)
	}
	c.at = until
	if one := s.find(token); one == nil || one.account != (id.ID{1}) {
		t.Error("it ended before its time")
	}
	c.at = until.Add(time.Nanosecond)
	if s.find(token) != nil {
		t.Error("it did not end")
	}
	c.at = until
	if s.find(token) != nil {
		t.Error("an ended session came back")
	}
}

// The sessions of one key are bounded: it locks out nobody, and they share one rate.
func TestSessionsOfOneKey(t *testing.T) {
	c := &clock{time.Unix(1_767_571_200, 0)}
	s := newSessions(Limits{CallsPerSecond: 1, Burst: 10}, c.now)
	first, _, _ := s.start(id.ID{1}, key.Public{})
	other, _, _ := s.start(id.ID{2}, key.Public{})
	newest := ""
	for range 1_000 {
		token, _, ok := s.start(id.ID{1}, key.Public{})
		if !ok {
			t.Fatal("refused: an old one of its own should have gone")
		}
		newest = token
	}
	if len(s.open) > 200 {
		t.Errorf("one key has %d sessions", len(s.open)-1)
	}
	if s.find(first) != nil || s.find(newest) == nil || s.find(other) == nil {
		t.Error("the oldest of its own goes, no other")
	}
	taken, mine := 0, holder{id.ID{1}, key.Public{}.ID()}
	for range 20 {
		if s.rate(mine).AllowN(c.at, 1) {
			taken++
		}
	}
	if taken != 10 {
		t.Errorf("a key took %d calls of a burst of 10", taken)
	}
	for _, who := range []holder{{id.ID{2}, mine.keyID}, {id.ID{1}, id.ID{7}}} {
		if !s.rate(who).AllowN(c.at, 1) {
			t.Errorf("%v has none left", who)
		}
	}
}

// What has expired makes room, in the books too.
func TestSessionsAreSwept(t *testing.T) {
	c := &clock{time.Unix(1_767_571_200, 0)}
	s := newSessions(DefaultLimits, c.now)
	for n := range 300 {
		if _, _, ok := s.start(id.ID{byte(n), byte(n >> 8), 1}, key.Public{}); !ok {
			t.Fatal("refused")
		}
		s.rate(holder{id.ID{byte(n), byte(n >> 8), 1}, id.ID{}})
	}
	c.at = c.at.Add(sessionLife + time.Minute)
	if _, _, ok := s.start(id.ID{1}, key.Public{}); !ok {
		t.Fatal("refused")
	}
	if len(s.open) != 1 || len(s.by) != 1 || len(s.rates) > 1 {
		t.Errorf("%d sessions, %d accounts, %d rates are left of 300 that expired", len(s.open)-1, len(s.by)-1, len(s.rates))
	}
}

// A key that was taken away reads on for the grace from when it was last the account's, however often it asks.
func TestKeyGrace(t *testing.T) {
	c := &clock{time.Unix(1_767_571_200, 0)}
	s := newSessions(DefaultLimits, c.now)
	token, _, _ := s.start(id.ID{1}, key.Public{Kind: key.P256, Bytes: []byte{2}})
	one := s.find(token)
	if s.still(one, false) {
		t.Error("a viewing key that was taken away still reads")
	}
	if !s.still(one, true) {
		t.Error("a key that is the account's does not read")
	}
	for range 9 {
		if c.at = c.at.Add(time.Second); !s.still(one, false) {
			t.Error("no time to prove a rotation")
		}
	}
	if c.at = c.at.Add(time.Second); s.still(one, false) {
		t.Error("asking prolongs the grace")
	}
}
