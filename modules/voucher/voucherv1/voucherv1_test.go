package voucherv1_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// full is 32 bytes of one value.
func full(b byte) []byte { return bytes.Repeat([]byte{b}, id.Size) }

func use() *voucherv1.InvoiceUse {
	return &voucherv1.InvoiceUse{Fingerprint: full(1), Secondary: [][]byte{full(2)}, IssueDay: 20_000, TotalMinor: 10, UsedMinor: 5}
}

func issue() *voucherv1.Issue {
	return &voucherv1.Issue{Run: full(3)[:16], Chunk: 1, Items: []*voucherv1.IssueItem{{
		Creditor: full(4), Currency: "CNY", AmountMinor: 5, DueDay: 20_100, DeliveryDay: 20_000,
		Background: &voucherv1.Background{Invoices: []*voucherv1.InvoiceUse{use()}, Contract: full(5)}, BankReview: full(6),
	}}}
}

func ref() *voucherv1.PartRef {
	return &voucherv1.PartRef{Package: full(7), Number: full(8), Head: full(9)}
}

func transfer() *voucherv1.Transfer {
	return &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
		Part: ref(), To: full(4), Background: &voucherv1.Background{Contract: full(5)}, OfferExpiresUnixS: 1,
	}}}
}

// call is what every message of a call is.
type call interface {
	proto.Message
	Validate() error
}

// with changes a copy of a message.
func with[M call](m M, change func(M)) M {
	m = proto.CloneOf(m)
	change(m)
	return m
}

func issueWith(change func(*voucherv1.IssueItem)) call {
	return with(issue(), func(m *voucherv1.Issue) { change(m.Items[0]) })
}

func invoiceWith(change func(*voucherv1.InvoiceUse)) call {
	return issueWith(func(i *voucherv1.IssueItem) { change(i.Background.Invoices[0]) })
}

func transferWith(change func(*voucherv1.TransferItem)) call {
	return with(transfer(), func(m *voucherv1.Transfer) { change(m.Items[0]) })
}

