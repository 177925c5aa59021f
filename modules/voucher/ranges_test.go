package voucher

import (
	"math"
	"testing"

	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// cutAt draws rising places in (0, total).
func cuts(t *rapid.T, total int64, name string) []int64 {
	var out []int64
	for at := int64(0); at < total && len(out) < 20; {
		at += rapid.Int64Range(1, total).Draw(t, name)
		if at < total {
			out = append(out, at)
		}
		if at <= 0 { // past what can be counted
			break
		}
	}
	return append(out, total)
}

// A payment sums to itself, gives nobody more than is outstanding to them or a unit beyond their proportion, and no
// split changes what anybody gets.
func TestShareLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.OneOf(rapid.Int64Range(1, 50), rapid.Int64Range(1, math.MaxInt64/2)).Draw(t, "outstanding")
		p := rapid.Int64Range(1, total).Draw(t, "payment")
		var sum, from int64
		for _, to := range cuts(t, total, "part") {
			got := share(from, to, p, total)
			if got < 0 || got > to-from {
				t.Fatalf("(%d, %d] gets %d", from, to, got)
			}
			var pieces, low int64
			for _, n := range cuts(t, to-from, "piece") {
				pieces += share(from+low, from+n, p, total)
				low = n
			}
			if pieces != got {
				t.Fatalf("(%d, %d] gets %d whole and %d in pieces", from, to, got, pieces)
			}
			sum, from = sum+got, to
		}
		if sum != p {
			t.Fatalf("%d of %d is spread as %d", p, total, sum)
		}
	})
}

// However a holder cuts its part before each of several payments, everybody gets the same.
func TestSplitsChangeNoPayment(t *testing.T) {
	w, pkg := thirds(t)
	v, same := thirds(t)
	w.Must(alpha, splitInto(w.parts(pkg.Id)[0].Ref(), 1, 2, 3, 94))
	for _, minor := range []int64{7, 100, 1, 150} {
		w.Must(acme, payment(pkg, minor))
		v.Must(acme, payment(same, minor))
		for _, a := range suppliers {
			if w.balance(a) != v.balance(a) {
				t.Errorf("after %d: %d with splits, %d without", minor, w.balance(a), v.balance(a))
			}
		}
		for _, p := range w.parts(pkg.Id) {
			if p.Holder.ID() == beta.ID && p.Units() > 2 && p.SplitsLeft > 0 {
				w.Must(beta, splitInto(p.Ref(), 1, p.Units()-1))
				break
			}
		}
	}
}

func TestCoalesce(t *testing.T) {
	live := []byte{1}
	got := coalesce([]span{{1, 2, nil, false}, {3, 4, nil, false}, {5, 6, live, false}, {7, 7, live, false}, {8, 9, nil, false}, {10, 10, nil, true}, {11, 12, nil, true}})
	want := []span{{1, 4, nil, false}, {5, 6, live, false}, {7, 7, live, false}, {8, 9, nil, false}, {10, 12, nil, true}}
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for i := range want {
		if !got[i].same(want[i]) {
			t.Error(i, got[i])
		}
	}
}

// The largest amounts that may be promised are spread without overflow.
func TestTheLargestPackage(t *testing.T) {
	w := newWorld(t)
	w.Refused(voucherv1.ErrField, guard, setLine(omega, money.Max+1))
	w.Must(guard, setLine(omega, money.Max))
	i := item(alpha, money.Max, "a")
	i.Background.Invoices[0].TotalMinor = money.Max
	r := w.Must(omega, issueOf(i))
	pkg := event[*voucherv1.Issued](w, r, 0).Package
	w.Must(alpha, accept(pkg))
	w.Must(alpha, splitInto(w.parts(pkg)[0].Ref(), money.Max/2-1, money.Max/2, 1))
	more := proto.CloneOf(i)
	more.Background.Invoices[0].Fingerprint = hash("b")
	w.Refused(voucherv1.ErrLineExceeded, omega, issueOf(more))
	w.untilDue(0)
	w.mint(omega, money.Max)
	w.Must(omega, payment(w.pkg(pkg), money.Max-1))
	w.Must(omega, payment(w.pkg(pkg), 1))
	if w.balance(alpha) != money.Max {
		t.Error(w.balance(alpha))
	}
}
