package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

const (
	active    = membersv1.MemberState_MEMBER_STATE_ACTIVE
	suspended = membersv1.MemberState_MEMBER_STATE_SUSPENDED
	left      = membersv1.MemberState_MEMBER_STATE_LEFT
)

func standing(of kerneltest.Actor, state membersv1.MemberState, roles uint32, seat bool) *membersv1.SetStanding {
	s := &membersv1.SetStanding{Member: of.Member.Bytes(), State: state, Roles: roles, Seat: seat, SupplierQuota: 2}
	if state == left {
		s.SupplierQuota = 0
	}
	return s
}

func TestSetStandingMovesSeats(t *testing.T) {
	c := setup(t)
	for i, step := range []struct {
		msg   *membersv1.SetStanding
		seats int
	}{
		{standing(operator, active, membersv1.RoleOperator, true), 3},
		{standing(operator, suspended, membersv1.RoleOperator, true), 2},
		{standing(operator, left, membersv1.RoleOperator, false), 2},
		{standing(operator, active, membersv1.RoleOperator|membersv1.RoleWarehouse, true), 3},
		{standing(operator, active, membersv1.RoleOperator, false), 2},
		{standing(bank, suspended, membersv1.RoleBank, true), 1},
	} {
		wants(t, kerneltest.Govern(c, step.msg), nil)
		c.Block()
		if n := New().Seats(c.View()); n != step.seats {
			t.Fatalf("step %d: %d seats", i, n)
		}
	}
	wants(t, kerneltest.Govern(c, standing(maker, active, membersv1.RoleCoreEnterprise, false)), membersv1.ErrLastSeat)
	wants(t, kerneltest.Govern(c, standing(maker, suspended, membersv1.RoleCoreEnterprise, true)), membersv1.ErrLastSeat)
	wants(t, kerneltest.Govern(c, &membersv1.SetStanding{Member: id.Hash("nobody").Bytes(), State: active, Roles: 1}), membersv1.ErrNoMember)
	if !New().HasSeat(c.View(), maker.Member) || New().HasSeat(c.View(), bank.Member) || New().HasSeat(c.View(), id.Hash("nobody")) {
		t.Error("the maker alone has a seat that counts")
	}
	c.Refused(kernel.ErrInactive, bank, &membersv1.SetNodes{})
}

func TestSeatsAreBoundedInSetStanding(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	c.Plant(membersv1.SeatsKey(), &membersv1.Seats{Count: membersv1.MaxSeats})
	wants(t, kerneltest.Govern(c, standing(operator, active, membersv1.RoleOperator, true)), membersv1.ErrManySeats)
}

func TestALeavingSupplierFreesItsPlace(t *testing.T) {
	c := setup(t)
	supplier := joined(c, admitted(c, maker, 1, "invitation"), "own")
	for _, step := range []struct {
		state     membersv1.MemberState
		suppliers uint32
	}{{suspended, 1}, {left, 0}, {left, 0}, {active, 1}} {
		wants(t, kerneltest.Govern(c, standing(supplier, step.state, membersv1.RoleSupplier, false)), nil)
		c.Block()
		if n := member(c, maker.Member).Suppliers; n != step.suppliers {
			t.Errorf("%s: the sponsor has %d suppliers", step.state, n)
		}
	}
}