// One line a case: the field that must be named.
func TestValidate(t *testing.T) {
	long := strings.Repeat("x", voucherv1.MaxReasonBytes+1)
	line := &voucherv1.SetLine{Obligor: full(1), Currency: "CNY"}
	standing := &voucherv1.SetStandingAcceptance{Checker: full(1), Currency: "CNY", MaxMinor: 1, UntilUnixS: 1}
	merge := &voucherv1.Merge{Package: full(7), Parts: []*voucherv1.PartRef{ref(), {Package: full(7), Number: full(10), Head: full(9)}}}
	freeze := &voucherv1.Freeze{Package: full(1), Extent: full(1), Reason: "why", Case: full(2), UntilUnixS: 1}
	release := &voucherv1.Release{Package: full(1), Freeze: full(2)}
	pay := &voucherv1.Pay{Package: full(1), AmountMinor: 1, Bank: full(2)}
	for i, tc := range []struct {
		m     call
		field string
	}{
		{line, ""},
		{with(line, func(m *voucherv1.SetLine) { m.Obligor = nil }), "obligor"},
		{with(line, func(m *voucherv1.SetLine) { m.Currency = "XXX" }), "currency"},
		{with(line, func(m *voucherv1.SetLine) { m.LimitMinor = -1 }), "limit_minor"},

		{issue(), ""},
		{with(issue(), func(m *voucherv1.Issue) { m.Run, m.Chunk = nil, 0 }), ""},
		{with(issue(), func(m *voucherv1.Issue) { m.Run = full(1) }), "run"},
		{with(issue(), func(m *voucherv1.Issue) { m.Run = nil }), "chunk"},
		{with(issue(), func(m *voucherv1.Issue) { m.Chunk = 0 }), "chunk"},
		{with(issue(), func(m *voucherv1.Issue) { m.Items = nil }), "items"},
		{with(issue(), func(m *voucherv1.Issue) { m.Items = make([]*voucherv1.IssueItem, 1_001) }), "items"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background = nil }), "items[0].background"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Invoices = nil }), "items[0].background"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Contract = nil }), "items[0].background"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Contract = full(1)[1:] }), "items[0].background.contract"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Creditor = full(0) }), "items[0].creditor"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Currency = "cny" }), "items[0].currency"},
		{issueWith(func(i *voucherv1.IssueItem) { i.AmountMinor = 0 }), "items[0].amount_minor"},
		{issueWith(func(i *voucherv1.IssueItem) { i.DueDay = 0 }), "items[0].due_day"},
		{issueWith(func(i *voucherv1.IssueItem) { i.DueDay = voucherv1.MaxDay + 1 }), "items[0].due_day"},
		{issueWith(func(i *voucherv1.IssueItem) { i.DeliveryDay = -1 }), "items[0].delivery_day"},
		{issueWith(func(i *voucherv1.IssueItem) { i.BankReview = full(1)[1:] }), "items[0].bank_review"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Invoices = append(i.Background.Invoices, use()) }), "items[0].background.invoices[1]"},
		{issueWith(func(i *voucherv1.IssueItem) { i.Background.Invoices = make([]*voucherv1.InvoiceUse, 17) }), "items[0].background.invoices"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.Fingerprint = nil }), "items[0].background.invoices[0].fingerprint"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.Secondary = [][]byte{full(1), nil} }), "items[0].background.invoices[0].secondary[1]"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.Secondary = [][]byte{full(1), full(1)} }), "items[0].background.invoices[0].secondary[1]"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.Secondary = make([][]byte, 5) }), "items[0].background.invoices[0].secondary"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.IssueDay = 0 }), "items[0].background.invoices[0].issue_day"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.TotalMinor = 0 }), "items[0].background.invoices[0].total_minor"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.UsedMinor = 0 }), "items[0].background.invoices[0].used_minor"},
		{invoiceWith(func(u *voucherv1.InvoiceUse) { u.UsedMinor = 11 }), "items[0].background.invoices[0].used_minor"},

		{&voucherv1.AcceptPackage{Package: full(1), Flags: [][]byte{full(2)}}, ""},
		{&voucherv1.AcceptPackage{}, "package"},
		{&voucherv1.AcceptPackage{Package: full(1), Flags: make([][]byte, 65)}, "flags"},
		{&voucherv1.RejectPackage{Package: full(1)}, ""},
		{&voucherv1.RejectPackage{Package: full(1), Reason: long}, "reason"},
		{&voucherv1.CancelPackage{Reason: long}, "package"},
		{&voucherv1.CancelPackage{Package: full(1), Reason: long}, "reason"},

		{&voucherv1.Split{Part: ref(), PiecesMinor: []int64{1, 1}}, ""},
		{&voucherv1.Split{Part: ref(), PiecesMinor: []int64{1}}, "pieces_minor"},
		{&voucherv1.Split{Part: ref(), PiecesMinor: make([]int64, 101)}, "pieces_minor"},
		{&voucherv1.Split{Part: ref(), PiecesMinor: []int64{1, 0}}, "pieces_minor[1]"},
		{&voucherv1.Split{Part: ref(), PiecesMinor: []int64{math.MaxInt64, 1}}, "pieces_minor"},
		{&voucherv1.Split{PiecesMinor: []int64{1, 1}}, "part"},

		{transfer(), ""},
		{&voucherv1.Transfer{}, "items"},
		{&voucherv1.Transfer{Items: make([]*voucherv1.TransferItem, 101)}, "items"},
		{transferWith(func(i *voucherv1.TransferItem) { i.Part = nil }), "items[0].part"},
		{transferWith(func(i *voucherv1.TransferItem) { i.Part.Package = nil }), "items[0].part.package"},
		{transferWith(func(i *voucherv1.TransferItem) { i.Part.Number = nil }), "items[0].part.number"},
		{transferWith(func(i *voucherv1.TransferItem) { i.Part.Head = nil }), "items[0].part.head"},
		{transferWith(func(i *voucherv1.TransferItem) { i.To = nil }), "items[0].to"},
		{transferWith(func(i *voucherv1.TransferItem) { i.AmountMinor = -1 }), "items[0].amount_minor"},
		{transferWith(func(i *voucherv1.TransferItem) { i.Background = nil }), "items[0].background"},
		{transferWith(func(i *voucherv1.TransferItem) { i.Background.Contract = nil }), "items[0].background.contract"},
		{transferWith(func(i *voucherv1.TransferItem) { i.OfferExpiresUnixS = -1 }), "items[0].offer_expires_unix_s"},
		{transferWith(func(i *voucherv1.TransferItem) { i.OfferExpiresUnixS = voucherv1.MaxUnixS + 1 }), "items[0].offer_expires_unix_s"},

		{&voucherv1.AcceptOffer{Part: ref()}, ""},
		{&voucherv1.AcceptOffer{}, "part"},
		{&voucherv1.AcceptOffer{Part: ref(), Flags: [][]byte{nil}}, "flags[0]"},
		{&voucherv1.RejectOffer{Part: ref(), Reason: long}, "reason"},
		{&voucherv1.WithdrawOffer{}, "part"},

		{standing, ""},
		{&voucherv1.SetStandingAcceptance{Currency: "CNY"}, ""},
		{with(standing, func(m *voucherv1.SetStandingAcceptance) { m.MaxMinor = 0 }), "max_minor"},
		{with(standing, func(m *voucherv1.SetStandingAcceptance) { m.MaxMinor = -1 }), "max_minor"},
		{with(standing, func(m *voucherv1.SetStandingAcceptance) { m.Checker = nil }), "checker"},
		{with(standing, func(m *voucherv1.SetStandingAcceptance) { m.Currency = "" }), "currency"},
		{with(standing, func(m *voucherv1.SetStandingAcceptance) { m.UntilUnixS = -1 }), "until_unix_s"},

		{&voucherv1.CheckDocument{Documents: [][]byte{full(1)}}, ""},
		{&voucherv1.CheckDocument{}, "documents"},
		{&voucherv1.CheckDocument{Documents: make([][]byte, 101)}, "documents"},
		{&voucherv1.CheckDocument{Documents: [][]byte{full(1), full(1)}}, "documents[1]"},

		{merge, ""},
		{with(merge, func(m *voucherv1.Merge) { m.Package = nil }), "package"},
		{with(merge, func(m *voucherv1.Merge) { m.Parts = m.Parts[:1] }), "parts"},
		{with(merge, func(m *voucherv1.Merge) { m.Parts = make([]*voucherv1.PartRef, 101) }), "parts"},
		{with(merge, func(m *voucherv1.Merge) { m.Parts[1] = &voucherv1.PartRef{} }), "parts[1].part.package"},
		{with(merge, func(m *voucherv1.Merge) { m.Parts[1].Package = full(1) }), "parts[1].part.package"},
		{with(merge, func(m *voucherv1.Merge) { m.Parts[1].Number = full(8) }), "parts[1]"},

		{freeze, ""},
		{with(freeze, func(m *voucherv1.Freeze) { m.Case = nil }), ""},
		{with(freeze, func(m *voucherv1.Freeze) { m.Package = nil }), "package"},
		{with(freeze, func(m *voucherv1.Freeze) { m.Extent = nil }), "extent"},
		{with(freeze, func(m *voucherv1.Freeze) { m.Extent = make([]byte, 65) }), "extent"},
		{with(freeze, func(m *voucherv1.Freeze) { m.Reason = "" }), "reason"},
		{with(freeze, func(m *voucherv1.Freeze) { m.Reason = long }), "reason"},
		{with(freeze, func(m *voucherv1.Freeze) { m.Case = full(1)[1:] }), "case"},
		{with(freeze, func(m *voucherv1.Freeze) { m.UntilUnixS = -1 }), "until_unix_s"},
		{release, ""},
		{with(release, func(m *voucherv1.Release) { m.Package = nil }), "package"},
		{with(release, func(m *voucherv1.Release) { m.Freeze = nil }), "freeze"},

		{pay, ""},
		{with(pay, func(m *voucherv1.Pay) { m.Package = nil }), "package"},
		{with(pay, func(m *voucherv1.Pay) { m.AmountMinor = 0 }), "amount_minor"},
		{with(pay, func(m *voucherv1.Pay) { m.Bank = nil }), "bank"},
	} {
		t.Run(fmt.Sprintf("%02d %s", i, tc.m.ProtoReflect().Descriptor().Name()), func(t *testing.T) {
			err := tc.m.Validate()
			var e *errs.Error
			switch {
			case tc.field == "" && err != nil:
				t.Fatal(err)
			case tc.field != "" && (!errors.As(err, &e) || e.Code != voucherv1.ErrField || e.Field != tc.field):
				t.Fatalf("want field %s, got %v", tc.field, err)
			}
		})
	}
}

