package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

func TestJoin(t *testing.T) {
	c := setup(t)
	invited := admitted(c, maker, 1, "invitation")
	c.Refused(kernel.ErrInactive, invited, &membersv1.SetNodes{})
	own := kerneltest.Signer("own")

	forged := joinWith(invited, own)
	forged.Possession = joinWith(maker, own).Possession
	c.Refused(membersv1.ErrPossession, invited, forged)
	c.Refused(membersv1.ErrKeyTaken, invited, joinWith(invited, kerneltest.Signer("invitation")))
	c.Refused(membersv1.ErrKeyTaken, invited, joinWith(invited, kerneltest.Signer("maker")))

	msg := joinWith(invited, own)
	msg.EncryptionKey = make([]byte, membersv1.EncryptionSize)
	c.Must(invited, msg)
	c.Refused(kernel.ErrMissingKey, invited, &membersv1.SetNodes{})
	supplier := invited
	supplier.Signers = []key.Signer{own}
	s, _ := New().Standing(c.View(), supplier.ID)
	if !s.Active || s.Lane != maker.Member || s.Member != supplier.Member || s.Roles != membersv1.RoleSupplier {
		t.Errorf("its standing is %+v", s)
	}
	if m := member(c, supplier.Member); len(m.EncryptionKey) != membersv1.EncryptionSize {
		t.Errorf("no encryption key: %v", m)
	}
	c.Must(supplier, &membersv1.SetNodes{})
	c.Refused(kernel.ErrInactive, supplier, joinWith(supplier, kerneltest.Signer("again")))
}

func TestJoinOfASuspendedSupplier(t *testing.T) {
	c := setup(t)
	invited := admitted(c, maker, 1, "invitation")
	c.Must(maker, &membersv1.SuspendSupplier{Member: invited.Member.Bytes(), Reason: "wrong firm"})
	c.Refused(membersv1.ErrState, invited, joinWith(invited, kerneltest.Signer("own")))
	c.Must(maker, &membersv1.ReinstateSupplier{Member: invited.Member.Bytes()})
	joined(c, invited, "own")
}
