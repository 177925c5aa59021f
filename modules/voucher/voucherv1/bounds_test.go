package voucherv1_test

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"pgregory.net/rapid"
)

// ids are different ids.
func ids(n int) (out [][]byte) {
	for i := range n {
		out = append(out, id.Hash("bound", binary.BigEndian.AppendUint32(nil, uint32(i))).Bytes())
	}
	return out
}

// numbered are n copies of a message, told apart by set.
func numbered[M proto.Message](n int, one func() M, set func(M, []byte)) (out []M) {
	for _, name := range ids(n) {
		m := one()
		set(m, name)
		out = append(out, m)
	}
	return out
}

func uses(n int) []*voucherv1.InvoiceUse {
	return numbered(n, use, func(u *voucherv1.InvoiceUse, name []byte) { u.Fingerprint = name })
}

func refs(n int) []*voucherv1.PartRef {
	return numbered(n, ref, func(r *voucherv1.PartRef, name []byte) { r.Number = name })
}

func items(n int) (out []*voucherv1.IssueItem) {
	for range n {
		out = append(out, issue().Items[0])
	}
	return out
}

func transfers(n int) (out []*voucherv1.TransferItem) {
	for range n {
		out = append(out, transfer().Items[0])
	}
	return out
}

func pieces(n int, each int64) (out []int64) {
	for range n {
		out = append(out, each)
	}
	return out
}

