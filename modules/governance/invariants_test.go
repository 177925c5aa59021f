package governance

import (
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestInvariantsCatchPlantedFaults(t *testing.T) {
	plantProposal := func(change func(p *governancev1.Proposal)) func(*kerneltest.Chain, id.ID) {
		return func(c *kerneltest.Chain, p id.ID) {
			rec := read(c, p)
			change(rec)
			c.Plant(governancev1.ProposalKey(p), rec)
		}
	}
	plantSet := func(change func(s *governancev1.ValidatorSet)) func(*kerneltest.Chain, id.ID) {
		return func(c *kerneltest.Chain, _ id.ID) {
			set := (&Governance{}).Validators(c.View())
			change(set)
			c.Plant(governancev1.ValidatorsKey(), set)
		}
	}
	for name, tc := range map[string]struct {
		want  string
		plant func(*kerneltest.Chain, id.ID)
	}{
		"two ballots":           {"governance/proposals", plantProposal(func(p *governancev1.Proposal) { p.Ballots = append(p.Ballots, p.Ballots[0]) })},
		"no ballot":             {"governance/proposals", plantProposal(func(p *governancev1.Proposal) { p.Ballots = nil })},
		"another proposer":      {"governance/proposals", plantProposal(func(p *governancev1.Proposal) { p.Proposer = ben.Member.Bytes() })},
		"no state":              {"governance/proposals", plantProposal(func(p *governancev1.Proposal) { p.State = 0 })},
		"failed without a code": {"governance/proposals", plantProposal(func(p *governancev1.Proposal) { p.State = failed })},
		"a code and not failed": {"governance/proposals", plantProposal(func(p *governancev1.Proposal) { p.FailedCode = 7 })},
		"no power":              {"governance/validators", plantSet(func(s *governancev1.ValidatorSet) { s.Validators[0].Power = 0 })},
		"too much power":        {"governance/validators", plantSet(func(s *governancev1.ValidatorSet) { s.Validators[0].Power = 1001 })},
		"one key twice":         {"governance/validators", plantSet(func(s *governancev1.ValidatorSet) { s.Validators[1].PublicKey = node(1) })},
		"a validator of nobody": {"governance/validators", plantSet(func(s *governancev1.ValidatorSet) { s.Validators[1].Member = nil })},
		"of one who has left": {"governance/validators", func(c *kerneltest.Chain, _ id.ID) {
			m, _ := members.New().Member(c.View(), ann.Member)
			m.State = membersv1.MemberState_MEMBER_STATE_LEFT
			c.Plant(membersv1.MemberKey(ann.Member), m)
		}},
		"a third of the power": {"governance/validators", plantSet(func(s *governancev1.ValidatorSet) { s.ChangedHeight, s.ChangedPower, s.PowerBefore = 1, 4, 12 })},
		"too many validators":  {"governance/validators", plantSet(func(s *governancev1.ValidatorSet) { s.Validators = make([]*governancev1.Validator, 101) })},
		"changes that stay untold": {"governance/changes", func(c *kerneltest.Chain, _ id.ID) {
			c.Plant(governancev1.ChangesKey(), &governancev1.ValidatorChanges{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := setup(t)
			p := proposed(c, setFee(c, 7))
			if bad := c.M.CheckInvariants(c.View()); len(bad) > 0 {
				t.Fatalf("before: %v", bad)
			}
			tc.plant(c, p)
			if bad := strings.Join(c.M.CheckInvariants(c.View()), "\n"); !strings.Contains(bad, tc.want) {
				t.Errorf("want %s, got %q", tc.want, bad)
			}
		})
	}
}
