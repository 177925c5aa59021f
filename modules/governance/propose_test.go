package governance

import (
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestProposeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(c *kerneltest.Chain, p *governancev1.Propose)
		want  *errs.Code
		field string
	}{
		"expired already": {func(c *kerneltest.Chain, p *governancev1.Propose) { p.ExpiresUnixS = c.Time }, governancev1.ErrExpiry, "expires_unix_s"},
		"31 days ahead":   {func(c *kerneltest.Chain, p *governancev1.Propose) { p.ExpiresUnixS += 30 * 86_400 }, governancev1.ErrExpiry, "expires_unix_s"},
		"no such method":  {func(_ *kerneltest.Chain, p *governancev1.Propose) { p.Calls[0].Method = "till.Burn" }, kernel.ErrUnknownMethod, "calls[0]"},
		"no message":      {func(_ *kerneltest.Chain, p *governancev1.Propose) { p.Calls[1].Message = []byte{255} }, kernel.ErrMalformed, "calls[1]"},
		"not governance's": {
			func(c *kerneltest.Chain, p *governancev1.Propose) {
				p.Calls = append(p.Calls, proposal(c, &membersv1.SetNodes{}).Calls...)
			}, kernel.ErrNotPermitted, "calls[2]",
		},
		"a field of a call": {
			func(c *kerneltest.Chain, p *governancev1.Propose) {
				p.Calls = proposal(c, &membersv1.SetStanding{Roles: 1}).Calls
			}, membersv1.ErrField, "calls[0].member",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := setup(t)
			p := proposal(c, setFee(c, 7), setFee(c, 8))
			tc.spoil(c, p)
			err := c.Do(ann, p).Err
			wants(t, err, tc.want)
			var e *errs.Error
			if errors.As(err, &e) && e.Field != tc.field {
				t.Errorf("it names %q", e.Field)
			}
		})
	}
}

func TestProposalsAreListedForEverybody(t *testing.T) {
	c := setup(t)
	rec := read(c, proposed(c, setFee(c, 7)))
	col := c.M.CollectionOf(governancev1.ProposalKey([32]byte{}))
	if got := col.Lists[0].Subjects(rec); len(got) != 1 || got[0] != governancev1.ProposalsSubject || !col.Readers(rec).Public {
		t.Errorf("its subjects are %v", got)
	}
}