// One line a case: each bound of a field, and one beyond it. Empty: it is allowed.
func TestBounds(t *testing.T) {
	reason, long := strings.Repeat("x", voucherv1.MaxReasonBytes), strings.Repeat("x", voucherv1.MaxReasonBytes+1)
	line := func(limit int64) call {
		return &voucherv1.SetLine{Obligor: full(1), Currency: "CNY", LimitMinor: limit}
	}
	freeze := func(change func(*voucherv1.Freeze)) call {
		return with(&voucherv1.Freeze{Package: full(1), Extent: full(1), Reason: "why", UntilUnixS: 1}, change)
	}
	standing := func(change func(*voucherv1.SetStandingAcceptance)) call {
		return with(&voucherv1.SetStandingAcceptance{Checker: full(1), Currency: "CNY", MaxMinor: 1, UntilUnixS: 1}, change)
	}
	split := func(p ...int64) call { return &voucherv1.Split{Part: ref(), PiecesMinor: p} }
	pay := func(minor int64) call {
		return &voucherv1.Pay{Package: full(1), AmountMinor: minor, Bank: full(2)}
	}
	issueOf := func(change func(*voucherv1.Issue)) call { return with(issue(), change) }
	const item, invoice = "items[0].", "items[0].background.invoices[0]."
	for i, tc := range []struct {
		m     call
		field string
	}{
		{line(0), ""},
		{line(money.Max), ""},
		{line(money.Max + 1), "limit_minor"},
		{line(math.MinInt64), "limit_minor"},
		{&voucherv1.SetLine{Obligor: full(0), Currency: "CNY"}, "obligor"},
		{&voucherv1.SetLine{Obligor: append(full(1), 1), Currency: "CNY"}, "obligor"},

		{issueOf(func(m *voucherv1.Issue) { m.Items = items(voucherv1.MaxIssueItems) }), ""},
		{issueOf(func(m *voucherv1.Issue) { m.Items = items(voucherv1.MaxIssueItems + 1) }), "items"},
		{issueOf(func(m *voucherv1.Issue) { m.Items = append(items(2), &voucherv1.IssueItem{}) }), "items[2].background"},
		{issueOf(func(m *voucherv1.Issue) { m.Run = full(1)[:15] }), "run"},
		{issueOf(func(m *voucherv1.Issue) { m.Run = full(1)[:17] }), "run"},
		{issueOf(func(m *voucherv1.Issue) { m.Run = make([]byte, 16) }), ""},
		{issueOf(func(m *voucherv1.Issue) { m.Chunk = math.MaxUint32 }), ""},
		{issueWith(func(i *voucherv1.IssueItem) { i.Creditor = full(4)[:31] }), item + "creditor"},
		{issueWith(func(i *voucherv1.IssueItem) { i.AmountMinor = 1 }), ""},
		{issueWith(func(i *voucherv1.IssueItem) { i.AmountMinor = money.Max }), ""},
		{issueWith(func(i *voucherv1.IssueItem) { i.AmountMinor = money.Max + 1 }), item + "amount_minor"},
		{issueWith(func(i *voucherv1.IssueItem) { i.AmountMinor = math.MinInt64 }), item + "amount_minor"},
		{issueWith(func(i *voucherv1.IssueItem) { i.DueDay = 1 }), ""},
		{issueWith(func(i *voucherv1.IssueItem) { i.DueDay = voucherv1.MaxDay }), ""},
		{issueWith(func(i *voucherv1.IssueItem) { i.DueDay = math.MinInt32 }), item + "due_day"},
		{issueWith(func(i *voucherv1.IssueItem) { i.DeliveryDay = 0 }), ""},
		{issueWith(func(i *voucherv1.IssueItem) { i.DeliveryDay = voucherv1.MaxDay }), ""},
		{issueWith(func(i *voucherv1.IssueItem) { i.DeliveryDay = voucherv1.MaxDay + 1 }), item + "delivery_day"},
		{issueWith(func(i *voucherv1.IssueItem) { i.BankReview = nil }), ""},
		{issueWith(func(i *voucherv1.IssueItem) { i.BankReview = full(0) }), item + "bank_review"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Contract = full(0) }), item + "background.contract"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Invoices = uses(voucherv1.MaxInvoices) }), ""},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Invoices = uses(voucherv1.MaxInvoices + 1) }), item + "background.invoices"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Invoices = append(uses(15), uses(1)...) }), item + "background.invoices[15]"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Invoices = []*voucherv1.InvoiceUse{{}} }), invoice + "fingerprint"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.Fingerprint = full(0) }), invoice + "fingerprint"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.Secondary = ids(voucherv1.MaxSecondary) }), ""},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.Secondary = ids(voucherv1.MaxSecondary + 1) }), invoice + "secondary"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.IssueDay = 1 }), ""},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.IssueDay = voucherv1.MaxDay }), ""},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.IssueDay = voucherv1.MaxDay + 1 }), invoice + "issue_day"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.TotalMinor = money.Max }), ""},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.TotalMinor = money.Max + 1 }), invoice + "total_minor"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.UsedMinor = u.TotalMinor }), ""},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.UsedMinor = -1 }), invoice + "used_minor"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.UsedMinor = math.MaxInt64 }), invoice + "used_minor"},

		{&voucherv1.AcceptPackage{Package: full(1), Flags: ids(voucherv1.MaxFlags)}, ""},
		{&voucherv1.AcceptPackage{Package: full(1), Flags: ids(voucherv1.MaxFlags + 1)}, "flags"},
		{&voucherv1.AcceptPackage{Package: full(1), Flags: append(ids(3), ids(1)...)}, "flags[3]"},
		{&voucherv1.AcceptPackage{Package: full(1), Flags: [][]byte{full(0)}}, "flags[0]"},
		{&voucherv1.RejectPackage{Package: full(1), Reason: reason}, ""},
		{&voucherv1.RejectPackage{Package: full(0)}, "package"},
		{&voucherv1.CancelPackage{Package: full(1), Reason: reason}, ""},
		{&voucherv1.CancelPackage{Package: full(0)}, "package"},

		{split(pieces(voucherv1.MaxPieces, 1)...), ""},
		{split(pieces(voucherv1.MaxPieces+1, 1)...), "pieces_minor"},
		{split(math.MaxInt64-1, 1), ""},
		{split(math.MaxInt64, 1), "pieces_minor"},
		{split(pieces(3, math.MaxInt64)...), "pieces_minor"},
		{split(1, -1), "pieces_minor[1]"},
		{split(1, math.MinInt64), "pieces_minor[1]"},
		{split(), "pieces_minor"},

		{&voucherv1.Merge{Package: full(7), Parts: refs(voucherv1.MaxMerge)}, ""},
		{&voucherv1.Merge{Package: full(7), Parts: refs(voucherv1.MaxMerge + 1)}, "parts"},
		{&voucherv1.Merge{Package: full(7), Parts: append(refs(99), refs(1)...)}, "parts[99]"},
		{&voucherv1.Merge{Package: full(7), Parts: append(refs(2), nil)}, "parts[2].part"},
		{&voucherv1.Merge{Package: full(0), Parts: refs(2)}, "package"},

		{&voucherv1.Transfer{Items: transfers(voucherv1.MaxTransfers)}, ""},
		{&voucherv1.Transfer{Items: transfers(voucherv1.MaxTransfers + 1)}, "items"},
		{&voucherv1.Transfer{Items: append(transfers(1), &voucherv1.TransferItem{})}, "items[1].background"},
		{transferWith(func(i *voucherv1.TransferItem) { i.AmountMinor = math.MaxInt64 }), ""},
		{transferWith(func(i *voucherv1.TransferItem) { i.AmountMinor = 0 }), ""},
		{transferWith(func(i *voucherv1.TransferItem) { i.OfferExpiresUnixS = 0 }), ""},
		{transferWith(func(i *voucherv1.TransferItem) { i.OfferExpiresUnixS = voucherv1.MaxUnixS }), ""},
		{transferWith(func(i *voucherv1.TransferItem) { i.OfferExpiresUnixS = math.MaxInt64 }), item + "offer_expires_unix_s"},
		{transferWith(func(i *voucherv1.TransferItem) { i.To = full(0) }), item + "to"},
		{transferWith(func(i *voucherv1.TransferItem) { i.Part.Head = full(0) }), item + "part.head"},
		{transferWith(func(i *voucherv1.TransferItem) { i.Background = &voucherv1.Background{Invoices: uses(1)} }), ""},

		{&voucherv1.AcceptOffer{Part: ref(), Flags: ids(voucherv1.MaxFlags)}, ""},
		{&voucherv1.AcceptOffer{Part: ref(), Flags: ids(voucherv1.MaxFlags + 1)}, "flags"},
		{&voucherv1.RejectOffer{Part: ref(), Reason: reason}, ""},
		{&voucherv1.RejectOffer{Part: ref(), Reason: long}, "reason"},
		{&voucherv1.RejectOffer{Reason: reason}, "part"},
		{&voucherv1.WithdrawOffer{Part: ref()}, ""},
		{&voucherv1.WithdrawOffer{Part: &voucherv1.PartRef{}}, "part.package"},

		{freeze(func(m *voucherv1.Freeze) { m.Extent = full(1)[:1] }), ""},
		{freeze(func(m *voucherv1.Freeze) { m.Extent = make([]byte, voucherv1.MaxExtentBytes) }), ""},
		{freeze(func(m *voucherv1.Freeze) { m.Extent = make([]byte, voucherv1.MaxExtentBytes+1) }), "extent"},
		{freeze(func(m *voucherv1.Freeze) { m.Reason = reason }), ""},
		{freeze(func(m *voucherv1.Freeze) { m.Reason = long }), "reason"},
		{freeze(func(m *voucherv1.Freeze) { m.Case = full(0) }), "case"},
		{freeze(func(m *voucherv1.Freeze) { m.UntilUnixS = voucherv1.MaxUnixS }), ""},
		{freeze(func(m *voucherv1.Freeze) { m.UntilUnixS = voucherv1.MaxUnixS + 1 }), "until_unix_s"},
		{&voucherv1.Release{Package: full(1), Freeze: full(0)}, "freeze"},

		{standing(func(m *voucherv1.SetStandingAcceptance) { m.MaxMinor = math.MaxInt64 }), ""},
		{standing(func(m *voucherv1.SetStandingAcceptance) { m.MaxMinor = math.MinInt64 }), "max_minor"},
		{standing(func(m *voucherv1.SetStandingAcceptance) { m.UntilUnixS = voucherv1.MaxUnixS }), ""},
		{standing(func(m *voucherv1.SetStandingAcceptance) { m.UntilUnixS = voucherv1.MaxUnixS + 1 }), "until_unix_s"},
		{standing(func(m *voucherv1.SetStandingAcceptance) { m.Checker = full(0) }), "checker"},
		{standing(func(m *voucherv1.SetStandingAcceptance) { m.MaxMinor, m.Checker = 0, nil }), "max_minor"},
		{standing(func(m *voucherv1.SetStandingAcceptance) { m.MaxMinor, m.UntilUnixS = 0, 0 }), "max_minor"},
		{standing(func(m *voucherv1.SetStandingAcceptance) { m.Currency = strings.Repeat("C", 1<<16) }), "currency"},

		{&voucherv1.CheckDocument{Documents: ids(voucherv1.MaxDocuments)}, ""},
		{&voucherv1.CheckDocument{Documents: ids(voucherv1.MaxDocuments + 1)}, "documents"},
		{&voucherv1.CheckDocument{Documents: [][]byte{full(0)}}, "documents[0]"},

		{pay(1), ""},
		{pay(math.MaxInt64), ""},
		{pay(-1), "amount_minor"},
		{pay(math.MinInt64), "amount_minor"},
		{&voucherv1.Pay{Package: full(1), AmountMinor: 1, Bank: full(0)}, "bank"},
	} {
		err := tc.m.Validate()
		if tc.field == "" && err != nil {
			t.Errorf("row %d: %v", i, err)
		}
		var e *errs.Error
		if tc.field != "" && (!errors.As(err, &e) || e.Code != voucherv1.ErrField || e.Field != tc.field) {
			t.Errorf("row %d: want %s, got %v", i, tc.field, err)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("row %d: the refusal has %d bytes", i, len(err.Error()))
		}
	}
}

