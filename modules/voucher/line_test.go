package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

func TestSetLineRefusals(t *testing.T) {
	w := newWorld(t)
	unknown := setLine(stranger, 5)
	w.InOrder(
		kerneltest.Step{As: guard, Do: &voucherv1.SetLine{Obligor: hash("x")[1:], Currency: "CNY"}, Want: voucherv1.ErrField},
		kerneltest.Step{As: alpha, Do: setLine(acme, 5), Want: kernel.ErrNotPermitted},
		kerneltest.Step{As: guard, Do: unknown, Want: kernel.ErrUnknown},
		kerneltest.Step{As: guard, Do: setLine(acme, 5), Want: voucherv1.ErrLineOfAnother}, // it was voted
		kerneltest.Step{As: guard, Do: setLine(omega, 5)},
		kerneltest.Step{As: warden, Do: setLine(omega, 6), Want: voucherv1.ErrLineOfAnother},
	)
	if l := w.lineOf(omega); l.LimitMinor != 5 || id.Must(l.Guarantor) != guard.Member {
		t.Error(l)
	}
}

// A line of nothing is gone, and may then be another guarantor's.
func TestALineOfNothingIsGone(t *testing.T) {
	w := newWorld(t)
	w.Must(guard, setLine(omega, 5))
	w.Must(guard, setLine(omega, 0))
	if w.lineOf(omega) != nil {
		t.Error("the line is still there")
	}
	w.Must(warden, setLine(omega, 7))
}

// A guarantor's limits count what a line adds to what it guarantees.
func TestALineIsCharged(t *testing.T) {
	w := newWorld(t)
	p := memberstest.Policy(1, "guard")
	p.Limits = []*membersv1.Limit{{Currency: "CNY", PerTransactionMinor: 10, PerDayMinor: 10}}
	w.Must(guard, &membersv1.SetPolicy{Account: guard.ID.Bytes(), Policy: p})
	w.Must(guard, setLine(omega, 8))
	w.Must(guard, setLine(omega, 4))
	w.Refused(membersv1.ErrOverDay, guard, setLine(omega, 7))
	w.Must(guard, setLine(omega, 6))
}

// A line below what is outstanding stops new issues, not what there is.
func TestALoweredLine(t *testing.T) {
	w := newWorld(t)
	w.Must(guard, setLine(omega, 500))
	r := w.Must(omega, issueOf(item(alpha, 500, "a")))
	w.Must(guard, setLine(omega, 100))
	w.Refused(voucherv1.ErrLineExceeded, omega, issueOf(item(alpha, 1, "b")))
	w.Must(alpha, &voucherv1.AcceptPackage{Package: event[*voucherv1.Issued](w, r, 0).Package})
	if l := w.lineOf(omega); l.OutstandingMinor != 500 || l.LimitMinor != 100 {
		t.Error(l)
	}
}
