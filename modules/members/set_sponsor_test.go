package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func under(of kerneltest.Actor, sponsor id.ID) *membersv1.SetSponsor {
	m := &membersv1.SetSponsor{Member: of.Member.Bytes()}
	if !sponsor.IsZero() {
		m.Sponsor = sponsor.Bytes()
	}
	return m
}

func lane(c *kerneltest.Chain, a kerneltest.Actor) id.ID {
	s, _ := New().Standing(c.View(), a.ID)
	return s.Lane
}

// A member leaves with nothing left behind: its suppliers are moved first, its seat, quota and nodes go with it.
func TestASponsorLeaves(t *testing.T) {
	c := setup(t)
	supplier := joined(c, admitted(c, maker, 1, "invitation"), "own")
	c.Must(maker, &membersv1.SetNodes{Nodes: [][]byte{make([]byte, membersv1.NodeSize)}})
	leaves := standing(maker, left, membersv1.RoleCoreEnterprise, false)
	wants(t, kerneltest.Govern(c, leaves), membersv1.ErrHasSuppliers)
	wants(t, kerneltest.Govern(c, under(supplier, bank.Member)), nil)
	if lane(c, supplier) != bank.Member || member(c, bank.Member).Suppliers != 1 || member(c, maker.Member).Suppliers != 0 {
		t.Error("the supplier is not on the bank's lane, or not counted")
	}
	wants(t, kerneltest.Govern(c, leaves), nil)
	c.Block()
	if m := member(c, maker.Member); m.Seat || m.SupplierQuota != 0 || len(m.Nodes) != 0 || New().Seats(c.View()) != 1 {
		t.Errorf("it left behind %v", m)
	}
	c.Must(supplier, &membersv1.SetNodes{})
}

func TestASupplierStandsOnItsOwn(t *testing.T) {
	c := setup(t)
	supplier := joined(c, admitted(c, maker, 1, "invitation"), "own")
	wants(t, kerneltest.Govern(c, under(supplier, id.ID{})), nil)
	c.Block()
	if lane(c, supplier) != supplier.Member || member(c, maker.Member).Suppliers != 0 {
		t.Error("it is not on its own lane, or still counted")
	}
	c.Refused(membersv1.ErrNotSponsor, maker, &membersv1.SuspendSupplier{Member: supplier.Member.Bytes(), Reason: "x"})
}

func TestSetSponsorRefusesInOrder(t *testing.T) {
	c := setup(t)
	nobody := kerneltest.Actor{Member: id.Hash("nobody")}
	c.InOrder(
		kerneltest.Step{Do: &membersv1.SetSponsor{}, Want: membersv1.ErrField},
		kerneltest.Step{Do: &membersv1.SetSponsor{Member: nobody.Member.Bytes(), Sponsor: []byte{1}}, Want: membersv1.ErrField},
		kerneltest.Step{Do: under(nobody, operator.Member), Want: membersv1.ErrNoMember},
		kerneltest.Step{Do: under(operator, nobody.Member), Want: membersv1.ErrNoMember},
		kerneltest.Step{Do: under(bank, bank.Member), Want: membersv1.ErrSponsor},
		kerneltest.Step{Do: under(bank, operator.Member), Want: membersv1.ErrSponsor},
		kerneltest.Step{Do: under(operator, bank.Member)},
	)
	wants(t, kerneltest.Govern(c, standing(maker, suspended, membersv1.RoleCoreEnterprise, true)), nil)
	wants(t, kerneltest.Govern(c, under(operator, maker.Member)), membersv1.ErrSponsor)
}

// A supplier that left comes back to a sponsor that is there, or to none.
func TestAReturnNeedsASponsor(t *testing.T) {
	c := setup(t)
	supplier := joined(c, admitted(c, maker, 1, "invitation"), "own")
	back := standing(supplier, active, membersv1.RoleSupplier, false)
	for _, m := range []*membersv1.SetStanding{standing(supplier, left, membersv1.RoleSupplier, false), standing(maker, left, membersv1.RoleCoreEnterprise, false)} {
		wants(t, kerneltest.Govern(c, m), nil)
	}
	wants(t, kerneltest.Govern(c, back), membersv1.ErrState)
	wants(t, kerneltest.Govern(c, standing(supplier, left, membersv1.RoleSupplier, false)), nil)
	wants(t, kerneltest.Govern(c, under(supplier, bank.Member)), nil)
	wants(t, kerneltest.Govern(c, back), nil)
	c.Block()
	if lane(c, supplier) != bank.Member || member(c, bank.Member).Suppliers != 1 {
		t.Error("it is not on the bank's lane, or not counted")
	}
}