// calls are an empty message of every call of the module.
func calls() []call {
	return []call{
		&voucherv1.SetLine{}, &voucherv1.Issue{}, &voucherv1.AcceptPackage{}, &voucherv1.RejectPackage{}, &voucherv1.CancelPackage{},
		&voucherv1.Split{}, &voucherv1.Merge{}, &voucherv1.Freeze{}, &voucherv1.Release{}, &voucherv1.Transfer{}, &voucherv1.AcceptOffer{},
		&voucherv1.RejectOffer{}, &voucherv1.WithdrawOffer{}, &voucherv1.SetStandingAcceptance{}, &voucherv1.CheckDocument{}, &voucherv1.Pay{},
	}
}

// The list of calls is whole, and nothing is not enough for any.
func TestEveryCallIsJudged(t *testing.T) {
	listed := map[protoreflect.FullName]bool{}
	for _, m := range calls() {
		listed[m.ProtoReflect().Descriptor().FullName()] = true
		if m.Validate() == nil {
			t.Errorf("%T with nothing in it is allowed", m)
		}
	}
	all := voucherv1.File_modules_voucher_voucherv1_voucher_proto.Messages()
	for i := range all.Len() {
		typ, err := protoregistry.GlobalTypes.FindMessageByName(all.Get(i).FullName())
		if err != nil {
			t.Fatal(err)
		}
		if _, judges := typ.New().Interface().(call); judges && !listed[all.Get(i).FullName()] {
			t.Errorf("%s is not tested here", all.Get(i).FullName())
		}
	}
}