func TestItemNamesTheItem(t *testing.T) {
	for want, err := range map[string]error{
		"StaleHead (items[3].part.head): ": voucherv1.ErrStaleHead.At("part.head", "x"),
		"NotHolder (items[3]): ":           voucherv1.ErrNotHolder,
		"DepthReached (items[3]): ":        voucherv1.ErrDepth.With("16 times"),
		"no code":                          errors.New("no code"),
	} {
		if got := voucherv1.Item("items", 3, err); !strings.HasPrefix(got.Error(), want) || errs.CodeOf(got) != errs.CodeOf(err) {
			t.Errorf("%v", got)
		}
	}
}

func TestKeysGolden(t *testing.T) {
	a, b := id.ID(full(0xaa)), id.ID(full(0xbb))
	rep := func(s string) string { return strings.Repeat(s, 32) }
	for want, got := range map[string][]byte{
		"0401" + rep("aa"):                               voucherv1.PackageKey(a),
		"0402" + rep("aa") + rep("bb"):                   voucherv1.PartKey(a, b),
		"0403" + rep("aa") + "0000000000000102":          voucherv1.ExtentKey(a, 258),
		"0404" + rep("aa"):                               voucherv1.InvoiceKey(a),
		"0405" + rep("aa"):                               voucherv1.InvoiceFlagKey(a),
		"0406" + rep("aa") + "434e59":                    voucherv1.LineKey(a, "CNY"),
		"0407" + rep("aa") + "434e59":                    voucherv1.StandingAcceptanceKey(a, "CNY"),
		"0408" + rep("aa") + rep("bb"):                   voucherv1.DocumentCheckKey(a, b),
		"0409" + rep("aa") + rep("cc")[:32] + "000102ff": voucherv1.RunChunkKey(a, full(0xcc)[:16], 66303),
		"040a" + rep("aa") + rep("bb"):                   voucherv1.FreezeKey(a, b),
		"040b" + rep("aa") + rep("bb") + rep("cc"):       voucherv1.FreezeMemoryKey(a, b, id.ID(full(0xcc))),
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("%x, want %s", got, want)
		}
	}
}

