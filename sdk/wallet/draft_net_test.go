package wallet_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/wallet"
)

// A transaction that others signed is sent once, however often it is sent: its answer lost, it never having arrived, or long
// done.
func TestSendDraftAgain(t *testing.T) {
	g := &stage{Network: apptest.Start(t), dir: t.TempDir(), open: map[string]*wallet.Session{}}
	defer g.close(t)
	for _, tc := range []struct {
		name string
		lose func(*courier, bool)
		sent int64 // how often it left the wallet
	}{
		{"the answer is lost", func(c *courier, on bool) {
			c.cut.Store(on)
			c.dead.Store(false)
		}, 1},
		{"it never arrives", func(c *courier, on bool) { c.losesSent.Store(on) }, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, w := g.carried(t, "bank")
			s := connected(t, w.Home)
			d, err := s.Build(t.Context(), time.Minute, sdk.Call{Message: g.gift(5)})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Sign(g.Role("bank").Signer); err != nil {
				t.Fatal(err)
			}
			before := g.given(t)
			tc.lose(c, true)
			ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
			_, err = s.SendDraft(ctx, []string{"a gift"}, d)
			cancel()
			if !errors.Is(err, sdk.ErrUnsettled) {
				t.Fatalf("%v", err)
			}
			if kept := unsettled(t, w); len(kept) != 1 || kept[0].Ticket.Body != d.Ticket().Body || kept[0].What[0] != "a gift" {
				t.Fatalf("%+v", kept)
			}
			tc.lose(c, false)
			again := connected(t, w.Home)
			for range 3 {
				if o, err := again.SendDraft(t.Context(), nil, d); err != nil || o.Height == 0 {
					t.Fatalf("%+v, %v", o, err)
				}
			}
			if got := g.given(t) - before; got != 5 || len(unsettled(t, w)) != 0 {
				t.Errorf("%d were given, and kept are %v", got, unsettled(t, w))
			}
			if n := c.submits.Load(); n < tc.sent || tc.sent == 2 && n != 2 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
}
