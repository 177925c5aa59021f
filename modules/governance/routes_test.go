package governance

import (
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

// Every route: the wrong role, the wrong signer, another chain, an expired one, a replay.
func TestRoutesRefuseWhoMayNot(t *testing.T) {
	rows := map[string]struct {
		msg      func(c *kerneltest.Chain) proto.Message
		governed bool
	}{
		"governance.Propose":      {func(c *kerneltest.Chain) proto.Message { return proposal(c, setFee(c, 7)) }, false},
		"governance.Vote":         {func(c *kerneltest.Chain) proto.Message { return ballot(proposed(c, setFee(c, 7)), true) }, false},
		"governance.ShiftClock":   {func(*kerneltest.Chain) proto.Message { return &governancev1.ShiftClock{ForwardS: 1} }, false},
		"governance.SetParameter": {func(c *kerneltest.Chain) proto.Message { return setFee(c, 7) }, true},
		"governance.SetValidator": {func(*kerneltest.Chain) proto.Message { return validator(5, 1, ann) }, true},
	}
	_, g := machine()
	for _, route := range g.Module().Routes {
		row, ok := rows[route.Method]
		if !ok {
			t.Errorf("%s has no row here", route.Method)
			continue
		}
		t.Run(route.Method, func(t *testing.T) {
			c := setup(t)
			msg := row.msg(c)
			c.Refused(kernel.ErrNotPermitted, seatless, msg)
			c.Refused(kernel.ErrNotPermitted, regulator, msg)
			if row.governed {
				c.Refused(kernel.ErrNotPermitted, ben, msg)
				return
			}
			stranger := ben
			stranger.Signers = []key.Signer{kerneltest.Signer("stranger")}
			c.Refused(kernel.ErrMissingKey, stranger, msg)
			body := c.Body(ben, kerneltest.Call(ben, msg))
			wants(t, c.Raw(c.Sign(with(body, func(b *txv1.Body) { b.ChainId = "other-1" }), ben)).Err, kernel.ErrWrongChain)
			wants(t, c.Raw(c.Sign(with(body, func(b *txv1.Body) { b.ExpiresUnixS = c.Time }), ben)).Err, kernel.ErrExpired)
			wants(t, c.Raw(c.Sign(body, ben)).Err, nil)
			wants(t, c.Raw(c.Sign(body, ben)).Err, kernel.ErrIDReused)
		})
	}
}