// Names and numbers of the wire never change their meaning.
func TestNamesGolden(t *testing.T) {
	got := fmt.Sprint(
		voucherv1.ClassHeld, voucherv1.ClassOffered, voucherv1.ClassIncoming, voucherv1.ClassPending, voucherv1.ClassOwed, voucherv1.ClassFrozen, voucherv1.ClassLaid, " ",
		voucherv1.ListHeld, " ", voucherv1.ListOffered, " ", voucherv1.ListIncoming, " ", voucherv1.ListPending, " ", voucherv1.ListOwed,
		" ", voucherv1.ListFreezes, " ", voucherv1.ListLaid,
	)
	if got != "401 402 405 406 407 408 409 vouchers.held vouchers.offered vouchers.incoming vouchers.pending vouchers.owed vouchers.freezes vouchers.laid" {
		t.Error(got)
	}
	var names []string
	for _, c := range errs.All() {
		if c.Module == "voucher" {
			names = append(names, fmt.Sprintf("%d %s", c.Number, c.Name))
		}
	}
	if got := strings.Join(names, "\n"); got != errorNames {
		t.Errorf("the errors are\n%s", got)
	}
}

const errorNames = `401 VoucherField
402 LineOfAnother
403 RunChunkDone
404 RunChunkDiffers
405 NoSuchPackage
406 NoSuchPart
407 StaleHead
408 NotHolder
409 NotCreditor
410 NotObligor
411 NotPending
412 NotLive
413 NotHeld
414 NotOffered
415 NotReceiver
416 OfferLapsed
417 AfterDue
418 NotDue
419 DueDay
420 TenorTooLong
421 ToObligor
422 ToHolder
423 PartAmount
424 PiecesSum
425 OverOutstanding
426 DepthReached
427 SplitsSpent
428 PartsFull
429 LineExceeded
430 BackgroundSum
431 InvoiceAltered
432 InvoiceOverused
433 FlagNotNamed
434 OfferExpiry
435 NotCovered
436 Frozen
437 NotAdjacent
438 EndorsersDiffer
439 TrailTooLong
440 NoSuchFreeze
441 NotFreezer
442 ExtentOutside
443 NothingThere
444 FreezeUntil
445 FrozenBefore
446 FreezesFull`

