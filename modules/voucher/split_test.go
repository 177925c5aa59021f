package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

func splitInto(ref *voucherv1.PartRef, pieces ...int64) *voucherv1.Split {
	return &voucherv1.Split{Part: ref, PiecesMinor: pieces}
}

func TestSplitRefusals(t *testing.T) {
	w := newWorld(t)
	w.param(voucherv1.ParamSplitsMax, 3)
	w.param(voucherv1.ParamPartsMax, 3)
	_, p := w.active(500, "a")
	w.Must(alpha, items(w.give(p, beta, 0)))
	noPackage, noPart, stale := p.Ref(), p.Ref(), p.Ref()
	noPackage.Package, noPart.Number, stale.Head = hash("x"), hash("x"), hash("x")
	w.InOrder(
		kerneltest.Step{As: beta, Do: splitInto(p.Ref(), 1), Want: voucherv1.ErrField},
		kerneltest.Step{As: beta, Do: splitInto(noPackage, 1, 1), Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: beta, Do: splitInto(noPart, 1, 1), Want: voucherv1.ErrNoPart},
		kerneltest.Step{As: beta, Do: splitInto(stale, 1, 1), Want: voucherv1.ErrStaleHead},
		kerneltest.Step{As: beta, Do: splitInto(p.Ref(), 1, 1), Want: voucherv1.ErrNotHolder},
		kerneltest.Step{As: alpha, Do: splitInto(p.Ref(), 1, 1), Want: voucherv1.ErrNotHeld},
		kerneltest.Step{As: alpha, Do: &voucherv1.WithdrawOffer{Part: p.Ref()}},
	)
	w.InOrder(
		kerneltest.Step{As: alpha, Do: splitInto(p.Ref(), 1, 1, 1, 1, 1), Want: voucherv1.ErrPieces},
		kerneltest.Step{As: alpha, Do: splitInto(p.Ref(), 496, 1, 1, 1, 1), Want: voucherv1.ErrSplits},
		kerneltest.Step{As: alpha, Do: splitInto(p.Ref(), 497, 1, 1, 1), Want: voucherv1.ErrPartsFull},
		kerneltest.Step{As: alpha, Do: splitInto(p.Ref(), 498, 1, 1)},
	)
	w.Refused(voucherv1.ErrNoPart, alpha, splitInto(p.Ref(), 498, 1, 1)) // its number is ended
}

// The allowance, less one for each piece beyond the first, goes with the units.
func TestSplitDividesTheAllowance(t *testing.T) {
	w := newWorld(t)
	_, p := w.active(1_000, "a")
	w.Must(alpha, splitInto(p.Ref(), 2, 498, 500))
	var left []uint32
	for i, c := range w.parts(p.Package) {
		left = append(left, c.SplitsLeft)
		if c.Holder.ID() != alpha.ID || c.Depth != 0 || string(c.Head) == string(p.Head) {
			t.Errorf("piece %d: %v", i, c)
		}
	}
	if left[0] != 0 || left[1] != 249 || left[2] != 249 {
		t.Errorf("500 − 2 over 2, 498 and 500 units: %v", left)
	}
	w.total(alpha, voucherv1.ClassHeld, 3, 1_000)
	w.Refused(voucherv1.ErrSplits, alpha, splitInto(w.parts(p.Package)[0].Ref(), 1, 1))
}

// Each piece begins a trail of its own after the head of what was split.
func TestTrailAcrossASplit(t *testing.T) {
	w := newWorld(t)
	pkg := w.pending(500, "a")
	r := w.Must(alpha, accept(pkg.Id))
	kept := append([][]byte(nil), r.Kept...)
	p := w.parts(pkg.Id)[0]
	r = w.Must(alpha, splitInto(p.Ref(), 200, 300))
	kept = append(kept, r.Kept...)
	low := w.parts(pkg.Id)[0]
	w.welcome(beta, 500)
	r = w.Must(alpha, items(w.give(low, beta, 0)))
	kept = append(kept, r.Kept...)

	trail := walk(t, kept, id.Must(w.again(low).Head))
	if len(trail) != 3 {
		t.Fatal(len(trail), "entries")
	}
	passed, split, issued := trail[0], trail[1], trail[2]
	if passed.Step != voucherv1.Step_STEP_PASSED || id.Must(passed.From) != alpha.ID || id.Must(passed.To) != beta.ID || passed.Hi != 200 || !proto.Equal(passed.Background, trading()) {
		t.Error(passed)
	}
	if split.Step != voucherv1.Step_STEP_SPLIT || split.Lo != 1 || split.Hi != 200 || id.Must(split.Number) != id.Must(low.Number) {
		t.Error(split)
	}
	if issued.Step != voucherv1.Step_STEP_ISSUED || id.Must(issued.From) != acme.ID || issued.Hi != 500 || !proto.Equal(issued.Background, trading(use("a", 500))) {
		t.Error(issued)
	}
}

// walk follows a trail from its head to the issue through what nodes keep, newest first; of what was merged the last comes
// first, and what both have come from once.
func walk(t testing.TB, kept [][]byte, head id.ID) []*voucherv1.Endorsement {
	t.Helper()
	byHash, seen := map[id.ID][]byte{}, map[id.ID]bool{}
	for _, b := range kept {
		byHash[kernelv1.KeptHash(b)] = b
	}
	var out []*voucherv1.Endorsement
	for next := []id.ID{head}; len(next) > 0; {
		at := next[len(next)-1]
		if next = next[:len(next)-1]; at.IsZero() || seen[at] {
			continue
		}
		seen[at] = true
		b := append([]byte(nil), byHash[at]...)
		if len(b) == 68 && string(b[:4]) == "part" {
			b = append(b, byHash[id.ID(b[36:])][4:]...)
		}
		l, err := voucherv1.ReadLink(b)
		if err != nil || l.Hash != at {
			t.Fatalf("%s: %v", at, err)
		}
		next = append(next, l.Before...)
		if l.Endorsement != nil {
			out = append(out, l.Endorsement)
		}
	}
	return out
}
