package statement_test

import (
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/statement"
	"google.golang.org/protobuf/proto"
)

// What each event says to each of its parties.
func TestTell(t *testing.T) {
	held, offered, incoming, owed := uint32(voucherv1.ClassHeld), uint32(voucherv1.ClassOffered), uint32(voucherv1.ClassIncoming), uint32(voucherv1.ClassOwed)
	money, blocked := uint32(depositv1.ClassHeld), uint32(302)
	for _, tc := range []struct {
		event proto.Message
		to    id.ID
		kind  string
		with  id.ID
		sums  map[uint32]int64
	}{
		{&depositv1.Moved{From: other[:], To: me[:], AmountMinor: 5}, me, "deposit_received", other, map[uint32]int64{money: 5}},
		{&depositv1.Moved{From: me[:], To: other[:], AmountMinor: 5}, me, "deposit_paid", other, map[uint32]int64{money: -5}},
		{&depositv1.Moved{From: me[:], AmountMinor: 5}, me, "deposit_paid_out", id.ID{}, map[uint32]int64{money: -5}},
		{&depositv1.Moved{From: bankB[:], To: other[:], AmountMinor: 5}, me, "deposit_of_customer", id.ID{}, map[uint32]int64{}},
		{&depositv1.Blocked{From: other[:], Holder: me[:], AmountMinor: 5}, me, "deposit_blocked", other, map[uint32]int64{blocked: 5}},
		{&depositv1.Blocked{From: me[:], Holder: other[:], AmountMinor: 5}, me, "deposit_blocked", other, map[uint32]int64{money: -5}},
		{&depositv1.Unblocked{Holder: me[:], AmountMinor: 5}, me, "deposit_unblocked", id.ID{}, map[uint32]int64{money: 5, blocked: -5}},
		{&voucherv1.Issued{Obligor: me[:], Creditor: other[:], AmountMinor: 5}, me, "voucher_issued", other, map[uint32]int64{owed: 5}},
		{&voucherv1.Issued{Obligor: other[:], Creditor: me[:], AmountMinor: 5}, me, "voucher_to_accept", other, map[uint32]int64{voucherv1.ClassPending: 5}},
		{&voucherv1.Accepted{}, me, "voucher_accepted", id.ID{}, nil},
		{&voucherv1.Ended{ByCreditor: true}, me, "voucher_rejected", id.ID{}, nil},
		{&voucherv1.Ended{}, me, "voucher_cancelled", id.ID{}, nil},
		{&voucherv1.PartSplit{}, me, "voucher_split", id.ID{}, nil},
		{&voucherv1.Merged{}, me, "voucher_merged", id.ID{}, nil},
		{&voucherv1.Offered{From: me[:], To: other[:], AmountMinor: 5}, me, "offer_made", other, map[uint32]int64{held: -5, offered: 5}},
		{&voucherv1.Offered{From: other[:], To: me[:], AmountMinor: 5}, me, "offer_received", other, map[uint32]int64{incoming: 5}},
		{&voucherv1.OfferEnded{End: voucherv1.OfferEnd_OFFER_END_REJECTED}, me, "offer_rejected", id.ID{}, nil},
		{&voucherv1.OfferEnded{End: voucherv1.OfferEnd_OFFER_END_LAPSED}, me, "offer_lapsed", id.ID{}, nil},
		{&voucherv1.Passed{From: me[:], To: other[:], AmountMinor: 5}, me, "voucher_passed_on", other, map[uint32]int64{held: -5, offered: -5}},
		{&voucherv1.Passed{From: other[:], To: me[:], AmountMinor: 5}, me, "voucher_received", other, map[uint32]int64{held: 5, incoming: -5}},
		{&voucherv1.Extinguished{From: me[:], To: other[:], AmountMinor: 5}, me, "voucher_extinguished", other, map[uint32]int64{held: -5, offered: -5}},
		{&voucherv1.Extinguished{From: other[:], To: me[:], AmountMinor: 5}, me, "voucher_extinguished", other, map[uint32]int64{owed: -5, incoming: -5}},
		{&voucherv1.Paid{AmountMinor: 5, Legs: []*voucherv1.Leg{{Payee: me[:], AmountMinor: 5}}}, me, "voucher_payment_received", id.ID{}, map[uint32]int64{held: -5, offered: -5}},
		{&voucherv1.Paid{AmountMinor: 5, Legs: []*voucherv1.Leg{{Payee: me[:], AmountMinor: 2, Blocked: true}, {Payee: me[:], AmountMinor: 3}}}, me, "voucher_payment_received", id.ID{}, map[uint32]int64{held: -5, offered: -5}},
		{&voucherv1.Paid{AmountMinor: 5, Legs: []*voucherv1.Leg{{Payee: me[:], AmountMinor: 5, Blocked: true}}}, me, "voucher_payment_blocked", id.ID{}, map[uint32]int64{held: -5, offered: -5}},
		{&voucherv1.ClaimKept{AmountMinor: 5}, me, "deposit_stays_blocked", id.ID{}, nil},
		{&voucherv1.Paid{AmountMinor: 5, Legs: []*voucherv1.Leg{{Payee: other[:], AmountMinor: 5}}}, me, "voucher_paid", other, map[uint32]int64{owed: -5}},
		{&voucherv1.FreezeLaid{By: other[:]}, me, "freeze_laid", other, nil},
		{&voucherv1.FreezeLaid{By: me[:]}, me, "freeze_laid", id.ID{}, nil},
		{&voucherv1.FreezeEnded{Released: true}, me, "freeze_released", id.ID{}, nil},
		{&voucherv1.FreezeEnded{}, me, "freeze_ended", id.ID{}, nil},
		{&membersv1.AccountChanged{What: "policy"}, me, "account_changed", id.ID{}, nil},
		{&membersv1.RecoveryChanged{Account: me[:], What: "pending"}, me, "recovery_pending", id.ID{}, nil},
		{&membersv1.RecoveryChanged{Account: other[:], What: "done"}, me, "recovery_done", other, nil},
		{&membersv1.SettlementChanged{What: "asked"}, me, "settlement_account_asked", id.ID{}, nil},
	} {
		got := statement.Tell(event(tc.event), tc.to)
		if got.Kind != tc.kind || got.Counterparty != tc.with || len(got.Sums) != len(tc.sums) {
			t.Errorf("%T: %s with %s, %v", tc.event, got.Kind, got.Counterparty.Short(), got.Sums)
		}
		for class, minor := range tc.sums {
			if got.Sums[class] != minor {
				t.Errorf("%T: class %d by %d, not %d", tc.event, class, got.Sums[class], minor)
			}
		}
		if statement.Words(got.Kind) == "" {
			t.Errorf("%s has no words", got.Kind)
		}
	}
}