// The bytes of an endorsement and the hashes over it, for programs in other languages.
func TestEntryGolden(t *testing.T) {
	e := &voucherv1.Endorsement{
		Step: voucherv1.Step_STEP_PASSED, Package: full(1), Number: full(2), From: full(3), To: full(4), Lo: 1, Hi: 500,
		Background: &voucherv1.Background{Contract: full(5)}, Recourse: true, Height: 7, TimeUnixS: 1_767_571_200, Transaction: full(6), Call: 1,
	}
	b, err := txv1.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	prev := id.ID(full(9))
	for want, got := range map[string][]byte{
		goldenEndorsement: b,
		goldenHash:        voucherv1.EndorsementHash(b).Bytes(),
		goldenHead:        voucherv1.EntryHash(prev, b).Bytes(),
		goldenFirst:       voucherv1.EntryHash(id.ID{}, b).Bytes(),
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("%x", got)
		}
	}
	link, endorsed := voucherv1.Preimages(prev, b)
	if kernelv1.KeptHash(link) != voucherv1.EntryHash(prev, b) || kernelv1.KeptHash(endorsed) != voucherv1.EndorsementHash(b) {
		t.Error("nodes would not find the entry by its hash")
	}
	l, err := voucherv1.ReadLink(append(link, b...))
	if err != nil || l.Hash != voucherv1.EntryHash(prev, b) || len(l.Before) != 1 || l.Before[0] != prev || !proto.Equal(l.Endorsement, e) {
		t.Error(l, err)
	}
}

const (
	goldenEndorsement = "0802122001010101010101010101010101010101010101010101010101010101010101011a20020202020202020202020202" +
		"0202020202020202020202020202020202020202222003030303030303030303030303030303030303030303030303030303" +
		"030303032a200404040404040404040404040404040404040404040404040404040404040404300138f40342221220050505" +
		"0505050505050505050505050505050505050505050505050505050505480150075880feebca066220060606060606060606" +
		"06060606060606060606060606060606060606060606066801"
	goldenHash     = "16bda4aba8e3a3298fe37a1bacdd54677614ee75f906e0b6e5679c1f06c7e72c"
	goldenHead     = "3e7162c42a13dce9487430dc3d7b981a9a2176de6c5cdd571471092df4922331"
	goldenJoin     = "1176b9b572d795fef98f4c145da7e06f20266308b45b67108853cc75ac7133c2"
	goldenRecourse = "f3c20fdb246eefbba4113e8796c675635c87c5b6bf7c13976f3bc7019b05d189"
	goldenFirst    = "d8c364b826b6d430969b830c13b98d629643f1714922f4f1982e2d3a8a654529"
)

