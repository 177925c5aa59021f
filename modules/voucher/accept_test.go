package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

func accept(pkg []byte, flags ...[]byte) *voucherv1.AcceptPackage {
	return &voucherv1.AcceptPackage{Package: pkg, Flags: flags}
}

// Three packages over one invoice are issued before any is accepted: what acceptance finds then decides.
func TestAcceptPackageRefusals(t *testing.T) {
	w := newWorld(t)
	altered := item(alpha, 40_000, "x")
	altered.Background.Invoices[0].IssueDay = today
	over, lookalike := item(alpha, 40_000, "x"), item(alpha, 100, "y")
	lookalike.Background = trading(copyOf("y", use("x", 100)))
	r := w.Must(acme, issueOf(item(alpha, 70_000, "x"), altered, over, lookalike))
	pkg := func(n int) []byte { return event[*voucherv1.Issued](w, r, n).Package }
	w.InOrder(
		kerneltest.Step{As: alpha, Do: accept(hash("x")[1:]), Want: voucherv1.ErrField},
		kerneltest.Step{As: beta, Do: accept(hash("nothing")), Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: beta, Do: accept(pkg(0)), Want: voucherv1.ErrNotCreditor},
		kerneltest.Step{As: alpha, Do: accept(pkg(0))},
		kerneltest.Step{As: alpha, Do: accept(pkg(0)), Want: voucherv1.ErrNotPending},
		kerneltest.Step{As: alpha, Do: accept(pkg(1)), Want: voucherv1.ErrInvoiceAltered},
		kerneltest.Step{As: alpha, Do: accept(pkg(2)), Want: voucherv1.ErrInvoiceOverused},
		kerneltest.Step{As: alpha, Do: accept(pkg(3)), Want: voucherv1.ErrFlagNotNamed},
		kerneltest.Step{As: alpha, Do: accept(pkg(3), hash("another flag")), Want: voucherv1.ErrFlagNotNamed},
		kerneltest.Step{As: alpha, Do: accept(pkg(3), hash("x/secondary"))},
	)
}

// Day, currency and total are each fixed by the first accepted use.
func TestWhatTheFirstUseFixes(t *testing.T) {
	w := newWorld(t)
	w.active(100, "x")
	w.Plant(voucherv1.LineKey(acme.ID, "EUR"), &voucherv1.Line{Obligor: acme.ID.Bytes(), Currency: "EUR", LimitMinor: line})
	for name, change := range map[string]func(*voucherv1.IssueItem){
		"day":      func(i *voucherv1.IssueItem) { i.Background.Invoices[0].IssueDay++ },
		"total":    func(i *voucherv1.IssueItem) { i.Background.Invoices[0].TotalMinor++ },
		"currency": func(i *voucherv1.IssueItem) { i.Currency = "EUR" },
	} {
		i := item(alpha, 100, "x")
		change(i)
		if r := w.Do(acme, issueOf(i)); errs.CodeOf(r.Err) != voucherv1.ErrInvoiceAltered {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}

func TestAfterTheDueDayNothingIsAccepted(t *testing.T) {
	w := newWorld(t)
	first, second := w.pending(100, "a"), w.pending(100, "b")
	w.untilDue(0)
	w.Must(alpha, accept(first.Id))
	w.untilDue(1)
	w.Refused(voucherv1.ErrAfterDue, alpha, accept(second.Id))
	w.Must(acme, &voucherv1.CancelPackage{Package: second.Id})
}

func TestAcceptPackageWrites(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	if pkg.State != voucherv1.PackageState_PACKAGE_STATE_ACTIVE || pkg.Parts != 1 || pkg.Outstanding() != 500 {
		t.Error(pkg)
	}
	if len(pkg.Background.Invoices) != 0 || id.Must(pkg.Background.Contract) != id.Must(hash("contract")) {
		t.Error("the package keeps its contract alone:", pkg.Background)
	}
	if p.Lo != 1 || p.Hi != 500 || p.Holder.ID() != alpha.ID || p.Depth != 0 || p.SplitsLeft != 500 {
		t.Error(p)
	}
	inv, _ := invoices.Get(w.View(), id.Must(hash("a")))
	if inv.UsedMinor != 500 || inv.TotalMinor != 100_000 || inv.Currency != "CNY" || inv.IssueDay != today-3 {
		t.Error(inv)
	}
	w.total(alpha, voucherv1.ClassPending, 0, 0)
	w.total(alpha, voucherv1.ClassHeld, 1, 500)
	w.total(acme, voucherv1.ClassOwed, 1, 500)
}

// Two invoices of one package that look like copies of each other are flagged too; what is flagged at issue is in
// the event, and a use of the same invoice again is no copy.
func TestFlags(t *testing.T) {
	w := newWorld(t)
	w.active(100, "x")
	i := item(alpha, 200, "")
	i.Background = trading(copyOf("y", use("x", 100)), copyOf("z", use("x", 100)))
	same := item(alpha, 50, "x")
	r := w.Must(acme, issueOf(i, same))
	if e := event[*voucherv1.Issued](w, r, 0); len(e.Flags) != 2 || len(event[*voucherv1.Issued](w, r, 1).Flags) != 0 {
		t.Error(e)
	}
	w.Must(alpha, accept(event[*voucherv1.Issued](w, r, 1).Package))
	fresh := item(alpha, 200, "")
	fresh.Background = trading(copyOf("v", use("u", 100)), copyOf("w", use("u", 100)))
	r = w.Must(acme, issueOf(fresh))
	w.Refused(voucherv1.ErrFlagNotNamed, alpha, accept(event[*voucherv1.Issued](w, r, 0).Package))
	w.Must(alpha, accept(event[*voucherv1.Issued](w, r, 0).Package, hash("u/secondary")))
}

func TestRejectAndCancel(t *testing.T) {
	w := newWorld(t)
	first, second, third := w.pending(100, "a"), w.pending(200, "b"), w.pending(300, "c")
	reject := func(p *voucherv1.Package) proto.Message {
		return &voucherv1.RejectPackage{Package: p.Id, Reason: "not ours"}
	}
	cancel := func(p *voucherv1.Package) proto.Message {
		return &voucherv1.CancelPackage{Package: p.Id, Reason: "typed wrong"}
	}
	w.Must(alpha, accept(third.Id))
	w.InOrder(
		kerneltest.Step{As: acme, Do: &voucherv1.RejectPackage{Package: hash("nothing")}, Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: acme, Do: reject(third), Want: voucherv1.ErrNotCreditor},
		kerneltest.Step{As: alpha, Do: reject(third), Want: voucherv1.ErrNotPending},
		kerneltest.Step{As: alpha, Do: reject(first)},
	)
	w.InOrder(
		kerneltest.Step{As: alpha, Do: &voucherv1.CancelPackage{Package: hash("nothing")}, Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: alpha, Do: cancel(third), Want: voucherv1.ErrNotObligor},
		kerneltest.Step{As: acme, Do: cancel(third), Want: voucherv1.ErrNotPending},
		kerneltest.Step{As: acme, Do: cancel(second)},
		kerneltest.Step{As: acme, Do: cancel(first), Want: voucherv1.ErrNotPending},
	)
	if l := w.lineOf(acme); l.OutstandingMinor != 300 {
		t.Error("the line is not freed:", l)
	}
	w.total(alpha, voucherv1.ClassPending, 0, 0)
	w.total(acme, voucherv1.ClassOwed, 1, 300)
	w.active(100_000, "a") // its use was never taken up
}
