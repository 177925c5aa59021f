package wallet_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/wallet"
)

// gift has the bank record a deposit of tier3: what a transaction that ran twice would show at once.
func (g *stage) gift(amountMinor int64) *depositv1.Mint {
	return &depositv1.Mint{To: g.Role("tier3").Account.Bytes(), AmountMinor: amountMinor, Currency: "CNY"}
}

// given is what tier3 has at the bank, proven.
func (g *stage) given(t *testing.T) (minor int64) {
	t.Helper()
	g.level(t)
	list, err := g.as(t, "tier3").Client.Deposits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list.Records {
		minor += b.AmountMinor
	}
	return minor
}

func unsettled(t *testing.T, w *wallet.Wallet) []wallet.Kept {
	t.Helper()
	kept, err := w.Unsettled()
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// When a transaction leaves the machine, its ticket is on the disk, with the words that were signed.
func ticketBeforeSending(t *testing.T, g *stage) {
	c, w := g.carried(t, "bank")
	s := connected(t, w.Home)
	words, err := s.Preview(t.Context(), g.gift(100))
	if err != nil {
		t.Fatal(err)
	}
	var seen []wallet.Kept
	look := func() { seen, err = w.Unsettled() }
	c.atSubmit.Store(&look)
	before := g.given(t)
	o, done := s.Do(t.Context(), words, g.gift(100))
	if done != nil || err != nil {
		t.Fatal(done, err)
	}
	if len(seen) != 1 || seen[0].Ticket != o.Ticket || strings.Join(seen[0].What, "|") != strings.Join(words, "|") || seen[0].Refused {
		t.Errorf("kept while it was sent: %+v, of %+v", seen, o.Ticket)
	}
	if time.Since(seen[0].Sent).Abs() > time.Minute {
		t.Errorf("sent at %s", seen[0].Sent)
	}
	if left := files(t, filepath.Join(w.Home, "tickets")); len(left) != 0 {
		t.Errorf("after it was proven %v are left", left)
	}
	if got := g.given(t) - before; got != 100 {
		t.Errorf("%d were given, not 100", got)
	}
}

// The answer is lost on its way, and the process with it: another process finds out, and nothing runs twice.
func lostAnswers(t *testing.T, g *stage) {
	c, w := g.carried(t, "bank")
	s := connected(t, w.Home)
	words, err := s.Preview(t.Context(), g.gift(7))
	if err != nil {
		t.Fatal(err)
	}
	before := g.given(t)
	c.cut.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	o, err := s.Do(ctx, words, g.gift(7))
	cancel()
	if err == nil {
		t.Fatalf("the line is cut, and it is done: %+v", o)
	}
	kept := unsettled(t, w)
	if len(kept) != 1 || kept[0].Ticket.TxID != o.Ticket.TxID {
		t.Fatalf("kept %+v, of %+v", kept, o.Ticket)
	}
	c.cut.Store(false)
	c.dead.Store(false)
	other := connected(t, w.Home)
	settled, err := other.Settle(t.Context())
	if err != nil || len(settled) != 1 || settled[0].Err != nil || settled[0].Outcome.Height == 0 || settled[0].Ticket != kept[0].Ticket || settled[0].What[0] != words[0] {
		t.Fatalf("settled %+v, %v", settled, err)
	}
	if again, err := other.Settle(t.Context()); err != nil || len(again) != 0 || len(unsettled(t, w)) != 0 {
		t.Errorf("settled twice: %+v, %v", again, err)
	}
	if got := g.given(t) - before; got != 7 {
		t.Errorf("%d were given, not 7", got)
	}
}

// A process that dies when the ticket is kept and nothing was sent: the ticket is there, the same is not sent a second
// time while it may still run, and another thing is.
func crashBeforeSending(t *testing.T, g *stage) {
	c, w := g.carried(t, "bank")
	c.losesSent.Store(true)
	s := connected(t, w.Home)
	words, err := s.Preview(t.Context(), g.gift(3))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	_, err = s.Do(ctx, words, g.gift(3))
	cancel()
	if err == nil || len(unsettled(t, w)) != 1 {
		t.Fatalf("%v, kept %v", err, unsettled(t, w))
	}
	c.losesSent.Store(false)
	other, sent := connected(t, w.Home), c.submits.Load()
	before := g.given(t)
	if _, err := other.Do(t.Context(), words, g.gift(3)); !errors.Is(err, wallet.ErrOnItsWay) || !strings.Contains(err.Error(), "it can run until 20") {
		t.Errorf("the same again: %v", err)
	}
	if c.submits.Load() != sent {
		t.Error("it was sent a second time")
	}
	must(t, other, g.gift(4))
	if got := g.given(t) - before; got != 4 || len(unsettled(t, w)) != 1 {
		t.Errorf("%d were given, not 4; kept %v", got, unsettled(t, w))
	}
	settled, err := other.Settle(t.Context())
	if err != nil || len(settled) != 1 || !errors.Is(settled[0].Err, sdk.ErrUnsettled) {
		t.Errorf("before it has expired: %+v, %v", settled, err)
	}
	if len(unsettled(t, w)) != 1 {
		t.Error("a ticket that is not settled was dropped")
	}
}

// Another message that reads the same is another message: it is not taken for the one whose answer was lost.
func sameWords(t *testing.T, g *stage) {
	c, w := g.carried(t, "tier3")
	s := connected(t, w.Home)
	first, second := &membersv1.SetNodes{Nodes: [][]byte{peer(1)}}, &membersv1.SetNodes{Nodes: [][]byte{peer(2)}}
	words, err := s.Preview(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	c.cut.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	_, err = s.Do(ctx, words, first)
	cancel()
	if err == nil || len(unsettled(t, w)) != 1 {
		t.Fatalf("%v, kept %v", err, unsettled(t, w))
	}
	c.cut.Store(false)
	c.dead.Store(false)
	other := connected(t, w.Home)
	if words, err = other.Preview(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	o, err := other.Do(t.Context(), words, second)
	if err != nil {
		return // it says that it did not do it
	}
	g.level(t)
	m := &membersv1.Member{}
	if _, _, err := other.Client.Get(t.Context(), membersv1.MemberKey(other.Member()), m); err != nil {
		t.Fatal(err)
	}
	if len(m.Nodes) != 1 || string(m.Nodes[0]) != string(peer(2)) {
		t.Errorf("done at height %d, it says, and the nodes are %x", o.Height, m.Nodes)
	}
}

// A transaction that expired without having run is told so once, and may be sent anew.
func expiredTickets(t *testing.T, g *stage) {
	w := g.home(t, "bank")
	s := connected(t, w.Home)
	words, err := s.Preview(t.Context(), g.gift(9))
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Client.Draft(t.Context(), time.Second, sdk.Call{Message: g.gift(9)})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(wallet.Kept{Ticket: d.Ticket(), What: words, Sent: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(w.Home, "tickets", d.Ticket().Body.String()+".json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(15 * time.Second)
	for {
		settled, err := s.Settle(t.Context())
		if err != nil || len(settled) != 1 {
			t.Fatalf("%+v, %v", settled, err)
		}
		if errors.Is(settled[0].Err, sdk.ErrNeverRan) {
			break
		}
		if !errors.Is(settled[0].Err, sdk.ErrUnsettled) || time.Now().After(deadline) {
			t.Fatal(settled[0].Err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if len(unsettled(t, w)) != 0 {
		t.Error("what will never run is still kept")
	}
	before := g.given(t)
	if _, err := s.Do(t.Context(), words, g.gift(9)); err != nil || g.given(t)-before != 9 {
		t.Errorf("anew: %v", err)
	}
}

// Where a ticket cannot be read or kept, nothing is sent: a transaction without a ticket could run and not be known.
func damagedTickets(t *testing.T, g *stage) {
	for name, spoil := range map[string]func(dir string) error{
		"garbage": func(dir string) error { return os.WriteFile(filepath.Join(dir, "a.json"), []byte("{"), 0o600) },
		"of another kind": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"ticket":7}`), 0o600)
		},
		"larger than any":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "a.json"), make([]byte, 9<<20), 0o600) },
		"a folder instead": func(dir string) error { return os.Mkdir(filepath.Join(dir, "a.json"), 0o700) },
		"a file as folder": func(dir string) error {
			return errors.Join(os.Remove(dir), os.WriteFile(dir, nil, 0o600))
		},
	} {
		c, w := g.carried(t, "bank")
		s := connected(t, w.Home)
		words, err := s.Preview(t.Context(), g.gift(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(filepath.Join(w.Home, "tickets")); err != nil {
			t.Fatal(err)
		}
		_, err = s.Do(t.Context(), words, g.gift(1))
		if err == nil || !strings.Contains(err.Error(), "tickets") {
			t.Errorf("%s: %v, want the file's name", name, err)
		}
		if c.submits.Load() != 0 {
			t.Errorf("%s: it was sent", name)
		}
	}
	w := g.home(t, "bank")
	if err := os.WriteFile(filepath.Join(w.Home, "tickets", ".half.json.123"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if kept, err := w.Unsettled(); err != nil || len(kept) != 0 {
		t.Errorf("half of a file that a crash left: %v, %v", kept, err)
	}
	if err := os.Remove(filepath.Join(w.Home, "tickets", ".half.json.123")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(w.Home, "tickets")); err != nil {
		t.Fatal(err)
	}
	must(t, connected(t, w.Home), g.gift(1)) // the folder is made anew
}