// Whatever bytes are read as a call, judging it ends, and a refusal is the module's, names a field and is short.
func FuzzValidate(f *testing.F) {
	add := func(which byte, m proto.Message) {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(which, b)
	}
	add(1, issue())
	add(5, &voucherv1.Split{Part: ref(), PiecesMinor: []int64{math.MaxInt64, 1}})
	add(6, &voucherv1.Merge{Package: full(7), Parts: refs(3)})
	add(9, transfer())
	add(14, &voucherv1.CheckDocument{Documents: ids(2)})
	f.Add(byte(1), []byte{0x1a, 2, 0x32, 0})        // an item with an empty background
	f.Add(byte(6), []byte{0x12, 0, 0x12, 0})        // two empty parts
	f.Add(byte(9), []byte{0x0a, 4, 0x0a, 0, 34, 0}) // an item with an empty part and background
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		all := calls()
		m := all[int(which)%len(all)]
		if proto.Unmarshal(b, m) != nil {
			return
		}
		var e *errs.Error
		if err := m.Validate(); err != nil && (!errors.As(err, &e) || e.Code != voucherv1.ErrField || e.Field == "" || len(err.Error()) > 1_000) {
			t.Errorf("%T: %.1000v", m, err)
		}
	})
}

// Extents: what is written is read, and two freezes meet a part where their units do.
func TestExtentLaw(t *testing.T) {
	unit := rapid.Int64Range(1, 40)
	rapid.Check(t, func(rt *rapid.T) {
		lo, hi := unit.Draw(rt, "lo"), unit.Draw(rt, "hi")
		gotLo, gotHi, ok := voucherv1.ReadRange(voucherv1.RangeExtent(lo, hi))
		if ok != (lo <= hi) || ok && (gotLo != lo || gotHi != hi) {
			rt.Fatal(lo, hi, gotLo, gotHi, ok)
		}
		f := &voucherv1.StandingFreeze{Extent: voucherv1.RangeExtent(lo, hi), NextUnit: rapid.Int64Range(0, 41).Draw(rt, "next")}
		from, to := unit.Draw(rt, "from"), unit.Draw(rt, "to")
		if from > to {
			from, to = to, from
		}
		meets := false
		for u := from; u <= to; u++ {
			meets = meets || lo <= u && u <= hi
		}
		if f.Meets(from, to) != meets || f.Counts(from, to) != (meets && to >= f.NextUnit) {
			rt.Fatalf("[%d..%d], next %d, and a part [%d..%d]: %v, %v", lo, hi, f.NextUnit, from, to, f.Meets(from, to), f.Counts(from, to))
		}
	})
}

