package governance

import (
	"errors"
	"fmt"
	"strings"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
)

// propose puts calls to the vote; the proposer's own vote is yes, which is enough where it has the only seat. A call
// that no module understands, or that is not governance's, is refused here, not after the vote.
func (g *Governance) propose(c *kernel.Ctx, msg *governancev1.Propose) error {
	if left := msg.ExpiresUnixS - c.Now(); left <= 0 || left > governancev1.MaxOpenS {
		return governancev1.ErrExpiry.At("expires_unix_s", "it is %d s ahead, 1 to %d are allowed", left, governancev1.MaxOpenS)
	}
	for i, call := range msg.Calls {
		if err := c.Check(call.Method, call.Message); err != nil {
			return inCall(i, err)
		}
	}
	s, err := c.Active(c.Caller())
	if err != nil {
		return err
	}
	proposal := c.NewID()
	p := &governancev1.Proposal{
		Id: proposal.Bytes(), Proposer: s.Member.Bytes(), Title: msg.Title, Calls: msg.Calls,
		ExpiresUnixS: msg.ExpiresUnixS, State: governancev1.ProposalState_PROPOSAL_STATE_OPEN,
	}
	proposals.Insert(c, proposal, p)
	c.Emit(&governancev1.Proposed{Proposal: p.Id, Member: p.Proposer, Title: p.Title})
	g.cast(c, proposal, p, s.Member, true)
	return nil
}

// inCall names the call of a proposal that is refused.
func inCall(i int, err error) error {
	out := &errs.Error{Code: errs.CodeOf(err), Field: fmt.Sprintf("calls[%d]", i)}
	var e *errs.Error
	if errors.As(err, &e) {
		out.Field, out.Detail = strings.TrimSuffix(out.Field+"."+e.Field, "."), e.Detail
	}
	return out
}
