package voucher

import (
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// The order of refusals: each row mends what the row before was refused for.
func TestMergeRefusals(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.Must(alpha, splitInto(p.Ref(), 100, 100, 100, 200))
	all := w.parts(pkg.Id)
	recourse := w.give(all[2], beta, 0)
	recourse.Recourse = true
	w.Must(alpha, items(w.give(all[1], beta, 0)))
	f := w.frozen(court, pkg.Id, 201, 201, 1) // cuts [201..300]
	w.Must(court, release(f))
	all = w.parts(pkg.Id) // [1..100], [101..200] on offer, [201], [202..300], [301..500]
	f = w.frozen(court, pkg.Id, 201, 201, 1)
	m := w.merging(all[3], all[2], all[1])
	m.Package = hash("x")
	for i, ref := range m.Parts {
		ref.Package, ref.Number, ref.Head = hash("x"), hash("x "+string(rune('0'+i))), hash("x")
	}
	fix := func(change func()) *voucherv1.Merge {
		change()
		return proto.CloneOf(m)
	}
	w.InOrder(
		kerneltest.Step{As: beta, Do: &voucherv1.Merge{Package: pkg.Id}, Want: voucherv1.ErrField},
		kerneltest.Step{As: beta, Do: fix(func() {}), Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: beta, Do: fix(func() {
			m.Package = pkg.Id
			for _, ref := range m.Parts {
				ref.Package = pkg.Id
			}
		}), Want: voucherv1.ErrNoPart},
		kerneltest.Step{As: beta, Do: fix(func() {
			for i, p := range []*voucherv1.Part{all[3], all[2], all[1]} {
				m.Parts[i].Number = p.Number
			}
		}), Want: voucherv1.ErrStaleHead},
		kerneltest.Step{As: beta, Do: fix(func() {
			for i, p := range []*voucherv1.Part{all[3], all[2], all[1]} {
				m.Parts[i].Head = p.Head
			}
		}), Want: voucherv1.ErrNotHolder},
		kerneltest.Step{As: alpha, Do: fix(func() {}), Want: voucherv1.ErrNotHeld},
		kerneltest.Step{As: alpha, Do: fix(func() { m.Parts = []*voucherv1.PartRef{all[0].Ref(), all[2].Ref(), all[3].Ref()} }), Want: voucherv1.ErrFrozen},
		kerneltest.Step{As: court, Do: release(f)},
		kerneltest.Step{As: alpha, Do: fix(func() {}), Want: voucherv1.ErrNotAdjacent},
		kerneltest.Step{As: alpha, Do: fix(func() { m.Parts = m.Parts[1:] })},
	)
	w.Refused(voucherv1.ErrNotAdjacent, alpha, w.merging(w.parts(pkg.Id)[3], w.parts(pkg.Id)[2])) // not in order of range
}

func TestPartsOfOtherEndorsersStayApart(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.Must(alpha, splitInto(p.Ref(), 100, 100, 100, 200))
	all := w.parts(pkg.Id)
	for i, p := range all {
		it := w.give(p, beta, 0)
		it.Recourse = i > 0
		w.Must(alpha, items(it))
		w.Must(beta, acceptOffer(w.again(p)))
	}
	w.Refused(voucherv1.ErrEndorsers, beta, w.merging(all[0], all[1]))
	w.Must(beta, w.merging(all[1], all[2]))
	// Passed on once more, there are two endorsers, in order.
	rest, merged := w.again(all[3]), w.parts(pkg.Id)[1]
	it := w.give(rest, gamma, 0)
	it.Recourse = true
	w.Must(beta, items(it))
	w.Must(gamma, acceptOffer(w.again(rest)))
	merged = w.handed(beta, gamma, merged, 0)
	w.Refused(voucherv1.ErrEndorsers, gamma, w.merging(merged, rest))
}

// What a merge adds up, and that it gives no splits: those that the split cost stay spent.
func TestMergeAddsUp(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(1_000, "a")
	w.Must(alpha, splitInto(p.Ref(), 2, 498, 500))
	all := w.parts(pkg.Id)
	back := w.handed(beta, alpha, w.handed(alpha, beta, all[1], 0), 0)
	r := w.Must(alpha, w.merging(all[0], back, all[2]))
	e := event[*voucherv1.Merged](w, r, 0)
	if len(e.Parents) != 3 || e.AmountMinor != 1_000 || slices.ContainsFunc(e.Parents, func(n []byte) bool { return string(n) == string(e.Number) }) {
		t.Error(e)
	}
	got := w.parts(pkg.Id)
	if len(got) != 1 || got[0].Lo != 1 || got[0].Hi != 1_000 || got[0].SplitsLeft != 498 || got[0].Depth != 2 || got[0].ClosedMinor != 0 || string(got[0].Head) != string(e.Head) {
		t.Fatal(got)
	}
	w.total(alpha, voucherv1.ClassHeld, 1, 1_000)
	w.Refused(voucherv1.ErrNoPart, alpha, splitInto(all[0].Ref(), 1, 1))
	for range 3 {
		w.Must(alpha, splitInto(w.parts(pkg.Id)[0].Ref(), 1, 499, 500))
		w.Must(alpha, w.merging(w.parts(pkg.Id)...))
	}
	if got := w.parts(pkg.Id)[0]; got.SplitsLeft != 492 {
		t.Error("splits left:", got.SplitsLeft)
	}
}

// A merge changes nobody's payment, before one or between two.
func TestMergeAndPay(t *testing.T) {
	w, pkg := thirds(t)
	v, same := thirds(t)
	w.Must(alpha, splitInto(w.parts(pkg.Id)[0].Ref(), 7, 13, 80))
	for _, minor := range []int64{1, 100, 7, 150} {
		if all := w.parts(pkg.Id); all[1].Holder.ID() == alpha.ID {
			w.Must(alpha, w.merging(all[0], all[1]))
		}
		w.Must(acme, payment(pkg, minor))
		v.Must(acme, payment(same, minor))
		for _, a := range suppliers {
			if w.balance(a) != v.balance(a) {
				t.Errorf("after %d: %d with merges, %d without", minor, w.balance(a), v.balance(a))
			}
		}
	}
}

// A trail goes on over a merge: to both parents, and to what they have in common once.
func TestTrailAcrossAMerge(t *testing.T) {
	w := newWorld(t)
	kept, merged := mergedTwice(w)
	trail := walk(t, kept, id.Must(merged.Head))
	var steps []voucherv1.Step
	for _, e := range trail {
		steps = append(steps, e.Step)
	}
	want := []voucherv1.Step{
		voucherv1.Step_STEP_MERGED, voucherv1.Step_STEP_PASSED, voucherv1.Step_STEP_SPLIT, // [301..500]
		voucherv1.Step_STEP_ISSUED,
		voucherv1.Step_STEP_PASSED, voucherv1.Step_STEP_SPLIT, // [1..300]
	}
	if !slices.Equal(steps, want) || uint32(len(trail)) > merged.Trail {
		t.Errorf("%v, at most %d", steps, merged.Trail)
	}
	if top := trail[0]; top.Lo != 1 || top.Hi != 500 || id.Must(top.From) != beta.ID || string(top.Number) != string(merged.Number) {
		t.Error(top)
	}
}

// mergedTwice has a part of beta's that came in two, each passed on with recourse for its own reason, and all that nodes
// keep of it.
func mergedTwice(w *world) (kept [][]byte, merged *voucherv1.Part) {
	w.TB.Helper()
	do := func(f func() [][]byte) { kept = append(kept, f()...) }
	pkg := w.pending(500, "a")
	do(func() [][]byte { return w.Must(alpha, accept(pkg.Id)).Kept })
	do(func() [][]byte { return w.Must(alpha, splitInto(w.parts(pkg.Id)[0].Ref(), 300, 200)).Kept })
	for i, p := range w.parts(pkg.Id) {
		it := w.give(p, beta, 0)
		it.Recourse, it.Background = true, &voucherv1.Background{Contract: hash([]string{"low", "high"}[i])}
		w.Must(alpha, items(it))
		do(func() [][]byte { return w.Must(beta, acceptOffer(w.again(p))).Kept })
	}
	do(func() [][]byte { return w.Must(beta, w.merging(w.parts(pkg.Id)...)).Kept })
	return kept, w.parts(pkg.Id)[0]
}

// After a merge recourse is by sub-range: the endorsements say which units each was for.
func TestRecourseAfterAMergeIsBySubRange(t *testing.T) {
	w := newWorld(t)
	kept, merged := mergedTwice(w)
	against := map[string][2]int64{}
	for _, e := range walk(t, kept, id.Must(merged.Head)) {
		if e.Step == voucherv1.Step_STEP_PASSED && e.Recourse {
			against[string(e.Background.Contract)] = [2]int64{e.Lo, e.Hi}
		}
	}
	if len(against) != 2 || against[string(hash("low"))] != [2]int64{1, 300} || against[string(hash("high"))] != [2]int64{301, 500} {
		t.Error(against)
	}
}

// Splitting and merging in turns makes a trail longer by what was done, not by its own length.
func TestTrailsGrowByWhatIsDone(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(500, "a")
	for p.Depth < 14 {
		w.Must(alpha, splitInto(p.Ref(), 100, 100, 300))
		all := w.parts(p.Package)
		q := w.handed(beta, alpha, w.handed(alpha, beta, all[1], 0), 0)
		w.Must(alpha, w.merging(all[0], q))
		both := w.parts(p.Package)
		w.Must(alpha, w.merging(both...))
		p = w.parts(p.Package)[0]
	}
	if p.Trail != 1+7*7 { // each turn: three pieces, two passes, two merges
		t.Error(p.Trail, "entries after depth", p.Depth)
	}
}

// A merge whose trail would be too long to be walked is refused, and the parts stay.
func TestTheLongestTrail(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.Must(alpha, splitInto(p.Ref(), 100, 400))
	long := func(lengths ...uint32) *voucherv1.Merge {
		all := w.parts(pkg.Id)
		for i, n := range lengths {
			all[i].Trail = n
			w.Plant(voucherv1.PartKey(id.Must(pkg.Id), id.Must(all[i].Number)), all[i])
		}
		now := w.pkg(pkg.Id)
		now.Entries = 10_000
		w.Plant(voucherv1.PackageKey(id.Must(pkg.Id)), now)
		return w.merging(all...)
	}
	w.Refused(voucherv1.ErrTrail, alpha, long(4_000, 96))
	w.Must(alpha, long(4_000, 95))
	if got := w.parts(pkg.Id)[0]; got.Trail != voucherv1.MaxMergedTrail {
		t.Error(got.Trail)
	}
}
