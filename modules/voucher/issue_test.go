package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

func TestIssueRefusals(t *testing.T) {
	w := newWorld(t)
	w.active(90_000, "known")
	own := w.opened()
	bad := item(stranger, line, "known") // the invoice is used up, the sum wrong, the line too short
	bad.Background.Invoices[0].UsedMinor, bad.Background.Invoices[0].IssueDay = 10_001, today
	bad.DueDay = today
	fix := func(change func(*voucherv1.IssueItem)) *voucherv1.Issue {
		change(bad)
		return issueOf(proto.CloneOf(bad))
	}
	w.InOrder(
		kerneltest.Step{As: acme, Do: issueOf(), Want: voucherv1.ErrField},
		kerneltest.Step{As: alpha, Do: issueOf(proto.CloneOf(bad)), Want: kernel.ErrNotPermitted},
		kerneltest.Step{As: acme, Do: issueOf(proto.CloneOf(bad)), Want: voucherv1.ErrDueDay},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.DueDay = today + 184 }), Want: voucherv1.ErrTenor},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.BankReview, i.DueDay = hash("review"), today+367 }), Want: voucherv1.ErrTenor},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.DueDay = today + 366 }), Want: kernel.ErrUnknown},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.Creditor = acme.ID.Bytes() }), Want: voucherv1.ErrToObligor},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.Creditor = own.ID.Bytes() }), Want: voucherv1.ErrToObligor},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.Creditor = alpha.ID.Bytes() }), Want: voucherv1.ErrLineExceeded},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.AmountMinor = 10_000 }), Want: voucherv1.ErrBackgroundSum},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.AmountMinor = 10_001 }), Want: voucherv1.ErrInvoiceAltered},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.Background.Invoices[0].IssueDay = today - 3 }), Want: voucherv1.ErrInvoiceOverused},
		kerneltest.Step{As: acme, Do: fix(func(i *voucherv1.IssueItem) { i.AmountMinor, i.Background.Invoices[0].UsedMinor = 10_000, 10_000 })},
	)
	w.Refused(voucherv1.ErrLineExceeded, omega, issueOf(item(alpha, 1, "no line")))
}

func TestIssueWrites(t *testing.T) {
	w := newWorld(t)
	late := item(alpha, 300, "late")
	late.DeliveryDay = due - 61
	inTime := item(alpha, 200, "in time")
	inTime.DeliveryDay = due - 60
	large := item(beta, 100, "large firm")
	large.DeliveryDay = due - 61
	r := w.Must(acme, issueOf(late, inTime, large))
	for n, want := range []bool{true, false, false} {
		e := event[*voucherv1.Issued](w, r, n)
		p := w.pkg(e.Package)
		if p.Over_60Days != want || p.IssueDay != today || p.DepthMax != 16 || p.SpreadRule != "range-floor/1" || p.Parts != 0 || id.Must(p.ObligorMember) != acme.Member {
			t.Errorf("item %d: %v", n, p)
		}
		if e.AmountMinor != p.AmountMinor || len(e.Flags) != 0 {
			t.Error(e)
		}
	}
	w.total(alpha, voucherv1.ClassPending, 2, 500)
	w.total(acme, voucherv1.ClassOwed, 3, 600)
	if l := w.lineOf(acme); l.OutstandingMinor != 600 {
		t.Error(l)
	}
}

func TestTheReviewedTenorIsAParameter(t *testing.T) {
	w := newWorld(t)
	long := item(alpha, 1, "a")
	long.DueDay, long.BankReview = today+184, hash("review")
	w.param(voucherv1.ParamTenorReviewedMax, 0)
	w.Refused(voucherv1.ErrTenor, acme, issueOf(long))
	w.param(voucherv1.ParamTenorReviewedMax, 184)
	w.Must(acme, issueOf(long))
}

// A chunk is all or nothing, runs once, and is known again by its content.
func TestRunChunks(t *testing.T) {
	w := newWorld(t)
	chunk := func(n uint32, items ...*voucherv1.IssueItem) *voucherv1.Issue {
		return &voucherv1.Issue{Run: hash("run")[:16], Chunk: n, Items: items}
	}
	first := chunk(1, item(alpha, 100, "a"), item(beta, 100, "b"))
	failing := chunk(1, item(alpha, 100, "a"), item(acme, 100, "b"))
	w.Refused(voucherv1.ErrToObligor, acme, failing)
	w.total(acme, voucherv1.ClassOwed, 0, 0)
	w.Must(acme, first)
	w.InOrder(
		kerneltest.Step{As: acme, Do: first, Want: voucherv1.ErrRunChunkDone},
		kerneltest.Step{As: acme, Do: chunk(1, item(alpha, 101, "a"), item(stranger, 100, "b")), Want: voucherv1.ErrRunChunkDiffers},
		kerneltest.Step{As: acme, Do: chunk(7, item(alpha, 100, "c"))}, // in any order
		kerneltest.Step{As: acme, Do: chunk(2, item(alpha, 100, "d"))},
	)
	w.Must(guard, setLine(omega, 1_000))
	w.Must(omega, chunk(1, item(alpha, 100, "e"))) // another obligor's run may have the same name
	w.total(acme, voucherv1.ClassOwed, 4, 400)
}

func TestAThousandItems(t *testing.T) {
	w := newWorld(t)
	m := &voucherv1.Issue{Run: hash("run")[:16], Chunk: 1}
	for i := range 1_000 {
		m.Items = append(m.Items, item([]kerneltest.Actor{alpha, beta}[i%2], 10, string(rune('a'+i))))
	}
	w.Must(acme, m)
	w.total(alpha, voucherv1.ClassPending, 500, 5_000)
	w.total(acme, voucherv1.ClassOwed, 1_000, 10_000)
}
