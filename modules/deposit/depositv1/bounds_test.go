package depositv1_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/money"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
)

type judged interface {
	proto.Message
	Validate() error
}

// refusedFor tells at which field a call is refused; nothing where it is allowed.
func refusedFor(t *testing.T, m judged) string {
	t.Helper()
	err := m.Validate()
	if err == nil {
		return ""
	}
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != depositv1.ErrField || len(err.Error()) > 300 {
		t.Errorf("%T: %.400v", m, err)
		return "?"
	}
	return e.Field
}

// Every id of every call has 32 bytes that are not all zero.
func TestIDsOfCalls(t *testing.T) {
	ids := map[string][]byte{"none": nil, "empty": {}, "one short": other[:31], "one long": append(bytes.Clone(other), 1), "zero": make([]byte, 32), "64": append(bytes.Clone(other), other...)}
	for name, bad := range ids {
		for field, m := range map[string]judged{
			"to":    &depositv1.Mint{To: bad, AmountMinor: 1, Currency: "CNY"},
			"bank":  &depositv1.Redeem{Bank: bad, AmountMinor: 1, Currency: "CNY"},
			"to ":   &depositv1.Transfer{Bank: bank, To: bad, AmountMinor: 1, Currency: "CNY"},
			"bank ": &depositv1.Transfer{Bank: bad, To: other, AmountMinor: 1, Currency: "CNY"},
		} {
			if got := refusedFor(t, m); got != strings.TrimSpace(field) {
				t.Errorf("%T with an id that is %s: refused at %q", m, name, got)
			}
		}
	}
	almost := make([]byte, 32)
	almost[31] = 1
	if got := refusedFor(t, &depositv1.Transfer{Bank: almost, To: almost, AmountMinor: 1, Currency: "CNY"}); got != "" {
		t.Errorf("an id of one bit is refused at %q", got)
	}
}

// Amounts: what a bank or holder promises is bounded by money.Max; what goes back is not, so that nothing is held for good.
func TestAmountsOfCalls(t *testing.T) {
	for amount, want := range map[int64][3]string{
		math.MinInt64: {"amount_minor", "amount_minor", "amount_minor"}, -1: {"amount_minor", "amount_minor", "amount_minor"},
		0: {"amount_minor", "amount_minor", "amount_minor"}, 1: {}, money.Max: {},
		money.Max + 1: {"amount_minor", "amount_minor", ""}, math.MaxInt64: {"amount_minor", "amount_minor", ""},
	} {
		got := [3]string{
			refusedFor(t, &depositv1.Mint{To: other, AmountMinor: amount, Currency: "CNY"}),
			refusedFor(t, &depositv1.Transfer{Bank: bank, To: other, AmountMinor: amount, Currency: "CNY"}),
			refusedFor(t, &depositv1.Redeem{Bank: bank, AmountMinor: amount, Currency: "CNY"}),
		}
		if got != want {
			t.Errorf("%d: mint, transfer, redeem are refused at %q, want %q", amount, got, want)
		}
	}
}

// Currency and reference are judged alike in every call.
func TestTextsOfCalls(t *testing.T) {
	for _, tc := range []struct{ currency, reference, field string }{
		{"CNY", "", ""},
		{"JPY", strings.Repeat("x", depositv1.MaxReferenceBytes), ""},
		{"KWD", strings.Repeat("x", depositv1.MaxReferenceBytes+1), "reference"},
		{"CNY", strings.Repeat("货", depositv1.MaxReferenceBytes/3), ""},
		{"CNY", strings.Repeat("货", depositv1.MaxReferenceBytes/3+1), "reference"},
		{"", "", "currency"},
		{"cny", "", "currency"},
		{"CN", "", "currency"},
		{"CNYX", "", "currency"},
		{"CNY ", "", "currency"},
		{"ＣＮＹ", "", "currency"},
		{"C\x00Y", "", "currency"},
		{strings.Repeat("CNY", 1<<16), "", "currency"},
		{"XXQ", strings.Repeat("x", 1<<20), "currency"},
	} {
		for _, m := range []judged{
			&depositv1.Mint{To: other, AmountMinor: 1, Currency: tc.currency, Reference: tc.reference},
			&depositv1.Redeem{Bank: bank, AmountMinor: 1, Currency: tc.currency, Reference: tc.reference},
			&depositv1.Transfer{Bank: bank, To: other, AmountMinor: 1, Currency: tc.currency, Reference: tc.reference},
		} {
			if got := refusedFor(t, m); got != tc.field {
				t.Errorf("%T of %.10q, %d bytes: refused at %q, want %q", m, tc.currency, len(tc.reference), got, tc.field)
			}
		}
	}
}

func empty() []judged {
	return []judged{&depositv1.Mint{}, &depositv1.Redeem{}, &depositv1.Transfer{}}
}

// Every message of the module that judges itself is among those that are tested.
func TestEveryCallIsJudged(t *testing.T) {
	listed := map[string]bool{}
	for _, m := range empty() {
		listed[string(m.ProtoReflect().Descriptor().FullName())] = true
	}
	all := depositv1.File_modules_deposit_depositv1_deposit_proto.Messages()
	for i := range all.Len() {
		name := all.Get(i).FullName()
		typ, err := protoregistry.GlobalTypes.FindMessageByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, judges := typ.New().Interface().(judged); judges != listed[string(name)] {
			t.Errorf("%s: judges itself %v, tested %v", name, judges, listed[string(name)])
		}
	}
}

// What a claim's place is, is found again whatever its account: number, then bank.
func TestClaimPlace(t *testing.T) {
	number := bytes.Repeat([]byte{1}, 32)
	claim := &depositv1.BlockedClaim{Number: append(make([]byte, 0, 128), number...), Bank: bank}
	place := depositv1.ClaimPlace(claim)
	if fmt.Sprintf("%x", place) != fmt.Sprintf("%x%x", number, bank) {
		t.Errorf("%x", place)
	}
	place[0] ^= 0xff
	if !bytes.Equal(claim.Number, number) || !bytes.Equal(claim.Number[:64][32:], make([]byte, 32)) {
		t.Error("the place shares the claim's bytes")
	}
}

// Whatever bytes are read as a call, judging it ends, and a refusal is the module's and short.
func FuzzValidate(f *testing.F) {
	for i, m := range []judged{
		&depositv1.Mint{To: other, AmountMinor: money.Max, Currency: "CNY", Reference: "r"},
		&depositv1.Redeem{Bank: bank, AmountMinor: math.MaxInt64, Currency: "JPY"}, &depositv1.Transfer{Bank: bank, To: other, AmountMinor: -1, Currency: "XXX"},
	} {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), b)
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		m := empty()[int(which)%len(empty())]
		if proto.Unmarshal(b, m) != nil {
			return
		}
		refusedFor(t, m)
	})
}