// The bytes and the hash of a join, and what is none.
func TestJoinGolden(t *testing.T) {
	b := voucherv1.Join(
		&voucherv1.Part{Lo: 1, Hi: 200, Head: full(1)}, &voucherv1.Part{Lo: 201, Hi: 256, Head: full(2)}, &voucherv1.Part{Lo: 257, Hi: 500, Head: full(3)},
	)
	if want := "6a6f696e" + "000000000000000100000000000000c8" + strings.Repeat("01", 32) + "00000000000000c90000000000000100" +
		strings.Repeat("02", 32) + "000000000000010100000000000001f4" + strings.Repeat("03", 32); hex.EncodeToString(b) != want {
		t.Errorf("%x", b)
	}
	if got := kernelv1.KeptHash(b); got.String() != goldenJoin {
		t.Error(got)
	}
	l, err := voucherv1.ReadLink(b)
	if err != nil || l.Hash.String() != goldenJoin || len(l.Before) != 3 || l.Before[2] != id.ID(full(3)) || l.Endorsement != nil {
		t.Error(l, err)
	}
	for _, tc := range []struct {
		lo, hi int64
		want   []int
	}{{1, 500, []int{0, 1, 2}}, {1, 200, []int{0}}, {200, 201, []int{0, 1}}, {256, 256, []int{1}}, {501, 502, nil}} {
		var want []id.ID
		for _, i := range tc.want {
			want = append(want, l.Before[i])
		}
		if got := l.Through(tc.lo, tc.hi); !slices.Equal(got, want) {
			t.Errorf("[%d..%d] goes on at %v", tc.lo, tc.hi, got)
		}
	}
	apart := bytes.Clone(b)
	apart[4+48+7]++
	for _, bad := range [][]byte{b[:4+48], b[:len(b)-1], apart, b[1:], nil} {
		if _, err := voucherv1.ReadLink(bad); err == nil {
			t.Errorf("%d bytes were read", len(bad))
		}
	}
	if got := voucherv1.RecourseHash(voucherv1.RecourseHash(nil, full(1)).Bytes(), full(2)); got.String() != goldenRecourse {
		t.Error(got)
	}
}

func TestRangeExtentGolden(t *testing.T) {
	b := voucherv1.RangeExtent(258, 1<<40)
	if hex.EncodeToString(b) != "00000000000001020000010000000000" {
		t.Errorf("%x", b)
	}
	if lo, hi, ok := voucherv1.ReadRange(b); !ok || lo != 258 || hi != 1<<40 {
		t.Error(lo, hi, ok)
	}
	for _, bad := range [][]byte{nil, b[1:], voucherv1.RangeExtent(0, 1), voucherv1.RangeExtent(2, 1), voucherv1.RangeExtent(-5, -1)} {
		if _, _, ok := voucherv1.ReadRange(bad); ok {
			t.Errorf("%x is read as a range", bad)
		}
	}
	f := &voucherv1.StandingFreeze{Extent: voucherv1.RangeExtent(10, 20), UntilUnixS: 100}
	for r, want := range map[[2]int64]bool{{1, 9}: false, {1, 10}: true, {12, 13}: true, {20, 99}: true, {21, 22}: false, {1, 99}: true} {
		if f.Meets(r[0], r[1]) != want {
			t.Error(r)
		}
	}
	if !f.Stands(99) || f.Stands(100) {
		t.Error("its end is the first second that it does not stand")
	}
}

// Any change of one bit of an entry is found: it is refused, or has another hash.
func TestReadLinkFindsTampering(t *testing.T) {
	b, _ := txv1.Encode(&voucherv1.Endorsement{Lo: 1, Hi: 2})
	link, _ := voucherv1.Preimages(id.ID(full(9)), b)
	whole, head := append(link, b...), voucherv1.EntryHash(id.ID(full(9)), b)
	for i := range whole {
		for bit := range 8 {
			bad := bytes.Clone(whole)
			bad[i] ^= 1 << bit
			if l, err := voucherv1.ReadLink(bad); err == nil && l.Hash == head {
				t.Fatalf("byte %d, bit %d was not found", i, bit)
			}
		}
	}
	for n := range whole {
		if l, err := voucherv1.ReadLink(whole[:n]); err == nil && l.Hash == head {
			t.Fatalf("%d bytes were accepted", n)
		}
	}
}

func TestHolder(t *testing.T) {
	if h := voucherv1.HeldBy(id.ID(full(1))); h.ID() != id.ID(full(1)) {
		t.Error(h)
	}
	if !(&voucherv1.Holder{}).ID().IsZero() || !(*voucherv1.Holder)(nil).ID().IsZero() {
		t.Error("an unknown form has an id")
	}
}
