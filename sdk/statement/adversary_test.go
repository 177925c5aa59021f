package statement_test

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/statement"
	"google.golang.org/protobuf/proto"
)

// Money that is blocked has not been received: whoever books by the kind of a notice must not clear the claim.
func TestABlockedPaymentIsNotCalledReceived(t *testing.T) {
	me := id.Hash("me")
	m := &voucherv1.Paid{Package: id.Hash("p").Bytes(), Bank: id.Hash("b").Bytes(), AmountMinor: 500, Legs: []*voucherv1.Leg{
		{Number: id.Hash("n").Bytes(), Payee: me.Bytes(), AmountMinor: 500, Blocked: true},
	}}
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got := statement.Tell(&kernelv1.Event{Type: string(m.ProtoReflect().Descriptor().FullName()), Data: data}, me)
	if got.Kind == "voucher_payment_received" {
		t.Errorf("a payment that is blocked whole is %s of %d", got.Kind, got.AmountMinor)
	}
}