// The figures of a package and of a part follow from its fields.
func TestFigures(t *testing.T) {
	part := &voucherv1.Part{Package: full(1), Number: full(2), Head: full(3), Lo: 11, Hi: 20, ClosedMinor: 4}
	if part.Units() != 10 || part.Outstanding() != 6 || !proto.Equal(part.Ref(), &voucherv1.PartRef{Package: full(1), Number: full(2), Head: full(3)}) {
		t.Errorf("%d units, %d outstanding, %v", part.Units(), part.Outstanding(), part.Ref())
	}
	pkg := &voucherv1.Package{AmountMinor: 100, ClosedMinor: 70, ExtinguishedMinor: 30, DueDay: 20_000}
	if pkg.Outstanding() != 30 || pkg.Paid() != 40 || pkg.Due(19_999) || !pkg.Due(20_000) || !pkg.Due(20_001) {
		t.Errorf("%d outstanding, %d paid", pkg.Outstanding(), pkg.Paid())
	}
	for state := range voucherv1.PackageState_name {
		pkg.State = voucherv1.PackageState(state)
		want := pkg.State == voucherv1.PackageState_PACKAGE_STATE_SETTLED || pkg.State == voucherv1.PackageState_PACKAGE_STATE_CANCELLED
		if pkg.Ended() != want {
			t.Errorf("%s: ended %v", pkg.State, !want)
		}
	}
}
