package governance

import (
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// Every verb has its refusals in order: each step is wrong in what the later ones still are.

func TestProposeAndVoteRefuseInOrder(t *testing.T) {
	c := setup(t)
	late := proposal(c, &membersv1.SetNodes{})
	late.ExpiresUnixS = c.Time
	c.InOrder(
		kerneltest.Step{As: ann, Do: &governancev1.Propose{}, Want: governancev1.ErrField},
		kerneltest.Step{As: ann, Do: late, Want: governancev1.ErrExpiry},
		kerneltest.Step{As: ann, Do: proposal(c, &membersv1.SetNodes{}), Want: kernel.ErrNotPermitted},
		kerneltest.Step{As: ann, Do: proposal(c, setFee(c, 7))},
	)
	done, open := proposed(c, setFee(c, 7)), proposed(c, setFee(c, 7))
	for _, a := range []kerneltest.Actor{ben, cleo} {
		c.Must(a, ballot(done, false))
	}
	c.Advance(86_400)
	c.InOrder(
		kerneltest.Step{As: ann, Do: &governancev1.Vote{}, Want: governancev1.ErrField},
		kerneltest.Step{As: ann, Do: ballot(id.Hash("nothing"), true), Want: governancev1.ErrNoProposal},
		kerneltest.Step{As: ann, Do: ballot(done, true), Want: governancev1.ErrDecided},
		kerneltest.Step{As: ann, Do: ballot(open, true), Want: governancev1.ErrLapsed},
	)
	fresh := proposed(c, setFee(c, 7))
	c.InOrder(
		kerneltest.Step{As: ann, Do: ballot(fresh, true), Want: governancev1.ErrVoted},
		kerneltest.Step{As: ben, Do: ballot(fresh, true)},
	)
}

func TestSetParameterRefusesInOrder(t *testing.T) {
	c := setup(t)
	with := func(change func(*governancev1.SetParameter)) *governancev1.SetParameter {
		m := setFee(c, 7)
		change(m)
		return m
	}
	c.InOrder(
		kerneltest.Step{Do: &governancev1.SetParameter{}, Want: governancev1.ErrField},
		kerneltest.Step{Do: with(func(m *governancev1.SetParameter) { m.Name, m.FromDay = "till.tip_minor", 1 }), Want: governancev1.ErrFromDay},
		kerneltest.Step{Do: with(func(m *governancev1.SetParameter) { m.Name, m.Value = "till.tip_minor", 101 }), Want: kernel.ErrParameter},
		kerneltest.Step{Do: setFee(c, 101), Want: kernel.ErrParameterSize},
		kerneltest.Step{Do: setFee(c, 7)},
	)
}

func TestSetValidatorRefusesInOrder(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	nobody := kerneltest.Actor{Member: id.Hash("nobody")}
	c.InOrder(
		kerneltest.Step{Do: &governancev1.SetValidator{}, Want: governancev1.ErrField},
		kerneltest.Step{Do: validator(9, 0, nobody), Want: governancev1.ErrNoMember},
		kerneltest.Step{Do: validator(9, 0, ann), Want: governancev1.ErrNoValidator},
		kerneltest.Step{Do: validator(1, 0, ann), Want: governancev1.ErrFewSet},
	)
	full := &governancev1.ValidatorSet{}
	for i := range governancev1.MaxValidators {
		full.Validators = append(full.Validators, &governancev1.Validator{PublicKey: node(byte(i + 1)), Power: 1, Member: ann.Member.Bytes()})
	}
	c.Plant(governancev1.ValidatorsKey(), full)
	c.InOrder(
		kerneltest.Step{Do: validator(200, 900, ann), Want: governancev1.ErrManySet},
		kerneltest.Step{Do: validator(1, 900, ann), Want: governancev1.ErrThird},
		kerneltest.Step{Do: validator(1, 0, ann)},
	)
}

func TestShiftClockRefusesInOrder(t *testing.T) {
	c := setup(t)
	c.InOrder(
		kerneltest.Step{As: ann, Do: &governancev1.ShiftClock{}, Want: governancev1.ErrField},
		kerneltest.Step{As: ann, Do: &governancev1.ShiftClock{ForwardS: 9 * year}},
		kerneltest.Step{As: ann, Do: &governancev1.ShiftClock{ForwardS: 2 * year}, Want: governancev1.ErrShiftTooLarge},
	)
}

// Who leaves takes its validators along, in the same proposal and in whatever order.
func TestAMemberLeavesWithItsValidators(t *testing.T) {
	gone := &membersv1.SetStanding{Member: dora.Member.Bytes(), State: membersv1.MemberState_MEMBER_STATE_LEFT, Roles: membersv1.RoleOperator}
	out := validator(4, 0, dora)
	out.AllowBelowFour = true
	c := setup(t)
	became(t, agree(c, gone), failed, governancev1.ErrValidatorStays)
	c.Refused(governancev1.ErrDecided, dora, ballot(proposedAndDecided(c), true)) // its seat is still there
	for _, calls := range [][]proto.Message{{gone, out}, {out, gone}} {
		c := setup(t)
		became(t, agree(c, calls...), executed, nil)
		if n := len((&Governance{}).Validators(c.View()).Validators); n != 3 {
			t.Errorf("%d validators", n)
		}
		c.Refused(kernel.ErrInactive, dora, &membersv1.SetNodes{})
	}
}

// proposedAndDecided is a proposal that was rejected.
func proposedAndDecided(c *kerneltest.Chain) id.ID {
	p := proposed(c, setFee(c, 7))
	c.Must(ben, ballot(p, false))
	c.Must(cleo, ballot(p, false))
	return p
}
